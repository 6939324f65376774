"""mBART-50 and mBART-25, held to transformers' own model where it is installed."""

import json
import shutil

import pytest
from safetensors.torch import save_file

from glassformer.errors import InputError, UsageError
from glassformer.glass.trace import trace
from glassformer.interop import export_model, import_model, marian
from glassformer.interop.m2m100 import LANGUAGES_25
from glassformer.translator import Translator
from tests.commands import refusal, run, write
from tests.interop import relatives
from tests.interop.models import ENGLISH, translator

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"
)


def test_mbart50_computes_what_transformers_does(tmp_path):
    transformers = pytest.importorskip("transformers", reason="needs pip install 'glassformer[hf]'")
    relatives.mbart50(tmp_path / "in")
    import_model(tmp_path / "in", tmp_path / "out")
    ours = Translator.load(tmp_path / "out")
    theirs = transformers.MBartForConditionalGeneration.from_pretrained(tmp_path / "in").eval()
    assert ours.targets == ("de_DE", "en_XX", "hi_IN")
    assert (ours.config.positions, ours.config.embedding_norm, ours.config.max_length) == ("learned", True, 40)
    known = relatives.fairseq_ids(relatives.bpe())
    languages = {name: len(known) + number for number, name in enumerate(ours.targets)}
    ids = relatives.their_ids(ours, known, languages)
    relatives.assert_same(ours, theirs, ids, "en_XX-de_DE", languages["de_DE"], ENGLISH[:200])
    cell = trace(ours, ENGLISH[0], to="en_XX-de_DE", max_length=9).cell("source_embedding.norm", row=1, column=2)
    assert cell.formula.startswith("N[1,2] = (X[1,2] − mean)")


def test_mbart25_computes_what_transformers_does(tmp_path):
    """The source ends with its language behind `</s>`, and the decoder begins with the target's."""
    transformers = pytest.importorskip("transformers", reason="needs pip install 'glassformer[hf]'")
    relatives.mbart25(tmp_path / "in")
    import_model(tmp_path / "in", tmp_path / "out")
    ours = Translator.load(tmp_path / "out")
    theirs = transformers.MBartForConditionalGeneration.from_pretrained(tmp_path / "in").eval()
    known = relatives.fairseq_ids(relatives.bpe())
    for number, name in enumerate(LANGUAGES_25):
        known[name] = len(known)
        assert known[name] == theirs.config.vocab_size - 26 + number
    ids = relatives.their_ids(ours, known, {"en_XX": known["en_XX"]})
    assert known["ro_RO"] == theirs.config.decoder_start_token_id == ids[ours.config.decoder_start_id]
    assert [ids[one] for one in ours.source_ids(ENGLISH[:1])[0][-2:]] == [2, known["en_XX"]] and ours.targets == ()
    relatives.assert_same(ours, theirs, ids, None, None, ENGLISH[:200])
    record = trace(ours, ENGLISH[0], max_length=9)
    assert [one["piece"] for one in record.axes["source"]["tokens"][-2:]] == ["</s>", "<2en_XX>"]
    assert record.decode["text"] == ours.translate(ENGLISH[:1], beam=1, max_length=9)[0].text


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        ({"tokenizer_class": "BartphoTokenizer"}, "BartphoTokenizer is not supported, only MBart50Tokenizer, MBart"),
        ({"tokenizer_class": "MBartTokenizer", "src_lang": "xx_XX"}, "src_lang = 'xx_XX' is no language"),
    ],
)
def test_another_tokenizer_is_refused_by_name(settings, says, imported, tmp_path):
    directory = shutil.copytree(imported[0], tmp_path / "in")
    (directory / "tokenizer_config.json").write_text(json.dumps(settings))
    with pytest.raises(InputError, match=says):
        import_model(directory, tmp_path / "out")


@pytest.fixture(scope="module")
def imported(tmp_path_factory):
    """An mBART-25 made without transformers: its directory, and the imported model."""
    directory = tmp_path_factory.mktemp("mbart") / "in"
    directory.mkdir()
    (directory / "sentencepiece.bpe.model").write_bytes(spm := relatives.bpe())
    (directory / "tokenizer_config.json").write_text('{"tokenizer_class": "MBartTokenizer"}')
    size = len(relatives.fairseq_ids(spm))
    shape = {"norm_position": "pre", "positions": "learned", "embedding_norm": True, "max_length": 42}
    model = translator("joint", vocab_size=size + 26, **shape).model
    save_file(
        {theirs: model.get_parameter(ours).detach().clone() for theirs, (ours,) in marian.table(model.config).items()},
        directory / "model.safetensors",
    )
    config = {
        "model_type": "mbart", "vocab_size": size + 26, "activation_function": "relu", "scale_embedding": True,
        "decoder_start_token_id": size + 19,
    }  # fmt: skip
    (directory / "config.json").write_text(json.dumps(config | relatives.SHAPE | {"decoder_layers": 1}))
    import_model(directory, directory.parent / "out")
    return directory, directory.parent / "out"


def test_what_a_language_behind_the_source_excludes(imported, tmp_path):
    """Training, whose sources all end with `</s>`; exports; and the page's own translation."""
    ours = Translator.load(imported[1])
    pairs = write(tmp_path / "pairs.tsv", "the cat\tdie katze\n")
    done = run("train", "--from", imported[1], "--pairs", pairs, "--out", tmp_path / "run", "--max-steps", 1)
    assert "behind </s>" in refusal(done, 2)
    with pytest.raises(UsageError, match="no export holds"):
        export_model(ours, "ctranslate2", tmp_path / "out")
    assert trace(ours, ENGLISH[0], max_length=9).translator is None
    assert "no target 'de'" in refusal(run("translate", imported[1], pairs, "--to", "de"), 2)
