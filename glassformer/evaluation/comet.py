"""COMET (Rei et al. 2020): a score by a neural model, where the package unbabel-comet and that model are here.

Nothing is fetched. The package reads the checkpoint itself, and a checkpoint is a pickle, which may run any code: take
one only from where you trust.
"""

import logging
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from glassformer.errors import InputError, importing, is_out_of_memory
from glassformer.evaluation.scores import Score
from glassformer.evaluation.tokenizers import Stream

BATCH = 16  # sentences


class Comet:
    """A COMET model, from its folder as it is published (`hparams.yaml`, `checkpoints/model.ckpt`).

    Raises InputError without the package or the model, or for what the package refuses.
    """

    def __init__(self, folder: Path) -> None:
        os.environ["HF_HUB_OFFLINE"] = "1"  # else the encoder's tokenizer would be fetched
        level = logging.getLogger().level
        advice = "install it, or write the translations by --output and score them by the package's own command"
        with importing(
            lambda error: InputError(f"COMET needs the package unbabel-comet ({error}); {advice}, comet-score")
        ):
            import comet
        logging.getLogger().setLevel(level)  # the package makes every library talk
        checkpoint = folder / "checkpoints" / "model.ckpt"
        if not checkpoint.is_file():
            raise InputError(f"{folder}: no COMET model (no checkpoints/model.ckpt); give the folder of one")
        self._folder, self._version = folder, comet.__version__
        with _speaking_for(folder):
            self._model = comet.load_from_checkpoint(str(checkpoint), local_files_only=True)

    def score(
        self, sources: Sequence[str], hypotheses: Sequence[str], *references: Stream, cuda: bool = False
    ) -> Score:
        """The mean over the sentences, times 100 as papers print it; of several references the first one counts."""
        samples = [
            {"src": source, "mt": hypothesis, "ref": next(text for text in right if text is not None)}
            for source, hypothesis, *right in zip(sources, hypotheses, *references, strict=True)
        ]
        with _speaking_for(self._folder):
            found = self._model.predict(samples, batch_size=BATCH, gpus=int(cuda), progress_bar=False)
        signature = f"model:{self._folder.resolve().name}|ref:first|scale:100|version:{self._version}"
        return Score("COMET", 100 * float(found.system_score), signature)


@contextmanager
def _speaking_for(folder: Path) -> Iterator[None]:
    """The package raises all kinds of errors: they become one line."""
    try:
        yield
    except Exception as error:
        if is_out_of_memory(error):
            raise
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise InputError(f"{folder}: COMET cannot use this model: {reason}") from error
