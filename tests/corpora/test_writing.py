"""How sentences are written: letter case, stops and apostrophes on one side, stops on the other."""

import random
from collections import Counter

from glassformer.corpora.phrasebook import because, frames
from glassformer.corpora.phrasebook.corpus import as_typed
from glassformer.corpora.phrasebook.draw import Draw
from glassformer.corpora.phrasebook.lexicon import load_lexicon
from glassformer.corpora.phrasebook.units import Sentence, whole
from glassformer.corpora.phrasebook.writing import Style, every_way, varied, written

FRIENDS = Sentence("We aren't friends", "हम दोस्त नहीं हैं", "identity", "", (whole("we", "हम"),), (0,))
ASKED = FRIENDS._replace(source="Are you friends?", target="क्या तुम दोस्त हो?")


def texts(sentence: Sentence) -> tuple[str, str]:
    return sentence.source, sentence.target


def test_the_hindi_ends_as_the_english_does() -> None:
    assert texts(written(FRIENDS, Style())) == ("We aren't friends", "हम दोस्त नहीं हैं")
    assert texts(written(FRIENDS, Style(stop="."))) == ("We aren't friends.", "हम दोस्त नहीं हैं\u0964")
    assert texts(written(FRIENDS, Style(stop="!"))) == ("We aren't friends!", "हम दोस्त नहीं हैं!")
    assert texts(written(ASKED, Style(stop=""))) == ("Are you friends", "क्या तुम दोस्त हो")
    assert texts(written(ASKED, Style(stop="?"))) == texts(ASKED)


def test_case_and_apostrophe_are_the_sources_alone() -> None:
    assert texts(written(FRIENDS, Style("lower"))) == ("we aren't friends", FRIENDS.target)
    assert texts(written(FRIENDS, Style("upper", "", True))) == ("WE AREN\u2019T FRIENDS", FRIENDS.target)


def test_every_way() -> None:
    assert len({texts(way) for way in every_way(FRIENDS)}) == 3
    assert len({texts(way) for way in every_way(ASKED)}) == 2


def test_shares_of_the_styles() -> None:
    chance = random.Random(1)
    ways = [varied(FRIENDS, chance) for _ in range(4_000)]
    ends = Counter(way.target[-1] for way in ways)
    assert 0.36 < ends["\u0964"] / len(ways) < 0.44
    assert all((way.source[-1] == ".") == (way.target[-1] == "\u0964") for way in ways)


def test_the_antecedent_survives() -> None:
    """Writing changes neither the number of words nor the Hindi that shows what "it" refers to."""
    draw, chance = Draw(load_lexicon(), 4), random.Random(2)
    for _ in range(200):
        sentence = because.because_subject(draw)
        if sentence is None or sentence.antecedent is None:
            continue
        way = varied(sentence, chance)
        assert way.antecedent == sentence.antecedent
        assert way.alignment == sentence.alignment
        assert because.agreement(sentence, way.target)
        assert because.agreement(way, sentence.target)


def test_what_has_no_slot_is_written_in_every_way() -> None:
    thanks = next(sentence for sentence in frames.fixed() if sentence.source == "Thank you")
    typed = {texts(sentence) for sentence in as_typed([thanks], 1)}
    assert typed == {("Thank you", "धन्यवाद"), ("Thank you.", "धन्यवाद।"), ("Thank you!", "धन्यवाद!")}
