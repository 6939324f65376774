"""SentencePiece tokenizers: raw text to ids and back, with the place of every token in the text.

Nothing is unknown: a character outside the vocabulary becomes its UTF-8 bytes, each with an id of its own. Decoding
gives back what was encoded, as the tokenizer's rules normalised it (`normalization.py`). Kudo & Richardson 2018.
"""

import io
import os
import re
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import compress
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeVar

import sentencepiece

from glassformer.errors import InputError, UsageError
from glassformer.reading import MIB, read_regular
from glassformer.special import BOS, EOS, PAD, PIECES, UNK
from glassformer.text.directions import source_of, symbol_of, target_of, target_of_symbol
from glassformer.text.encoding import refuse_surrogates
from glassformer.text.subword_regularization import SubwordSampler, subword_sampler

if TYPE_CHECKING:  # it brings the readers of all formats, and to split text needs none
    from glassformer.text.pairs import Pair

Kind = Literal["unigram", "bpe"]
T = TypeVar("T", int, str)

META = "▁"  # SentencePiece's sign for a space; in the user's own text it must survive as itself
SKIPPED = "▅"  # SentencePiece leaves lines that hold its sign for the unknown out of training, without a word
BOUNDARY = "\x1f"  # put where no piece may reach across: SentencePiece's own split_digits sees only 0 to 9
PROBE = " ² x "  # no rule of ours changes it; a tokenizer with other rules, or a damaged one, does
IMPORTED = "imported"  # stands last in the file of another program's tokenizer, whose rules may change PROBE
TWO_SIDED = "imported, languages on both sides"  # the same, of a model that is told its source's language too
BEHIND = "imported, language behind"  # the same, of a model of one direction whose source ends with its language
BYTE_LEVEL = "imported, byte-level"  # the same, of one whose pieces are made of bytes (`byte_level.py`)
# The smallest vocabulary there can be: the control tokens, the 256 bytes, and a piece for the space.
SMALLEST = len(PIECES) + 256 + 1
LARGEST = 16 * MIB  # bytes of a `.spm` file: some 800,000 pieces, where NLLB's 256,000 take 5; in memory up to 40 times
FOR_A_THREAD = 64  # texts to encode, below which a thread costs more than it brings


class Token(NamedTuple):
    """One token, and the characters [start, end) of the text that it stands for; a control token stands for none."""

    id: int
    piece: str
    start: int
    end: int
    control: bool = False


class TooManyPiecesError(InputError):
    """The text allows no vocabulary so large; `most` is the largest."""

    def __init__(self, vocab_size: int, most: int) -> None:
        super().__init__(f"vocab_size = {vocab_size} is more than the text allows; set it to at most {most}")
        self.most = most


class Tokenizer:
    """Text to ids and back. `encode` adds no control tokens; `decode` skips them."""

    def __init__(self, model: bytes) -> None:
        self._model = model
        self._pieces = sentencepiece.SentencePieceProcessor(model_proto=model)

    @classmethod
    def train(
        cls,
        texts: Iterable[str],
        vocab_size: int,
        kind: Kind = "unigram",
        coverage: float = 0.9998,
        user_symbols: Sequence[str] = (),
        split_digits: bool = True,
        targets: Sequence[str] = (),
    ) -> "Tokenizer":
        """Learn a vocabulary of exactly `vocab_size` pieces from `texts`.

        `coverage`: the share of the text's characters that get a piece; the rest are spelt in bytes.
        `user_symbols`: texts that are one piece wherever they stand, and that no rule of normalisation changes.
        `split_digits`: whether every digit of any script is a piece of its own.
        `targets`: the languages that a source may be translated to, each of which gets a control symbol; see
        `target_ids`.
        Raises InputError if the text allows no vocabulary of that size; it names one that fits. Where that is a
        smaller one, it is TooManyPiecesError.
        """
        check_user_symbols(user_symbols, targets)
        alone = re.compile("|".join([*map(re.escape, user_symbols), *([r"\d"] if split_digits else [])]) or r"(?!)")
        written = io.BytesIO()
        pad, unk, bos, eos = PIECES
        try:
            sentencepiece.SentencePieceTrainer.train(
                sentence_iterator=(alone.sub(rf"{BOUNDARY}\g<0>{BOUNDARY}", _without_signs(text)) for text in texts),
                model_writer=written,
                model_type=kind,
                vocab_size=vocab_size,
                character_coverage=coverage,
                control_symbols=list(map(symbol_of, targets)),
                byte_fallback=True,
                user_defined_symbols=list(user_symbols),
                split_digits=split_digits,
                pretokenization_delimiter=BOUNDARY,
                normalization_rule_name="identity",
                remove_extra_whitespaces=False,
                max_sentence_length=1 << 30,  # its default skips long lines without a word
                pad_id=PAD, unk_id=UNK, bos_id=BOS, eos_id=EOS,
                pad_piece=pad, unk_piece=unk, bos_piece=bos, eos_piece=eos,
                minloglevel=2,
            )  # fmt: skip
        except RuntimeError as error:
            raise _vocabulary_error(str(error), vocab_size) from error
        if written.tell() > LARGEST:
            raise InputError(
                f"vocab_size = {vocab_size} makes a tokenizer of more than {LARGEST:,} bytes; set it lower"
            )
        return cls(written.getvalue())

    @classmethod
    def load(cls, path: Path) -> "Tokenizer":
        """Read a `.spm` file; InputError if it is not one."""
        try:
            model = read_regular(path, LARGEST)
            if not model:
                raise InputError(f"{path}: is empty; copy the tokenizer again")
            tokenizer = cls(model)
            pieces = tokenizer.pieces
        except OSError as error:
            raise InputError(f"{path}: cannot read the tokenizer: {error.strerror}") from error
        except (RuntimeError, UnicodeDecodeError) as error:  # the latter for a piece that is not UTF-8
            raise InputError(f"{path}: not a SentencePiece model, or a truncated one; copy it again") from error
        if tuple(pieces[: len(PIECES)]) != PIECES:
            raise InputError(f"{path}: its first four pieces must be {' '.join(PIECES)}")
        if not all(tokenizer._pieces.is_control(one) for one in (PAD, BOS, EOS)):
            raise InputError(f"{path}: its first four pieces must be control tokens, which no text becomes")
        if not tokenizer.is_imported and tokenizer.decode(tokenizer.encode(PROBE)) != PROBE:
            raise InputError(
                f"{path}: does not give text back as it was; truncated, or not of this program: copy it again"
            )
        return tokenizer

    def with_rules(self, spec: bytes) -> "Tokenizer":
        """The same pieces, with these rules of normalisation: the serialized spec of a SentencePieceNormalizer.

        `train` gives a tokenizer without any, which suits text that was normalised before.
        """
        model = self._parsed()
        rules = type(model.normalizer_spec).FromString(spec)
        model.normalizer_spec.name = "user_defined"
        model.normalizer_spec.precompiled_charsmap = rules.precompiled_charsmap
        return Tokenizer(model.SerializeToString())

    def extended(self, pieces: Sequence[str]) -> "Tokenizer":
        """The same tokenizer with these pieces more, after the others.

        A `unigram` one takes each rather than those that it is spelt in, a `bpe` one makes its merges last.
        """
        model = self._parsed()
        scores = {one.piece: one.score for one in model.pieces if one.type == type(one).NORMAL}
        lowest = min(scores.values(), default=0.0)
        for number, piece in enumerate(pieces, start=1):
            # What has no score is an unknown character or its bytes, which no split prefers to pieces.
            spelt = sum(scores.get(self.piece(token), lowest) for token in self.encode_piece(piece))
            model.pieces.add(piece=piece, score=lowest - number if self.kind == "bpe" else max(spelt, lowest) + 0.1)
        model.trainer_spec.vocab_size = len(model.pieces)
        return Tokenizer(model.SerializeToString())

    def encode_piece(self, piece: str) -> list[int]:
        """The ids that a piece of another tokenizer is spelt in."""
        ids = self.encode(piece.replace(META, " ").strip())
        alone = not piece.startswith(META) and ids and self.piece(ids[0]) == META
        return ids[1:] if alone else ids

    def as_read(self, text: str) -> str:
        """`text` after the rules of the tokenizer's file, before it is split."""
        read: str = self._pieces.normalize(text).replace(META, " ").strip()
        return read

    @property
    def kind(self) -> Kind:
        """How it splits text; what knows words alone counts as unigram."""
        return "bpe" if self._model_type == "BPE" else "unigram"

    @property
    def has_words_alone(self) -> bool:
        """Whether it splits text at spaces only, as an imported vocabulary of words asks for."""
        return self._model_type == "WORD"

    @property
    def _model_type(self) -> str:
        spec = self._parsed().trainer_spec
        name: str = spec.ModelType.Name(spec.model_type)
        return name

    @property
    def spoken_pieces(self) -> list[str]:
        """The pieces that stand for text: no control token, no symbol, no byte."""
        return [self.piece(i) for i in range(self.vocab_size) if not (self.is_control(i) or _is_byte(self.piece(i)))]

    @property
    def is_imported(self) -> bool:
        """Whether the pieces and rules are another program's: text may come back changed, or with `<unk>` left out."""
        return self._mark in (IMPORTED, TWO_SIDED, BEHIND, BYTE_LEVEL)

    @property
    def is_two_sided(self) -> bool:
        """Whether a model is told both languages: the source begins with its own symbol, the translation with its own.

        Else the source begins with the target's symbol.
        """
        return self._mark == TWO_SIDED

    @property
    def ending_ids(self) -> list[int]:
        """What a source ends with: `</s>`, and of some imported models the symbol of its language behind it."""
        return [EOS, *self._targets.values()] if self._mark == BEHIND else [EOS]

    @property
    def is_framed_otherwise(self) -> bool:
        """Whether more stands around a text than a target's symbol before the source and `</s>` after both sides."""
        return self._mark in (TWO_SIDED, BEHIND, BYTE_LEVEL)

    @property
    def is_byte_level(self) -> bool:
        """Whether its pieces are made of bytes."""
        return self._mark == BYTE_LEVEL

    @cached_property
    def _mark(self) -> str:
        if IMPORTED.encode() not in self._model:  # which every mark holds; to parse all pieces takes longer
            return ""
        name: str = self._parsed().denormalizer_spec.name
        return name

    def _parsed(self) -> Any:
        """What the file holds: SentencePiece's ModelProto. Splitting and joining text do without it."""
        from sentencepiece import sentencepiece_model_pb2 as model_pb2

        return model_pb2.ModelProto.FromString(self._model)  # type: ignore[attr-defined]

    @property
    def rules(self) -> dict[str, str]:
        """The rules of normalisation that the tokenizer's file holds: what is replaced, and by what."""
        spec = self._parsed().normalizer_spec
        if not spec.precompiled_charsmap:
            return {}
        return dict(sentencepiece.SentencePieceNormalizer(normalizer_spec=spec.SerializeToString()).decompile())

    def normalize(self, text: str) -> str:
        """`text` as the tokenizer's rules make it, which is what `decode` gives back."""
        return self.decode(self.encode(text))

    def to_bytes(self) -> bytes:
        """The tokenizer as a `.spm` file."""
        return self._model

    @property
    def vocab_size(self) -> int:
        """Number of pieces, control tokens and bytes included."""
        return self._pieces.get_piece_size()

    @property
    def user_symbols(self) -> tuple[str, ...]:
        """The texts that are one piece each wherever they stand, in the order of their ids."""
        return tuple(one.piece for one in self._parsed().pieces if one.type == type(one).USER_DEFINED)

    @cached_property
    def pieces(self) -> list[str]:
        """All pieces, in the order of their ids; SentencePiece takes ten times as long to look one up."""
        return self._pieces.id_to_piece(list(range(self.vocab_size)))

    def piece(self, token: int) -> str:
        """The piece of an id, as SentencePiece writes it (`▁` for a space, `<0xE2>` for a byte)."""
        return self.pieces[token]

    def pieces_of(self, ids: Iterable[int]) -> tuple[str, ...]:
        """The piece of each id."""
        return tuple(map(self.pieces.__getitem__, ids))

    @cached_property
    def _targets(self) -> dict[str, int]:
        """The id of each target's symbol."""
        ids = list(range(len(PIECES), self.vocab_size))
        controls = compress(ids, self._pieces.is_control(ids))  # one by one it takes five times as long
        named = ((target_of_symbol(self.piece(token)), token) for token in controls)
        return {target: token for target, token in named if target}

    @property
    def targets(self) -> tuple[str, ...]:
        """The targets that the tokenizer has a symbol for; none where the model has one direction only."""
        return () if self._mark == BEHIND else tuple(self._targets)

    def target_ids(self, direction: str | None) -> list[int]:
        """The ids that tell a model what to translate to, to put before the source's: one, or none without targets.

        `direction` is a target, or source and target as `en-hi`. Of a tokenizer with a single target, None or "" is
        that one. A two-sided tokenizer gives the source's symbol. Raises UsageError for a language that it has not, and
        for none where there are several.
        """
        if self.is_two_sided:
            return [self._of_direction(direction)[0]]
        symbols = {name: self._targets[name] for name in self.targets}
        listed, target = ", ".join(symbols), target_of(direction or "")
        if not target and len(symbols) > 1:
            raise UsageError(
                f"the model has the targets {listed}; say which one (--to; in training: directions, probe_to)"
            )
        if target and target not in symbols:
            have = f"the model's targets are {listed}" if symbols else "the model was trained without directions"
            raise UsageError(f"no target '{target}': {have}")
        return [symbols[target]] if target else list(symbols.values())

    def beginning_ids(self, direction: str | None) -> list[int]:
        """The ids that a translation begins with: the target's symbol of a two-sided tokenizer, else none."""
        return [self._of_direction(direction)[1]] if self.is_two_sided else []

    def _of_direction(self, direction: str | None) -> tuple[int, int]:
        """The symbols of a direction's source and target."""
        languages = source_of(direction or ""), target_of(direction or "")
        for language in languages:
            if language not in self._targets:
                some = ", ".join(list(self._targets)[:5])
                what = f"no language '{language}'" if language else "the model is told both languages (--from and --to)"
                raise UsageError(f"{what}; it knows {len(self._targets)}: {some}, ... (glassformer info lists them)")
        return self._targets[languages[0]], self._targets[languages[1]]

    def split_target(self, ids: list[int]) -> tuple[list[int], list[int]]:
        """A side's ids in two: the symbol of a language, if they begin with one, and the text."""
        first = ids[:1] if ids and ids[0] in self._targets.values() else []
        return first, ids[len(first) :]

    def is_control(self, token: int) -> bool:
        """Whether the id stands for no text: a control token, or the symbol of a target."""
        return token in self._controls

    @cached_property
    def _controls(self) -> frozenset[int]:
        return frozenset((*range(len(PIECES)), *self._targets.values()))

    def encode(self, text: str) -> list[int]:
        """The ids of `text`, without control tokens; UsageError for a lone surrogate."""
        return self._ids(self._split(text))

    def encode_all(self, texts: Sequence[str]) -> list[list[int]]:
        """`encode` for many texts at once, on all cores where they are many enough to be worth their threads."""
        refuse_surrogates(texts)
        without_meta = [text for text in texts if META not in text]
        together = iter(self._encode_many(without_meta))
        return [self.encode(text) if META in text else next(together) for text in texts]

    def fits(self, text: str, most: int) -> bool:
        """Whether `text` has at most so many tokens; it is split only where it has more bytes: a token has one or more.

        UsageError for a lone surrogate.
        """
        refuse_surrogates([text])
        has_few = META not in text and len(self._pieces.normalize(text).encode()) <= most
        return has_few or len(self.encode(text)) <= most

    def _encode_many(self, texts: list[str]) -> list[list[int]]:
        if len(texts) < FOR_A_THREAD:  # SentencePiece would start a thread, for as long as 25 texts take
            return [self._pieces.encode(text) for text in texts]
        threads = min(os.cpu_count() or 1, 1 + len(texts) // FOR_A_THREAD)
        ids: list[list[int]] = self._pieces.encode(texts, num_threads=threads)
        return ids

    def sample_all(self, texts: Sequence[str], dropout: float, seed: int) -> list[list[int]]:
        """Each text split at random; the same ids for the same arguments, and `decode` gives the text back.

        A `bpe` tokenizer leaves each merge out with probability `dropout` (BPE-dropout). A `unigram` one draws from all
        splits, each with probability p(split)^`dropout`, normalised: there a smaller number is wilder. A user symbol
        stays one piece. See `subword_regularization.py`.
        """
        refuse_surrogates(texts)
        random = Random(seed)
        return [self._sample(text, dropout, random) for text in texts]

    @cached_property
    def _sampler(self) -> SubwordSampler:
        return subword_sampler(self._parsed())

    def _sample(self, text: str, dropout: float, random: Random) -> list[int]:
        if META not in text:
            return self._sampler.sample(self._pieces.normalize(text), dropout, random)
        stand_in = self._stand_in(text)
        ids = self._sampler.sample(self._pieces.normalize(text.replace(META, stand_in)), dropout, random)
        return _replace_runs(ids, self._ids(_spelling(stand_in)), self._ids(_spelling(META)))

    def decode(self, ids: Iterable[int]) -> str:
        """The text of `ids`; control tokens are skipped, bytes that are no UTF-8 become U+FFFD."""
        text: str = self._pieces.decode(self._spoken(ids))
        return text

    def decode_all(self, sentences: Iterable[Iterable[int]]) -> list[str]:
        """`decode` for many sentences at once, which takes a quarter of the time."""
        spoken = list(map(self._spoken, sentences))
        return self._pieces.decode(spoken, num_threads=1) if spoken else []

    def _spoken(self, ids: Iterable[int]) -> list[int]:
        """The ids without control tokens."""
        return [i for i in ids if i not in self._controls]

    def tokens(self, text: str) -> list[Token]:
        """The tokens of `text` with their character spans, before any normalisation.

        What was made from one character all has that character's span, such as its bytes; a space that SentencePiece
        puts before the first word has the empty span (0, 0).
        """
        refuse_surrogates([text])
        stand_in = self._stand_in(text)
        found = self._pieces.encode(text.replace(META, stand_in), return_type="proto").pieces
        at_byte = _characters_at_bytes(text.replace(META, stand_in))
        tokens = [Token(piece.id, piece.piece, at_byte[piece.begin], at_byte[piece.end]) for piece in found]
        for place in reversed(range(len(tokens) - 1)):
            token, after = tokens[place], tokens[place + 1]
            if token.start == token.end == after.start and (place or token.piece != META):
                tokens[place] = token._replace(end=after.end)
        return self._with_meta(tokens, _spelling(stand_in)) if META in text else tokens

    def _with_meta(self, tokens: list[Token], stand_in: list[str]) -> list[Token]:
        """`tokens` with the bytes of META in place of every run that spells its stand-in."""
        result: list[Token] = []
        for token in tokens:
            result.append(token)
            if [one.piece for one in result[-len(stand_in) :]] == stand_in:
                spelt = [Token(self._pieces.piece_to_id(piece), piece, *token[2:]) for piece in _spelling(META)]
                result[-len(stand_in) :] = spelt
        return result

    def tokens_of(self, ids: Sequence[int]) -> list[Token]:
        """The tokens `ids`, with their spans in the text that `decode` gives; a control token's is empty."""
        pieces = [self.piece(i) for i in ids if not self.is_control(i)]
        # `decode` takes one space away from the front, if there is one.
        spoken = iter(self._with_spans(pieces, self.decode(ids), -1 if pieces and pieces[0].startswith(META) else 0))
        tokens, end = [], 0
        for i in ids:
            tokens.append(self.control_token(i, end) if self.is_control(i) else next(spoken))
            end = tokens[-1].end
        return tokens

    def tokens_of_pieces(self, pieces: Sequence[str]) -> list[Token]:
        """`tokens_of` the ids of these pieces."""
        return self.tokens_of(self._ids(list(pieces)))

    def control_token(self, token: int, place: int) -> Token:
        """A control token that stands at this place of the text."""
        return Token(token, self.piece(token), place, place, control=True)

    def _with_spans(self, pieces: list[str], text: str, position: int) -> list[Token]:
        """The pieces with their spans; the first begins at `position`, -1 for a space put before the text."""
        tokens, left = [], 0  # left: bytes still to come of the character being spelt
        for place, piece in enumerate(pieces):
            token = self._pieces.piece_to_id(piece)
            if not _is_byte(piece):
                start, position = position, position + len(piece)
                tokens.append(Token(token, piece, max(start, 0), max(position, 0)))
                continue
            if left == 0:
                position += 1
                spelt = _spelling(text[position - 1 : position])
                # What is no UTF-8 is decoded as U+FFFD, byte by byte.
                left = len(spelt) if spelt and pieces[place : place + len(spelt)] == spelt else 1
            left -= 1
            tokens.append(Token(token, piece, position - 1, position))
        return tokens

    def _ids(self, pieces: list[str]) -> list[int]:
        return [self._pieces.piece_to_id(piece) for piece in pieces]

    def _split(self, text: str) -> list[str]:
        refuse_surrogates([text])
        if META not in text:
            return list(self._pieces.encode(text, out_type=str))
        stand_in = self._stand_in(text)
        pieces = self._pieces.encode(text.replace(META, stand_in), out_type=str)
        return _replace_runs(pieces, _spelling(stand_in), _spelling(META))

    def _stand_in(self, text: str) -> str:
        """A character for `▁`, which SentencePiece would take for a space; its bytes then give way to those of `▁`."""
        return next(c for c in map(chr, range(0x10FFFD, 0, -1)) if c not in text and self._is_unknown(c))

    def _is_unknown(self, character: str) -> bool:
        return self._pieces.piece_to_id(character) == UNK


Tokenizers = tuple[Tokenizer, Tokenizer]  # of the source and of the target; one, twice, where they are joint
Ids = list[list[int]]


def encode_pairs(pairs: "Sequence[Pair]", tokenizers: Tokenizers) -> tuple[Ids, Ids]:
    """The ids of both sides, without `</s>`, with the symbols of their languages, where there are targets.

    Raises InputError for a pair whose target the tokenizer does not have.
    """
    source, target = tokenizers
    first = {pair.direction: pair for pair in reversed(pairs)}
    symbols = {direction: _symbols(source, target, pair) for direction, pair in first.items()}
    sources = source.encode_all([pair.source for pair in pairs])
    targets = target.encode_all([pair.target for pair in pairs])
    if any(map(any, symbols.values())):
        sources = [symbols[pair.direction][0] + ids for pair, ids in zip(pairs, sources, strict=True)]
        targets = [symbols[pair.direction][1] + ids for pair, ids in zip(pairs, targets, strict=True)]
    return sources, targets


def _symbols(source: Tokenizer, target: Tokenizer, pair: "Pair") -> tuple[list[int], list[int]]:
    try:
        return source.target_ids(pair.direction), target.beginning_ids(pair.direction)
    except UsageError as error:
        raise InputError(f"{pair.place}: {error}") from None


def _without_signs(text: str) -> str:
    """`text` with a space for each character that would be a sign to SentencePiece's training."""
    return text.replace(META, " ").replace(SKIPPED, " ").replace(BOUNDARY, " ")


def check_user_symbols(symbols: Sequence[str], targets: Sequence[str] = ()) -> None:
    """Raise UsageError for a symbol that cannot be a piece of its own: it would stand for something else already."""
    for symbol in symbols:
        if not symbol or re.search(r"[\s\0▁\ud800-\udfff]", symbol):
            raise UsageError(f"user_symbols: {symbol!r} must have characters, and no white space, NUL or {META}")
        if symbol in PIECES or _is_byte(symbol):
            raise UsageError(f"user_symbols: {symbol} is the name of a control token or of a byte; choose another")
        if target_of_symbol(symbol) in targets:
            raise UsageError(f"user_symbols: {symbol} is what directions put before a source already; leave it out")
    if len(set(symbols)) < len(symbols):
        raise UsageError(f"user_symbols = {list(symbols)} has one twice; name each once")


def _replace_runs(items: Sequence[T], old: list[T], new: list[T]) -> list[T]:
    """`items` with `new` in place of every run that equals `old`."""
    result: list[T] = []
    for item in items:
        result.append(item)
        if result[-len(old) :] == old:
            result[-len(old) :] = new
    return result


def _characters_at_bytes(text: str) -> list[int]:
    """For each place between the bytes of `text` in UTF-8, how many characters begin before it."""
    places = [0]
    for number, character in enumerate(text, start=1):
        places += [number] * len(character.encode())
    return places


def _is_byte(piece: str) -> bool:
    return len(piece) == 6 and piece.startswith("<0x") and piece.endswith(">")


def _spelling(text: str) -> list[str]:
    return [f"<0x{byte:02X}>" for byte in text.encode()]


def _vocabulary_error(message: str, vocab_size: int) -> InputError:
    if found := re.search(r"Vocabulary size too high .* value <= (\d+)", message):
        return TooManyPiecesError(vocab_size, int(found[1]))
    if found := re.search(r"Vocabulary size is smaller than required_chars\. \d+ vs (\d+)", message):
        return InputError(
            f"vocab_size = {vocab_size} has no room for the text's characters; set it to at least {found[1]}"
        )
    return InputError(f"no tokenizer can be trained on this text with vocab_size = {vocab_size}: {message.strip()}")
