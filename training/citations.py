"""Numbers for the sentences that are to be read, and the number that a reply names before it repeats one.

A model reads from front to back: the first word of a sentence cannot know yet whether the sentence answers the
question, so a small model that has to begin its reply with that word guesses. A number can be looked up by any word of
its sentence. So the chat template numbers the sentences of the passages, a reply begins with the number of the one that
it is about (NONE where no sentence answers), and each sentence it repeats stands behind its number. The numbers are
special tokens, which no engine shows: people see a plain reply.

For the same reason the line to answer stands behind the passages once more: each of its words can then find the
sentence that it stands in, and a word that finds none says that the passages may not hold the answer.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace

from core.messages import ChatMessage
from core.prompts import LORE_END, LORE_START
from training.admits import admits
from training.turns import last_lore

MOST = 32  # numbers there are, NONE among them; sentences beyond stand without
NUMBERS = tuple(f"<|{number}|>" for number in range(MOST))
NONE = NUMBERS[0]
AGAIN = "<|again|>"  # the line to answer comes once more behind it
_MARKS = "?!.,;"  # that may stand at a word
_AFTER_SENTENCE = re.compile(r"(?<=[.!?]) ")

# What `numbered` does, for the chat template; `message` is one of the conversation's.
TEMPLATE = (
    "{% set seen = namespace(number=0, lore=false, line='') %}{% for line in message.content.split('\\n') %}"
    "{% if not loop.first %}{{ '\\n' }}{% endif %}"
    "{% if line == '" + LORE_START + "' %}{% set seen.lore = true %}{% endif %}"
    "{% if seen.lore and line[:2] == '- ' %}-"
    "{% for said in line[2:].replace('. ', '.\\n').replace('! ', '!\\n').replace('? ', '?\\n').split('\\n') %}"
    "{% set seen.number = seen.number + 1 %}"
    "{% if seen.number < " + str(MOST) + " %}{{ '<|' ~ seen.number ~ '|>' }}{% endif %}{{ ' ' ~ said }}"
    "{% endfor %}{% else %}{{ line }}{% endif %}"
    "{% if not seen.lore %}{% set seen.line = line %}{% elif line == '" + LORE_END + "' %}{% set seen.lore = false %}"
    "{{ '\\n" + AGAIN + "' }}{% set told = message.content.split('" + LORE_START + "\\n')[-1] %}"
    "{% for word in ((seen.line.split(': ')[1:] or [seen.line]) | join(': ')).split(' ') %}"
    "{% set core = word.strip('" + _MARKS + "').split(\"'\")[0] %}{% set name = core[:1] | upper ~ core[1:] %}"
    "{{ ' ' ~ (word[:1] | upper ~ word[1:] if core and ' ' ~ core not in told and ' ' ~ name in told else word) }}"
    "{% endfor %}{% endif %}{% endfor %}"
)


def _sentences(content: str) -> list[str]:
    """The sentences of the passages in a message, in order."""
    _, _, lore = content.partition(f"{LORE_START}\n")
    lines = lore.partition(f"\n{LORE_END}")[0].split("\n")
    return [said for line in lines if line.startswith("- ") for said in _AFTER_SENTENCE.split(line[2:])]


def numbered(content: str) -> str:
    """A message with the sentences of its passages numbered and the line before them once more after them, as the chat
    template gives it."""
    head, fence, lore = content.partition(f"{LORE_START}\n")
    if not fence or (head and not head.endswith("\n")):
        return content
    number, lines = 0, []
    body, end, rest = lore.partition(f"\n{LORE_END}")
    for line in body.split("\n"):
        if not line.startswith("- "):
            lines.append(line)
            continue
        said = []
        for sentence in _AFTER_SENTENCE.split(line[2:]):
            number += 1
            said.append(f"{NUMBERS[number] if number < MOST else ''} {sentence}")
        lines.append("-" + "".join(said))
    line = head[:-1].rpartition("\n")[2]
    again = f"\n{AGAIN} {_with_capitals(line.partition(': ')[2] or line, lore)}" if end else ""
    return head + fence + "\n".join(lines) + end + again + rest


def _with_capitals(line: str, told: str) -> str:
    """The line with capitals where the passages know a word with one only: people type names as they like, and a small
    model takes `olga` for another word than `Olga`."""

    def capital(word: str) -> str:
        core = word.strip(_MARKS).split("'")[0]
        name = core[:1].upper() + core[1:]
        known_so = core and f" {core}" not in told and f" {name}" in told
        return word[:1].upper() + word[1:] if known_so else word

    return " ".join(capital(word) for word in line.split(" "))


def with_citations(chat: Sequence[ChatMessage]) -> tuple[ChatMessage, ...]:
    """The chat with the numbers in its last reply."""
    *before, reply = chat
    lore = last_lore(chat)
    asked = chat[lore].content if lore == len(before) - 1 else ""
    return (*before, replace(reply, content=_cited(reply.content, asked)))


def _cited(reply: str, asked: str) -> str:
    first = ""
    at = 0
    for number, sentence in enumerate(_sentences(asked)[: MOST - 1], start=1):
        # Of a sentence that says how it was and how it is now, a reply repeats the end.
        for said in dict.fromkeys((sentence, sentence.rpartition(": ")[2])):
            found = reply.find(said) if len(said.split()) > 2 else -1
            if found < 0:
                continue
            mark = NUMBERS[number]
            before = reply[:found]
            space = "" if before and not before.endswith(" ") else " "
            reply = f"{before.removesuffix(' ')}{mark}{space}{reply[found:]}"
            if not first or found < at:
                first, at = mark, found
            break
    if first:
        return reply if reply.startswith(first) else first + reply
    return NONE + reply if admits(reply) else reply
