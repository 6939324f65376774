"""JoeyNMT's model, loss, optimizer and training step."""

import logging
from importlib.metadata import version
from types import SimpleNamespace

import torch
from joeynmt.batch import Batch
from joeynmt.builders import build_optimizer
from joeynmt.model import build_model
from joeynmt.transformer_layers import MultiHeadedAttention, PositionwiseFeedForward
from joeynmt.vocabulary import Vocabulary
from torch import Tensor, nn

from engines.job import BOS, EOS, PAD, UNK
from engines.torch_engine import TorchEngine

# JoeyNMT wants <unk> before <pad>. No text here has an unknown, so only padding changes its id.
JOEY_UNK, JOEY_PAD = PAD, UNK


class JoeyNMT(TorchEngine):
    version = f"JoeyNMT {version('joeynmt')}, torch {torch.__version__}"

    def make_model(self) -> nn.Module:
        c = self.job.config
        side = {
            "type": "transformer",
            "hidden_size": c["d_model"],
            "ff_size": c["d_ff"],
            "num_heads": c["num_heads"],
            "dropout": c["dropout"],
            "layer_norm": "post",
            "embeddings": {"embedding_dim": c["d_model"], "scale": True, "dropout": c["dropout"]},
        }
        config = {
            "encoder": side | {"num_layers": c["encoder_layers"]},
            "decoder": side | {"num_layers": c["decoder_layers"]},
            "tied_embeddings": True,
            "tied_softmax": True,
            "embed_initializer": "normal",
            "embed_init_weight": c["d_model"] ** -0.5,
        }
        logging.disable(logging.INFO)
        vocabulary = self._vocabulary(c["vocab_size"])
        model = build_model(config, vocabulary, vocabulary)
        model.loss_function = ("crossentropy", c["label_smoothing"])
        for module in model.modules():  # it drops out more than the others do; here it need not
            if isinstance(module, MultiHeadedAttention):
                module.dropout.p = 0.0
            elif isinstance(module, PositionwiseFeedForward):
                module.pwff_layer[2].p = 0.0
        return model

    def _vocabulary(self, size: int) -> Vocabulary:
        names = {"unk": JOEY_UNK, "pad": JOEY_PAD, "bos": BOS, "eos": EOS}
        special = {f"{name}_token": f"<{name}>" for name in names} | {f"{name}_id": i for name, i in names.items()}
        words = [str(i) for i in range(len(names), size)]
        return Vocabulary(words, SimpleNamespace(**special, sep_token=None, lang_tags=[]))

    def make_optimizer(self) -> torch.optim.Optimizer:
        return build_optimizer({"optimizer": "adam", "adam_betas": self.job.betas}, self.model.parameters())

    def loss(self, source_BS: Tensor, target_BT: Tensor) -> Tensor:
        """As in its TrainManager._train_step."""
        source_BS, target_BT = (ids.where(ids != PAD, JOEY_PAD) for ids in (source_BS, target_BT))
        batch = Batch(
            src=source_BS,
            src_length=(source_BS != JOEY_PAD).sum(1),
            src_prompt_mask=None,
            trg=nn.functional.pad(target_BT, (1, 0), value=BOS),
            trg_prompt_mask=None,
            indices=torch.arange(len(source_BS)),
            device=torch.device("cpu"),
            pad_index=JOEY_PAD,
            eos_index=EOS,
        )
        batch.sort_by_src_length()
        loss, *_ = self.model(return_type="loss", **vars(batch))
        return batch.normalize(loss, normalization="tokens")
