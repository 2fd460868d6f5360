"""Talk that needs no passage: single lines of small talk, and conversations of 1 to 5 turns of many kinds.

Conversations are made by the grammar of talks.yaml. A reply is a plain line in the frame of the persona who speaks, or
a line of its own; whatever any right reply must hold (the topic, the name that was told, the riddle's answer) is in
`Asked.answer`.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from core.personas import Pack
from training.phrases import as_typed, choose, load_phrases
from training.quiz import Quiz, riddle, trivia
from training.talk_grammar import Values, answer, capital, expand, fresh, load_talks, word, wording
from training.turns import Asked
from training.voices import Voice, fill
from training.worlds import random_name

TIERS = (1.5, 1.0, 0.75)  # how often the leading, the middle and the other thirds of a cast speak
_Conversation = Callable[[random.Random, Voice, str], list[Asked]]
_FOLLOW_UPS = ("why", "else", "best", "worst", "when", "than", "score", "agree", "disagree", "friends")
_CONTINUING = ("more", "why")  # intents that ask about what was said before
_HIGH, _LOW = ("seven", "eight", "nine", "ten"), ("one", "two", "three", "four")


class TalkMaker:
    """Makes talk; with `held_out` in wordings that training never sees."""

    def __init__(self, *, held_out: bool = False) -> None:
        self.held_out = held_out
        self.phrases = load_phrases()
        self.kinds: dict[str, tuple[_Conversation, float]] = {
            "chat": (self.chats, 40),
            "opinion": (self.opinion, 14),
            "subject": (self.subject, 14),
            "choice": (self.choice, 3),
            "memory": (self.memory, 10),
            "trivia": (self.trivia, 7),
            "riddle": (self.riddle, 6),
            "story": (self.story, 7),
            "joke": (self.joke, 5),
            "refusal": (self.refusal, 7),
            "summary": (self.summary, 5),
            "picture": (self.picture, 6),
            "feeling": (self.feeling, 9),
            "greeting": (self.greeting, 8),
        }

    def talk(self, rng: random.Random, voice: Voice, user: str, kind: str = "") -> list[Asked]:
        """One conversation of 1 to 5 turns, of the kind or of any."""
        kind = kind or choose(rng, [(name, weight) for name, (_, weight) in self.kinds.items()])
        return [replace(turn, talk=kind) for turn in self.kinds[kind][0](rng, voice, user)]

    def chat(self, rng: random.Random, voice: Voice, user: str, *, anew: bool = False) -> Asked:
        """One line of small talk and its reply; with `anew` none that goes on with what was said before."""
        if not self.held_out and voice.by_line and rng.random() < 0.1:
            example = rng.choice(voice.by_line)
            return Asked("chat", self._typed(rng, voice, example.user), example.reply)
        names = [name for name in self.phrases.intents if not anew or name not in _CONTINUING]
        return self._intent(rng, voice, user, rng.choices(names, [2 if n in ("greet", "who") else 1 for n in names])[0])

    def aside(self, rng: random.Random, voice: Voice) -> str:
        """Something said before or after a question that has nothing to do with it."""
        if rng.random() < 0.5:
            line = rng.choice(self.phrases.intents[rng.choice(list(self.phrases.intents))].say)
        else:
            fact = rng.choice(load_talks()["facts"])
            line = fresh(rng, rng.choice(fact["tell"]), {"x": self._thing(rng, fact["x"])})
        said = expand(rng, line, {"persona": voice.persona.name, "user": "friend", "topic": word(rng, "topic")})
        return said.rstrip("?.!") + rng.choice((".", ".", "!", "..."))

    def chats(self, rng: random.Random, voice: Voice, user: str) -> list[Asked]:
        """1 to 3 lines of small talk that have nothing to do with one another."""
        made = (self.chat(rng, voice, user, anew=number == 0) for number in range(rng.randint(1, 3)))
        turns = {turn.line: turn for turn in made}
        return list(turns.values())

    def opinion(self, rng: random.Random, voice: Voice, user: str) -> list[Asked]:
        """What the persona thinks of a topic, and 0 to 3 questions about it."""
        return self._about(rng, voice, user, rng.randint(0, 3))

    def subject(self, rng: random.Random, voice: Voice, user: str) -> list[Asked]:
        """Five turns about one topic, which only the first line names and every reply does."""
        return self._about(rng, voice, user, 4)

    def choice(self, rng: random.Random, voice: Voice, user: str) -> list[Asked]:
        """One of two."""
        values = self._topics(rng, user)
        line = wording(rng, "choice", held_out=self.held_out)
        if rng.random() < 0.5:  # the second is chosen as often as the first
            line = line.replace("{topic}", "{}").replace("{other}", "{topic}").replace("{}", "{other}")
        turn = self._said(rng, voice, line, answer(rng, "choice"), values, holds="topic")
        return [turn, *self._follow(rng, voice, values, "like", ("why", "best"))][: rng.randint(1, 2)]

    def memory(self, rng: random.Random, voice: Voice, user: str) -> list[Asked]:
        """Things that the user tells and asks for later; what was never told is not known."""
        talks = load_talks()
        told: list[tuple[dict[str, Any], Values]] = []
        turns: list[Asked] = []
        for fact in rng.sample(talks["facts"], rng.choice((1, 1, 2, 2, 3))):
            values: Values = {"user": user, "x": self._thing(rng, fact["x"])}
            line = rng.choice(fact["held_out" if self.held_out else "tell"])
            reply = (
                rng.choice(talks["fact_told"]).replace("{fact}", fact["fact"]).replace("{Fact}", capital(fact["fact"]))
            )
            turns.append(self._said(rng, voice, line, reply, values, holds="x"))
            told.append((fact, values))
        if len(turns) < 3 and rng.random() < 0.35:
            turns.append(self._exchange(rng, voice, "told_else", {"user": user}))
        asked = rng.sample(told, min(len(told), rng.choice((1, 1, 2)), 5 - len(turns)))
        for fact, values in asked:
            line = rng.choice(fact["ask_held_out" if self.held_out else "ask"])
            reply = (
                rng.choice(talks["fact_asked"]).replace("{fact}", fact["fact"]).replace("{Fact}", capital(fact["fact"]))
            )
            turns.append(self._said(rng, voice, line, reply, values, holds="x"))
        if len(turns) < 5 and rng.random() < 0.2:
            turns.append(self._never_told(rng, voice, user, [fact for fact, _ in told]))
        return turns

    def trivia(self, rng: random.Random, voice: Voice, user: str) -> list[Asked]:
        """A question whose answer is among those it names, and what becomes of the guess."""
        return self._quiz(rng, voice, user, "trivia", trivia(rng))

    def riddle(self, rng: random.Random, voice: Voice, user: str) -> list[Asked]:
        """A riddle, and what becomes of the guess."""
        return self._quiz(rng, voice, user, "riddle", riddle(rng))

    def story(self, rng: random.Random, voice: Voice, user: str) -> list[Asked]:
        """A story of up to five parts, one whenever the user asks to go on."""
        values = self._topics(rng, user)
        values["name"] = random_name(rng)
        parts = ["trouble", "turn", "end"]
        if rng.random() < 0.4:
            parts.remove(rng.choice(("trouble", "turn")))
        turns = [self._exchange(rng, voice, "story_start", values)]
        for part in parts[: rng.randint(1, 3)]:
            line, reply = wording(rng, "story_next", held_out=self.held_out), answer(rng, "story_next", part)
            values = {
                key: values[key] for key in ("user", "topic", "name", "hero", "trait", "persona") if key in values
            }
            turns.append(self._said(rng, voice, line, reply, values, holds="name"))
        if rng.random() < 0.3:
            turns.append(self._exchange(rng, voice, "story_who", values, holds="name"))
        return turns

    def joke(self, rng: random.Random, voice: Voice, user: str) -> list[Asked]:
        """A joke told at once or by question and answer."""
        thing, question, punch = rng.choice(load_talks()["jokes"])
        values = {"user": user, "thing": thing, "question": question, "answer": punch}
        if rng.random() < 0.25:
            turns = [self._intent(rng, voice, user, "joke")]
        elif rng.random() < 0.5:
            turns = [self._exchange(rng, voice, "joke_whole", values)]
        else:
            asked = self._exchange(rng, voice, "joke_ask", values)
            turns = [asked, self._exchange(rng, voice, "joke_end", values, holds="answer")]
        return [*turns, *([self._exchange(rng, voice, "laugh", {"user": user})] if rng.random() < 0.35 else [])]

    def refusal(self, rng: random.Random, voice: Voice, user: str) -> list[Asked]:
        """A wish that is refused, and refused again."""
        kind = choose(rng, [("harm", 5), ("private", 3), ("prompt", 4), ("harm_me", 0.7)])
        values = {"user": user, "person": self.phrases.pick(rng, "people").title()}
        if kind == "harm_me":  # no manner, no jokes
            line = fresh(rng, wording(rng, kind, held_out=self.held_out), values)
            return [Asked("chat", self._typed(rng, voice, line), answer(rng, kind))]
        turns = [self._exchange(rng, voice, kind, values)]
        if rng.random() < 0.4:
            turns.append(self._exchange(rng, voice, "refuse_again", {"user": user}))
        return turns

    def summary(self, rng: random.Random, voice: Voice, user: str) -> list[Asked]:
        """Two or three lines of a chat, told again as who said what."""
        names = [capital(name) for name in rng.sample(self.phrases.lists["people"][:60], 2)]
        if rng.random() < 0.5:
            names = [random_name(rng), random_name(rng)]
        said, told = [], []
        for number, template in enumerate(rng.sample(load_talks()["summary_lines"], rng.choice((2, 2, 3)))):
            values = self._topics(rng, user) | {"who": names[number % 2], "mood": self._mood(rng)}
            values["past"] = rng.choice(load_talks()["past"])
            values["at"] = fresh(rng, rng.choice(load_talks()["at"]), {})
            thing = word(rng, "object")
            values["a_thing"] = f"{'an' if thing[0] in 'aeiou' else 'a'} {thing}"
            said.append(f"{values['who']}: {expand(rng, template['say'], values)}")
            told.append(expand(rng, template["sum"], values))
        summary = f"{', '.join(told[:-1])}, and {told[-1]}."
        values = {"user": user, "chat": "\n".join(said), "summary": summary}
        line = fresh(rng, wording(rng, "summary", held_out=self.held_out), values)
        return [Asked("chat", line, self._reply(rng, voice, answer(rng, "summary"), values), summary)]

    def picture(self, rng: random.Random, voice: Voice, user: str) -> list[Asked]:
        """A picture that reaches the persona as a line of text; its reply names what is on it."""
        seen = picture(rng)
        values = {"user": user, "persona": voice.persona.name, "picture": seen}
        line = fresh(rng, wording(rng, "picture", held_out=self.held_out), values)
        turns = [Asked("chat", line, self._reply(rng, voice, answer(rng, "picture"), values), seen)]
        if rng.random() < 0.3:
            turns.append(self._exchange(rng, voice, "picture_again", values, holds="picture"))
        return turns

    def feeling(self, rng: random.Random, voice: Voice, user: str) -> list[Asked]:
        """Comfort, or joy that is shared."""
        kind = rng.choice(("bad", "good"))
        values: Values = {"user": user, "place2": random_name(rng)}
        mine, yours = rng.choice(load_talks()[f"causes_{kind}"])
        values["cause"], values["your_cause"] = expand(rng, mine, values), expand(rng, yours, values)
        line, reply = wording(rng, f"feel_{kind}", held_out=self.held_out), answer(rng, f"feel_{kind}")
        while ("{your_cause}" in reply and "{cause}" not in line) or ("{mood" in reply and "{mood" not in line):
            reply = answer(rng, f"feel_{kind}")
        turns = [self._said(rng, voice, line, reply, values)]
        if rng.random() < 0.35:
            turns.append(self._exchange(rng, voice, "feel_more", {"user": user}))
        return turns

    def greeting(self, rng: random.Random, voice: Voice, user: str) -> list[Asked]:
        """Hello, perhaps a line of small talk, perhaps good-bye."""
        values = {"user": user, "persona": voice.persona.name}
        turns = [self._exchange(rng, voice, "hello", values)] if rng.random() < 0.7 else []
        if turns and rng.random() < 0.4:
            turns.append(self.chat(rng, voice, user))
        if not turns or rng.random() < 0.5:
            turns.append(self._exchange(rng, voice, "goodbye", values))
        return turns

    def _about(self, rng: random.Random, voice: Voice, user: str, more: int) -> list[Asked]:
        values = self._topics(rng, user)
        manner = "like" if rng.random() < 0.75 else "dislike"
        line, reply = wording(rng, "opinion_first", held_out=self.held_out), answer(rng, "opinion_first", manner)
        first = self._said(rng, voice, line, reply, values, holds="topic")
        if manner == "like" and "opinion" in voice.lines and rng.random() < 0.4:
            own = fill(rng.choice(voice.lines["opinion"]), persona=voice.persona, user=user, topic=values["topic"])
            first = Asked("chat", first.line, own, values["topic"])
        return [first, *self._follow(rng, voice, values, manner, rng.sample(_FOLLOW_UPS, more))]

    def _follow(
        self, rng: random.Random, voice: Voice, values: Values, manner: str, kinds: Sequence[str]
    ) -> list[Asked]:
        turns = []
        for kind in kinds:
            exchange = f"opinion_{kind}"
            scores = {"high": rng.choice(_HIGH), "low": rng.choice(_LOW)}
            line, reply = wording(rng, exchange, held_out=self.held_out), answer(rng, exchange, manner)
            turns.append(self._said(rng, voice, line, reply, values | scores, holds="topic"))
        return turns

    def _quiz(self, rng: random.Random, voice: Voice, user: str, exchange: str, quiz: Quiz) -> list[Asked]:
        values = {"user": user, "question": quiz.question, "answer": quiz.answer, "hint": quiz.hint}
        turns = [self._exchange(rng, voice, exchange, values)]
        if rng.random() < 0.25:
            turns.append(self._exchange(rng, voice, "hint", values))
        end = rng.choice(("right", "right", "wrong", "give_up"))
        if end == "give_up":
            return [*turns, self._exchange(rng, voice, "give_up", values, holds="answer")]
        values["guess"] = quiz.answer if end == "right" else rng.choice(quiz.wrong)
        line = wording(rng, "guess", held_out=self.held_out)
        return [*turns, self._said(rng, voice, line, answer(rng, "guess", end), values, holds="answer")]

    def _never_told(self, rng: random.Random, voice: Voice, user: str, told: Sequence[object]) -> Asked:
        fact = rng.choice([fact for fact in load_talks()["facts"] if fact not in told])
        line = rng.choice(fact["ask_held_out" if self.held_out else "ask"])
        line = self._typed(rng, voice, fresh(rng, line, {}))
        return Asked("unknown", line, voice.not_known(rng, user=user))

    def _intent(self, rng: random.Random, voice: Voice, user: str, intent: str) -> Asked:
        topic = word(rng, "topic")
        wordings = self.phrases.intents[intent]
        line = rng.choice(wordings.held_out if self.held_out else wordings.say)
        holds = topic if "{topic}" in line else ""
        line = expand(rng, line, {"persona": voice.persona.name, "user": user, "topic": topic})
        reply = voice.reply(rng, intent, user=user, topic=topic)
        return Asked("chat", self._typed(rng, voice, line), reply, holds)

    def _exchange(self, rng: random.Random, voice: Voice, exchange: str, values: Values, *, holds: str = "") -> Asked:
        line = wording(rng, exchange, held_out=self.held_out)
        return self._said(rng, voice, line, answer(rng, exchange), values, holds=holds)

    def _said(
        self, rng: random.Random, voice: Voice, line: str, reply: str, values: Values, *, holds: str = ""
    ) -> Asked:
        """A turn of two templates. What was drawn for the line and is not in `values` yet, is kept there."""
        values.setdefault("persona", voice.persona.name)
        said = expand(rng, line, values)
        kept = [values[slot.lower()] for slot in re.findall(r"\{(\w+)\}", line)]
        reply = self._reply(rng, voice, reply, values)
        return Asked("chat", self._typed(rng, voice, said, kept), reply, values[holds] if holds else "")

    def _reply(self, rng: random.Random, voice: Voice, template: str, values: Values) -> str:
        loose = ("aspect", "because", "because_not", "time", "often", "amount", "help", "helper", "trouble", "place")
        free = {key: value for key, value in values.items() if key not in loose}
        line = expand(rng, template, free)
        values.update({key: value for key, value in free.items() if key not in loose})
        return voice.frame(rng, capital(line))

    def _topics(self, rng: random.Random, user: str) -> Values:
        topic = word(rng, "topic")
        while (other := word(rng, "topic")) == topic:
            pass
        return {"user": user, "topic": topic, "other": other}

    def _mood(self, rng: random.Random) -> str:
        return word(rng, rng.choice(("mood_bad", "mood_good")))

    def _thing(self, rng: random.Random, sort: str) -> str:
        if sort == "name":
            return random_name(rng)
        return str(rng.randint(2, 99)) if sort == "number" else word(rng, sort)

    def _typed(self, rng: random.Random, voice: Voice, line: str, kept: Sequence[str] = ()) -> str:
        """`line` as typed; what it tells is never misspelt."""
        for _ in range(8):
            typed = as_typed(rng, line, voice.persona.name, held_out=self.held_out)
            if all(part.lower() in typed.lower() for part in kept):
                return typed
        return line


def picture(rng: random.Random) -> str:
    """What is on a picture, as the vision model puts it, such as `two red circles above a blue square`."""
    kind = rng.choice(("shapes", "shapes", "shapes", "face", "scene", "sign"))
    if kind == "face":
        return fresh(rng, "a {face} {color} face", {})
    if kind == "scene":
        return fresh(rng, rng.choice(("{scene}", "{scene} on a {background} background")), {})
    if kind == "sign":
        return fresh(rng, rng.choice(("the word {sign} in {color}", "a {color} sign with the word {sign}")), {})
    first = _shapes(rng)
    while (second := _shapes(rng)) == first:
        pass
    return rng.choice(
        (first, f"{first} {word(rng, 'where')} {second}", f"{first} on a {word(rng, 'background')} background")
    )


def _shapes(rng: random.Random) -> str:
    count = "a" if rng.random() < 0.5 else word(rng, "count")
    size = f"{word(rng, 'size')} " if rng.random() < 0.4 else ""
    what = f"{size}{word(rng, 'color')} {word(rng, 'shape')}"
    return f"{'an' if what[0] in 'aeiou' else 'a'} {what}" if count == "a" else f"{count} {what}s"


def persona_weights(pack: Pack) -> list[float]:
    """How often each persona of the pack speaks, in its order. The default one and those that the others mention most
    lead, in mild tiers."""
    texts = {p.id: " ".join((p.description, *(e.reply for e in p.examples))) for p in pack.personas}

    def mentioned(name: str, own: str) -> int:
        return sum(bool(re.search(rf"\b{re.escape(name)}\b", text)) for other, text in texts.items() if other != own)

    ranked = sorted(pack.personas, key=lambda p: (p.id != pack.default_persona, -mentioned(p.name, p.id)))
    tiers = {p.id: TIERS[min(2, 3 * place // max(1, len(ranked)))] for place, p in enumerate(ranked)}
    return [tiers[p.id] for p in pack.personas]
