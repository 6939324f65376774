"""Activation patching: what one sentence computes, put in its place in another.

Vig et al. 2020 (causal mediation), Geiger et al. 2021 (interchange interventions), Meng et al. 2022 (causal tracing).
"""

import difflib
from collections.abc import Sequence

from torch import Tensor

from glassformer.errors import InputError
from glassformer.glass.causes.interventions import Edit
from glassformer.glass.causes.places import Axis, words_of

Alignment = tuple[tuple[int, int], ...]  # pairs of places: of the first sentence, of the second


def align(first: Axis, second: Axis) -> Alignment:
    """Which tokens stand for each other: sentences of as many tokens token by token, others word by word.

    Words are matched by difflib's longest blocks, and those between two matches in their order, as far as both sides
    have some. Corresponding words want as many tokens. Raises InputError where nothing corresponds.
    """
    if len(first["tokens"]) == len(second["tokens"]):
        return tuple((place, place) for place in range(len(first["tokens"])))
    groups, others = _groups(first), _groups(second)
    matcher = difflib.SequenceMatcher(None, [name for name, _ in groups], [name for name, _ in others], autojunk=False)
    pairs: list[tuple[int, int]] = []
    for kind, i, i_end, j, j_end in matcher.get_opcodes():
        if kind in ("equal", "replace"):
            for (_, own), (_, other) in zip(groups[i:i_end], others[j:j_end], strict=False):
                pairs += zip(own, other, strict=True) if len(own) == len(other) else ()
    if not pairs:
        raise InputError("the two sentences have no words that correspond; choose a second one that is more alike")
    return tuple(pairs)


def _groups(tokens: Axis) -> list[tuple[str, list[int]]]:
    """The words with the places of their tokens; a control token is a word of its own."""
    groups: list[tuple[str, list[int]]] = []
    before: object = None
    for place, (word, one) in enumerate(zip(words_of(tokens), tokens["tokens"], strict=True)):
        if word is not None and one["word"] == before:
            groups[-1][1].append(place)
        else:
            groups.append((one["piece"] if word is None else word, [place]))
        before = one["word"]
    return groups


def patch(tensor: str, other: Tensor, places: Sequence[tuple[int, int]], heads: Sequence[int] | None = None) -> Edit:
    """Put the other sentence's numbers at these places. `other`: the tensor there, without a batch axis."""
    value = other[..., [two for _, two in places], :]
    return Edit(
        "replace", tensor, [one for one, _ in places], heads, value=value if heads is None else value[list(heads)]
    )
