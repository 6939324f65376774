"""The check of the data: each problem with an example made by hand, and no false alarms."""

import json
import statistics
from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from glassformer.data.check.checker import Checker, check_pairs, refuse_same, refuse_too_few
from glassformer.data.check.report import DEFAULT_DROP, EXAMPLES, Problem
from glassformer.data.check.rules import usual_ratio
from glassformer.errors import InputError
from glassformer.text.pairs import Pair
from tests.data.surveys import survey_of

HINDI = [
    ("We are friends", "हम दोस्त हैं"),
    ("Good morning", "सुप्रभात"),
    ("Where is the station?", "स्टेशन कहाँ है?"),
    ("I don't know.", "मुझे नहीं पता।"),
    ("It costs 250 rupees & tax.", "इसकी क़ीमत २५० रुपये और कर है।"),
    ("She went home because it was late.", "वह घर चली गई क्योंकि देर हो गई थी।"),
    ("Yes", "हाँ"),
    ("Thank you very much", "बहुत-बहुत धन्यवाद"),
    ("The train leaves at six", "रेलगाड़ी छह बजे जाती है"),
    ("Ram is reading", "राम पढ़ रहा है"),
    ("The magazine", "पत्रिका क्\u200dष र्\u200cय"),
    ("2024", "2024"),
]
GERMAN = [
    ("“Have fun,” he said.", "„Viel Spaß“, sagte er."),
    ("Is that an Ä?", "Ist das ein „Ä“?"),
    ("Street", "Straße…"),
    ("It is 30 °C – warm.", "Es sind 30 °C – warm."),
    ("The coffee costs 2 €.", "Der Kaffee kostet 2 €."),
    ("Where does he live?", "Wo wohnt er?"),
    ("I have forgotten it.", "Ich habe es vergessen."),
    ("We must hurry up.", "Wir müssen uns beeilen."),
    ("An oak is a tree.", "Eine Eiche ist ein Baum."),
    ("Speed limit", "Geschwindigkeitsbegrenzung"),
    ("The size is great", "»Größe« ist »groß«"),
]


def numbered(texts, origin="train.tsv"):
    return [Pair(source, target, origin, line) for line, (source, target) in enumerate(texts, start=1)]


def checked(pairs, validation=(), max_length=None, drop=DEFAULT_DROP):
    """The pairs that are kept, and the report; lengths in words."""
    checker = Checker(survey_of(pairs), validation, "words", max_length, drop)
    kept = [
        pair
        for row, pair in enumerate(pairs)
        if checker.keeps(row, pair, len(pair.source.split()), len(pair.target.split()))
    ]
    return kept, checker.report


def found(texts, **options):
    """The problems found in the pairs, each with its count."""
    report = check_pairs(numbered(texts), **options)
    return {problem: count for problem, count in report.counts.items() if count}


@pytest.mark.parametrize("texts", [HINDI, GERMAN], ids=["Hindi", "German"])
def test_clean_text_raises_no_alarm(texts):
    kept, report = checked(numbered(texts), numbered([("Held out", "चुना हुआ")]), max_length=20)
    assert kept == numbered(texts)
    assert not any(report.counts.values()), report.render()
    assert report.render().endswith("no problem found")


# Each problem


@pytest.mark.parametrize("texts", [("", "a"), ("a", ""), ("", ""), (" \u3000", "a")])
def test_empty(texts):
    assert found([texts, ("b", "c")]) == {Problem.EMPTY: 1}


def test_an_empty_pair_is_judged_no_further():
    assert found([("", ""), ("", "")]) == {Problem.EMPTY: 2}


def test_too_long_is_judged_by_the_given_counts():
    pairs = numbered([("abcd", "x"), ("abc", "xyzw"), ("abc", "xyz")])
    report = check_pairs(pairs, count=len, unit="characters", max_length=3)
    assert report.counts[Problem.TOO_LONG] == 2
    assert [finding.detail for finding in report.examples[Problem.TOO_LONG]] == [
        "source has 4 characters; the limit is 3",
        "target has 4 characters; the limit is 3",
    ]


def test_without_a_limit_nothing_is_too_long():
    assert found([("a " * 9999, "b " * 9999)]) == {}


def test_duplicate_keeps_the_first_and_names_it():
    kept, report = checked(numbered([("a", "b"), ("c", "d"), ("a", "b"), ("a", "b")]))
    assert [pair.line for pair in kept] == [1, 2]
    assert report.counts[Problem.DUPLICATE] == 2
    assert report.examples[Problem.DUPLICATE][0].detail == "same as train.tsv:1"


def test_conflict_is_told_and_kept():
    kept, report = checked(numbered([("a", "b"), ("a", "c"), ("a", "c")]))
    assert [pair.line for pair in kept] == [1, 2]
    assert report.counts[Problem.CONFLICT] == report.counts[Problem.DUPLICATE] == 1
    assert report.examples[Problem.CONFLICT][0].detail == 'train.tsv:1 has the target "b"'


def test_in_validation_drops_the_training_pair():
    held_out = numbered([("a", "b"), ("e", "f")], "valid.tsv")
    kept, report = checked(numbered([("x", "y"), ("a", "b"), ("e", "other")]), held_out)
    assert [pair.line for pair in kept] == [1, 3]
    assert report.examples[Problem.IN_VALIDATION][0].detail == "same as valid.tsv:1"


def test_misaligned_lines_have_an_outlying_length_ratio():
    texts = [(f"this is the sentence {n}", f"das hier ist der Satz {n}") for n in range(30)]
    texts[7] = ("Yes", "das hier ist ganz sicher ein anderer Satz")
    texts[9] = ("this is quite certainly some other sentence", "Ja")
    report = check_pairs(numbered(texts))
    assert [finding.pair.line for finding in report.examples[Problem.LENGTH_RATIO]] == [8, 10]
    assert (
        report.examples[Problem.LENGTH_RATIO][1].detail == "target has 2 characters, source 43: about 45 are usual here"
    )


def test_the_length_ratio_is_the_corpus_own():
    texts = [("a" * (20 + n), "b" * 5 * (20 + n)) for n in range(12)]
    assert found(texts) == {}
    assert found([*texts, ("c" * 20, "b" * 20)]) == {Problem.LENGTH_RATIO: 1}


def test_short_texts_and_small_corpora_have_no_outlying_length():
    texts = [(f"number {n}", f"Nummer {n}") for n in range(12)]
    assert found([*texts, ("Go", "Los, los!")]) == {}
    assert found([*texts[:8], ("Go", "x" * 200)]) == {}


lengths = st.lists(st.tuples(st.integers(1, 40), st.integers(1, 40)), max_size=60)


@settings(max_examples=100)
@given(lengths)
def test_the_usual_ratio_is_the_median(lengths):
    expected = statistics.median(target / source for source, target in lengths) if len(lengths) >= 10 else None
    assert usual_ratio(Counter(lengths)) == expected


def test_untranslated():
    assert found([("Press any key", "press any key")]) == {Problem.UNTRANSLATED: 1}
    assert found([("12:30", "12:30")]) == {}


def test_damaged_characters_are_reported_with_their_side():
    report = check_pairs(numbered([("fine", "a\x07b")]))
    assert report.examples[Problem.ENCODING][0].detail == "target: control character U+0007"


@pytest.mark.parametrize(
    ("texts", "alike"),
    [
        (("We are friends", "हम दोस्त हैं"), True),  # but for the full stop, which is no letter
        (("we are  FRIENDS !", "हम दोस्त हैं।"), True),
        (("Ｗe are friends", "हम दोस्त हैं"), True),  # a full-width form
        (("We are friends", "हम दोस्ती हैं"), False),  # another vowel sign
        (("We are friend", "हम दोस्त हैं"), False),
        (("We are 2 friends", "हम दोस्त हैं"), False),
    ],
)
def test_near_validation(texts, alike):
    validation = numbered([("We are friends.", "हम दोस्त हैं")], "valid.tsv")
    report = check_pairs(numbered([("x", "y"), texts]), validation)
    assert report.counts[Problem.NEAR_VALIDATION] == alike
    assert not alike or report.examples[Problem.NEAR_VALIDATION][0].detail == "like valid.tsv:1"
    assert report.counts[Problem.IN_VALIDATION] == 0


def test_an_equal_pair_is_not_a_near_one_too_and_signs_are_like_nothing():
    assert found([("A.", "B"), ("x", "y")], validation=numbered([("A.", "B")])) == {Problem.IN_VALIDATION: 1}
    assert found([("?", "?"), ("x", "y")], validation=numbered([("!", "!")])) == {}


@pytest.mark.parametrize(
    "first",
    [("source", "target"), ("SRC", "TGT"), ("en", "hi"), ("eng", "hin"), ("en-GB", "pt_BR"), ("English", "Hindi")],
)
def test_header(first):
    assert found([first, ("a", "b")])[Problem.HEADER] == 1
    assert Problem.HEADER not in found([("a", "b"), first])  # a header is a first line


@pytest.mark.parametrize(
    "first", [("yes", "ja"), ("Yes", "Ja"), ("Hello", "Hallo"), ("The source", "target"), ("xx", "hi"), ("1", "2")]
)
def test_an_ordinary_first_line_is_no_header(first):
    assert Problem.HEADER not in found([first, ("a", "b")])


def test_quotes_of_csv():
    texts = [('"He said ""hi"""', "x"), ("x", '"a ""b"" c"')]
    assert found(texts) == {Problem.QUOTES: 2}
    honest = [('"I love you," he said.', "a"), ('"I see."', '"Ich sehe."'), ('"', "b"), ('12"', '12"" x'), ('""', "c")]
    assert Problem.QUOTES not in found(honest)


def test_markup_is_a_tag_and_no_comparison():
    assert found([("<b>x</b> yes", "haan"), ("x", "y </a>")])[Problem.MARKUP] == 2
    assert Problem.MARKUP not in found([("a < b and c > d", "x <3 y"), ("1<2", "<>")])


@pytest.mark.parametrize("character", [*"\u00a0\u202f\u00ad\u200b\u2060\u2028\u2029\u200e"])
def test_invisible_characters_are_named(character):
    report = check_pairs(numbered([(f"a{character}b", "x")]))
    assert report.counts[Problem.INVISIBLE] == 1
    assert report.examples[Problem.INVISIBLE][0].detail.endswith(f"U+{ord(character):04X}")


def test_joiners_and_the_ideographic_space_are_ordinary():
    assert Problem.INVISIBLE not in found([("क्\u200dष र्\u200cय", "x"), ("你好\u3000世界", "y")])


def test_a_side_in_another_script():
    texts = [(f"word {'abcdefghij'[n % 10]} {n}", f"शब्द {n}") for n in range(20)]
    assert found([*texts, ("शब्द", "word")]) == {Problem.SCRIPT: 1}
    assert found([*texts, ("NASA 12", "नासा NASA 12"), ("7", "७"), ("a", "2024")]) == {}
    half = [(target, source) for source, target in texts]
    assert found([*texts, *half]) == {}  # where neither script is usual, neither is odd


def test_a_word_in_two_scripts():
    assert found([("p\u0430ypal", "x")]) == {Problem.MIXED_SCRIPT: 1}  # a Cyrillic a
    assert found([("kaufen", "खरीdना")]) == {Problem.MIXED_SCRIPT: 1}
    honest = [("T恤", "Tシャツ"), ("漢字かなカナ", "x"), ("TV पर", "5 µm"), ("30 Ω", "Wi-Fi"), ("1ª", "नं.")]
    assert Problem.MIXED_SCRIPT not in found(honest)


# What is kept, and the report

MIXED = [("a", "b"), ("a", "b"), ("", "c"), ("long one", "d"), ("same", "same"), ("", "c"), ("e f", "g h i")]


def test_what_is_dropped_is_counted_once_and_adds_up():
    kept, report = checked(numbered(MIXED), numbered([("a", "b")], "valid.tsv"), max_length=3)
    assert [pair.line for pair in kept] == [4, 5, 7]
    assert report.pairs - report.kept == sum(report.dropped.values()) == 4
    assert report.dropped == dict.fromkeys(Problem, 0) | {
        Problem.EMPTY: 2,
        Problem.DUPLICATE: 1,
        Problem.IN_VALIDATION: 1,
    }
    assert report.counts[Problem.IN_VALIDATION] == 2  # one of them is a duplicate, and counted there


def test_only_what_is_asked_for_is_dropped():
    assert len(checked(numbered(MIXED), drop=())[0]) == len(MIXED)
    kept = checked(numbered(MIXED), drop={Problem.UNTRANSLATED})[0]
    assert [pair.line for pair in kept] == [1, 2, 3, 4, 6, 7]


@pytest.mark.parametrize("drop", [(), *([problem] for problem in Problem), tuple(Problem)], ids=str)
def test_what_is_not_judged_changes_nothing_of_what_is_dropped(drop):
    texts = [("en", "hi"), *MIXED, ('"a ""b"""', "x"), ("<i>", "y"), ("a\u00a0b", "z"), ("p\u0430y", "w"), ("A!", "B")]
    pairs, validation = numbered([*texts, *[(f"word {n}", f"शब्द {n}") for n in range(200)]]), numbered([("a.", "b")])
    reports = []
    for judged in (tuple(Problem), drop):
        checker = Checker(survey_of(pairs), validation, "words", 20, drop, judged)
        kept = [checker.keeps(row, pair, 1, 1) for row, pair in enumerate(pairs)]
        reports.append((kept, checker.report.dropped))
    assert reports[0] == reports[1]


def test_the_default_drops_what_harms_training():
    assert {problem.value for problem in DEFAULT_DROP} == {"empty", "too_long", "duplicate", "in_validation"}


def test_the_report_is_the_same_without_keeping_the_pairs():
    validation = numbered([("a", "b")])
    assert check_pairs(numbered(MIXED), validation) == checked(numbered(MIXED), validation)[1]


def test_without_a_survey_only_a_pairs_own_faults_are_known():
    checker = Checker(None, numbered([("x", "y")]), "words", None)
    assert [checker.keeps(0, pair, 1, 1) for pair in numbered([("a", "b"), ("a", "b"), ("a", "c"), ("x", "y")])] == [
        True, True, True, False,
    ]  # fmt: skip
    assert checker.report.dropped[Problem.IN_VALIDATION] == 1


def test_tokens_are_counted_over_the_kept_and_the_longest_over_all():
    report = check_pairs(numbered([("a b c", "d"), ("a", "b c"), ("", "x y z")]), max_length=2)
    assert (report.source_tokens, report.target_tokens, report.unit) == (1, 2, "words")
    assert report.longest_source == (3, Pair("a b c", "d", "train.tsv", 1))
    assert report.longest_target == (2, Pair("a", "b c", "train.tsv", 2))


def test_examples_are_the_first_few():
    report = check_pairs(numbered([("a", "")] * 10))
    assert [finding.pair.line for finding in report.examples[Problem.EMPTY]] == list(range(1, EXAMPLES + 1))
    assert "empty, the first 3 of 10:" in report.render()


def test_the_report_as_a_dict_is_stable():
    pairs = numbered([("yes", "ja"), ("yes", "ja")])
    record = check_pairs(pairs).to_dict()
    nothing = {"count": 0, "dropped": 0, "examples": []}
    example = {"origin": "train.tsv", "line": 2, "detail": "same as train.tsv:1", "source": "yes", "target": "ja"}
    assert json.loads(json.dumps(record)) == {
        "pairs": 2,
        "kept": 1,
        "unit": "words",
        "source_tokens": 1,
        "target_tokens": 1,
        "longest_source": {"length": 1, "origin": "train.tsv", "line": 1},
        "longest_target": {"length": 1, "origin": "train.tsv", "line": 1},
        "problems": {
            "empty": nothing,
            "too_long": nothing,
            "duplicate": {"count": 1, "dropped": 1, "examples": [example]},
            "in_validation": nothing,
            "length_ratio": nothing,
            "untranslated": nothing,
            "encoding": nothing,
            "conflict": nothing,
            "near_validation": nothing,
            "header": nothing,
            "quotes": nothing,
            "markup": nothing,
            "invisible": nothing,
            "script": nothing,
            "mixed_script": nothing,
        },
        "remarks": [],
    }


def test_nothing_to_check_is_a_report_too():
    kept, report = checked([])
    assert kept == [] and report.to_dict()["longest_source"] is None
    assert report.render().startswith("pairs    0 read, 0 kept")


def test_the_report_reads_well():
    report = check_pairs(numbered([("yes", "ja"), ("no\x1b[31m", ""), ("yes", "ja")]))
    assert report.render() == (
        "pairs    3 read, 1 kept\n"
        "words    1 source, 1 target, in the pairs kept\n"
        "longest  1 source (train.tsv:1), 1 target (train.tsv:1)\n"
        "\n"
        "problem             pairs   dropped\n"
        "empty                   1         1  a side has no text\n"
        "duplicate               1         1  the same pair again\n"
        "\n"
        "empty, all 1:\n"
        "  train.tsv:2: target is empty\n"
        '    source  "no\\u001b[31m"\n'
        '    target  ""\n'
        "\n"
        "duplicate, all 1:\n"
        "  train.tsv:3: same as train.tsv:1\n"
        '    source  "yes"\n'
        '    target  "ja"'
    )


# Data that cannot be trained on


def test_a_validation_set_that_is_the_training_set_is_refused():
    training = numbered([("a", "b"), ("c", "d"), ("a", "b")])
    with pytest.raises(InputError, match=r"the validation set is the training set: valid\.tsv .* train\.tsv"):
        refuse_same(training, numbered([("c", "d"), ("a", "b")], "valid.tsv"))


def test_an_overlap_is_not_refused():
    refuse_same(numbered([("a", "b"), ("c", "d")]), numbered([("a", "b")], "valid.tsv"))
    refuse_same(numbered([("a", "b")]), numbered([("a", "b"), ("c", "d")], "valid.tsv"))
    refuse_same(numbered([("a", "b")]), [])
    refuse_same([], [])


@pytest.mark.parametrize(
    "texts, message",
    [
        ([("", "a")], r"no usable pair in train\.tsv \(1 read; dropped: 1 empty\)"),
        (
            [("", "a"), ("a", "b"), ("a", "b")],
            r"one usable pair in train\.tsv \(3 read; dropped: 1 empty, 1 duplicate\)",
        ),
    ],
)
def test_fewer_than_two_pairs_are_refused(texts, message):
    with pytest.raises(InputError, match=message):
        refuse_too_few(check_pairs(numbered(texts)), numbered(texts))


def test_two_pairs_are_enough():
    pairs = numbered([("a", "b"), ("c", "d")])
    refuse_too_few(check_pairs(pairs), pairs)
