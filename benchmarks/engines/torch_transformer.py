"""`torch.nn.Transformer` between one tied embedding table and sinusoidal positions, as the textbook has it."""

import math
from contextlib import nullcontext

import torch
from torch import Tensor, nn
from torch.nn.attention import SDPBackend, sdpa_kernel

from engines.job import BOS, PAD
from engines.torch_engine import TorchEngine, shift_right


class Model(nn.Module):
    """No final norms, and no dropout but on sublayers' outputs and embeddings: the same work as the others'."""

    def __init__(self, vocabulary: int, d_model: int, heads: int, layers: tuple[int, int], d_ff: int, p: float) -> None:
        super().__init__()
        self.table = nn.Embedding(vocabulary, d_model)
        nn.init.normal_(self.table.weight, std=d_model**-0.5)
        self.scale = math.sqrt(d_model)
        self.dropout = nn.Dropout(p)
        self.stacks = nn.Transformer(d_model, heads, *layers, d_ff, p, batch_first=True)
        self.stacks.encoder.norm = self.stacks.decoder.norm = None
        for module in self.stacks.modules():
            if isinstance(module, nn.MultiheadAttention):
                module.dropout = 0.0
            elif isinstance(module, nn.TransformerEncoderLayer | nn.TransformerDecoderLayer):
                module.dropout = nn.Dropout(0.0)
        angles = torch.arange(512)[:, None] / 10000 ** (torch.arange(0, d_model, 2) / d_model)
        self.positions: Tensor
        self.register_buffer("positions", torch.stack((angles.sin(), angles.cos()), -1).flatten(1), persistent=False)

    def embed(self, ids_BT: Tensor) -> Tensor:
        return self.dropout(self.table(ids_BT) * self.scale + self.positions[: ids_BT.shape[1]])

    def forward(self, source_BS: Tensor, input_BT: Tensor) -> Tensor:
        padding_BS, length = source_BS == PAD, input_BT.shape[1]
        future_TT = torch.ones(length, length, dtype=torch.bool, device=input_BT.device).triu(1)
        hidden_BTD = self.stacks(
            self.embed(source_BS),
            self.embed(input_BT),
            tgt_mask=future_TT,
            src_key_padding_mask=padding_BS,
            memory_key_padding_mask=padding_BS,
            tgt_is_causal=True,
        )
        return nn.functional.linear(hidden_BTD, self.table.weight)


class TorchTransformer(TorchEngine):
    version = f"torch.nn.Transformer, torch {torch.__version__}"

    def make_model(self) -> nn.Module:
        c = self.job.config
        layers = c["encoder_layers"], c["decoder_layers"]
        return Model(c["vocab_size"], c["d_model"], c["num_heads"], layers, c["d_ff"], c["dropout"])

    def loss(self, source_BS: Tensor, target_BT: Tensor) -> Tensor:
        # On the CPU torch's fused attention is slow in bfloat16: 1.5 times the step. In float32 it makes no difference.
        slow = self.precision == "bfloat16" and self.device.type == "cpu"
        with sdpa_kernel(SDPBackend.MATH) if slow else nullcontext():
            logits_BTV = self.model(source_BS, shift_right(target_BT, BOS))
        return self.cross_entropy(logits_BTV, target_BT)
