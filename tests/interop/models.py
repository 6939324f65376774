"""Small models with random weights, of ours and of other programs, and their tokenizers."""

import functools
import io
import json
from pathlib import Path

import sentencepiece
import torch

from glassformer.model import ModelConfig, Transformer
from glassformer.text.tokenizer import Tokenizer
from glassformer.translator import Translator

WORDS_EN = "the cat dog house sees runs big small red old man woman child is was in on under with and"
WORDS_DE = "die katze hund haus sieht läuft groß klein rot alt mann frau kind ist war in auf unter mit und"


def sentences(text: str, count: int, seed: int = 0) -> list[str]:
    """Random sentences of three to seven of the text's words."""
    words = text.split()
    generator = torch.Generator().manual_seed(seed)

    def draw(most: int) -> int:
        return int(torch.randint(most, (), generator=generator))

    return [" ".join(words[draw(len(words))] for _ in range(3 + draw(5))) for _ in range(count)]


ENGLISH, GERMAN = sentences(WORDS_EN, 300), sentences(WORDS_DE, 300, seed=1)


@functools.cache
def tokenizers(kind: str = "joint") -> tuple[Tokenizer, Tokenizer]:
    """joint: one for both sides; targets: one that has two; separate: one for each side."""
    if kind == "separate":
        return Tokenizer.train(ENGLISH, 295), Tokenizer.train(GERMAN, 290)
    joint = Tokenizer.train(ENGLISH + GERMAN, 320, targets=["de", "pt_br"] if kind == "targets" else [])
    return joint, joint


def translator(kind: str = "joint", **options) -> Translator:
    """One of ours; gains and biases are random too, so that none can be left out."""
    source, target = tokenizers(kind)
    shape = {
        "vocab_size": target.vocab_size,
        "source_vocab_size": None if source is target else source.vocab_size,
        "d_model": 32, "num_heads": 4, "encoder_layers": 2, "decoder_layers": 1, "d_ff": 48, "max_length": 40,
    }  # fmt: skip
    torch.manual_seed(1)
    model = Transformer(ModelConfig(**shape | options)).eval()
    disturb(model)
    return Translator(model, source, target)


def disturb(model: torch.nn.Module) -> None:
    """Adds random numbers to all parameters, so that no gain is 1 and no bias 0."""
    with torch.no_grad():
        for weight in model.parameters():
            weight += (0.3 if weight.dim() == 1 else 0.05) * torch.randn_like(weight)


def weights(one: Translator) -> dict[str, torch.Tensor]:
    return dict(one.model.named_parameters())


def _spm(texts: list[str], size: int) -> bytes:
    """As OPUS-MT's: NFKC, several spaces read as one, no bytes, and ids of its own."""
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(texts), model_writer=written, vocab_size=size, hard_vocab_limit=False, minloglevel=2
    )
    return written.getvalue()


def opus(directory: Path, tags: tuple[str, ...] = (), dropped: int = 0, **options) -> None:
    """A random MarianMTModel as OPUS-MT's come: `</s>` 0, `<unk>` 1, the pieces of both sides, `<pad>` last.

    `tags` become `>>tag<<`; `dropped` pieces of the source are not in the vocabulary.
    """
    import transformers

    directory.mkdir()
    spms = [_spm(ENGLISH, 60), _spm(GERMAN, 60)]
    for name, spm in zip(("source.spm", "target.spm"), spms, strict=True):
        (directory / name).write_bytes(spm)
    loaded = [sentencepiece.SentencePieceProcessor(model_proto=spm) for spm in spms]
    found = [one.id_to_piece(i) for one in loaded for i in range(3, one.get_piece_size())]
    left = [piece for piece in dict.fromkeys(found) if piece not in found[4 : 4 + dropped]]
    pieces = ["</s>", "<unk>", *(f">>{tag}<<" for tag in tags), *left, "<pad>"]
    (directory / "vocab.json").write_text(json.dumps({piece: number for number, piece in enumerate(pieces)}))
    (directory / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "MarianTokenizer"}))
    pad = len(pieces) - 1
    shape = {
        "vocab_size": len(pieces), "d_model": 32, "encoder_layers": 2, "decoder_layers": 2,
        "encoder_attention_heads": 4, "decoder_attention_heads": 4, "encoder_ffn_dim": 48, "decoder_ffn_dim": 48,
        "max_position_embeddings": 40, "activation_function": "swish", "scale_embedding": True,
        "pad_token_id": pad, "decoder_start_token_id": pad, "eos_token_id": 0, "forced_eos_token_id": None,
    }  # fmt: skip
    torch.manual_seed(2)
    model = transformers.MarianMTModel(transformers.MarianConfig(**shape | options)).eval()
    disturb(model)
    with torch.no_grad():
        model.final_logits_bias += 0.1 * torch.randn_like(model.final_logits_bias)
        model.model.shared.weight[pad] = 0
    model.save_pretrained(directory)
