"""The small convolutional trunk that the measuring networks share."""

from torch import Tensor, nn
from torch.nn import functional as F

FEATURES = 64


def conv(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


class Residual(nn.Module):
    """x + two convolutions of x."""

    def __init__(self, width: int):
        super().__init__()
        self.first = conv(width, width, 1)
        self.second = nn.Sequential(nn.Conv2d(width, width, 3, 1, 1, bias=False), nn.BatchNorm2d(width))

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(self.first(x)))


class Trunk(nn.Module):
    """Pictures [N, C, size, size] in -1..1 -> features [N, 64] of mean 0 and variance 1 over what it was trained on; size a multiple of 16.

    Places are kept to the end (no pooling): whether a mouth is open is a matter of two or three pixels.
    """

    def __init__(self, channels: int, size: int, width: int = 24):
        super().__init__()
        self.layers = nn.Sequential(
            conv(channels, width, 2),  # [N, 24, size / 2, ..]
            conv(width, 2 * width, 2), Residual(2 * width),  # [N, 48, size / 4, ..]
            conv(2 * width, 3 * width, 2), Residual(3 * width),  # [N, 72, size / 8, ..]
            conv(3 * width, 4 * width, 2),  # [N, 96, size / 16, ..]
        )  # fmt: skip
        self.out = nn.Sequential(nn.Linear(4 * width * (size // 16) ** 2, FEATURES), nn.BatchNorm1d(FEATURES, affine=False))

    def forward(self, pictures: Tensor) -> Tensor:
        return self.out(self.layers(pictures).flatten(1))  # [N, 64]
