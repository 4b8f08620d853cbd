"""The motion latent space: 58 motion numbers or a picture of any head -> 12 region tokens, and back to 52 coefficients + pose.

`MotionEmbedder` defines the space from the render's exact numbers; `MotionEncoder` reads the same tokens off pixels, so that real
video can be brought into it. Both are free of identity: the same motion on any head is the same tokens.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.model.layout import MOTION_WIDTH, TOKEN_WIDTH, TOKENS, region_inputs

POSE_SCALE = 3.0  # pose in rad and head heights is brought to about the range of the coefficients


def scale_motion(motion: Tensor) -> Tensor:
    """[..., 58] with its six pose numbers scaled by POSE_SCALE."""
    return torch.cat([motion[..., :52], motion[..., 52:] * POSE_SCALE], dim=-1)


def by_token(x: Tensor, weight: Tensor) -> Tensor:
    """Each token's own matrix: [*,K,I] and [K,I,O] -> [*,K,O]. No einsum: what onnxruntime makes of one with an ellipsis, WebGPU refuses."""
    together = torch.matmul(x.reshape(-1, *x.shape[-2:]).transpose(0, 1), weight)  # [K,*,O]
    return together.transpose(0, 1).reshape(*x.shape[:-1], weight.shape[-1])


class MotionEmbedder(nn.Module):
    """motion [*,58] -> tokens [*,12,32], zero mean and unit variance over the training motion (`mean`, `std` are set after training)."""

    def __init__(self, hidden: int = 64):
        super().__init__()
        mask = torch.zeros(TOKENS, MOTION_WIDTH)
        for row, inputs in zip(mask, region_inputs()):
            row[inputs] = 1.0
        self.register_buffer("mask", mask, persistent=False)
        self.first = nn.Parameter(torch.randn(TOKENS, MOTION_WIDTH, hidden) * 0.5)
        self.bias = nn.Parameter(torch.randn(TOKENS, hidden) * 0.2)
        self.second = nn.Parameter(torch.randn(TOKENS, hidden, TOKEN_WIDTH) / hidden**0.5)
        self.direct = nn.Parameter(torch.randn(TOKENS, MOTION_WIDTH, TOKEN_WIDTH) * 0.6)
        self.register_buffer("mean", torch.zeros(TOKENS, TOKEN_WIDTH))
        self.register_buffer("std", torch.ones(TOKENS, TOKEN_WIDTH))

    def raw(self, motion: Tensor) -> Tensor:
        picked = scale_motion(motion)[..., None, :] * self.mask  # [*,12,58]
        hidden = torch.tanh(by_token(picked, self.first) + self.bias)
        return by_token(hidden, self.second) + by_token(picked, self.direct)

    def forward(self, motion: Tensor) -> Tensor:
        return (self.raw(motion) - self.mean) / self.std

    def standardise(self, motion: Tensor) -> None:
        """Sets mean and std from a sample of motion [S,58]."""
        with torch.no_grad():
            raw = self.raw(motion)
            self.mean.copy_(raw.mean(0))
            self.std.copy_(raw.std(0).clamp_min(0.05))


class BlendshapeHead(nn.Module):
    """tokens [*,12,32] -> 52 coefficients in 0..1 and pose [*,6] (rad, head heights)."""

    def __init__(self, hidden: int = 256):
        super().__init__()
        self.net = nn.Sequential(
            nn.Linear(TOKENS * TOKEN_WIDTH, hidden), nn.GELU(), nn.Linear(hidden, hidden), nn.GELU(), nn.Linear(hidden, MOTION_WIDTH)
        )
        self.direct = nn.Linear(TOKENS * TOKEN_WIDTH, MOTION_WIDTH)

    def raw(self, tokens: Tensor) -> Tensor:
        """Unclamped scaled motion [*,58], for losses."""
        flat = tokens.flatten(-2)
        return self.net(flat) + self.direct(flat)

    def forward(self, tokens: Tensor) -> tuple[Tensor, Tensor]:
        raw = self.raw(tokens)
        return raw[..., :52].clamp(0, 1), raw[..., 52:] / POSE_SCALE


class MotionEncoder(nn.Module):
    """Premultiplied RGBA picture [F,4,S,S] -> tokens [F,12,32]; a picture of another size is brought to 256 pixels first.

    Two looks: the middle of the face at full size, for lips and lids, and the whole picture at a quarter, for the pose of the head.
    """

    FACE = (68, 56, 144)
    """Row, column and side in pixels of 256: where eyes and mouth are in every pose of the camera of training/data/heads."""

    def __init__(self, near: tuple[int, ...] = (24, 48, 96, 128), far: tuple[int, ...] = (16, 32, 64), hidden: int = 512):
        super().__init__()
        self.near, self.far = _halving(near, 48), _halving(far, 32)
        self.out = nn.Sequential(nn.Linear(48 * 9 * 9 + 32 * 8 * 8, hidden), nn.GELU(), nn.Dropout(0.1), nn.Linear(hidden, TOKENS * TOKEN_WIDTH))

    def forward(self, picture: Tensor) -> Tensor:
        if picture.shape[-1] != 256:
            picture = F.interpolate(picture, size=(256, 256), mode="bilinear", align_corners=False)
        row, column, side = self.FACE
        near = self.near(picture[:, :, row : row + side, column : column + side])
        far = self.far(F.avg_pool2d(picture, 4))
        return self.out(torch.cat([near.flatten(1), far.flatten(1)], 1)).reshape(-1, TOKENS, TOKEN_WIDTH)


def _halving(widths: tuple[int, ...], out: int) -> nn.Sequential:
    """Convolutions that halve the picture once a width, and a last one to `out` channels."""
    layers, width = [], 4
    for c in widths:
        layers += [nn.Conv2d(width, c, 3, stride=2, padding=1), nn.GroupNorm(8, c), nn.SiLU(), nn.Conv2d(c, c, 3, padding=1), nn.SiLU()]
        width = c
    return nn.Sequential(*layers, nn.Conv2d(width, out, 1))


def token_noise(tokens: Tensor, amount: float) -> Tensor:
    """What decoders must bear: the generator is not exact."""
    return tokens + amount * torch.randn_like(tokens)


def motion_loss(head: BlendshapeHead, tokens: Tensor, motion: Tensor) -> Tensor:
    """Smooth L1 between the head's motion and the render's."""
    return F.smooth_l1_loss(head.raw(tokens), scale_motion(motion), beta=0.02)
