"""Features of frames and clips and descriptors of faces, from rendered heads: `python -m training.eval_nets.features`.

One trunk reads coefficients, pose and who it is off a picture of the face. Its 64 features serve FID-like distances; a clip is the mean of its frames' features and
the mean size of their changes (FVD-like); the layer that tells people apart, at length 1, serves CSIM.
"""

import argparse
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.data.arkit import ARKIT_INDEX, ARKIT_NAMES
from training.eval_nets.export import export, over_background
from training.eval_nets.train_net import train_net
from training.eval_nets.trunk import FEATURES, Trunk
from training.model.layout import MOTION_WIDTH

SIZE = 96
CROP = (0.125, 0.0, 0.875, 0.75)
"""Left, top, right, bottom: the head without its shoulders, 192 of 256 pixels. The whole picture at a quarter left three pixels to an open mouth."""
CLIP_FRAMES = 8
FACE = 32
UNSEEN_HEADS = 4
"""The last heads of the set are never trained on."""
SPOKEN = 3.0
"""Weight of jaw and mouth beside everything else: most renders move only a few of the 58."""
SHOWN = {"rJawOpen": "jawOpen", "rSmile": "mouthSmileLeft", "rBlink": "eyeBlinkLeft", "rBrow": "browInnerUp"}


class Reader(nn.Module):
    """What the trunk is trained by: 58 numbers of motion, and one of `people` heads."""

    def __init__(self, people: int):
        super().__init__()
        self.trunk = Trunk(channels=3, size=SIZE)
        self.motion = nn.Linear(FEATURES, MOTION_WIDTH)
        self.face = nn.Linear(FEATURES, FACE)
        self.people = nn.Parameter(torch.randn(people, FACE))

    def descriptor(self, features: Tensor) -> Tensor:
        return F.normalize(self.face(features), dim=1)

    def forward(self, pictures: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Motion over its spread [N, 58], descriptor [N, 32] of length 1, logits [N, people]."""
        features = self.trunk(pictures)
        face = self.descriptor(features)
        return self.motion(features), face, 12 * face @ F.normalize(self.people, dim=1).T


class Faces(nn.Module):
    """[N, 3, 96, 96] -> [N, 32] of length 1."""

    def __init__(self, reader: Reader):
        super().__init__()
        self.reader = reader

    def forward(self, pictures: Tensor) -> Tensor:
        return self.reader.descriptor(self.reader.trunk(pictures))


class Clips(nn.Module):
    """[N, 3, 8, 96, 96] -> [N, 128]: mean features, mean absolute change from frame to frame."""

    def __init__(self, trunk: Trunk):
        super().__init__()
        self.trunk = trunk

    def forward(self, clip: Tensor) -> Tensor:
        frames = clip.transpose(1, 2).reshape(-1, 3, SIZE, SIZE)  # [N * 8, 3, 96, 96]
        features = self.trunk(frames).reshape(-1, CLIP_FRAMES, FEATURES)  # [N, 8, 64]
        return torch.cat([features.mean(1), (features[:, 1:] - features[:, :-1]).abs().mean(1)], 1)


def seen(rgba: np.ndarray) -> np.ndarray:
    """[N, 256, 256, 4] -> [N, 3, 96, 96], as `echo-head eval` crops and resizes: at a half, bilinear is the mean of 2 x 2."""
    if rgba.shape[1:3] != (256, 256):
        raise ValueError(f"pictures must be 256 x 256, not {rgba.shape[1:3]}")
    left, top, right, bottom = (round(256 * edge) for edge in CROP)
    full = over_background(rgba[:, top:bottom, left:right])
    return full.reshape(len(full), 3, SIZE, 2, SIZE, 2).mean((3, 5))


def read(renders: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pictures [M, 3, 96, 96] (float16), motion [M, 58], who [M]; the four shipped heads come first in both sets."""
    pictures, motion, who = [], [], []
    for name, step in (("paint", 2), ("motion", 1)):
        rgba = np.load(renders / f"{name}-rgba.npy", mmap_mode="r")
        rows = np.arange(0, len(rgba), step)
        pictures += [seen(np.asarray(rgba[part])).astype(np.float16) for part in np.array_split(rows, max(1, len(rows) // 100))]
        motion.append(np.load(renders / f"{name}-motion.npy")[rows])
        who.append(np.load(renders / f"{name}-head.npy")[rows])
    return np.concatenate(pictures), np.concatenate(motion), np.concatenate(who)


def area_under_roc(above: np.ndarray, below: np.ndarray) -> float:
    """Chance that one of `above` exceeds one of `below`; ties count half."""
    ordered = np.sort(below)
    wins = np.searchsorted(ordered, above, "left") + np.searchsorted(ordered, above, "right")
    return float(wins.mean() / (2 * len(below)))


def figures(net: Reader, pictures: np.ndarray, truth: np.ndarray, who: np.ndarray, known: np.ndarray) -> dict:
    """On pictures that were not trained on: correlations over those of known heads and of unseen ones; how well two pictures of one unseen head are told from two heads."""
    parts = [net(torch.from_numpy(part.astype(np.float32))) for part in np.array_split(pictures, max(1, len(pictures) // 50))]
    guess, faces, logits = (torch.cat(group).numpy() for group in zip(*parts, strict=True))
    correlation = lambda rows, i: round(float(np.corrcoef(guess[rows, i], truth[rows, i])[0, 1]), 3)  # noqa: E731
    columns = {key: ARKIT_INDEX[name] for key, name in SHOWN.items()} | {"rYaw": 52}
    alike = faces[~known] @ faces[~known].T
    same, apart = who[~known][:, None] == who[~known][None], np.triu(np.ones_like(alike, bool), 1)
    return {
        "knownHeads": {"pictures": int(known.sum()), **{key: correlation(known, i) for key, i in columns.items()}, "whoIsRight": round(float((logits[known].argmax(1) == who[known]).mean()), 3)},
        "unseenHeads": {"pictures": int((~known).sum()), **{key: correlation(~known, i) for key, i in columns.items()}, "aucSamePerson": round(area_under_roc(alike[same & apart], alike[~same & apart]), 3)},
    }  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--renders", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--work", type=Path, default=Path("build/train-eval-nets"), help="checkpoint; the same command goes on from there")
    parser.add_argument("--minutes", type=float, default=15)
    parser.add_argument("--threads", type=int, default=1)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    pictures, motion, who = read(arguments.renders)
    people = int(who.max()) + 1
    known = who < people - UNSEEN_HEADS
    held = ~known | (rng.random(len(who)) < 0.1)
    train = np.where(~held)[0]
    net = Reader(people)
    spread = torch.from_numpy(motion[train].std(0) + 0.05)
    weight = torch.tensor([SPOKEN if name.startswith(("jaw", "mouth")) else 1.0 for name in ARKIT_NAMES] + [1.0] * (MOTION_WIDTH - len(ARKIT_NAMES)))

    def loss(_: int) -> Tensor:
        rows = rng.choice(train, 32, replace=False)
        x = torch.from_numpy(pictures[rows].astype(np.float32))
        x = x * (1 + 0.1 * torch.randn(32, 3, 1, 1)) + 0.1 * torch.randn(32, 1, 1, 1) + 0.03 * torch.randn_like(x)
        guess, _, logits = net(x)
        wrong = (guess.float() - torch.from_numpy(motion[rows]) / spread) ** 2
        return (weight * wrong).mean() + 0.3 * F.cross_entropy(logits, torch.from_numpy(who[rows]))

    found = train_net("features", net, arguments.minutes, 2e-3, arguments.work, loss, lambda: figures(net, pictures[held], motion[held], who[held], known[held]))
    print(found, flush=True)
    remark = f"trained {found['minutes']:.0f} minutes on {len(train)} renders of {people - UNSEEN_HEADS} parametric heads; on pictures held out: {found}"
    spec = {"licence": "MIT", "remark": remark, "input": {"width": SIZE, "height": SIZE, "range": [-1, 1], "order": "RGB", "crop": list(CROP)}}
    picture = torch.from_numpy(pictures[:2].astype(np.float32))
    export(net.trunk, {"pictures": picture}, ["features"], arguments.out / "features", {"name": "echo-eval features 2", **spec})
    export(Faces(net), {"pictures": picture}, ["descriptor"], arguments.out / "faces", {"name": "echo-eval faces 2", **spec})
    clip = torch.from_numpy(pictures[:16].astype(np.float32)).reshape(2, CLIP_FRAMES, 3, SIZE, SIZE).transpose(1, 2).contiguous()
    export(Clips(net.trunk), {"clip": clip}, ["features"], arguments.out / "clips", {"name": "echo-eval clips 2", **spec, "clip": {"frames": CLIP_FRAMES, "stride": CLIP_FRAMES}})


if __name__ == "__main__":
    main()
