"""The decode loop, by the project's own search over a model small enough to check in the head.

The lecture shows the loop without numbers. Ours has a table E and a matrix W (see `inputs.py`), and
the logits of the next word are E[last word] W.

Axes: T target words, V vocabulary, D width of the table, N hypotheses.
"""

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from glassformer.glass.decode_step import decode_step
from glassformer.glass.lecture.facts import DECODED
from glassformer.glass.lecture.recorder import Recorder
from glassformer.glass.lecture.words import words_axis
from glassformer.search import Hypothesis, Ints, Rows, SearchOptions, search

START, END = 0, len(DECODED) - 1
MOST = 12  # words, after which a loop that the user's own matrices never end is cut off


@dataclass(frozen=True)
class Decoded:
    """The record's `decode`, and the axis of the words that the decoder read."""

    record: dict[str, Any]
    target: dict[str, Any]


class _Nothing:
    """The state of a model that remembers nothing: the last word alone decides."""

    def select(self, _: Ints) -> "_Nothing":
        return self


def decode(record: Recorder, embedding_VD: Tensor, w_DV: Tensor) -> Decoded:
    """From <SOS> take the likeliest word, feed it back, stop at <EOS>; the tensors go to `record`."""

    def step(tokens_N: Ints, state: _Nothing) -> tuple[Rows, _Nothing]:
        return Rows((embedding_VD[tokens_N] @ w_DV).log_softmax(-1).numpy()), state

    options = SearchOptions(beam=1, length_penalty=0.0)
    ((found,),) = search(
        step, _Nothing(), start=START, end=END, limits=[MOST], options=options, suppress_tokens=[START]
    )
    read = [START, *found.tokens[:-1]]
    logits_TV = _record(record, embedding_VD, w_DV, torch.tensor(read))
    return Decoded(_decode(found, read, logits_TV), words_axis([DECODED[word] for word in read], read))


def _record(record: Recorder, embedding_VD: Tensor, w_DV: Tensor, read_T: Tensor) -> Tensor:
    rows, width = ("target", "vocabulary"), "decode_width"
    last_TD = embedding_VD[read_T]
    record.add("decode.ids", "input", ("target",), read_T, "ids", dtype="int32")
    record.add("decode.embedding", "parameter", ("vocabulary", width), embedding_VD, "E")
    operands = {"table": "decode.embedding", "ids": "decode.ids"}
    record.add("decode.last", "lookup", ("target", width), last_TD, "E[last]", operands)
    record.add("decode.W", "parameter", (width, "vocabulary"), w_DV, "W")
    operands = {"a": "decode.last", "b": "decode.W"}
    logits_TV = record.add("decode.logits", "matmul", rows, last_TD @ w_DV, "logits", operands)
    operands = {"x": "decode.logits"}
    record.add("decode.probabilities", "softmax", rows, logits_TV.softmax(-1), "p", operands)
    return logits_TV


def _decode(found: Hypothesis, read: list[int], logits_TV: Tensor) -> dict[str, Any]:
    steps = [_step(*step) for step in zip(range(len(read)), read, found.tokens, logits_TV, strict=True)]
    log_prob = sum(step["chosen"]["log_prob"] for step in steps)
    return {
        "strategy": "greedy",
        "options": {"beam": 1, "length_penalty": 0.0},
        "text": " ".join(DECODED[word] for word in found.tokens if word != END),
        "log_prob": log_prob,
        "score": log_prob,
        "finished": found.finished,
        "steps": steps,
    }


def _step(step: int, read: int, chosen: int, logits_V: Tensor) -> dict[str, Any]:
    likeliest = logits_V.argsort(descending=True, stable=True).tolist()
    row = (logits_V, logits_V.log_softmax(-1))
    return decode_step(step, read, chosen, *row, listed=likeliest, forbidden=[START], named=_word)


def _word(word: int) -> dict[str, Any]:
    return {"id": word, "piece": DECODED[word], "text": DECODED[word]}
