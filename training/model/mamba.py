"""Selective state space layer with its state in and out (Gu & Dao 2023, Mamba; used by Eq. 5 and Eq. 7 of ECHO)."""

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F


class MambaLayer(nn.Module):
    """x [N,T,D] -> y [N,T,D]; `conv` [N,D,taps-1] and `ssm` [N,D,S] carry everything that came before."""

    def __init__(self, width: int, state: int = 8, taps: int = 4):
        super().__init__()
        self.rank = max(4, width // 16)
        self.state = state
        self.taps = taps
        self.in_proj = nn.Linear(width, 2 * width, bias=False)
        self.conv_weight = nn.Parameter(torch.randn(width, taps) / math.sqrt(taps))
        self.conv_bias = nn.Parameter(torch.zeros(width))
        self.x_proj = nn.Linear(width, self.rank + 2 * state, bias=False)
        self.dt_proj = nn.Linear(self.rank, width)
        self.log_a = nn.Parameter(torch.arange(1, state + 1).float().log().repeat(width, 1))  # A = -exp(log_a) < 0
        self.skip = nn.Parameter(torch.ones(width))
        self.out_proj = nn.Linear(width, width, bias=False)
        # Step sizes spread over 0.005 .. 0.2 frames^-1: memories of about 5 to 200 frames at birth.
        dt = torch.exp(torch.linspace(math.log(0.005), math.log(0.2), width))
        with torch.no_grad():
            self.dt_proj.bias.copy_(dt + torch.log(-torch.expm1(-dt)))  # softplus^-1

    def forward(self, x: Tensor, conv: Tensor, ssm: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        u, gate = self.in_proj(x).chunk(2, dim=-1)  # [N,T,D] each
        padded = torch.cat([conv, u.transpose(1, 2)], dim=2)  # [N,D,taps-1+T]
        frames = x.shape[1]
        u = sum(padded[:, :, k : k + frames] * self.conv_weight[:, k, None] for k in range(self.taps))
        u = F.silu(u + self.conv_bias[:, None]).transpose(1, 2)  # [N,T,D]
        dt, b, c = self.x_proj(u).split([self.rank, self.state, self.state], dim=-1)
        dt = F.softplus(self.dt_proj(dt))  # [N,T,D]
        decay = torch.exp(dt[..., None] * -torch.exp(self.log_a))  # [N,T,D,S]
        drive = (dt * u)[..., None] * b[:, :, None, :]  # [N,T,D,S]
        outputs = []
        for t in range(frames):  # h_t = exp(dt A) h_(t-1) + dt B u
            ssm = decay[:, t] * ssm + drive[:, t]
            outputs.append((ssm * c[:, t, None, :]).sum(-1))
        y = torch.stack(outputs, dim=1) + u * self.skip
        return self.out_proj(y * F.silu(gate)), padded[:, :, frames:], ssm
