"""The sentences that the lecture on attention shows, built by the same grammar."""

from functools import cache

from . import verbs
from .because import BECAUSE, _referring, described
from .descriptions import copula
from .lexicon import load_lexicon
from .phrases import PRONOUNS, Phrase, nominal
from .statements import VERY_MUCH
from .units import Reference, Sentence, build


@cache
def lecture() -> tuple[Sentence, ...]:
    """The lecture's sentences, which are always trained on."""
    sitting = [_sat(animal) for animal in ("cat", "dog")]
    tired = [_tired(animal, refused) for animal in ("animal",) for refused in ("n't", "not")]
    return (_friends(), _love(), *sitting[:1], *tired)


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
    subject: Phrase = nominal(words.noun(animal), "the")
    road = nominal(words.noun("road"), "the")
    cross = words.verb("cross")
    tired = next(a for a in words.adjectives if a.english == "tired")
    said = verbs.statement(cross, "past", "it", road.agreement, refused)
    who, what = verbs.subject_unit(cross, "past", subject), verbs.object_unit(cross, road)
    it = _referring("it", False).subject
    predicate = described(tired, subject.agreement, "it", "past")
    units = (who, said, what, BECAUSE, it, predicate)
    reference = Reference(4, 0, 5, subject.agreement.gender, False)
    key = f"{animal}|road|tired"
    return build("because_subject", key, units, (0, 2, 1, 3, 4, 5), reference=reference)
