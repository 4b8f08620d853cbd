"""When people speak: gaps and overlaps between turns, pauses inside them, and where a listener may give a backchannel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .affect_text import Affect
from .dialogues import Line
from .prosody import TICK_HZ, Prosody
from .statistics import FPS, STATISTICS, Statistics
from .talk import Speaker, Utterance


@dataclass(frozen=True)
class Spoken:
    """A sentence in its place: `frame` is where its sound begins."""

    frame: int
    said: Utterance
    text: str


@dataclass(frozen=True)
class Turn:
    """A turn in time; `start` and `end` are frames of its sound (end is exclusive)."""

    role: str
    start: int
    end: int
    sentences: tuple[Spoken, ...]
    affect: Affect
    listener: Affect | None
    script: str
    kind: str

    @property
    def text(self) -> str:
        return " ".join(s.text for s in self.sentences)


def schedule(lines, speakers: dict[str, Speaker], frames: int, rng: np.random.Generator, statistics: Statistics = STATISTICS) -> list[Turn]:
    """Place lines one after another until the clip is full; the last turn ends at least a second before the clip does.

    The gap before a turn is normal around the published mean, so that about a third of the changes overlap; people who
    think or grieve take longer, people who are excited come in earlier.
    """
    turns: list[Turn] = []
    clock = float(rng.uniform(0.4, 1.6))
    previous: Line | None = None
    for line in lines:
        if previous is not None:
            clock += _gap(line, previous, turns[-1], rng, statistics)
        placed, at = [], clock
        for i, text in enumerate(line.sentences):
            if i:
                at += float(np.clip(rng.lognormal(np.log(statistics.sentence_pause_mean_s), 0.45), 0.12, 1.2))
            said = speakers[line.role].say(text, line.affect)
            frame = round(at * FPS)
            placed.append(Spoken(frame, said, text))
            at = frame / FPS + said.seconds
        if at * FPS > frames - FPS:
            break
        turns.append(Turn(line.role, placed[0].frame, int(np.ceil(at * FPS)), tuple(placed), line.affect, line.listener, line.script, line.kind))
        clock, previous = at, line
    return turns


def _gap(line: Line, previous: Line, last: Turn, rng: np.random.Generator, statistics: Statistics) -> float:
    gap = rng.normal(statistics.gap_mean_s - 0.09, statistics.gap_sigma_s)  # 0.09 s: what slow answers add below, on average
    if line.role == previous.role:
        gap = rng.uniform(0.5, 1.4)  # the same person goes on: a new topic
    elif line.script != previous.script:
        gap = abs(gap) + rng.uniform(0.6, 2.2)  # a lull between two topics
    elif {line.affect.emotion, previous.affect.emotion} & {"sad", "thoughtful", "tired", "confused"}:
        gap += 0.25
    elif line.affect.emotion in ("excited", "joyful", "angry"):
        gap -= 0.12
    shortest = max(statistics.gap_min_s, -0.35 * (last.end - last.start) / FPS)
    return float(np.clip(gap, shortest, 3.0 if line.script != previous.script else statistics.gap_max_s))


def backchannel_places(prosody: Prosody, holding: np.ndarray, statistics: Statistics = STATISTICS) -> list[float]:
    """Times in seconds at which the rule of Ward & Tsukahara 2000 allows a backchannel.

    A region of pitch under the speaker's 26th percentile that lasts 110 ms, after 700 ms of speech, with none in the last
    800 ms; the answer comes 700 ms after the region's begin. `holding` [T] bool: frames in which the speaker has the floor.
    """
    pitch = prosody.pitch_hz
    voiced = pitch > 0
    if voiced.sum() < TICK_HZ:
        return []
    low = voiced & (pitch < np.percentile(pitch[voiced], statistics.bc_pitch_percentile))
    need = round(statistics.bc_low_pitch_s * TICK_HZ)
    edges = np.flatnonzero(np.diff(np.concatenate([[0], low.astype(np.int8), [0]])))
    places, last = [], -1e9
    spoken = np.cumsum(prosody.speaking)
    before = round(statistics.bc_speech_before_s * TICK_HZ)
    for start, end in zip(edges[::2], edges[1::2]):
        if end - start < need or start < before:
            continue
        at = (start + need) / TICK_HZ
        if spoken[start] - spoken[start - before] < 0.85 * before or at - last < statistics.bc_refractory_s:
            continue
        answer = start / TICK_HZ + statistics.bc_wait_s
        frame = int(answer * FPS)
        if frame < len(holding) and holding[frame]:
            places.append(answer)
            last = answer
    return places
