import pytest
import torch
from tokenizers import Tokenizer
from torch.nn import functional

from training.small_model import VOCABULARY, new_model
from training.structured_init import write_induction_heads
from training.tokenizer import train_tokenizer


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer(["Whoa, hello Mara, the stars are out!"] * 9, 320)


@torch.no_grad()
def loss_on_repeats(model: torch.nn.Module, *, length: int = 40) -> tuple[float, float]:
    """Mean loss on random tokens said the first time and the second time."""
    generator = torch.Generator().manual_seed(3)
    once = torch.randint(5, VOCABULARY, (8, length), generator=generator)
    ids = torch.cat([once, once], 1)
    logits = model(input_ids=ids).logits[:, :-1].float()
    losses = functional.cross_entropy(logits.transpose(1, 2), ids[:, 1:], reduction="none")
    return losses[:, : length - 1].mean().item(), losses[:, length:].mean().item()


def test_a_fresh_model_repeats_what_it_has_just_read(tokenizer: Tokenizer) -> None:
    first, again = loss_on_repeats(new_model(tokenizer, seed=1))
    assert first > 8.0  # nothing is known: the vocabulary has 4,096 entries, of which the logarithm is 8.3
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
    write_induction_heads(other, seed=1)
    assert all(torch.equal(a, b) for a, b in zip(one.parameters(), other.parameters(), strict=True))
