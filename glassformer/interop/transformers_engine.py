"""Hugging Face's transformers as the other engine of a proof.

Axes: B sentences, S source positions, T target positions, V vocabulary.
"""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from glassformer.batching import pad
from glassformer.interop.proof import Ids
from glassformer.model.transformer import shift_right
from glassformer.special import EOS, PAD

BATCH = 32  # sentences that it reads at once


class TransformersEngine:
    """`AutoModelForSeq2SeqLM` and `AutoTokenizer` of an exported directory; ImportError where they are not there."""

    def __init__(self, directory: Path) -> None:
        import transformers

        transformers.logging.set_verbosity_error()
        transformers.logging.disable_progress_bar()
        auto: Any = transformers
        self.name = f"transformers {transformers.__version__}"
        self.model = auto.AutoModelForSeq2SeqLM.from_pretrained(directory, local_files_only=True).eval()
        with warnings.catch_warnings(action="ignore"):  # it recommends a package that it does without
            self.tokenizer = auto.AutoTokenizer.from_pretrained(directory, local_files_only=True)

    def source_ids(self, texts: Sequence[str], to: str | None) -> Ids:
        """Its tokenizer's ids, a `>>tag<<` before each text where there are targets."""
        tagged = [f">>{to}<<{text}" if to else text for text in texts]
        ids: Ids = self.tokenizer(tagged)["input_ids"]
        return ids

    @torch.inference_mode()
    def greedy(self, sources: Ids, most: int) -> Ids:
        """`generate` with one beam."""
        found: Ids = []
        for start in range(0, len(sources), BATCH):
            source_BS = torch.tensor(pad(sources[start : start + BATCH], PAD))
            ids_BT = self.model.generate(
                input_ids=source_BS, attention_mask=(source_BS != PAD).long(), num_beams=1, do_sample=False,
                max_new_tokens=most,
            )  # fmt: skip
            found += [_until_end(row) for row in ids_BT[:, 1:].tolist()]
        return found

    @torch.inference_mode()
    def log_probs(self, sources: Ids, targets: Ids) -> list[list[float]]:
        """Log-softmax of its logits, with the target forced."""
        found: list[list[float]] = []
        for start in range(0, len(sources), BATCH):
            source_BS = torch.tensor(pad(sources[start : start + BATCH], PAD))
            batch = targets[start : start + BATCH]
            target_BT = torch.tensor(pad(batch, PAD))
            logits_BTV: Tensor = self.model(
                input_ids=source_BS, attention_mask=(source_BS != PAD).long(),
                decoder_input_ids=shift_right(target_BT, self.model.config.decoder_start_token_id),
            ).logits  # fmt: skip
            log_probs_BT = logits_BTV.log_softmax(-1).gather(-1, target_BT[..., None])[..., 0]
            found += [row[: len(one)].tolist() for row, one in zip(log_probs_BT, batch, strict=True)]
        return found


def _until_end(ids: list[int]) -> list[int]:
    return ids[: ids.index(EOS) + 1] if EOS in ids else ids
