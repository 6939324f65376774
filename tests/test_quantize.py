"""Models of eight-bit integers: what is written, what it costs, and how they translate, from the command line too."""

import json
import shutil
import subprocess
import sys
import tracemalloc

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file

from glassformer.engine.native import library
from glassformer.engine.native.build import LIBRARY
from glassformer.errors import InputError, UsageError
from glassformer.model.config import ModelConfig
from glassformer.model.quantization import Quantized, quantize_rows, quantize_weights
from glassformer.model.shapes import parameter_shapes
from glassformer.model_directory import StoredModel, open_model, resolve
from glassformer.quantize import quantize
from glassformer.text.pairs import Pair
from glassformer.translator import Translator
from tests.commands import refusal, run, write
from tests.letters import letters, write_tsv

needs_library = pytest.mark.skipif(
    not library.instruction_sets(),
    reason="the fast engine's library is not built: python -m glassformer.engine.native.build",
)


@pytest.fixture(scope="module")
def pairs(reversing):
    return [Pair(*pair) for pair in reversing.held_out]


@pytest.fixture(scope="module")
def small(reversing, pairs, tmp_path_factory):
    """The model that reverses letters, in integers, and its cost."""
    out = tmp_path_factory.mktemp("small") / "model"
    return out, quantize(reversing.path, out, pairs, largest_loss=100)


def texts(translator, pairs):
    return [one.text for one in translator.translate([pair.source for pair in pairs])]


def without_library(monkeypatch):
    monkeypatch.setattr(library, "PATH", library.PATH.with_name("none.so"))
    library.load.cache_clear()


@pytest.fixture(autouse=True)
def library_as_it_was():
    yield
    library.load.cache_clear()


def test_its_matrices_are_the_integers_of_the_model(reversing, small):
    stored, exact = open_model(small[0]), open_model(resolve(reversing.path))
    assert stored.is_quantized and not exact.is_quantized
    assert stored.config == exact.config
    integers = dict(stored.weights())
    for name, weight in exact.weights():
        if weight.ndim == 2:
            assert isinstance(integers[name], Quantized)
            for found, expected in zip(integers[name], quantize_rows(weight), strict=True):
                assert np.array_equal(found, expected)
        else:
            assert np.array_equal(integers[name], weight)


def test_parameters_are_read_one_at_a_time(reversing, tmp_path):
    """To round them, so that never all of them are there as floats."""
    config = ModelConfig(vocab_size=300, d_model=64, num_heads=4, d_ff=128, encoder_layers=6, decoder_layers=6)
    arrays = {name: np.ones(shape, dtype=np.float32) for name, shape in parameter_shapes(config).items()}
    save_file(arrays, tmp_path / "model.safetensors")
    stored = StoredModel(tmp_path, config, open_model(resolve(reversing.path)).tokenizers, {})
    tracemalloc.start()
    try:
        quantize_weights(stored.weights())
        assert tracemalloc.get_traced_memory()[1] < sum(array.nbytes for array in arrays.values()) / 2
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("wrong", [np.ones(7, np.float32), np.ones(273, np.int64), np.ones((273, 1), np.float32)])
def test_scales_that_are_not_one_number_for_each_row_are_refused(small, tmp_path, wrong):
    copy = shutil.copytree(small[0], tmp_path / "copy")
    tensors = load_file(copy / "model.safetensors")
    name = "target_embedding.token.weight"
    name = name if name in tensors else "source_embedding.token.weight"
    assert len(tensors[name]) == 273
    save_file(tensors | {f"{name}.scales": wrong}, copy / "model.safetensors")
    (copy / "checksums.json").unlink(missing_ok=True)
    assert f"tensor '{name}" in refusal(run("translate", copy, write(tmp_path / "a", "a b\n")))


def test_it_takes_about_a_quarter_of_the_space(reversing, small):
    sizes = [(resolve(path) / "model.safetensors").stat().st_size for path in (small[0], reversing.path)]
    assert 0.2 < sizes[0] / sizes[1] < 0.5  # of a model so small vectors and names are a good part


def test_its_cost_is_measured_and_kept(reversing, small, pairs):
    """Against both models' own translations."""
    out, cost = small
    exact, integers = (texts(Translator.load(path), pairs) for path in (reversing.path, out))
    assert cost.sentences == len(pairs)
    assert cost.same_sentences == pytest.approx(100 * np.mean(np.array(exact) == np.array(integers)), abs=2.1)
    assert 90 < cost.same_tokens <= 100
    assert json.loads((out / "card.json").read_text())["quantized"]["same_tokens"] == cost.same_tokens
    assert cost.loss == pytest.approx(cost.bleu[0] - cost.bleu[1])


def test_what_costs_too_much_is_not_written(reversing, pairs, tmp_path):
    with pytest.raises(InputError, match=r"BLEU falls from .* by more than -101.*--max-loss"):
        quantize(reversing.path, tmp_path / "out", pairs, largest_loss=-101)
    assert not (tmp_path / "out").exists()


def test_once_is_enough(small, pairs, tmp_path):
    with pytest.raises(InputError, match="quantised already"):
        quantize(small[0], tmp_path / "out", pairs)
    with pytest.raises(UsageError, match="no pairs"):
        quantize(small[0], tmp_path / "out", [])


def test_the_model_itself_is_not_replaced(reversing, pairs, tmp_path):
    model = shutil.copytree(reversing.path / "best", tmp_path / "run/best")
    (tmp_path / "link").symlink_to(model.parent)
    for named in (model, model.parent, tmp_path / "link"):
        with pytest.raises(UsageError, match="is the model itself"):
            quantize(named, model, pairs)


@needs_library
def test_both_engines_translate_it_alike(small, pairs):
    eager, fast = (Translator.load(small[0], engine=name) for name in ("eager", "fast"))
    assert fast.fast.int8 and eager.fast is None
    found = [texts(one, pairs) for one in (eager, fast)]
    assert np.mean(np.array(found[0]) == np.array(found[1])) > 0.95


def test_scores_are_those_of_the_integers(small, pairs):
    translator = Translator.load(small[0])
    [found] = translator.translate([pairs[0].source])
    [scored] = translator.score([pairs[0].source], [found.text], 0.6)
    assert scored.log_prob == pytest.approx(found.log_prob, abs=0.02)


def test_a_damaged_file_is_refused(small, tmp_path):
    damaged = tmp_path / "model"
    damaged.mkdir()
    for path in small[0].iterdir():
        (damaged / path.name).write_bytes(path.read_bytes()[: 3000 if path.suffix == ".safetensors" else None])
    with pytest.raises(InputError, match=r"model.safetensors is truncated or altered"):
        Translator.load(damaged)
    (damaged / "checksums.json").unlink()
    for engine in ("eager", *["fast"] * bool(library.instruction_sets())):
        with pytest.raises(InputError, match="truncated or not a safetensors file"):
            Translator.load(damaged, engine=engine)


MATRIX, VECTOR = "encoder.0.self_attention.query.weight", "encoder.0.self_attention.query.bias"
SCALES = MATRIX + ".scales"
OTHER_SCALES = {
    "too few": lambda file: {SCALES: file[SCALES][1:]},
    "none": lambda file: {SCALES: file[SCALES][:0]},
    "one": lambda file: {SCALES: np.array(file[SCALES][0])},
    "a matrix of them": lambda file: {SCALES: file[SCALES][None]},
    "of float64": lambda file: {SCALES: file[SCALES].astype(np.float64)},
    "of bytes": lambda file: {SCALES: file[SCALES].astype(np.int8)},
    "of no bytes": lambda file: {MATRIX: file[MATRIX].astype(np.float32)},
    "of a vector": lambda file: {VECTOR: file[VECTOR].astype(np.int8), VECTOR + ".scales": file[VECTOR]},
    "of scales": lambda file: {SCALES + ".scales": file[SCALES]},
}


@pytest.mark.parametrize("other", OTHER_SCALES.values(), ids=OTHER_SCALES)
def test_scales_that_are_not_those_of_a_matrix_are_refused(other, small, tmp_path):
    model = shutil.copytree(small[0], tmp_path / "model")
    (model / "checksums.json").unlink()
    file = load_file(model / "model.safetensors")
    save_file(file | other(file), model / "model.safetensors")
    for engine in ("eager", *["fast"] * bool(library.instruction_sets())):
        with pytest.raises(InputError, match=r"tensor '.*' (holds no floating-point numbers, nor|does not belong)"):
            Translator.load(model, engine=engine)


def test_whether_it_is_quantised_is_said_by_its_weights(reversing, small, tmp_path):
    """Not by its card, which may be of another run."""
    floats, integers = (shutil.copytree(resolve(path), tmp_path / path.name) for path in (reversing.path, small[0]))
    for model, other in ((floats, small[0]), (integers, resolve(reversing.path))):
        (model / "checksums.json").unlink()
        shutil.copy(other / "card.json", model)
    Translator.load(floats, engine="eager").require_floats("this")
    with pytest.raises(InputError, match="was quantised; this needs the model that it was made from"):
        Translator.load(integers, engine="eager").require_floats("this")


# The choice


@needs_library
@pytest.mark.parametrize(
    ("engine", "precision", "expected"),
    [
        ("auto", None, ("fast", False)),
        ("auto", "int8", ("fast", True)),
        ("auto", "bfloat16", ("eager", False)),
        ("fast", "float32", ("fast", False)),
        ("eager", "int8", ("eager", False)),
    ],
)
def test_which_engine_is_taken(reversing, pairs, engine, precision, expected):
    translator = Translator.load(
        reversing.path, "auto" if engine == "auto" else "cpu", engine=engine, precision=precision
    )
    found = ("fast", translator.fast.int8) if translator.fast else ("eager", False)
    assert found == expected
    exact = texts(Translator.load(reversing.path), pairs)
    assert np.mean(np.array(texts(translator, pairs)) == np.array(exact)) > (
        0.99 if precision in (None, "float32") else 0.8
    )


@needs_library
def test_what_contradicts_itself_is_refused(reversing, small):
    for path, precision, message in (
        (reversing.path, "bfloat16", "no bfloat16"),
        (small[0], "float32", "no other numbers than int8"),
    ):
        with pytest.raises(UsageError, match=message):
            Translator.load(path, engine="fast", precision=precision)
    with pytest.raises(UsageError, match="not on cuda"):
        Translator.load(reversing.path, "cuda", engine="fast")


def test_without_the_library_everything_else_works(reversing, small, pairs, monkeypatch):
    without_library(monkeypatch)
    assert library.instruction_sets() == []
    assert run("--version").out.endswith("(no fast engine)\n")
    for path in (reversing.path, small[0]):
        translator = Translator.load(path, engine="auto")
        assert translator.fast is None and texts(translator, pairs[:5])
        with pytest.raises(InputError, match=r"its library was not built.*take --engine eager"):
            Translator.load(path, engine="fast")
    assert json.loads(run("info", reversing.path).out)["engine"]["auto"] == "eager"


# From the command line


def test_the_command(reversing, tmp_path):
    source = write(tmp_path / "source.txt", "".join(f"{pair[0]}\n" for pair in reversing.held_out))
    target = write(tmp_path / "target.txt", "".join(f"{pair[1]}\n" for pair in reversing.held_out))
    command = ("quantize", reversing.path, "--source", source, "--reference", target, "--max-loss", "100", "--out")
    shown = run(*command, tmp_path / "one")
    assert shown.status == 0 and [line.split()[0] for line in shown.lines] == ["float32", "BLEU", "chrF2", "MB", "the"]
    cost = json.loads(run(*command, tmp_path / "two", "--json").out)
    assert cost == json.loads((tmp_path / "one/card.json").read_text())["quantized"]
    assert f"{cost['bleu'][0]:.2f}" in shown.lines[1]
    translated = run("translate", tmp_path / "one", source)
    assert translated.status == 0 and len(translated.lines) == len(reversing.held_out)
    assert "quantised" in refusal(run("explain", tmp_path / "one", "a b"))
    assert "quantised" in refusal(
        run("train", "--from", tmp_path / "one", "--pairs", tmp_path / "t.tsv", "--out", tmp_path / "r")
    )


def test_a_shortlist(reversing, tmp_path):
    """Learnt from pairs, measured, written, used where it is asked for, and refused where it is missing or wrong."""
    pairs = write_tsv(tmp_path / "train.tsv", letters(300, reverse=True))
    source = write(tmp_path / "source.txt", "".join(f"{pair[0]}\n" for pair in reversing.held_out))
    target = write(tmp_path / "target.txt", "".join(f"{pair[1]}\n" for pair in reversing.held_out))
    out = tmp_path / "small"
    shown = run(
        "quantize", reversing.path, "--source", source, "--reference", target, "--max-loss", "100", "--out", out,
        "--shortlist", pairs,
    )  # fmt: skip
    assert shown.status == 0 and shown.lines[-1].startswith("with a shortlist of"), shown.err
    cost = json.loads((out / "card.json").read_text())["quantized"]["shortlist"]
    assert 0 < cost["tokens"] < 30  # of 273
    plain = run("translate", out, source).lines
    for engine in ("fast", "eager") if library.instruction_sets() else ("eager",):
        listed = run("translate", out, source, "--shortlist", "--engine", engine).lines
        same = sum(one == other for one, other in zip(plain, listed, strict=True))
        assert 100 * same / len(plain) == pytest.approx(cost["same_sentences"], abs=3) and same > 0.8 * len(plain)
    assert "has no shortlist" in refusal(run("translate", reversing.path, source, "--shortlist"))
    for wrong in (
        {"likely": np.zeros((9, 2), np.int32)},
        {"always": np.array([273], np.int32)},
        {"always": np.ones(3)},
    ):
        right = {"likely": np.full((273, 2), -1, np.int32), "always": np.array([3], np.int32)}
        save_file(right | wrong, out / "shortlist.safetensors")
        (out / "checksums.json").unlink(missing_ok=True)
        assert "does not fit config.json" in refusal(run("translate", out, source, "--shortlist"))


@needs_library
@pytest.mark.parametrize("more", [(), ("--json",), ("--markup",), ("--n-best", "2")])
def test_translating_imports_what_it_needs(reversing, more):
    """No torch, nothing that reads pairs; and what parses tokenizers for the places of words, in markup, alone."""
    code = (
        "import sys\n"
        "from glassformer.cli import main\n"
        f"assert main(['translate', {str(reversing.path)!r}, *{more!r}]) == 0\n"
        "needless = {'torch', 'sacrebleu', 'rich', 'tensorboard', 'glassformer.text.pairs'}\n"
        f"needless |= {set() if '--markup' in more else {'google.protobuf'}}\n"
        "assert not needless & set(sys.modules), needless & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], input="a b c\n", capture_output=True, text=True)
    assert done.returncode == 0 and "c b a" in done.stdout, done.stderr


def test_the_library_is_where_the_build_puts_it():
    assert library.PATH.name == LIBRARY


def test_a_library_of_another_interface_is_not_called(monkeypatch):
    """Functions and structures may have changed since: what was built before would read the wrong memory."""
    if library.load() is None:
        pytest.skip("THE FAST ENGINE WAS NOT TESTED: no library")
    library.load.cache_clear()
    monkeypatch.setattr(library, "interface", lambda: "another")
    assert library.load() is None and library.instruction_sets() == []
