"""High-level behaviour understanding, the small built-in Phi (ECHO Eq. 8): minutes of history at about 1 Hz -> S_usr."""

import torch
from torch import Tensor, nn

from training.model.attention import CrossAttention, FeedForward
from training.model.config import Behaviour
from training.model.layout import MOTION_WIDTH


def history_width(sizes: Behaviour) -> int:
    """[face 58 | presence 1 | audio features D]: 187 at D = 128."""
    return MOTION_WIDTH + 1 + sizes.width


class PhiNano(nn.Module):
    """history [N,H,187], mask [N,H] (1 = filled) -> understanding [N,S,D]. An empty history gives the learned queries alone.

    Coefficients that rest most of the time differ by hundredths from one minute to the next: `standardise` brings them to unit variance.
    """

    def __init__(self, sizes: Behaviour, heads: int = 4):
        super().__init__()
        d = sizes.width
        self.register_buffer("mean", torch.zeros(history_width(sizes)))
        self.register_buffer("std", torch.ones(history_width(sizes)))
        self.inputs = nn.Linear(history_width(sizes), d)
        self.age = nn.Parameter(torch.randn(sizes.history_entries, d) * 0.02)
        self.norm1, self.norm2, self.norm3 = nn.LayerNorm(d), nn.LayerNorm(d), nn.LayerNorm(d)
        self.self_attention = CrossAttention(d, d, heads)
        self.feed1 = FeedForward(d, 2)
        self.queries = nn.Parameter(torch.randn(sizes.understanding_tokens, d) * 0.5)
        self.read = CrossAttention(d, d, heads)
        self.feed2 = FeedForward(d, 2)
        self.out_norm = nn.LayerNorm(d)

    def standardise(self, entries: Tensor) -> None:
        """Sets mean and spread from many history entries [E,187]."""
        self.mean.copy_(entries.mean(0))
        self.std.copy_(entries.std(0).clamp_min(0.01))

    def forward(self, history: Tensor, mask: Tensor) -> Tensor:
        blocked = ((1 - mask) * -1e4)[:, None, None, :]  # [N,1,1,H]
        h = self.inputs((history - self.mean) / self.std) + self.age
        normed = self.norm1(h)
        h = h + self.self_attention(normed, normed, blocked)
        h = h + self.feed1(self.norm2(h))
        filled = mask.amax(dim=1)[:, None, None]  # 0 while nothing has been seen
        s = self.queries + self.read(self.queries.expand(history.shape[0], -1, -1), self.norm3(h), blocked) * filled
        return self.out_norm(s + self.feed2(s))  # S_usr
