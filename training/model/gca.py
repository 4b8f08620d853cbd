"""Gated cross-attention fusion of perception and understanding (ECHO Eq. 9)."""

import torch
from torch import Tensor, nn

from training.model.attention import CrossAttention, FeedForward
from training.model.config import Behaviour


class GatedFusion(nn.Module):
    """f_m = CrossAttn(P, align(S)) tanh(alpha) + P;  f_pu = FFN(f_m) tanh(beta) + f_m."""

    def __init__(self, sizes: Behaviour, heads: int = 4):
        super().__init__()
        d = sizes.width
        self.align = nn.Sequential(nn.Linear(d, d), nn.GELU(), nn.Linear(d, d))  # f_align
        self.cross = CrossAttention(d, d, heads)
        self.feed = FeedForward(d, 2)
        self.alpha = nn.Parameter(torch.tensor(0.5))
        self.beta = nn.Parameter(torch.tensor(0.5))

    def forward(self, perception: Tensor, understanding: Tensor, hbcu: Tensor) -> Tensor:
        fused = self.cross(perception, self.align(understanding))
        f_m = fused * torch.tanh(self.alpha) * hbcu[:, :, None] + perception
        return self.feed(f_m) * torch.tanh(self.beta) + f_m
