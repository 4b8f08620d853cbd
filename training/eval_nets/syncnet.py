"""A small SyncNet (Chung & Zisserman 2016) on rendered heads: `python -m training.eval_nets.syncnet`.

Five frames of a mouth and 20 columns of MFCC become two descriptors of length 1, near where they belong together. Trained by InfoNCE against other moments of the
same take and other takes.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.eval_nets.export import export
from training.eval_nets.features import area_under_roc
from training.eval_nets.film import CROP, SIZE, Take, film
from training.eval_nets.train_net import train_net
from training.eval_nets.trunk import FEATURES, Trunk

FRAMES, COLUMNS, COEFFICIENTS = 5, 20, 13
TAKES, WINDOWS = 8, 12
"""Of a batch: takes, and windows of each."""
LARGEST_SCALE = 30.0
FAR = 4
"""Frames from which on a shifted pair counts as out of sync in the area under ROC."""


class SyncNet(nn.Module):
    """pictures [N, 3, 5, 48, 48] in -1..1, mfcc [N, 1, 13, 20] -> two descriptors [N, 64] of length 1."""

    def __init__(self):
        super().__init__()
        self.video = Trunk(channels=3 * FRAMES, size=SIZE)
        self.normal = nn.BatchNorm1d(COEFFICIENTS)  # c0 is a logarithm of energy, the others are many times smaller
        widths = ((COEFFICIENTS, 96, 1), (96, 128, 1), (128, 160, 2), (160, 160, 2))
        self.audio = nn.Sequential(*(nn.Sequential(nn.Conv1d(a, b, 3, s, 1, bias=False), nn.BatchNorm1d(b), nn.ReLU()) for a, b, s in widths))
        self.out = nn.Sequential(nn.Linear(160 * COLUMNS // 4, FEATURES), nn.BatchNorm1d(FEATURES, affine=False))
        self.scale = nn.Parameter(torch.tensor(10.0).log())  # of the cosines, in training only

    def forward(self, pictures: Tensor, sound: Tensor) -> tuple[Tensor, Tensor]:
        seen = self.video(pictures.flatten(1, 2))  # [N, 64]
        heard = self.audio(self.normal(sound.flatten(1, 2)))  # [N, 160, 5]
        return F.normalize(seen, dim=1), F.normalize(self.out(heard.flatten(1)), dim=1)


class Descriptors(nn.Module):
    """A SyncNet with a 1 behind each descriptor [N, 65]. Distances of pairs stay; the zero vectors that LSE's protocol pads with come to lie as far off as a stranger
    (sqrt 2), not nearer than many a pair in sync."""

    def __init__(self, net: SyncNet):
        super().__init__()
        self.net = net

    def forward(self, pictures: Tensor, sound: Tensor) -> tuple[Tensor, Tensor]:
        seen, heard = self.net(pictures, sound)
        return F.pad(seen, (0, 1), value=1.0), F.pad(heard, (0, 1), value=1.0)


def windows(take: Take, at: np.ndarray) -> tuple[Tensor, Tensor]:
    """Pictures [n, 3, 5, 48, 48] and MFCC [n, 1, 13, 20] of the windows that begin at frames `at`."""
    seen = np.stack([take.pictures[t : t + FRAMES].transpose(1, 0, 2, 3) for t in at]).astype(np.float32) / 127.5 - 1
    heard = np.stack([take.sound[np.minimum(4 * t + np.arange(COLUMNS), len(take.sound) - 1)].T[None] for t in at])
    return torch.from_numpy(seen), torch.from_numpy(heard)


def window_count(take: Take) -> int:
    return min(len(take.pictures) - FRAMES, (len(take.sound) - COLUMNS) // 4)


def varied(seen: Tensor, heard: Tensor) -> tuple[Tensor, Tensor]:
    """Other exposure, place (2 pixels), sharpness and noise for each window; other gain (of c0 alone: the others do not know it) and noise."""
    n = len(seen)
    dx, dy = torch.randint(0, 5, (2,)).tolist()
    padded = F.pad(seen.flatten(1, 2), (2, 2, 2, 2), mode="replicate")[:, :, dy : dy + SIZE, dx : dx + SIZE]
    soft = torch.rand(n, 1, 1, 1)
    padded = (1 - soft) * padded + soft * F.avg_pool2d(padded, 3, 1, 1, count_include_pad=False)
    seen = padded.reshape(seen.shape) * (1 + 0.15 * torch.randn(n, 3, 1, 1, 1)) + 0.1 * torch.randn(n, 1, 1, 1, 1) + 0.02 * torch.randn_like(seen)
    heard = heard + 0.3 * torch.randn_like(heard)
    heard[:, :, 0] += torch.randn(n, 1, 1)
    return seen, heard


def contrast(net: SyncNet, takes: list[Take], rng: np.random.Generator) -> Tensor:
    """InfoNCE both ways over one batch; windows that begin at neighbouring frames are nobody's negatives."""
    chosen = rng.choice(len(takes), min(TAKES, len(takes)), replace=False)
    starts = np.concatenate([rng.choice(window_count(takes[i]), WINDOWS, replace=False) for i in chosen])
    owner = np.repeat(np.arange(len(chosen)), WINDOWS)
    parts = [windows(takes[i], starts[owner == k]) for k, i in enumerate(chosen)]
    video, audio = net(*varied(*(torch.cat(group) for group in zip(*parts, strict=True))))
    near = (owner[:, None] == owner) & (np.abs(starts[:, None] - starts) == 1)
    logits = (net.scale.exp().clamp(max=LARGEST_SCALE) * video @ audio.T).masked_fill(torch.from_numpy(near), -1e4)
    same = torch.arange(len(logits))
    return F.cross_entropy(logits, same) + F.cross_entropy(logits.T, same)


def in_sync(net: SyncNet, takes: list[Take], most: int = 15) -> dict:
    """Of takes that were not trained on: the chance that a pair in sync is nearer than one FAR or more frames off, and at which shift the mean distance is least."""
    together, apart, offsets, least, confidence = [], [], {}, [], []
    for take in takes:
        video, audio = net(*windows(take, np.arange(window_count(take))))
        distance = torch.cdist(video, audio).numpy()
        shift = np.arange(len(audio))[None] - np.arange(len(video))[:, None]
        together.append(distance[shift == 0])
        apart.append(distance[(np.abs(shift) >= FAR) & (np.abs(shift) <= most)])
        mean = [float(distance[shift == s].mean()) for s in range(-most, most + 1)]
        offset = most - int(np.argmin(mean))
        offsets[offset] = offsets.get(offset, 0) + 1
        least.append(min(mean))
        confidence.append(float(np.median(mean)) - min(mean))
    return {
        "takes": len(takes), "aucInSync": round(area_under_roc(-np.concatenate(together), -np.concatenate(apart)), 3),
        "offsets": {str(offset): offsets[offset] for offset in sorted(offsets)},
        "withinOneFrame": round(sum(n for offset, n in offsets.items() if abs(offset) <= 1) / len(takes), 3),
        "distance": round(float(np.mean(least)), 3), "confidence": round(float(np.mean(confidence)), 3),
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--heads", required=True, help="compiled head assets")
    parser.add_argument("--talks", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("build/train-eval-nets"), help="films and checkpoint; the same command goes on from there")
    parser.add_argument("--takes", type=int, default=150)
    parser.add_argument("--held-out-takes", type=int, default=40)
    parser.add_argument("--minutes", type=float, default=15, help="filming left out")
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    held = film(arguments.heads, arguments.talks, "held-out", arguments.held_out_takes, arguments.work / "film")
    train = film(arguments.heads, arguments.talks, "train", arguments.takes, arguments.work / "film")
    net = SyncNet()
    found = train_net("syncnet", net, arguments.minutes, 1.5e-3, arguments.work, lambda _: contrast(net, train, rng), lambda: in_sync(net, held))
    print(found, flush=True)
    remark = f"trained {found['minutes']:.0f} minutes on {len(train)} takes of simulated talks on as many rendered heads; on other voices, sentences and heads: {found}"
    description = {
        "name": "echo-eval syncnet 2", "licence": "MIT", "remark": remark,
        "input": {"width": SIZE, "height": SIZE, "range": [-1, 1], "order": "RGB", "crop": list(CROP)},
    }  # fmt: skip
    seen, heard = windows(held[0], np.arange(3))
    export(Descriptors(net), {"pictures": seen, "mfcc": heard}, ["video", "audio"], arguments.out / "syncnet", description)


if __name__ == "__main__":
    main()
