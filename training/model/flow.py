"""Flow matching on motion tokens: straight paths from noise to data (Lipman et al. 2023, Liu et al. 2023). Pure maths."""

import torch
from torch import Tensor


def interpolate(noise: Tensor, data: Tensor, time: Tensor) -> Tensor:
    """x_t = (1 - t) x_0 + t x_1 with t [N,L], data [N,L,4,K,32]."""
    t = time[:, :, None, None, None]
    return (1 - t) * noise + t * data


NEAREST = 0.05
"""1 - t is taken as no smaller than this: at t = 1 there is nowhere left to go."""


def velocity_towards(clean: Tensor, x: Tensor, time: Tensor) -> Tensor:
    """v = (x_1^ - x_t) / (1 - t), the straight way from x_t to the clean motion that it comes from. `time` broadcasts to x."""
    return (clean - x) / (1 - time).clamp_min(NEAREST)


def loss_weight(time: Tensor) -> Tensor:
    """What an error of x_1^ counts: as an error of the velocity would, but no more than sixteen times."""
    return (1 - time).clamp_min(0.25) ** -2


def sample_time(shape: tuple[int, ...], generator: torch.Generator | None = None) -> Tensor:
    """Logit-normal times (Esser et al. 2024), shifted towards noise where a few-step sampler spends its steps."""
    return torch.sigmoid(torch.randn(shape, generator=generator) - 0.4)


def euler_times(steps: int) -> list[float]:
    """Start times of an Euler sampler with equal steps."""
    return [i / steps for i in range(steps)]
