"""Translates by torch.nn.Transformer: python run.py "A sentence." It needs torch, safetensors and sentencepiece."""

import json
import sys
import warnings
from pathlib import Path

import sentencepiece
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

EOS, SUPPRESSED = 3, [0, 1, 2]  # the ids of </s>, and of <pad>, <unk> and <s>, which no translation contains


class Model:
    """The exported model: embeddings and positions, an nn.Transformer, an output layer."""

    def __init__(self, directory: Path) -> None:
        self.config = c = json.loads((directory / "config.json").read_text())
        self.weights = w = load_file(directory / "model.safetensors")
        self.target = w.get("target_embedding.weight", w["source_embedding.weight"])
        with warnings.catch_warnings(action="ignore"):  # of a faster way, which is not taken
            self.transformer = nn.Transformer(
                c["d_model"], c["num_heads"], c["encoder_layers"], c["decoder_layers"], c["d_ff"], 0.0,
                getattr(nn.functional, c["activation"]), layer_norm_eps=c["norm_eps"], batch_first=True,
                norm_first=c["norm_position"] == "pre",
            ).eval()  # fmt: skip
        if not c["final_norm"]:
            self.transformer.encoder.norm = self.transformer.decoder.norm = None  # it has them, always
        start = "transformer."
        self.transformer.load_state_dict({k.removeprefix(start): v for k, v in w.items() if k.startswith(start)})

    def embed(self, table: Tensor, side: str, ids: list[int]) -> Tensor:
        scale = self.config["d_model"] ** 0.5 if self.config["embedding_scale"] else 1
        embedded: Tensor = table[ids] * scale + self.weights[f"{side}_positions"][: len(ids)]
        return embedded[None]

    @torch.no_grad()
    def log_probs(self, source: list[int], target: list[int]) -> Tensor:
        """For each of the target's places, the log-probabilities of all tokens; both sides end with </s>."""
        past = [self.config["decoder_start_id"], *target[:-1]]
        x, y = (
            self.embed(self.weights["source_embedding.weight"], "source", source),
            self.embed(self.target, "target", past),
        )
        hidden = self.transformer(x, y, tgt_mask=nn.Transformer.generate_square_subsequent_mask(len(past)))
        bias = self.weights.get("generator.bias", torch.zeros(len(self.target)))
        logits: Tensor = hidden[0] @ self.weights.get("generator.weight", self.target).T + bias
        return logits.log_softmax(-1)

    def greedy(self, source: list[int], most: int) -> list[int]:
        found: list[int] = []
        while len(found) < most and EOS not in found:
            log_probs = self.log_probs(source, [*found, EOS])[-1].index_fill(0, torch.tensor(SUPPRESSED), -torch.inf)
            found.append(int(log_probs.argmax()))
        return found


if __name__ == "__main__":
    here = Path(__file__).parent
    spm = [sentencepiece.SentencePieceProcessor(model_file=str(here / f"{side}.spm")) for side in ("source", "target")]
    model = Model(here)
    for sentence in sys.argv[1:]:
        first, _, rest = sentence.partition(" ")  # <2hi> names a target
        symbol = [spm[0].piece_to_id(first)] if first.startswith("<2") and spm[0].is_control(spm[0][first]) else []
        text = rest if symbol else sentence
        ids = model.greedy([*symbol, *spm[0].encode(text), EOS], model.config["max_length"])
        print(spm[1].decode([i for i in ids if i != EOS]))
