"""Which of sacreBLEU's tokenizers BLEU counts words by."""

from sacrebleu.metrics import BLEU

from glassformer.errors import InputError, UsageError, nearest


def check_tokenizer(name: str) -> None:
    """UsageError if sacreBLEU has no tokenizer of this name, InputError if its package is not installed."""
    if name not in BLEU.TOKENIZERS:
        raise UsageError(f"unknown tokenizer '{name}' for BLEU; {nearest(name, BLEU.TOKENIZERS)}")
    try:
        BLEU(tokenize=name)
    except (ImportError, RuntimeError) as error:
        raise InputError(f"sacreBLEU's tokenizer '{name}' is not installed: {error}") from error
