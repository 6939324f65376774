"""The computation of a Transformer as a list of named tensors, each with its operation and operands.

It says, in the model's own order, what `model/` computes, and at which module each number can be
observed; it computes nothing. `observe.py` fills it from a running model.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from torch import Tensor

from glassformer.model import ModelConfig
from glassformer.model.layers import GATED, PLAIN
from glassformer.model.observe import Call
from glassformer.model.positions import BASE
from glassformer.model.sinusoids import exponent_divisor


class View(NamedTuple):
    """How a traced tensor is taken out of a module's tensor, and how the latter is made from it (None: it is not)."""

    read: Callable[[Tensor], Tensor]
    write: Callable[[Tensor], Tensor] | None


WHOLE = View(lambda x: x, lambda x: x)
LOG_SOFTMAX = View(lambda x: x.float().log_softmax(-1), None)


@dataclass(frozen=True)
class HookPoint:
    """Where the running model shows a tensor: an argument of a module (by its place), or what it returned (None)."""

    module: str
    argument: int | None = None
    view: View = WHOLE

    def read(self, call: Call) -> Tensor:
        """The tensor, of a batch, that this call of the module shows."""
        return self.view.read(call.output if self.argument is None else call.inputs[self.argument])


@dataclass(frozen=True)
class Node:
    """A tensor to be traced. No `hook`: its numbers are known without a call (leaves, rows of tables)."""

    name: str
    op: str
    axes: tuple[str, ...]
    operands: dict[str, str] = field(default_factory=dict)
    attributes: dict[str, Any] = field(default_factory=dict)
    label: str = ""
    roles: tuple[str, ...] | None = None
    hook: HookPoint | None = None


def graph(config: ModelConfig) -> list[Node]:
    """Every tensor of one translation in topological order, operands first."""
    return _Graph(config).build()


class _Graph:
    """Builds the list; each method adds one part of figure 1 and returns the name of its result."""

    def __init__(self, config: ModelConfig) -> None:
        self.config = config
        self.nodes: dict[str, Node] = {}

    def build(self) -> list[Node]:
        memory = self.stack("source", "encoder", None)
        hidden = self.stack("target", "decoder", memory)
        logits = self.linear("logits", hidden, self.generator(), ("target", "vocabulary"), "logits", "generator")
        hook = HookPoint("generator", view=LOG_SOFTMAX)
        self.add("log_probs", "log_softmax", ("target", "vocabulary"), {"x": logits}, "log p", hook)
        return list(self.nodes.values())

    def add(
        self,
        name: str,
        op: str,
        axes: tuple[str, ...],
        operands: dict[str, str] | None = None,
        label: str = "",
        hook: HookPoint | None = None,
        roles: tuple[str, ...] | None = None,
        attributes: dict[str, Any] | None = None,
    ) -> str:
        self.nodes[name] = Node(name, op, axes, operands or {}, attributes or {}, label, roles, hook)
        return name

    def parameter(self, name: str, axes: tuple[str, ...], label: str) -> str:
        return name if name in self.nodes else self.add(name, "parameter", axes, label=label)

    def linear(
        self,
        name: str,
        x: str,
        weight: tuple[str, str],
        axes: tuple[str, str],
        label: str,
        module: str,
        part: str = "",
    ) -> str:
        """y = x W^T + b; `weight` is the name of W and its symbol, `axes` are those of y."""
        operands = {"x": x, "weight": self.parameter(weight[0], (axes[1], self.nodes[x].axes[-1]), weight[1])}
        has_bias = self.config.output_bias if module == "generator" else self.config.bias
        if has_bias:
            operands["bias"] = self.parameter(f"{module}.bias", axes[1:], f"b{part}")
        return self.add(name, "linear", axes, operands, label, HookPoint(module))

    def generator(self) -> tuple[str, str]:
        return (self.table("target"), "E") if self.config.tie_embeddings else ("generator.weight", "W")

    def table(self, side: str) -> str:
        """The name of a side's embedding table; a shared one goes by the source's."""
        return f"{side if self.config.source_vocab_size else 'source'}_embedding.token.weight"

    def stack(self, side: str, stack: str, memory: str | None) -> str:
        """One of the two stacks, from token ids to its output."""
        decoder = memory is not None
        mask = self.mask("decoder.self_mask" if decoder else "encoder.mask", (side, side))
        cross = self.mask("decoder.cross_mask", (side, "source")) if decoder else ""
        x = self.embedding(side)
        for layer in range(self.config.decoder_layers if decoder else self.config.encoder_layers):
            name = f"{stack}.{layer}"
            x = self.sublayer(f"{name}.self_attention", x, lambda n, h: self.attention(n, h, h, mask))
            if memory is not None:
                x = self.sublayer(f"{name}.cross_attention", x, lambda n, h: self.attention(n, h, memory, cross))
            x = self.sublayer(f"{name}.feed_forward", x, self.feed_forward)
        return self.norm(f"{stack}_norm", f"{stack}_norm", x) if self.config.final_norm else x

    def mask(self, name: str, axes: tuple[str, str]) -> str:
        return self.add(name, "input", axes, label="mask", roles=("query", "key"))

    def embedding(self, side: str) -> str:
        """E[id] * sqrt(d_model) + PE (sections 3.4 and 3.5), perhaps normalised."""
        name, axes = f"{side}_embedding", (side, "d_model")
        ids = self.add(f"{side}.ids", "input", (side,), label="ids")
        table = self.parameter(
            self.table(side), ("vocabulary" if side == "target" else "source_vocabulary", "d_model"), "E"
        )
        hook = None if self.config.embedding_scale else self.embedded(name)  # the table's own is that of both sides
        x = self.add(f"{name}.lookup", "lookup", axes, {"table": table, "ids": ids}, "E[id]", hook)
        if self.config.embedding_scale:
            factor = {"factor": self.config.embedding_factor, "text": f"√{self.config.d_model}"}
            x = self.add(f"{name}.scaled", "scale", axes, {"x": x}, "√d·E", self.embedded(name), attributes=factor)
        if self.config.positions != "rotary":
            operands, hook = {"a": x, "b": self.position(side)}, HookPoint(f"{name}.position")
            x = self.add(f"{name}.output", "add", axes, operands, "X", hook)
        return self.norm(f"{name}.norm", f"{name}.norm", x) if self.config.embedding_norm else x

    def embedded(self, name: str) -> HookPoint:
        """Where the embedding without its position is: what that is added to, what is normalised, or the output."""
        if self.config.positions != "rotary":
            return HookPoint(f"{name}.position", 0)
        return HookPoint(f"{name}.norm", 0) if self.config.embedding_norm else HookPoint(name)

    def position(self, side: str) -> str:
        """PE: the sinusoids by their formula, or rows of the learned table."""
        name, axes = f"{side}_embedding.position", (side, "d_model")
        if self.config.positions == "sinusoidal":
            layout = {
                "base": BASE,
                "layout": self.config.position_layout,
                "start": self.config.first_position,
                "width": self.config.d_model,
                "divisor": exponent_divisor(self.config.d_model, self.config.position_exponent),
            }
            return self.add(name, "positions", axes, label="PE", attributes=layout)
        places = self.add(f"{side}.places", "input", (side,), label="places")
        table = self.parameter(f"{name}.table_PD", ("place", "d_model"), "P")
        return self.add(name, "lookup", axes, {"table": table, "ids": places}, "PE")

    def norm(self, name: str, module: str, x: str) -> str:
        operands = {"x": x, "gain": self.parameter(f"{module}.weight", ("d_model",), "γ")}
        if self.config.norm == "layernorm":
            operands["bias"] = self.parameter(f"{module}.bias", ("d_model",), "β")
        op = self.config.norm
        eps = {"eps": self.config.norm_eps}
        return self.add(name, op, self.nodes[x].axes, operands, "N", HookPoint(module), attributes=eps)

    def sublayer(self, name: str, x: str, f: Callable[[str, str], str]) -> str:
        """Add & norm around f, before or after it (section 3.1; Xiong et al. 2020)."""
        around, axes = f"{name}_norm", self.nodes[x].axes
        pre = self.config.norm_position == "pre"
        fx = f(name, self.norm(f"{around}.norm", f"{around}.norm", x) if pre else x)
        total = self.add(f"{around}.residual", "add", axes, {"a": x, "b": fx}, "R", HookPoint(f"{around}.residual"))
        return total if pre else self.norm(f"{around}.norm", f"{around}.norm", total)

    def attention(self, name: str, x: str, y: str, mask: str) -> str:
        """softmax(Q K^T / sqrt(d_k)) V, head by head (section 3.2)."""
        rows, keys = self.nodes[x].axes[0], self.nodes[y].axes[0]
        q, k, v = self.projections(name, x, y)
        axes, roles = ("head", rows, keys), ("head", "query", "key")
        s = self.add(
            f"{name}.scores", "matmul_transposed", axes, {"a": q, "b": k}, "S", HookPoint(f"{name}.scores"), roles
        )
        scale, hook = score_scale(self.config), HookPoint(f"{name}.scale")
        s = self.add(f"{name}.scaled", "scale", axes, {"x": s}, "S/√dₖ", hook, roles, scale)
        s = self.add(f"{name}.masked", "mask", axes, {"x": s, "mask": mask}, "M", HookPoint(f"{name}.mask"), roles)
        a = self.add(f"{name}.weights", "softmax", axes, {"x": s}, "A", HookPoint(f"{name}.softmax"), roles)
        z_axes = ("head", rows, "d_k")
        z = self.add(f"{name}.heads", "matmul", z_axes, {"a": a, "b": v}, "Z", HookPoint(f"{name}.weighted_sum"))
        hook = HookPoint(f"{name}.output", 0)
        merged = self.add(f"{name}.merged", "merge_heads", (rows, "d_model"), {"x": z}, "Z", hook)
        weight = (f"{name}.output.weight", "W_O")
        return self.linear(f"{name}.output", merged, weight, (rows, "d_model"), "O", f"{name}.output", "_O")

    def projections(self, name: str, x: str, y: str) -> list[str]:
        """Q from x, K and V from y, each split into heads; with rotary positions Q and K are rotated."""
        heads, kv_heads = self.config.num_heads, self.config.kv_heads
        grouped = kv_heads != heads
        result = []
        for place, (part, symbol, source) in enumerate((("query", "Q", x), ("key", "K", y), ("value", "V", y))):
            of_kv = grouped and part != "query"
            rows = self.nodes[source].axes[0]
            weight = (f"{name}.{part}.weight", f"W_{symbol}")
            axes = (rows, "kv_width" if of_kv else "d_model")
            flat = self.linear(f"{name}.{part}", source, weight, axes, symbol, f"{name}.{part}", f"_{symbol}")
            axes_of_heads = ("kv_head" if of_kv else "head", rows, "d_k")
            count = kv_heads if of_kv else heads
            by_heads, hook = {"heads": count}, HookPoint(f"{name}.{part}", view=_split_heads(count))
            split = self.add(
                f"{name}.{part}_heads", "split_heads", axes_of_heads, {"x": flat}, symbol, hook, attributes=by_heads
            )
            if self.config.positions == "rotary" and part != "value" and "self_attention" in name:
                hook = HookPoint(f"{name}.scores", place, _ungrouped(heads // count))
                angles = {"base": BASE, "start": 0}
                name_of_rotated, label = f"{name}.{part}_rotated", f"{symbol}ʳ"
                split = self.add(name_of_rotated, "rotary", axes_of_heads, {"x": split}, label, hook, attributes=angles)
            result.append(split)
        return result

    def feed_forward(self, name: str, x: str) -> str:
        """act(x W_1 + b_1) W_2 + b_2, perhaps gated (section 3.3; Shazeer 2020)."""
        rows = self.nodes[x].axes[0]
        wide, gated = (rows, "d_ff"), self.config.gated
        inner = self.linear(f"{name}.inner", x, (f"{name}.inner.weight", "W_1"), wide, "H", f"{name}.inner", "_1")
        activated = inner
        if gated:
            activated = self.linear(f"{name}.gate", x, (f"{name}.gate.weight", "W_G"), wide, "G", f"{name}.gate", "_G")
        op, hook = activation_op(self.config), HookPoint(f"{name}.activation")
        active = self.add(f"{name}.activation", op, wide, {"x": activated}, "F", hook)
        if gated:
            hook = HookPoint(f"{name}.outer", 0)
            active = self.add(f"{name}.product", "multiply", wide, {"a": active, "b": inner}, "F·H", hook)
        weight = (f"{name}.outer.weight", "W_2")
        return self.linear(f"{name}.outer", active, weight, (rows, "d_model"), "Y", f"{name}.outer", "_2")


def score_scale(config: ModelConfig) -> dict[str, Any]:
    """The attributes of the operation that scales attention's scores: 1/sqrt(d_k), and its text."""
    return {"factor": 1 / config.score_divisor, "text": f"1/√{config.head_width}"}


def activation_op(config: ModelConfig) -> str:
    """The operation of the feed-forward network's activation; of a gated variant, that of its gate."""
    module = {**PLAIN, **GATED}[config.activation]
    return next(name for name, plain in PLAIN.items() if plain is module)


def _split_heads(heads: int) -> View:
    """A projection, head by head."""
    return View(lambda x: x.unflatten(-1, (heads, -1)).transpose(1, 2), lambda x: x.transpose(1, 2).flatten(2))


def _ungrouped(sharing: int) -> View:
    """The scores' query or key operand, once for each head that it has itself."""
    return View(lambda x: x[:, ::sharing], lambda x: x.repeat_interleave(sharing, dim=1))
