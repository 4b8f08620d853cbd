"""What hardly moves stays where it is: x_1^ follows its past by how far it would go.

A block is sampled from its own noise, and what few steps leave of that is as large from one block to the next as a slow turn of the head is
from frame to frame: heads shiver. So each token follows the frame before by the share d^2 / (d^2 + REST^2) of the distance d between them,
as the one-euro filter (Casiez et al. 2012) smooths what is slow and lets pass what is quick: a blink passes, trembling does not, and a
slow turn is followed some hundredths of a second late. Lips are free while somebody speaks.
"""

import torch
from torch import Tensor, nn

REST = 0.35
"""Distance that a token follows by half, in spreads of the motion space (root mean square over its numbers)."""


class Stillness(nn.Module):
    """x_1^ [M,4,K,32], the last frame before it [M,K,32] and whether there is one [M,1] -> x_1^ that trembles less. Nothing here is trained."""

    def forward(self, clean: Tensor, last: Tensor, known: Tensor, free: Tensor) -> Tensor:
        """`free` [M,4,K,1]: 1 where a token follows at once."""
        frames, before, held = [], last, known[:, :, None]
        for now, loose in zip(clean.unbind(1), free.unbind(1)):
            step = now - before
            size = (step**2).mean(-1, keepdim=True)
            rest = REST**2 * held * (1 - loose)
            before = before + step * (size + 1e-6) / (size + rest + 1e-6)
            frames.append(before)
            held = torch.ones_like(held)
        return torch.stack(frames, 1)
