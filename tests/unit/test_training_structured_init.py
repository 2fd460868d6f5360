import pytest
import torch
from tokenizers import Tokenizer
from torch.nn import functional

from core.messages import ChatMessage
from training.small_model import VOCABULARY, kept_parts, new_model
from training.structured_init import write_induction_heads
from training.tokenizer import encode_chats, train_tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(["Whoa, hello Mara, the stars are out! It is tall. Ben: how tall is it?"] * 9, 340)


@torch.no_grad()
def loss_on_repeats(model: torch.nn.Module, *, ids_below: int = VOCABULARY, length: int = 40) -> tuple[float, float]:
    """Mean loss on random tokens said the first time and the second time."""
    generator = torch.Generator().manual_seed(3)
    once = torch.randint(5, ids_below, (8, length), generator=generator)
    ids = torch.cat([once, once], 1)
    logits = model(input_ids=ids).logits[:, :-1].float()
    losses = functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
    return losses[:, : length - 1].mean().item(), losses[:, length:].mean().item()


def test_a_fresh_model_repeats_what_it_has_just_read(tokenizer: Tokenizer) -> None:
    # Only what the tokenizer knows has a root, by half of which tokens are told apart.
    first, again = loss_on_repeats(new_model(tokenizer, seed=1), ids_below=tokenizer.get_vocab_size())
    assert first > 8.0  # nothing is known: the vocabulary has 6,144 entries, of which the logarithm is 8.7
    assert again < 0.85 * first


def test_with_every_head_of_the_second_layer_it_repeats_better(tokenizer: Tokenizer) -> None:
    model = new_model(tokenizer, seed=1)
    write_induction_heads(model, seed=1)
    model.lm_head.weight.data.copy_(model.model.embed_tokens.weight)
    first, again = loss_on_repeats(model)
    assert again < 0.7 * first


def test_without_the_structure_it_does_not(tokenizer: Tokenizer) -> None:
    model = new_model(tokenizer, seed=1)
    for parameter in model.parameters():
        if parameter.ndim == 2:
            torch.nn.init.normal_(parameter, 0.0, 0.02)
    first, again = loss_on_repeats(model)
    assert again > 0.95 * first


def test_the_structure_is_the_same_for_a_seed(tokenizer: Tokenizer) -> None:
    one, other = new_model(tokenizer, seed=1), new_model(tokenizer, seed=1)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))


@torch.no_grad()
def test_words_of_question_and_sentence_find_each_other_and_every_word_knows_its_sentence(tokenizer: Tokenizer) -> None:
    model = new_model(tokenizer, seed=1)
    model.config._attn_implementation = "eager"
    asked = "Ben: how tall?\n<lore>\n- Mara is here. It is tall.\n</lore>"
    chat = [ChatMessage(role="user", content=asked), ChatMessage(role="assistant", content="")]
    (one,) = encode_chats(tokenizer, [chat])
    ids = one.ids[: one.learn.index(True)]
    seen = model(input_ids=torch.tensor([ids]), output_attentions=True).attentions
    tokens = [tokenizer.id_to_token(token) for token in ids]
    numbers = [tokens.index("<|1|>"), tokens.index("<|2|>")]
    fence = tokens.index("<|again|>") - 9  # what stands behind the last sentence is of no account
    for place in range(numbers[0] + 1, fence):
        nearest = max(number for number in numbers if number <= place)
        assert seen[0][0, 2, place].argmax() == nearest
    first, told, again = (place for place, token in enumerate(tokens) if token == "Ġtall")
    assert first < numbers[1] < told < again
    assert seen[1][0, 0, told, first] > 0.5  # the sentence has a word of the question
    assert (seen[1][0, 2:, again, told] > 0.5).all()  # the question has a word of the sentence


def test_training_leaves_alone_what_finds_sentences(tokenizer: Tokenizer) -> None:
    model = new_model(tokenizer, seed=1)
    parts = kept_parts(model, tokenizer)
    assert len(parts) == 21
    assert all(torch.equal(whole[part], value) for whole, part, value in parts)
    assert kept_parts(new_model(tokenizer, seed=1, layers=2, hidden=128), tokenizer) == []
