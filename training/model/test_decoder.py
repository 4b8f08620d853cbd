"""The decoder paints a window as it paints the whole, at any size; alpha and bytes."""

import pytest
import torch

from training.model.config import Painter
from training.model.decoder import Decoder, ReferenceEncoder, premultiply, straight_words
from training.stages.graphs import rgba_bytes


@pytest.mark.parametrize("size", [128, 256])
def test_a_window_equals_the_same_crop_of_the_whole(size: int) -> None:
    torch.manual_seed(8)
    painter = Painter(size=size, channels=(8, 12, 16, 24), half=8, full=8, splat=4, feature=4, canvas=4)
    decoder, eyes = Decoder(painter).eval().requires_grad_(False), ReferenceEncoder(painter).requires_grad_(False)
    torch.nn.init.normal_(decoder.flow_fix.weight, std=0.1)
    places, reference = torch.rand(1, 2, 96, 2) * 1.2 - 0.6, torch.rand(1, 8, size, size)
    decoder.settle(places[:, 0])
    given = (torch.randn(2, 12, 32), reference, places, *eyes(reference[:, :4]))
    whole, points = decoder(*given)
    assert whole.shape == (2, 4, size, size) and points.shape == (2, 96, 2)
    row, column, side = painter.grid // 4, painter.grid // 8, painter.grid // 2
    part, _ = decoder(*given, (row, column, side))
    assert part.shape == (2, 4, 4 * side, 4 * side)
    crop = whole[:, :, 4 * row : 4 * (row + side), 4 * column : 4 * (column + side)]
    inner = slice(12, 4 * side - 12)  # convolutions and the flow's interpolation reach over the border
    assert float((part - crop)[:, :, inner, inner].abs().max()) < 1e-4
    assert float(crop[:, :, inner, inner].std()) > 0.01


def test_bytes_survive_premultiplication() -> None:
    rgba = torch.randint(0, 256, (1, 16, 16, 4), dtype=torch.uint8)
    rgba[0, 0, 0], rgba[0, 0, 1] = torch.tensor([255, 255, 255, 255]), torch.tensor([255, 254, 0, 128])  # the ends of both halves of int32
    rgba[..., 3] = torch.where(rgba[..., 3] < 128, 0, rgba[..., 3])
    back = torch.from_numpy(rgba_bytes(straight_words(premultiply(rgba)).numpy()))
    assert torch.equal(back[..., 3], rgba[..., 3])
    seen = rgba[..., 3] > 0
    assert int((back.int() - rgba.int())[seen].abs().max()) <= 1
    assert int(back[~seen].max()) == 0  # colour under alpha 0 is black


def test_the_close_up_changes_its_window_alone_and_fades_in() -> None:
    torch.manual_seed(9)
    painter = Painter(channels=(8, 12, 16, 24), half=8, full=8, splat=4, feature=4, canvas=4, close=8, close_splat=4)
    decoder, eyes = Decoder(painter).eval().requires_grad_(False), ReferenceEncoder(painter).requires_grad_(False)
    places, reference = torch.rand(1, 2, 96, 2) * 1.2 - 0.6, torch.rand(1, 8, 256, 256)
    given = (torch.randn(2, 12, 32), reference, places, *eyes(reference[:, :4]))
    torch.nn.init.constant_(decoder.close.full2.bias[5], -100.0)  # nothing of the opened reference
    before, _ = decoder(*given)
    torch.nn.init.constant_(decoder.close.full2.bias[5], 0.0)
    torch.nn.init.normal_(decoder.close.full2.weight, std=0.3)
    after, _ = decoder(*given)
    changed = (after - before).abs().mean((0, 1))
    row, column, side = (4 * v for v in decoder.close.WINDOW)
    inside = torch.zeros(256, 256, dtype=torch.bool)
    inside[row : row + side, column : column + side] = True
    assert float(changed[~inside].max()) == 0
    assert float(changed[inside].mean()) > 1e-3
    border = float(changed[row, column : column + side].mean())
    assert border < 0.1 * float(changed[inside].mean())
