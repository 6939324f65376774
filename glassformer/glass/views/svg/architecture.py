"""The paper's figure 1 with this model's own depth and widths (Vaswani et al. 2017)."""

from collections.abc import Iterator
from typing import Any

from glassformer.glass.record import Trace
from glassformer.glass.views.svg import drawing
from glassformer.glass.views.svg.drawing import MARGIN, path, rect, text

BLOCK, GAP = (190, 42), 18
STEP = BLOCK[1] + GAP
LEFT, RIGHT = MARGIN + 70, MARGIN + 380  # of the encoder's and the decoder's blocks
Block = tuple[str, str, str]  # its kind, its name, its size


def architecture(trace: Trace) -> str:
    """Encoder left, decoder right, inputs at the bottom; norms stand where this model has them."""
    model = trace.model
    encoder, decoder = _layer(model, ["self"]), _layer(model, ["masked", "cross"])
    base = 84 + _tall(decoder) + len(_head(model)) * STEP
    ground = base + BLOCK[1] + 78
    parts = [text(MARGIN, 30, "Transformer", font_weight="bold"), text(MARGIN, 50, _summary(model), "muted")]
    parts += _stack(encoder, LEFT, base, model.get("encoder_layers", 1), "left")
    parts += _stack(decoder, RIGHT, base, model.get("decoder_layers", 1), "right")
    parts += _input(model, LEFT, base, "source tokens", "source") + _input(
        model, RIGHT, base, "target tokens, shifted right", "target"
    )
    parts += _bridge(model, encoder, decoder, base)
    parts += _above(_head(model), RIGHT, _top(len(decoder) - 1, base))
    description = "The encoder's and the decoder's layers with attention, feed-forward network, residuals and norms."
    return drawing.document(RIGHT + BLOCK[0] + 90, ground, f"Architecture: {trace.meta['title']}", description, parts)


def _layer(model: dict[str, Any], attentions: list[str]) -> list[Block]:
    """The blocks of one layer from the bottom up, each sublayer with its norm before or after."""
    d, heads = model["d_model"], model.get("num_heads", 1)
    names = {"self": "self-attention", "masked": "masked self-attention", "cross": "cross-attention"}
    sublayers = [("attention", names[one], f"{heads} heads of {d // heads}") for one in attentions]
    sublayers.append(
        ("feed-forward", f"feed-forward, {model.get('activation', 'relu')}", f"{d} → {model['d_ff']} → {d}")
    )
    return [block for sublayer in sublayers for block in _with_norm(model, sublayer)]


def _with_norm(model: dict[str, Any], sublayer: Block) -> Iterator[Block]:
    norm = model.get("norm", "layernorm")
    if model.get("norm_position") == "pre":
        yield from (("norm", "norm", norm), sublayer, ("norm", "add", ""))
    else:
        yield from (sublayer, ("norm", "add & norm", norm))


def _tall(blocks: list[Block]) -> float:
    return len(blocks) * STEP


def _top(number: int, base: float) -> float:
    """Of the block of that number above the base."""
    return base - (number + 1) * STEP


def _stack(blocks: list[Block], x: float, base: float, layers: int, side: str) -> list[str]:
    top = _top(len(blocks) - 1, base)
    parts = [rect(x - 34, top - 12, BLOCK[0] + 68, base - top + 8, "paper rule", rx=12, stroke_width=1.5)]
    count = (x - 42, "end") if side == "left" else (x + BLOCK[0] + 42, "start")
    parts.append(text(count[0], (top + base) / 2, f"{layers} ×", "ink", count[1], font_weight="bold", font_size=18))
    for number, block in enumerate(blocks):
        parts += _block(block, x, _top(number, base))
        parts.append(_up(x + BLOCK[0] / 2, _top(number, base) + BLOCK[1] + GAP, GAP))
    return parts + _residuals(blocks, x, base, -1 if side == "left" else 1)


def _residuals(blocks: list[Block], x: float, base: float, side: int) -> list[str]:
    """A line around each sublayer, from below it (and its norm, where that comes first) to where it is added."""
    parts, start = [], 0
    for number, (_, name, _) in enumerate(blocks):
        if name.startswith("add"):
            low, high = _top(start, base) + BLOCK[1] + GAP * 0.55, _top(number, base) + BLOCK[1] / 2
            edge, middle = x + (BLOCK[0] if side > 0 else 0), x + BLOCK[0] / 2
            out = edge + side * 16
            parts.append(path(f"M{middle} {low}H{out}V{high}H{edge}", "flow", "residual", stroke_width=1.5))
            start = number + 1
    return parts


def _block(block: Block, x: float, y: float) -> list[str]:
    kind, name, size = block
    middle = x + BLOCK[0] / 2
    parts = [rect(x, y, *BLOCK, f"{kind} rule", rx=7), text(middle, y + (18 if size else 26), name, "ink", "middle")]
    return [*parts, text(middle, y + 34, size, "muted small", "middle")] if size else parts


def _up(x: float, y: float, length: float) -> str:
    """An arrow upwards from y."""
    tip = y - length
    return path(f"M{x} {y}V{tip}M{x - 4} {tip + 6}L{x} {tip}L{x + 4} {tip + 6}", "flow", stroke_width=1.5)


def _input(model: dict[str, Any], x: float, base: float, words: str, side: str) -> list[str]:
    own = model.get("source_vocab_size") if side == "source" else None
    count = own or model.get("vocab_size")
    size = f"{count:,} × {model['d_model']}" if count else f"width {model['d_model']}"
    middle = x + BLOCK[0] / 2
    kinds = {
        "sinusoidal": "+ sine and cosine positions",
        "learned": "+ learned positions",
        "rotary": "rotary positions",
    }
    places = kinds.get(model.get("positions", ""), "") + (", norm" if model.get("embedding_norm") else "")
    return [
        *_block(("embedding", "embedding", size), x, base + 14),
        _up(middle, base + 14, 14),
        _up(middle, base + 14 + BLOCK[1] + GAP, GAP),
        text(middle, base + BLOCK[1] + 46, words, "ink", "middle"),
        text(middle, base + BLOCK[1] + 62, places, "muted small", "middle"),
    ]


def _bridge(model: dict[str, Any], encoder: list[Block], decoder: list[Block], base: float) -> list[str]:
    """The encoder's result, after its last norm where it has one, to each decoder layer's cross-attention."""
    norms = [_last_norm(model)] if model.get("final_norm") else []
    parts = _above(norms, LEFT, _top(len(encoder) - 1, base))
    x, top = LEFT + BLOCK[0] / 2, _top(len(encoder) - 1, base) - len(norms) * (STEP + 12)
    cross = next(i for i, (_, name, _) in enumerate(decoder) if name == "cross-attention")
    y, between = _top(cross, base) + BLOCK[1] / 2, (LEFT + BLOCK[0] + RIGHT) / 2
    shape = f"M{x} {top}V{top - 34}H{between}V{y}H{RIGHT}M{RIGHT - 6} {y - 4}L{RIGHT} {y}L{RIGHT - 6} {y + 4}"
    return [
        *parts,
        path(shape, "blue-line", "keys and values", stroke_width=2),
        text(x, top - 42, "keys and values", "muted small"),
    ]


def _above(blocks: list[Block], x: float, top: float) -> list[str]:
    """Blocks on top of a stack whose highest block begins at `top`; the first arrow crosses its frame."""
    parts = []
    for number, block in enumerate(blocks):
        y = top - (number + 1) * STEP - 12
        parts += [
            *_block(block, x, y),
            _up(x + BLOCK[0] / 2, y + STEP + (0 if number else 12), GAP + (0 if number else 12)),
        ]
    return parts


def _head(model: dict[str, Any]) -> list[Block]:
    """What stands on top of the decoder."""
    count = f"{model['vocab_size']:,}" if model.get("vocab_size") else "vocabulary"
    norms = [_last_norm(model)] if model.get("final_norm") else []
    return [*norms, ("linear", "linear", f"{model['d_model']} → {count}"), ("softmax", "softmax", "probabilities")]


def _last_norm(model: dict[str, Any]) -> Block:
    return ("norm", "last norm", model.get("norm", "layernorm"))


def _summary(model: dict[str, Any]) -> str:
    return f"width {model['d_model']}, {model.get('norm_position', 'post')}-norm"
