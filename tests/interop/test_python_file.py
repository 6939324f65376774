"""The exported Python file: numbers and gradients beside torch's, tokens beside SentencePiece's, and its use."""

import ast
import itertools
import json
import re
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from glassformer.errors import UsageError
from glassformer.interop import export_model, python_file
from glassformer.model import ModelConfig, Transformer
from glassformer.special import EOS
from glassformer.text.normalization import normalizer
from glassformer.text.tokenizer import Tokenizer
from glassformer.translator import Translator
from tests.commands import refusal, run
from tests.interop.models import ENGLISH, GERMAN, translator

ALL = {  # each has something that no other has
    "the paper's": ("joint", {}),
    "pre-norm, rotary, as the quickstart's": ("separate", {"norm_position": "pre", "positions": "rotary"}),
    "rmsnorm, swiglu, shared heads, rotary": (
        "joint",
        {"norm": "rmsnorm", "activation": "swiglu", "num_kv_heads": 2, "positions": "rotary", "bias": False},
    ),
    "geglu, one head of keys, learned, targets": (
        "targets", {"activation": "geglu", "num_kv_heads": 1, "positions": "learned", "norm_position": "pre"},
    ),
    "reglu, not tied, biased, final norm": (
        "separate", {"activation": "reglu", "tie_embeddings": False, "output_bias": True, "final_norm": True},
    ),
    "gelu, halves, unscaled": (
        "joint", {"activation": "gelu", "position_layout": "halves", "embedding_scale": False, "decoder_start_id": 0},
    ),
    "silu, rmsnorm before, no final norm": (
        "joint", {"activation": "silu", "norm": "rmsnorm", "norm_position": "pre", "final_norm": False},
    ),
}  # fmt: skip
SOURCE, TARGET = [5, 260, 270, 7, 281, EOS], [6, 265, 8, EOS]


@pytest.fixture(scope="module", params=ALL)
def model(request, tmp_path_factory):
    """A model of ours, the directory it was exported to, and the exported file as a module."""
    kind, options = ALL[request.param]
    ours, directory = translator(kind, **options), tmp_path_factory.mktemp("export") / "out"
    directory.mkdir()
    python_file.write(ours, directory)
    return ours, directory, python_file.load(directory)


def test_its_logits_are_the_modules_in_float64(model):
    """To 1e-9: all places at once, and token by token with what attention remembers."""
    ours, directory, module = model
    theirs, _ = module.load(directory / "model.json")
    shifted = [ours.model.config.decoder_start_id, *TARGET[:-1]]
    with torch.no_grad():
        expected = ours.model.double()(torch.tensor([SOURCE]), torch.tensor([shifted]))[0]
    ours.model.float()
    memory = theirs.encode(SOURCE)
    at_once = torch.tensor(theirs.decode(shifted, memory, {}).rows, dtype=torch.float64)
    torch.testing.assert_close(at_once, expected, rtol=0, atol=1e-9)
    past = {}
    step_by_step = [theirs.decode([token], memory, past, place).rows[0] for place, token in enumerate(shifted)]
    torch.testing.assert_close(torch.tensor(step_by_step, dtype=torch.float64), expected, rtol=0, atol=1e-9)


def test_its_gradients_are_torchs(model):
    """Of every parameter, of the mean cross-entropy of a sentence."""
    ours, directory, module = model
    theirs, _ = module.load(directory / "model.json")
    shifted = [ours.model.config.decoder_start_id, *TARGET[:-1]]
    loss = theirs.decode(shifted, theirs.encode(SOURCE), {}).cross_entropy(TARGET)
    loss.differentiate()
    reference = Transformer(ours.model.config).double().eval()
    reference.load_state_dict(ours.model.double().state_dict())
    ours.model.float()
    logits = reference(torch.tensor([SOURCE]), torch.tensor([shifted]))[0]
    expected = torch.nn.functional.cross_entropy(logits, torch.tensor(TARGET))
    expected.backward()
    assert loss.rows[0][0] == pytest.approx(expected.item(), abs=1e-10)
    parameters = dict(reference.named_parameters())
    assert parameters.keys() == theirs.parameters.keys()
    for name, parameter in parameters.items():
        grad = torch.tensor([list(row) for row in theirs.parameters[name].grad], dtype=torch.float64)
        torch.testing.assert_close(grad.reshape(parameter.shape), parameter.grad, rtol=1e-9, atol=1e-9, msg=name)


def test_it_is_short_and_alone(model):
    """At most 300 lines of at most 120 characters, which import what Python comes with, and no condition is left."""
    _, directory, _ = model
    text = (directory / "transformer.py").read_text()
    lines = text.splitlines()
    assert len(lines) <= 300 and max(map(len, lines)) <= 120
    assert not re.search(r"\$|^#(if|else|elif|end)", text, re.MULTILINE)
    imported = {
        name.split(".")[0]
        for node in ast.walk(ast.parse(text))
        for name in ([one.name for one in node.names] if isinstance(node, ast.Import) else
                     [node.module] if isinstance(node, ast.ImportFrom) else [])
    }  # fmt: skip
    assert imported <= sys.stdlib_module_names


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
@pytest.mark.parametrize("symbols", [(), ("<1>", "@user")])
def test_its_tokens_are_sentencepieces(kind, symbols, tmp_path):
    """Words, what is in no vocabulary, quotes, dashes, spaces, accents in two parts, symbols."""
    spec = normalizer("source").serialized_normalizer_spec()
    texts = ENGLISH + GERMAN
    tokenizer = Tokenizer.train(texts, 310, kind=kind, user_symbols=symbols).with_rules(spec)
    model = Transformer(ModelConfig(tokenizer.vocab_size, d_model=8, num_heads=2, d_ff=8, encoder_layers=1,
                                    decoder_layers=1, max_length=99))  # fmt: skip
    python_file.write(Translator(model.eval(), tokenizer, tokenizer), tmp_path)
    _, (theirs, _) = python_file.load(tmp_path).load(tmp_path / "model.json")
    hard = ["die Katze läuft groß", "zebra 42!", "„Haus“ – it’s  here…", "हम दोस्त हैं 😀", "lau\u0308ft", " ", "a\u00a0b",
            "the<1>cat @user,house", "  the cat ", "ab" * 20]  # fmt: skip
    for text in [*texts[:100], *hard]:
        assert theirs.encode(text) == tokenizer.encode(text), text
        assert theirs.decode(tokenizer.encode(text)) == tokenizer.decode(tokenizer.encode(text)), text


def test_it_is_proven_and_runs_alone(tmp_path):
    ours, out = translator("targets", norm_position="pre"), tmp_path / "out"
    assert "on 5 sentences" in export_model(ours, "python", out, sentences=ENGLISH[:9])
    command = [sys.executable, "-I", "-S", out / "transformer.py", "translate", ENGLISH[0], "--to", "de"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    said = ours.translate(ENGLISH[:1], beam=1, max_length=40, to="de")[0].text
    assert done.stdout == said + "\n" and said


def test_training_lowers_the_loss_and_is_kept(tmp_path, monkeypatch, capfd):
    """Twenty updates on four pairs, by a clock that counts them; the saved model computes the same."""
    directory = tmp_path / "out"
    directory.mkdir()
    python_file.write(translator("separate"), directory)
    module, ticks = python_file.load(directory), itertools.count()
    monkeypatch.setattr(module, "time", SimpleNamespace(monotonic=lambda: next(ticks)))
    module.random.seed(1)
    trained, tokenizers = module.train(list(zip(ENGLISH[:4], GERMAN[:4], strict=True)), 20 / 60)
    losses = [float(one) for one in re.findall(r"loss ([\d.]+)", capfd.readouterr().err)]
    assert len(losses) == 21 and losses[-1] < losses[0] / 2
    module.save(tmp_path / "mine.json", trained, tokenizers)
    again, (source, _) = module.load(tmp_path / "mine.json")
    ids = [*source.encode(ENGLISH[0]), EOS]
    both = [one.decode([module.FIRST], one.encode(ids), {}).rows[0] for one in (trained, again)]
    assert both[0] == pytest.approx(both[1], abs=1e-4)  # saved as float32


def test_what_it_is_given_wrongly_is_one_line(tmp_path):
    out = tmp_path / "out"
    out.mkdir()
    python_file.write(translator(), out)

    def refused(*arguments):
        command = [sys.executable, "-I", out / "transformer.py", *arguments]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 1 and done.stderr.count("\n") == 1 and done.stderr.startswith("transformer.py: ")
        return done.stderr

    (tmp_path / "bad.tsv").write_text("one\ttwo\nthree\n")
    assert "is not source, tab, target" in refused("train", tmp_path / "bad.tsv", "--model", tmp_path / "new.json")
    assert not (tmp_path / "new.json").exists()
    assert "there already" in refused("train", tmp_path / "bad.tsv")
    assert "more than 40 tokens" in refused("translate", "x" * 60)
    (tmp_path / "cut.json").write_text((out / "model.json").read_text()[:99])
    assert "cut.json" in refused("translate", "a", "--model", tmp_path / "cut.json")
    numbers = json.loads((out / "model.json").read_text())
    del numbers["parameters"]["encoder.0.feed_forward.inner.weight"]
    (tmp_path / "less.json").write_text(json.dumps(numbers))
    assert "encoder.0.feed_forward.inner.weight" in refused("translate", "a", "--model", tmp_path / "less.json")


def test_what_it_does_not_hold_is_refused(tmp_path, monkeypatch):
    ours = translator()
    ours.save(tmp_path / "ours")
    done = run("export", tmp_path / "ours", "--to", "python", "--out", tmp_path / "file.py")
    assert "give a directory" in refusal(done, 2)
    monkeypatch.setattr(python_file, "LARGEST", 1000)
    with pytest.raises(UsageError, match="at most 1,000"):
        export_model(ours, "python", tmp_path / "out")


def test_another_programs_tokenizer_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(Tokenizer, "is_imported", True)
    with pytest.raises(UsageError, match="another program's"):
        export_model(translator(), "python", tmp_path / "out")
