"""Held-out talks as pictures, sound and motion, for `echo-head eval`: what the pack makes of them, and the truth rendered on the same heads.

`python -m training.eval.filmed --pack models/echo-nano --config training/configs/cpu.json --out build/filmed` writes
`<out>/pictures/<system>/<talk><letter>-<avatar>/0000.png` of stretches in which the avatar speaks, for the systems `truth`, `full` and, with `--ablations`, `w-o-lpe` and its like;
`<out>/sound/<talk><letter>-<avatar>.wav`, what it says; `<out>/listening/{truth,user,full}/<talk>.csv`, the frames of another stretch in which it does not hold the turn.
"""

import argparse
import csv
import wave
from pathlib import Path
from string import ascii_lowercase
from typing import NamedTuple

import numpy as np
from PIL import Image

from training.data.arkit import ARKIT_NAMES
from training.data.conversation.conversation import Conversation
from training.data.heads.assets import load_assets
from training.data.heads.head import Head
from training.data.heads.identity import HEROES
from training.data.heads.light import Light
from training.data.heads.renderer import Renderer
from training.eval.rollouts import SPAN, Clip, choose_clips, histories, lane_of
from training.eval.session import SWITCHES, Pack, roll_out
from training.eval.trained import held_out_talks
from training.eval_nets.film import spoken_stretch
from training.model.config import load_config

LEAD_IN = 48
"""Frames that are played and not shown: a session begins with nothing before it."""


class Stretch(NamedTuple):
    """Some seconds of a talk in which the avatar mostly speaks, after LEAD_IN frames from `first` on."""

    talk: Conversation
    first: int  # a multiple of SPAN
    name: str  # "03b": the second stretch of talk 3


def choose(talks: list[Conversation], frames: int, each: int) -> list[Stretch]:
    """Up to `each` stretches of every talk that share no frame."""
    chosen = []
    for i, talk in enumerate(talks):
        pcm, rng = talk.avatar_pcm[LEAD_IN * 640 :].copy(), np.random.default_rng(i)
        for letter in ascii_lowercase[:each]:
            found = spoken_stretch(pcm, rng, frames)
            if found is None:
                break
            first = found // SPAN * SPAN
            pcm[max(0, first - frames) * 640 : (first + SPAN + 2 * frames) * 640] = 0  # nothing that shares a frame with it counts as speech
            chosen.append(Stretch(talk, first, f"{i:02d}{letter}"))
    return chosen


def save(rgba: np.ndarray, folder: Path) -> None:
    """Straight-alpha frames as PNGs."""
    folder.mkdir(parents=True, exist_ok=True)
    for i, picture in enumerate(rgba):
        Image.fromarray(picture).save(folder / f"{i:04d}.png", compress_level=1)


def save_sound(pcm: np.ndarray, path: Path) -> None:
    """16 kHz mono int16."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16000)
        file.writeframes(pcm.astype("<i2").tobytes())


def save_motion(motion: np.ndarray, path: Path) -> None:
    """Motion [T,58] as `echo-head render --blendshapes` writes it; the head's place is left out."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*ARKIT_NAMES, "headYaw", "headPitch", "headRoll"])
        rows.writerows([[f"{value:.6f}" for value in frame[:55]] for frame in motion])


def rendered(head: Head, renderer: Renderer, motion: np.ndarray) -> np.ndarray:
    """Motion [T,58] on a head, under the light of the avatars: [T,H,W,4]."""
    return np.stack([renderer.render(head, frame[:52], frame[52:], Light.default()).rgba for frame in motion])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--talks", type=int, default=8)
    parser.add_argument("--frames", type=int, default=100, help="of each clip; a multiple of the four of a block. Longer turns than four seconds are rare")
    parser.add_argument("--each", type=int, default=3, help="clips of each talk")
    parser.add_argument("--listening-seconds", type=int, default=40, help="of each talk, of which the frames of listening are kept")
    parser.add_argument("--ablations", action="store_true", help="also without each of the switches")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    if arguments.frames % 4:
        parser.error(f"--frames must be a multiple of 4, not {arguments.frames}")
    config = load_config(arguments.config)
    pack = Pack(arguments.pack, arguments.threads)
    talks = held_out_talks(config, arguments.talks)
    entries = histories(pack, talks)
    avatars = list(pack.avatars)
    chosen = choose(talks, arguments.frames, arguments.each)
    clips = [Clip(talk, first, LEAD_IN + arguments.frames, entries[int(name[:2])][: first // SPAN]) for talk, first, name in chosen]
    own = [avatars[i % len(avatars)] for i in range(len(clips))]
    names = [f"{stretch.name}-{avatar}" for stretch, avatar in zip(chosen, own)]
    assets, renderer = load_assets(str(config.data["heads"])), Renderer(256)
    for clip, avatar, name in zip(clips, own, names):
        shown = slice(clip.first + LEAD_IN, clip.first + clip.frames)
        save_sound(clip.talk.avatar_pcm[shown.start * 640 : shown.stop * 640], arguments.out / f"sound/{name}.wav")
        save(rendered(Head(assets, HEROES[avatar]), renderer, clip.talk.avatar_face[shown].astype(np.float32)), arguments.out / f"pictures/truth/{name}")
    print(f"{len(clips)} clips of {arguments.frames} frames of {len({name[:2] for name in names})} talks rendered", flush=True)
    systems = {"full": {}} | ({f"w-o-{switch}": {switch: 0.0} for switch in SWITCHES} if arguments.ablations else {})
    for system, switches in systems.items():
        made = roll_out(pack, [lane_of(clip, i, avatar=own[i], switches=switches) for i, clip in enumerate(clips)])
        for i, name in enumerate(names):
            save(pack.decode(own[i], made.tokens[i][LEAD_IN:]), arguments.out / f"pictures/{system}/{name}")
        print(f"{system} painted", flush=True)
    listening = choose_clips(talks, entries, arguments.listening_seconds * 25 // 4 * 4)
    made = roll_out(pack, [lane_of(clip, i, avatar=avatars[i % len(avatars)]) for i, clip in enumerate(listening)])
    for i, clip in enumerate(listening):
        kept = ~clip.speaking()
        for system, motion in (("truth", clip.truth()), ("user", clip.user()), ("full", made.motion(i))):
            save_motion(motion[kept], arguments.out / f"listening/{system}/{i:02d}.csv")
    print(f"listening played: {sum(int((~clip.speaking()).sum()) for clip in listening)} frames", flush=True)


if __name__ == "__main__":
    main()
