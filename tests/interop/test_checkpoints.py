"""fairseq and JoeyNMT checkpoints: files made here under their names, and what is wrong with files.

Their own programs read the same files in test_other_programs.py, where they are installed.
"""

import argparse
import json
import re
import shutil

import pytest
import torch
import yaml

from glassformer.errors import InputError
from glassformer.interop import fairseq, import_model, joeynmt, marian
from glassformer.model import ModelConfig, Transformer
from glassformer.translator import Translator
from tests.commands import refusal, run
from tests.interop.models import ENGLISH, WORDS_DE, WORDS_EN, disturb

WORDS = sorted(set(WORDS_EN.split())), sorted(set(WORDS_DE.split()))
SHAPE = {"d_model": 32, "num_heads": 4, "encoder_layers": 2, "decoder_layers": 1, "d_ff": 48}


def model(**options):
    torch.manual_seed(1)
    sizes = {"vocab_size": len(WORDS[1]) + 4, "source_vocab_size": len(WORDS[0]) + 4}
    made = Transformer(ModelConfig(**sizes | SHAPE | options)).eval()
    disturb(made)
    return made


def joey(directory):
    """A directory as JoeyNMT writes one; its model in our modules, with its ids."""
    directory.mkdir()
    made = model(norm_position="pre", norm_eps=1e-6, max_length=5000, tie_embeddings=False)
    bias_D = made.decoder_norm.bias.detach()
    made.generator.weight.data[3] += 3 * bias_D / bias_D.square().sum()  # logit of `</s>` + 3: some sentences end
    state = {theirs: made.get_parameter(ours).detach() for theirs, (ours,) in joeynmt.table(made.config).items()}
    torch.save({"steps": 3, "model_state": state, "best_ckpt_score": 1.5}, directory / "best.ckpt")
    for name, words in zip(joeynmt.VOCABULARIES, WORDS, strict=True):
        (directory / name).write_text("\n".join(["<unk>", "<pad>", "<s>", "</s>", *words]) + "\n")
    side = {"type": "transformer", "num_heads": 4, "hidden_size": 32, "ff_size": 48, "layer_norm": "pre"}
    sides = {
        "encoder": side | {"num_layers": 2, "embeddings": {"scale": True}},
        "decoder": side | {"num_layers": 1, "embeddings": {"scale": True}},
    }
    (directory / "config.yaml").write_text(yaml.safe_dump(json.loads(json.dumps({"model": sides}))))
    return made, {"start": 2, "end": 3, "first": 4}


def fair(directory, **changes):
    """A checkpoint as fairseq writes one."""
    directory.mkdir(exist_ok=True)
    made = model(position_layout="halves", position_exponent="tensor2tensor", first_position=2, max_length=60)
    names = marian.table(made.config).items()
    state = {theirs.removeprefix("model."): made.get_parameter(ours).detach() for theirs, (ours,) in names}
    state["decoder.output_projection.weight"] = state["decoder.embed_tokens.weight"]
    state |= {"encoder.version": torch.tensor([3.0]), "encoder.embed_positions._float_tensor": torch.zeros(1)}
    sides = {
        f"{side}_{name}": value
        for side in ("encoder", "decoder")
        for name, value in (
            ("embed_dim", 32), ("ffn_embed_dim", 48), ("attention_heads", 4), ("normalize_before", False),
            ("learned_pos", False),
        )
    }  # fmt: skip
    options = sides | {
        "encoder_layers": 2, "decoder_layers": 1, "source_lang": "en", "target_lang": "de", "max_source_positions": 60,
        "max_target_positions": 60, "share_decoder_input_output_embed": True,
    } | changes  # fmt: skip
    torch.save(
        {"args": argparse.Namespace(**options), "model": state, "extra_state": {"epoch": 1}}, directory / "best.pt"
    )
    for name, words in zip(("en", "de"), WORDS, strict=True):
        (directory / f"dict.{name}.txt").write_text("".join(f"{word} 9\n" for word in words))
    return made, {"start": 2, "end": 2, "first": 4}


@pytest.mark.parametrize("make", [joey, fair])
def test_it_computes_what_its_weights_do(make, tmp_path):
    """Ids are the places in their lists, and the logits of the same words are the same."""
    made, ids = make(tmp_path / "in")
    import_model(tmp_path / "in", tmp_path / "out")
    ours = Translator.load(tmp_path / "out")
    assert ours.card["imported"] == {joey: joeynmt.KIND, fair: fairseq.KIND}[make]
    words = ENGLISH[0].split()
    source = torch.tensor([[*(WORDS[0].index(one) + ids["first"] for one in words), ids["end"]]])
    target = torch.tensor([[ids["start"], 7, 11]])
    expected = made(source, target)
    pieces = ours.target_tokenizer.pieces
    read = [ours.config.decoder_start_id, *(pieces.index(f"▁{WORDS[1][one - 4]}") for one in (7, 11))]
    found = ours.model(torch.tensor(ours.source_ids(ENGLISH[:1])), torch.tensor([read]))
    columns = [pieces.index(f"▁{word}") for word in WORDS[1]]
    torch.testing.assert_close(found[..., columns], expected[..., 4:], rtol=0, atol=1e-5)


class Trap:
    """What a pickle could do when it is read."""

    def __reduce__(self):
        return (exit, ("a pickle was run",))


def settings(**changes):
    def change(path):
        values = yaml.safe_load(path.read_text())
        for side in values["model"].values():
            side |= changes
        path.write_text(yaml.safe_dump(json.loads(json.dumps(values))))

    return change


def tensor(name, value):
    """A checkpoint of fairseq's with this in its model."""

    def change(path):
        values = torch.load(path, weights_only=False)
        values["model"][name] = value
        torch.save(values, path)

    return change


@pytest.mark.parametrize(
    ("make", "name", "change", "says"),
    [
        (joey, "best.ckpt", lambda path: path.write_bytes(path.read_bytes()[:99]), "or is truncated"),
        (joey, "best.ckpt", lambda path: torch.save({"trap": Trap()}, path), "might run code"),
        (joey, "best.ckpt", lambda path: torch.save({"steps": 1}, path), "no checkpoint of JoeyNMT's"),
        (joey, "config.yaml", settings(alpha=0.5), "alpha = 0.5 is not supported"),
        (joey, "config.yaml", settings(layer_norm=None), "layer_norm must be given"),
        (joey, "config.yaml", settings(num_layers=3), "is missing"),
        (joey, "config.yaml", settings(num_heads=10**9), "num_heads = 1000000000"),
        (joey, "src_vocab.txt", lambda path: path.unlink(), "src_vocab.txt: missing"),
        (joey, "src_vocab.txt", lambda path: path.write_text(path.read_text().replace("<unk>", "unk")), "has no <unk>"),
        (joey, "trg_vocab.txt", lambda path: path.write_text("a\na\n"), "makes it|twice"),
        (fair, "best.pt", lambda path: path.write_bytes(b""), "or is truncated"),
        (fair, "best.pt", lambda path: torch.save({"args": Trap()}, path), "might run code"),
        (fair, "best.pt", lambda path: torch.save({"model": {}}, path), "has no options of a model"),
        (fair, "best.pt", lambda path: fair(path.parent, decoder_normalize_before=True), "normalize_before differ"),
        (fair, "best.pt", lambda path: fair(path.parent, activation_fn="tanh"), "activation_fn = 'tanh'"),
        (fair, "best.pt", lambda path: fair(path.parent, adaptive_softmax_cutoff="9"), "adaptive_softmax_cutoff"),
        (fair, "best.pt", lambda path: fair(path.parent, target_lang="../x"), r"'\.\./x' is no name of a language"),
        (fair, "best.pt", lambda path: fair(path.parent, target_lang="a\nb"), r"'a\\nb' is no name of a language"),
        (fair, "best.pt", tensor(5, torch.zeros(1)), "has no model with tensors"),
        (
            fair,
            "best.pt",
            tensor("encoder.layers.0.fc1.bias", torch.zeros(48).to_sparse()),
            "_rebuild_sparse_tensor",
        ),
        (fair, "best.pt", tensor("encoder.layers.0.fc1.bias", torch.zeros(48, device="meta")), "_rebuild_meta_tensor"),
        (fair, "dict.de.txt", lambda path: path.unlink(), r"dict\.de\.txt: missing"),
        (fair, "dict.de.txt", lambda path: path.write_text(path.read_text() + "more 1\n"), "makes it"),
    ],
)
def test_what_is_broken_is_one_clear_line(make, name, change, says, tmp_path):
    make(tmp_path / "in")
    (tmp_path / "in" / "dict.xx.txt").touch()
    change(tmp_path / "in" / name)
    line = refusal(run("import", tmp_path / "in", "--out", tmp_path / "model"))
    assert re.search(says, line), line
    assert not (tmp_path / "model").exists()


def test_two_checkpoints_want_the_path_of_one(tmp_path):
    fair(tmp_path / "in")
    shutil.copy(tmp_path / "in/best.pt", tmp_path / "in/last.pt")
    assert "give the path of one" in refusal(run("import", tmp_path / "in", "--out", tmp_path / "model"))
    assert run("import", tmp_path / "in/last.pt", "--out", tmp_path / "model").status == 0


def test_a_word_that_no_vocabulary_holds(tmp_path):
    fair(tmp_path / "in")
    path = tmp_path / "in/dict.de.txt"
    path.write_text("x" * 100_000 + " 9\n" + path.read_text().split("\n", 1)[1])
    with pytest.raises(InputError, match="its vocabulary is none that SentencePiece takes"):
        import_model(tmp_path / "in", tmp_path / "out")
    assert not (tmp_path / "out").exists()
