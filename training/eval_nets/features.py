"""Features of frames and clips and descriptors of faces, from rendered heads: `python -m training.eval_nets.features`.

One trunk reads coefficients, pose and who it is off a 64 x 64 picture. Its 64 features serve FID-like distances; a clip is the mean of its frames' features and
the mean size of their changes (FVD-like); the layer that tells people apart, at length 1, serves CSIM.
"""

import argparse
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.eval_nets.export import export, over_background
from training.eval_nets.trunk import FEATURES, Trunk

SIZE = 64
CLIP_FRAMES = 8
FACE = 32


class Reader(nn.Module):
    """What the trunk is trained by: 58 numbers of motion, and one of `people` heads."""

    def __init__(self, people: int):
        super().__init__()
        self.trunk = Trunk()
        self.motion = nn.Linear(FEATURES, 58)
        self.face = nn.Linear(FEATURES, FACE)
        self.people = nn.Parameter(torch.randn(people, FACE))

    def descriptor(self, features: Tensor) -> Tensor:
        return F.normalize(self.face(F.relu(features)), dim=1)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor]:
        features = self.trunk(pictures)
        return self.motion(F.relu(features)), 12 * self.descriptor(features) @ F.normalize(self.people, dim=1).T


class Faces(nn.Module):
    """[N, 3, 64, 64] -> [N, 32] of length 1."""

    def __init__(self, reader: Reader):
        super().__init__()
        self.reader = reader

    def forward(self, pictures: Tensor) -> Tensor:
        return self.reader.descriptor(self.reader.trunk(pictures))


class Clips(nn.Module):
    """[N, 3, 8, 64, 64] -> [N, 128]: mean features, mean absolute change from frame to frame."""

    def __init__(self, trunk: Trunk):
        super().__init__()
        self.trunk = trunk

    def forward(self, clip: Tensor) -> Tensor:
        frames = clip.transpose(1, 2).reshape(-1, 3, SIZE, SIZE)  # [N * 8, 3, 64, 64]
        features = self.trunk(frames).reshape(-1, CLIP_FRAMES, FEATURES)  # [N, 8, 64]
        return torch.cat([features.mean(1), (features[:, 1:] - features[:, :-1]).abs().mean(1)], 1)


def small(rgba: np.ndarray) -> np.ndarray:
    """[N, 256, 256, 4] -> [N, 3, 64, 64], bilinear without antialiasing as `echo-head eval` resizes: at a quarter that is the mean of the middle 2 x 2 of every 4 x 4."""
    if rgba.shape[1:3] != (4 * SIZE, 4 * SIZE):
        raise ValueError(f"pictures must be {4 * SIZE} x {4 * SIZE}, not {rgba.shape[1:3]}")
    return sum(over_background(rgba[:, y::4, x::4]) for y in (1, 2) for x in (1, 2)) / 4


def read(renders: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures [M, 3, 64, 64] (float16), motion [M, 58], who [M]; the four shipped heads come first in both sets."""
    pictures, motion, who = [], [], []
    for name, step in (("paint", 4), ("motion", 1)):
        rgba = np.load(renders / f"{name}-rgba.npy", mmap_mode="r")
        rows = np.arange(0, len(rgba), step)
        for part in np.array_split(rows, len(rows) // 100):
            pictures.append(small(np.asarray(rgba[part])).astype(np.float16))
        motion.append(np.load(renders / f"{name}-motion.npy")[rows])
        who.append(np.load(renders / f"{name}-head.npy")[rows])
    return np.concatenate(pictures), np.concatenate(motion), np.concatenate(who)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--renders", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--seconds", type=float, default=150, help="of processor time")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    pictures, motion, who = read(arguments.renders)
    held = rng.random(len(who)) < 0.1
    train = np.where(~held)[0]
    net = Reader(int(who.max()) + 1)
    optimiser = torch.optim.AdamW(net.parameters(), 2e-3)
    scale = torch.from_numpy(motion.std(0) + 0.05)
    began, steps = time.process_time(), 0
    while (used := time.process_time() - began) < arguments.seconds:
        for group in optimiser.param_groups:
            group["lr"] = 2e-3 * (1 - used / arguments.seconds) + 2e-5
        rows = rng.choice(train, 48, replace=False)
        x = torch.from_numpy(pictures[rows].astype(np.float32)) * (1 + 0.1 * torch.randn(48, 1, 1, 1))
        guess, logits = net(x)
        loss = (((guess - torch.from_numpy(motion[rows])) / scale) ** 2).mean() + 0.3 * F.cross_entropy(logits, torch.from_numpy(who[rows]))
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        steps += 1
        if steps % 200 == 0:
            print(f"{steps} steps, {used:.0f} s, loss {loss.item():.3f}", flush=True)
    net.eval()
    with torch.no_grad():
        guesses, logits = zip(*[net(torch.from_numpy(part.astype(np.float32))) for part in np.array_split(pictures[held], 20)], strict=True)
    guess, truth = torch.cat(guesses).numpy(), motion[held]
    r = lambda i: float(np.corrcoef(guess[:, i], truth[:, i])[0, 1])  # noqa: E731
    figures = {"steps": steps, "heldOutPictures": int(held.sum()), "rJawOpen": r(17), "rYaw": r(52), "whoIsRight": float((torch.cat(logits).argmax(1).numpy() == who[held]).mean())}
    print(figures, flush=True)
    remark = f"trained {arguments.seconds:.0f} s on one core on {len(train)} renders of {int(who.max()) + 1} parametric heads; held out: {figures}"
    spec = {"licence": "MIT", "remark": remark, "input": {"width": SIZE, "height": SIZE, "range": [-1, 1], "order": "RGB"}}
    picture = torch.from_numpy(pictures[:2].astype(np.float32))
    export(net.trunk, {"pictures": picture}, ["features"], arguments.out / "features", {"name": "echo-eval features 1", **spec})
    export(Faces(net), {"pictures": picture}, ["descriptor"], arguments.out / "faces", {"name": "echo-eval faces 1", **spec})
    clip = torch.from_numpy(pictures[:16].astype(np.float32)).reshape(2, CLIP_FRAMES, 3, SIZE, SIZE).transpose(1, 2).contiguous()
    export(Clips(net.trunk), {"clip": clip}, ["features"], arguments.out / "clips", {"name": "echo-eval clips 1", **spec, "clip": {"frames": CLIP_FRAMES, "stride": CLIP_FRAMES}})


if __name__ == "__main__":
    main()
