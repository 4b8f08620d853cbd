"""Operations of the decoder that are written in one form for PyTorch and in another, with the same results, for the exported graph.

What onnxruntime does slowly on processors was measured by operator (docs/decisions/0016-faster-graphs.md). Its convolutions work on blocks of 16 channels,
so one with 5 results costs as much as one with 16: `two` gives the blocks two columns of the picture to fill.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

STRIP = 2**14
"""Points that are looked up at once: what onnxruntime notes of each (48 bytes) then stays in the cache of a core."""


def look_up(picture: Tensor, flow: Tensor) -> Tensor:
    """What of a square picture [F,C,S,S] the flow [F,2,H,W] points at, beyond the border what is on it: [F,C,H,W].

    Points are moved to the border here: onnxruntime samples with padding by zeros three to six times as fast as with padding by the border.
    """
    edge = 1 - 1 / picture.shape[-1]  # the centre of the last pixel
    points = flow.clamp(-edge, edge).permute(0, 2, 3, 1)
    sample = lambda part: F.grid_sample(picture, part, padding_mode="zeros", align_corners=False)  # noqa: E731
    if not torch.onnx.is_in_onnx_export():
        return sample(points)
    rows = max(1, STRIP // flow.shape[3])
    return torch.cat([sample(points[:, row : row + rows]) for row in range(0, flow.shape[2], rows)], 2)


def shuffle(x: Tensor) -> Tensor:
    """Pixel shuffle by 2: [F,4C,H,W] -> [F,C,2H,2W]. Exported as an order of rows and one of columns, which take a third of DepthToSpace's time."""
    if not torch.onnx.is_in_onnx_export():
        return F.pixel_shuffle(x, 2)
    c, h, w = x.shape[1] // 4, x.shape[2], x.shape[3]
    rows = x.reshape(-1, c, 2, 2, h, w).permute(0, 1, 4, 2, 3, 5)  # [F,C,H,2,2,W]
    return rows.reshape(-1, c, 2 * h, 2, w).transpose(3, 4).reshape(-1, c, 2 * h, 2 * w)


def join(conv: nn.Conv2d, low: Tensor, high: Tensor) -> Tensor:
    """1x1 convolution of `low` [F,A,H,W], doubled by nearest, beside `high` [F,B,2H,2W]. What it makes of `low` is doubled, not `low`."""
    own = low.shape[1]
    small = F.conv2d(low, conv.weight[:, :own])
    return F.interpolate(small, scale_factor=2, mode="nearest") + F.conv2d(high, conv.weight[:, own:], conv.bias)


def fours(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """Convolution, exported with channels [F,I,H,W] in fours, the last of no weight: with others onnxruntime is wrong on WebGPU and does not use its blocks."""
    missing = -conv.in_channels % 4
    if not missing or not torch.onnx.is_in_onnx_export():
        return conv(x)
    weight = torch.cat([conv.weight, torch.zeros(conv.out_channels, missing, *conv.kernel_size)], 1)
    return F.conv2d(torch.cat([x, x[:, :missing]], 1), weight, conv.bias, conv.stride, conv.padding)


def two(first: nn.Conv2d, second: nn.Conv2d, x: Tensor) -> Tensor:
    """Two 3x3 convolutions with few results and a SiLU between them: [F,I,H,W] -> [F,O,H,W]. Exported with two columns at a time."""
    if not torch.onnx.is_in_onnx_export():
        return second(F.silu(first(x)))
    return _apart(_pairs(second, F.silu(_to_pairs(first, x))))


def _to_pairs(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """The results of two neighbouring columns as channels, column first: [F,I,H,W] -> [F,2*O,H,W/2]."""
    weight = torch.cat([_beside(conv.weight, 0, 1), _beside(conv.weight, 1, 0)])  # [2*O,I,3,4]
    return F.conv2d(x, weight, conv.bias.repeat(2), stride=(1, 2), padding=1)


def _pairs(conv: nn.Conv2d, x: Tensor) -> Tensor:
    """From two columns as channels to two columns as channels: [F,2*I,H,W/2] -> [F,2*O,H,W/2]."""
    weight = torch.cat([_beside(conv.weight, 1, 2), _beside(conv.weight, 2, 1)])  # [2*O,I,3,6], on the columns -2 .. 3 around a pair
    o, i = weight.shape[:2]
    weight = weight.reshape(o, i, 3, 3, 2).permute(0, 4, 1, 2, 3).reshape(o, 2 * i, 3, 3)
    return F.conv2d(x, weight, conv.bias.repeat(2), padding=1)


def _beside(weight: Tensor, left: int, right: int) -> Tensor:
    """Columns of zeros beside those of a kernel."""
    zeros = lambda columns: torch.zeros(*weight.shape[:3], columns)  # noqa: E731
    return torch.cat([zeros(left), weight, zeros(right)], 3)


def _apart(x: Tensor) -> Tensor:
    """Columns back to their places: [F,2*C,H,W] -> [F,C,H,2*W]."""
    c, h, w = x.shape[1] // 2, x.shape[2], x.shape[3]
    return x.reshape(-1, 2, c, h, w).permute(0, 2, 3, 4, 1).reshape(-1, c, h, 2 * w)
