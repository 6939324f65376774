"""The parts of a model that a sweep goes through, by the names of the trace's graph."""

from typing import Literal, NamedTuple

from glassformer.glass.graph import graph
from glassformer.model import ModelConfig

Stack = Literal["encoder", "decoder"]
SIDES: dict[Stack, str] = {"encoder": "source", "decoder": "target"}


class Sublayer(NamedTuple):
    """One sublayer: its name (`encoder.0.self_attention`), its kind, and the tensor that it adds to the stream."""

    name: str
    kind: str
    layer: int
    output: str


def sublayers(config: ModelConfig, stack: Stack) -> list[Sublayer]:
    """A stack's sublayers in their order."""
    kinds = ("self_attention", "feed_forward") if stack == "encoder" else KINDS
    layers = config.encoder_layers if stack == "encoder" else config.decoder_layers
    return [
        Sublayer(f"{stack}.{n}.{kind}", kind, n, f"{stack}.{n}.{kind}.{'outer' if kind == FEED_FORWARD else 'output'}")
        for n in range(layers)
        for kind in kinds
    ]


FEED_FORWARD = "feed_forward"
KINDS = ("self_attention", "cross_attention", FEED_FORWARD)


def stream(config: ModelConfig, stack: Stack) -> list[str]:
    """The residual stream of a stack: the embedding with position and norm, then what each layer leaves."""
    names = {node.name for node in graph(config)}
    embedding = f"{SIDES[stack]}_embedding"
    bottom = next(name for part in ("norm", "output", "scaled", "lookup") if (name := f"{embedding}.{part}") in names)
    part = "residual" if config.norm_position == "pre" else "norm"
    layers = config.encoder_layers if stack == "encoder" else config.decoder_layers
    return [bottom, *(f"{stack}.{n}.feed_forward_norm.{part}" for n in range(layers))]


def after(config: ModelConfig, tensor: str) -> list[str]:
    """What the sublayers above a tensor add to the stream of its own stack, in their order.

    Freezing them leaves what the tensor does to the stack's output by itself: its direct effect.
    """
    stack: Stack = "decoder" if tensor.startswith(("decoder", "target")) else "encoder"
    some = sublayers(config, stack)
    reached = [number for number, one in enumerate(some) if tensor.startswith((f"{one.name}.", f"{one.name}_norm."))]
    return [one.output for one in some[reached[0] + 1 if reached else 0 :]]
