"""Translators of random weights for the glass box: small, of every config option, and a tokenizer."""

import functools

import torch

from glassformer.model import ModelConfig, Transformer
from glassformer.translator import Translator
from tests.letters import letter_tokenizer

SENTENCE = "a b c ñ"


def translator(**options):
    """A model of random weights, gains and biases included, loud enough to have opinions."""
    tokenizer = letter_tokenizer()
    torch.manual_seed(7)
    shape = {"d_model": 16, "d_ff": 24, "num_heads": 4, "encoder_layers": 2, "decoder_layers": 2, "max_length": 48}
    config = ModelConfig(**{"vocab_size": tokenizer.vocab_size, "dropout": 0.1, **shape, **options})
    model = Transformer(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            weight.mul_(1.5)
            if weight.dim() == 1:
                weight.add_(0.3 * torch.randn_like(weight))
    return Translator(model, tokenizer, tokenizer)


cached = functools.cache(translator)
