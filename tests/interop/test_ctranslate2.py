"""CTranslate2's format, held to CTranslate2 itself where it is installed."""

import json

import numpy as np
import pytest
import torch

from glassformer.errors import InputError, UsageError
from glassformer.interop import ctranslate2, export_model
from glassformer.interop.tables import shapes_of
from glassformer.model.quantization import quantize_weights
from glassformer.model_directory import open_model, write_quantized
from glassformer.translator import Translator
from tests.interop.models import ENGLISH, translator, weights

needed = "needs pip install 'glassformer[ctranslate2]'"

MODELS = {
    "the paper's": ("joint", {}),
    "pre-norm, rotary": ("targets", {"norm_position": "pre", "positions": "rotary"}),
    "learned positions, own output": ("joint", {"positions": "learned", "tie_embeddings": False, "output_bias": True}),
    "two vocabularies, halves": ("separate", {"position_layout": "halves", "activation": "gelu"}),
    "rms, swiglu, no biases": ("joint", {"norm": "rmsnorm", "activation": "swiglu", "bias": False}),
    "shared heads, geglu": ("joint", {"num_kv_heads": 2, "activation": "geglu", "embedding_scale": False}),
    "one key-value head, reglu": ("joint", {"num_kv_heads": 1, "activation": "reglu", "norm_position": "pre"}),
    "post-norm with a final one": ("joint", {"final_norm": True, "activation": "silu", "norm_eps": 1e-3}),
    "pre-norm without a final one": ("joint", {"norm_position": "pre", "final_norm": False}),
    "starts from <pad>": ("separate", {"decoder_start_id": 0, "tie_embeddings": False, "positions": "rotary"}),
}


@pytest.mark.parametrize("name", MODELS)
def test_ctranslate2_says_the_same(name, tmp_path):
    """Greedy translations token for token and log-probabilities to 1e-5: `export` itself refuses anything else."""
    pytest.importorskip("ctranslate2", reason=needed)
    kind, options = MODELS[name]
    proof = export_model(translator(kind, **options), "ctranslate2", tmp_path / "out", sentences=ENGLISH[:12])
    assert proof.startswith("proven by ctranslate2 4") and "on 12 sentences" in proof


def test_int8_is_smaller_and_leaves_the_model_alone(tmp_path):
    """Its quantisation writes into the arrays that it is given; ours are copies."""
    pytest.importorskip("ctranslate2", reason=needed)
    ours = translator(d_model=128, d_ff=512)
    before = {name: weight.clone() for name, weight in weights(ours).items()}
    for int8 in (False, True):
        (tmp_path / str(int8)).mkdir()
        ctranslate2.write(ours, tmp_path / str(int8), int8)
    sizes = [(tmp_path / str(int8) / "model.bin").stat().st_size for int8 in (False, True)]
    assert sizes[1] < 0.3 * sizes[0]
    assert all(torch.equal(before[name], weight) for name, weight in weights(ours).items())


def test_the_next_tokens_of_a_float32_model_are_its_greedy_ones(tmp_path):
    """int8 is judged token by token after our own; where nothing is rounded, both ways give the same."""
    pytest.importorskip("ctranslate2", reason=needed)
    ours = translator()
    ctranslate2.write(ours, tmp_path)
    engine = ctranslate2.CTranslate2Engine(tmp_path)
    sources = engine.source_ids(ENGLISH[:5], None)
    greedy = engine.greedy(sources, 20)
    assert engine.next_tokens(sources, greedy) == greedy


@pytest.mark.parametrize("name", MODELS)
def test_every_parameter_has_its_place(name):
    kind, options = MODELS[name]
    config = translator(kind, **options).model.config
    named = {one for names in ctranslate2.table(config).values() for one in names}
    positions = {one for one in shapes_of(config) if one.endswith("table_PD")}
    assert named | positions == set(shapes_of(config))


def test_the_files(tmp_path):
    """The vocabulary is in the order of our ids, and `</s>` is added to the source there."""
    pytest.importorskip("ctranslate2", reason=needed)
    ours = translator("targets")
    ctranslate2.write(ours, tmp_path)
    assert json.loads((tmp_path / "shared_vocabulary.json").read_text()) == ours.target_tokenizer.pieces
    config = json.loads((tmp_path / "config.json").read_text())
    assert config["add_source_eos"] and config["decoder_start_token"] == "<s>"
    assert (tmp_path / "source.spm").read_bytes() == ours.source_tokenizer.to_bytes()


def test_a_quantised_model_is_refused(tmp_path):
    translator().save(tmp_path / "floats")
    stored, quantised = open_model(tmp_path / "floats"), tmp_path / "integers"
    quantised.mkdir()
    write_quantized(quantised, stored, quantize_weights(stored.weights()), stored.card)  # whose card does not say so
    with pytest.raises(InputError, match="integers: was quantised; an export needs the model that it was made from"):
        export_model(Translator.load(quantised), "hf", tmp_path / "out")


def test_int8_is_ctranslate2s(tmp_path):
    with pytest.raises(UsageError, match="--int8 is for ctranslate2"):
        export_model(translator(), "hf", tmp_path / "out", int8=True)


def test_positions_beyond_the_model_are_its_own_sinusoids(tmp_path):
    """Of Argos's packages: the same exponent and first position, so that the rows that the model has stay its own."""
    pytest.importorskip("ctranslate2", reason=needed)
    shape = {"position_layout": "halves", "position_exponent": "tensor2tensor", "first_position": 2}
    ours = translator(**shape)
    spec = ctranslate2._specification(ours.model, ctranslate2.LONGEST)
    for embedding, side, length in (
        (ours.model.source_embedding, spec.encoder, 1024),
        (ours.model.target_embedding, spec.decoder, 256),
    ):
        table_PD = side.position_encodings.encodings
        assert len(table_PD) == length
        np.testing.assert_array_equal(table_PD[:40], embedding.position.table_PD.numpy())
