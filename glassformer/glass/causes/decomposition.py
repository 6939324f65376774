"""Direct logit attribution: a contrast as a sum over embedding, position, heads, feed-forward blocks and biases.

The residual stream is a sum, and the logits are linear in it but for norms. A norm is linear once its scale is frozen
at what it was for this token: LayerNorm(x) = (x - mean(x)) / s * g + b. So each term of the stream has a share of the
logit difference of its own, and the shares add up to it exactly. (Elhage et al. 2021.)
With post-norm there is a norm after every sublayer, and a term passes those above it; the sum holds as well, but each
scale that is frozen was set by all terms together, and the more norms a term passes, the more of that it hides. A share
is a direct effect only in so far as the scales would have stayed.

Axes: T target tokens, S keys, D d_model, K head width.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from glassformer.errors import UsageError
from glassformer.glass.causes.contrast import Contrast
from glassformer.glass.causes.tensors import Array, Tensors, numbers
from glassformer.glass.ops import NORMS
from glassformer.glass.tensor import TracedTensor


@dataclass(frozen=True)
class Term:
    """One summand: the tensor it stands for, the head of it or all (None), its share of the logit difference.

    `by_key`: of a head the shares of the places that it looked at, which add up to `value`.
    """

    tensor: str
    value: float
    head: int | None = None
    by_key: tuple[float, ...] | None = None


def direct_attribution(tensors: Tensors, contrast: Contrast) -> list[Term]:
    """The terms of logit(A) - logit(B) at the contrast's step, from the output layer down to the embedding.

    `tensors`: of a trace that carries the parameters. Raises UsageError for another measure than the logit difference,
    of which no sum is known; InputError where parameters are not carried.
    """
    if contrast.measure != "logit_difference":
        raise UsageError(f"only a logit difference is a sum of terms, not a {contrast.measure.replace('_', ' ')}")
    logits = tensors["logits"]
    table = numbers(tensors, logits.operands["weight"])
    terms = []
    if bias := logits.operands.get("bias"):
        values = numbers(tensors, bias)
        terms.append(Term(bias, float(values[contrast.a] - values[contrast.b])))
    down_D = table[contrast.a] - table[contrast.b]
    return [*terms, *_terms(tensors, logits.operands["x"], contrast.step, down_D)]


def _terms(tensors: Tensors, name: str, step: int, down_D: Array) -> Iterator[Term]:
    """The terms of down · x[step], x being the tensor called `name`."""
    tensor = tensors[name]
    if tensor.op in NORMS:
        yield from _norm(tensors, tensor, step, down_D)
    elif tensor.op == "add":
        for part in tensor.operands.values():
            yield from _terms(tensors, part, step, down_D)
    elif tensor.op == "linear":
        yield from _sublayer(tensors, tensor, step, down_D)
    else:
        yield Term(name, float(down_D @ numbers(tensors, name)[step]))


def _norm(tensors: Tensors, norm: TracedTensor, step: int, down_D: Array) -> Iterator[Term]:
    if bias := norm.operands.get("bias"):
        yield Term(bias, float(down_D @ numbers(tensors, bias)))
    down_D = down_D * numbers(tensors, norm.operands["gain"])
    if norm.op == "layernorm":
        down_D = down_D - down_D.mean()  # taking out the mean is its own transpose
    yield from _terms(tensors, norm.operands["x"], step, down_D / float(norm.statistics["deviation"][step]))


def _sublayer(tensors: Tensors, output: TracedTensor, step: int, down_D: Array) -> Iterator[Term]:
    weight_DX = numbers(tensors, output.operands["weight"])
    if bias := output.operands.get("bias"):
        yield Term(bias, float(down_D @ numbers(tensors, bias)))
    x = tensors[output.operands["x"]]
    if x.op != "merge_heads":
        yield Term(output.name, float(down_D @ weight_DX @ numbers(tensors, x.name)[step]))
        return
    heads = tensors[x.operands["x"]]
    values_HTK = numbers(tensors, heads.name)
    down_HK = (down_D @ weight_DX).reshape(len(values_HTK), -1)
    for head, down_K in enumerate(down_HK):
        by_key = _by_key(tensors, heads, head, step, down_K)
        yield Term(heads.name, float(down_K @ values_HTK[head, step]), head, by_key)


def _by_key(tensors: Tensors, heads: TracedTensor, head: int, step: int, down_K: Array) -> tuple[float, ...] | None:
    """A head's sum of weighted values, each value's share apart; None where the head was changed from outside."""
    if heads.op != "matmul":
        return None
    weights_HTS, values_GSK = (numbers(tensors, heads.operands[role]) for role in ("a", "b"))
    shared = len(weights_HTS) // len(values_GSK)
    return tuple(float(one) for one in weights_HTS[head, step] * (values_GSK[head // shared] @ down_K))
