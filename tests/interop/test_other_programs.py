"""fairseq and JoeyNMT themselves on the files of test_checkpoints.py, where they can be imported.

JoeyNMT 2.3 needs `pip install --no-deps joeynmt` beside current libraries; fairseq's modules need Python 3.10.
"""

import json
from types import SimpleNamespace

import pytest
import torch
import yaml

from glassformer.interop import import_model
from glassformer.model.transformer import shift_right
from glassformer.special import EOS
from glassformer.translator import Translator
from tests.interop.models import ENGLISH
from tests.interop.test_checkpoints import WORDS, fair, joey


def ours_of(directory, tmp_path):
    import_model(directory, tmp_path / "out")
    return Translator.load(tmp_path / "out")


def their_ids(ours, side, specials):
    """Their id of each of our pieces of a side."""
    pieces = ours.tokenizers[side].pieces
    known = specials | {f"▁{word}": number for number, word in enumerate(WORDS[side], start=4)}
    return [known[piece] for piece in pieces]


@torch.no_grad()
def compared(ours, specials, logits_of):
    """Logits of 200 sentences, each with the greedy translation of ours, which must be the other program's too."""
    source_of, target_of = (their_ids(ours, side, specials) for side in (0, 1))
    banned = [specials[one] for one in ("<pad>", "<unk>", "<s>")]
    translations = ours.translate(ENGLISH[:200], beam=1, max_length=9)
    for source, said in zip(ours.source_ids(ENGLISH[:200]), translations, strict=True):
        written = [ours.target_tokenizer.pieces.index(piece) for piece in said.tokens]
        target = torch.tensor([written])
        mine = ours.model(torch.tensor([source]), shift_right(target, ours.config.decoder_start_id))
        read = shift_right(torch.tensor([[target_of[one] for one in written]]), target_of[ours.config.decoder_start_id])
        theirs = logits_of(torch.tensor([[source_of[one] for one in source]]), read)
        torch.testing.assert_close(mine, theirs[..., target_of], rtol=0, atol=2e-6)
        theirs[..., banned] = -torch.inf
        assert theirs.argmax(-1)[0].tolist() == [target_of[one] for one in written]


def test_joeynmt(tmp_path):
    joeynmt = pytest.importorskip("joeynmt.model", reason="needs pip install --no-deps joeynmt")
    from joeynmt.vocabulary import Vocabulary

    joey(tmp_path / "in")
    ours = ours_of(tmp_path / "in", tmp_path)
    specials = {"<unk>": 0, "<pad>": 1, "<s>": 2, "</s>": 3}
    names = zip(("unk", "pad", "bos", "eos"), specials.items(), strict=True)
    named = {f"{name}_{kind}": value for name, pair in names for kind, value in zip(("token", "id"), pair, strict=True)}
    settings = SimpleNamespace(**named, sep_token=None, sep_id=None, lang_tags=[])
    sides = [Vocabulary(tokens=[*specials, *words], cfg=settings) for words in WORDS]
    config = yaml.safe_load((tmp_path / "in/config.yaml").read_text())["model"]
    for side in ("encoder", "decoder"):
        config[side]["embeddings"]["embedding_dim"] = 32
    config["initializer"] = "xavier_uniform"
    model = joeynmt.build_model(json.loads(json.dumps(config)), *sides).eval()
    model.load_state_dict(torch.load(tmp_path / "in/best.ckpt", weights_only=True)["model_state"], strict=False)

    def logits(source, read):
        masks = (torch.ones(1, 1, one.shape[1], dtype=torch.bool) for one in (source, read))
        source_mask, target_mask = masks
        memory, hidden = model._encode(source, torch.tensor([source.shape[1]]), source_mask)
        return model._decode(
            encoder_output=memory, encoder_hidden=hidden, src_mask=source_mask, trg_input=read, unroll_steps=None,
            trg_mask=target_mask,
        )[0]  # fmt: skip

    compared(ours, specials, logits)
    compared_by_beam(ours, specials, model)


@torch.no_grad()
def compared_by_beam(ours, specials, model):
    """200 translations by beam 4 are JoeyNMT's own; more than a quarter of them it ends itself."""
    from joeynmt.search import beam_search

    source_of, target_of = (their_ids(ours, side, specials) for side in (0, 1))
    translations = ours.translate(ENGLISH[:200], beam=4, max_length=9, length_penalty=0.0)
    for source, said in zip(ours.source_ids(ENGLISH[:200]), translations, strict=True):
        read = torch.tensor([[source_of[one] for one in source]])
        mask = torch.ones(1, 1, read.shape[1], dtype=torch.bool)
        memory, hidden = model._encode(read, torch.tensor([read.shape[1]]), mask)
        (found,), _, _ = beam_search(
            model, 4, memory, hidden, mask, max_output_length=9, alpha=-1, generate_unk=False, min_output_length=0
        )
        written = [target_of[ours.target_tokenizer.pieces.index(piece)] for piece in said.tokens]
        assert found.tolist() == written
    assert sum(said.finished for said in translations) > 50


def test_fairseq(tmp_path):
    try:
        from fairseq.data import Dictionary
        from fairseq.models.transformer import TransformerConfig, TransformerDecoderBase, TransformerEncoderBase
    except Exception as error:  # of Python's dataclasses, above 3.10
        pytest.skip(f"fairseq cannot be imported: {error}")
    fair(tmp_path / "in")
    ours = ours_of(tmp_path / "in", tmp_path)
    checkpoint = torch.load(tmp_path / "in/best.pt", weights_only=False)  # which this test wrote
    checkpoint["args"].decoder_output_dim = checkpoint["args"].decoder_input_dim = 32
    config = TransformerConfig.from_namespace(checkpoint["args"])
    sides = [Dictionary.load(str(tmp_path / f"in/dict.{name}.txt")) for name in ("en", "de")]
    tables = [torch.nn.Embedding(len(side), 32, padding_idx=1) for side in sides]
    model = torch.nn.ModuleDict({
        "encoder": TransformerEncoderBase(config, sides[0], tables[0]),
        "decoder": TransformerDecoderBase(config, sides[1], tables[1]),
    }).eval()  # fmt: skip
    model.load_state_dict(checkpoint["model"], strict=False)
    specials = {"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3}
    assert ours.config.decoder_start_id == EOS

    def logits(source, read):
        memory = model["encoder"](source, src_lengths=torch.tensor([source.shape[1]]))
        return model["decoder"](read, encoder_out=memory)[0]

    compared(ours, specials, logits)
