"""How the generated head behaves, against the published numbers: blinks, gaze by role, nods, the lag of its smiles.

Every reader looks at motion alone and is run on the truth of the same clips too: what it says there is what a perfect pack would get.
"""

import numpy as np

from training.data.arkit import ARKIT_INDEX
from training.data.conversation.gaze import FULL_DEG
from training.data.conversation.report import count_blinks
from training.data.conversation.statistics import FPS, STATISTICS
from training.eval.rollouts import Clip, Played

SMILES = [ARKIT_INDEX["mouthSmileLeft"], ARKIT_INDEX["mouthSmileRight"]]
PUBLISHED = {
    "blinksPerMinute": "26 (10.5 to 32.5)", "gazeAtListening": "0.75", "gazeAtSpeaking": "0.41", "nodHzListening": "slow 1 to 1.8, rapid 2.6 to 6.5",
    "nodShareSlow": "-", "nodShareOrdinary": "-", "nodShareRapid": "-", "smileLagMedianS": "0.45", "smileLagUnder200Ms": "0.10",
    "headTremblesDeg": "-", "faceTrembles": "-",
}  # fmt: skip


def gaze_deg(motion: np.ndarray) -> np.ndarray:
    """How far the eyes look from straight ahead, [T] degrees, from motion [T,58]; the head's turn is added."""
    at = lambda name: motion[:, ARKIT_INDEX[name]]  # noqa: E731
    side = FULL_DEG[0] * 0.5 * (at("eyeLookOutLeft") - at("eyeLookInLeft") + at("eyeLookInRight") - at("eyeLookOutRight"))
    up = 0.5 * (FULL_DEG[1] * (at("eyeLookUpLeft") + at("eyeLookUpRight")) - FULL_DEG[2] * (at("eyeLookDownLeft") + at("eyeLookDownRight")))
    return np.hypot(side + np.degrees(motion[:, 52]), up + np.degrees(motion[:, 53]))


def looked_at(clip: Clip) -> np.ndarray:
    """[T] frames in which the simulated avatar looks at its partner."""
    at = np.zeros(clip.talk.frames, bool)
    for start, end in clip.talk.events["gazeAt"]["avatar"]:
        at[start:end] = True
    return at[clip.span]


def gaze_threshold(clips: list[Clip]) -> tuple[float, float]:
    """Degrees under which a head looks at its partner, and the share of the truth's frames that they tell right.

    It is the widest angle that tells nearly (0.97) as many as the best one: eyes that tremble by a degree still look at one.
    """
    angle = np.concatenate([gaze_deg(clip.truth()) for clip in clips])
    at = np.concatenate([looked_at(clip) for clip in clips])
    candidates = np.arange(2.0, 25.0, 0.5)
    right = [float(((angle < limit) == at).mean()) for limit in candidates]
    widest = max(k for k, share in enumerate(right) if share >= 0.97 * max(right))
    return float(candidates[widest]), right[widest]


def nod_spectrum(pitch: np.ndarray, chosen: np.ndarray) -> np.ndarray | None:
    """Energy of head pitch velocity by frequency (0.2 .. 7 Hz in steps of 0.1), windows of 4 s that lie in `chosen`; None if there is none."""
    window, total = 4 * FPS, None
    for first in range(0, len(pitch) - window, window // 2):
        if chosen[first : first + window].mean() < 0.9:
            continue
        velocity = np.diff(pitch[first : first + window + 1]) * FPS
        power = np.abs(np.fft.rfft((velocity - velocity.mean()) * np.hanning(window), 10 * FPS)) ** 2
        total = power if total is None else total + power
    return None if total is None else total[2:71]


def trembling(motion: np.ndarray) -> tuple[float, float]:
    """How motion [T,58] shakes from frame to frame: medians over all frames of what is left of a frame beside the mean of its neighbours, of the
    head's three angles in degrees and of the 52 coefficients in thousandths (means over those). A movement is smooth in most of its frames, so it counts little.
    """
    off = np.abs(motion[1:-1] - 0.5 * (motion[:-2] + motion[2:]))
    typical = np.median(off, 0)
    return float(np.degrees(typical[52:55]).mean()), 1000 * float(typical[:52].mean())


def smile_lags(clip: Clip, smile: np.ndarray, least: float = 0.08) -> list[float]:
    """Seconds from each smile of the user to the moment at which the avatar's has grown by half of `least`; only smiles that grow in 1.2 s."""
    lags = []
    for row in clip.talk.events["userSmiles"]:
        frame = row["frame"] - clip.first
        if not 75 < frame < clip.frames - 45:
            continue
        span = smile[frame - 2 : frame + round(1.5 * FPS)]
        growth = span - np.minimum.accumulate(span)
        if growth.max() >= least:
            lags.append(max(0.0, (int((growth >= least / 2).argmax()) - 2) / FPS))
    return lags


def read(clips: list[Clip], motions: list[np.ndarray], limit: float) -> dict[str, float | None]:
    """All figures of one set of motions [T,58], one a clip."""
    blinks = minutes = 0.0
    at = {"Listening": [0, 0], "Speaking": [0, 0]}
    spectrum, lags, shaking = np.zeros(69), [], []
    for clip, motion in zip(clips, motions):
        blinks += count_blinks(0.5 * (motion[:, ARKIT_INDEX["eyeBlinkLeft"]] + motion[:, ARKIT_INDEX["eyeBlinkRight"]]))
        minutes += clip.frames / FPS / 60
        looks, speaking = gaze_deg(motion) < limit, clip.speaking()
        for role, mask in (("Listening", ~speaking), ("Speaking", speaking)):
            at[role][0] += int(looks[mask].sum())
            at[role][1] += int(mask.sum())
        found = nod_spectrum(motion[:, 53], ~speaking)
        spectrum += 0 if found is None else found
        shaking.append(trembling(motion))
        lags += smile_lags(clip, motion[:, SMILES].mean(1))
    hz = np.arange(2, 71) / 10
    bands = STATISTICS.nod_bands_hz
    share = lambda low, high: float(spectrum[(hz >= low) & (hz < high)].sum() / spectrum.sum()) if spectrum.sum() else None  # noqa: E731
    return {
        "blinksPerMinute": blinks / minutes, **{f"gazeAt{role}": a / n if n else None for role, (a, n) in at.items()},
        "nodHzListening": float((hz * spectrum).sum() / spectrum.sum()) if spectrum.sum() else None,
        "nodShareSlow": share(bands[0], bands[1]), "nodShareOrdinary": share(bands[1], bands[2]), "nodShareRapid": share(bands[2], bands[3] + 1),
        "smileLagMedianS": float(np.median(lags)) if lags else None, "smileLagUnder200Ms": float(np.mean(np.array(lags) < 0.2)) if lags else None,
        "smilesAnswered": len(lags), **dict(zip(("headTremblesDeg", "faceTrembles"), np.mean(shaking, 0).tolist())),
    }  # fmt: skip


def behaviour(played: Played) -> dict:
    """{made, truth, published} of the clips, and how well the gaze reader tells looking at from looking away."""
    limit, right = gaze_threshold(played.clips)
    return {
        "made": read(played.clips, [played.made.motion(i) for i in range(len(played.clips))], limit), "truth": read(played.clips, [clip.truth() for clip in played.clips], limit),
        "published": PUBLISHED, "gazeLimitDeg": limit, "gazeReaderRight": right, "minutes": sum(clip.frames for clip in played.clips) / FPS / 60,
    }  # fmt: skip
