"""Talking mouths with their sound: stretches of the simulated talks in which somebody speaks, each on a rendered head of its own."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.data.conversation.conversation import Conversation, load_conversation
from training.eval_nets.export import over_background
from training.eval_nets.mfcc import mfcc

RENDER = 128
CROP = (0.3125, 0.4375, 0.6875, 0.8125)
"""The mouth: left, top, right, bottom; the heads of the avatars stand alike. 48 pixels of a render, 96 of a picture of 256 pixels."""
SIZE = 48
TAKE_FRAMES = 110
SPOKEN_SHARE = 0.7
LOUD = 300
"""RMS at int16 scale above which a frame counts as spoken."""
RATE_HZ, FRAME_SAMPLES = 16000, 640


@dataclass
class Take:
    """`pictures` uint8 [T, 3, 48, 48], `sound` float32 [.., 13], a row every 10 ms."""

    pictures: np.ndarray
    sound: np.ndarray


def spoken_stretch(pcm: np.ndarray, rng: np.random.Generator, frames: int = TAKE_FRAMES) -> int | None:
    """First frame of a random stretch that is mostly speech, None where there is none. pcm int16 [S]."""
    whole = len(pcm) // FRAME_SAMPLES
    if whole < frames:
        return None
    loud = np.sqrt((pcm[: whole * FRAME_SAMPLES].reshape(whole, -1).astype(np.float32) ** 2).mean(1)) > LOUD
    share = np.convolve(loud, np.ones(frames) / frames, "valid")
    starts = np.where(share >= SPOKEN_SHARE)[0]
    return int(rng.choice(starts)) if len(starts) else None


def mouths(rgba: np.ndarray) -> np.ndarray:
    """Renders uint8 [T, 128, 128, 4] -> uint8 [T, 3, 48, 48], as `echo-head eval` crops and resizes pictures of twice the size."""
    left, top, right, bottom = (round(RENDER * edge) for edge in CROP)
    return ((over_background(rgba[:, top:bottom, left:right]) + 1) * 127.5).round().astype(np.uint8)


def film(heads: str, talks: Path, split: str, count: int, folder: Path) -> list[Take]:
    """`count` takes of a split ("train" or "held-out": voices and sentences that training never meets). They are kept in `folder`: what is there is not filmed again.

    Take i depends on the talks and on i alone; each has a head and, every other one, a light of its own. Raises ValueError when the split has no talk.
    """
    from training.data.heads.assets import load_assets

    rows = [row for row in json.loads((talks / "index.json").read_text())["conversations"] if row["split"] == split]
    if not rows:
        raise ValueError(f"{talks} has no talk of the split {split}")
    folder.mkdir(parents=True, exist_ok=True)
    studio = None
    takes = []
    for i in range(count):
        path = folder / f"{split}-{i:04d}.npz"
        if not path.exists():
            studio = studio or Studio(load_assets(heads))
            talk = load_conversation(talks / rows[i % len(rows)]["file"])
            take = studio.film(talk, np.random.default_rng((i, split == "train")))
            partial = path.with_suffix(".part.npz")
            np.savez(partial, pictures=take.pictures, sound=take.sound)
            partial.replace(path)
            if i % 10 == 9:
                print(f"{split}: {i + 1} of {count} takes filmed", flush=True)
        with np.load(path) as kept:
            takes.append(Take(kept["pictures"], kept["sound"]))
    return takes


class Studio:
    """Films takes of talks on heads that no avatar is made of."""

    def __init__(self, assets: object):
        from training.data.heads.renderer import Renderer

        self._assets = assets
        self._renderer = Renderer(RENDER)

    def film(self, talk: Conversation, rng: np.random.Generator) -> Take:
        """A stretch of the avatar's or the user's speech; of its beginning, where there is none that is mostly speech."""
        from training.data.heads.head import Head
        from training.data.heads.identity import sample_identity
        from training.data.heads.light import Light, sample_light

        pcm, face = (talk.avatar_pcm, talk.avatar_face) if rng.random() < 0.5 else (talk.user_pcm, talk.user_face)
        first = spoken_stretch(pcm, rng) or 0
        motion = np.asarray(face[first : first + TAKE_FRAMES], np.float32)
        head = Head(self._assets, sample_identity(int(rng.integers(5000, 1_000_000))))
        light = sample_light(int(rng.integers(1 << 30))) if rng.random() < 0.5 else Light.default()
        rgba = np.stack([self._renderer.render(head, frame[:52], frame[52:], light).rgba for frame in motion])
        return Take(mouths(rgba), mfcc(pcm[first * FRAME_SAMPLES : (first + TAKE_FRAMES) * FRAME_SAMPLES]).astype(np.float32))
