"""Glosses: those of the phrasebook, those that a user gives, and how a record keeps them."""

import json

import pytest
from jsonschema import Draft202012Validator

from glassformer.corpora.phrasebook import generate, glosses
from glassformer.glass.glosses import with_glosses
from glassformer.glass.record import Trace
from glassformer.glass.trace import trace
from glassformer.glass.validity import schema
from tests.commands import refusal, run, write

from .models import SENTENCE, cached


def test_the_phrasebook_s_words_have_their_meaning_with_gender_and_number():
    meanings = glosses()
    facts = {
        "जानवर": "animal (m.)",
        "बिल्ली": "cat (f.)",
        "थका": "tired (m.)",
        "थकी": "tired (f.)",
        "थके": "tired (m. pl.)",
        "चौड़ी": "wide (f.)",
        "घोड़ों": "horses",
        "बैठी": "sat (f.)",
        "पार": "cross",
        "क्योंकि": "because",
    }
    for word, meaning in facts.items():
        assert meanings[word].split("; ")[0] == meaning, word
    assert all(word == word.strip() and " " not in word and meaning for word, meaning in meanings.items())


def test_nearly_every_word_of_the_phrasebook_has_one():
    words = [word.strip("?।,!") for one in generate(share=0.005) for word in one.target.split()]
    known = sum(word in glosses() for word in words)
    assert len(words) > 5000 and known / len(words) > 0.95


def test_a_record_keeps_those_of_the_words_that_it_can_show():
    record = trace(cached(), SENTENCE, "b a d", detail="attention")
    given = {"b": "the second", "a": "<b>first</b>", "zebra": "an animal"}
    kept = with_glosses(record, given)
    assert kept.glosses == {"b": "the second", "a": "<b>first</b>"}
    data = json.loads(kept.to_json())
    Draft202012Validator(schema()).validate(data)
    assert Trace.from_dict(data).glosses == kept.glosses
    assert with_glosses(record, {}).glosses is None and "glosses" not in record.to_dict()
    whole = trace(cached(), SENTENCE, "b a d")  # with a vocabulary, which has c too
    assert with_glosses(whole, {"c": "the third"}).glosses == {"c": "the third"}


def test_explain_takes_a_table_for_a_model_and_for_a_saved_trace(reversing, tmp_path):
    table = write(tmp_path / "g.tsv", "# words\na\tfirst\tone\nb\tsecond\n")
    saved = tmp_path / "trace.json"
    assert run("explain", reversing.path, "a b c", "--glosses", table, "--json", saved).status == 0
    assert Trace.load(saved).glosses == {"a": "first; one", "b": "second"}
    plain, page = tmp_path / "plain.json", tmp_path / "page.html"
    run("explain", reversing.path, "a b c", "--json", plain)
    assert Trace.load(plain).glosses is None
    assert run("explain", plain, "--glosses", table, "--html", page).status == 0
    document = json.loads(page.read_text(encoding="utf-8").split('id="document">')[1].split("</script")[0])
    assert document["traces"][0]["record"]["glosses"] == {"a": "first; one", "b": "second"}


@pytest.mark.parametrize(
    ("text", "reason"), [("a\n", "'a' has no meaning beside it"), ("", "no terms"), ("a\tx\na\ty\n", "also in line 1")]
)
def test_a_table_that_is_none_is_refused(reversing, tmp_path, text, reason):
    table = write(tmp_path / "g.tsv", text)
    assert reason in refusal(run("explain", reversing.path, "a b c", "--glosses", table))
