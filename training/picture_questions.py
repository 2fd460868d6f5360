"""What can be asked about a picture, and what is right to say: from its facts, in many wordings.

Words that are read come in capitals between quotation marks, whatever their case in the picture.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass

from training.pictures import MOODS, Facts, Thing
from training.sprites import COLOURS, FIGURES, SHAPES

NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
PLURALS = {"cross": "crosses", "fish": "fish", "snowman": "snowmen"}
DESCRIBE = "Describe the picture."
DESCRIBES = (
    DESCRIBE,
    "Describe this picture.",
    "Describe this image.",
    "Describe the image.",
    "describe",
    "What do you see?",
    "What can you see?",
    "What is in the picture?",
    "What is in this picture?",
    "What's in the image?",
    "What is this?",
    "What does the picture show?",
    "Tell me what you see.",
    "Please describe what is shown.",
)
READS = (
    "What does it say?",
    "What does the sign say?",
    "What word is this?",
    "Read the word.",
    "Which word is written here?",
    "What is written here?",
    "Can you read it?",
    "What does the text say?",
)
_CAPTION = (
    "What does the caption say?",
    "What does the meme say?",
    "Read the caption.",
    "What is the caption?",
    "What does it say?",
    "What is written here?",
)
_COUNTED = {
    "circle": "rolling along nicely",
    "square": "all corners and no nonsense",
    "triangle": "very pointed, very proud",
    "star": "fresh from the sky",
    "heart": "somebody is in love",
    "diamond": "quick, call a jeweller",
    "ring": "and nobody proposed yet",
    "cross": "treasure must be near",
    "moon": "the night shift is here",
    "fish": "and not a drop of water",
    "cat": "plotting something, surely",
    "flower": "I can almost smell it",
    "mushroom": "please do not eat it",
    "balloon": "the party starts now",
}
_FELT = {
    "happy": "it must be cake day",
    "sad": "somebody hug it",
    "surprised": "it has just seen the bill",
    "angry": "step back slowly",
    "sleepy": "five more minutes",
    "winking": "it knows something we do not",
}
_SKIED = {
    "day": "a fine day for doing nothing",
    "night": "everybody should be in bed",
    "sunset": "the sky is showing off",
}


@dataclass(frozen=True, slots=True)
class Question:
    """A question and its right answer."""

    text: str
    answer: str


def plural(name: str, count: int) -> str:
    """The name of a thing as `count` of them are called."""
    return name if count == 1 else PLURALS.get(name, f"{name}s")


def counted(count: int, colour: str, name: str) -> str:
    """`three red circles`."""
    return f"{NUMBERS[count]} {colour} {plural(name, count)}"


def a(thing: Thing) -> str:
    """`a red circle`, `an orange fish`; what has but one colour is named without it."""
    if thing.name in ("tree", "snowman", "cloud"):
        return f"a {thing.name}"
    return f"{'an' if thing.colour == 'orange' else 'a'} {thing.colour} {thing.name}"


def at(thing: Thing) -> str:
    """`at the top left`, `in the middle`."""
    if thing.place == "middle":
        return "in the middle"
    return f"on the {thing.place}" if thing.place in ("left", "right") else f"at the {thing.place}"


def joined(parts: list[str]) -> str:
    """`a, b and c`."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}"


def _sentence(text: str) -> str:
    return f"{text[0].upper()}{text[1:]}."


def describe(facts: Facts) -> str:
    """One sentence that is right and, with luck, makes one smile."""
    return {
        "shapes": _describe_shapes,
        "places": _describe_places,
        "scene": _describe_scene,
        "face": _describe_face,
        "word": lambda f: f'A sign that says "{f.lines[0]}".',
        "page": lambda f: f'A page that starts with "{f.lines[0]}".',
        "meme": _describe_meme,
    }[facts.kind](facts)


def groups(facts: Facts) -> list[tuple[int, str, str]]:
    """(count, colour, name) for each kind of thing, most numerous first, then from left to right."""
    counts = Counter((thing.colour, thing.name) for thing in facts.things)
    leftmost = {key: min(t.x for t in facts.things if (t.colour, t.name) == key) for key in counts}
    order = sorted(counts, key=lambda key: (-counts[key], leftmost[key]))
    return [(counts[key], *key) for key in order]


def _describe_shapes(facts: Facts) -> str:
    kinds = groups(facts)
    named = joined([counted(*kind) for kind in kinds])
    if len(kinds) > 1:
        return _sentence(f"{named}, living in peace")
    return _sentence(f"{named}: {_COUNTED[kinds[0][2]]}")


def _reading_order(facts: Facts) -> list[Thing]:
    return sorted(facts.things, key=lambda thing: (int(thing.y * 3), thing.x))


def _describe_places(facts: Facts) -> str:
    named = joined([f"{a(thing)} {at(thing)}" for thing in _reading_order(facts)])
    return _sentence(named + (", all alone" if len(facts.things) == 1 else ""))


def _describe_scene(facts: Facts) -> str:
    sky, ground = facts.sky.split()
    when = {"day": "a sunny day", "night": "a quiet night", "sunset": "a sunset"}[sky]
    where = " at sea" if ground == "sea" else ""
    below = [a(thing) for thing in sorted(facts.things, key=lambda t: t.x) if thing.y > 0.4]
    return _sentence(f"{when}{where} with {joined(below)}: {_SKIED[sky]}")


def _wearing(facts: Facts) -> str:
    worn = ([f"a {facts.hat} hat"] if facts.hat else []) + (["glasses"] if facts.glasses else [])
    return f" with {joined(worn)}" if worn else ""


def _article(word: str) -> str:
    return "an" if word[0] in "aeiou" else "a"


def _describe_face(facts: Facts) -> str:
    colour = facts.things[0].colour
    return _sentence(f"{_article(facts.mood)} {facts.mood} {colour} face{_wearing(facts)}: {_FELT[facts.mood]}")


def _caption_of(facts: Facts) -> str:
    return f'"{" / ".join(facts.lines)}"'


def _describe_meme(facts: Facts) -> str:
    thing = facts.things[0]
    who = f"{_article(facts.mood)} {facts.mood} {thing.colour} face" if facts.mood else a(thing)
    return f"A meme with {who}. It says {_caption_of(facts)}."


def questions(facts: Facts, rng: random.Random) -> list[Question]:
    """Everything that is asked about a picture, one wording each; the first describes it."""
    asked = {
        "shapes": _about_shapes,
        "places": _about_places,
        "scene": _about_scene,
        "face": _about_face,
        "word": _about_words,
        "page": _about_page,
        "meme": _about_meme,
    }[facts.kind](facts, rng)
    first = Question(rng.choice(DESCRIBES), describe(facts))
    return [Question(_said(q.text, rng), q.answer) for q in (first, *asked)]


def _said(text: str, rng: random.Random) -> str:
    """As people type: now and then in small letters or without the last mark."""
    if rng.random() < 0.2:
        text = text.lower()
    if rng.random() < 0.2:
        text = text.rstrip("?.")
    return text


def _yes_no(rng: random.Random, facts: Facts) -> Question:
    present = {(t.colour, t.name) for t in facts.things}
    if rng.random() < 0.5:
        colour, name = rng.choice(sorted(present))
    else:
        colour, name = rng.choice(list(COLOURS)), rng.choice(SHAPES + FIGURES)
        if rng.random() < 0.5:
            name = rng.choice(sorted(n for _, n in present))
    what = f"{_article(colour)} {colour} {name}"
    question = rng.choice((f"Is there {what}?", f"Do you see {what}?", f"Can you see {what}?"))
    return Question(
        question, f"Yes, there is {what}." if (colour, name) in present else f"No, there is no {colour} {name}."
    )


def _about_shapes(facts: Facts, rng: random.Random) -> list[Question]:
    count, colour, name = rng.choice(groups(facts))
    many = plural(name, 2)
    said = counted(count, colour, name)
    asked = [
        Question(
            rng.choice((f"How many {many} are there?", f"How many {many} do you see?", f"Count the {many}.")),
            _sentence(f"there {'is' if count == 1 else 'are'} {said}"),
        ),
        Question(rng.choice((f"What colour are the {many}?", f"Which colour is the {name}?")), _sentence(colour)),
        _yes_no(rng, facts),
    ]
    if len(groups(facts)) == 1:
        wordings = ("What shape is it?", "Which shapes are there?", "What shapes do you see?", "How many of what?")
        asked.append(Question(rng.choice(wordings), _sentence(said)))
    return asked


def _about_places(facts: Facts, rng: random.Random) -> list[Question]:
    asked = []
    for thing in rng.sample(facts.things, min(2, len(facts.things))):
        the = f"the {thing.colour} {thing.name}" if rng.random() < 0.5 else f"the {thing.name}"
        wordings = (f"Where is {the}?", f"Where do you see {the}?", f"In which place is {the}?")
        asked.append(Question(rng.choice(wordings), _sentence(f"the {thing.name} is {at(thing)}")))
    other = rng.choice(facts.things)
    asked.append(Question(rng.choice((f"What is {at(other)}?", f"What do you see {at(other)}?")), _sentence(a(other))))
    asked.append(_relation(facts, rng) or _yes_no(rng, facts))
    return asked


def _relation(facts: Facts, rng: random.Random) -> Question | None:
    """Whether one thing is left of, right of, above or below another."""
    pairs = [
        (one, other, word)
        for one in facts.things
        for other in facts.things
        for word, apart in (
            ("left of", other.x - one.x),
            ("right of", one.x - other.x),
            ("above", other.y - one.y),
            ("below", one.y - other.y),
        )
        if one is not other and apart > 0.2
    ]
    if not pairs:
        return None
    one, other, word = rng.choice(pairs)
    asked, holds = word, rng.random() < 0.5
    if not holds:
        asked = {"left of": "right of", "right of": "left of", "above": "below", "below": "above"}[word]
    answer = f"{'yes' if holds else 'no'}, the {one.name} is {word} the {other.name}"
    return Question(f"Is the {one.name} {asked} the {other.name}?", _sentence(answer))


def _about_scene(facts: Facts, rng: random.Random) -> list[Question]:
    sky, ground = facts.sky.split()
    thing = rng.choice([t for t in facts.things if t.y > 0.4])
    up = [a(t) if t.name == "cloud" else f"the {t.name}" for t in facts.things if t.y < 0.4]
    time = {"day": "It is day.", "night": "It is night.", "sunset": "The sun is setting."}[sky]
    missing = rng.choice(("boat", "house", "tree", "cat", "fish", "snowman", "flower", "mushroom"))
    there = [t for t in facts.things if t.name == missing]
    return [
        Question(rng.choice(("Is it day or night?", "What time of day is it?", "When is this?")), time),
        Question(rng.choice(("What is in the sky?", "What do you see in the sky?")), _sentence(joined(up))),
        Question(
            f"What colour is the {thing.name}{chr(39) + 's sail' if thing.name == 'boat' else ''}?",
            _sentence(thing.colour),
        ),
        Question(
            f"Is there a {missing}?", _sentence(f"yes, there is {a(there[0])}" if there else f"no {missing} here")
        ),
        Question(
            rng.choice(("Is this at sea or on land?", "Where is this?")), "At sea." if ground == "sea" else "On land."
        ),
    ]


def _about_face(facts: Facts, rng: random.Random) -> list[Question]:
    wordings = ("How does the face feel?", "How does it feel?", "What mood is it in?", "What is its mood?")
    guess = rng.choice(MOODS)
    hat = f"yes, a {facts.hat} hat" if facts.hat else "no, its head is bare"
    return [
        Question(rng.choice(wordings), _sentence(f"it looks {facts.mood}")),
        Question(rng.choice(("What colour is the face?", "Which colour is it?")), _sentence(facts.things[0].colour)),
        Question(rng.choice(("Does it wear a hat?", "Is there a hat?")), _sentence(hat)),
        Question("Does it wear glasses?", "Yes, it wears glasses." if facts.glasses else "No, no glasses."),
        Question(
            f"Is the face {guess}?",
            _sentence(f"yes, it looks {guess}" if guess == facts.mood else f"no, it looks {facts.mood}"),
        ),
    ]


def _about_words(facts: Facts, rng: random.Random) -> list[Question]:
    return [Question(rng.choice(READS), f'It says "{facts.lines[0]}".')]


def _about_page(facts: Facts, rng: random.Random) -> list[Question]:
    ordinals = ("first", "second", "third", "fourth", "fifth")
    picked = rng.sample(range(len(facts.lines)), min(2, len(facts.lines)))
    asked = [Question(f"What is the {ordinals[i]} word?", f'It says "{facts.lines[i]}".') for i in picked if i < 5]
    asked.append(Question("What is the last word?", f'It says "{facts.lines[-1]}".'))
    return asked


def _about_meme(facts: Facts, rng: random.Random) -> list[Question]:
    thing = facts.things[0]
    asked = [Question(rng.choice(_CAPTION), f"It says {_caption_of(facts)}.")]
    asked.append(Question(f"What colour is the {thing.name}?", _sentence(thing.colour)))
    return asked
