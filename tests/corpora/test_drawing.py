"""How sentences of the phrasebook are drawn: patterns, balance, one translation each."""

import re
from collections import Counter
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassformer.corpora.phrasebook import balance, clauses, descriptions, frames, questions, statements
from glassformer.corpora.phrasebook import corpus as phrasebook_corpus
from glassformer.corpora.phrasebook.draw import THIRD, Draw
from glassformer.corpora.phrasebook.frames import spelt_names
from glassformer.corpora.phrasebook.lexicon import as_woman, load_lexicon
from glassformer.corpora.phrasebook.phrases import PRONOUNS, paired
from glassformer.corpora.phrasebook.units import Sentence, build, unit
from tests.corpora.phrasebook import WORDS, linked, nfc, phrase, said

DRAW = Draw(WORDS, 1)


@pytest.mark.parametrize("seed", [1, 2])
def test_what_is_joined_belongs_together(seed: int) -> None:
    """Either the two say something of one pronoun, or both what someone is or has, which their words show."""
    draw = Draw(load_lexicon(), seed)
    found = [sentence for sentence in (clauses.joined(draw) for _ in range(800)) if sentence]
    assert len(found) > 100
    for sentence in found:
        one, conjunction, other = re.split(r" (and|but|so) (?=\w+)", sentence.source, maxsplit=1)
        assert conjunction in ("and", "but") or one.split()[0].partition("'")[0].lower() in clauses.PRONOUN_SUBJECTS
        assert len(one) + len(other) <= clauses.LONGEST_JOINED


def test_nobody_is_told_that_somebody_asks() -> None:
    """No "He says that sit on this mat": what is told is a statement."""
    bidding = re.compile(
        r"(that|think|hope) (sit|go|come|wait|please|give|show|help|don't \w+|let|call)\b", re.IGNORECASE
    )
    found = [sentence.source for _ in range(3000) if (sentence := clauses.told(DRAW))]
    assert len(found) > 1000
    assert not [source for source in found if bidding.search(source)]


def test_nothing_is_told_twice() -> None:
    """No "He says that I hope she will come", nor "I know that when I was small, I lived here"."""
    found = [sentence for _ in range(3000) if (sentence := clauses.told(DRAW))]
    assert all(sentence.target.split().count("कि") == 1 and "," not in sentence.source for sentence in found)


@pytest.mark.parametrize("pattern", [statements.transitive, questions.yes_no, questions.why_act])
def test_who_acts_and_what_on_are_not_both_described(pattern: Callable[[Draw], Sentence | None]) -> None:
    """No "The clever guest met two scared doctors"."""
    found = [[":a" in one.marked[0] for one in s.units] for _ in range(3000) if (s := pattern(DRAW))]
    assert any(sum(described) == 1 for described in found)
    assert not [described for described in found if sum(described) > 1]


def test_what_is_added_for_politeness() -> None:
    """As in "He is ready, thank you" and "Be careful, Ravi": the last word's own links stay."""
    found = [sentence for _ in range(2000) if (sentence := clauses.addressed(DRAW))]
    thanked = [sentence for sentence in found if re.search(r", thank you\??$", sentence.source)]
    assert thanked
    for sentence in thanked:
        assert re.search(r", धन्यवाद\??$", sentence.target)
        assert {("you", "धन्यवाद")} <= {(a.strip("?,"), b.strip("?,")) for a, b in linked(sentence)}


@pytest.mark.parametrize("pattern", [statements.giving, frames.everyday, statements.transitive])
def test_nobody_gives_us_what_i_give(pattern: Callable[[Draw], Sentence | None]) -> None:
    found = [sentence.source for _ in range(4000) if (sentence := pattern(DRAW))]
    assert len(found) > 2000
    assert not [source for source in found if re.search(r"^(I|We)\b[^,]* (us|me)$", source) and " and " not in source]


def test_a_dirty_place_is_not_reached() -> None:
    """Nothing is said of what one reaches, in "who" questions either: Hindi has no postposition there."""
    found = [sentence.source for _ in range(6000) if (sentence := questions.who(DRAW)) and "reach" in sentence.source]
    assert not found


def test_is_someone() -> None:
    found = [sentence for _ in range(3000) if (sentence := questions.is_someone(DRAW))]
    assert len(found) > 50
    for sentence in found:
        assert re.fullmatch(r"(Is|Are) .+\?", sentence.source)
        assert re.fullmatch(r"क्या .+ (है|हैं|हो)\?", sentence.target)


MEN = {"father", "brother", "son", "uncle", "grandfather", "friend", "boy", "teacher", "doctor", "Ravi", "Mohan"}


@pytest.mark.parametrize("seed", [1, 2])
def test_two_people_are_men_unless_both_are_women(seed: int) -> None:
    """As in बहन और भाई कैसे हैं, whichever comes first, and बहन और बेटी कैसी हैं: in every word that shows it."""
    draw = Draw(load_lexicon(), seed)
    couples = [frame for frame in frames.load_frames()[0] if "{both}" in frame.english and "{do" not in frame.english]
    found = [sentence for _ in range(3000) if (sentence := frames.fill(draw.pick(couples), draw))]
    shown = [
        sentence
        for sentence in found
        if re.search(r"(कैसी|रही|थीं|गईं|आईं|रहती|चाहती|भूखी|प्यासी|अकेली|थकी)", sentence.target)
    ]
    assert len(shown) > 100
    for sentence in shown:
        assert MEN.isdisjoint(sentence.source.strip("?").replace(",", "").split()), sentence


def test_you_are_one_or_many() -> None:
    """As in "You are a policeman" and "You are policemen", both तुम पुलिसवाले हो."""
    you, policeman = PRONOUNS["you"], WORDS.noun("policeman")
    one, many = (descriptions.role(policeman, you, one=one) for one in (True, False))
    assert (one.english, many.english) == ("a policeman", "policemen")
    assert one.hindi == many.hindi == "पुलिसवाले"


def test_two_of_a_trade() -> None:
    """Sita and Anita are अध्यापिकाएँ, Sita and Ravi अध्यापक."""
    teacher = WORDS.noun("teacher")
    women, mixed = (paired(phrase("Sita"), phrase(other)) for other in ("Anita", "Ravi"))
    assert descriptions.role(teacher, women).hindi == "अध्यापिकाएँ"
    assert descriptions.role(teacher, mixed).hindi == "अध्यापक"


def test_women_of_a_trade_without_a_word_of_its_own() -> None:
    """As in "My sisters are doctors", डॉक्टर, never डॉक्टरें; अध्यापिकाएँ have one."""
    doctors, teachers = (as_woman(WORDS.noun(name)).hindi.plural for name in ("doctor", "teacher"))
    assert (doctors, teachers) == ("डॉक्टर", "अध्यापिकाएँ")


def test_a_comparison_may_be_denied() -> None:
    found = [sentence for _ in range(3000) if (sentence := descriptions.comparison(DRAW))]
    denied = [sentence for sentence in found if re.search(r"( not|n't) .+ than ", sentence.source)]
    assert len(denied) > 0.1 * len(found)
    assert all(re.search(r"नहीं (है|हैं|हूँ|हो|था|थी|थे|थीं)$", sentence.target) for sentence in denied)


def test_balance_prefers_what_is_rare() -> None:
    """Of three draws it takes the one with the rarest word; a spelt name is never rare."""
    often, seldom = said("we", "come", "past"), said("we", "swim", "past")
    spelt = build("test", "", (unit(f"{spelt_names().trained[0][0]}:n", f"{spelt_names().trained[0][1]}:n"),), (0,))
    counted = balance.Balance()
    for sentence in (often, often, seldom):
        counted.count(sentence)
    for order in ((often, seldom, often), (seldom, often, often), (spelt, seldom, often)):
        drawn = iter(order)
        assert counted.draw(lambda _, drawn=drawn: next(drawn), DRAW) is seldom
    kept = counted.known_well([often, seldom, spelt], 2, always=[])
    assert list(kept) == [often, spelt]
    assert list(counted.known_well([seldom], 2, always=[seldom])) == [seldom]
    framed = build("test", "", (unit("My:a birthday:b", "मेरा:a जन्मदिन:b"),), (0,))  # which frames say
    counted.count(framed)
    assert list(counted.known_well([framed, seldom], 2, always=[])) == [framed]


def test_forms_of_common_verbs_are_seen_often(parts: dict[str, list[Sentence]]) -> None:
    """The first and second person and women's of the future, and women's things in the past, as others are."""
    seen = Counter(word for s in parts["train"] for word in set(s.target.rstrip("?").split()))
    forms = "खाऊँगा पढ़ूँगा लिखूँगा गाऊँगा सोऊँगा बोलूँगा सुनूँगा ख़रीदूँगा खाओगे पढ़ोगे लिखोगे गाओगे सुनोगे गाएगी लिखेगी पढ़ेगी बेचेगी"
    for form in (*forms.split(), "खोईं", "तोड़ीं", "बेचीं", "खोलीं", "लिखीं", "धोईं"):
        assert seen[nfc(form)] >= 35, form


def test_every_table_of_slots_is_drawn_from() -> None:
    """Months and borrowed words, which one frame or few have, as well as what many have."""
    drawn = " ".join(sentence.source for _ in range(3000) if (sentence := frames.tabled(DRAW)))
    for slot in ("month", "loan", "part", "season", "sport"):
        assert all(word.english in drawn for word in frames.slot_words()[slot]), slot


@given(st.integers(0, 2**32))
@settings(max_examples=15)
def test_one_translation_for_any_seed(seed: int) -> None:
    draw = Draw(WORDS, seed)
    found: dict[str, str] = {}
    for pattern in phrasebook_corpus.QUOTAS:
        for _ in range(20):
            sentence = pattern(draw)
            if sentence is not None:
                assert found.setdefault(sentence.source, sentence.target) == sentence.target


@pytest.mark.parametrize("subject", ["she", "Ravi", "the boys", "I"])
def test_his_things_are_his_own(subject: str) -> None:
    """Of a third person, "his" and the like are the subject's own, अपना; of the speaker they are somebody's."""
    who = phrase(subject)
    drawn = [DRAW.thing(DRAW.pick(DRAW.things), who) for _ in range(2000)]
    owned = [thing for thing in drawn if thing.english.partition(":")[0] in THIRD]
    assert len(owned) > 50
    for thing in owned:
        assert thing.direct.startswith("अप") is (subject != "I")
        assert subject == "I" or thing.english.partition(":")[0] == who.owner
