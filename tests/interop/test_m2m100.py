"""M2M-100 and NLLB, held to transformers' own model and tokenizer where they are installed."""

import json
import shutil
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from sentencepiece import sentencepiece_model_pb2 as model_pb2

from glassformer.errors import InputError, UsageError
from glassformer.glass.trace import trace
from glassformer.interop import export_model, import_model, m2m100, marian
from glassformer.interop.m2m100 import LANGUAGES
from glassformer.special import EOS
from glassformer.translator import Translator
from tests.commands import refusal, run
from tests.interop import relatives
from tests.interop.models import ENGLISH, GERMAN, translator

pytestmark = pytest.mark.filterwarnings(
    "ignore::ResourceWarning", "ignore::DeprecationWarning", "ignore::FutureWarning"
)
PROTOCOL_BUFFERS: Any = model_pb2
needed = "needs pip install 'glassformer[hf]'"


def test_m2m100_computes_what_transformers_does(tmp_path):
    transformers = pytest.importorskip("transformers", reason=needed)
    relatives.m2m100(tmp_path / "in")
    import_model(tmp_path / "in", tmp_path / "out")
    ours, theirs = (
        Translator.load(tmp_path / "out"),
        transformers.M2M100ForConditionalGeneration.from_pretrained(tmp_path / "in"),
    )
    assert ours.targets == LANGUAGES and len(LANGUAGES) == 100
    tokenizer = transformers.AutoTokenizer.from_pretrained(tmp_path / "in")
    ids = relatives.their_ids(ours, tokenizer.get_vocab(), tokenizer.lang_code_to_id)
    texts = [*ENGLISH[:200], "the  cat   ² sees", "x & y"]
    expected = [tokenizer(text)["input_ids"] for text in texts]
    assert [[ids[one] for one in row] for row in ours.source_ids(texts, to="en-de")] == expected
    relatives.assert_same(ours, theirs.eval(), ids, "en-de", tokenizer.get_lang_id("de"), texts[:200])


def test_nllb_reads_its_ids_from_tokenizer_json(tmp_path):
    transformers = pytest.importorskip("transformers", reason=needed)
    relatives.nllb(tmp_path / "in")
    import_model(tmp_path / "in", tmp_path / "out")
    ours, theirs = (
        Translator.load(tmp_path / "out"),
        transformers.M2M100ForConditionalGeneration.from_pretrained(tmp_path / "in"),
    )
    assert ours.targets == ("deu_Latn", "eng_Latn", "zho_Hans")
    pieces, added = m2m100.tokenizer_ids(tmp_path / "in")
    known = pieces | added
    ids = relatives.their_ids(ours, known, known)
    relatives.assert_same(ours, theirs.eval(), ids, "eng_Latn-deu_Latn", known["deu_Latn"], ENGLISH[:200])


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """A directory made without transformers: a model of ours with an M2M-100's shape, under its names, in its order."""
    directory = tmp_path_factory.mktemp("m2m") / "in"
    directory.mkdir()
    (directory / "sentencepiece.bpe.model").write_bytes(spm := relatives.bpe())
    (directory / "vocab.json").write_text(json.dumps(ids := relatives.fairseq_ids(spm)))
    (directory / "tokenizer_config.json").write_text(json.dumps({"additional_special_tokens": ["__de__", "__en__"]}))
    shape = {
        "norm_position": "pre",
        "position_layout": "halves",
        "position_exponent": "tensor2tensor",
        "first_position": 2,
    }
    model = translator("joint", vocab_size=len(ids) + 4, **shape).model
    save_file(
        {theirs: model.get_parameter(ours).detach().clone() for theirs, (ours,) in marian.table(model.config).items()},
        directory / "model.safetensors",
    )
    config = {
        "model_type": "m2m_100",
        "vocab_size": len(ids) + 4,
        "activation_function": "relu",
        "scale_embedding": True,
    }
    token_ids = {"pad_token_id": 1, "eos_token_id": 2, "decoder_start_token_id": 2}
    shape = relatives.SHAPE | {"decoder_layers": 1}
    (directory / "config.json").write_text(json.dumps(config | token_ids | shape))
    return directory, model


@pytest.fixture(scope="module")
def imported(written, tmp_path_factory):
    out = tmp_path_factory.mktemp("model") / "out"
    import_model(written[0], out)
    return out


def test_rows_move_with_their_pieces(written, imported):
    """Ids of theirs are rows of the model; the same pieces have the same numbers here."""
    (directory, model), ours = written, Translator.load(imported)
    ids = json.loads((directory / "vocab.json").read_text())
    row = {piece: number for number, piece in enumerate(ours.target_tokenizer.pieces)}
    for piece, number in {
        **ids,
        "<2de>": len(ids),
        "<2en>": len(ids) + 1,
        f"<row {len(ids) + 3}>": len(ids) + 3,
    }.items():
        assert torch.equal(
            ours.model.source_embedding.token.weight[row[piece]], model.source_embedding.token.weight[number]
        )
    config = ours.model.config
    assert (config.decoder_start_id, config.first_position, config.final_norm) == (EOS, 2, True)


def test_a_piece_like_a_language_is_text(written, tmp_path):
    """Languages are those that the tokenizer's settings list; the vocabulary's own pieces are none."""
    directory = shutil.copytree(written[0], tmp_path / "in")
    ids = json.loads((directory / "vocab.json").read_text())
    (directory / "vocab.json").write_text(json.dumps({"aaa_Katz" if one == "nd" else one: ids[one] for one in ids}))
    model = PROTOCOL_BUFFERS.ModelProto.FromString((directory / "sentencepiece.bpe.model").read_bytes())
    [piece] = [one for one in model.pieces if one.piece == "nd"]
    piece.piece, piece.type = "aaa_Katz", piece.USER_DEFINED
    (directory / "sentencepiece.bpe.model").write_bytes(model.SerializeToString())
    ours = import_model(directory, tmp_path / "out")
    assert ours.targets == ("de", "en")
    assert "aaa_Katz" in ours.source_tokenizer.pieces
    (ids,) = ours.source_ids(["aaa_Katz"], to="en-de")
    assert [ours.source_tokenizer.piece(one) for one in ids] == ["<2en>", "▁", "aaa_Katz", "</s>"]


def test_both_languages_are_told(imported):
    """The source begins with its own language's symbol, and the translation with its own, by every way in."""
    ours = Translator.load(imported)
    de, en = (ours.source_tokenizer.pieces.index(f"<2{one}>") for one in ("de", "en"))
    (source,) = ours.source_ids(ENGLISH[:1], to="en-de")
    assert source[0] == en and not {de, en} & set(source[1:])
    for beam in (1, 3):
        said = ours.translate(ENGLISH[:2], beam=beam, max_length=9, to=["en-de", "de-en"])
        assert [one.tokens[0] for one in said] == ["<2de>", "<2en>"]
        assert "<2" not in said[0].text
    (scored,) = ours.score(ENGLISH[:1], GERMAN[:1], to="en-de")
    assert scored.tokens[0] == "<2de>"
    record = trace(ours, ENGLISH[0], to="en-de", max_length=9)
    assert record.decode["text"] == ours.translate(ENGLISH[:1], beam=1, max_length=9, to="en-de")[0].text
    assert record.translator is None  # the page has no box to type in: it cannot begin so
    assert trace(ours, ENGLISH[0], GERMAN[0], to="en-de").axes["target"]["tokens"][1]["piece"] == "<2de>"


@pytest.mark.parametrize("to", [None, "de", "en-", "xx-de", "en-xx"])
def test_a_language_that_is_missing_or_not_known_is_named(imported, to):
    with pytest.raises(UsageError, match=r"no language 'xx'|--from and --to"):
        Translator.load(imported).translate(ENGLISH[:1], to=to)


def test_the_command_is_told_both(imported, tmp_path):
    (tmp_path / "text").write_text(ENGLISH[0] + "\n")
    said = [
        run("translate", imported, tmp_path / "text", "--beam", 1, "--max-length", 9, *given).out
        for given in (("--from", "en", "--to", "de"), ("--to", "de", "--from", "en"), ("--to", "en-de"))
    ]
    assert said[0] == said[1] == said[2] != ""
    assert "--from and --to" in refusal(run("translate", imported, tmp_path / "text", "--to", "de"), 2)


@pytest.mark.parametrize(
    ("name", "change", "says"),
    [
        ("config.json", {"activation_function": "gelu"}, "activation_function = 'gelu'"),
        ("config.json", {"scale_embedding": False}, "scale_embedding = False"),
        ("config.json", {"pad_token_id": "one"}, "pad_token_id = 'one'"),
        ("config.json", {"pad_token_id": 10**6}, "first_position"),
        ("config.json", {"decoder_start_token_id": 10**6}, "decoder_start_id = 1000000"),
        ("config.json", {"vocab_size": 20}, "makes it"),
        ("config.json", {"vocab_size": 10**9}, "vocab_size = 1000000000"),
        ("vocab.json", {"<unk>": "3"}, "must give each piece its id"),
        ("tokenizer_config.json", {"additional_special_tokens": [], "language_codes": "wmt21"}, "lists no languages"),
        ("tokenizer_config.json", {"additional_special_tokens": 5, "language_codes": "wmt21"}, "lists no languages"),
    ],
)
def test_what_is_broken_is_one_clear_line(name, change, says, written, tmp_path):
    directory = shutil.copytree(written[0], tmp_path / "in")
    (directory / name).write_text(json.dumps(json.loads((directory / name).read_text()) | change))
    with pytest.raises(InputError, match=says) as refused:
        import_model(directory, tmp_path / "out")
    assert "\n" not in str(refused.value)


def test_no_export_holds_it(imported, tmp_path):
    with pytest.raises(UsageError, match="more than `</s>` stands around"):
        export_model(Translator.load(imported), "ctranslate2", tmp_path / "out")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"model": {"vocab": 3}, "added_tokens": []}', r"tokenizer\.json: has no model with a vocab"),
        ('{"model": {"vocab": {}}, "added_tokens": [{"id": 0, "content": 3}]}', "3 cannot be a piece"),
    ],
)
def test_a_tokenizer_json_that_is_none(text, says, written, tmp_path):
    directory = shutil.copytree(written[0], tmp_path / "in")
    (directory / "vocab.json").unlink()
    (directory / "tokenizer.json").write_text(text)
    with pytest.raises(InputError, match=says):
        import_model(directory, tmp_path / "out")
