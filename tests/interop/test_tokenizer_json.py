"""`tokenizer.json` gives SentencePiece's ids in the libraries that read it: `tokenizers`, and npm's in Node."""

import json
import unicodedata

import pytest

from glassformer.errors import UsageError
from glassformer.interop import tokenizer_json
from tests.glass import test_page_tokenizer as soup
from tests.interop.npm import node_modules, run_node

KINDS = {
    name: soup.TOKENIZERS[name]
    for name in ("unigram", "bpe", "unigram, source's rules", "bpe, casefold", "bpe, target's rules")
} | {
    "unigram, casefold": lambda: soup.trained("unigram", "casefold"),
    "bpe, source's rules": lambda: soup.trained("bpe", "source"),
    "unigram, symbols": lambda: soup.trained("unigram", "source", user_symbols=["[X]", "@@", "@@@"], targets=["hi"]),
    "bpe, no space before": soup.TOKENIZERS["bpe, no space before"],
    "bpe, no bytes": soup.TOKENIZERS["bpe, no bytes"],
}  # fmt: skip


def texts(tokenizer):
    """Texts of all scripts whose marks are in canonical order (elsewhere NFC orders them and the table does not).

    Without U+FFFF, which is no character and means something in the file.
    """
    return [
        text
        for text in soup.texts(600)
        if "\uffff" not in text and tokenizer.encode(text) == tokenizer.encode(unicodedata.normalize("NFC", text))
    ]


@pytest.mark.parametrize("name", KINDS)
def test_the_ids_are_those_of_sentencepiece(name):
    """Normalisation included; and what a user types like a control token or a byte is text."""
    library = pytest.importorskip("tokenizers", reason="needs pip install 'glassformer[onnx]'")
    tokenizer = KINDS[name]()
    read = library.Tokenizer.from_str(json.dumps(tokenizer_json.tokenizer_json(tokenizer, None)))
    some = texts(tokenizer)
    assert len(some) > 480
    for text in some:
        ids = read.encode(text, add_special_tokens=False).ids
        assert ids == tokenizer.encode(text), repr(text)
        if "<unk>" not in map(tokenizer.piece, ids):
            assert read.decode(ids) == tokenizer.decode(ids), repr(text)


def test_a_target_of_its_own_comes_first():
    """The source's ids follow the target's, and the target's are decoded by the same file."""
    library = pytest.importorskip("tokenizers", reason="needs pip install 'glassformer[onnx]'")
    for kind in ("unigram", "bpe"):
        source, target = soup.trained(kind, "casefold"), soup.trained(kind, "target")
        read = library.Tokenizer.from_str(json.dumps(tokenizer_json.tokenizer_json(source, target)))
        for text in texts(source):
            expected = [*source.encode(text), 3]
            assert read.encode(text).ids == [one + target.vocab_size for one in expected], repr(text)
        for text in soup.CORPUS:
            ids = target.encode(text)
            assert read.decode(ids) == target.decode(ids)


def test_npms_library_gives_the_same_ids(tmp_path):
    """@huggingface/tokenizers, which transformers.js is built on."""
    modules = node_modules("@huggingface/tokenizers")
    for name, make in KINDS.items():
        tokenizer = make()
        document = {"tokenizer": tokenizer_json.tokenizer_json(tokenizer, None), "texts": texts(tokenizer)}
        found = run_node(
            modules,
            tmp_path,
            'import { Tokenizer } from "@huggingface/tokenizers";',
            "const tokenizer = new Tokenizer(input.tokenizer, { clean_up_tokenization_spaces: false });",
            "output(input.texts.map((text) => tokenizer.encode(text, { add_special_tokens: false }).ids));",
            document=document,
        )
        for text, ids in zip(document["texts"], found, strict=True):
            assert ids == tokenizer.encode(text), (name, text)


def test_what_the_file_cannot_hold_is_refused():
    with pytest.raises(UsageError, match="user_symbols of a bpe tokenizer"):
        tokenizer_json.check(soup.TOKENIZERS["bpe, symbols"]())
    with pytest.raises(UsageError, match="the user symbol '—'"):
        tokenizer_json.check(soup.TOKENIZERS["unigram, symbols"]())
    with pytest.raises(UsageError, match="the space before a word"):
        tokenizer_json.check(soup.TOKENIZERS["bpe, space after a word"]())
