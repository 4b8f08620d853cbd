"""Lines to dub: utterances of the speech corpus in natural voices, put into the mouths of people who are silent in a talk.

The talks are mostly spoken by synthesisers, and a generator that has heard little else parts the lips of a real voice where it should shut
them. A line costs nothing: its sound and its mouth replace the silence of a crop, and only lips are learned from it.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.data.conversation.lips import put_together
from training.data.conversation.talk import closed_frames
from training.data.speech.phones import Phone
from training.model.config import Config
from training.model.device import array_of, tensor_of

QUIET_RMS = 0.004
"""Under this in every frame, the avatar is silent."""


@dataclass
class Line:
    """One utterance of T frames."""

    audio: Tensor  # [T,D] half precision
    mouth: np.ndarray  # [T,52]
    closed: np.ndarray  # [T] 1 where the lips must meet
    loudness: Tensor  # [T]


def natural_lines(config: Config, corpus: Path, work: Path, features) -> list[Line]:
    """The training utterances in natural voices. `features` gives [T,D] of PCM int16; they are kept in `<work>/lines.pt`."""
    index = json.loads((corpus / "index.json").read_text())["utterances"]
    rows = [row for row in index if row["split"] == "train" and row["voice"].startswith("kokoro")]
    if not rows:
        return []
    pcm, face = np.load(corpus / "pcm.npy", mmap_mode="r"), np.load(corpus / "face.npy", mmap_mode="r")
    sounds = [np.asarray(pcm[row["pcm_start"] : row["pcm_start"] + row["samples"]]) for row in rows]
    cache = work / "lines.pt"
    if cache.exists():
        known = torch.load(cache, map_location=torch.get_default_device())
    else:
        known = [features(sound) for sound in sounds]
        torch.save(known, cache)
    lines = []
    for row, sound, audio in zip(rows, sounds, known, strict=True):
        frames, spf = len(audio), config.clock.samples_per_frame
        mouth = np.asarray(face[row["frame_start"] : row["frame_start"] + frames], np.float32)
        loudness = np.sqrt(((sound[: frames * spf].astype(np.float32) / 32768).reshape(frames, spf) ** 2).mean(1))
        lines.append(Line(audio, mouth, closed_frames([Phone(*phone) for phone in row["phones"]], frames), tensor_of(loudness)))
    return lines


def dub(line: Line, start: int, motion: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Motion [F,58] of a silent face as it says the line from frame `start` on: motion, closed [F], loudness [F]. Before and after the line it is silent."""
    frames = len(motion)
    mouth, closed, loud = np.zeros((frames, 52), np.float32), np.zeros(frames, np.float32), motion.new_zeros(frames)
    first, last = max(start, 0), min(start + frames, len(line.mouth))
    span = slice(first - start, last - start)
    mouth[span], closed[span], loud[span] = line.mouth[first:last], line.closed[first:last], line.loudness[first:last]
    speaking = np.clip(array_of(loud) / 0.02, 0, 1)
    face = put_together(mouth, closed, speaking, array_of(motion[:, :52]))
    return torch.cat([tensor_of(face.astype(np.float32)), motion[:, 52:]], 1), tensor_of(closed), loud
