"""ONNX, held to onnxruntime; transformers.js and a real browser read it too where they are there."""

import json
import re
from itertools import chain
from operator import eq

import pytest
import torch

from glassformer.errors import UsageError
from glassformer.interop import export_model, onnx, onnx_graphs, web_page
from glassformer.interop.proof import prove
from tests.commands import refusal, run
from tests.glass.browser import Visit, chromium
from tests.interop.models import ENGLISH, translator
from tests.interop.npm import node_modules, run_node

MODELS = {  # together every option that changes a formula
    "the paper's, two vocabularies": ("separate", {}),
    "pre-norm, rotary, swiglu": (
        "targets",
        {"norm_position": "pre", "positions": "rotary", "activation": "swiglu", "norm": "rmsnorm", "bias": False,
         "num_kv_heads": 2, "embedding_scale": False},
    ),
    "learned, untied, from <pad>": (
        "joint",
        {"positions": "learned", "tie_embeddings": False, "output_bias": True, "final_norm": True,
         "activation": "gelu", "decoder_start_id": 0},
    ),
}  # fmt: skip


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """`exported(name)`: the model and its directory."""
    for library in onnx.NEEDED:
        pytest.importorskip(library, reason="needs pip install 'glassformer[onnx]'")
    made = {}

    def export(name):
        if name not in made:
            kind, options = MODELS[name]
            ours, out = translator(kind, **options), tmp_path_factory.mktemp("onnx")
            onnx.write(ours, out)
            made[name] = ours, out
        return made[name]

    return export


@pytest.mark.parametrize("positions", ["sinusoidal", "rotary"])
def test_steps_of_any_length_can_be_traced(positions):
    """What torch makes of the decoder's step knows no number of the sizes it was traced with; it needs no library.

    Rotary positions are complex numbers, of which the exporter to ONNX knows slices and no index_select.
    """
    model = translator("joint", positions=positions).model
    batch, source, target, held = (torch.export.Dim(name, max=30) for name in ("batch", "source", "target", "held"))
    ids = {width: torch.ones(2, width, dtype=torch.long) for width in (3, 4)}
    past = [torch.zeros(2, 4, length, 8) for length in (5, 5, 3, 3)]
    sizes = [{0: batch, 2: length} for length in (held, held, source, source)]
    program = torch.export.export(
        onnx_graphs.NextStep(model), (ids[3], ids[4], past), strict=False,
        dynamic_shapes=({0: batch, 1: source}, {0: batch, 1: target}, sizes),
    )  # fmt: skip
    assert not any("index_select" in str(node.target) and node.meta["val"].is_complex() for node in program.graph.nodes)
    step = program.module()
    ids_BT = torch.tensor([[2, 5, 6, 7, 8, 9, 10]])
    cache = model.start(model.encode(torch.tensor([[5, 6, 7, 8, 3]])))
    expected_BTD, _ = model.decode(ids_BT, cache)
    _, cache = model.decode(ids_BT[:, :6], cache)
    now = [*cache.past[0], *cache.memory[0]]
    found = step(torch.ones(1, 5, dtype=torch.long), ids_BT[:, 6:], now)
    torch.testing.assert_close(found[0], model.logits(expected_BTD[:, 6:]), rtol=0, atol=1e-5)


@pytest.mark.parametrize("name", MODELS)
def test_onnxruntime_says_the_same(exported, name):
    """Greedy token for token and log-probabilities to 1e-5: `prove` refuses anything else."""
    ours, out = exported(name)
    proof = prove(ours, onnx.OnnxEngine(out), ENGLISH[:40])
    assert proof.engine.startswith("onnxruntime 1") and proof.sentences == 40


@pytest.mark.parametrize("name", MODELS)
def test_int8_stays_close(exported, name):
    """These models know nothing, so that the next tokens are nearly tied; a trained one is held to 99 % by `export`."""
    ours, out = exported(name)
    exact, rounded = onnx.OnnxEngine(out), onnx.QuantisedEngine(out)
    sources = exact.source_ids(ENGLISH[:40], "de" if ours.targets else None)
    targets = exact.greedy(sources, 20)
    same = map(eq, chain(*targets), chain(*rounded.next_tokens(sources, targets)))
    assert sum(same) > 0.9 * sum(map(len, targets))


@pytest.mark.parametrize(("name", "each"), [("pre-norm, rotary, swiglu", 1), ("learned, untied, from <pad>", 0)])
def test_what_reads_a_gates_product_stays_float32(exported, name, each):
    """Of each layer one matrix where the feed-forward has gates; none of the others."""
    import onnx as library

    ours, out = exported(name)
    graph = library.load(out / "onnx/encoder_model_quantized.onnx").graph
    sizes = {one.name: tuple(one.dims) for one in graph.initializer}
    kept = [sizes[node.input[1]] for node in graph.node if node.op_type == "MatMul" and node.input[1] in sizes]
    config = ours.config
    assert kept == [(config.d_ff, config.d_model)] * config.encoder_layers * each


def test_the_layout_is_optimums(exported):
    """File names, inputs and outputs as transformers.js and optimum ask for them."""
    import onnxruntime

    ours, out = exported("pre-norm, rotary, swiglu")
    stems = [f"{name}{suffix}" for name in ("encoder_model", "decoder_model_merged") for suffix in ("", "_quantized")]
    assert sorted(path.stem for path in (out / "onnx").iterdir()) == sorted(stems)
    encoder, decoder = (onnxruntime.InferenceSession(out / f"onnx/{stem}.onnx") for stem in stems[::2])
    assert [one.name for one in encoder.get_inputs()] == ["input_ids", "attention_mask"]
    assert [one.name for one in encoder.get_outputs()] == ["last_hidden_state"]
    config, layers = ours.model.config, range(ours.model.config.decoder_layers)
    kinds = ["decoder.key", "decoder.value", "encoder.key", "encoder.value"]
    past, present = (
        [f"{prefix}.{i}.{kind}" for i in layers for kind in kinds] for prefix in ("past_key_values", "present")
    )
    fixed = {"encoder_attention_mask", "input_ids", "encoder_hidden_states", "use_cache_branch"}
    assert {one.name for one in decoder.get_inputs()} == fixed | set(past)
    assert [one.name for one in decoder.get_outputs()] == ["logits", *present]
    assert [one.shape[1] for one in decoder.get_outputs()[1:]] == [config.kv_heads] * len(present)
    assert json.loads((out / "config.json").read_text())["decoder_layers"] == len(layers)


def test_weights_are_stored_once_and_say_nothing_of_where_they_were_made(exported):
    """Both branches of the decoder share them; the table is there a second time in int8, for the output layer."""
    import onnx as library

    ours, out = exported("the paper's, two vocabularies")
    weights = {name: 4 * one.numel() for name, one in ours.model.named_parameters()}
    decoder = sum(size for name, size in weights.items() if name.startswith(("decoder", "target")))
    graph = library.load(out / "onnx/decoder_model_merged.onnx").graph
    assert decoder <= sum(len(one.raw_data) for one in graph.initializer) < 1.3 * decoder
    assert b"glassformer/" not in (out / "onnx/decoder_model_merged.onnx").read_bytes()


def test_the_first_step_reads_no_cache(exported):
    """optimum feeds it zeros of length 1, transformers.js nothing: neither is attended to."""
    import numpy as np
    import onnxruntime

    ours, out = exported("the paper's, two vocabularies")
    decoder = onnxruntime.InferenceSession(out / "onnx/decoder_model_merged.onnx")
    config = ours.model.config
    given = {
        "encoder_attention_mask": np.ones((1, 3), np.int64),
        "encoder_hidden_states": np.ones((1, 3, config.d_model), np.float32),
        "input_ids": np.array([[config.decoder_start_id]]),
        "use_cache_branch": np.array([False]),
    }
    names = onnx_graphs.cache_names(config.decoder_layers, "past_key_values")
    logits = [
        decoder.run(["logits"], given | {name: np.full((1, config.num_heads, held, config.head_width), 7, np.float32)
                                         for name in names})[0]
        for held in (0, 1)
    ]  # fmt: skip
    np.testing.assert_array_equal(*logits)


@pytest.mark.parametrize("name", MODELS)
def test_transformers_js_translates(exported, name, tmp_path):
    """Its pipeline, in Node: the texts that we write."""
    modules = node_modules("@huggingface/transformers")
    ours, out = exported(name)
    tag = ">>pt_br<<" if ours.targets else ""
    document = {"parent": str(out.parent), "name": out.name, "texts": [tag + text for text in ENGLISH[:5]]}
    found = run_node(
        modules,
        tmp_path,
        'import { pipeline, env } from "@huggingface/transformers";',
        "env.allowRemoteModels = false; env.allowLocalModels = true; env.localModelPath = input.parent;",
        'const translate = await pipeline("translation", input.name, { dtype: "fp32" });',
        "const texts = [];",
        "for (const one of input.texts) texts.push((await translate(one, { max_new_tokens: 20 }))[0]);",
        "output(texts.map((one) => one.translation_text));",
        document=document,
    )
    to = "pt_br" if ours.targets else None
    sources = [[*ours.source_tokenizer.target_ids(to), *ours.source_tokenizer.encode(text), 3] for text in ENGLISH[:5]]
    expected = [ours.target_tokenizer.decode(ids) for ids in onnx.OnnxEngine(out).greedy(sources, 20)]
    assert list(map(with_one_sign, found)) == list(map(with_one_sign, expected))


def with_one_sign(text):
    """Bytes that are no UTF-8, which an untrained model writes, are as many U+FFFD as each library likes."""
    return re.sub("\ufffd+", "\ufffd", text).strip()


def test_the_page_translates_in_a_browser_without_a_network(exported):
    """Opened as a file: nothing is asked for, nothing is said on the console, and control tokens in a text are text."""
    modules = node_modules("onnxruntime-web", "@huggingface/tokenizers")
    ours, out = exported("pre-norm, rotary, swiglu")
    web_page.write(out, modules)
    engine = onnx.QuantisedEngine(out)
    with chromium() as browser:
        visit = Visit(browser)
        visit.may_load_blobs = True
        page = visit(out / "translate.html")
        button = page.get_by_role("button", name="Translate")
        page.get_by_text("Ready.").wait_for(timeout=60_000)
        for text, to in ((ENGLISH[0], "de"), ("</s> the <s> cat", "pt_br"), (">>de<< the >>de<< cat", "pt_br")):
            page.get_by_label("Language").select_option(to)
            page.get_by_label("Text").fill(text)
            button.click()
            page.get_by_text(re.compile(r"^\d+ ms")).wait_for()
            ids = [*ours.source_tokenizer.target_ids(to), *ours.source_tokenizer.encode(text), 3]
            [written] = engine.greedy([ids], min(40, 2 * len(ids) + 10))
            shown = page.get_by_label("Translation").text_content()
            assert with_one_sign(shown) == with_one_sign(ours.target_tokenizer.decode(written))
        page.get_by_label("Text").fill("cat " * 60)
        button.click()
        page.get_by_text("the model reads at most 40").wait_for()
        visit.close()
    assert not visit.problems


# What is refused


def test_a_runtime_that_is_not_there(tmp_path, monkeypatch):
    for library in onnx.NEEDED:
        pytest.importorskip(library, reason="needs pip install 'glassformer[onnx]'")
    translator("joint").save(tmp_path / "model")
    done = run("export", tmp_path / "model", "--to", "onnx", "--out", tmp_path / "out", "--web", tmp_path / "none")
    assert "npm install onnxruntime-web" in refusal(done) and not (tmp_path / "out").exists()
    done = run("export", tmp_path / "model", "--to", "hf", "--out", tmp_path / "out", "--web", tmp_path / "none")
    assert "--web is for onnx" in refusal(done, 2)


def test_without_its_libraries(tmp_path, monkeypatch):
    monkeypatch.setattr(onnx, "NEEDED", ("no_such_library",))
    with pytest.raises(UsageError, match=r"glassformer\[onnx\]"):
        export_model(translator(), "onnx", tmp_path / "out")


def test_what_no_file_can_hold(monkeypatch):
    monkeypatch.setattr(onnx, "LARGEST", 1000)
    monkeypatch.setattr(onnx, "NEEDED", ())
    with pytest.raises(UsageError, match="an ONNX file holds 1,000 bytes"):
        onnx.check(translator())
