"""Multi-head attention over explicit queries and keys, with optional low-rank adapters (Hu et al. 2021, LoRA)."""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

LONG = 512  # keys from which the fused kernel is worth its memory


class LoraLinear(nn.Linear):
    """A linear layer that can grow a low-rank update: W + B A * (alpha / r). `merge()` folds it in."""

    def add_lora(self, rank: int, alpha: float | None = None) -> list[nn.Parameter]:
        self.lora_scale = (alpha or rank) / rank
        self.lora_a = nn.Parameter(torch.randn(rank, self.in_features) / self.in_features**0.5)
        self.lora_b = nn.Parameter(torch.zeros(self.out_features, rank))
        return [self.lora_a, self.lora_b]

    def forward(self, x: Tensor) -> Tensor:
        y = F.linear(x, self.weight, self.bias)
        if hasattr(self, "lora_a"):
            y = y + F.linear(F.linear(x, self.lora_a), self.lora_b) * self.lora_scale
        return y

    def merge(self) -> None:
        if hasattr(self, "lora_a"):
            with torch.no_grad():
                self.weight += self.lora_b @ self.lora_a * self.lora_scale
            del self.lora_a, self.lora_b


class CrossAttention(nn.Module):
    """softmax(Q K^T) V with queries [*,Q,W] and context [*,K,C] of another width."""

    def __init__(self, width: int, context: int, heads: int, slots: int = 0):
        super().__init__()
        self.heads = heads
        self.q = LoraLinear(width, width)
        self.k = LoraLinear(context, width)
        self.v = LoraLinear(context, width)
        self.out = LoraLinear(width, width)
        self.slot = nn.Parameter(torch.randn(slots, context) * 0.02) if slots else None  # which place of the context a key is

    def forward(self, h: Tensor, context: Tensor, mask: Tensor | None = None) -> Tensor:
        if self.slot is not None:
            context = context + self.slot
        return self.out(attend(self.q(h), self.k(context), self.v(context), self.heads, mask))


def attend(q: Tensor, k: Tensor, v: Tensor, heads: int, mask: Tensor | None = None) -> Tensor:
    """q [N,Q,W], k and v [N,K,W] -> [N,Q,W]. `mask` is added to the scores, broadcast to [N,heads,Q,K]."""
    n, queries, width = q.shape
    dim = width // heads
    q = q.reshape(n, queries, heads, dim).transpose(1, 2)
    k = k.reshape(n, -1, heads, dim).transpose(1, 2)
    v = v.reshape(n, -1, heads, dim).transpose(1, 2)
    if torch.onnx.is_in_onnx_export() or k.shape[2] <= LONG:  # PyTorch's fused kernel is slower here on CPUs, backward above all
        scores = torch.matmul(q * dim**-0.5, k.transpose(2, 3))
        if mask is not None:
            scores = scores + mask.to(scores.dtype)
        out = torch.matmul(torch.softmax(scores, dim=-1), v)
    else:
        out = F.scaled_dot_product_attention(q, k, v, attn_mask=None if mask is None else mask.to(q.dtype))
    return out.transpose(1, 2).reshape(n, queries, width)


class FeedForward(nn.Sequential):
    """Linear, GELU, Linear."""

    def __init__(self, width: int, factor: int = 4):
        super().__init__(nn.Linear(width, factor * width), nn.GELU(approximate="tanh"), nn.Linear(factor * width, width))
