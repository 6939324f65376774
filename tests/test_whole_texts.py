"""Texts of several sentences: what each sentence alone gives, put together again."""

import json
import math
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassformer import translate_texts
from glassformer.errors import InputError, UsageError
from glassformer.translator import FailedTranslation, Translation, Translator

MOST = 32  # tokens that the models of letters admit


@pytest.fixture(scope="module")
def translator(reversing):
    return Translator.load(reversing.path)


class Copying(Translator):
    """Translates every sentence by itself, and fails for one that is too long, as a translator does."""

    def translate(self, sentences, options=None, *, prefixes=None, align=False, places=None, **overrides):
        self.seen = list(sentences)
        too_long = [len(ids) >= MOST for ids in self.source_tokenizer.encode_all(self.seen)]
        return [
            FailedTranslation(one, InputError("too long")) if long else Translation(one, one, -1.0, -2.0)
            for one, long in zip(self.seen, too_long, strict=True)
        ]


@pytest.fixture(scope="module")
def copier(translator):
    return Copying(translator.model, *translator.tokenizers)


WORDS = [
    "a",
    "bc",
    "And",
    "or",
    "Dr.",
    "3.5",
    "end.",
    "end!",
    "so?",
    "हाँ।",
    "好。",
    "好，",
    "x,",
    "(",
    '"',
    "\u00a0",
    "\t",
    " ",
    "  ",
]


@given(st.lists(st.sampled_from(WORDS), max_size=60).map(" ".join) | st.text(max_size=80), st.booleans())
def test_a_copying_model_gives_the_text_back(copier, text, split):
    """Whatever is split, at sentences or at clauses, and however often."""
    [found] = translate_texts(copier, [text], split=split)
    if found.error:
        assert any(len(copier.source_tokenizer.encode(word)) >= MOST for word in copier.seen)
    else:
        assert found.text == text.strip()


def test_each_sentence_is_translated_as_if_alone(translator):
    sentences = ["a b?", "c d e!", "f a?", "b c"]
    texts = ["a b? c d e!  f a?\u00a0b c", "", "  c d e!  "]
    whole, blank, single = translate_texts(translator, texts)
    alone = translator.translate(sentences)
    assert [part.text for part in whole.parts] == [one.text for one in alone]
    assert [part.source for part in whole.parts] == sentences
    assert whole.text == f"{alone[0].text} {alone[1].text}  {alone[2].text}\u00a0{alone[3].text}"
    assert whole.source == texts[0]
    assert whole.score == pytest.approx(math.fsum(one.score for one in alone), abs=1e-4)
    assert whole.log_prob == pytest.approx(math.fsum(one.log_prob for one in alone), abs=1e-4)
    assert (blank.text, blank.parts) == ("", ())
    assert (single.text, single.tokens, single.parts) == (alone[1].text, alone[1].tokens, ())


def test_no_split_is_one_sentence(translator):
    [whole] = translate_texts(translator, ["a b? c d"], split=False)
    [alone] = translator.translate(["a b? c d"])
    assert (whole.text, whole.tokens, whole.parts) == (alone.text, alone.tokens, ())


def test_the_language_decides_where_sentences_end(copier):
    text = "Er kam am 3. Mai an. Ja."
    assert [part.source for part in translate_texts(copier, [text], language="de")[0].parts] == [
        "Er kam am 3. Mai an.", "Ja."
    ]  # fmt: skip
    assert len(translate_texts(copier, [text], language="en")[0].parts) > 2
    with pytest.raises(UsageError, match="language is 'German'"):
        translate_texts(copier, [text], language="German")


def test_a_long_sentence_is_split_skipped_or_fails(translator):
    long = "a b c d e, " * 6 + "f e d"  # 6 * 6 + 3 tokens at least, which is above 32
    text = f"c d e? {long}! f a"
    [split], [skipped], [failed] = (
        translate_texts(translator, [text], long=how, places=["x:1"]) for how in ("split", "skip", "fail")
    )
    first, middle, last = split.parts
    assert not (first.parts or last.parts)
    assert len(middle.parts) > 1 and middle.source == f"{long}!"
    assert " ".join(part.source for part in middle.parts) == f"{long}!"
    assert [part.text for part in middle.parts] == [
        one.text for one in translator.translate([part.source for part in middle.parts])
    ]
    assert split.text == f"{first.text} {middle.text} {last.text}"

    assert [bool(part.error) for part in skipped.parts] == [False, True, False]
    assert skipped.text == f"{first.text} {last.text}"
    assert str(skipped.parts[1].error).startswith("x:1, sentence 2: ")
    assert skipped.score == pytest.approx(first.score + last.score, abs=1e-4)

    assert str(failed.error) == str(skipped.parts[1].error)
    assert failed.source == text


def test_what_becomes_of_a_long_sentence_is_one_of_three(translator):
    with pytest.raises(UsageError, match="long is 'cut'; set it to split, skip, fail"):
        translate_texts(translator, ["a"], long="cut")


def test_a_word_that_is_too_long_fails_alone(translator):
    word = "a" * 40
    texts = ["a b", f"c d? {word}", "e f", f"a b c, {word} d"]
    first, second, third, fourth = translate_texts(translator, texts)
    assert [first.text, third.text] == ["b a", "f e"]
    assert str(second.error).startswith("text 2, sentence 2: 41 tokens")
    assert str(fourth.error).startswith("text 4: 41 tokens")
    skipped = translate_texts(translator, texts, long="skip")
    assert [one.text for one in skipped] == ["b a", skipped[1].parts[0].text, "f e", ""]


def test_n_best_are_the_best_of_all_combinations(translator):
    [whole] = translate_texts(translator, ["a b? c d! e"], beam=4, n_best=4)
    each = [(part, *part.alternatives) for part in whole.parts]
    every = sorted((math.fsum(one.score for one in chosen) for chosen in product(*each)), reverse=True)
    found = [whole, *whole.alternatives]
    assert [one.score for one in found] == pytest.approx(every[:4])
    assert whole.text == " ".join(part.text for part in whole.parts)
    assert len({one.text for one in found}) == 4


def test_a_prefix_begins_the_text(translator):
    [whole] = translate_texts(translator, ["a b? c d"], prefixes=["f f"])
    [alone] = translator.translate(["c d"])
    assert whole.text.startswith("f f")
    assert whole.parts[1].text == alone.text


def test_what_is_cut_off_anywhere_is_not_finished(translator):
    [whole] = translate_texts(translator, ["a? b c d e f"], max_length=3)
    assert [part.finished for part in whole.parts] == [whole.parts[0].finished, False]
    assert not whole.finished


def test_parts_are_json(translator):
    [whole] = translate_texts(translator, ["a b? c d"], align=True)
    values = json.loads(json.dumps(whole.to_dict()))
    assert (values["text"], values["tokens"], values["alignment"]) == (whole.text, [], None)
    assert [part["tokens"] for part in values["parts"]] == [list(part.tokens) for part in whole.parts]
    for part in values["parts"]:
        assert [len(row) for row in part["alignment"]] == [len(part["source_tokens"])] * len(part["tokens"])
