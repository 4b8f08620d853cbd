"""A small SyncNet (Chung & Zisserman 2016) on rendered heads: `python -m training.eval_nets.syncnet`.

Five frames of a mouth and 20 columns of MFCC become two descriptors of length 1, near where they belong together. Trained by InfoNCE against other moments of the
same clip and other clips; heads that no avatar is made of.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.eval_nets.export import export, over_background
from training.eval_nets.mfcc import mfcc
from training.eval_nets.trunk import FEATURES, Trunk, conv

RENDER = 96
CROP = (0.25, 0.5, 0.75, 1.0)
"""Lower middle of the picture: left, top, right, bottom; the heads of the avatars stand alike."""
WIDTH, HEIGHT = 32, 32
FRAMES, COLUMNS = 5, 20


class SyncNet(nn.Module):
    """pictures [N, 3, 5, 32, 32] in -1..1, mfcc [N, 1, 13, 20] -> two descriptors [N, 64] of length 1."""

    def __init__(self):
        super().__init__()
        self.video = Trunk(channels=3 * FRAMES, width=20, size=WIDTH)
        self.normal = nn.BatchNorm2d(1)
        self.audio = nn.Sequential(conv(1, 32, 1), conv(32, 48, 2), conv(48, 64, 2), nn.Flatten(), nn.Linear(64 * 4 * 5, FEATURES))

    def forward(self, pictures: Tensor, sound: Tensor) -> tuple[Tensor, Tensor]:
        seen = self.video(pictures.flatten(1, 2))
        scaled = torch.cat([sound[:, :, :1], sound[:, :, 1:]], 2) / 10
        return F.normalize(seen, dim=1), F.normalize(self.audio(self.normal(scaled)), dim=1)


def film(heads: str, speech: Path, clips: int, seed: int) -> list[tuple[np.ndarray, np.ndarray]]:
    """Talking heads: pictures float16 [T, 3, 32, 32] and MFCC [.., 13] of clips of the corpus, each on a head of its own, held still or moving slowly."""
    from training.data.heads.assets import load_assets
    from training.data.heads.head import Head
    from training.data.heads.identity import sample_identity
    from training.data.heads.light import Light
    from training.data.heads.renderer import Renderer

    rng = np.random.default_rng(seed)
    assets = load_assets(heads)
    index = json.loads((speech / "index.json").read_text())
    pcm, faces = np.load(speech / "pcm.npy", mmap_mode="r"), np.load(speech / "face.npy", mmap_mode="r")
    rows = [u for u in index["utterances"] if u["split"] == "train" and 60 <= u["frames"] <= 140]
    renderer = Renderer(RENDER, supersample=1)
    made = []
    for i in rng.choice(len(rows), clips, replace=False):
        u = rows[i]
        if len(made) % 3 == 0:
            head = Head(assets, sample_identity(int(5000 + seed * 100 + len(made))))
        sound = np.asarray(pcm[u["pcm_start"] : u["pcm_start"] + u["samples"]])
        face = np.asarray(faces[u["frame_start"] : u["frame_start"] + u["frames"]], np.float32)
        time_s = np.arange(len(face)) / 25
        pose = np.zeros((len(face), 6), np.float32)
        for axis in range(3):
            pose[:, axis] = 0.06 * np.sin(2 * np.pi * (rng.uniform(0.1, 0.6) * time_s + rng.random()))
        rgba = np.stack([renderer.render(head, face[t], pose[t], Light.default()).rgba for t in range(len(face))])
        box = [round(edge * RENDER) for edge in CROP]
        mouth = torch.from_numpy(over_background(rgba[:, box[1] : box[3], box[0] : box[2]]))
        small = F.interpolate(mouth, (HEIGHT, WIDTH), mode="bilinear", align_corners=False)
        made.append((small.numpy().astype(np.float16), mfcc(sound).astype(np.float32)))
        if len(made) % 10 == 0:
            print(f"{len(made)} clips filmed, {time.process_time():.0f} s", flush=True)
    return made


def windows(clip: tuple[np.ndarray, np.ndarray], at: np.ndarray) -> tuple[Tensor, Tensor]:
    """Pictures [n, 3, 5, 32, 32] and MFCC [n, 1, 13, 20] of the windows that begin at frames `at`."""
    pictures, sound = clip
    seen = np.stack([pictures[t : t + FRAMES].transpose(1, 0, 2, 3) for t in at]).astype(np.float32)
    heard = np.stack([sound[np.minimum(4 * t + np.arange(COLUMNS), len(sound) - 1)].T[None] for t in at])
    return torch.from_numpy(seen), torch.from_numpy(heard)


def last_window(clip: tuple[np.ndarray, np.ndarray]) -> int:
    return min(len(clip[0]) - FRAMES, (len(clip[1]) - COLUMNS) // 4)


def offsets(net: SyncNet, clips: list, most: int = 10) -> dict:
    """How often the shift with the least mean distance is within a frame of 0, and mean confidence, over clips that were not trained on."""
    right, confidence = [], []
    net.eval()
    with torch.no_grad():
        for clip in clips:
            video, audio = net(*windows(clip, np.arange(last_window(clip))))
            mean = []
            for shift in range(-most, most + 1):
                n = len(video) - abs(shift)
                v, a = video[max(0, -shift) :][:n], audio[max(0, shift) :][:n]
                mean.append(float((v - a).norm(dim=1).mean()))
            right.append(abs(int(np.argmin(mean)) - most) <= 1)
            confidence.append(float(np.median(mean) - min(mean)))
    return {"clips": len(clips), "offsetWithinOneFrame": float(np.mean(right)), "meanConfidence": float(np.mean(confidence))}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--heads", required=True, help="compiled head assets")
    parser.add_argument("--speech", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--clips", type=int, default=72)
    parser.add_argument("--seconds", type=float, default=150, help="of processor time, filming left out")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    rng = np.random.default_rng(1)
    clips = film(arguments.heads, arguments.speech, arguments.clips, 1)
    held, train = clips[: len(clips) // 8], clips[len(clips) // 8 :]
    net = SyncNet()
    optimiser = torch.optim.AdamW(net.parameters(), 1.5e-3)
    began, steps = time.process_time(), 0
    while (used := time.process_time() - began) < arguments.seconds:
        for group in optimiser.param_groups:
            group["lr"] = 1.5e-3 * (1 - used / arguments.seconds) + 2e-5
        net.train()
        parts = []
        for i in rng.choice(len(train), 4, replace=False):
            starts = rng.choice(last_window(train[i]), 12, replace=False)
            parts.append(windows(train[i], starts))
        seen, heard = (torch.cat(group) for group in zip(*parts, strict=True))
        seen = seen * (1 + 0.1 * torch.randn(len(seen), 1, 1, 1, 1)) + 0.05 * torch.randn(len(seen), 1, 1, 1, 1)
        video, audio = net(seen, heard + 0.3 * torch.randn(len(heard), 1, 1, 1))
        logits = 10 * video @ audio.T
        same = torch.arange(len(logits))
        loss = F.cross_entropy(logits, same) + F.cross_entropy(logits.T, same)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
        steps += 1
        if steps % 200 == 0:
            print(f"{steps} steps, {used:.0f} s, loss {loss.item():.3f}", flush=True)
    figures = {"steps": steps, **offsets(net, held)}
    print(figures, flush=True)
    remark = f"trained {arguments.seconds:.0f} s on one core on {len(train)} rendered clips of synthesised speech; on {len(held)} held-out clips: {figures}"
    description = {
        "name": "echo-eval syncnet 1", "licence": "MIT", "remark": remark,
        "input": {"width": WIDTH, "height": HEIGHT, "range": [-1, 1], "order": "RGB", "crop": list(CROP)},
    }  # fmt: skip
    seen, heard = windows(clips[0], np.arange(3))
    export(net, {"pictures": seen, "mfcc": heard}, ["video", "audio"], arguments.out / "syncnet", description)


if __name__ == "__main__":
    main()
