"""Do the lips meet where a real voice says p, b or m? Recorded sentences with aligned phones (bench/peers/align.py), never trained on."""

import json
from pathlib import Path

import numpy as np

from training.data.speech.closed_lips import SHUT, shut_share
from training.data.speech.phones import BILABIAL, OPEN_VOWELS
from training.eval.lip_sync import Sentences, read_audio, unseen
from training.eval.session import Pack
from training.eval.trained import NotMeasured

LONGEST_S = 12.0


def aligned_sets(paths: list[str]) -> list[tuple[str, Path, list[dict]]]:
    """(name, folder, clips) of each `NAME=FOLDER=PHONES.json`. Raises ValueError when one has another form."""
    found = []
    for text in paths:
        parts = text.split("=")
        if len(parts) != 3:
            raise ValueError(f"--recorded {text}: expected NAME=FOLDER=PHONES.json")
        found.append((parts[0], Path(parts[1]), json.loads(Path(parts[2]).read_text())["clips"]))
    return found


def recorded(pack: Pack, sets: list[tuple[str, Path, list[dict]]]) -> dict[str, dict]:
    """By set: share of closures in which the lips shut, and the openings in closures (least) and in open vowels (most), medians."""
    return {name: closures(clips, say(pack, folder, clips)) for name, folder, clips in sets}


def say(pack: Pack, folder: Path, clips: list[dict]) -> Sentences:
    return unseen(pack, [clip["file"] for clip in clips], [read_audio(folder / clip["file"])[: int(LONGEST_S * 16000)] for clip in clips])


def closures(clips: list[dict], said: Sentences) -> dict:
    shut = count = 0
    least, most = [], []
    for index, clip in enumerate(clips):
        opening = said.opening(index)
        closed, vowel = (spans(clip["phones"], names, len(opening)) for names in (BILABIAL, OPEN_VOWELS))
        mask = np.zeros(len(opening), bool)
        for first, end in closed:
            mask[first:end] = True
            least.append(opening[max(0, first - 1) : end + 1].min())
        most += [opening[first:end].max() for first, end in vowel]
        met, spoken = shut_share(opening, mask)
        shut, count = shut + met, count + spoken
    if count == 0:
        raise NotMeasured("the recordings have no p, b or m")
    return {
        "clips": len(clips), "closures": count, "shut": shut / count, "threshold": SHUT, "leastInClosures": float(np.median(least)), "mostInOpenVowels": float(np.median(most)),
        "nearlyShut": float(np.mean(np.array(least) < 0.1)),
    }  # fmt: skip


def spans(phones: list[list], names: frozenset[str], frames: int) -> list[tuple[int, int]]:
    """Frames [first, end) of the phones with these names, at least one frame each."""
    found = [(int(start * 25), max(int(start * 25) + 1, int(np.ceil(end * 25)))) for name, start, end in phones if name in names]
    return [(first, min(end, frames)) for first, end in found if first < frames]
