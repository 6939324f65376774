"""ONNX in the layout that transformers.js and optimum read, and its engine: onnxruntime.

Files: config.json, generation_config.json, tokenizer.json, tokenizer_config.json, and in onnx/ encoder_model.onnx and
decoder_model_merged.onnx, both once more with `_quantized` in their name. Where source and target have a vocabulary
each, the target's ids come first there and the source's follow them.

Axes: B sentences, S source positions, T target positions, V ids.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch

from glassformer.batching import pad
from glassformer.engine.generation import SUPPRESSED
from glassformer.errors import UsageError, importing
from glassformer.files import write_whole
from glassformer.interop import onnx_graphs, tokenizer_json
from glassformer.interop.directories import read_object, write_json
from glassformer.interop.proof import Ids
from glassformer.model import ModelConfig
from glassformer.search.protocol import Floats, Ints
from glassformer.special import EOS, PAD, PIECES, UNK
from glassformer.translator import Translator

NEEDED = ("onnx", "onnxscript", "onnxruntime", "tokenizers")
FOLDER, ENCODER, DECODER, QUANTISED = "onnx", "encoder_model", "decoder_model_merged", "_quantized"
LARGEST = 2_000_000_000  # bytes of a file: protobuf's limit is 2^31


def check(translator: Translator) -> None:
    """Raise UsageError where a library is missing, for a model too large, and for a tokenizer that has no such form."""
    needed = "--to onnx needs its libraries: pip install 'glassformer[onnx]'"
    with importing(lambda error: UsageError(f"{needed} ({error})")):
        for library in NEEDED:
            import_module(library)
    if 4 * translator.model.num_parameters > LARGEST:
        raise UsageError(f"an ONNX file holds {LARGEST:,} bytes; the model's weights are more. Export --to ctranslate2")
    tokenizer_json.check(translator.source_tokenizer)


def write(translator: Translator, directory: Path, _int8: bool = False) -> None:
    """Write the directory, with the graphs in float32 and in int8."""
    write_texts(translator, directory)
    (directory / FOLDER).mkdir()
    model = translator.model
    graphs = [onnx_graphs.encoder_graph(model, _source_ids(model.config)), *onnx_graphs.decoder_graphs(model)]
    _write_graphs(directory, "", *graphs)
    _write_graphs(directory, QUANTISED, *map(onnx_graphs.quantised, graphs))


def _write_graphs(directory: Path, suffix: str, encoder: Any, first: Any, following: Any) -> None:
    for name, graph in ((ENCODER, encoder), (DECODER, onnx_graphs.merged(first, following))):
        write_whole(graph_file(directory, name, suffix), graph.SerializeToString())


def graph_file(directory: Path, name: str, suffix: str) -> Path:
    """Where a graph is."""
    return directory / FOLDER / f"{name}{suffix}.onnx"


def _source_ids(config: ModelConfig) -> torch.Tensor | None:
    """The source's own id for each id there; the target's pieces are not in its vocabulary. None: they are the same."""
    if config.source_vocab_size is None:
        return None
    return torch.cat([torch.full((config.vocab_size,), UNK), torch.arange(config.source_vocab_size)])


def write_texts(translator: Translator, directory: Path) -> None:
    """Write config.json, generation_config.json and the tokenizer."""
    config, source = translator.model.config, translator.source_tokenizer
    target = translator.target_tokenizer if config.source_vocab_size else None
    specials = tokenizer_json.special_tokens(source, target)
    write_json(directory / "config.json", _config(config))
    write_json(directory / "generation_config.json", _generation(config))
    text = json.dumps(tokenizer_json.tokenizer_json(source, target), ensure_ascii=False)
    write_whole(directory / "tokenizer.json", text.encode())
    write_json(directory / "tokenizer_config.json", {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "model_input_names": ["input_ids", "attention_mask"],
        "split_special_tokens": True,  # so that `</s>` in a user's text stays text
        "additional_special_tokens": specials,
        **{f"{name}_token": PIECES[number] for number, name in ((PAD, "pad"), (UNK, "unk"), (EOS, "eos"))},
    })  # fmt: skip


def _config(config: ModelConfig) -> dict[str, Any]:
    """What a program must know besides the graphs, in the words of Marian, the class that those programs know."""
    return {
        "model_type": "marian",
        "architectures": ["MarianMTModel"],
        "is_encoder_decoder": True,
        "vocab_size": config.vocab_size + (config.source_vocab_size or 0),
        "decoder_vocab_size": config.vocab_size,
        "share_encoder_decoder_embeddings": config.source_vocab_size is None,
        "d_model": config.d_model,
        "encoder_layers": config.encoder_layers,
        "decoder_layers": config.decoder_layers,
        **{f"{stack}_attention_heads": config.kv_heads for stack in ("encoder", "decoder")},
        **{f"{stack}_ffn_dim": config.d_ff for stack in ("encoder", "decoder")},
        "max_position_embeddings": config.max_length,
        "pad_token_id": PAD,
        "eos_token_id": EOS,
        "decoder_start_token_id": config.decoder_start_id,
    }  # fmt: skip


def _generation(config: ModelConfig) -> dict[str, Any]:
    """Greedy search without control tokens; transformers.js has no beams."""
    return {
        "decoder_start_token_id": config.decoder_start_id,
        "pad_token_id": PAD,
        "eos_token_id": EOS,
        "bad_words_ids": [[one] for one in SUPPRESSED],
        "max_length": config.max_length,
    }


class OnnxEngine:
    """onnxruntime on an exported directory, with one thread."""

    batch = 32  # sentences that it reads at once

    def __init__(self, directory: Path, int8: bool = False) -> None:
        import onnxruntime
        import tokenizers

        self.name = f"onnxruntime {onnxruntime.__version__}"
        config = read_object(directory, "config.json")
        self.start: int = config["decoder_start_token_id"]
        self.first_source = 0 if config["share_encoder_decoder_embeddings"] else config["decoder_vocab_size"]
        self.tokenizer = tokenizers.Tokenizer.from_file(str(directory / "tokenizer.json"))
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.encoder, self.decoder = (
            onnxruntime.InferenceSession(graph_file(directory, name, QUANTISED if int8 else ""), options)
            for name in (ENCODER, DECODER)
        )

    def source_ids(self, texts: Sequence[str], to: str | None) -> Ids:
        """The ids of tokenizer.json, as ours; a `>>tag<<` before each text where there are several targets."""
        tagged = [f">>{to}<<{text}" if to and self.tokenizer.token_to_id(f">>{to}<<") else text for text in texts]
        found = self.tokenizer.encode_batch(tagged)
        return [[one - self.first_source for one in each.ids] for each in found]

    def greedy(self, sources: Ids, most: int) -> Ids:
        """The likeliest token at each step, with the cache."""
        found: Ids = []
        for start in range(0, len(sources), self.batch):
            found += self._greedy(sources[start : start + self.batch], most)
        return found

    def _greedy(self, sources: Ids, most: int) -> Ids:
        written: Ids = [[] for _ in sources]
        step = self._decoding(sources)
        ids_B1 = np.full((len(sources), 1), self.start)
        while any(EOS not in row for row in written) and len(written[0]) < most:
            ids_B1 = _likeliest(step(ids_B1))[:, -1:]
            for row, token in zip(written, ids_B1[:, 0].tolist(), strict=True):
                row.append(token)
        return [row[: row.index(EOS) + 1] if EOS in row else row for row in written]

    def log_probs(self, sources: Ids, targets: Ids) -> list[list[float]]:
        """Log-softmax of its logits, with the target forced."""
        found = []
        for logits_TV, target in self._forced(sources, targets):
            log_z_T = np.logaddexp.reduce(logits_TV.astype(np.float64), axis=-1)
            found.append((logits_TV[np.arange(len(target)), target] - log_z_T).tolist())
        return found

    def next_tokens(self, sources: Ids, targets: Ids) -> Ids:
        """The token it would write at each place of the targets, after what stands before it there."""
        return [_likeliest(logits_TV).tolist() for logits_TV, _ in self._forced(sources, targets)]

    def _forced(self, sources: Ids, targets: Ids) -> Iterator[tuple[Floats, list[int]]]:
        """For each target its logits, and itself."""
        for start in range(0, len(sources), self.batch):
            batch = targets[start : start + self.batch]
            read_BT = np.array(pad([[self.start, *target[:-1]] for target in batch], PAD))
            step = self._decoding(sources[start : start + self.batch])
            logits_BTV = np.concatenate(
                [step(ids_B1) for ids_B1 in np.split(read_BT, read_BT.shape[1], axis=1)], axis=1
            )
            yield from ((logits_TV[: len(one)], one) for logits_TV, one in zip(logits_BTV, batch, strict=True))

    def _decoding(self, sources: Ids) -> Callable[[Ints], Floats]:
        """What gives logits (B, T, V) for the next ids (B, T), again and again, as transformers.js calls the graphs."""
        ids_BS = np.array(pad([[one + self.first_source for one in row] for row in sources], -1))
        mask_BS = (ids_BS >= 0).astype(np.int64)
        given = {"encoder_attention_mask": mask_BS}
        given["encoder_hidden_states"] = self.encoder.run(
            None, {"input_ids": ids_BS.clip(0), "attention_mask": mask_BS}
        )[0]
        names = [one.name for one in self.decoder.get_outputs()]
        past = {one.name: np.zeros([1 if isinstance(size, str) else size for size in one.shape], np.float32)
                for one in self.decoder.get_inputs() if one.name.startswith("past_key_values")}  # fmt: skip
        cached = False

        def step(ids_BT: Ints) -> Floats:
            nonlocal past, cached
            flag = np.array([cached])
            found = dict(zip(names, self.decoder.run(
                None, {**given, **past, "input_ids": ids_BT, "use_cache_branch": flag}
            ), strict=True))  # fmt: skip
            past = {name: found[name.replace("past_key_values", "present")] for name in past}
            cached = True
            logits_BTV: Floats = found["logits"]
            return logits_BTV

        return step


class QuantisedEngine(OnnxEngine):
    """The same of the int8 graphs, a sentence at a time: all numbers that are multiplied at once share one scale."""

    batch = 1

    def __init__(self, directory: Path) -> None:
        super().__init__(directory, int8=True)
        self.name += ", int8"


def _likeliest(logits: Floats) -> Ints:
    """The id of the largest logit of those that may be written."""
    allowed = logits.copy()
    allowed[..., list(SUPPRESSED)] = -np.inf
    ids: Ints = allowed.argmax(-1)
    return ids
