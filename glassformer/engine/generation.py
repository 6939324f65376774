"""Translation of token ids, by any engine.

Axes: B sentences, T target length.
"""

import hashlib
from collections.abc import Sequence

import numpy as np

from glassformer.arguments import checked, refuse_unequal
from glassformer.batching import batches_by_length, pad
from glassformer.engine.checking import refuse_other_ids
from glassformer.engine.protocol import Engine
from glassformer.search import Hypothesis, S, SearchOptions, Watch, search
from glassformer.special import BOS, EOS, PAD, UNK

SUPPRESSED = (PAD, UNK, BOS)  # control tokens that no translation contains
LARGEST_VOCABULARY = 1 << 24  # of any model; an engine does not say its own


@checked
def generate(
    engine: Engine[S],
    sources: Sequence[Sequence[int]],
    options: SearchOptions | None = None,
    *,
    prefixes: Sequence[Sequence[int]] | None = None,
    watch: Watch | None = None,
) -> list[list[Hypothesis]]:
    """Search for translations of each source: `options.n_best` hypotheses, the best first.

    Sources are ids with `</s>`; those of like length share a batch, on which no result depends. `prefixes` are the
    ids, without `</s>`, that each translation must begin with. `watch` sees every step of a beam search (see
    `search.search`); with more than one source it sees whole batches.

    Raises InputError for a source or prefix longer than the model admits; nothing is cut off.
    """
    options = options or SearchOptions()
    refuse_unequal(len(sources), "sources", prefixes=prefixes)
    for prefix in () if prefixes is None else prefixes:
        if len(prefix):
            refuse_other_ids(prefix, LARGEST_VOCABULARY, "prefix")
    rows_each = options.n_best if options.sample else options.beam
    results: list[list[Hypothesis]] = [[] for _ in sources]
    begun = prefixes is not None and any(map(len, prefixes))
    own_search = getattr(engine, "search", None) if watch is None and not begun else None
    batch_tokens = engine.batch_tokens // rows_each
    limit_of = {length: options.limit(length, engine.max_length) for length in set(map(len, sources))}
    for batch in batches_by_length([len(source) for source in sources], batch_tokens):
        chosen = [sources[row] for row in batch]
        limits = [limit_of[len(source)] for source in chosen]
        found = own_search(chosen, limits, EOS, SUPPRESSED, options) if own_search else None
        if found is None:
            found = search(
                engine.step,
                engine.encode(chosen),
                start=engine.start_id,
                end=EOS,
                limits=limits,
                options=options,
                prefixes=[prefixes[row] for row in batch] if prefixes is not None else None,
                suppress_tokens=SUPPRESSED,
                watch=watch,
                seeds=[_seed(options.seed, source) for source in chosen] if options.sample else None,
            )
        for row, hypotheses in zip(batch, found, strict=True):
            results[row] = hypotheses
    return results


def likeliest_tokens(
    engine: Engine[S], sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]]
) -> list[list[int]]:
    """The likeliest token (of those that a translation may contain) at each place of targets that are forced.

    Sources and targets are ids with `</s>`, none longer than the engine admits.
    """
    results: list[list[int]] = [[] for _ in sources]
    lengths = [max(map(len, pair)) for pair in zip(sources, targets, strict=True)]
    for batch in batches_by_length(lengths, engine.batch_tokens):
        state = engine.encode([sources[row] for row in batch])
        read_BT = np.array(pad([[engine.start_id, *targets[row][:-1]] for row in batch], PAD))
        for place in range(read_BT.shape[1]):
            following, state = engine.step(read_BT[:, place], state)
            ids_B1, _ = following.best(1, SUPPRESSED)
            for row, token in zip(batch, ids_B1[:, 0].tolist(), strict=True):
                results[row] += [token] if place < len(targets[row]) else []
    return results


def _seed(seed: int, source: Sequence[int]) -> int:
    """A seed from the sentence itself, so that a sample does not depend on the batch around it."""
    return int.from_bytes(hashlib.sha256(repr((seed, list(source))).encode()).digest()[:7])
