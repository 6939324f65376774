"""`transformers`' MarianMTModel of the same shape, with random parameters of its own."""

from pathlib import Path

import torch
import transformers

from decoders.job import BOS, EOS, PAD, Decoder, Turn


class Transformers(Decoder):
    version = f"transformers {transformers.__version__}, torch {torch.__version__}"

    def __init__(self, folder: Path, precision: str, threads: int) -> None:
        super().__init__(folder, precision, threads)
        torch.set_num_threads(threads)
        c = self.config
        shape = transformers.MarianConfig(
            vocab_size=c["vocab_size"], d_model=c["d_model"], encoder_layers=c["encoder_layers"],
            decoder_layers=c["decoder_layers"], encoder_attention_heads=c["num_heads"],
            decoder_attention_heads=c["num_heads"], encoder_ffn_dim=c["d_ff"], decoder_ffn_dim=c["d_ff"],
            activation_function="relu", scale_embedding=True, max_position_embeddings=512, pad_token_id=PAD,
            eos_token_id=EOS, forced_eos_token_id=None, decoder_start_token_id=BOS,
        )  # fmt: skip
        self.model = transformers.MarianMTModel(shape).to(getattr(torch, precision)).eval()

    @torch.inference_mode()
    def translate(self, turn: Turn) -> list[list[int]]:
        ids = torch.tensor(turn.sources(self.config["vocab_size"]))
        found = self.model.generate(
            ids, num_beams=turn.beam, do_sample=False, min_new_tokens=turn.target, max_new_tokens=turn.target
        )
        return [row[1:] for row in found.tolist()]
