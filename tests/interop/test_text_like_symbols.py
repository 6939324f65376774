"""Text that is spelt like the symbol of a language stays text: only a model's own files declare a language."""

import json
import shutil
from pathlib import Path

import pytest
from sentencepiece import sentencepiece_model_pb2 as model_pb2

from glassformer.errors import InputError, UsageError
from glassformer.interop import import_model, marian, marian_archive, tokenizer_json
from glassformer.special import EOS, UNK
from glassformer.text.tokenizer import Tokenizer
from glassformer.translator import Translator
from tests.interop.models import ENGLISH, GERMAN, translator
from tests.interop.test_checkpoints import fair, joey

PROTOCOL_BUFFERS = model_pb2
NORMAL, CONTROL, USER_DEFINED = 1, 3, 4
TYPED = ["<2de>", "the <2de> cat", ">>de<< the", "the >>de<< cat"]


def assert_text(ours, typed=TYPED):
    """No language can be asked for, and nothing that is typed becomes a control token, though perhaps `<unk>`."""
    assert ours.targets == ()
    for text, ids in zip(typed, ours.source_ids(typed), strict=True):
        assert ids[-1] == EOS and not any(one != UNK and ours.source_tokenizer.is_control(one) for one in ids[:-1]), (
            text
        )


@pytest.fixture
def exported(tmp_path):
    """A model of ours as MarianMTModel's files."""
    marian_export(translator(), tmp_path / "in")
    return tmp_path / "in"


def marian_export(ours, directory):
    directory.mkdir()
    marian.write(ours, directory)


def renamed(directory, old, new, kind):
    """A piece under another name, in vocab.json and in both SentencePiece files, where it is of this kind."""
    ids = json.loads((directory / "vocab.json").read_text())
    (directory / "vocab.json").write_text(json.dumps({new if one == old else one: ids[one] for one in ids}))
    for name in ("source.spm", "target.spm"):
        model = PROTOCOL_BUFFERS.ModelProto.FromString((directory / name).read_bytes())
        [piece] = [one for one in model.pieces if one.piece == old]
        piece.piece, piece.type = new, kind
        (directory / name).write_bytes(model.SerializeToString())


@pytest.mark.parametrize("kind", [NORMAL, CONTROL, USER_DEFINED])
def test_a_piece_of_a_foreign_vocabulary(exported, tmp_path, kind):
    """An ordinary one, a user's symbol, or a control token that vocab.json does not name as `>>de<<`."""
    renamed(exported, "▁katze", "<2de>", kind)
    ours = import_model(exported, tmp_path / "out")
    assert "<2de>" in ours.source_tokenizer.pieces
    assert_text(ours)
    made = [ours.source_tokenizer.piece(one) for one in ours.source_ids(["<2de>"])[0]]
    assert ("<2de>" in made) == (kind != CONTROL)


def test_a_tag_of_marians_is_declared(exported, tmp_path):
    renamed(exported, "▁katze", ">>de<<", NORMAL)
    ours = import_model(exported, tmp_path / "out")
    assert ours.targets == ("de",)
    for text in TYPED:
        symbol, *ids = ours.source_ids([text])[0]
        assert symbol == ours.source_tokenizer.target_ids("de")[0] not in ids


def test_a_tag_and_a_piece_of_its_symbols_name_are_refused(exported, tmp_path):
    renamed(exported, "▁katze", "<2de>", USER_DEFINED)
    renamed(exported, "▁hund", ">>de<<", NORMAL)
    with pytest.raises(InputError, match=r"vocab\.json: '(<2de>|>>de<<)' and '(<2de>|>>de<<)' are both <2de> here"):
        import_model(exported, tmp_path / "out")


def with_symbols(*symbols, targets=()):
    """A model of ours whose tokenizer has these user symbols."""
    ours = translator()
    joint = Tokenizer.train(ENGLISH + GERMAN, 320, user_symbols=symbols, targets=targets)
    return Translator(ours.model, joint, joint)


def test_a_users_symbol_goes_out_and_comes_back(tmp_path):
    ours = with_symbols("<2de>")
    marian_export(ours, tmp_path / "in")
    assert "<2de>" in json.loads((tmp_path / "in/vocab.json").read_text())
    back = import_model(tmp_path / "in", tmp_path / "back")
    assert back.source_tokenizer.pieces == ours.source_tokenizer.pieces
    assert back.source_ids(TYPED) == ours.source_ids(TYPED)
    assert_text(back)


def test_a_users_symbol_that_others_would_take_for_a_tag_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"the piece >>de<< is text here, and names a target there"):
        marian_export(with_symbols(">>de<<"), tmp_path / "in")


@pytest.mark.parametrize("kind", ["unigram", "bpe"])
def test_what_is_typed_to_a_model_of_one_target(kind):
    """tokenizer.json puts the symbol before each text, and finds it in none."""
    library = pytest.importorskip("tokenizers", reason="needs pip install 'glassformer[onnx]'")
    ours = Tokenizer.train(ENGLISH, 295, kind=kind, targets=["de"])
    read = library.Tokenizer.from_str(json.dumps(tokenizer_json.tokenizer_json(ours, None)))
    for text in TYPED:
        assert read.encode(text).ids == [*ours.target_ids("de"), *ours.encode(text), 3], text


@pytest.mark.parametrize(("make", "files"), [(fair, ("dict.en.txt",)), (joey, ("src_vocab.txt",))])
def test_words_of_lists(tmp_path, make, files):
    """fairseq and JoeyNMT have no tags: `>>de<<` in a list of words is a word, as `<2de>` is."""
    make(tmp_path / "in")
    for name in files:
        path = tmp_path / "in" / name
        path.write_text(path.read_text().replace("cat", "<2de>").replace("dog", ">>de<<"))
    ours = import_model(tmp_path / "in", tmp_path / "out")
    assert_text(ours)
    (ids,) = ours.source_ids(["<2de> >>de<<"])
    assert [ours.source_tokenizer.piece(one) for one in ids[:-1]] == ["▁<2de>", "▁>>de<<"]


def test_words_of_a_marian_archive(tmp_path):
    directory = shutil.copytree(Path(__file__).parent / "marian/words", tmp_path / "in")
    for path in (directory / "source.yml", directory / "target.yml"):
        path.write_text(path.read_text().replace("cat:", '"<2de>":'))
    ours = marian_archive.read(directory)
    assert_text(ours)
    assert "▁<2de>" in ours.source_tokenizer.pieces
