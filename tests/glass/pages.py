"""The documents that the page's tests open: small models of random weights, the lecture, and hostile records."""

import dataclasses
import functools
import itertools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from glassformer.glass.causes.cause import cause
from glassformer.glass.causes.study.contrasts import Contrasts
from glassformer.glass.causes.study.study import study
from glassformer.glass.embedding_map import EmbeddingMap
from glassformer.glass.glosses import with_glosses
from glassformer.glass.lecture.replay import replay
from glassformer.glass.record import Trace
from glassformer.glass.trace import trace
from glassformer.glass.training_step import with_training_step
from glassformer.glass.views.html import page
from glassformer.model import ModelConfig, Transformer
from glassformer.special import EOS
from glassformer.text.pairs import Pair
from glassformer.text.tokenizer import Tokenizer
from glassformer.translator import Translator

from .models import cached, translator

SENTENCE = "a b c ñ"
SCRIPTS = ("हम दोस्त हैं", "मेरी किताब नई है", "שלום עולם", "هذا كتاب جديد", "it is a new book")
HOSTILE = "</script><script>alert(1)</script><img src=x onerror=alert(2)>"
MARKUP = "<img src=x onerror=alert(3)>"
HOSTILE_TEXTS = (  # of several languages that a page is made of, and names that every object of JavaScript has
    HOSTILE, "\"><svg onload=alert(1)>", "'onmouseover='alert(1)", "javascript:alert(1)", "{{constructor('a')()}}",
    "${alert(1)}", "<!--", "-->", "]]>", "<![CDATA[", "&lt;b&gt;&#60;", "\u202e\u2066abc", "\x01\x1b[31m",
    "=cmd|'calc'!A0", "@SUM(1)", "\\input{marker}", "%&_^#{}~$\\", "__proto__", "constructor", "toString",
    "hasOwnProperty", "a\u0300" * 99, "x" * 999, "<style>*{display:none}</style>", "<base href=//evil>",
    "<meta http-equiv=refresh content=0>", "<iframe srcdoc='<script>alert(1)</script>'>",
    "<a href=javascript:alert(1)>x</a>", "#view=map", "NaN", "null", "-0",
)  # fmt: skip
MODERN = {"norm_position": "pre", "norm": "rmsnorm", "positions": "rotary", "activation": "swiglu", "num_kv_heads": 2,
          "bias": False}  # fmt: skip
LETTERS = "a b c d e f a c e b d f"
LOSSES = {"train": [[50, 3.0], [150, 1.5], [300, 1.0]], "validation": [[100, 2.0], [300, 1.2]]}
SEARCH = {"min_length": 3, "max_length": 8, "no_repeat_ngram": 2}


def spoken(end: float = 3, **options: Any) -> Translator:
    """A model that answers in letters instead of bytes, and comes to an end: the sooner, the larger `end`."""
    one = translator(output_bias=True, **options)
    with torch.no_grad():
        for token in range(one.model.config.vocab_size):
            piece = one.target_tokenizer.piece(token)
            one.model.generator.bias[token] += end if token == EOS else -20 if piece == "▁" or "<0x" in piece else 0
    return one


@functools.cache
def translation() -> Trace:
    """Post-norm, sinusoidal, beam 4, padded, with weights: everything that a record can carry."""
    return trace(spoken(), SENTENCE, beam=4, detail="full+weights", pad=1, **SEARCH)


@functools.cache
def greedy() -> Trace:
    return trace(spoken(), SENTENCE, detail="full+weights", **SEARCH)


def modern_model() -> Translator:
    return translator(**MODERN)


@functools.cache
def modern() -> Trace:
    """Pre-norm, RMSNorm, rotary, gated, grouped heads."""
    return trace(modern_model(), SENTENCE, "c b a", detail="full+weights")


def learned() -> Trace:
    """Learned positions, and no weights."""
    return _learned("full")


def learned_with_weights() -> Trace:
    return _learned("full+weights")


@functools.cache
def _learned(detail: Any) -> Trace:
    return trace(cached(positions="learned", norm_position="pre", output_bias=True), SENTENCE, "b a", detail=detail)


CAUSES: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {  # the model's options, and what is asked
    "cause": ({}, {"versus": "a e c ñ"}),
    "cause_shorter": ({"positions": "learned", "norm_position": "pre"}, {"versus": "a c d"}),
    "cause_modern": (MODERN, {"versus": "a d d ñ"}),
    "cause_grouped": ({"num_kv_heads": 2, "final_norm": True}, {"versus": "b b c ñ", "measure": "probability"}),
    "cause_mean": ({"norm_position": "pre"}, {}),
    "cause_zero": ({}, {"ablation": "zero", "measure": "log_probability"}),
}


@functools.cache
def caused(name: str, detail: Any = "full+weights") -> Trace:
    """A short translation with its cause: why its second word is the one, and not f."""
    options, asked = CAUSES[name]
    model = spoken(2, **options)
    record = trace(model, SENTENCE, "c b", detail=detail)
    found = cause(model, SENTENCE, target="c b", step=1, against="f", **asked)
    glosses = {letter: f"the letter {letter}" for letter in "abcdef"}
    return with_glosses(dataclasses.replace(record, cause=found.to_dict()), glosses)


@functools.cache
def studied() -> dict[str, Any]:
    """What the heads of that model do, over a few sentences."""
    pairs = [Pair(source, target) for source, target in (("a b c d", "c b"), ("b b a", "a b"), ("c a b", "b"))]
    return study(spoken(2), pairs, [Contrasts.parse("a:c"), Contrasts.parse("zz:a")]).to_dict()


@functools.cache
def mapped() -> Trace:
    """With an embedding map of words, some of them marked as nouns of two genders, one with markup in its gloss."""
    one = spoken()
    genders = dict(zip("abcdefghijklmnopqrstuvwxyz", ["masculine", "feminine"] * 13, strict=True))
    words = {letter: {"gloss": letter.upper(), "part_of_speech": "noun", "gender": gender}
             for letter, gender in genders.items()}  # fmt: skip
    words["a"]["gloss"] = MARKUP
    table = torch.randn(26, 8, generator=torch.Generator().manual_seed(1)).double().numpy()
    found = EmbeddingMap("source", tuple(words), table, words).to_dict()
    walk = {"start": "a", "minus": "b", "plus": "c", "found": [["c", 0.7], ["d", 0.4]]}
    record = with_training_step(trace(one, SENTENCE, **SEARCH), one)
    return dataclasses.replace(record, embeddings={"source": found | {"walks": [walk]}})


@functools.cache
def attention() -> Trace:
    return trace(spoken(), SENTENCE, beam=2, detail="attention", **SEARCH)


@functools.cache
def long() -> Trace:
    """40 source and 40 target tokens."""
    forty = " ".join((LETTERS.split() * 4)[:39])
    return trace(cached(num_heads=8, d_model=32), forty, forty, detail="full")


@functools.cache
def scripts() -> Trace:
    """Devanagari read, right-to-left script written, in pieces of several letters."""
    texts = [text for text in SCRIPTS for _ in range(20)]
    tokenizer = Tokenizer.train(texts, 340, "bpe")
    torch.manual_seed(3)
    shape = {"d_model": 16, "d_ff": 24, "num_heads": 2, "encoder_layers": 1, "decoder_layers": 1, "max_length": 48}
    model = Transformer(ModelConfig(vocab_size=tokenizer.vocab_size, **shape)).eval()
    return trace(Translator(model, tokenizer, tokenizer), SCRIPTS[0], SCRIPTS[3], detail="full+weights")


@functools.cache
def lecture() -> Trace:
    return replay()


@functools.cache
def hostile() -> Trace:
    """Markup wherever a model or a person can put text: the sentence, every piece, the card."""
    record = trace(cached(), MARKUP, beam=2, detail="full+weights", max_length=5).to_dict()
    pieces = {"source": None, "target": [HOSTILE] * len(record["vocabulary"]["target"])}
    record |= {"vocabulary": pieces, "meta": record["meta"] | {"title": HOSTILE, "card": {"corpus": HOSTILE}}}
    glosses = dict.fromkeys([*record["decode"]["text"].split(), HOSTILE, HOSTILE.split()[0]], MARKUP)
    return Trace.from_dict(_poisoned(record) | {"glosses": glosses})


@functools.cache
def many_hostile() -> Trace:
    """The same with another text at each place."""
    texts = itertools.cycle(HOSTILE_TEXTS)

    def varied(value: Any) -> Any:
        if isinstance(value, dict):
            return {key: varied(one) for key, one in value.items()}
        if isinstance(value, list):
            return [varied(one) for one in value]
        return next(texts) if value == HOSTILE else value

    return Trace.from_dict(varied(hostile().to_dict()))


def _poisoned(value: Any, key: str = "") -> Any:
    if isinstance(value, dict):
        spoken = "start" not in value and "tokens" not in value  # a token's text is that of its place in the sentence
        return {k: HOSTILE if k == "piece" or (k == "text" and spoken and "id" in value) else _poisoned(v, k)
                for k, v in value.items()}  # fmt: skip
    return [_poisoned(one, key) for one in value] if isinstance(value, list) else value


@functools.cache
def compared() -> list[tuple[str, Trace]]:
    other = trace(spoken(decoder_layers=3), SENTENCE, beam=2, detail="full", **SEARCH)
    return [("first", greedy()), ("second", other)]


@functools.cache
def trained() -> list[tuple[str, Trace]]:
    """Two probe sentences at three steps of a training."""
    model, traces = spoken(), []
    for step in (100, 200, 300):
        with torch.no_grad():
            for weight in model.model.decoder.parameters():
                weight.mul_(1.3)
        traces += [(f"step {step}", trace(model, probe, detail="attention", **SEARCH)) for probe in (SENTENCE, "b a")]
    return traces


def _one(record: Callable[[], Trace], kind: Any = "trace") -> Callable[[], str]:
    return lambda: page([("trace", record())], kind)


PAGES: dict[str, Callable[[], str]] = {
    **{name: _one(functools.partial(caused, name)) for name in CAUSES},
    "study": lambda: page([("trace", caused("cause"))], study=studied()),
    "cause_bare": _one(functools.partial(caused, "cause", "full")),
    "translation": _one(translation),
    "greedy": _one(greedy),
    "modern": _one(modern),
    "embeddings": _one(mapped),
    "learned": _one(learned),
    "attention": _one(attention),
    "long": _one(long),
    "scripts": _one(scripts),
    "hostile": lambda: page([(HOSTILE, hostile())]),
    "many hostile": lambda: page([(HOSTILE, many_hostile())]),
    "lecture": _one(lecture, "lecture"),
    "compare": lambda: page(compared(), "compare"),
    "training": lambda: page(trained(), "training", losses=LOSSES),
}


def write(folder: Path, name: str) -> Path:
    """The page's file, written once."""
    file = folder / f"{name}.html"
    if not file.exists():
        file.write_text(PAGES[name](), encoding="utf-8")
    return file


def spoilt(file: Path, change: Callable[[dict[str, Any]], Any]) -> Path:
    """The same page with its document changed, as if another version or a broken disk had written it."""
    before, document, after = _parts(file)
    changed = change(json.loads(document))
    text = changed if isinstance(changed, str) else json.dumps(changed).replace("<", "\\u003c")
    result = file.with_stem(f"{file.stem}-spoilt")
    result.write_text(before + text + after, encoding="utf-8")
    return result


def _parts(file: Path) -> tuple[str, str, str]:
    start, end = '<script type="application/json" id="document">', "</script"
    before, _, rest = file.read_text(encoding="utf-8").partition(start)
    document, _, after = rest.partition(end)
    return before + start, document, end + after
