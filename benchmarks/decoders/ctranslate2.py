"""CTranslate2 with the same parameters: post-norm, ReLU, sinusoidal positions, one tied table."""

import tempfile
from pathlib import Path
from typing import Any

import ctranslate2
import numpy as np
from ctranslate2.specs import TransformerSpec
from numpy.typing import NDArray

from decoders.job import BOS, EOS, PAD, UNK, Decoder, Turn, read_weights

CONTROL = {PAD: "<pad>", UNK: "<unk>", BOS: "<s>", EOS: "</s>"}


class CTranslate2(Decoder):
    version = f"CTranslate2 {ctranslate2.__version__}"

    def __init__(self, folder: Path, precision: str, threads: int) -> None:
        super().__init__(folder, precision, threads)
        self.names = [CONTROL.get(i, f"w{i}") for i in range(self.config["vocab_size"])]
        self.ids = {name: i for i, name in enumerate(self.names)}
        with tempfile.TemporaryDirectory() as name:
            convert(self.config, read_weights(folder), self.names, Path(name))
            self.translator = ctranslate2.Translator(
                name, compute_type=precision, inter_threads=1, intra_threads=threads
            )

    def translate(self, turn: Turn) -> list[list[int]]:
        found = self.translator.translate_batch(
            [[self.names[i] for i in source] for source in turn.sources(self.config["vocab_size"])],
            beam_size=turn.beam,
            length_penalty=0.6 if turn.beam > 1 else 0,
            min_decoding_length=turn.target,
            max_decoding_length=turn.target,
            disable_unk=True,
        )
        return [[self.ids[token] for token in one.hypotheses[0]] for one in found]


def convert(config: dict[str, Any], w: dict[str, NDArray[np.float32]], names: list[str], out: Path) -> None:
    """Write CTranslate2's model directory."""
    if (config["norm_position"], config["activation"], config["positions"]) != ("post", "relu", "sinusoidal"):
        raise SystemExit("ctranslate2: only models as the paper's are converted")
    layers = config["encoder_layers"], config["decoder_layers"]
    spec = TransformerSpec.from_config(layers, config["num_heads"], pre_norm=False)
    table = w["source_embedding.token.weight"]
    encodings = sinusoids(config["max_length"], config["d_model"])
    spec.encoder.embeddings[0].weight = spec.decoder.embeddings.weight = spec.decoder.projection.weight = table
    for side in (spec.encoder, spec.decoder):
        side.scale_embeddings = True
        side.position_encodings.encodings = encodings
    for index, layer in enumerate(spec.encoder.layer):
        fill_layer(layer, w, f"encoder.{index}")
    for index, layer in enumerate(spec.decoder.layer):
        name = f"decoder.{index}"
        fill_layer(layer, w, name)
        fill_linears(layer.attention.linear, w, f"{name}.cross_attention", (("query",), ("key", "value"), ("output",)))
        fill_norm(layer.attention.layer_norm, w, f"{name}.cross_attention_norm")
    spec.register_source_vocabulary(names)
    spec.register_target_vocabulary(names)
    spec.config.decoder_start_token = "<s>"
    spec.config.add_source_eos = False
    spec.validate()
    spec.optimize(quantization="float32")
    spec.save(str(out))


def sinusoids(length: int, width: int) -> NDArray[np.float32]:
    angles = np.arange(length)[:, None] / 10000 ** (np.arange(0, width, 2) / width)
    return np.stack((np.sin(angles), np.cos(angles)), -1).reshape(length, width).astype(np.float32)


def fill_layer(layer: Any, w: dict[str, NDArray[np.float32]], name: str) -> None:
    fill_linears(layer.self_attention.linear, w, f"{name}.self_attention", (("query", "key", "value"), ("output",)))
    fill_norm(layer.self_attention.layer_norm, w, f"{name}.self_attention_norm")
    fill_linears((layer.ffn.linear_0, layer.ffn.linear_1), w, f"{name}.feed_forward", (("inner",), ("outer",)))
    fill_norm(layer.ffn.layer_norm, w, f"{name}.feed_forward_norm")


def fill_linears(specs: Any, w: dict[str, NDArray[np.float32]], name: str, groups: tuple[tuple[str, ...], ...]) -> None:
    for spec, parts in zip(specs, groups, strict=True):
        spec.weight = np.concatenate([w[f"{name}.{part}.weight"] for part in parts])
        spec.bias = np.concatenate([w[f"{name}.{part}.bias"] for part in parts])


def fill_norm(spec: Any, w: dict[str, NDArray[np.float32]], name: str) -> None:
    spec.gamma, spec.beta = w[f"{name}.norm.weight"], w[f"{name}.norm.bias"]
