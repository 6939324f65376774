"""`trace`: one translation, to the last number.

Axes: T target tokens, V vocabulary.
"""

import dataclasses
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch

from glassformer import __version__
from glassformer.arguments import checked
from glassformer.engine import SUPPRESSED, Engine, generate
from glassformer.errors import InputError, UsageError
from glassformer.glass.beam_tree import BeamTree
from glassformer.glass.causes.engine import IntervenedEngine
from glassformer.glass.causes.places import written_axis
from glassformer.glass.causes.resolving import Interventions, Plan, Unchanged
from glassformer.glass.decode_step import decode_step
from glassformer.glass.detail import Detail, attention_only
from glassformer.glass.graph import score_scale
from glassformer.glass.lecture.tour import tour
from glassformer.glass.observe import observe
from glassformer.glass.record import Trace
from glassformer.glass.tensor import TracedTensor
from glassformer.glass.tokens import axis, piece_of, source_axis
from glassformer.glass.translator_data import translator_data
from glassformer.glass.views.notebook import mimebundle
from glassformer.model import ModelConfig
from glassformer.model.positions import BASE
from glassformer.search import Hypothesis, SearchOptions
from glassformer.special import EOS, PAD
from glassformer.translator import Translator, search_options

CANDIDATES = 10  # likeliest tokens kept of each step
SMALL_MODEL = 2_000_000  # parameters; up to here a trace carries them unless told otherwise

Trace.mimebundle = mimebundle  # how Jupyter shows a trace


@checked
def trace(
    translator: Translator,
    source: str,
    target: str | None = None,
    beam: int = 1,
    detail: Detail | None = None,
    *,
    pad: int = 0,
    interventions: Interventions = (),
    to: str | None = None,
    **options: Any,
) -> Trace:
    """Record one translation of `source`: greedy, by beam search, or of the `target` that is forced.

    The same modules and parameters translate; the text is what `translate` gives with the same `beam` and
    `options` (fields of SearchOptions). Then one more forward pass over the result is observed at every
    module (`observe`). `detail`: "attention" keeps the attentions and the decode loop, "full" every
    tensor, "full+weights" the parameters too (the default up to two million of them). `pad` puts so many
    `<pad>` tokens after the source, as in a batch: they change nothing, and the masks show why. `to` is the
    target's language, where the model has several.

    `interventions` (`glass/causes/interventions.py`) change what the model computes: the record is of what it then
    says, and its `interventions` tell what was done and what the model says without. A forced target stays as it is.

    Raises InputError for a blank sentence or one longer than the model admits; UsageError for options
    that make no sense together.
    """
    detail = _checked(translator, detail, pad)
    source = source.strip()
    (source_ids,) = translator.source_ids([source], to=to)
    if not source_ids:
        raise InputError("there is no sentence to trace: it is blank")
    translator.model.config.check_length(len(source_ids) + pad, f"the source with {pad} <pad>", "use fewer")
    translator.require_floats("a trace")
    search = search_options(SearchOptions(beam=beam, n_best=1), options)
    if search.sample:
        raise UsageError("a trace follows greedy search, a beam or a given target; it does not sample")
    padded = [*source_ids, *[PAD] * pad]
    first = translator.target_tokenizer.beginning_ids(to)
    forced = _forced(translator, target, first) if target is not None else None
    found, tree = (forced, None) if forced else _decoded(translator.engine, source_ids, search, first)
    tensors = observe(translator.model, padded, list(found.tokens))
    intervened = None
    if interventions:
        plan = _planned(translator, source, padded, found, tensors, interventions)
        intervened = {"changes": plan.describe(), "without": translator.target_tokenizer.decode(found.tokens)}
        found, tree = (
            (forced, None) if forced else _decoded(IntervenedEngine(translator.model, plan), source_ids, search, first)
        )
        tensors = observe(translator.model, padded, list(found.tokens), plan.changes)
    steps = _steps(translator, found.tokens, tensors)
    log_probs = [step["chosen"]["log_prob"] for step in steps]
    if target is not None:
        found = Hypothesis.from_tokens(found.tokens, log_probs, EOS, search.length_penalty)
    strategy = "forced" if target is not None else "greedy" if search.beam == 1 else "beam"
    text = translator.target_tokenizer.decode(found.tokens)
    return Trace(
        meta=_meta(translator, f"{source} → {text}", search.seed, detail),
        model=dataclasses.asdict(translator.model.config),
        conventions=conventions(translator.model.config),
        axes=_axes(translator, source, padded, found.tokens),
        tensors=_kept(tensors, steps, detail),
        vocabulary=_vocabulary(translator) if detail == "full+weights" else None,
        decode={
            "strategy": strategy,
            "options": {"beam": search.beam, "length_penalty": search.length_penalty},
            "text": text,
            "log_prob": found.log_prob,
            "score": found.score,
            "finished": found.finished,
            "steps": steps,
        },
        beam=_beam(translator, tree, found) if tree else None,
        interventions=intervened,
        translator=translator_data(translator, search) if detail == "full+weights" and not interventions else None,
        tour=tour(translator.model.config) if detail != "attention" else (),  # it shows other tensors too
    )


def conventions(config: ModelConfig) -> dict[str, Any]:
    """What a reader must know to check the numbers by hand."""
    return {
        "norm_position": config.norm_position,
        "variance": "population",
        "norm_eps": config.norm_eps,
        "eps_place": "inside the root",
        "positions": config.positions,
        "position_base": BASE,
        "position_layout": config.position_layout,
        "embedding_scale": config.embedding_factor,
        "score_scale": score_scale(config)["factor"],
        "mask_value": "-inf",
        "tokens_as": "rows",
    }


def _checked(translator: Translator, detail: Detail | None, pad: int) -> Detail:
    if pad < 0:
        raise UsageError(f"pad is {pad}: it must be at least 0")
    if detail is None:
        parameters = sum(parameter.numel() for parameter in translator.model.parameters())
        return "full+weights" if parameters <= SMALL_MODEL else "full"
    return detail


def _decoded(
    engine: Engine[Any], ids: list[int], options: SearchOptions, first: list[int]
) -> tuple[Hypothesis, BeamTree | None]:
    tree = BeamTree(options, engine.start_id) if options.beam > 1 else None
    ((found, *_),) = generate(engine, [ids], options, prefixes=[first], watch=tree)
    return found, tree


def _planned(
    translator: Translator,
    source: str,
    ids: list[int],
    found: Hypothesis,
    tensors: dict[str, TracedTensor],
    interventions: Interventions,
) -> Plan:
    axes = {
        "source": source_axis(translator.source_tokenizer, source, ids),
        "target": written_axis(translator.target_tokenizer, list(found.tokens)),
    }
    return Unchanged(translator.model.config, tensors, axes).plan(interventions, translator.target_tokenizer)


def _forced(translator: Translator, target: str, first: list[int]) -> Hypothesis:
    """The given target, as if it had been found; its log-probabilities are still to come."""
    ids = [*first, *translator.target_tokenizer.encode(target.strip()), EOS]
    translator.model.config.check_length(len(ids), "the target", "shorten it")
    return Hypothesis.from_tokens(ids, [0.0] * len(ids), EOS, 0.0)


def _meta(translator: Translator, title: str, seed: int, detail: str) -> dict[str, Any]:
    return {
        "kind": "translation",
        "title": title,
        "version": __version__,
        "card": translator.card,
        "seed": seed,
        "kernel": "explicit",
        "dtype": "float32",
        "detail": detail,
    }


def _axes(translator: Translator, source: str, ids: list[int], target: Sequence[int]) -> dict[str, dict[str, Any]]:
    config, tokenizer = translator.model.config, translator.target_tokenizer
    read = [config.decoder_start_id, *target[:-1]]
    sizes = {
        "d_model": config.d_model,
        "d_ff": config.d_ff,
        "head": config.num_heads,
        "kv_head": config.kv_heads,
        "kv_width": config.kv_heads * config.head_width,
        "d_k": config.head_width,
        "vocabulary": config.vocab_size,
        "source_vocabulary": config.source_vocab_size or config.vocab_size,
        "place": config.max_length,
    }
    return {
        "source": source_axis(translator.source_tokenizer, source, ids),
        "target": axis(tokenizer.decode(target), tokenizer.tokens_of(read)),
        **{name: {"size": size} for name, size in sizes.items()},
    }


def _steps(translator: Translator, tokens: Sequence[int], tensors: dict[str, TracedTensor]) -> list[dict[str, Any]]:
    """The decode loop: at each step what was read, the likeliest tokens, and the one chosen."""
    tokenizer, start = translator.target_tokenizer, translator.model.config.decoder_start_id
    logits_TV, log_probs_TV = (torch.from_numpy(tensors[name].values) for name in ("logits", "log_probs"))
    steps = []
    for step, (read, chosen) in enumerate(zip([start, *tokens[:-1]], tokens, strict=True)):
        row = (logits_TV[step], log_probs_TV[step])
        best = row[0].topk(min(CANDIDATES, len(row[0]))).indices.tolist()
        named = partial(piece_of, tokenizer)
        steps.append(decode_step(step, read, chosen, *row, listed=best, forbidden=SUPPRESSED, named=named))
    return steps


def _kept(tensors: dict[str, TracedTensor], steps: list[dict[str, Any]], detail: Detail) -> dict[str, TracedTensor]:
    """The tensors that the detail asks for; of the logits only the columns of the candidates."""
    if detail == "attention":
        return attention_only(tensors)
    columns = sorted({c["id"] for step in steps for c in (*step["candidates"], step["chosen"])})
    return {name: _carried(one, columns, detail) for name, one in tensors.items()}


def _carried(tensor: TracedTensor, columns: list[int], detail: Detail) -> TracedTensor:
    if tensor.op == "parameter" and detail != "full+weights":
        return dataclasses.replace(tensor, values=None)
    if tensor.name in ("logits", "log_probs") and tensor.values is not None:
        values = np.ascontiguousarray(tensor.values[:, columns])
        return dataclasses.replace(tensor, values=values, columns=tuple(columns))
    return tensor


def _beam(translator: Translator, tree: BeamTree, found: Hypothesis) -> dict[str, Any]:
    tokenizer = translator.target_tokenizer
    nodes = [{**piece_of(tokenizer, node["token"]), **node} for node in tree.finish(found)]
    return {"width": tree.options.beam, "length_penalty": tree.options.length_penalty, "nodes": nodes}


def _vocabulary(translator: Translator) -> dict[str, list[str] | None]:
    source, target = (tokenizer.pieces for tokenizer in translator.tokenizers)
    return {"source": None if source == target else source, "target": target}
