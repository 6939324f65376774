"""`--extend-vocabulary`: pieces of new text, with the mean row of those that they replace."""

import dataclasses

import pytest
import torch

from glassformer.data.config import DataConfig
from glassformer.errors import InputError, UsageError
from glassformer.interop import marian_archive
from glassformer.special import UNK
from glassformer.training.run.extending import extend, new_pieces
from glassformer.training.train import train
from glassformer.translator import Translator
from tests.interop.models import ENGLISH, GERMAN, translator
from tests.interop.test_marian_archive import FOLDER

HINDI = ["हम दोस्त हैं", "वह दोस्त है", "हम घर में हैं", "वह घर में है", "दोस्त घर में हैं"]


def pairs(tmp_path, sources, targets):
    path = tmp_path / "pairs.tsv"
    path.write_text("".join(f"{source}\t{target}\n" for source, target in zip(sources, targets, strict=True)))
    return DataConfig(pairs=(str(path),), valid_pairs=(str(path),), store=str(tmp_path / "store"))


@pytest.fixture(scope="module", params=["joint", "separate", "targets"])
def ours(request, tmp_path_factory):
    out = tmp_path_factory.mktemp("model") / "out"
    made = translator(request.param, output_bias=True, tie_embeddings=request.param != "separate")
    made.save(out)
    return out


def extended(origin, tmp_path, most=30):
    texts = [f"{english} " for english in ENGLISH[:50]]
    data = pairs(tmp_path, texts, (HINDI * 10)[:50])
    (tmp_path / "valid.tsv").write_text("a cat\tदोस्त\n")
    data = dataclasses.replace(data, valid_pairs=(str(tmp_path / "valid.tsv"),))
    extend(origin, data, most, 1, tmp_path / "start")
    return Translator.load(origin), Translator.load(tmp_path / "start"), data


def test_what_was_there_stays(ours, tmp_path):
    """Ids, rows and English splits are those of before; logits of the old pieces too."""
    old, new, _ = extended(ours, tmp_path)
    assert new.target_tokenizer.pieces[: old.target_tokenizer.vocab_size] == old.target_tokenizer.pieces
    assert new.target_tokenizer.vocab_size > old.target_tokenizer.vocab_size
    source, target = torch.tensor([[5, 9, 70, 3]]), torch.tensor([[2, 8, 61]])
    size = old.config.vocab_size
    torch.testing.assert_close(new.model(source, target)[..., :size], old.model(source, target), rtol=0, atol=1e-5)


def test_new_text_is_split_into_new_pieces(ours, tmp_path):
    old, new, _ = extended(ours, tmp_path)
    before, after = (len(one.target_tokenizer.encode(HINDI[0])) for one in (old, new))
    assert after < before / 3
    assert new.target_tokenizer.decode(new.target_tokenizer.encode(HINDI[0])) == HINDI[0]
    tokens = new.target_tokenizer.tokens(HINDI[0])
    assert HINDI[0] == "".join(HINDI[0][one.start : one.end] for one in tokens)


def test_a_row_is_the_mean_of_those_it_replaces(ours, tmp_path):
    old, new, _ = extended(ours, tmp_path)
    size = old.target_tokenizer.vocab_size
    for name in ("target_embedding.token.weight", "generator.weight", "generator.bias"):
        before, after = (one.model.get_parameter(name) for one in (old, new))
        for row, piece in enumerate(new.target_tokenizer.pieces[size:], start=size):
            spelt = old.target_tokenizer.encode(piece.replace("▁", " ").strip())
            spelt = spelt[1:] if old.target_tokenizer.piece(spelt[0]) == "▁" and piece[0] != "▁" else spelt
            torch.testing.assert_close(after[row], before[spelt].mean(0), rtol=0, atol=1e-6)


def test_no_more_than_was_asked_for(ours, tmp_path):
    old, new, data = extended(ours, tmp_path, most=3)
    assert new.target_tokenizer.vocab_size == old.target_tokenizer.vocab_size + 3
    assert new.card["extended"]["pieces"] >= 3
    found = new_pieces(old.target_tokenizer, HINDI * 4, data, 99)
    assert 3 < len(found) < 99
    assert new_pieces(old.target_tokenizer.extended(found), HINDI * 4, data, 99) == []


def test_an_imported_model_learns_what_it_could_not_read(tmp_path):
    """Hindi is `<unk>` to it; a fine-tuned one with more pieces reads and writes it."""
    origin = tmp_path / "model"
    marian_archive.read(FOLDER / "words").save(origin)
    assert set(Translator.load(origin).target_tokenizer.encode(HINDI[0])) == {UNK}
    old, new, _ = extended(origin, tmp_path)
    assert UNK not in new.target_tokenizer.encode(HINDI[0])
    assert (new.model.generator.bias[:3] == old.model.generator.bias[:3]).all()


def test_training_begins_with_the_extended_model(tmp_path):
    """Through `train`: an imported model, in its own shape but for the pieces."""
    origin = tmp_path / "model"
    marian_archive.read(FOLDER / "words").save(origin)
    data = pairs(tmp_path, (ENGLISH * 2)[:40], (HINDI * 8)[:40])
    (tmp_path / "valid.tsv").write_text(f"{ENGLISH[60]}\t{HINDI[0]}\n")
    settings = {
        "pairs": list(data.pairs), "valid_pairs": [str(tmp_path / "valid.tsv")], "store": data.store, "max_steps": 3,
        "start_from": str(origin), "drop": [],
    }  # fmt: skip
    tuned = train(tmp_path / "run", device="cpu", extend_vocabulary=20, **settings)
    assert tuned.config.vocab_size > Translator.load(origin).config.vocab_size
    assert tuned.card["start_from"] == str(tmp_path / "run/start")
    assert tuned.config.position_exponent == "tensor2tensor"
    plain = train(tmp_path / "plain", device="cpu", **settings)
    assert plain.config.vocab_size == Translator.load(origin).config.vocab_size


def test_what_makes_no_sense_is_refused(ours, tmp_path):
    data = pairs(tmp_path, ENGLISH[:20], GERMAN[:20])
    with pytest.raises(UsageError, match="at least 1"):
        extend(ours, data, 0, 1, tmp_path / "start")
    (tmp_path / "valid.tsv").write_text("a cat\teine katze\n")
    settings = {"pairs": list(data.pairs), "valid_pairs": [str(tmp_path / "valid.tsv")], "store": data.store}
    with pytest.raises(UsageError, match="name it with --from"):
        train(tmp_path / "run", device="cpu", extend_vocabulary=20, **settings)
    same = dataclasses.replace(data, valid_pairs=(str(tmp_path / "valid.tsv"),))
    (tmp_path / "pairs.tsv").write_text("a\tb\nc\td\n")  # nothing comes twice
    with pytest.raises(InputError, match="leave it out"):
        extend(ours, same, 5, 1, tmp_path / "start")
