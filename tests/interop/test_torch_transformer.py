"""The state dict of torch.nn.Transformer, run by the file that is exported with it, and read again."""

import subprocess
import sys

import pytest
import torch
from safetensors.torch import load_file

from glassformer.errors import InputError, UsageError
from glassformer.interop import export_model, import_model
from glassformer.translator import Translator
from tests.interop.models import ENGLISH, translator, weights

MODELS = {
    "the paper's": ("joint", {}),
    "pre-norm, gelu, targets": ("targets", {"norm_position": "pre", "activation": "gelu", "positions": "learned"}),
    "two vocabularies, not tied": ("separate", {"tie_embeddings": False, "output_bias": True, "final_norm": True}),
    "halves, silu, unscaled": ("joint", {"position_layout": "halves", "activation": "silu", "embedding_scale": False}),
}


@pytest.mark.parametrize("name", MODELS)
def test_it_says_the_same_and_comes_back_bit_for_bit(name, tmp_path):
    kind, options = MODELS[name]
    ours = translator(kind, **options)
    proof = export_model(ours, "torch", tmp_path / "out", sentences=ENGLISH[:6])
    assert proof.startswith("proven by torch.nn.Transformer") and "on 6 sentences" in proof
    import_model(tmp_path / "out", tmp_path / "back")
    back = Translator.load(tmp_path / "back")
    assert back.model.config == ours.model.config
    assert weights(back).keys() == weights(ours).keys()
    assert all(torch.equal(weight, weights(back)[key]) for key, weight in weights(ours).items())
    assert [one.to_bytes() for one in back.tokenizers] == [one.to_bytes() for one in ours.tokenizers]


def test_its_names_are_torchs(tmp_path):
    """The state dict is that of an nn.Transformer of this shape, name for name."""
    ours = translator(norm_position="pre")
    export_model(ours, "torch", tmp_path / "out", sentences=ENGLISH[:1])
    theirs = torch.nn.Transformer(32, 4, 2, 1, 48, batch_first=True).state_dict()
    found = load_file(tmp_path / "out/model.safetensors")
    assert {name.removeprefix("transformer.") for name in found if name.startswith("transformer.")} == set(theirs)


def test_the_file_runs_alone(tmp_path):
    """`python run.py SENTENCE` prints what glassformer translates; what only looks like a target is text."""
    ours = translator("targets")
    export_model(ours, "torch", tmp_path / "out", sentences=ENGLISH[:1])
    command = [sys.executable, "-I", tmp_path / "out/run.py", f"<2de> {ENGLISH[0]}", "<2", "<2 the cat"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said = ours.translate(ENGLISH[:1], beam=1, max_length=40, to="de")[0].text
    assert done.stdout.startswith(said + "\n") and said and len(done.stdout.splitlines()) == 3


@pytest.mark.parametrize(
    "options", [{"positions": "rotary"}, {"norm": "rmsnorm"}, {"activation": "swiglu"}, {"bias": False}]
)
def test_what_it_does_not_hold_is_refused_by_name(options, tmp_path):
    name, value = next(iter(options.items()))
    with pytest.raises(UsageError, match=f"{name} = {value}"):
        export_model(translator(**options), "torch", tmp_path / "out")


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("config.json", (b'"d_ff": 48', b'"d_ff": 64'), "linear1.*makes it"),
        ("config.json", (b'"d_ff": 48', b'"d_fff": 48'), "unknown config key 'd_fff'"),
        ("config.json", (b'"vocab_size": 320', b'"vocab_size": 321'), "makes it"),
        ("config.json", (b'"encoder_layers": 2', b'"encoder_layers": 1'), "has no place"),
        ("target.spm", (b"<unk>", b"<nuk>"), "target.spm"),
    ],
)
def test_what_is_broken_is_one_clear_line(name, change, says, tmp_path):
    export_model(translator(), "torch", tmp_path / "in", sentences=ENGLISH[:1])
    file = tmp_path / "in" / name
    assert change[0] in file.read_bytes()
    file.write_bytes(file.read_bytes().replace(*change))
    with pytest.raises(InputError, match=says):
        import_model(tmp_path / "in", tmp_path / "out")
