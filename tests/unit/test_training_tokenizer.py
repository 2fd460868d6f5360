from dataclasses import replace
from pathlib import Path

import pytest
from tokenizers import Tokenizer
from transformers import AutoTokenizer

from core.messages import ChatMessage
from training.tokenizer import END, SPECIAL, encode_chats, save_tokenizer, train_tokenizer

CHAT = (
    ChatMessage(role="system", content="You are Elio."),
    ChatMessage(role="user", content="Mara: hi"),
    ChatMessage(role="assistant", content="Whoa, hi Mara! I have 31 caps."),
    ChatMessage(role="user", content="Mara: ça va, 日本?"),
    ChatMessage(role="assistant", content="Yes."),
)


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    return train_tokenizer([message.content for message in CHAT] * 20, 400)


def test_pieces_joined_are_what_the_chat_template_gives(tokenizer: Tokenizer, tmp_path: Path) -> None:
    save_tokenizer(tokenizer, tmp_path, window=128)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    dicts = [{"role": message.role, "content": message.content} for message in CHAT]
    whole = loaded.apply_chat_template(dicts, return_dict=True)["input_ids"]
    assert encode_chats(tokenizer, [CHAT])[0].ids == whole
    asked = loaded.apply_chat_template(dicts[:-1], add_generation_prompt=True, return_dict=True)["input_ids"]
    assert whole[: len(asked)] == asked
    assert loaded.eos_token == END
    assert loaded.model_max_length == 128


def test_only_replies_and_their_end_are_learned(tokenizer: Tokenizer) -> None:
    encoded = encode_chats(tokenizer, [CHAT])[0]
    learned = [token for token, learn in zip(encoded.ids, encoded.learn, strict=True) if learn]
    assert tokenizer.decode(learned, skip_special_tokens=False) == f"{CHAT[2].content}{END}{CHAT[4].content}{END}"


def test_a_reply_before_the_passages_of_the_prompt_is_not_learned(tokenizer: Tokenizer) -> None:
    asked = replace(CHAT[3], content=f"{CHAT[3].content}\n<lore>\n- A fact.\n</lore>")
    encoded = encode_chats(tokenizer, [(*CHAT[:3], asked, CHAT[4])])[0]
    learned = [token for token, learn in zip(encoded.ids, encoded.learn, strict=True) if learn]
    assert tokenizer.decode(learned, skip_special_tokens=False) == f"{CHAT[4].content}{END}"


def test_any_text_survives_and_digits_stand_alone(tokenizer: Tokenizer) -> None:
    text = "ça va, 日本? 🥔 8,112"
    assert tokenizer.decode(tokenizer.encode(text).ids) == text
    assert tokenizer.encode("8112").tokens == ["8", "1", "1", "2"]


def test_special_tokens_are_single_ids(tokenizer: Tokenizer) -> None:
    for special in SPECIAL:
        assert len(tokenizer.encode(special).ids) == 1


def test_several_chats_are_encoded_apart(tokenizer: Tokenizer) -> None:
    both = encode_chats(tokenizer, [CHAT[:3], CHAT])
    assert both[1] == encode_chats(tokenizer, [CHAT])[0]
    assert both[0] == encode_chats(tokenizer, [CHAT[:3]])[0]
