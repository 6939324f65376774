"""The sentences that the lecture on attention shows, built by the same grammar."""

from functools import cache

from . import verbs
from .because import reasoned
from .descriptions import copula
from .lexicon import load_lexicon
from .phrases import PRONOUNS, nominal
from .statements import VERY_MUCH
from .units import Sentence, build


@cache
def lecture() -> tuple[Sentence, ...]:
    """The lecture's sentences, which are always trained on."""
    return (_friends(), _love(), _sat("cat"), _tired("animal", "n't"), _tired("animal", "not"))


def _friends() -> Sentence:
    words, we = load_lexicon(), PRONOUNS["we"]
    friends = nominal(words.noun("friend"), "", True)
    units = (we.subject, copula(we.agreement, "they", "present"), friends.subject)
    return build("identity", "we|is|friend", units, (0, 2, 1))


def _love() -> Sentence:
    speaker, you = PRONOUNS["I"], PRONOUNS["you"]
    love = load_lexicon().verb("love")
    said = verbs.statement(love, "present", "I", speaker.agreement)
    units = (speaker.subject, said, verbs.object_unit(love, you), VERY_MUCH)
    return build("feeling", "I|love|you", units, (0, 2, 3, 1))


def _sat(animal: str) -> Sentence:
    words = load_lexicon()
    subject = nominal(words.noun(animal), "the")
    mat = nominal(words.noun("mat"), "its", own=True)
    said = verbs.statement(words.verb("sit"), "past", "it", subject.agreement)
    units = (subject.subject, said, mat.case("पर", "on"))
    return build("intransitive", f"{animal}|sit|mat", units, (0, 2, 1))


def _tired(animal: str, refused: str) -> Sentence:
    words = load_lexicon()
    subject, road = nominal(words.noun(animal), "the"), nominal(words.noun("road"), "the")
    tired = words.adjective("tired")
    return reasoned(words.verb("cross"), subject, road, tired, False, polarity=refused)
