"""What a sentence says of what: the topic that can have one value at a time, and the value. Pure.

This is how a newer line is known to contradict an older one ("my cat is called Biscuit", "my cat is called Moss now").
Only forms that leave little doubt count, since a fact that is kept twice does less harm than one that is lost. So
nothing is read out of "I have a cat called Moss" that would end another cat, and nothing out of "my brother is tall".
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

import snowballstemmer

_STEM = snowballstemmer.stemmer("english")
_WORD = re.compile(r"[^\W_]+(?:['’][a-z]+)?")
_CLAUSE = re.compile(r"[,;:]\s+(?:and |so |but )?")
_TAIL = re.compile(
    r"\s+(?:now|these days|at the moment|currently|instead|any ?more|from now on|today|actually|again|btw|by the way|"
    r"though|as of (?:today|this week|yesterday)|since \w+(?: \w+)?|(?:a few|two|three) (?:days|weeks) ago|"
    r"(?:last|this) (?:week|month|year|spring|summer|autumn|winter))$",
    re.IGNORECASE,
)
_HEAD = re.compile(
    r"^(?:(?:so|well|oh|ok|okay|hey|btw|by the way|fun fact|update|correction|fyi|actually|guess what|news|and|but|"
    r"remember that|remember|turns out|as of (?:today|now)|just so you know|for the record|small update|it turns out)"
    r"[,:]?\s+)+",
    re.IGNORECASE,
)
_MORE = re.compile(
    r"\b(?:also|too|another|second|other|as well|both|either|used to|was|were|would|if|maybe|might)\b", re.I
)
_NAMED = r"(?:is|was|'s|are) (?:now )?(?:called|named)"
_THING = r"(?P<thing>(?:\w+ ){0,2}\w+)"
_VALUE = r"(?P<value>[^,;.!?]+)"
# Of a person there is one of each of these at a time.
_SINGLE = (
    r"(?:name|nickname|birthday|time ?zone|job|age|main|main character|class|username|favou?rite(?: \w+){1,3}|free day|"
    r"home ?town|star sign|shift|day off|pronouns|handle|(?:work)?place of work|rank)"
)
_STOP = frozenset(
    _WORD.findall(
        "a an the and or but so of to in on at for with by from as is am are was were be been being it its this that "
        "these those i i'm i've i'd i'll me my mine we we're we've our us you your he she they them his her their "
        "there here do does did have has had will would can could should just now really very also too not no"
    )
)
_ONE_OF = {
    "favorit": "favourit",
    "color": "colour",
    "dish": "food",
    "meal": "food",
    "kitti": "cat",
    "timezon": "time zone",
}
_DAY = r"mondays?|tuesdays?|wednesdays?|thursdays?|fridays?|saturdays?|sundays?|weekends?|weekdays?"
_TIME = (
    r"\d{1,2}(?::\d{2})?(?: ?[ap]m)?|noon|midnight|"
    r"one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve"
)
_HAPPENS = (
    r"(?:is|'s|are|starts?|begins?|meets?|happens?|takes place|runs?|will be|has moved|have moved|moved|got moved|"
    r"was moved|is moving|moves|(?:has|have) been moved)(?: now)?(?: to| back to)?"
)

_SELF: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (topic, re.compile(pattern, re.IGNORECASE))
    for topic, pattern in (
        ("{thing} name", rf"\bmy {_THING} {_NAMED} {_VALUE}"),
        ("{thing} name", rf"\bmy {_THING}(?:'s|’s) name is {_VALUE}"),
        ("{thing} name", rf"\bI (?:re)?named my {_THING} to {_VALUE}"),
        ("{thing} name", r"\bI named my (?P<thing>(?:\w+ ){0,2}?\w+) (?P<value>(?-i:[A-Z])[^,;.!?]+)"),
        ("home", r"\bI(?:'m| am)? (?:now )?(?:live|living) (?:now )?in (?P<value>[^,;.!?]+)"),
        ("home", r"\bI(?:'ve| have)?(?: just)? (?:moved|relocated) (?:back )?(?:from [\w ]+ )?to (?P<value>[^,;.!?]+)"),
        (
            "work as",
            r"\b(?:I|and) (?:now )?work (?:now )?as an? (?P<value>[^,;.!?]+?)(?: (?:at|for|in) [^,;]*)?(?:$|[,;])",
        ),
        ("work as", r"\bI(?:'m| am) an? (?P<value>[^,;.!?]+) by (?:trade|profession)"),
        ("work as", r"\bmy (?:new )?job is (?:being )?(?:an? )?(?P<value>[^,;.!?]+)"),
        ("work at", r"\bI (?:now )?work (?:now )?(?:at|for) (?P<value>[^,;.!?]+)"),
        ("age", r"\bI(?:'m| am| just turned| turned) (?:now )?(?P<value>\d{1,3})(?: years old)?(?:$|[ ,.!])"),
        (
            "{thing}",
            rf"\bmy (?P<thing>{_SINGLE}) (?:is|'s|has changed to|changed to|will be|has always been) (?:now )?{_VALUE}",
        ),
        ("{thing}", rf"^{_VALUE} is (?:now )?my (?P<thing>{_SINGLE})$"),
        ("favourite {thing}", rf"\bmy (?:new )?favou?rite {_THING} (?:is|are|has always been) (?:now )?{_VALUE}"),
    )
)
_DOES = re.compile(
    r"\bI(?: really| still| also| now)? (?P<verb>play|drive|use|own|smoke|eat|drink|speak|collect|teach|study) "
    r"(?P<value>[^,;.!?]+)",
    re.IGNORECASE,
)
_STOPPED = re.compile(
    r"\bI(?: (?:don't|do not|no longer) (?P<verb>play|drive|use|own|smoke|eat|drink|speak|collect|teach|study)"
    r"| (?:stopped|quit|gave up) (?P<doing>play|driv|us|own|smok|eat|drink|speak|collect|teach|study)ing) "
    r"(?P<value>[^,;.!?]+)",
    re.IGNORECASE,
)
_FULL = {"driv": "drive", "us": "use", "smok": "smoke"}
_WHEN = re.compile(rf"\b(?:the|our) {_THING} {_HAPPENS} (?P<rest>.*)$", re.IGNORECASE)
_NEW_TIME = re.compile(
    rf"\b(?:we|they)(?:'ve| have)? (?:moved|pushed|shifted) (?:the|our) {_THING} (?:back )?to (?P<rest>.*)$",
    re.IGNORECASE,
)
_SHARED: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (topic, re.compile(pattern, re.IGNORECASE))
    for topic, pattern in (
        ("{thing} name", rf"\b(?:the|our) {_THING} {_NAMED} {_VALUE}"),
        ("{thing} who", rf"^{_VALUE} is (?:now )?(?:the|our) new (?P<thing>\w+(?: \w+)?)(?: now)?(?:$|[,;])"),
        (
            "{thing} who",
            rf"^(?:the|our) (?:new )?(?P<thing>moderator|treasurer|captain|raid leader|leader|host|chair|"
            rf"secretary|healer|tank|admin|owner|organi[sz]er|scribe) is (?:now )?{_VALUE}",
        ),
        ("{thing}", rf"\bour {_THING} is (?:now )?{_VALUE}"),
        ("{thing}", rf"\bthe {_THING} of (?:this|the|our) (?:server|guild|clan) is (?:now )?{_VALUE}"),
        (
            "{thing}",
            r"\b(?:the|this) (?:server|guild|clan|channel)(?:'s|’s)? (?P<thing>mascot|motto|name|theme|language|"
            rf"colou?r|anthem|emblem|currency) is (?:now )?{_VALUE}",
        ),
        (
            "{thing} choice",
            r"\b(?:we|the group)(?:'re| are|'ve| have)?(?: all)? (?:now )?(?:going with|decided on|settled on|picked|"
            r"chose|voted for|switched to|agreed on|use|using) (?P<value>[^,;.!?]+?) (?:for|as) (?:the|our) "
            r"(?P<thing>(?:\w+ ){0,2}\w+)$",
        ),
    )
)


@dataclass(frozen=True, slots=True)
class Claim:
    """`topic` can have one value at a time, and it is `value`."""

    topic: str
    value: str


def words(text: str) -> frozenset[str]:
    """The stems of a text's words, without those that every text has."""
    found = (word.lower().replace("’", "'").removesuffix("'s") for word in _WORD.findall(text))
    return frozenset(_STEM.stemWords([word for word in found if word not in _STOP]))


def marks(text: str) -> frozenset[str]:
    """What tells two sentences apart that are alike otherwise: numbers, and words with a capital inside the text."""
    found = [word for word in _WORD.findall(text)[1:] if word[0].isupper() and word not in ("I", "I'm", "I've", "I'd")]
    return frozenset(word.lower() for word in found) | frozenset(re.findall(r"\d+", text))


def claims(sentence: str, *, about_themselves: bool) -> tuple[Claim, ...]:
    """What a sentence claims; nothing where it is in doubt. Claims about oneself are to be compared with the same
    person's only."""
    text = _HEAD.sub("", sentence.strip().rstrip(".!…")).strip()
    for _ in range(2):
        text = _TAIL.sub("", text)
    if about_themselves:
        return _own(text)
    found = [*_times(text), *_matched(_SHARED, text)]
    return tuple(dict.fromkeys(found))


def contradicts(newer: Iterable[Claim], older: Iterable[Claim]) -> bool:
    """Whether a newer line gives another value to a topic of an older one."""
    known = {claim.topic: claim.value for claim in older}
    return any(claim.topic in known and known[claim.topic] != claim.value for claim in newer)


def agrees(one: Iterable[Claim], other: Iterable[Claim]) -> bool:
    """Whether two lines claim the same, and nothing but that."""
    first, second = set(one), set(other)
    return bool(first) and first == second


def _own(text: str) -> tuple[Claim, ...]:
    if stopped := _STOPPED.search(text):
        verb = (stopped["verb"] or _FULL.get(stopped["doing"].lower(), stopped["doing"])).lower()
        return (Claim(f"{verb} {_normal(stopped['value'])}", "no"),)
    if _MORE.search(text):
        return ()
    if does := _DOES.search(text):
        return (Claim(f"{does['verb'].lower()} {_normal(does['value'])}", "yes"),)
    return tuple(dict.fromkeys(_matched(_SELF, text)))


def _times(text: str) -> list[Claim]:
    """The day and the hour of something that happens at one of each."""
    match = _NEW_TIME.search(text) or _WHEN.search(text)
    if match is None or _MORE.search(text):
        return []
    rest = match["rest"].lower()
    thing = _normal(match["thing"])
    days = re.findall(rf"\b(?:{_DAY})\b", rest)
    hours = re.findall(rf"\b(?:at|to|until|from) ({_TIME})\b|\b(\d{{1,2}}(?::\d{{2}})? ?[ap]m)\b", rest)
    found = []
    if len(days) == 1:
        found.append(Claim(f"{thing} day", days[0].removesuffix("s")))
    if len(hours) == 1:
        found.append(Claim(f"{thing} hour", next(hour for hour in hours[0] if hour).replace(" ", "")))
    return found


def _matched(patterns: Iterable[tuple[str, re.Pattern[str]]], text: str) -> list[Claim]:
    if _MORE.search(text):
        return []
    parts = [text, *(part for part in _CLAUSE.split(text) if part != text)]
    found: dict[str, Claim] = {}
    for topic, pattern in patterns:
        match = next((match for part in parts if (match := pattern.search(part))), None)
        if match is None or not (value := _normal(match["value"])):
            continue
        thing = _normal(match["thing"]) if "{thing}" in topic else ""
        claim = Claim(topic.replace("{thing}", thing), value)
        found.setdefault(claim.topic, claim)
    return list(found.values())


def _normal(text: str) -> str:
    """Words in small letters, stemmed, without articles; of words for the same thing one."""
    plain = [word.lower().replace("’", "'") for word in _WORD.findall(_TAIL.sub("", text))]
    kept = [word for word in plain if word not in ("a", "an", "the", "new", "now", "really", "just", "definitely")]
    return " ".join(_ONE_OF.get(stem, stem) for stem in _STEM.stemWords(kept)).replace("free day", "day off")
