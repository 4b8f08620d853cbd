"""Reads recorded talks (two people, two tracks, transcript) into the same `Conversation` as the simulator; layout in README.md.

Faces come as tables: the CSV that `echo-head render --blendshapes` writes, or JSON lines as in `--user-face`. A folder that has
only videos must first go through a face tracker that writes such a table; this module says so rather than guess.
"""

from __future__ import annotations

import csv
import json
import math
from pathlib import Path

import numpy as np
from scipy.io import wavfile
from scipy.ndimage import gaussian_filter1d
from scipy.signal import resample_poly

from training.data.arkit import ARKIT_INDEX, ARKIT_NAMES

from .affect_text import WORDINGS
from .conversation import Conversation
from .emotion_shapes import CODE
from .prosody import analyse
from .statistics import FPS, SAMPLE_RATE_HZ, SAMPLES_PER_FRAME
from .vocabulary import split_words

POSE_COLUMNS = ("headYaw", "headPitch", "headRoll", "headX", "headY", "headZ")
_POSE_KEYS = ("yaw", "pitch", "roll", "x", "y", "z")
_HOLE_S = 0.25
"""Rows further apart than this mean that nobody was seen in between."""
_MOUTH = [i for i, n in enumerate(ARKIT_NAMES) if n.startswith(("mouth", "jaw", "tongue"))]


def read_sound(path: Path) -> np.ndarray:
    """Any PCM wav -> float32 mono [S] at 16 kHz. Raises ValueError that names the file."""
    try:
        rate, data = wavfile.read(path)
    except ValueError as error:
        raise ValueError(f"{path.name}: not a wav file that can be read ({error})") from error
    if data.dtype == np.uint8:
        pcm = (data.astype(np.float32) - 128) / 128
    elif np.issubdtype(data.dtype, np.integer):
        pcm = data.astype(np.float32) / np.iinfo(data.dtype).max
    else:
        pcm = data.astype(np.float32)
    if pcm.ndim == 2:
        pcm = pcm.mean(1)
    if not len(pcm) or not np.isfinite(pcm).all():
        raise ValueError(f"{path.name}: empty, or holds samples that are not finite")
    if rate != SAMPLE_RATE_HZ:
        g = math.gcd(rate, SAMPLE_RATE_HZ)
        pcm = resample_poly(pcm, SAMPLE_RATE_HZ // g, rate // g).astype(np.float32)
    return pcm


def _rows_of_csv(path: Path) -> tuple[list[float], list[np.ndarray]]:
    with path.open(newline="", encoding="utf-8") as file:
        reader = csv.DictReader(file)
        missing = {"time_s", *ARKIT_NAMES, *POSE_COLUMNS} - set(reader.fieldnames or ())
        if missing:
            raise ValueError(f"{path.name}: column {sorted(missing)[0]!r} is missing")
        times, rows = [], []
        for number, row in enumerate(reader, 2):
            try:
                values = [float(row[name]) for name in (*ARKIT_NAMES, *POSE_COLUMNS)]
                times.append(float(row["time_s"]))
            except (TypeError, ValueError) as error:
                raise ValueError(f"{path.name}, line {number}: not a number ({error})") from error
            rows.append(np.array(values, np.float32))
    return times, rows


def _rows_of_jsonl(path: Path) -> tuple[list[float], list[np.ndarray]]:
    times, rows = [], []
    for number, text in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not text.strip():
            continue
        try:
            item = json.loads(text)
            values = np.zeros(58, np.float32)
            shapes = item.get("blendshapes")
            if shapes is None:
                continue  # nobody in view
            for name, value in shapes.items():
                values[ARKIT_INDEX[name]] = float(value)
            for i, key in enumerate(_POSE_KEYS):
                values[52 + i] = float(item.get("pose", {}).get(key, 0.0))
            times.append(float(item["t"]))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            raise ValueError(f"{path.name}, line {number}: {type(error).__name__} {error}") from error
        rows.append(values)
    return times, rows


def read_face(folder: Path, role: str, frames: int) -> tuple[np.ndarray, np.ndarray]:
    """`<role>_face.csv` or `.jsonl` at any rate -> (face float32 [T, 58] at 25 fps, presence [T])."""
    for name, read in ((f"{role}_face.csv", _rows_of_csv), (f"{role}_face.jsonl", _rows_of_jsonl)):
        path = folder / name
        if path.exists():
            times, rows = read(path)
            break
    else:
        hint = f"; run a face tracker on {role}.mp4 first" if (folder / f"{role}.mp4").exists() else ""
        raise ValueError(f"{folder.name}: neither {role}_face.csv nor {role}_face.jsonl{hint}")
    if not rows:
        return np.zeros((frames, 58), np.float32), np.zeros(frames, np.float32)
    t = np.array(times)
    if not np.isfinite(t).all() or (np.diff(t) <= 0).any():
        raise ValueError(f"{path.name}: times must be finite and rise from row to row")
    table = np.stack(rows)
    if not np.isfinite(table).all():
        raise ValueError(f"{path.name}: holds values that are not finite")
    clock = np.arange(frames) / FPS
    face = np.stack([np.interp(clock, t, table[:, k]) for k in range(58)], 1).astype(np.float32)
    face[:, :52] = face[:, :52].clip(0, 1)
    after = np.clip(np.searchsorted(t, clock), 0, len(t) - 1)
    before = np.clip(after - 1, 0, len(t) - 1)
    near = np.minimum(np.abs(t[after] - clock), np.abs(t[before] - clock))
    present = (near <= _HOLE_S / 2).astype(np.float32)
    return face * present[:, None], present


def calm_estimate(face: np.ndarray, speaking: np.ndarray) -> np.ndarray:
    """A stand-in for the calm motion of a recorded person, [T, 58]: articulation while speaking, blinks, a slow head.

    Recordings do not say what of a movement is expression; brows, cheeks and the head's quick part are taken as such.
    """
    calm = np.zeros_like(face)
    gate = gaussian_filter1d(speaking.astype(np.float32), 2.0)[:, None]
    resting = np.percentile(face[:, _MOUTH], 20, axis=0)
    calm[:, _MOUTH] = np.clip(face[:, _MOUTH] - resting, 0, 1) * gate
    for i, name in enumerate(ARKIT_NAMES):
        if name.startswith(("eyeBlink", "eyeLook")):
            calm[:, i] = face[:, i]
    calm[:, 52:] = face[:, 52:].mean(0) + 0.35 * (gaussian_filter1d(face[:, 52:], 2.0 * FPS, axis=0) - face[:, 52:].mean(0))
    return calm


def _transcript(path: Path) -> tuple[list[dict], list[dict]]:
    """transcript.json -> (turns, affect): a list of turns, or {"turns": [...], "affect": [...]}."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ValueError(f"{path.name}: not JSON ({error})") from error
    turns, affect = (found, []) if isinstance(found, list) else (found.get("turns", []), found.get("affect", []))
    for i, turn in enumerate(turns):
        if not isinstance(turn, dict) or turn.get("role") not in ("user", "avatar"):
            raise ValueError(f'{path.name}: turns[{i}].role must be "user" or "avatar"')
        if not isinstance(turn.get("text"), str) or not isinstance(turn.get("t"), (int, float)):
            raise ValueError(f"{path.name}: turns[{i}] needs a text and a time t in seconds")
    return turns, affect


def main_emotion(text: str) -> str:
    """The emotion whose wording comes first in a written state; "neutral" if none does."""
    words = split_words(text)
    owner = {w: name for name, forms in WORDINGS.items() for form in forms for w in split_words(form)[:1]}
    return next((owner[w] for w in words if w in owner), "neutral")


def read_dyadic(folder: Path) -> Conversation:
    """One clip folder -> `Conversation`. Raises ValueError that names the file, the place and the rule."""
    sounds = {}
    for role in ("user", "avatar"):
        path = folder / f"{role}.wav"
        if not path.exists():
            raise ValueError(f"{folder.name}: {role}.wav is missing")
        sounds[role] = read_sound(path)
    frames = math.ceil(max(len(s) for s in sounds.values()) / SAMPLES_PER_FRAME)
    pcm = {role: np.pad(s, (0, frames * SAMPLES_PER_FRAME - len(s))) for role, s in sounds.items()}
    user_face, present = read_face(folder, "user", frames)
    avatar_face, _ = read_face(folder, "avatar", frames)
    transcript = folder / "transcript.json"
    turns, written = _transcript(transcript) if transcript.exists() else ([], [])
    speaking = analyse(pcm["avatar"]).at_frames(frames)[2] > 0.5
    rows = [{"frame": 0, "text": "neutral"}] if not written or written[0].get("t", 1) > 0 else []
    rows += [{"frame": min(frames - 1, round(float(r["t"]) * FPS)), "text": str(r["text"])} for r in written]
    code = np.zeros(frames, np.uint8)
    affect = []
    for row in rows:
        emotion = main_emotion(row["text"])
        code[row["frame"] :] = CODE[emotion]
        affect.append({**row, "emotion": emotion, "level": 0.7, "second": None, "secondLevel": 0.0, "source": "dialogue"})
    dialogue = [{"role": t["role"], "text": t["text"], "t": float(t["t"]), "end": float(t.get("end", t["t"])), "emotion": t.get("emotion", ""),
                 "script": "", "kind": "recorded", "backchannel": False} for t in turns]  # fmt: skip
    to16 = {role: (np.clip(x, -1, 1) * 32767).astype(np.int16) for role, x in pcm.items()}
    unknown = np.zeros(frames, np.uint8)
    return Conversation(
        user_pcm=to16["user"], avatar_pcm=to16["avatar"], user_face=user_face.astype(np.float16), avatar_face=avatar_face.astype(np.float16),
        avatar_calm=calm_estimate(avatar_face, speaking).astype(np.float16), user_presence=present.astype(np.uint8)[:, None],
        affect_code=code, avatar_closed=unknown, user_closed=unknown, affect=affect, dialogue=dialogue, events={},
        meta={"recorded": folder.name, "split": "train", "directed": False},
    )  # fmt: skip
