"""Small models whose every weight is random, and ids to feed them."""

import functools

import torch

from glassformer.model import ModelConfig, Transformer
from glassformer.special import PAD

VOCABULARY = 13
WORDS = range(4, VOCABULARY)  # the ids that are no control tokens

SHAPES = {  # of the presets: layers of encoder and decoder, d_model, d_ff, heads
    "glass": (2, 2, 32, 64, 2),
    "tiny": (4, 4, 128, 256, 4),
    "small": (3, 3, 256, 1024, 4),
    "base": (6, 6, 512, 2048, 8),
    "big": (6, 6, 1024, 4096, 16),
    "deep-shallow": (12, 1, 512, 2048, 8),
    "student": (6, 2, 256, 1024, 4),
}


def small(**options):
    """A config of two layers on each side, without dropout."""
    shape = {
        "vocab_size": VOCABULARY,
        "d_model": 16,
        "num_heads": 4,
        "encoder_layers": 2,
        "decoder_layers": 2,
        "d_ff": 24,
        "dropout": 0.0,
        "max_length": 24,
    }
    return ModelConfig(**shape | options)


def make(**options):
    """A model in evaluation mode; gains and biases are random too, so that none can be left out."""
    torch.manual_seed(1)
    model = Transformer(small(**options)).eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() == 1:
                weight += 0.3 * torch.randn_like(weight)
    return model


cached = functools.cache(make)


def sentences(lengths, seed=0):
    """A row of random words for each length, padded on the right."""
    generator = torch.Generator().manual_seed(seed)
    ids_BS = torch.randint(WORDS.start, WORDS.stop, (len(lengths), max(lengths)), generator=generator)
    return ids_BS.masked_fill(torch.arange(max(lengths)) >= torch.tensor(lengths)[:, None], PAD)


def close(actual, expected, tolerance):
    torch.testing.assert_close(actual, expected, rtol=0, atol=tolerance)


def named(options):
    """The id of a parametrised case."""
    return " ".join(f"{key}={value}" for key, value in options.items())
