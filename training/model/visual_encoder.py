"""The user's tracked face -> masked face tokens (ECHO Eq. 7)."""

import torch
from torch import Tensor, nn

from training.model.config import Behaviour
from training.model.layout import MOTION_WIDTH, REGIONS, region_inputs

# A 6 x 3 grid over the picture; each region falls into the cell of its place. M_face: cells without a region of the face are dropped.
GRID_ROWS, GRID_COLUMNS = 6, 3


def face_cells() -> list[list[int]]:
    """Motion numbers of each occupied cell, row by row."""
    cells: dict[tuple[int, int], set[int]] = {}
    for region, inputs in zip(REGIONS, region_inputs()):
        if region.role == "off":
            continue
        x, y = region.place
        column = 0 if x < 0.45 else 2 if x > 0.55 else 1
        cells.setdefault((min(int(y * GRID_ROWS), GRID_ROWS - 1), column), set()).update(inputs)
    return [sorted(cells[key]) for key in sorted(cells)]


class VisualEncoder(nn.Module):
    """face [N,T,58], presence [N,T,1] -> tokens [N,T,V,D]. Cells off the face do not exist; an absent face is one learned token everywhere."""

    def __init__(self, sizes: Behaviour):
        super().__init__()
        cells = face_cells()
        self.count = sizes.visual_tokens
        mask = torch.zeros(self.count, MOTION_WIDTH)
        for i, inputs in enumerate(cells):
            mask[min(i, self.count - 1), inputs] = 1.0  # cells beyond the last token share it
        self.register_buffer("mask", mask, persistent=False)
        self.weight = nn.Parameter(torch.randn(self.count, sizes.width, MOTION_WIDTH) * 0.2)
        self.place = nn.Parameter(torch.randn(self.count, sizes.width) * 0.1)
        self.absent = nn.Parameter(torch.randn(self.count, sizes.width) * 0.1)
        self.mix = nn.Sequential(nn.LayerNorm(sizes.width), nn.Linear(sizes.width, sizes.width), nn.GELU(), nn.Linear(sizes.width, sizes.width))

    def forward(self, face: Tensor, presence: Tensor) -> Tensor:
        n, frames, _ = face.shape
        picked = face[:, :, None, :] * self.mask  # Mask(V, M_face), [N,T,V,58]
        tokens = torch.matmul(picked.reshape(n * frames, self.count, 1, MOTION_WIDTH), self.weight.transpose(1, 2)).squeeze(2)
        tokens = tokens.reshape(n, frames, self.count, -1) + self.place
        seen = presence[:, :, None]  # [N,T,1,1]
        tokens = seen * tokens + (1 - seen) * self.absent
        return tokens + self.mix(tokens)
