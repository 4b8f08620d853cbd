"""What trembles comes to rest, what moves is followed, and lips that speak are free."""

import torch

from training.model.stillness import Stillness


def follow(motion: torch.Tensor, free: float = 0.0) -> torch.Tensor:
    """Motion [T] of one token through blocks of four frames, each after the other."""
    still, made = Stillness(), []
    last, known = torch.zeros(1, 1, 32), torch.zeros(1, 1)
    for block in motion[:, None, None].expand(-1, 1, 32).reshape(1, -1, 4, 1, 32).unbind(1):
        out = still(block, last, known, torch.full((1, 4, 1, 1), free))
        last, known = out[:, -1], torch.ones(1, 1)
        made.append(out[0, :, 0, 0])
    return torch.cat(made)


def test_trembling_comes_to_rest() -> None:
    torch.manual_seed(1)
    shaking = 2 + 0.1 * torch.randn(80)
    made = follow(shaking)
    assert float((made[0] - shaking[0]).abs()) < 1e-5  # there is nothing before the first frame
    assert float(made.diff().abs().mean()) < 0.2 * float(shaking.diff().abs().mean())
    assert float((made - 2).abs().max()) < 0.4


def test_a_blink_passes() -> None:
    blink = torch.zeros(12)
    blink[5:7] = 2.5
    assert float((follow(blink) - blink).abs().max()) < 0.1


def test_a_slow_turn_is_followed_a_little_late() -> None:
    turn = torch.cat([torch.zeros(8), torch.arange(1, 33) * 0.05, torch.full((24,), 1.6)])
    made = follow(turn)
    assert float((turn - made).max()) < 0.3
    assert bool((made.diff() > -1e-6).all())
    assert float((turn - made)[-1]) < 0.15


def test_lips_that_speak_are_free() -> None:
    motion = 0.1 * torch.randn(16)
    assert torch.allclose(follow(motion, 1.0), motion, atol=1e-6)
