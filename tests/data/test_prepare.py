"""From files to ids: a store made once and made again when anything changed, weights, streaming, sampling."""

from collections import Counter

import pytest
from safetensors.torch import load_file

from glassformer.data import first_reading, store, texts, tokenizers
from glassformer.data.prepare import PreparedData
from glassformer.data.prepare import prepare as prepare_data
from glassformer.errors import InputError
from glassformer.text import pair_text
from glassformer.text.tokenizer import Tokenizer
from glassformer.training.config import RunConfig
from tests.commands import options, refusal, run
from tests.letters import QUICK, letters, tsv, write_tsv


@pytest.fixture
def config(small_corpus, tmp_path):
    """Settings for the small corpus, with a store of the test's own."""
    files = {"pairs": [str(small_corpus / "train.tsv")], "valid_pairs": [str(small_corpus / "valid.tsv")]}

    def make(**settings):
        return RunConfig.from_flat(QUICK | files | {"store": str(tmp_path / "store")} | settings)

    return make


def prepare(config: RunConfig) -> PreparedData:
    return prepare_data(config.data, config.vocabulary, config.model.max_length, config.training.seed)


def stores(tmp_path):
    return {path.name for path in (tmp_path / "store").glob("corpus-*")}


def epoch_of(prepared, epoch=0):
    return [batch.source_BS.tolist() for batch in prepared.train.batches(100, 1, epoch)]


# The store


def test_a_store_is_made_once_and_then_found(config, tmp_path, monkeypatch):
    made = prepare(config())
    assert "corpus tokenized in" in made.notes[0]
    for module, name in ((texts, "read_first"), (store, "write_store"), (tokenizers, "train_tokenizers")):
        monkeypatch.setattr(module, name, None)  # none of them is wanted
    found = prepare(config(seed=2))
    assert found.notes[0] == f"tokenized corpus reused from {tmp_path / 'store' / stores(tmp_path).pop()}"
    assert epoch_of(found) == epoch_of(made)
    assert (found.fingerprint, found.valid) == (made.fingerprint, made.valid)
    assert [one.to_bytes() for one in found.tokenizers] == [one.to_bytes() for one in made.tokenizers]


def test_a_damaged_store_is_made_again(config, tmp_path):
    made = prepare(config())
    path = tmp_path / "store" / stores(tmp_path).pop() / "target.ids.npy"
    path.write_bytes(path.read_bytes()[:-1])
    again = prepare(config())
    assert "corpus tokenized in" in again.notes[0]
    assert epoch_of(again) == epoch_of(made)


def test_whatever_changes_the_ids_makes_another_store(config, tmp_path):
    pairs = letters(68)
    more = write_tsv(tmp_path / "more.tsv", [*pairs[8:], ("f a c e d", "d e c a f")])
    valid = write_tsv(tmp_path / "valid.tsv", pairs[:9])
    changes = [
        {}, {"drop": ["empty"]}, {"max_length": 31}, {"vocab_size": 272}, {"pairs": [str(more)]},
        {"valid_pairs": [str(valid)]}, {"valid_pairs": []},
    ]  # fmt: skip
    for count, change in enumerate(changes, start=1):
        prepare(config(**change))
        assert len(stores(tmp_path)) == count, change
    for change in (
        {"seed": 5},
        {"batch_tokens": 7},
        {"subword_dropout": 0.1},
        {"augment": "standard"},
        {"pair_weights": [2.0]},
    ):
        assert "reused" in prepare(config(**change)).notes[0]


def test_the_fingerprint_is_that_of_the_text(config, tmp_path):
    pairs = letters(68)
    same = write_tsv(tmp_path / "same.tsv", pairs[8:])
    other = write_tsv(tmp_path / "other.tsv", pairs[9:])
    assert prepare(config(pairs=[str(same)], vocab_size=272)).fingerprint == prepare(config()).fingerprint
    assert prepare(config(pairs=[str(other)])).fingerprint != prepare(config()).fingerprint
    assert (
        prepare(config(valid_pairs=[str(write_tsv(tmp_path / "v.tsv", pairs[:7]))])).fingerprint
        != prepare(config()).fingerprint
    )


def test_held_out_pairs_come_from_the_store_too(config):
    made, found = prepare(config(valid_pairs=[])), prepare(config(valid_pairs=[]))
    assert "reused" in found.notes[0]
    told = "no validation pairs given: 1 of the 60 pairs are held out, the same for every seed"
    assert made.notes[1] == found.notes[1] == told
    assert found.valid == made.valid == prepare(config(valid_pairs=[], seed=2)).valid
    trained = {made.tokenizers[0].decode(row) for batch in epoch_of(found) for row in batch}
    assert trained | {made.valid[0].source} == {source for source, _ in letters(68)[8:]}


@pytest.mark.parametrize("unchanged", [1, 2])
def test_a_file_that_changes_while_it_is_read_is_refused(config, tmp_path, monkeypatch, unchanged):
    stamps = iter([[(1, 1)]] * unchanged + [[(1, 2)]])
    monkeypatch.setattr(pair_text.PairText, "stamp", lambda self: next(stamps))
    with pytest.raises(InputError, match=r"train\.tsv: changed while being read; start again"):
        prepare(config())
    assert stores(tmp_path) == set()


def test_standard_input_is_read_once(tmp_path):
    arguments = ["--pairs", "-", "--out", tmp_path / "run", "--device", "cpu"]
    outcome = run("train", *arguments, *options(QUICK), stdin=tsv(letters(60)))
    assert outcome.status == 0, outcome.err
    assert "59 pairs to train on, 1 to validate" in outcome.err


def test_tokenizers_of_a_large_corpus_learn_from_a_sample(config, monkeypatch):
    monkeypatch.setattr(first_reading, "TOKENIZER_PAIRS", 20)
    learnt = []
    original = Tokenizer.train
    monkeypatch.setattr(
        Tokenizer, "train", lambda texts, *rest, **more: original(learnt.extend(texts) or iter(learnt), *rest, **more)
    )  # fmt: skip
    prepare(config())
    known = {text for pair in letters(68)[8:] for text in pair}
    assert len(learnt) == 40
    assert set(learnt) <= known


def test_user_symbols_are_pieces_of_both_sides(config):
    prepared = prepare(config(user_symbols=["<2hi>", "…"], vocab_size=274))
    for tokenizer in prepared.tokenizers:
        assert tokenizer.user_symbols == ("<2hi>", "…")
        assert [token.piece for token in tokenizer.tokens("<2hi>a…")] == ["▁", "<2hi>", "a", "…"]  # as they are
        assert tokenizer.normalize("…“”") == '…""' if tokenizer is prepared.tokenizers[0] else "…“”"


def test_tokenizers_that_are_given_must_have_the_user_symbols(config):
    given = prepare(config()).tokenizers
    wanted = config(user_symbols=["<2hi>"])
    with pytest.raises(InputError, match=r"user_symbols: the model's tokenizers have no <2hi>; leave them out"):
        prepare_data(wanted.data, wanted.vocabulary, wanted.model.max_length, 1, given)


def test_validation_is_never_modified(config):
    plain, modified = prepare(config()), prepare(config(augment={"UpperCase": 1}))
    assert modified.valid == plain.valid
    assert modified.valid_ids.sources.ids.tolist() == plain.valid_ids.sources.ids.tolist()
    assert modified.valid_ids.resample is None
    assert epoch_of(modified) != epoch_of(plain)
    assert modified.notes[-1] == "training pairs are modified, anew in every epoch: UpperCase 1"


def test_letter_case_is_not_modified_where_it_is_read_as_one(config):
    """The source could not say that the target should be in capitals."""
    folding = prepare(config(augment="standard", normalize="casefold"))
    assert "Typos" in folding.notes[-1] and "Case" not in folding.notes[-1]
    assert "UpperCase" in prepare(config(augment="standard")).notes[-1]


# Several corpora


def test_weights_are_of_the_files(config, tmp_path):
    pairs = letters(68)[8:]
    files = [
        str(write_tsv(tmp_path / f"{n}.tsv", part)) for n, part in enumerate((pairs[:20], [*pairs[20:], pairs[0]]))
    ]
    prepared = prepare(config(pairs=files, pair_weights=[3, 0.5]))
    decode = prepared.tokenizers[0].decode
    counts = Counter(decode(row) for batch in epoch_of(prepared) for row in batch)
    assert [counts[source] for source, _ in pairs[:20]] == [3] * 20
    assert sum(counts[source] for source, _ in pairs[20:]) == 20  # the repeated pair is dropped
    assert max(counts[source] for source, _ in pairs[20:]) == 1


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"pair_weights": "[1, 2]"}, "pair_weights has 2 numbers for 1 files of pairs; give one each"),
        ({"pair_weights": "[0]"}, "pair_weights: 0.0 must be above 0; leave a file out that should not be used"),
        ({"pair_weights": "[a]"}, "pair_weights = ['a'] should be a list of a number"),
        ({"subword_dropout": 1}, "subword_dropout = 1.0 must be at least 0 and below 1"),
        ({"augment": "standart"}, "did you mean 'standard'"),
        ({"augment": "{Typo: 0.1}"}, "augment: unknown modifier 'Typo'; did you mean 'Typos'"),
        ({"augment": "{Typos: a}"}, "should be one of none, standard or a mapping of names to a number"),
        ({"user_symbols": "[<s>]"}, "user_symbols: <s> is the name of a control token or of a byte; choose another"),
        ({"stream": "true"}, "stream = true holds no pairs back for validation; give some with --valid-pairs"),
    ],
)
def test_what_cannot_be_is_refused(small_corpus, tmp_path, settings, message):
    outcome = run("train", "--pairs", small_corpus / "train.tsv", "--out", tmp_path / "run", *options(settings))
    assert message in refusal(outcome, 2)


def test_a_store_that_cannot_be_written_is_refused(small_corpus, tmp_path):
    (tmp_path / "file").write_text("")
    settings = options(QUICK | {"store": tmp_path / "file"})
    message = refusal(run("train", "--pairs", small_corpus / "train.tsv", "--out", tmp_path / "run", *settings))
    assert "tokenizers-" in message
    assert "cannot save: File exists" in message


# Streaming and sampling, through a whole training


@pytest.mark.parametrize(
    "settings",
    [
        {"stream": True},
        {"subword_dropout": 0.2},
        {"augment": "standard"},
        {"stream": True, "subword_dropout": 0.2, "augment": "{UpperCase: 0.3, Merge: 0.3}"},
    ],
)
def test_a_resumed_run_goes_on_as_if_it_had_not_ended(small_corpus, tmp_path, settings):
    files = ["--pairs", small_corpus / "train.tsv", "--valid-pairs", small_corpus / "valid.tsv", "--device", "cpu"]
    common = options(QUICK | settings | {"batch_tokens": 64, "max_steps": 13})
    for name, steps in (("straight", 13), ("halted", 9)):
        outcome = run("train", *files, "--out", tmp_path / name, *common, "--max-steps", steps)
        assert outcome.status == 0, outcome.err
    assert ("nothing of it is kept" in outcome.err) == ("stream" in settings)
    for epoch in range(2):  # the second is not read to its end
        assert (f"epoch {epoch} of the stream: 60 pairs read; dropped: none" in outcome.err) == ("stream" in settings)
    assert run("train", "--out", tmp_path / "halted", "--resume", "--max-steps", 13, "--device", "cpu").status == 0
    states = [tmp_path / name / "checkpoints/step-000013/training_state.safetensors" for name in ("halted", "straight")]
    assert load_file(states[0]).keys() == load_file(states[1]).keys()
    assert states[0].read_bytes() == states[1].read_bytes()
