"""The small convolutional trunk that the measuring networks share."""

from torch import Tensor, nn

FEATURES = 64


def conv(inputs: int, outputs: int, stride: int) -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(inputs, outputs, 3, stride, 1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())


class Trunk(nn.Module):
    """Pictures [N, C, size, size] in -1..1 -> features [N, 64]; size 32 or 64."""

    def __init__(self, channels: int = 3, width: int = 24, size: int = 64):
        super().__init__()
        self.layers = nn.Sequential(
            conv(channels, width, 2), conv(width, width * 2, 2), conv(width * 2, width * 3, 2), conv(width * 3, width * 4, 2)
        )  # fmt: skip
        self.out = nn.Linear(width * 4 * 4, FEATURES)
        self.pool = nn.AvgPool2d(size // 32)

    def forward(self, pictures: Tensor) -> Tensor:
        seen = self.pool(self.layers(pictures))  # [N, 96, 2, 2]
        return self.out(seen.flatten(1))  # [N, 64]
