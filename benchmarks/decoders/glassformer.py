"""glassformer's two engines, by the function on ids that its translator uses."""

from importlib.metadata import version
from pathlib import Path
from typing import Any

from decoders.job import Decoder, Turn
from glassformer.engine import Engine, generate
from glassformer.engine.fast import FastEngine
from glassformer.model.quantization import quantize_weights
from glassformer.model_directory import read_config
from glassformer.search import SearchOptions


def options(turn: Turn) -> SearchOptions:
    """A search that ends at exactly so many tokens."""
    return SearchOptions(beam=turn.beam, min_length=turn.target - 1, max_length=turn.target)


class Fast(Decoder):
    def __init__(self, folder: Path, precision: str, threads: int) -> None:
        from decoders.job import read_weights

        super().__init__(folder, precision, threads)
        weights: Any = read_weights(folder)
        weights = quantize_weights(weights.items()) if precision == "int8" else weights
        self.engine: Engine[Any] = FastEngine(read_config(folder / "config.json"), weights, threads)
        self.version = f"glassformer {version('glassformer')}, {self.engine.instructions}"

    def translate(self, turn: Turn) -> list[list[int]]:
        found = generate(self.engine, turn.sources(self.config["vocab_size"]), options(turn))
        return [list(best.tokens) for best, *_ in found]


class Eager(Fast):
    def __init__(self, folder: Path, precision: str, threads: int) -> None:
        import torch

        from glassformer.engine.choice import in_precision
        from glassformer.model import Transformer
        from glassformer.model_directory import load_parameters, read_tensors

        Decoder.__init__(self, folder, precision, threads)
        torch.set_num_threads(threads)
        model, where = Transformer(read_config(folder / "config.json")).eval(), folder / "model.safetensors"
        load_parameters(model, dict(read_tensors(where)), where)
        self.engine = in_precision(model, precision)
        self.version = f"glassformer {version('glassformer')}, eager, torch {torch.__version__}"
