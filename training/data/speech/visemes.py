"""Phones become ARKit mouth curves at 25 frames a second.

Coarticulation by dominance functions: Cohen & Massaro 1993, "Modeling coarticulation in synthetic visual speech".
Each phone pulls each coefficient towards its own target with a strength that falls off on both sides of its middle,

    curve_k(t) = sum_p D_pk(t) * target_pk / sum_p D_pk(t),      D_pk(t) = alpha_pk * exp(-(theta_pk * |t - c_p|)^1.0)

where theta is faster for lips than for the jaw. What must not be blended away (lips shut in p b m, lip on teeth in f v) is
put on top as a constraint with its own flanks. The numbers in the tables are ours, set by eye on ARKit heads.
"""

import numpy as np

from training.data.arkit import ARKIT_INDEX, ARKIT_NAMES
from training.data.speech.phones import BILABIAL, LABIODENTAL, SILENCE, Phone

FRAME_RATE_HZ = 25
# Lips set off before their sound: 60 to 120 ms in the literature. Here the middle of a gesture leads the middle of its phone
# by these times, and its soft flank begins another 50 ms or so earlier (a test measures 60 to 140 ms for the onset).
LIP_LEAD_S = 0.045
JAW_LEAD_S = 0.030  # the jaw is heavier and comes later
_STEP_S = 0.01  # curves are made at 100 Hz, then averaged over each frame
_TICKS_PER_FRAME = round(1 / (FRAME_RATE_HZ * _STEP_S))

_JAW, _STRETCH, _PUCKER, _FUNNEL, _SMILE, _LOWER, _UPPER, _SHRUG, _TONGUE, _CLOSE, _PRESS, _ROLL_IN, _ROLL_OUT, _DIMPLE = range(14)
CONTROL_COUNT = 14

# One control moves these coefficients: (name, gain). Roll-in is the lower lip under the teeth; roll-out the upper lip.
_CONTROL_TO_ARKIT: tuple[tuple[tuple[str, float], ...], ...] = (
    (("jawOpen", 1.0),),
    (("mouthStretchLeft", 1.0), ("mouthStretchRight", 1.0)),
    (("mouthPucker", 1.0), ("jawForward", 0.12)),
    (("mouthFunnel", 1.0),),
    (("mouthSmileLeft", 1.0), ("mouthSmileRight", 1.0), ("cheekSquintLeft", 0.25), ("cheekSquintRight", 0.25)),
    (("mouthLowerDownLeft", 1.0), ("mouthLowerDownRight", 1.0)),
    (("mouthUpperUpLeft", 1.0), ("mouthUpperUpRight", 1.0)),
    (("mouthShrugUpper", 0.6), ("mouthShrugLower", 1.0)),
    (("tongueOut", 1.0),),
    (("mouthClose", 1.0),),
    (("mouthPressLeft", 1.0), ("mouthPressRight", 1.0)),
    (("mouthRollLower", 1.0),),
    (("mouthRollUpper", 1.0),),
    (("mouthDimpleLeft", 1.0), ("mouthDimpleRight", 1.0)),
)

MOUTH_NAMES: tuple[str, ...] = tuple(name for row in _CONTROL_TO_ARKIT for name, _ in row)

# phone -> jaw, stretch, pucker, funnel, smile, lower down, upper up, shrug, tongue, dimple
_TARGETS: dict[str, tuple[float, ...]] = {
    #        jaw  stre puck funn smil lowr uppr shrg tong dimp
    "sil": (0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00),
    "p": (0.05, 0.00, 0.02, 0.00, 0.00, 0.00, 0.00, 0.10, 0.00, 0.00),
    "b": (0.06, 0.00, 0.02, 0.00, 0.00, 0.00, 0.00, 0.10, 0.00, 0.00),
    "m": (0.04, 0.00, 0.02, 0.00, 0.00, 0.00, 0.00, 0.10, 0.00, 0.00),
    "f": (0.09, 0.04, 0.00, 0.00, 0.00, 0.02, 0.30, 0.05, 0.00, 0.04),
    "v": (0.10, 0.04, 0.00, 0.00, 0.00, 0.02, 0.28, 0.05, 0.00, 0.04),
    "th": (0.16, 0.05, 0.00, 0.00, 0.00, 0.16, 0.12, 0.00, 0.28, 0.00),
    "dh": (0.15, 0.05, 0.00, 0.00, 0.00, 0.15, 0.10, 0.00, 0.22, 0.00),
    "t": (0.10, 0.12, 0.00, 0.00, 0.04, 0.16, 0.10, 0.00, 0.03, 0.03),
    "d": (0.12, 0.10, 0.00, 0.00, 0.04, 0.16, 0.10, 0.00, 0.03, 0.03),
    "n": (0.12, 0.08, 0.00, 0.00, 0.04, 0.15, 0.08, 0.00, 0.04, 0.02),
    "l": (0.20, 0.06, 0.00, 0.00, 0.04, 0.16, 0.10, 0.00, 0.08, 0.00),
    "s": (0.06, 0.22, 0.00, 0.06, 0.08, 0.22, 0.14, 0.00, 0.00, 0.06),
    "z": (0.07, 0.20, 0.00, 0.06, 0.08, 0.22, 0.14, 0.00, 0.00, 0.06),
    "sh": (0.09, 0.00, 0.28, 0.55, 0.00, 0.16, 0.16, 0.00, 0.00, 0.00),
    "zh": (0.10, 0.00, 0.26, 0.50, 0.00, 0.16, 0.16, 0.00, 0.00, 0.00),
    "ch": (0.09, 0.00, 0.26, 0.52, 0.00, 0.16, 0.16, 0.00, 0.00, 0.00),
    "jh": (0.10, 0.00, 0.24, 0.48, 0.00, 0.16, 0.16, 0.00, 0.00, 0.00),
    "k": (0.16, 0.06, 0.00, 0.00, 0.02, 0.14, 0.08, 0.00, 0.00, 0.00),
    "g": (0.17, 0.06, 0.00, 0.00, 0.02, 0.14, 0.08, 0.00, 0.00, 0.00),
    "ng": (0.18, 0.06, 0.00, 0.00, 0.02, 0.14, 0.08, 0.00, 0.00, 0.00),
    "hh": (0.22, 0.02, 0.00, 0.00, 0.00, 0.12, 0.06, 0.00, 0.00, 0.00),
    "y": (0.12, 0.20, 0.00, 0.00, 0.14, 0.16, 0.10, 0.00, 0.00, 0.06),
    "r": (0.14, 0.00, 0.32, 0.34, 0.00, 0.08, 0.06, 0.00, 0.00, 0.00),
    "er": (0.20, 0.00, 0.26, 0.32, 0.00, 0.12, 0.08, 0.00, 0.00, 0.00),
    "w": (0.10, 0.00, 0.72, 0.25, 0.00, 0.00, 0.00, 0.00, 0.00, 0.00),
    "aa": (0.56, 0.04, 0.00, 0.08, 0.00, 0.26, 0.14, 0.00, 0.00, 0.00),
    "ae": (0.48, 0.22, 0.00, 0.00, 0.10, 0.30, 0.22, 0.00, 0.00, 0.05),
    "ah": (0.40, 0.06, 0.00, 0.04, 0.02, 0.22, 0.12, 0.00, 0.00, 0.00),
    "ax": (0.24, 0.05, 0.00, 0.04, 0.02, 0.14, 0.08, 0.00, 0.00, 0.00),
    "eh": (0.36, 0.18, 0.00, 0.00, 0.10, 0.24, 0.16, 0.00, 0.00, 0.05),
    "ih": (0.22, 0.22, 0.00, 0.00, 0.14, 0.20, 0.12, 0.00, 0.00, 0.08),
    "iy": (0.16, 0.34, 0.00, 0.00, 0.24, 0.24, 0.14, 0.00, 0.00, 0.12),
    "ao": (0.46, 0.00, 0.18, 0.48, 0.00, 0.16, 0.10, 0.00, 0.00, 0.00),
    "uh": (0.22, 0.00, 0.38, 0.36, 0.00, 0.10, 0.06, 0.00, 0.00, 0.00),
    "uw": (0.15, 0.00, 0.72, 0.34, 0.00, 0.04, 0.02, 0.00, 0.00, 0.00),
}
# Diphthongs are two targets, the first with the larger part of the time.
_DIPHTHONGS: dict[str, tuple[str, str, float]] = {
    "ay": ("aa", "ih", 0.6), "aw": ("aa", "uh", 0.55), "ey": ("eh", "iy", 0.5), "ow": ("ao", "uw", 0.5), "oy": ("ao", "ih", 0.55),
}  # fmt: skip
_COLUMNS = (_JAW, _STRETCH, _PUCKER, _FUNNEL, _SMILE, _LOWER, _UPPER, _SHRUG, _TONGUE, _DIMPLE)

_THETA_LIPS = 1 / 0.030  # 1/s: outside its phone an influence falls to 1/e in 30 ms
_THETA_JAW = 1 / 0.040
_THETA_ROUNDING = 1 / 0.055  # rounding starts early and spreads over neighbours
_RELEASE_SHARE = 0.25  # the lips of p and b part in the last quarter of the phone: the burst is its end


def closures(phones: list[Phone]) -> list[tuple[float, float]]:
    """(start_s, end_s) of every span in which the lips are shut: p and b up to their release, m whole; neighbours join."""
    spans: list[tuple[float, float]] = []
    for phone in phones:
        if phone.name in BILABIAL:
            release = 0.0 if phone.name == "m" else _RELEASE_SHARE * (phone.end_s - phone.start_s)
            if spans and phone.start_s - spans[-1][1] < 0.03:
                spans[-1] = (spans[-1][0], phone.end_s - release)
            else:
                spans.append((phone.start_s, phone.end_s - release))
    return spans


OPENING: dict[str, float] = {
    "jawOpen": 1.0, "mouthClose": -1.0,
    "mouthLowerDownLeft": 1 / 16, "mouthLowerDownRight": 1 / 16, "mouthUpperUpLeft": 1 / 16, "mouthUpperUpRight": 1 / 16,
}  # fmt: skip
"""What each coefficient adds to the gap between the lips, see `mouth_opening`."""


def mouth_opening(coefs: np.ndarray) -> np.ndarray:
    """How far the lips are apart, [T] in 0..1, from coefficients [T,52]: jawOpen minus what the lips take back."""
    return np.clip(sum(gain * coefs[:, ARKIT_INDEX[name]] for name, gain in OPENING.items()), 0, 1)


def speech_to_face(phones: list[Phone], pcm: np.ndarray, frames: int, style: float = 1.0) -> np.ndarray:
    """Mouth, jaw, cheek and tongue coefficients float32 [frames,52] in 0..1 for an utterance; all others are 0.

    `pcm` float32 [S] at 16 kHz gives the effort (louder opens wider). `style` 0.5 mumbles, 1 is ordinary, 1.5 is
    emphatic; it must lie in 0.2..2. Lip closure and lip-on-teeth are complete in every style. Frame t is the mean over t/25..(t+1)/25 s.
    """
    if not 0.2 <= style <= 2:
        raise ValueError(f"style must lie in 0.2..2, got {style}")
    ticks = frames * _TICKS_PER_FRAME
    times = (np.arange(ticks) + 0.5) * _STEP_S  # [N] s
    controls = _dominance(phones, times)  # [N,14]
    effort = style * _effort(pcm, phones, times + JAW_LEAD_S)  # [N]
    for index in (_JAW, _LOWER, _UPPER, _STRETCH, _SMILE, _DIMPLE):
        controls[:, index] *= effort if index == _JAW else effort**0.7
    controls[:, (_PUCKER, _FUNNEL, _TONGUE)] *= np.clip(effort, 0.5, 1.3)[:, None] ** 0.5
    _put_contacts(controls, phones, times)
    smooth = _smoothed(controls)
    per_frame = smooth.reshape(frames, _TICKS_PER_FRAME, CONTROL_COUNT).mean(1)  # [T,14]
    _shut(per_frame, phones)
    return _to_arkit(np.clip(per_frame, 0, 1))


def _targets(phones: list[Phone]) -> list[tuple[np.ndarray, float, float, bool]]:
    """(controls [14], start_s, end_s, silent) per target; diphthongs give two."""
    out = []
    for phone in phones:
        if phone.name in _DIPHTHONGS:
            first, second, share = _DIPHTHONGS[phone.name]
            middle = phone.start_s + share * (phone.end_s - phone.start_s)
            parts = ((first, phone.start_s, middle), (second, middle, phone.end_s))
        else:
            parts = ((phone.name, phone.start_s, phone.end_s),)
        for name, start, end in parts:
            controls = np.zeros(CONTROL_COUNT)
            controls[list(_COLUMNS)] = _TARGETS[name]
            out.append((controls, start, end, name == SILENCE))
    return out


def _dominance(phones: list[Phone], times: np.ndarray) -> np.ndarray:
    """Blended controls [N,14] at `times`, with the leads applied (the face at t serves the sound at t + lead)."""
    top = np.zeros((len(times), CONTROL_COUNT))
    bottom = np.full((len(times), CONTROL_COUNT), 1e-6)
    theta = np.full(CONTROL_COUNT, _THETA_LIPS)
    theta[_JAW] = _THETA_JAW
    theta[[_PUCKER, _FUNNEL]] = _THETA_ROUNDING
    lead = np.full(CONTROL_COUNT, LIP_LEAD_S)
    lead[_JAW] = JAW_LEAD_S
    for target, start, end, silent in _targets(phones):
        near = slice(*np.searchsorted(times, (start - 0.9, end + 0.7)))
        away = np.abs(times[near, None] + lead - (start + end) / 2) - (end - start) / 2  # [n,14] s outside the phone, negative inside
        strength = np.full(CONTROL_COUNT, 0.9 if silent else 1.0)
        strength[[_PUCKER, _FUNNEL]] *= 0.4 + 2.2 * np.maximum(target[_PUCKER], target[_FUNNEL])
        strength[_JAW] *= 0.6 + target[_JAW]
        weight = strength * np.exp(-theta * np.maximum(away, -(end - start) / 3))
        top[near] += weight * target
        bottom[near] += weight
    return top / bottom


def _effort(pcm: np.ndarray, phones: list[Phone], times: np.ndarray) -> np.ndarray:
    """How loud the voice is around each time, [N] in 0.45..1.35; 1 is a root mean square of 0.08 in a vowel."""
    hop = 160  # 10 ms
    count = max(1, len(pcm) // hop)
    power = np.square(pcm[: count * hop].astype(np.float64)).reshape(count, -1).mean(1) if len(pcm) >= hop else np.zeros(1)
    kernel = np.hanning(33)
    level = np.sqrt(np.convolve(power, kernel / kernel.sum(), mode="same")[: len(power)])  # [count] over 160 ms each side
    loud = np.interp(times, (np.arange(len(level)) + 0.5) * hop / 16000, level)
    return np.clip((loud / 0.08 + 1e-6) ** 0.35, 0.45, 1.35)


def _put_contacts(controls: np.ndarray, phones: list[Phone], times: np.ndarray) -> None:
    """Puts lip contact for p b m and lip on teeth for f v over the blend, in place; both begin before their sound."""
    for start, end in closures(phones):
        hold = _flanked(times, start - 0.02, end - 0.01, 0.045)
        controls[:, _CLOSE] = np.maximum(controls[:, _CLOSE], hold)
        controls[:, _PRESS] = np.maximum(controls[:, _PRESS], 0.3 * hold)
        controls[:, _ROLL_IN] = np.maximum(controls[:, _ROLL_IN], 0.22 * hold)
        controls[:, _ROLL_OUT] = np.maximum(controls[:, _ROLL_OUT], 0.22 * hold)
        controls[:, [_LOWER, _UPPER]] *= (1 - hold)[:, None]
        controls[:, _JAW] *= 1 - 0.5 * hold
        controls[:, [_FUNNEL, _TONGUE]] *= (1 - 0.8 * hold)[:, None]
    for phone in phones:
        if phone.name in LABIODENTAL:
            hold = _flanked(times, phone.start_s - 0.02, phone.end_s - 0.02, 0.045)
            controls[:, _ROLL_IN] = np.maximum(controls[:, _ROLL_IN], 0.55 * hold)
            controls[:, _LOWER] *= 1 - 0.9 * hold
            controls[:, _UPPER] = np.maximum(controls[:, _UPPER], 0.34 * hold)  # the upper teeth show
            controls[:, _JAW] *= 1 - 0.5 * hold
            controls[:, [_FUNNEL, _PUCKER]] *= (1 - 0.5 * hold)[:, None]


def _flanked(times: np.ndarray, start_s: float, end_s: float, flank_s: float) -> np.ndarray:
    """1 inside start..end, falling to 0 over `flank_s` on both sides along half a cosine; [N]."""
    outside = np.maximum(np.maximum(start_s - times, times - end_s), 0)
    return 0.5 + 0.5 * np.cos(np.pi * np.minimum(outside / flank_s, 1))


def _smoothed(controls: np.ndarray) -> np.ndarray:
    """Controls [N,14] under a short window: 90 ms for the jaw, 50 ms for the rest, none for the close control."""
    out = controls.copy()
    for index in range(CONTROL_COUNT):
        if index == _CLOSE:
            continue
        kernel = np.hanning(11 if index == _JAW else 7)[1:-1]
        kernel /= kernel.sum()
        padded = np.pad(controls[:, index], len(kernel) // 2, mode="edge")
        out[:, index] = np.convolve(padded, kernel, mode="valid")
    return out


def _shut(per_frame: np.ndarray, phones: list[Phone]) -> None:
    """Turns the closing share into the coefficient: mouthClose takes back exactly what the jaw opens, in place.

    ARKit's mouthClose is made to cancel jawOpen ("closure of the lips independent of jaw position"). A frame whose
    middle lies in a closure, or that holds the closure's middle, is shut whole: else 25 frames a second average a short p away.
    """
    hold = per_frame[:, _CLOSE].copy()
    middles = (np.arange(len(hold)) + 0.5) / FRAME_RATE_HZ
    for start, end in closures(phones):
        inside = (middles >= start - 0.01) & (middles <= end)
        inside[np.clip(int((start + end) / 2 * FRAME_RATE_HZ), 0, len(hold) - 1)] = True  # also when shorter than a frame
        hold[inside] = 1
        per_frame[inside, _LOWER] = 0
        per_frame[inside, _UPPER] = 0
        per_frame[inside, _TONGUE] = 0
    per_frame[:, _CLOSE] = hold * per_frame[:, _JAW]


def _to_arkit(controls: np.ndarray) -> np.ndarray:
    """Controls [T,14] to coefficients float32 [T,52]."""
    out = np.zeros((len(controls), len(ARKIT_NAMES)), np.float32)
    for index, row in enumerate(_CONTROL_TO_ARKIT):
        for name, gain in row:
            out[:, ARKIT_INDEX[name]] += gain * controls[:, index]
    return np.clip(out, 0, 1)
