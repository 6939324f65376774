"""Byte-level BPE: GPT-2's algorithm written down from its paper's description, and the spans of tokens."""

import unicodedata
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from glassformer.errors import UsageError
from glassformer.interop import bart, spm
from glassformer.special import BOS, EOS, PIECES
from glassformer.text.byte_level import LETTERS, ByteLevelTokenizer, of_its_kind
from glassformer.text.tokenizer import BYTE_LEVEL, META, Tokenizer

CORPUS = [
    "it's the 1st of 'step two, they'll say: don't!", "läuft groß, große Straße  im  Süden", "東京 नमस्ते 🙂 ² ½ ▁",
    "a\n\n b\t c   ", "The cat sees the old man with the cat",
]  # fmt: skip


def cut(text):
    """The parts of a text as GPT-2's pattern has them, character by character."""
    parts, place = [], 0
    while place < len(text):
        rest = text[place:]
        part = next((one for one in ("'s", "'t", "'re", "'ve", "'m", "'ll", "'d") if rest.startswith(one)), None)
        part = part or next((run for kind in "LNO" if (run := run_of(rest, kind))), None) or spaces(rest)
        parts.append(part)
        place += len(part)
    return parts


def kind_of(character):
    if character.isspace():
        return " "
    first = unicodedata.category(character)[0]
    return first if first in "LN" else "O"


def run_of(text, kind):
    """A run of one kind of characters, with a single space before it."""
    start = 1 if text.startswith(" ") and len(text) > 1 else 0
    end = start
    while end < len(text) and kind_of(text[end]) == kind:
        end += 1
    return text[:end] if end > start else ""


def spaces(text):
    """White space; the last of it is left to what follows."""
    end = len(text) - len(text.lstrip())
    return text[: end - 1] if end < len(text) and end > 1 else text[:end]


def merged(letters, merges):
    """BPE as its list of merges says: always the first in the list, everywhere from left to right."""
    pieces = list(letters)
    while pairs := [pair for pair in pairwise(pieces) if pair in merges]:
        best, new, place = min(pairs, key=merges.__getitem__), [], 0
        while place < len(pieces):
            both = tuple(pieces[place : place + 2]) == best
            new.append("".join(best) if both else pieces[place])
            place += 1 + both
        pieces = new
    return pieces


def learned(texts, count):
    """The merges that BPE learns: of the commonest pair of neighbours, again and again (Sennrich et al. 2016)."""
    words = [["".join(map(LETTERS.__getitem__, part.encode()))] for text in texts for part in cut(text)]
    merges: dict[tuple[str, str], int] = {}
    while len(merges) < count:
        counts: dict[tuple[str, str], int] = {}
        for [word] in words:
            pieces = merged(word, merges)
            for pair in pairwise(pieces):
                counts[pair] = counts.get(pair, 0) + 1
        merges[max(counts, key=lambda pair: (counts[pair], pair))] = len(merges)
    return merges


MERGES = learned(CORPUS, 60)


@pytest.fixture(scope="module")
def tokenizer(tmp_path_factory):
    """One with these merges, as it is imported."""
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *LETTERS, *map("".join, MERGES), "<mask>"]
    path = tmp_path_factory.mktemp("byte") / "vocab.json"
    ids = {piece: number for number, piece in enumerate(pieces)}
    splitter = bart.splitter(ids, list(MERGES), path)
    made = spm.tokenizer(splitter, spm.vocabulary(ids, [splitter], path), BYTE_LEVEL)
    (path.parent / "a.spm").write_bytes(made.to_bytes())
    return of_its_kind(Tokenizer.load(path.parent / "a.spm"))


TEXTS = st.text(st.sampled_from("'sdtle aäß東न्🙂\n\t.1²_▁<>/\u00a0\u2003") | st.characters(codec="utf-8"), max_size=30)


@given(st.text(st.sampled_from("'sdtlrevm aäß東न्.1²▁<>"), max_size=30) | st.sampled_from(CORPUS))
def test_it_splits_as_the_list_of_merges_says(tokenizer, text):
    letters = ["".join(LETTERS[byte] for byte in part.encode()) for part in cut(text)]
    expected = [piece for part in letters for piece in merged(part, MERGES)]
    found = [tokenizer._bytes[one] for one in tokenizer.encode(text)]
    assert found == [bytes(map(LETTERS.index, piece)) for piece in expected]


@given(TEXTS)
def test_text_comes_back_and_every_token_has_its_span(tokenizer, text):
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text == tokenizer.normalize(text)
    assert not any(map(tokenizer.is_control, ids))
    assert tokenizer.encode_all([text, "a", text]) == [ids, tokenizer.encode("a"), ids]
    tokens = tokenizer.tokens(text)
    assert tokens == tokenizer.tokens_of(ids) == tokenizer.tokens_of_pieces([one.piece for one in tokens])
    ends = [0, *(one.end for one in tokens)]
    assert all(one.start <= before <= one.end for one, before in zip(tokens, ends, strict=False))
    assert ends[-1] == len(text)
    for one in tokens:
        if not one.piece.startswith("<0x"):
            assert text[one.start : one.end].replace(" ", META) == one.piece


@given(TEXTS, st.integers(0, 99))
def test_split_at_random_it_spells_the_same(tokenizer, text, seed):
    (ids,) = tokenizer.sample_all([text], 0.5, seed)
    assert tokenizer.decode(ids) == text


@given(st.lists(st.integers(4, 300), max_size=12))
def test_any_ids_have_spans_in_their_text(tokenizer, ids):
    text, tokens = tokenizer.decode(ids), tokenizer.tokens_of(ids)
    assert [one.id for one in tokens] == ids
    assert all(0 <= one.start <= one.end <= len(text) for one in tokens)


def test_both_sides_begin_with_s(tokenizer):
    assert isinstance(tokenizer, ByteLevelTokenizer) and tokenizer.is_framed_otherwise
    assert tokenizer.pieces[:4] == list(PIECES) and len(set(tokenizer.pieces)) == tokenizer.vocab_size
    assert tokenizer.target_ids(None) == tokenizer.beginning_ids(None) == [BOS]
    assert tokenizer.split_target([BOS, 9, EOS]) == ([BOS], [9, EOS]) and tokenizer.split_target([9]) == ([], [9])
    with pytest.raises(UsageError, match="no target 'de'"):
        tokenizer.target_ids("de")
    with pytest.raises(UsageError, match="spells every character"):
        tokenizer.extended(["x"])
    with pytest.raises(UsageError, match="surrogate"):
        tokenizer.encode("a\ud800")


def test_another_draw_is_another_split(tokenizer):
    draws = set(map(tuple, tokenizer.sample_all(["the cat sees the old man"] * 20, 0.5, seed=1)))
    assert len(draws) > 5
