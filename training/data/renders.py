"""Rendered training pictures: `python -m training.data.renders --heads build/heads.npz --out build/renders ...`.

Two sets. `paint`: the avatars that ship, under their one light, for the decoder. `motion`: many heads under varied light, for the
motion encoder and for figures on heads that were never trained on. Written as plain .npy arrays that training maps into memory.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from numpy.lib.format import open_memmap

from training.data.arkit import ARKIT_INDEX
from training.data.heads.light import Light, sample_light
from training.data.heads.renderer import Renderer
from training.model.layout import KEYPOINTS, MOTION_WIDTH

OPENED = {
    "jawOpen": 0.6, "mouthUpperUpLeft": 0.6, "mouthUpperUpRight": 0.6, "mouthLowerDownLeft": 0.5, "mouthLowerDownRight": 0.5, "mouthStretchLeft": 0.2,
    "mouthStretchRight": 0.2, "eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0,
}  # fmt: skip
"""The second reference picture: what the first one hides. Both rows of teeth, the tongue, and the lids."""
POSE_SPREAD = (0.22, 0.14, 0.10, 0.02, 0.015, 0.02)  # yaw, pitch, roll (rad), x, y, z (head heights): one standard deviation


def opened_motion() -> np.ndarray:
    """Motion [58] of the second reference picture."""
    motion = np.zeros(MOTION_WIDTH, np.float32)
    for name, value in OPENED.items():
        motion[ARKIT_INDEX[name]] = value
    return motion


def recorded_motion(speech: Path | None, talks: Path | None, limit: int = 60) -> np.ndarray:
    """Motion [M,58] of synthesised speech (mouth only) and of simulated talks (everything)."""
    rows = []
    if speech and (speech / "face.npy").exists():
        face = np.load(speech / "face.npy", mmap_mode="r")
        picked = np.asarray(face[:: max(1, len(face) // 40000)], np.float32)
        rows.append(np.concatenate([picked, np.zeros((len(picked), 6), np.float32)], 1))
    if talks:
        for path in sorted(talks.glob("talk-*.npz"))[:limit]:
            with np.load(path) as talk:
                rows.append(np.asarray(talk["avatar_face"], np.float32))
                rows.append(np.asarray(talk["user_face"], np.float32))
    return np.concatenate(rows) if rows else np.zeros((0, MOTION_WIDTH), np.float32)


def sample_motion(rng: np.random.Generator, recorded: np.ndarray) -> np.ndarray:
    """One motion [58]: a recorded frame (often with another pose), or a random mixture of a few coefficients."""
    motion = np.zeros(MOTION_WIDTH, np.float32)
    kind = rng.random()
    if len(recorded) and kind < 0.65:
        motion[:] = recorded[rng.integers(len(recorded))]
        if kind < 0.25:
            other = recorded[rng.integers(len(recorded))]
            upper = [i for name, i in ARKIT_INDEX.items() if name.startswith(("eye", "brow", "cheekSquint", "nose"))]
            motion[upper] = other[upper]
    else:
        count = rng.integers(1, 7)
        chosen = rng.choice(52, count, replace=False)
        motion[chosen] = rng.beta(1.2, 1.2, count)
        if rng.random() < 0.5:  # most movements come in pairs
            for name, i in ARKIT_INDEX.items():
                if name.endswith("Left") and not name.startswith(("eyeLook", "mouthLeft", "jawLeft")):
                    j = ARKIT_INDEX[name[:-4] + "Right"]
                    motion[j] = motion[i] = max(motion[i], motion[j])
        if motion[ARKIT_INDEX["mouthClose"]] > motion[ARKIT_INDEX["jawOpen"]]:
            motion[ARKIT_INDEX["jawOpen"]] = motion[ARKIT_INDEX["mouthClose"]]
    if kind > 0.4:
        motion[52:] = rng.normal(0, 1, 6) * POSE_SPREAD * rng.choice([0.5, 1.0, 1.4])
    motion[:52] = np.clip(motion[:52], 0, 1)
    motion[52:58] = np.clip(motion[52:58], -0.6, 0.6)
    return motion


def render_set(out: Path, name: str, heads: list, frames_per_head: int, motion: np.ndarray, seed: int, vary_light: bool, size: int) -> None:
    """Writes `<name>-{rgba,parts,motion,keypoints,head}.npy`, and both reference pictures of every head (at rest, opened) with their keypoints."""
    rng = np.random.default_rng(seed)
    renderer = Renderer(size)
    total = len(heads) * frames_per_head
    rgba = open_memmap(out / f"{name}-rgba.npy", "w+", np.uint8, (total, size, size, 4))
    parts = open_memmap(out / f"{name}-parts.npy", "w+", np.uint8, (total, size, size))
    motions = np.zeros((total, MOTION_WIDTH), np.float32)
    points = np.zeros((total, KEYPOINTS, 2), np.float32)
    owner = np.zeros(total, np.int64)
    rest = np.zeros((len(heads), KEYPOINTS, 2), np.float32)
    reference = np.zeros((len(heads), size, size, 4), np.uint8)
    opened_points, opened = rest.copy(), reference.copy()
    wide = opened_motion()
    started = time.time()
    still = np.zeros(MOTION_WIDTH, np.float32)
    for h, make in enumerate(heads):
        head = make()
        rest[h] = head.keypoints(still[None, :52], still[None, 52:])[0]
        reference[h] = renderer.render(head, still[:52], still[52:], Light.default()).rgba
        opened_points[h] = head.keypoints(wide[None, :52], wide[None, 52:])[0]
        opened[h] = renderer.render(head, wide[:52], wide[52:], Light.default()).rgba
        first = h * frames_per_head
        for k in range(frames_per_head):
            motions[first + k] = sample_motion(rng, motion)
            light = sample_light(int(rng.integers(1 << 30))) if vary_light else Light.default()
            shot = renderer.render(head, motions[first + k, :52], motions[first + k, 52:], light)
            rgba[first + k], parts[first + k] = shot.rgba, shot.parts
        block = slice(first, first + frames_per_head)
        points[block] = head.keypoints(motions[block, :52], motions[block, 52:])
        owner[block] = h
        print(f"{name} {h + 1}/{len(heads)} heads, {(first + frames_per_head) / (time.time() - started):.1f} frames/s", flush=True)
    np.save(out / f"{name}-motion.npy", motions)
    np.save(out / f"{name}-keypoints.npy", points)
    np.save(out / f"{name}-head.npy", owner)
    np.save(out / f"{name}-rest.npy", rest)
    np.save(out / f"{name}-reference.npy", reference)
    np.save(out / f"{name}-opened.npy", opened)
    np.save(out / f"{name}-opened-points.npy", opened_points)


def head_makers(path: str | None, others: int, offset: int) -> tuple[list[str], list, list]:
    """Names and makers of the shipped heads, and makers of `others` sampled ones; procedural heads when there are no assets."""
    if path is None:
        from training.data.heads.procedural import procedural_head

        return ["ada", "theo"], [lambda i=i: procedural_head(i) for i in range(2)], [lambda i=i: procedural_head(i + 2) for i in range(others)]
    from training.data.heads.assets import load_assets
    from training.data.heads.head import Head
    from training.data.heads.identity import HEROES, sample_identity

    assets = load_assets(path)
    names = list(HEROES)
    return names, [lambda n=n: Head(assets, HEROES[n]) for n in names], [lambda s=s: Head(assets, sample_identity(s)) for s in range(offset, offset + others)]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--heads", help="compiled head assets (npz); without it, the procedural heads")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--speech", type=Path)
    parser.add_argument("--talks", type=Path)
    parser.add_argument("--paint", type=int, default=3000, help="pictures of each shipped avatar")
    parser.add_argument("--others", type=int, default=40, help="further heads")
    parser.add_argument("--others-offset", type=int, default=1000)
    parser.add_argument("--motion", type=int, default=60, help="pictures of each further head")
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    names, heroes, others = head_makers(arguments.heads, arguments.others, arguments.others_offset)
    recorded = recorded_motion(arguments.speech, arguments.talks)
    (arguments.out / "index.json").write_text(json.dumps({"avatars": names, "others": arguments.others, "size": arguments.size}))
    if arguments.paint:
        render_set(arguments.out, "paint", heroes, arguments.paint, recorded, arguments.seed, False, arguments.size)
    if arguments.others:
        render_set(arguments.out, "motion", heroes + others, arguments.motion, recorded, arguments.seed + 1, True, arguments.size)


if __name__ == "__main__":
    main()
