"""What is written twice gives the same: PyTorch's form beside the exported one."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.model.exported import fours, join, look_up, shuffle, two


def both(monkeypatch: pytest.MonkeyPatch, make: Callable[[], Tensor]) -> tuple[Tensor, Tensor]:
    """What `make` gives in PyTorch's form and in the exported one."""
    plain = make()
    monkeypatch.setattr(torch.onnx, "is_in_onnx_export", lambda: True)
    return plain, make()


def test_a_shuffle_of_rows_and_columns_is_a_pixel_shuffle(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, exported = both(monkeypatch, lambda: shuffle(torch.arange(2 * 12 * 5 * 7).reshape(2, 12, 5, 7)))
    assert torch.equal(plain, exported)


def test_two_columns_at_a_time_are_the_same_convolutions(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(1)
    first, second, x = nn.Conv2d(5, 6, 3, padding=1), nn.Conv2d(6, 3, 3, padding=1), torch.randn(2, 5, 9, 16)
    plain, exported = both(monkeypatch, lambda: two(first, second, x))
    assert plain.shape == exported.shape and torch.allclose(plain, exported, atol=1e-5)


@pytest.mark.parametrize("channels", [5, 8])
def test_channels_in_fours_are_the_same_convolution(monkeypatch: pytest.MonkeyPatch, channels: int) -> None:
    torch.manual_seed(4)
    conv, x = nn.Conv2d(channels, 6, 3, stride=2, padding=1), torch.randn(2, channels, 9, 16)
    plain, exported = both(monkeypatch, lambda: fours(conv, x))
    assert torch.allclose(plain, exported, atol=1e-5)


def test_a_join_doubles_after_its_convolution() -> None:
    torch.manual_seed(2)
    conv, low, high = nn.Conv2d(7, 4, 1), torch.randn(2, 3, 5, 6), torch.randn(2, 4, 10, 12)
    before = conv(torch.cat([F.interpolate(low, scale_factor=2, mode="nearest"), high], 1))
    assert torch.allclose(join(conv, low, high), before, atol=1e-5)


def test_a_look_beyond_the_border_sees_the_border(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(3)
    picture, flow = torch.rand(2, 3, 64, 64), torch.randn(2, 2, 256, 128)
    expected = F.grid_sample(picture, flow.permute(0, 2, 3, 1), padding_mode="border", align_corners=False)
    for found in both(monkeypatch, lambda: look_up(picture, flow)):
        assert torch.allclose(found, expected, atol=1e-5)
