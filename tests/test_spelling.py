"""Typing errors corrected on the way through translation, explanation and the server; never silently.

The model reverses letters, and believes that it was trained on a few words of them.
"""

import json

import pytest

from glassformer import Copying, Glossary, Translator, translate_markup, translate_texts
from glassformer.engine.native import library
from glassformer.errors import UsageError
from glassformer.glass.record import Trace
from glassformer.quality_estimation.lexicon import Lexicon
from glassformer.quality_estimation.warnings import Correction, Kind
from glassformer.search import SearchOptions
from glassformer.text.terms import Term
from tests.commands import refusal, run
from tests.serving.servers import events, serving

GREEDY = SearchOptions(beam=1)
WORDS = dict.fromkeys(["abcd", "face", "fed", *"abcdef", ".?"], ())


@pytest.fixture(scope="module")
def model(reversing, tmp_path_factory):
    given = Translator.load(reversing.path)
    path = tmp_path_factory.mktemp("spelling") / "model"
    Translator(given.model, *given.tokenizers, given.card, Lexicon(WORDS, WORDS, counts=dict.fromkeys(WORDS, 9))).save(
        path
    )
    return path


@pytest.fixture(scope="module")
def translator(model):
    return Translator.load(model)


def one(translator, text, **settings):
    [found] = translate_texts(translator, [text], GREEDY, **settings)
    return found


def corrections(found):
    return [each for warning in found.warnings if warning.kind is Kind.SPELLING for each in warning.corrections]


def test_the_model_reads_the_trained_word_and_the_translation_says_so(translator):
    found, right = one(translator, "fdd a b"), one(translator, "fed a b")
    assert (found.text, found.tokens, found.score, found.source_tokens) == (
        right.text, right.tokens, right.score, right.source_tokens,
    )  # fmt: skip
    assert found.source == "fdd a b" and corrections(found) == [Correction("fdd", "fed", 0, 3)]
    assert found.warnings[1:] == right.warnings and found.confidence < right.confidence
    kept, plain = one(translator, "fdd a b", spelling="keep"), translator.translate(["fdd a b"], GREEDY)[0]
    assert kept == plain and Kind.UNKNOWN in {warning.kind for warning in kept.warnings}


def test_text_without_typing_errors_is_as_it_was(translator):
    for text in ("abcd fed", "a b c", "Abdc fed", ""):
        assert one(translator, text) == one(translator, text, spelling="keep")


def test_both_engines(model):
    if not library.instruction_sets():
        pytest.skip("the library of the fast engine is not built")
    texts = ["abdc fed", "face a fdd"]
    quick, slow = (translate_texts(Translator.load(model, engine=name), texts, GREEDY) for name in ("fast", "eager"))
    assert [(a.text, a.source, a.warnings) for a in quick] == [(b.text, b.source, b.warnings) for b in slow]


def test_alternatives_and_alignments(translator):
    [found] = translate_texts(translator, ["abdc a"], beam=3, n_best=3, align=True)
    assert found.alignment.shape == (len(found.tokens), len(found.source_tokens))
    for each in (found, *found.alternatives):
        assert each.source == "abdc a" and corrections(each) == [Correction("abdc", "abcd", 0, 4)]


def test_places_in_a_text_of_several_sentences(translator):
    text = "  fed facce?  a b c?  fed abdc? "
    found = one(translator, text)
    assert [found.source[each.start : each.end] for each in corrections(found)] == ["facce", "abdc"]
    assert [[each.start for each in corrections(part)] for part in found.parts] == [[4], [], [4]]
    assert found.source == text.strip()


def test_places_in_clauses_of_a_long_sentence(translator):
    text = "a b c d e, " * 6 + "f e facce"
    found = one(translator, text)
    assert found.parts and [text[each.start : each.end] for each in corrections(found)] == ["facce"]


def test_what_is_measured_is_what_is_read(translator):
    """31 letters are as many as the model admits; the word that is read has one letter more."""
    text = "a b c d " * 7 + "fce"
    found = one(translator, text)
    assert not found.error and corrections(found)


def test_terms_and_addresses_are_not_corrected(translator):
    found = one(translator, "abdc https://abdc.org fdd", copying=Copying(glossary=Glossary((Term("fdd"),))))
    assert [each.word for each in corrections(found)] == ["abdc"]
    assert "https://abdc.org" in found.text and "fdd" in found.text


def test_what_fails_is_told_as_it_was_typed(translator):
    [found] = translate_texts(translator, ["abdc " + "a" * 40], long="fail")
    assert found.error and found.source.startswith("abdc ")


def test_markup(translator):
    [found] = translate_markup(translator, ["<p>a &amp; <b>abdc</b></p><p>fed</p>"], GREEDY)
    assert corrections(found) == [Correction("abdc", "abcd", None, None)]
    [block, _] = found.parts
    assert [block.source[each.start : each.end] for each in corrections(block)] == ["abdc"]


def test_another_spelling_option_is_refused(translator, model):
    with pytest.raises(UsageError, match="spelling"):
        translate_texts(translator, ["a"], spelling="wrong")
    assert "spelling" in refusal(run("translate", model, "--spelling", "wrong", stdin="a\n"), status=2)


def test_the_command_line(model):
    text = "abdc fed\na b\n"
    outcome = run("translate", model, stdin=text)
    assert outcome.out == run("translate", model, stdin="abcd fed\na b\n").out
    assert (
        'glassformer: warning: 1 of 2 lines have words that were read as trained ones: line 1 "abdc" as "abcd"'
        in outcome.err.splitlines()
    )
    assert run("translate", model, "--strict", stdin="abdc\n").status == 1
    [value, _] = map(json.loads, run("translate", model, "--json", stdin=text).lines)
    correction = {"word": "abdc", "read": "abcd", "start": 0, "end": 4}
    assert value["source"] == "abdc fed"
    assert {"kind": "spelling", "words": ["abdc"], "corrections": [correction]} in value["warnings"]
    assert "read as" not in run("translate", model, "--spelling", "keep", stdin=text).err


def test_explain_shows_what_is_read(model, tmp_path):
    path = tmp_path / "trace.json"
    outcome = run("explain", model, "abdc fed", "--json", path)
    record = Trace.load(path)
    source = record.axes["source"]
    assert (source["text"], source["typed"]) == ("abcd fed", "abdc fed")
    assert record.decode["text"] in run("translate", model, "--beam", 1, stdin="abdc fed\n").lines
    assert outcome.err == (
        'glassformer: warning: "abdc fed" is read as "abcd fed"; --spelling keep reads it as it is\n'
    )
    assert "typed as  abdc fed" in run("explain", path).lines
    kept = run("explain", model, "abdc fed", "--spelling", "keep", "--json", path)
    assert kept.err == "" and Trace.load(path).axes["source"]["text"] == "abdc fed"


RESTS = ("a b", "c a", "e b", "c", "d a", "b c a")


def test_the_server(model, translator, tmp_path):
    # What a small model says of a word that it does not know differs from processor to processor.
    both = ([translator.translate([f"{word} {rest}"])[0].text for word in ("fed", "fdd")] for rest in RESTS)
    rest, (right, typed) = next((rest, two) for rest, two in zip(RESTS, both, strict=True) if two[0] != two[1])
    with serving(tmp_path, model) as server:
        ask = {"text": f"a b? fdd {rest}"}
        [found] = server.post("/v1/translate", ask).json()["translations"]
        [warning] = [each for each in found["warnings"] if each["kind"] == "spelling"]
        assert warning["corrections"] == [{"word": "fdd", "read": "fed", "start": 5, "end": 8}]
        assert "read as" in warning["message"] and found["text"].endswith(right)
        streamed = dict(events(server.post("/v1/translate", ask | {"stream": True})))["done"]["translations"]
        assert streamed[0]["warnings"] == found["warnings"]
        [kept] = server.post("/v1/translate", {"text": f"fdd {rest}", "spelling": "keep"}).json()["translations"]
        assert kept["text"] == typed
        # What has no place for warnings corrects nothing.
        body = {"q": f"fdd {rest}", "source": "en", "target": "hi"}
        model_pair = server.get("/v1/models").json()["models"][0]["pairs"][0]
        body |= {"source": model_pair["source"], "target": model_pair["target"]}
        assert server.post("/translate", body).json().get("translatedText") == typed
        page = server.post("/v1/explain", {"text": f"fdd {rest}", "target_text": right}).text
        assert f"fdd {rest}" in page and f"fed {rest}" in page
