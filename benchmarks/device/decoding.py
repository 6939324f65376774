"""Translations on one device: glassformer's two engines and transformers', with random parameters.

All sources have the same length, and no translation ends before its limit: `</s>` is as likely as any other token, so
its score is lowered in all of them.
"""

import functools
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from device.rows import Turns
from glassformer.engine import EagerEngine, generate
from glassformer.engine.static import StaticEngine
from glassformer.model import ModelConfig, Transformer
from glassformer.search import SearchOptions
from glassformer.special import BOS, EOS, PAD

SOURCE, TARGET = 25, 32
Translate = Callable[[int, int], int]  # a batch, with a beam; how many tokens


def sources(count: int, vocabulary: int) -> list[list[int]]:
    ids = np.random.default_rng(1).integers(4, vocabulary, (count, SOURCE - 1))
    return [[*row, EOS] for row in ids.tolist()]


def timed(work: Callable[[], int], device: torch.device, rounds: int) -> dict[str, Any]:
    """Tokens per second, the best of some rounds, after one that warms up."""
    began = time.perf_counter()
    tokens = work()
    warm, seconds = time.perf_counter() - began, []
    for _ in range(rounds):
        began = time.perf_counter()
        assert work() == tokens
        if device.type == "cuda":
            torch.cuda.synchronize()
        seconds.append(time.perf_counter() - began)
    return {"tokens/s": round(tokens / min(seconds), 1), "warm-up s": round(warm, 2)}


ENGINES = {"glassformer: static": StaticEngine, "glassformer: eager": EagerEngine}
WAYS = ["glassformer: static", "transformers", "glassformer: eager"]


def measured(
    way: str, config: ModelConfig, device: torch.device, turns: Turns, batches: Sequence[tuple[int, int]]
) -> Iterator[dict[str, Any]]:
    """Tokens per second with each batch and beam."""
    with turns.preparing():
        translate = (ours if way in ENGINES else transformers)(way, config, device)
    for batch, beam in batches:
        with turns.alone():
            yield {"batch": batch, "beam": beam} | timed(functools.partial(translate, batch, beam), device, 3)


def ours(way: str, config: ModelConfig, device: torch.device) -> Translate:
    torch.manual_seed(1)
    model = Transformer(config).to(device).eval()
    with torch.no_grad():  # no translation ends early
        model.generator.weight[EOS] = 0
        model.generator.weight[EOS] -= 10 * model.generator.weight.mean(0)
    engine = ENGINES[way](model, bfloat16=True)

    def translate(batch: int, beam: int) -> int:
        options = SearchOptions(beam=beam, max_length=TARGET)
        return sum(len(one[0].tokens) for one in generate(engine, sources(batch, config.vocab_size), options))

    return translate


def transformers(way: str, config: ModelConfig, device: torch.device) -> Translate:
    from transformers import MarianConfig, MarianMTModel

    shape = MarianConfig(
        vocab_size=config.vocab_size, d_model=config.d_model, encoder_layers=config.encoder_layers,
        decoder_layers=config.decoder_layers, encoder_attention_heads=config.num_heads,
        decoder_attention_heads=config.num_heads, encoder_ffn_dim=config.d_ff, decoder_ffn_dim=config.d_ff,
        activation_function="relu", scale_embedding=True, max_position_embeddings=512, pad_token_id=PAD,
        eos_token_id=EOS, forced_eos_token_id=None, decoder_start_token_id=BOS,
    )  # fmt: skip
    peer = MarianMTModel(shape).to(torch.bfloat16).to(device).eval()
    exactly = {"min_new_tokens": TARGET, "max_new_tokens": TARGET}

    @torch.inference_mode()
    def translate(batch: int, beam: int) -> int:
        ids = torch.tensor(sources(batch, config.vocab_size), device=device)
        return int(peer.generate(ids, num_beams=beam, do_sample=False, **exactly)[:, 1:].numel())

    return translate
