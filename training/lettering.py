"""Words in pictures: which words there are, the fonts they are set in, and how they are put on paper.

The fonts are those that come with the packages that training needs anyway: Pillow's own and matplotlib's DejaVu and
STIX families, so a seed gives the same pixels on every machine with the same versions.
"""

from __future__ import annotations

import random
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

LONGEST_WORD = 8
_FONT_PIXELS = 40
_RIM = 3
_FONTS = (
    "",  # Pillow's own
    "DejaVuSans.ttf",
    "DejaVuSans-Bold.ttf",
    "DejaVuSans-Oblique.ttf",
    "DejaVuSansMono.ttf",
    "DejaVuSansMono-Bold.ttf",
    "DejaVuSerif.ttf",
    "DejaVuSerif-Bold.ttf",
    "STIXGeneral.ttf",
    "STIXGeneralBol.ttf",
)
WORDS = tuple(
    """a i oh no go up we he me my on at it is so us hi do be all and any arm art ask bad bag bed bee big bit box boy
    bug bus but buy can cap car cat cow cry cup cut day did dog dry ear eat egg end eye far few fix fly for fox fun get
    got gym had hat her him his hot how ice ink jam jar job key kid lab lay leg let lie lip log lot mad man map may mix
    mom mud net new nod not now nut oak off oil old one our out owl own pan paw pen pet pie pig pot put rat raw red rib
    rob row run sad saw say sea see she shy sit six sky son sun tea ten the tie tip toe too top toy try two use van wax
    way web wet who why win wow yes yet you zoo zip able army away baby back bake ball bank bath bear bell best bird
    blue boat body bone book boot born both bowl cake call calm camp card care cash cave chat city clap club coal coat
    code coin cold cook cool corn crab dark data date dawn dear deep desk dish door down draw drop drum duck dust each
    east easy echo edge else even ever face fact fall farm fast feed feel fill film find fire fish five flag flat food
    foot four free frog from full game gate gift girl give glad glow goat gold good gray grow hair half hall hand hard
    have head heat help here hero high hill hold home hope horn hour huge idea iron jazz join joke jump just keep kind
    king kiss kite knee know lake lamp land last late lazy leaf left less life lift like lime line lion list live long
    look lost loud love luck lump made mail make many mark math meal meet milk mind mint miss mood moon more moss most
    move much must name near neck need nest news next nice nine none noon nose note only open oven over page pair palm
    park part past path pear pink plan play plum poem pond pool post pull pump push quiz race rain read real rice rich
    ride ring rise road rock roof room root rope rose ruby rule rush safe sail salt same sand save seed sell send ship
    shop show shut side sign silk sing sink size skin slow snow soap sock soft song soon soup star stay step stop such
    suit swim tail take talk tall team tell tent test that them then they thin this tide time tiny tool town toys tree
    trip true tune turn twin upon very view wait wake walk wall want warm wash wave weak wear week well went west what
    when whip wide wild wind wing wish with wolf wood wool word work yard yarn year yell zero zone about actor again
    alien angel angry apple beach begin berry black blank blaze boats brain brave bread brick brown bunny cabin candy
    chair chalk cheek chess cheer clean clock cloud coach comet crown dance dizzy donut dream dress drive eagle early
    earth eight empty enjoy extra fairy fancy fever flame floor flour fluff found fresh frost fruit fudge ghost giant
    glass globe grape grass great green guard guess happy heart hello honey horse hotel house human igloo jelly jolly
    juice koala laser laugh lemon light lucky lunar lunch magic maple march maybe medal melon metal money month mouse
    movie music never night ninja noise ocean olive onion orbit other panda panic paper party peach pearl phone piano
    pilot pizza plane plant plate point potato power prize proud puppy queen quick quiet radio raven ready river robot
    round royal salad sauce scarf seven shark sheep shelf shine shore sleep small smile smoke snack snail snake space
    spoon sport storm story sugar sunny sweet table teeth thank there three tiger toast today torch tower train treat
    truck uncle under unity upset viola visit voice water whale wheat wheel where white witch woman world young zebra
    almost always animal anyone banana basket beauty better bottle branch breeze bridge bright bubble butter button
    camera candle canyon carrot castle cheese cherry circus clever coffee cookie copper cotton cousin dancer desert
    dinner doctor donkey double dragon eleven escape famous father flower flying follow forest friend frozen galaxy
    garden garlic gentle giggle ginger golden guitar hammer happen harbor hidden hungry island jacket jigsaw jungle
    kitten ladder little lizard locket lovely magnet marble market meadow mirror mitten monday monkey mother moving
    muffin museum napkin nobody number orange oyster palace pancake parrot pebble pencil pepper person picnic pillow
    pirate planet pocket pretty purple puzzle rabbit ribbon rocket saddle sailor school secret shadow silent silver
    simple singer sister smooth soccer spider spring square stable strong summer sunday sunset talent tomato travel
    tunnel turtle valley velvet violin wallet window winter wizard wonder yellow awesome balloon bicycle blanket captain
    cartoon chicken cupcake diamond dolphin evening feather fiction firefly freedom giraffe goodbye gravity harvest
    history holiday journey kitchen lantern leopard library machine meeting mission morning mystery nothing octopus
    pajamas panther penguin popcorn present problem pumpkin pyramid rainbow raccoon sandbox science seaside shelter
    skywalk snowman special student sunrise teacher thunder traffic trumpet unicorn village volcano weather weekend
    welcome whisper aardvark airplane alphabet backpack baseball birthday building carnival champion children computer
    creature crescent daughter dinosaur elephant exciting favorite firewood flamingo football fountain friendly goldfish
    greeting hedgehog homework icecream kangaroo keyboard ladybird language laughter lemonade lollipop marathon medicine
    midnight mountain mushroom neighbor notebook painting pancakes peaceful platypus princess question
    raindrop reindeer sandwich seashell shoulder snowball squirrel starfish starship sunlight surprise
    swimming tortoise treasure triangle umbrella universe vacation vanguard volcanic waffles weekdays woodland wormhole
    yourself zeppelin""".split()
)
_WORDS_BY_LENGTH = {n: [w for w in WORDS if len(w) == n] for n in range(1, LONGEST_WORD + 1)}
_ONSETS = "b bl br c ch cl cr d dr f fl fr g gl gr h j k l m n p pl pr qu r s sh sk sl sp st t th tr v w y z".split()
_NUCLEI = "a e i o u ai ea ee oa oo ou".split()
_CODAS = ["", "", "b", "ck", "d", "g", "k", "l", "m", "n", "nd", "ng", "p", "r", "rt", "s", "sh", "st", "t", "x", "z"]
_LETTERS = "abcdefghijklmnopqrstuvwxyz"


def random_letters(rng: random.Random, length: int) -> str:
    """Letters drawn one by one: nothing but reading tells them."""
    return "".join(rng.choice(_LETTERS) for _ in range(length))


def random_word(rng: random.Random, length: int) -> str:
    """Something that can be said aloud and means nothing."""
    made = ""
    while len(made) < length:
        made += rng.choice(_ONSETS) + rng.choice(_NUCLEI) + rng.choice(_CODAS)
    return made[:length]


def real_word(rng: random.Random, length: int) -> str:
    """A word of the list, at most `length` letters long."""
    return rng.choice(_WORDS_BY_LENGTH[length])


@cache
def _font(name: str) -> ImageFont.FreeTypeFont:
    if not name:
        font = ImageFont.load_default(_FONT_PIXELS)
        if not isinstance(font, ImageFont.FreeTypeFont):
            raise RuntimeError("Pillow was built without FreeType, which training needs. Install Pillow's own wheel.")
        return font
    import matplotlib as mpl  # only who trains or measures needs it

    return ImageFont.truetype(str(Path(mpl.get_data_path()) / "fonts" / "ttf" / name), _FONT_PIXELS)


@dataclass(frozen=True, slots=True)
class Lettering:
    """A text as masks: `letters`, and `rim`, which has a border around them. `starts` says where each letter begins, as
    a share of the width."""

    letters: Image.Image
    rim: Image.Image
    starts: tuple[float, ...]


def lettered(rng: random.Random, text: str) -> Lettering:
    """The text in one of the fonts, cropped to its rim."""
    font = _font(rng.choice(_FONTS))
    left, top, right, bottom = font.getbbox(text, stroke_width=_RIM)
    size = (round(right - left) + 2, round(bottom - top) + 2)
    letters, rim = Image.new("L", size), Image.new("L", size)
    at = (1 - left, 1 - top)
    ImageDraw.Draw(letters).text(at, text, font=font, fill=255)
    ImageDraw.Draw(rim).text(at, text, font=font, fill=255, stroke_width=_RIM, stroke_fill=255)
    return Lettering(letters, rim, tuple((font.getlength(text[:i]) - left) / size[0] for i in range(len(text))))
