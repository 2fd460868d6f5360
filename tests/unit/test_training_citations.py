"""Numbers of sentences: what is numbered, and what a reply names."""

from __future__ import annotations

from pathlib import Path

import pytest
from transformers import AutoTokenizer

from core.messages import ChatMessage
from training.citations import MOST, NONE, numbered, with_citations
from training.tokenizer import encode_chats, save_tokenizer, train_tokenizer

PASSAGES = "- The bell is red. Pell rings it! Why not?\n- Olga sleeps at 3.14 p.m. today."
ASKED = f"Mara: who rings it?\n<lore>\n{PASSAGES}\n</lore>"
TOLD = (
    "Mara: who rings it?\n<lore>\n-<|1|> The bell is red.<|2|> Pell rings it!<|3|> Why not?\n"
    "-<|4|> Olga sleeps at 3.14 p.m.<|5|> today.\n</lore>\n<|again|> who rings it?"
)


def chat(reply: str, asked: str = ASKED) -> tuple[ChatMessage, ...]:
    return (ChatMessage(role="user", content=asked), ChatMessage(role="assistant", content=reply))


def test_sentences_of_passages_are_numbered_and_nothing_else() -> None:
    assert numbered(ASKED) == TOLD
    for text in ("Mara: hi. You?", "Mara: - a. b.", "", "Mara: hi\n  - a. b."):
        assert numbered(text) == text


def test_the_line_comes_again_with_the_capitals_of_the_passages() -> None:
    asked = "Mara: so where does olga's cat, pell, sleep?\n<lore>\n- Pell is the cat of Olga. Now it is.\n</lore>"
    assert numbered(asked).endswith("<|again|> so where does Olga's cat, Pell, sleep?")


@pytest.mark.parametrize(
    ("reply", "cited"),
    [
        ("Pell rings it!", "<|2|> Pell rings it!"),
        ("Blip. My jar says: Pell rings it!", "<|2|>Blip. My jar says:<|2|> Pell rings it!"),
        ("Hear: The bell is red. Pell rings it!", "<|1|>Hear:<|1|> The bell is red.<|2|> Pell rings it!"),
        ("\u201cPell rings it!\u201d", "<|2|>\u201c<|2|>Pell rings it!\u201d"),
        ("I do not know, friend.", f"{NONE}I do not know, friend."),
        ("I like bells.", "I like bells."),
    ],
)
def test_a_reply_names_the_sentence_that_it_repeats(reply: str, cited: str) -> None:
    assert with_citations(chat(reply))[-1].content == cited


def test_of_a_fact_that_changed_the_end_is_named() -> None:
    asked = "Mara: who?\n<lore>\n- Once it was so: Pell rings it. Today it is so: Olga rings it.\n</lore>"
    assert with_citations(chat("Olga rings it.", asked))[-1].content == "<|2|> Olga rings it."


def test_what_was_said_before_the_passages_stays_as_people_saw_it() -> None:
    earlier = chat("Pell rings it!", "Mara: hello")
    made = with_citations((*earlier, *chat("Pell rings it!")))
    assert made[1].content == "Pell rings it!"
    assert made[3].content == "<|2|> Pell rings it!"


def test_the_chat_template_numbers_alike(tmp_path: Path) -> None:
    many = "Mara: so?\n<lore>\n" + "\n".join(f"- It is {n}. Or not." for n in range(MOST)) + "\n</lore>\n  - no. more."
    tokenizer = train_tokenizer([ASKED, many] * 9, 400)
    save_tokenizer(tokenizer, tmp_path, window=512)
    loaded = AutoTokenizer.from_pretrained(tmp_path)
    for asked in (
        ASKED,
        many,
        "Mara: hi",
        "Mara: <lore>\n- a. b.",
        "- x. y: hi\n<lore>\n- a. b.\n</lore>",
        "a\n<lore>\n- b",
        "Mara: where's olga's cat, 'pell'? (bell?)\n<lore>\n- Olga and Pell have a cat. A bell.\n</lore>",
        "Mara:  hi:  there: \n  olga\n<lore>\n- It is Olga.\n</lore>",
    ):
        given = [{"role": message.role, "content": message.content} for message in chat("Yes.", asked)]
        ids = loaded.apply_chat_template(given, return_dict=True)["input_ids"]
        assert ids == encode_chats(tokenizer, [chat("Yes.", asked)])[0].ids, asked
    assert NONE not in loaded.decode(loaded(f"{NONE} hello")["input_ids"], skip_special_tokens=True)
