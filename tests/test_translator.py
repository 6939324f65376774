"""Text in, text out: what every translation promises, for a trained model and for one of random weights."""

import copy
import dataclasses
import json
import math
import pickle
import random
import shutil

import numpy as np
import pytest
import torch

from glassformer.errors import InputError, UsageError
from glassformer.model import ModelConfig, Transformer
from glassformer.search import SearchOptions
from glassformer.special import BOS, EOS, PAD, UNK
from glassformer.text.tokenizer import Tokenizer
from glassformer.translator import FailedTranslation, Translation, Translator
from tests.commands import options, run
from tests.letters import LETTERS, QUICK, letters


def make(tokenizer, **changes):
    """A model of random weights, loud enough to have opinions."""
    torch.manual_seed(7)
    shape = {"d_model": 32, "d_ff": 48, "num_heads": 4, "encoder_layers": 2, "decoder_layers": 2, "max_length": 40}
    model = Transformer(ModelConfig(**{"vocab_size": tokenizer.vocab_size, "dropout": 0.1, **shape, **changes})).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight *= 1.5
    return Translator(model, tokenizer, tokenizer)


@pytest.fixture(scope="module")
def untrained(tokenizer):
    return make(tokenizer)


@pytest.fixture(scope="module")
def trained(reversing):
    return Translator.load(reversing.path)


@pytest.fixture(params=["trained", "untrained"])
def translator(request):
    return request.getfixturevalue(request.param)


def sentences(count=24, longest=9):
    """Of many lengths, blank ones among them, and some words no model here has seen."""
    generator = random.Random(5)
    found = [" ".join(generator.choices(LETTERS, k=generator.randint(1, longest))) for _ in range(count)]
    return [*found[: count // 2], "", "x a ñ", *found[count // 2 :], "  ", "हाँ"]


SEARCHES = [
    SearchOptions(beam=1),
    SearchOptions(beam=4),
    SearchOptions(beam=5, n_best=3, length_penalty=1.2),
    SearchOptions(beam=3, length_penalty=-0.5, no_repeat_ngram=2, min_length=3),
    SearchOptions(sample=True, seed=3),
    SearchOptions(sample=True, seed=4, n_best=3, temperature=1.5, top_k=20),
    SearchOptions(sample=True, seed=5, top_p=0.8, repetition_penalty=1.3),
]


def named(options):
    return ",".join(f"{key}={value}" for key, value in vars(options).items() if value != getattr(SearchOptions(), key))


def ids_of(translator, translation):
    """The ids of a translation's pieces."""
    tokenizer = translator.target_tokenizer
    by_piece = {tokenizer.piece(token): token for token in range(tokenizer.vocab_size)}
    return [by_piece[piece] for piece in translation.tokens]


def forced(translator, translation):
    """log p of each token of a translation, from whole sentences without a cache, a batch or a search."""
    source = torch.tensor([[*translator.source_tokenizer.encode(translation.source), EOS]])
    target = ids_of(translator, translation)
    with torch.inference_mode():
        logits = translator.model(source, torch.tensor([[BOS, *target[:-1]]]))
    log_probs = logits[0].double().log_softmax(-1)
    return [float(log_probs[place, token]) for place, token in enumerate(target)]


# The batch does not matter


@pytest.mark.parametrize("search", SEARCHES, ids=named)
def test_one_by_one_batched_and_shuffled_are_the_same(translator, search, monkeypatch):
    texts = sentences()
    together = translator.translate(texts, search)
    alone = [translator.translate([text], search)[0] for text in texts]
    order = random.Random(1).sample(range(len(texts)), len(texts))
    shuffled = translator.translate([texts[index] for index in order], search)
    monkeypatch.setattr("glassformer.engine.eager.BATCH_TOKENS", 30)
    small = translator.translate(texts, search)
    for index, expected in enumerate(together):
        for other in (alone[index], shuffled[order.index(index)], small[index]):
            assert same(expected, other)
            assert all(map(same, expected.alternatives, other.alternatives))
    assert len({one.text for one in together}) > 10  # not all alike


def same(one, other):
    assert (one.source, one.tokens, one.text, one.finished) == (other.source, other.tokens, other.text, other.finished)
    assert one.log_prob == pytest.approx(other.log_prob, abs=1e-4)
    assert len(one.alternatives) == len(other.alternatives)
    return True


# Scores


@pytest.mark.parametrize("search", SEARCHES, ids=named)
def test_a_score_is_the_forced_score_of_its_tokens(translator, search):
    for best in translator.translate(sentences(), search):
        for one in (best, *best.alternatives):
            if not one.source:
                continue
            expected = forced(translator, one)
            assert one.token_log_probs == pytest.approx(expected, abs=1e-4)
            assert one.log_prob == pytest.approx(math.fsum(expected), abs=1e-4)
            penalty = ((5 + len(one.tokens)) / 6) ** search.length_penalty
            assert one.score == pytest.approx(one.log_prob / penalty, abs=1e-6)


def test_score_is_the_forced_score_of_given_text(translator):
    sources, targets = ["a b c", "c d", "", "f e"], ["c b a", "d c d", "a", ""]
    for source, target, one in zip(sources, targets, translator.score(sources, targets, align=True), strict=True):
        assert (one.source, one.text) == (source, target)
        assert ids_of(translator, one) == [*translator.target_tokenizer.encode(target), EOS]
        assert one.log_prob == one.score == pytest.approx(math.fsum(one.token_log_probs))
        if source:
            assert one.token_log_probs == pytest.approx(forced(translator, one), abs=1e-4)
        assert one.alignment.shape == (len(one.tokens), len(one.source_tokens))
    penalised = translator.score(sources, targets, 1.0)
    for one in penalised:
        assert one.score == pytest.approx(one.log_prob / ((5 + len(one.tokens)) / 6))
    with pytest.raises(UsageError, match="length_penalty is inf"):
        translator.score(sources, targets, math.inf)


def test_search_with_a_cache_equals_an_argmax_loop_without(translator):
    """The loop knows nothing of caches, batches or the search; it reads the whole sentence anew for each token."""
    model = translator.model
    for text in [text for text in sentences() if text.strip()]:
        source = [*translator.source_tokenizer.encode(text), EOS]
        limit = min(2 * len(source) + 10, model.config.max_length)
        target = [BOS]
        while len(target) <= limit and target[-1] != EOS:
            with torch.no_grad():
                logits = model(torch.tensor([source]), torch.tensor([target]))[0, -1]
            logits[[PAD, UNK, BOS]] = -math.inf
            target.append(int(logits.argmax()))
        [found] = translator.translate([text], beam=1)
        assert ids_of(translator, found) == target[1:]
        assert found.finished == (target[-1] == EOS)


# Alignment


@pytest.mark.parametrize("search", SEARCHES[:3], ids=named)
def test_alignment_is_a_distribution_over_the_source_for_each_token(translator, search):
    for best in translator.translate(sentences(), search, align=True):
        for one in (best, *best.alternatives):
            if not one.source:
                assert one.alignment is None
                continue
            assert one.alignment.shape == (len(one.tokens), len(one.source_tokens))
            assert one.alignment.sum(-1) == pytest.approx(np.ones(len(one.tokens)), abs=1e-5)
            assert (one.alignment >= 0).all()


def test_a_model_that_reverses_looks_from_right_to_left(trained):
    """Averaged over layers and heads, most words still look mostly at the one they are a copy of."""
    hits = total = 0
    for one in trained.translate([source for source, _ in letters(300) if len(set(source.split())) == 5], align=True):
        places = one.alignment[:-1, :-1].argmax(-1).tolist()
        hits += sum(place == expected for place, expected in zip(places, reversed(range(len(places))), strict=True))
        total += len(places)
    assert total >= 10
    assert hits > total / 2


def test_alignment_is_only_computed_where_it_is_asked_for(trained):
    assert trained.translate(["a b"])[0].alignment is None
    assert trained.translate(["a b"], align=True)[0].alignment is not None
    assert trained.score(["a b"], ["b a"])[0].alignment is None


@pytest.mark.parametrize("search", SEARCHES[:3], ids=named)
def test_an_alignment_does_not_depend_on_the_batch(translator, search):
    texts = sentences(8)
    together = translator.translate(texts, search, align=True)
    for text, best in zip(texts, together, strict=True):
        [alone] = translator.translate([text], search, align=True)
        for one, other in zip((best, *best.alternatives), (alone, *alone.alternatives), strict=True):
            assert same(one, other)
            if text.strip():
                np.testing.assert_allclose(one.alignment, other.alignment, rtol=0, atol=1e-5)


# Alternatives


def test_alternatives_are_sorted_and_all_different(translator):
    for best in translator.translate(sentences(), beam=6, n_best=6):
        if not best.source:
            assert best.alternatives == ()
            continue
        found = [best, *best.alternatives]
        assert len(found) == 6
        scores = [one.score for one in found if one.finished]
        assert scores == sorted(scores, reverse=True)
        assert len({one.tokens for one in found}) == 6


def test_the_best_of_n_is_the_one_without_n(translator):
    for one, several in zip(
        translator.translate(sentences()), translator.translate(sentences(), n_best=3), strict=True
    ):
        assert one.tokens == several.tokens


def test_samples_differ_by_seed_and_are_sorted(untrained):
    texts = [text for text in sentences() if text.strip()]
    one, again, other = (untrained.translate(texts, sample=True, seed=seed) for seed in (1, 1, 2))
    assert [t.tokens for t in one] == [t.tokens for t in again]
    assert all(t.tokens != o.tokens for t, o in zip(one, other, strict=True))
    for best in untrained.translate(texts, sample=True, n_best=4):
        scores = [t.score for t in (best, *best.alternatives)]
        assert scores == sorted(scores, reverse=True)
        assert len({t.tokens for t in (best, *best.alternatives)}) == 4


# Lengths


def test_the_limit_is_relative_to_the_source_and_cutting_is_said(untrained):
    cut = 0
    for one in untrained.translate(sentences(longest=4), beam=1):
        if one.source:
            most = 2 * len(one.source_tokens) + 10
            assert one.finished == (one.tokens[-1] == "</s>")
            assert len(one.tokens) <= most
            cut += not one.finished
            assert one.finished or len(one.tokens) == most
    assert cut > 0


@pytest.mark.parametrize("beam", [1, 4])
def test_max_length_cuts(trained, beam):
    [one] = trained.translate(["a b c d e"], beam=beam, max_length=3, length_penalty=0.0)
    if beam == 1:
        assert (one.text, one.finished, len(one.tokens)) == ("e d c", False, 3)
    assert len(one.tokens) <= 3
    assert one.finished == (one.tokens[-1] == "</s>")
    [whole] = trained.translate(["a b c d e"], beam=beam, max_length=6)
    assert (whole.text, whole.finished, len(whole.tokens)) == ("e d c b a", True, 6)


@pytest.mark.parametrize("search", [{"beam": 1}, {"beam": 4}, {"sample": True}], ids=str)
def test_min_length_is_kept(trained, search):
    for one in trained.translate(["a b", "c d e"], min_length=8, **search):
        assert len(one.tokens) > 8
        assert "</s>" not in one.tokens[:8]


def test_no_translation_exceeds_what_the_model_can_hold(tokenizer):
    short = make(tokenizer, max_length=6)
    for one in short.translate(["a b c d e", "a"], beam=1, max_length=50):
        assert len(one.tokens) <= 6


# Blank, too long, forced, dangerous


@pytest.mark.parametrize("text", ["", " ", "\t \u3000\n"])
def test_a_blank_sentence_gives_a_blank_translation(translator, text):
    for search in SEARCHES:
        assert translator.translate([text], search) == [Translation("", "", 0.0, 0.0)]
    assert translator.translate([]) == []


def test_white_space_around_a_sentence_is_no_part_of_it(trained):
    one, other = trained.translate(["a b c", "  a b c\t\n"])
    assert (one.source, one.tokens, one.log_prob) == (other.source, other.tokens, other.log_prob)


def too_long(translator):
    return " ".join("a" * translator.model.config.max_length)


def failure(place, translator):
    """What is said of a sentence that is one token too long, `</s>` counted."""
    most = translator.model.config.max_length
    return f"{place}: {most + 1} tokens, but the model admits {most} (max_length); split the sentence"


def test_the_longest_sentence_is_translated_and_one_more_token_fails(translator):
    fits = too_long(translator).removesuffix(" a")
    one, other = translator.translate([fits, too_long(translator)], beam=1, max_length=3)
    assert one.error is None and len(one.source_tokens) == translator.model.config.max_length
    assert str(other.error) == failure("sentence 2", translator)


@pytest.mark.parametrize("search", SEARCHES[:3], ids=named)
def test_an_item_that_fails_is_the_only_one(translator, search):
    texts = sentences()
    expected = translator.translate(texts, search, align=True)
    mixed, places = [*texts[:3], too_long(translator), *texts[3:]], [f"in.txt:{number}" for number in range(99)]
    found = translator.translate(mixed, search, align=True, places=places[: len(mixed)])
    failed = found.pop(3)
    assert (failed.source, str(failed.error)) == (too_long(translator), failure("in.txt:3", translator))
    assert [one.error for one in found] == [None] * len(texts)
    assert all(map(same, expected, found))


def test_a_failed_translation_cannot_be_taken_for_an_empty_one(translator):
    [failed] = translator.translate([too_long(translator)])
    assert isinstance(failed, FailedTranslation)
    for name in {field.name for field in dataclasses.fields(Translation)} - {"source"}:
        with pytest.raises(InputError, match=r"^sentence 1: \d+ tokens, but the model admits"):
            getattr(failed, name)
    with pytest.raises(AttributeError, match="texts"):
        failed.texts  # noqa: B018
    assert failed.to_dict() == {"source": too_long(translator), "error": failure("sentence 1", translator)}
    for again in (copy.deepcopy(failed), pickle.loads(pickle.dumps(failed))):
        assert (again.source, str(again.error)) == (failed.source, str(failed.error))


def test_a_pair_that_cannot_be_scored_is_the_only_one(translator):
    long = too_long(translator)
    sources, targets = ["a b", long, "c", "d"], ["b a", "c", long, "d"]
    found = translator.score(sources, targets)
    errors = [str(one.error) for one in found]
    assert errors == ["None", failure("sentence 2", translator), failure("sentence 3, target", translator), "None"]
    for row in (0, 3):
        [alone] = translator.score([sources[row]], [targets[row]])
        assert found[row].token_log_probs == pytest.approx(alone.token_log_probs, abs=1e-5)


def test_ids_of_a_sentence_too_long_are_refused_by_its_place(translator):
    with pytest.raises(InputError) as caught:
        translator.source_ids(["a", too_long(translator)], ["probe 1", "probe 2"])
    assert str(caught.value) == failure("probe 2", translator)


@pytest.mark.parametrize("search", [{"beam": 1}, {"beam": 4, "n_best": 4}, {"sample": True, "n_best": 3}], ids=str)
def test_a_prefix_is_really_forced(translator, search):
    texts, prefixes = ["a b", "c d e f", "", "f"], ["f f f", "", "a", "x ह"]
    found = translator.translate(texts, prefixes=prefixes, **search)
    free = translator.translate(texts, **search)
    assert found[2].text == ""
    assert found[1].tokens == free[1].tokens  # an empty prefix forces nothing
    for best, prefix in zip(found, prefixes, strict=True):
        pieces = tuple(map(translator.target_tokenizer.piece, translator.target_tokenizer.encode(prefix)))
        for one in (best, *best.alternatives):
            if one.source:
                assert one.tokens[: len(pieces)] == pieces
                assert one.text.startswith(prefix)
                assert one.log_prob == pytest.approx(math.fsum(forced(translator, one)), abs=1e-4)


def test_a_prefix_with_no_room_fails_by_its_place(trained):
    prefixes = ["a", "a a a a a a a a a", "a a a a a a a a a", "b"]
    texts, places = ["a b", "c", "", "d"], ["x:1", "x:2", "x:3", "x:4"]
    first, failed, blank, last = trained.translate(texts, prefixes=prefixes, places=places, max_length=9)
    assert str(failed.error) == (
        "x:2: the prefix has 9 tokens, but the translation may have 9 with </s>; shorten the prefix or raise max_length"
    )
    assert (first.text[0], blank.text, last.text[0]) == ("a", "", "b")


@pytest.mark.parametrize("name", ["<pad>", "<unk>", "<s>", "</s>"])
def test_text_that_looks_like_a_control_token_is_text(translator, name):
    source = f"a {name} b"
    [one] = translator.translate([source], prefixes=[f"c {name} d"], max_length=30, min_length=20)
    assert one.source_tokens.count("</s>") == 1
    assert one.source_tokens[-1] == "</s>"
    assert not {"<pad>", "<unk>", "<s>"} & {*one.source_tokens, *one.tokens}
    assert "</s>" not in one.tokens[:20]  # the prefix did not end it
    assert one.text.startswith(f"c {name} d")
    assert translator.score(["a b"], [name])[0].text == name


def test_no_control_token_is_ever_said(untrained):
    for one in untrained.translate(sentences(60), sample=True, temperature=5.0):
        assert not {"<pad>", "<unk>", "<s>"} & set(one.tokens)
        assert "</s>" not in one.tokens[:-1]


# Options, results, files


def test_overrides_are_fields_of_the_options(trained):
    options = SearchOptions(beam=2, n_best=2, length_penalty=0.0)
    one = trained.translate(["a b c"], options, beam=3)
    other = trained.translate(["a b c"], SearchOptions(beam=3, n_best=2, length_penalty=0.0))
    assert [t.to_dict() for t in one] == [t.to_dict() for t in other]
    with pytest.raises(UsageError, match="beams"):
        trained.translate(["a"], beams=3)
    with pytest.raises(UsageError, match="beam is 0"):
        trained.translate(["a"], beam=0)


def test_to_dict_is_json_and_says_the_same(trained):
    [one] = trained.translate(["a b c"], n_best=2, align=True)
    values = json.loads(json.dumps(one.to_dict()))
    assert values["text"] == one.text == "c b a"
    assert values["tokens"] == list(one.tokens)
    np.testing.assert_allclose(values["alignment"], one.alignment, rtol=0, atol=1e-6)
    assert values["alternatives"][0]["score"] == one.alternatives[0].score


@pytest.mark.parametrize("separate", [False, True], ids=["joint", "separate vocabularies"])
def test_saved_and_loaded_it_translates_the_same(tokenizer, separate, tmp_path):
    if separate:
        source = Tokenizer.train([pair[0] for pair in letters(60)], 270, "unigram")
        before = make(tokenizer, source_vocab_size=270)
        before = Translator(before.model, source, tokenizer, {"corpus": "हिन्दी"})
    else:
        before = make(tokenizer)
    before.save(tmp_path / "model")
    tables = {"source.spm", "target.spm"} if separate else {"tokenizer.spm"}
    assert {path.name for path in (tmp_path / "model").iterdir()} == tables | {
        "config.json",
        "model.safetensors",
        "card.json",
        "checksums.json",
    }
    after = Translator.load(tmp_path / "model")
    assert (after.model.config, after.card) == (before.model.config, before.card)
    assert not after.model.training
    for search in (SEARCHES[0], SEARCHES[2], SEARCHES[4]):
        one, other = (t.translate(sentences(), search, align=True) for t in (before, after))
        assert [t.to_dict() for t in one] == [t.to_dict() for t in other]


def test_a_run_means_its_average_else_its_best_else_its_last(reversing, tmp_path):
    path = shutil.copytree(reversing.path, tmp_path / "run")
    for name in ("average", "best", "last"):
        assert Translator.load(path).card == Translator.load(path / name).card
        assert json.loads(run("info", path).out)["model"] == str(path / name)
        shutil.rmtree(path / name)
    with pytest.raises(InputError, match="no run with a saved model"):
        Translator.load(path)


def test_training_with_separate_vocabularies(small_corpus, tmp_path):
    data = ("--pairs", small_corpus / "train.tsv", "--valid-pairs", small_corpus / "valid.tsv")
    settings = options(QUICK | {"source_vocab_size": 270, "tie_embeddings": "false", "max_steps": 1})
    assert run("train", *data, "--out", tmp_path / "run", *settings).status == 0
    loaded = Translator.load(tmp_path / "run")
    assert (loaded.source_tokenizer.vocab_size, loaded.target_tokenizer.vocab_size) == (270, 273)
    assert run("translate", tmp_path / "run", stdin="a b\n").status == 0
