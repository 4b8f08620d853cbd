"""Straight paths: the exact velocity carries noise to data, in any number of Euler steps."""

import pytest
import torch

from training.model.flow import euler_times, interpolate, sample_time, velocity_towards


@pytest.mark.parametrize("steps", [1, 2, 7])
def test_euler_towards_the_data_reaches_the_data(steps: int) -> None:
    noise, data = torch.randn(2, 1, 3, 4, 12, 32)
    x, times = noise, euler_times(steps)
    assert times[0] == 0 and len(times) == steps
    for t, following in zip(times, [*times[1:], 1.0]):
        assert torch.allclose(x, interpolate(noise, data, torch.full((1, 3), t)), atol=1e-5)
        x = x + (following - t) * velocity_towards(data, x, torch.tensor(t))
    assert torch.allclose(x, data, atol=1e-5)


def test_times_lie_inside_and_lean_towards_noise() -> None:
    times = sample_time((1000, 4), torch.Generator().manual_seed(1))
    assert 0 < float(times.min()) and float(times.max()) < 1 and 0.35 < float(times.mean()) < 0.47
