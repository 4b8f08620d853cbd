"""Feelings on a face: emotion levels over time, smiles as episodes, and what one person's face does to the other's.

The mirror recipe: a smile is answered (p about 0.7, median lag 450 ms, gain 0.5 to 0.8, with cheeks); sadness is answered by
concern, never copied; anger is not mirrored. Answers decay as AR(1). Bad news leaves a concern that lasts for minutes after the
user's face has become neutral; laughter leaves warmth, anger leaves some tension, both for less than a minute.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from .affect_text import Affect
from .emotion_shapes import CODE, EMOTION_NAMES, EMOTIONS, INDEX, SMILING
from .people import Person
from .statistics import FPS, STATISTICS, Statistics
from .turns import Turn

COUNT = len(EMOTION_NAMES)
_SMILE_CODES = [CODE[name] for name in sorted(SMILING)]
_ATTACK_S = 0.30


@dataclass(frozen=True)
class Smile:
    """A smile: onset frame, frames of rise, hold and fall, peak 0..1; `answers` is the onset of the smile it answers."""

    frame: int
    rise: int
    hold: int
    fall: int
    peak: float
    answers: int | None = None

    @property
    def end(self) -> int:
        return self.frame + self.rise + self.hold + self.fall


def follow(target: np.ndarray, attack_s: float, release_s: float) -> np.ndarray:
    """AR(1) towards the target [T, C], faster up than down."""
    up, down = 1 - np.exp(-1 / (FPS * attack_s)), 1 - np.exp(-1 / (FPS * release_s))
    out = np.zeros_like(target)
    state = target[0].copy()
    for t in range(len(target)):
        step = target[t] - state
        state = state + step * np.where(step > 0, up, down)
        out[t] = state
    return out


def _living(frames: int, rng: np.random.Generator) -> np.ndarray:
    """A slow modulation [T, 1] around 1, so that no expression is frozen."""
    raw = gaussian_filter1d(rng.normal(size=frames + 100), 1.5 * FPS)[50:-50]
    return np.clip(1 + 0.11 * raw / max(raw.std(), 1e-6), 0.7, 1.3).astype(np.float32)[:, None]


def user_levels(turns: list[Turn], frames: int, person: Person, rng: np.random.Generator) -> np.ndarray:
    """The user's emotions [T, 25]: the script's state while speaking, a weaker or annotated one while listening.

    Smiling emotions stay at half here; the other half comes as smile episodes.
    """
    target = np.zeros((frames, COUNT), np.float32)
    held: Affect | None = None
    for i, turn in enumerate(turns):
        stop = turns[i + 1].start if i + 1 < len(turns) else frames
        if turn.role == "user":
            held = turn.affect
            target[max(0, turn.start - 8) : turn.end + 4] = turn.affect.levels()
            target[turn.end + 4 : stop] = 0.6 * turn.affect.levels()
        else:
            if held is not None:
                target[turn.start : stop] = (0.5 if EMOTIONS[CODE[held.emotion]].valence < 0 else 0.3) * held.levels()
            if turn.listener is not None:
                heard = turn.start + round((0.35 + 0.3 * rng.random()) * (turn.end - turn.start))
                target[heard:stop] = 0.9 * turn.listener.levels()
                held = turn.listener
    target[:, _SMILE_CODES] *= 0.45
    return person.expression_gain * follow(target, _ATTACK_S, 0.6 * person.expression_tau_s) * _living(frames, rng)


def _smile(frame: int, peak: float, rng: np.random.Generator, statistics: Statistics, answers: int | None = None) -> Smile:
    length = float(np.clip(rng.lognormal(np.log(1.5), 0.5), *statistics.smile_length_s))
    rise = round(rng.uniform(0.28, 0.44) * FPS)
    fall = round(rng.uniform(0.45, 0.9) * FPS)
    return Smile(max(0, int(frame)), rise, max(2, round(length * FPS) - rise), fall, float(np.clip(peak, 0.15, 0.95)), answers)


def _apart(smiles: list[Smile], frames: int, pause_s: float = 1.0) -> list[Smile]:
    """Smiles in order with a pause between them, so that each has an onset of its own."""
    out: list[Smile] = []
    for smile in sorted(smiles, key=lambda s: s.frame):
        if smile.frame < frames - FPS and (not out or smile.frame >= out[-1].end + pause_s * FPS):
            out.append(smile)
    return out


def own_smiles(turns: list[Turn], role: str, frames: int, rng: np.random.Generator, statistics: Statistics = STATISTICS, polite_per_min: float = 4.0) -> list[Smile]:
    """Smiles a person makes unasked: in happy sentences, at a joke heard, and now and then for politeness."""
    found: list[Smile] = []
    for turn in turns:
        speaks = turn.role == role
        affect = turn.affect if speaks else turn.listener
        if affect is None:
            continue
        level = max([affect.level] * (affect.emotion in SMILING) + [affect.second_level] * (affect.second in SMILING), default=0.0)
        if level < 0.3:
            continue
        if speaks:
            for spoken in turn.sentences:
                if rng.random() < 0.75 * level:
                    at = spoken.frame + (rng.uniform(-0.2, 0.4) if rng.random() < 0.5 else spoken.said.seconds - rng.uniform(0.0, 0.5)) * FPS
                    found.append(_smile(at, level * rng.uniform(0.65, 1.1), rng, statistics))
        elif rng.random() < 0.9:
            at = turn.sentences[-1].frame + turn.sentences[-1].said.seconds * FPS + rng.uniform(-0.5, 0.5) * FPS
            found.append(_smile(at, level * rng.uniform(0.75, 1.1), rng, statistics))
    for _ in range(rng.poisson(polite_per_min * frames / FPS / 60)):
        frame = int(rng.integers(frames))
        near = [t.affect for t in turns if t.role == role and abs(t.start - frame) < 15 * FPS]
        if all(EMOTIONS[CODE[a.emotion]].valence > -0.25 for a in near):
            found.append(_smile(frame, rng.uniform(0.3, 0.55), rng, statistics))
    return _apart(found, frames)


def smile_track(frames: int, smiles: list[Smile]) -> np.ndarray:
    """Height of the smile [T] 0..1: smooth rise, hold with a slight sag, slow fall."""
    out = np.zeros(frames, np.float32)
    for s in smiles:
        t = np.arange(s.rise + s.hold + s.fall)
        up = np.clip((t + 1) / max(s.rise, 1), 0, 1)
        down = np.clip((s.rise + s.hold + s.fall - t) / max(s.fall, 1), 0, 1)
        shape = (3 * up**2 - 2 * up**3) * (3 * down**2 - 2 * down**3) * (1 - 0.12 * np.clip((t - s.rise) / max(s.hold, 1), 0, 1))
        end = min(frames, s.frame + len(t))
        if end > s.frame:
            out[s.frame : end] = np.maximum(out[s.frame : end], (s.peak * shape)[: end - s.frame])
    return out


def smile_face(track: np.ndarray, person: Person) -> np.ndarray:
    """A smile's height [T] -> coefficients [T, 52]: corners a little uneven, cheeks, and lids when it is broad."""
    face = np.zeros((len(track), 52), np.float32)
    lean = 0.12 * person.asymmetry
    for side, gain in (("Left", 1 + lean), ("Right", 1 - lean)):
        face[:, INDEX["mouthSmile" + side]] = np.clip(track * gain, 0, 1)
        face[:, INDEX["cheekSquint" + side]] = person.cheek_share * track * gain
        face[:, INDEX["eyeSquint" + side]] = 0.3 * track**1.5
        face[:, INDEX["mouthUpperUp" + side]] = 0.18 * np.clip(track - 0.45, 0, 1)
        face[:, INDEX["mouthDimple" + side]] = 0.15 * track
    face[:, INDEX["jawOpen"]] = 0.15 * np.clip(track - 0.6, 0, 1)
    return np.clip(face, 0, 1)


@dataclass(frozen=True)
class Memory:
    """What the talk has left in the listener, each [T] 0..1: `grief` of bad news, `cheer` of laughter, `tension` of anger."""

    grief: np.ndarray
    cheer: np.ndarray
    tension: np.ndarray


def remember(seen: np.ndarray, smile: np.ndarray, person: Person) -> Memory:
    """Leaky memories of the other's visible emotions `seen` [T, 25] and `smile` [T]; joy heals grief within seconds."""
    sad = np.minimum(1.0, seen[:, CODE["sad"]] + 0.6 * seen[:, CODE["afraid"]] + 0.35 * seen[:, CODE["nervous"]])
    # faces at half level (see user_levels) and the smile on top are what laughter looks like
    joy = np.clip(1.6 * seen[:, [CODE["joyful"], CODE["happy"], CODE["excited"]]].max(1) + 0.8 * np.clip(smile - 0.6, 0, 1), 0, 1)
    joy = np.clip(joy - 0.25, 0, 1)
    cross = np.minimum(1.0, seen[:, CODE["angry"]] + 0.6 * seen[:, CODE["annoyed"]] + 0.4 * seen[:, CODE["disgusted"]])
    out = np.zeros((3, len(seen)), np.float32)
    grief = cheer = tension = 0.0
    dt = 1 / FPS
    for t in range(len(seen)):
        grief += dt * (sad[t] / 6.0 * (1 - grief) - grief / person.grief_tau_s - joy[t] * grief / 4.0)
        cheer += dt * (joy[t] / 6.0 * (1 - cheer) - cheer / person.mood_tau_s)
        tension += dt * (cross[t] / 6.0 * (1 - tension) - tension / person.mood_tau_s)
        out[:, t] = grief, cheer, tension
    return Memory(*out)


def answer_smiles(
    smiles: list[Smile], present: np.ndarray, memory: Memory, valence: np.ndarray, person: Person, rng: np.random.Generator,
    statistics: Statistics = STATISTICS,
) -> list[Smile]:  # fmt: skip
    """The listener's smiles back. Broad smiles are answered more often, grief and ill temper hold the answer down."""
    out = []
    logit = np.log(person.smile_return / (1 - person.smile_return)) + 0.35  # most smiles are small ones: see mood below
    for smile in smiles:
        f = smile.frame
        mood = 2.2 * (smile.peak - 0.5) - 1.2 * memory.grief[f] - 0.8 * memory.tension[f] + 1.0 * min(0.0, float(valence[f]))
        answered = rng.random() < 1 / (1 + np.exp(-(logit + mood)))
        lag = max(statistics.smile_lag_min_s, statistics.smile_lag_median_s * person.smile_lag_factor * rng.lognormal(0, statistics.smile_lag_sigma))
        if answered and present[min(f + 3, len(present) - 1)] and lag < 2.5:
            reply = _smile(f + max(1, round(lag * FPS)), smile.peak * person.smile_gain * rng.uniform(0.9, 1.15), rng, statistics, f)
            hold = round((smile.hold + smile.rise) * rng.uniform(0.7, 1.1))
            fall = round(person.expression_tau_s * rng.uniform(0.45, 0.75) * FPS)  # AR(1) tail as a smooth fall
            out.append(Smile(reply.frame, reply.rise, max(3, hold - reply.rise), fall, max(0.25, reply.peak), f))
    return out


def answer_feelings(seen: np.ndarray, memory: Memory, present: np.ndarray, person: Person, rng: np.random.Generator, statistics: Statistics = STATISTICS) -> np.ndarray:
    """The listener's answer [T, 25] to the other's visible emotions: concern for sadness and fear, stillness for anger,
    raised brows for surprise, a shade of disgust, curiosity for confusion; and the concern that stays."""
    frames = len(seen)
    target = np.zeros((frames, COUNT), np.float32)
    hurt = np.minimum(1.0, seen[:, CODE["sad"]] + 0.8 * seen[:, CODE["afraid"]] + 0.5 * seen[:, CODE["nervous"]] + 0.25 * seen[:, CODE["tired"]])
    lag = round(rng.uniform(*statistics.concern_lag_s) * FPS)
    hurt = np.concatenate([np.zeros(lag, np.float32), hurt[:-lag]])
    target[:, CODE["concerned"]] = 0.6 * hurt
    target[:, CODE["sympathetic"]] = 0.45 * hurt
    delayed = np.concatenate([np.zeros(lag, seen.dtype)[:, None].repeat(COUNT, 1), seen[:-lag]])
    target[:, CODE["attentive"]] = 0.8 * np.maximum(delayed[:, CODE["angry"]], 0.6 * delayed[:, CODE["annoyed"]])
    target[:, CODE["concerned"]] = np.maximum(target[:, CODE["concerned"]], 0.4 * delayed[:, CODE["angry"]])
    target[:, CODE["surprised"]] = 0.45 * delayed[:, CODE["surprised"]]
    target[:, CODE["disgusted"]] = 0.30 * delayed[:, CODE["disgusted"]]
    target[:, CODE["curious"]] = 0.35 * delayed[:, CODE["confused"]]
    target *= present[:, None]
    reaction = follow(target, 0.35, person.expression_tau_s)
    lasting = np.zeros_like(reaction)
    lasting[:, CODE["concerned"]] = 0.75 * memory.grief**0.6  # persists for minutes: see Statistics.grief_tau_s
    lasting[:, CODE["sympathetic"]] = 0.25 * memory.grief
    lasting[:, CODE["warm"]] = 0.35 * memory.cheer * (1 - memory.grief)
    lasting[:, CODE["nervous"]] = 0.22 * memory.tension
    return person.expression_gain * np.maximum(reaction, lasting) * _living(frames, rng)


def affect_levels(affects: list[tuple[int, Affect]], speaking: np.ndarray, person: Person, rng: np.random.Generator) -> np.ndarray:
    """The avatar's own emotion [T, 25] from its written states: clear while it speaks, a little weaker while it listens."""
    frames = len(speaking)
    target = np.zeros((frames, COUNT), np.float32)
    for i, (frame, affect) in enumerate(affects):
        stop = affects[i + 1][0] if i + 1 < len(affects) else frames
        target[frame:stop] = affect.levels()
    stage = 0.72 + 0.23 * gaussian_filter1d(speaking.astype(np.float32), 0.4 * FPS)
    return person.expression_gain * follow(target, 0.35, 0.5 * person.expression_tau_s) * stage[:, None] * _living(frames, rng)
