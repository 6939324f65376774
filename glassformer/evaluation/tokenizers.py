"""Which of sacreBLEU's tokenizers BLEU counts words by: one that suits the language, and is here.

Nothing is fetched: a tokenizer whose model sacreBLEU would download is used only where that model lies already.
"""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from sacrebleu.metrics import BLEU
from sacrebleu.tokenizers.tokenizer_spm import SPM_MODELS
from sacrebleu.utils import SACREBLEU_DIR

from glassformer.errors import InputError, UsageError, is_out_of_memory, nearest
from glassformer.text.sentences import WITHOUT_SPACES, language_of

AUTO = "auto"
BY_LANGUAGE = {"zh": "zh", "ja": "ja-mecab", "ko": "ko-mecab"}  # sacreBLEU's own choice for these
EXTRAS = {"ja-mecab": "ja", "ko-mecab": "ko"}  # of this package, that installs what the tokenizer needs

Stream = Sequence[str | None]  # references, one for each sentence; None where there is none


class Choice(NamedTuple):
    """A tokenizer, and why it is not the one that suits best; "" if it is."""

    name: str
    note: str = ""


def check_tokenizer(name: str) -> None:
    """UsageError if sacreBLEU has no tokenizer of this name, InputError if it cannot be used here; `auto` can."""
    if name not in {AUTO, *BLEU.TOKENIZERS}:
        raise UsageError(f"unknown tokenizer '{name}' for BLEU; {nearest(name, {AUTO, *BLEU.TOKENIZERS})}")
    if name != AUTO and (obstacle := _obstacle(name)):
        raise InputError(f"BLEU's tokenizer {name} {obstacle}")


def choose_tokenizer(name: str, *references: Stream) -> Choice:
    """`name` itself; for `auto`, what suits the language that most of the references are in, told by their script.

    Chinese `zh`, Japanese `ja-mecab`, Korean `ko-mecab`; `char`, of single characters, for other scripts without
    spaces between words (Thai, Lao, Khmer, Burmese); all others `13a`. Without its package Japanese has `char`, and
    Korean `13a`.
    """
    if name != AUTO:
        return Choice(name)
    languages = Counter(language_of(text) for stream in references for text in stream if text)
    language = max(languages, key=lambda one: languages[one], default="")
    usual = "char" if language in WITHOUT_SPACES else "13a"
    suiting = BY_LANGUAGE.get(language, usual)
    if obstacle := _obstacle(suiting):
        return Choice(usual, f"BLEU is by the tokenizer {usual}: {suiting}, which suits the text better, {obstacle}")
    return Choice(suiting)


def _obstacle(name: str) -> str:
    """Why a tokenizer cannot be used here, and what to do about it; "" if it can."""
    if name in SPM_MODELS:
        address = SPM_MODELS[name]["url"]
        path = Path(SACREBLEU_DIR, "models", Path(address).name)
        if not path.is_file():
            return f"needs its model, which is not here, and nothing is fetched unasked; save {address} as {path}"
    try:
        BLEU(tokenize=name)
    except (ImportError, RuntimeError) as error:
        if is_out_of_memory(error):
            raise
        if name in EXTRAS:
            return f"is not installed; install it: pip install 'glassformer[{EXTRAS[name]}]'"
        return f"cannot be used: {error}"
    except (OSError, AssertionError) as error:  # a damaged model; another dictionary than sacreBLEU's scores are by
        return f"cannot be used: {error}"
    return ""
