"""Measured statistics of built conversations against the published ones: `python -m training.data.conversation.report build/conversations`."""

from __future__ import annotations

import argparse
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.data.arkit import ARKIT_INDEX
from training.data.speech.visemes import mouth_opening

from .conversation import Conversation, load_conversation
from .statistics import FPS, STATISTICS


@dataclass(frozen=True)
class Measure:
    """One figure: what was measured, what it should be near, and the band that we accept."""

    name: str
    value: float
    published: str
    low: float
    high: float

    @property
    def lands(self) -> bool:
        return self.low <= self.value <= self.high


def _held(talk: Conversation, role: str) -> np.ndarray:
    out = np.zeros(talk.frames, bool)
    for row in talk.dialogue:
        if row["role"] == role and not row["backchannel"]:
            out[int(row["t"] * FPS) : int(row["end"] * FPS)] = True
    return out


def _mask(talk: Conversation, role: str) -> np.ndarray:
    out = np.zeros(talk.frames, bool)
    for start, end in talk.events["gazeAt"][role]:
        out[start:end] = True
    return out


def count_blinks(lid: np.ndarray) -> int:
    """Blinks seen in a lid curve: rises of 0.3 or more over three frames above what was there."""
    rise = lid[3:] - lid[:-3] > 0.3
    return int((np.diff(np.concatenate([[0], rise.astype(np.int8)])) > 0).sum())


def smile_rises(smile: np.ndarray, frame: int, first_s: float = 0.2, last_s: float = 1.2, least: float = 0.08) -> bool:
    """Whether the smile grows by `least` between onset + first_s and onset + last_s of a stimulus at `frame`."""
    span = smile[frame + round(first_s * FPS) - 2 : frame + round((last_s + 0.3) * FPS)]
    if len(span) < 4:
        return False
    lowest = np.minimum.accumulate(span)
    return bool((span - lowest).max() >= least)


def _mimicry_lag(talks: list[Conversation]) -> float:
    """Lag in seconds of the strongest correlation of the avatar's head pitch with the user's, in 0.2..1.1 Hz."""
    from scipy.signal import butter, sosfiltfilt

    band = butter(2, STATISTICS.mimicry_band_hz, btype="band", fs=FPS, output="sos")
    lags = np.arange(0, 40)
    score = np.zeros(len(lags))
    for talk in talks:
        quiet = ~_held(talk, "avatar")
        for axis, sign in ((52, -1.0), (53, 1.0), (54, -1.0)):
            # the calm part is no answer: taking it away leaves what reacts
            user = sosfiltfilt(band, talk.user_face[:, axis].astype(np.float64))
            avatar = sosfiltfilt(band, (talk.avatar_face[:, axis].astype(np.float64) - talk.avatar_calm[:, axis]))
            for i, lag in enumerate(lags):
                n = talk.frames - lag
                score[i] += sign * (user[:n] * avatar[lag:] * quiet[lag:]).sum()
    return float(lags[score.argmax()] / FPS)


def measure(talks: list[Conversation]) -> list[Measure]:
    """All figures over a set of conversations."""
    s = STATISTICS
    minutes = sum(t.frames for t in talks) / FPS / 60
    gaps, overlap, talk_time, back, turns = [], 0.0, 0.0, 0, 0
    share = {"speaking": [0, 0], "listening": [0, 0]}
    starts, ends, blinks, slow, ordinary, fast = [], [], [], 0, 0, 0
    lags, answered, asked, seen_answers, no_smile = [], 0, 0, 0, [0, 0]
    mouth_shut, smiling_shut = [], []
    for talk in talks:
        rows = [r for r in talk.dialogue if not r["backchannel"]]
        back += len(talk.dialogue) - len(rows)
        turns += len(talk.dialogue)
        for a, b in zip(rows, rows[1:]):
            if a["role"] != b["role"] and a["script"] == b["script"]:
                gaps.append(b["t"] - a["end"])
        user, avatar = _held(talk, "user"), _held(talk, "avatar")
        overlap += (user & avatar).sum()
        talk_time += (user | avatar).sum()
        for role, held in (("user", user), ("avatar", avatar)):
            at = _mask(talk, role)
            for name, mask in (("speaking", held), ("listening", ~held)):
                share[name][0] += at[mask].sum()
                share[name][1] += mask.sum()
            for row in rows:
                if row["role"] == role and row["end"] - row["t"] > 1.2:
                    first, last = int(row["t"] * FPS), int(row["end"] * FPS)
                    starts.append(not at[min(first + 5, talk.frames - 1)])
                    ends.append(bool(at[min(last - 2, talk.frames - 1)]))
            blinks.append(len(talk.events["blinks"][role]) / (talk.frames / FPS / 60))
            for nod in talk.events["nods"][role]:
                if nod["kind"] == "nod":
                    slow += nod["hz"] < s.nod_bands_hz[1]
                    ordinary += s.nod_bands_hz[1] <= nod["hz"] < s.nod_bands_hz[2]
                    fast += nod["hz"] >= s.nod_bands_hz[2]
        lags += [a["lagS"] for a in talk.events["smileAnswers"]]
        answered += len(talk.events["smileAnswers"])
        asked += len(talk.events["userSmiles"])
        # what is really on the faces
        smile = talk.avatar_face[:, [ARKIT_INDEX["mouthSmileLeft"], ARKIT_INDEX["mouthSmileRight"]]].astype(np.float32).mean(1)
        busy = np.zeros(talk.frames, bool)
        for row in talk.events["userSmiles"]:
            seen_answers += smile_rises(smile, row["frame"])
            busy[max(0, row["frame"] - 50) : row["end"] + 100] = True
        quiet = ~busy & ~avatar
        for frame in range(50, talk.frames - 60, 60):
            if quiet[frame - 10 : frame + 45].all():
                no_smile[0] += smile_rises(smile, frame)
                no_smile[1] += 1
        shut = talk.avatar_closed.astype(bool)
        opening = mouth_opening(talk.avatar_face[:, :52].astype(np.float32))
        mouth_shut.append((opening[shut] < 0.03).mean())
        broad = shut & (smile > 0.4)
        if broad.any():
            smiling_shut.append((opening[broad] < 0.03).mean())
    nods = max(1, slow + ordinary + fast)
    gaps_a = np.array(gaps)
    return [
        Measure("median gap, s", float(np.median(gaps_a)), "0.2 (mean 0.208)", 0.05, 0.35),
        Measure("turn changes with overlap", float((gaps_a < 0).mean()), "0.40", 0.25, 0.45),
        Measure("overlap in talk", overlap / talk_time, "< 0.05", 0.002, 0.05),
        Measure("backchannels in turns", back / turns, "0.16 to 0.19", 0.11, 0.24),
        Measure("gaze at partner, speaking", share["speaking"][0] / share["speaking"][1], "0.41", 0.35, 0.50),
        Measure("gaze at partner, listening", share["listening"][0] / share["listening"][1], "0.75", 0.68, 0.82),
        Measure("turns begun looking away", float(np.mean(starts)), "> 0.70", 0.65, 0.95),
        Measure("turns ended looking at partner", float(np.mean(ends)), "> 0.70", 0.65, 0.95),
        Measure("blinks a minute", float(np.mean(blinks)), "26 (10.5 to 32.5)", 20.0, 32.5),
        Measure("nods a minute (both)", nods / minutes / 2, "no figure", 2.0, 12.0),
        Measure("share of slow nods (< 1.8 Hz)", slow / nods, "no figure", 0.15, 0.6),
        Measure("share of ordinary nods", ordinary / nods, "no figure", 0.1, 0.6),
        Measure("share of rapid nods (> 3.7 Hz)", fast / nods, "listeners 2.6 to 6.5 Hz", 0.1, 0.6),
        Measure("head mimicry lag, s", _mimicry_lag(talks), "0.600", 0.48, 0.72),
        Measure("user smiles a minute", asked / minutes, "no figure", 1.5, 9.0),
        Measure("smile answered (events)", answered / max(1, asked), "0.70", 0.60, 0.80),
        Measure("smile answer lag median, s", float(np.median(lags)) if lags else 0.0, "0.450", 0.36, 0.54),
        Measure("smile answers under 0.2 s", float(np.mean(np.array(lags) < 0.2)) if lags else 0.0, "0.10", 0.03, 0.18),
        Measure("smile answer seen 0.2 to 1.2 s", seen_answers / max(1, asked), ">= 0.60", 0.60, 0.95),
        Measure("smile rises with no user smile", no_smile[0] / max(1, no_smile[1]), "< 0.10", 0.0, 0.10),
        Measure("lips shut in p b m", float(np.mean(mouth_shut)), ">= 0.9", 0.9, 1.0),
        Measure("lips shut in p b m while smiling", float(np.mean(smiling_shut)) if smiling_shut else 1.0, ">= 0.9", 0.9, 1.0),
    ]


def concern_after(talk: Conversation, seconds: float = 120.0) -> float | None:
    """The avatar's browInnerUp `seconds` after the user's last sad turn, where the user is neutral and so is the written state."""
    sad = [r["end"] for r in talk.dialogue if r["role"] == "user" and r["kind"] == "sad"]
    if not sad:
        return None
    lo, hi = int((sad[-1] + seconds - 20) * FPS), int((sad[-1] + seconds + 20) * FPS)
    frames = [f for f in range(lo, min(hi, talk.frames)) if talk.affect_code[f] in (0, 1, 10, 11)]  # neutral, calm, interested, attentive
    if len(frames) < 2 * FPS:
        return None
    return float(talk.avatar_face[frames, ARKIT_INDEX["browInnerUp"]].astype(np.float32).mean())


def main() -> None:
    parser = argparse.ArgumentParser(description="Compare conversations with the published statistics.")
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    index = json.loads((folder / "index.json").read_text(encoding="utf-8"))
    talks = [load_conversation(folder / row["file"]) for row in index["conversations"]]
    print(f"{len(talks)} conversations, {sum(t.frames for t in talks) / FPS / 3600:.2f} h")
    print(f"{'figure':36} {'measured':>9}  published / wanted")
    for m in measure(talks):
        print(f"{m.name:36} {m.value:9.3f}  {m.published}{'' if m.lands else '   <-- OUTSIDE ' + str((m.low, m.high))}")
    after = [x for x in (concern_after(t) for t in talks) if x is not None]
    never = [float(t.avatar_face[np.isin(t.affect_code, (0, 1, 10, 11)), ARKIT_INDEX["browInnerUp"]].astype(np.float32).mean())
             for t in talks if not any(r["kind"] in ("sad", "fear", "relief") for r in t.dialogue)]  # fmt: skip
    if after and never:
        print(f"browInnerUp two minutes after bad news, all neutral now: {np.mean(after):.3f}; talks without bad news: {np.mean(never):.3f}")


if __name__ == "__main__":
    main()
