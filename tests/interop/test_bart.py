"""BART, held to transformers' own model and tokenizer where they are installed."""

import json
import shutil

import pytest

from glassformer.errors import InputError, UsageError
from glassformer.glass.trace import trace
from glassformer.interop import export_model, import_model
from glassformer.translator import Translator
from tests.commands import refusal, run, write
from tests.interop import relatives
from tests.interop.models import ENGLISH, GERMAN

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"
)
ODD = ["I'll  go: 'step  x", "läuft 東京 नमस्ते ² 🙂", "</s> <s> <mask>", "▁a ▁▁", "x5y 'S 'LL don't\tz"]


@pytest.fixture(scope="module")
def directory(tmp_path_factory):
    pytest.importorskip("transformers", reason="needs pip install 'glassformer[hf]'")
    made = tmp_path_factory.mktemp("bart") / "in"
    relatives.bart(made)
    return made


@pytest.fixture(scope="module")
def imported(directory):
    import_model(directory, directory.parent / "out")
    return directory.parent / "out"


def theirs_of(directory):
    import transformers

    ids = json.loads((directory / "vocab.json").read_text())
    merges = [tuple(line.split(" ")) for line in (directory / "merges.txt").read_text().splitlines()[1:]]
    return transformers.BartTokenizer(vocab=ids, merges=merges), ids


def ids_of(ours, known):
    """Their id of each of ours, by its bytes in their letters."""
    tokenizer = ours.target_tokenizer
    letters = (tokenizer._pieces.id_to_piece(one).replace("▁", "Ġ") for one in range(tokenizer.vocab_size))
    return [known[one] for one in letters]


def test_it_computes_what_transformers_does(directory, imported):
    import transformers

    ours, (tokenizer, known) = Translator.load(imported), theirs_of(directory)
    theirs = transformers.BartForConditionalGeneration.from_pretrained(directory).eval()
    config = ours.config
    assert (config.norm_position, config.positions, config.embedding_norm) == ("post", "learned", True)
    assert (config.activation, config.final_norm, config.max_length) == ("gelu", False, 40)
    ids = ids_of(ours, known)
    texts = [*ENGLISH[:20], *GERMAN[:20], *ODD]
    expected = tokenizer(texts, split_special_tokens=True)["input_ids"]
    assert [[ids[one] for one in row] for row in ours.source_ids(texts)] == expected
    for text in texts:
        row = tokenizer(text, add_special_tokens=False, split_special_tokens=True)["input_ids"]
        assert ours.target_tokenizer.decode(map(ids.index, row)) == tokenizer.decode(row) == text
    relatives.assert_same(ours, theirs, ids, None, None, ENGLISH[:200], begun=(known["<s>"],))


def test_a_tokenizer_json_is_the_same(directory, imported, tmp_path):
    tokenizer, _ = theirs_of(directory)
    shutil.copytree(directory, tmp_path / "in")
    tokenizer.save_pretrained(tmp_path / "in")
    for name in ("vocab.json", "merges.txt"):
        (tmp_path / "in" / name).unlink(missing_ok=True)
    assert (tmp_path / "in/tokenizer.json").exists()
    ours = import_model(tmp_path / "in", tmp_path / "out")
    assert ours.source_tokenizer.to_bytes() == Translator.load(imported).source_tokenizer.to_bytes()


def test_a_mask_that_the_model_has_no_row_for(tmp_path):
    """As bart-large-cnn's: `<mask>` is the vocabulary's last, and the model is smaller by it."""
    pytest.importorskip("transformers", reason="needs pip install 'glassformer[hf]'")
    relatives.bart(tmp_path / "in")
    ids = json.loads((tmp_path / "in/vocab.json").read_text())
    (tmp_path / "in/vocab.json").write_text(json.dumps(ids | {"<more>": ids["<mask>"], "<mask>": len(ids)}))
    assert "<mask>" not in import_model(tmp_path / "in", tmp_path / "out").source_tokenizer.pieces


def test_a_trace_has_the_spans_of_characters(imported):
    record = trace(Translator.load(imported), "it's läuft 東", max_length=9)
    source = [(one["piece"], one["start"], one["end"]) for one in record.axes["source"]["tokens"]]
    assert source[0] == ("<s>", 0, 0) and source[-4:] == [
        ("<0xE6>", 11, 12), ("<0x9D>", 11, 12), ("<0xB1>", 11, 12), ("</s>", 12, 12)
    ]  # fmt: skip
    assert [one["piece"] for one in record.axes["target"]["tokens"][:2]] == ["</s>", "<s>"]
    assert record.cell("source_embedding.norm", row=1, column=2).formula.startswith("N[1,2] = (X[1,2] − mean)")
    assert record.translator is None  # the page has no box to type in: it cannot split so


def test_it_is_fine_tuned_and_translates(imported, tmp_path):
    pairs = write(tmp_path / "pairs.tsv", "".join(f"{a}\t{b}\n" for a, b in zip(ENGLISH[:40], GERMAN, strict=False)))
    valid = write(tmp_path / "valid.tsv", f"{ENGLISH[50]}\t{GERMAN[50]}\n")
    settings = ["--set", "max_steps=2", "--set", "subword_dropout=0.1", "--set", "max_length=40"]
    train = ["train", "--from", imported, "--pairs", pairs, "--valid-pairs", valid, *settings]
    done = run(*train, "--out", tmp_path / "run")
    assert done.status == 0, done.err
    text = write(tmp_path / "text", "the cat\n")
    assert len(run("translate", tmp_path / "run", text, "--max-length", 5).lines) == 1
    refused = run(*train, "--out", tmp_path / "other", "--extend-vocabulary", 5)
    assert "spells every character" in refusal(refused, 2)


def test_no_export_holds_it(imported, tmp_path):
    with pytest.raises(UsageError, match="more than `</s>` stands around"):
        export_model(Translator.load(imported), "torch", tmp_path / "out")


def changed(**changes):
    return lambda data: json.dumps(json.loads(data) | changes).encode()


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("config.json", changed(normalize_before=True), "normalize_before = True is not supported"),
        ("config.json", changed(activation_function="tanh"), "activation_function = 'tanh'"),
        ("config.json", changed(decoder_start_token_id=None), "decoder_start_token_id = None must be an id"),
        ("config.json", changed(vocab_size=300), "makes it"),
        ("vocab.json", lambda data: data.replace(b'"!"', b'"!!!!!"'), "no piece for 1 of the 256 bytes, such as !"),
        ("vocab.json", lambda data: data.replace(b'"<pad>"', b'"<dap>"'), "has no <pad>"),
        ("merges.txt", lambda data: data[:40] + b" x" + data[40:], "is not of two of its pieces to one"),
        ("merges.txt", lambda data: data + data.splitlines()[-1] + b"\n", "two merges make the same piece"),
        ("merges.txt", None, "merges.txt: missing"),
    ],
)
def test_what_is_broken_is_one_clear_line(name, change, says, directory, tmp_path):
    copied = shutil.copytree(directory, tmp_path / "in")
    if change:
        (copied / name).write_bytes(change((copied / name).read_bytes()))
    else:
        (copied / name).unlink()
    with pytest.raises(InputError, match=says) as refused:
        import_model(copied, tmp_path / "out")
    assert "\n" not in str(refused.value)
