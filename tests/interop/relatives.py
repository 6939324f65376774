"""Random models of Marian's relatives, as transformers writes them, and the comparison with what it computes."""

import io
import json
from pathlib import Path

import sentencepiece
import torch

from glassformer.model.transformer import shift_right
from glassformer.search import SearchOptions
from glassformer.text.directions import target_of_symbol
from tests.interop.models import ENGLISH, GERMAN, disturb

SHAPE = {
    "d_model": 32, "encoder_layers": 2, "decoder_layers": 2, "encoder_attention_heads": 4, "decoder_attention_heads": 4,
    "encoder_ffn_dim": 48, "decoder_ffn_dim": 48, "max_position_embeddings": 40,
}  # fmt: skip


def bpe() -> bytes:
    """A SentencePiece file of both sides' text, of merges; its first pieces are `<unk> <s> </s>`."""
    written = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(ENGLISH + GERMAN), model_writer=written, vocab_size=90, model_type="bpe",
        hard_vocab_limit=False, minloglevel=2,
    )  # fmt: skip
    return written.getvalue()


def fairseq_ids(spm: bytes) -> dict[str, int]:
    """The ids of its pieces in fairseq's order: `<s> <pad> </s> <unk>` first."""
    model = sentencepiece.SentencePieceProcessor(model_proto=spm)
    pieces = ["<s>", "<pad>", "</s>", "<unk>", *(model.id_to_piece(i) for i in range(3, model.get_piece_size()))]
    return {piece: number for number, piece in enumerate(pieces)}


def m2m100(directory: Path) -> None:
    """A random M2M-100: 100 languages after the pieces, and eight rows that nothing names."""
    import transformers

    directory.mkdir()
    (directory / "sentencepiece.bpe.model").write_bytes(spm := bpe())
    (directory / "vocab.json").write_text(json.dumps(ids := fairseq_ids(spm)))
    tokenizer = transformers.M2M100Tokenizer(
        str(directory / "vocab.json"), str(directory / "sentencepiece.bpe.model"), src_lang="en"
    )
    tokenizer.save_pretrained(directory)
    save(
        transformers.M2M100ForConditionalGeneration,
        transformers.M2M100Config(vocab_size=len(ids) + 108, **SHAPE),
        directory,
    )


def nllb(directory: Path) -> None:
    """The same architecture with NLLB's files: ids and languages in tokenizer.json."""
    import transformers

    directory.mkdir()
    (directory / "sentencepiece.bpe.model").write_bytes(spm := bpe())
    ids = fairseq_ids(spm)
    languages = {name: len(ids) + number for number, name in enumerate(("deu_Latn", "eng_Latn", "zho_Hans"))}
    added = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, **languages, "<mask>": len(ids) + 3}
    (directory / "tokenizer.json").write_text(
        json.dumps({
            "model": {"type": "BPE", "vocab": ids, "merges": []},
            "added_tokens": [{"id": number, "content": piece} for piece, number in added.items()],
        })
    )  # fmt: skip
    save(
        transformers.M2M100ForConditionalGeneration,
        transformers.M2M100Config(vocab_size=len(ids) + 6, **SHAPE),
        directory,
    )


def mbart50(directory: Path) -> None:
    """A random mBART-50 as it is published: languages in the tokenizer's settings, ids by the SentencePiece file."""
    import transformers

    directory.mkdir()
    (directory / "sentencepiece.bpe.model").write_bytes(spm := bpe())
    languages = ["de_DE", "en_XX", "hi_IN"]
    settings = {"tokenizer_class": "MBart50Tokenizer", "additional_special_tokens": languages}
    (directory / "tokenizer_config.json").write_text(json.dumps(settings))
    config = transformers.MBartConfig(
        vocab_size=len(fairseq_ids(spm)) + 4, activation_function="relu", scale_embedding=True,
        decoder_start_token_id=2, forced_eos_token_id=None, **SHAPE,
    )  # fmt: skip
    save(transformers.MBartForConditionalGeneration, config, directory)


def mbart25(directory: Path) -> None:
    """A random mBART-25 from English to Romanian: its 25 languages follow the pieces, and no file lists them."""
    import transformers

    directory.mkdir()
    (directory / "sentencepiece.bpe.model").write_bytes(spm := bpe())
    (directory / "tokenizer_config.json").write_text(json.dumps({"tokenizer_class": "MBartTokenizer"}))
    size = len(fairseq_ids(spm))
    config = transformers.MBartConfig(
        vocab_size=size + 26, activation_function="gelu", scale_embedding=True, decoder_start_token_id=size + 19,
        forced_eos_token_id=None, **SHAPE,
    )  # fmt: skip
    save(transformers.MBartForConditionalGeneration, config, directory)


def bart(directory: Path, **options) -> None:
    """A random BART with a byte-level BPE of both sides' text, in vocab.json and merges.txt."""
    import tokenizers
    import transformers

    directory.mkdir()
    trained = tokenizers.ByteLevelBPETokenizer()
    special = ["<s>", "<pad>", "</s>", "<unk>"]
    trained.train_from_iterator(ENGLISH + GERMAN, vocab_size=400, special_tokens=special, show_progress=False)
    trained.save_model(str(directory))
    ids = json.loads((directory / "vocab.json").read_text())
    (directory / "vocab.json").write_text(json.dumps(ids | {"<mask>": len(ids)}))
    config = transformers.BartConfig(
        vocab_size=len(ids) + 1, decoder_start_token_id=2, forced_eos_token_id=None, forced_bos_token_id=None,
        **SHAPE | options,
    )  # fmt: skip
    save(transformers.BartForConditionalGeneration, config, directory)


def save(kind, config, directory: Path) -> None:
    """A model of random weights, gains and biases too; the row of `<pad>` is zero, as it is when it is trained."""
    torch.manual_seed(2)
    model = kind(config).eval()
    disturb(model)
    if hasattr(model, "final_logits_bias"):
        model.final_logits_bias += 0.1 * torch.randn_like(model.final_logits_bias)
    with torch.no_grad():
        model.get_input_embeddings().weight[config.pad_token_id] = 0
    model.save_pretrained(directory)


def their_ids(ours, known: dict[str, int], symbols: dict[str, int]) -> list[int | None]:
    """Their id of each of ours; None for a piece that their vocabulary lacks. `symbols`: the ids of languages."""
    pieces = ours.target_tokenizer.pieces

    def of(piece: str) -> int | None:
        if language := target_of_symbol(piece):
            return symbols[language]
        return int(piece[5:-1]) if piece.startswith("<row ") else known.get(piece)

    return [of(piece) for piece in pieces]


@torch.no_grad()
def assert_same(
    ours,
    theirs,
    ids: list[int | None],
    to: str | None,
    forced: int | None,
    texts: list[str],
    begun: tuple[int, ...] = (),
) -> None:
    """Logits within 2e-6 and translations, greedy and by beam 4, of all texts. `begun`: what each begins with."""
    columns = [number for number, their in enumerate(ids) if their is not None]
    theirs_of = [ids[number] for number in columns]
    found = ours.source_ids(texts, to=to)
    start = theirs.generation_config.decoder_start_token_id or theirs.config.decoder_start_token_id
    for source, target in zip(found[:5], found[5:10], strict=True):
        read = shift_right(torch.tensor([target]), ours.model.config.decoder_start_id)
        logits = ours.model(torch.tensor([source]), read)
        their_read = shift_right(torch.tensor([[ids[one] for one in target]]), start)
        their_source = torch.tensor([[ids[one] for one in source]])
        expected = theirs(input_ids=their_source, decoder_input_ids=their_read).logits
        torch.testing.assert_close(logits[..., columns], expected[..., theirs_of], rtol=0, atol=2e-6)
    numbers = {piece: number for number, piece in enumerate(ours.target_tokenizer.pieces)}
    banned = sorted({ids[one] for one in range(3) if ids[one] is not None})
    for beam in (1, 4):
        options = SearchOptions(beam=beam, max_length=12, length_penalty=0.0)
        said = ours.translate(texts, options, to=to)
        generated = [
            theirs.generate(
                input_ids=torch.tensor([[ids[one] for one in source]]), num_beams=beam, do_sample=False,
                decoder_input_ids=torch.tensor([[start, *begun]]), max_new_tokens=12 - len(begun),
                length_penalty=0.0, early_stopping=False, suppress_tokens=banned,
                forced_bos_token_id=forced, forced_eos_token_id=None,
            )[0, 1:].tolist()
            for source in found
        ]  # fmt: skip
        mine = [[ids[numbers[piece]] for piece in one.tokens] for one in said]
        same = sum(a == b for a, b in zip(mine, generated, strict=True))
        assert same == len(texts), (beam, same)
