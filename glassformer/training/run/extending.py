"""Fine-tuning on text that the model's vocabulary does not suit: pieces are added, and rows for them.

A new piece begins as what it replaces: its row is the mean of the rows of the pieces that it was spelt in.

Axes: N rows, D d_model.
"""

import dataclasses
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from glassformer.data.config import DataConfig
from glassformer.data.texts import read_texts
from glassformer.data.tokenizers import train_default
from glassformer.errors import InputError, UsageError
from glassformer.model import Transformer
from glassformer.model_directory import load_parameters, parameters_of
from glassformer.special import UNK
from glassformer.text.tokenizer import META, Tokenizer
from glassformer.translator import Translator

EXTENDED = "start"  # in the run directory: the model with more pieces, with which training begins
LEAST = 2  # times that a piece must come in the text
NEVER = -100.0  # output biases below it are of pieces that an imported model never writes (`interop/vocabularies.py`)


def extend(origin: Path, data: DataConfig, most: int, seed: int, out: Path) -> int:
    """Write the model of `origin`, with up to `most` more pieces on each side, to `out`; how many it got in all.

    The pieces are those that the text is then split into most often. Raises InputError where the text needs none.
    """
    if most < 1:
        raise UsageError(f"--extend-vocabulary {most}: must be at least 1")
    translator = Translator.load(origin)
    translator.require_floats("training")
    sample = read_texts(data, seed).first_reading.sample
    sources, targets = [pair.source for pair in sample], [pair.target for pair in sample]
    source, target = translator.tokenizers
    joint = translator.config.source_vocab_size is None
    wanted = (new_pieces(source, sources, data, most), new_pieces(target, targets, data, most))
    if joint:
        wanted = (_united(*wanted)[:most],) * 2
    if not any(wanted):
        raise InputError("--extend-vocabulary: the text is split into no pieces that the model lacks; leave it out")
    tokenizers = _tokenizers(source, target, wanted, joint)
    weights = {
        name: _extended(name, weight, source if _is_of_source(name, joint) else target, tokenizers, joint)
        for name, weight in parameters_of(translator.model).items()
    }
    config = dataclasses.replace(
        translator.config,
        vocab_size=tokenizers[1].vocab_size,
        source_vocab_size=None if joint else tokenizers[0].vocab_size,
    )
    model = Transformer(config)
    load_parameters(model, weights, origin)
    card = translator.card | {"extended": {"from": str(origin), "pieces": sum(map(len, wanted[: 1 if joint else 2]))}}
    Translator(model.eval(), *tokenizers, card, translator.estimator.lexicon).save(out)
    return int(card["extended"]["pieces"])


def new_pieces(tokenizer: Tokenizer, texts: Sequence[str], data: DataConfig, most: int) -> list[str]:
    """The pieces to add for these texts, the most frequent first: characters without a piece, and longer ones.

    Candidates are those of a tokenizer of the same kind that is trained on the texts; what they are not split into then
    is left out.
    """
    normal = [tokenizer.as_read(text) for text in texts]
    known = set(tokenizer.pieces)
    extended = tokenizer.extended([one for one in _candidates(tokenizer, normal, data) if one not in known])
    counts = Counter(one for ids in extended.encode_all(list(texts)) for one in ids if one >= tokenizer.vocab_size)
    return [extended.piece(token) for token, count in counts.most_common(most) if count >= LEAST]


def _candidates(tokenizer: Tokenizer, texts: Sequence[str], data: DataConfig) -> Sequence[str]:
    if tokenizer.has_words_alone:
        return list(dict.fromkeys(META + word for text in texts for word in text.split()))
    settings = dataclasses.replace(data, tokenizer=tokenizer.kind, user_symbols=(), split_digits=True)
    return train_default(texts, settings).spoken_pieces


def _united(first: Sequence[str], second: Sequence[str]) -> list[str]:
    """Both lists in turns, each piece once."""
    longest = max(len(first), len(second))
    turns = [one for place in range(longest) for side in (first, second) for one in side[place : place + 1]]
    return list(dict.fromkeys(turns))


def _tokenizers(
    source: Tokenizer, target: Tokenizer, wanted: Sequence[Sequence[str]], joint: bool
) -> tuple[Tokenizer, Tokenizer]:
    if joint and source.to_bytes() == target.to_bytes():
        both = source.extended(wanted[0])
        return both, both
    return source.extended(wanted[0]), target.extended(wanted[1])


def _is_of_source(name: str, joint: bool) -> bool:
    return joint or name.startswith("source_embedding")


def _extended(
    name: str, weight: Tensor, old: Tokenizer, tokenizers: tuple[Tokenizer, Tokenizer], joint: bool
) -> Tensor:
    """A parameter with a row for each new piece, if it has rows for pieces."""
    if not name.endswith(("token.weight", "generator.weight", "generator.bias")):
        return weight
    new = tokenizers[0 if _is_of_source(name, joint) else 1]
    if name == "generator.bias":
        weight = _revived(weight)
    rows = [weight[old.encode_piece(piece) or [UNK]].mean(0) for piece in new.pieces[old.vocab_size :]]
    return torch.cat([weight, torch.stack(rows)]) if rows else weight


def _revived(bias_N: Tensor) -> Tensor:
    """The output biases, with the mean of the others for pieces that the model never wrote: now it shall learn them."""
    never_N = bias_N < NEVER
    never_N[: UNK + 2] = False  # of the control tokens, it still writes only those that it wrote
    return torch.where(never_N, bias_N[bias_N >= NEVER].mean(), bias_N)
