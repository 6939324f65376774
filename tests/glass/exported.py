"""What the tests of the exports share: records, models of many kinds."""

import dataclasses

CROSS = "decoder.1.cross_attention"
HOSTILE = (
    "</script><script>alert(1)</script>", "<svg onload='alert(1)'>", "]]>&amp;<!--", "\\input{marker}", "%&_^#{}~$\\",
    "=SUM(A1)", "+1", "-1", "@x", "a\x00\x1b[31m\ud800\ufffe", 'b"c\nd\te', "--,,''``?`!`", "^^5cinput{marker}",
)  # fmt: skip
OPTIONS = (
    {},
    {"norm_position": "pre", "norm": "rmsnorm", "positions": "rotary", "activation": "swiglu", "num_kv_heads": 2},
    {"positions": "learned", "activation": "gelu", "position_layout": "halves", "bias": False, "tie_embeddings": False},
    {"position_layout": "halves", "position_exponent": "tensor2tensor", "norm_position": "pre", "activation": "geglu"},
    {"position_layout": "halves", "first_position": 2, "embedding_norm": True},
)


def with_words(record, words):
    """The record with other texts: the words in turn for all tokens, pieces and titles."""
    count = iter(range(10**6))

    def renamed(one):
        word = words[next(count) % len(words)]
        return one | {"text": word, "piece": word} if "text" in one else one

    axes = {name: _renamed_axis(axis, renamed, "".join(words) * 9) for name, axis in record.axes.items()}
    steps = [{name: _renamed_all(value, renamed) for name, value in step.items()} for step in record.decode["steps"]]
    nodes = [*map(renamed, record.beam["nodes"])] if record.beam else []
    return dataclasses.replace(
        record,
        axes=axes,
        meta=record.meta | {"title": "".join(words)},
        decode=record.decode | {"steps": steps, "text": "".join(words)},
        beam=record.beam | {"nodes": nodes} if record.beam else None,
        vocabulary={"source": None, "target": list(words) * 100},
    )


def _renamed_axis(axis, renamed, text):
    return axis | {"tokens": [*map(renamed, axis["tokens"])], "text": text} if "tokens" in axis else axis


def _renamed_all(value, renamed):
    """A step's `read` and `chosen`, its list of candidates, or a number."""
    if isinstance(value, list):
        return [*map(renamed, value)]
    return renamed(value) if isinstance(value, dict) else value
