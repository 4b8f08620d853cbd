"""Are the controls obeyed? Every emotion word on a listening face, against the signature that it should have; expressivity 0 and 1."""

import numpy as np

from training.data.arkit import ARKIT_NAMES
from training.data.conversation.emotion_shapes import EMOTION_NAMES, SHAPES, mirrored
from training.data.conversation.report import count_blinks
from training.eval.metrics import cosine
from training.eval.session import Lane, Pack, roll_out, silent_lane

STILL = ("neutral", "attentive", "calm")  # words that ask for hardly any shape
FACE = [i for i, name in enumerate(ARKIT_NAMES) if not name.startswith("eyeLook")]
SETTLED = 75  # frames until a word shows


def lanes_of(words: list[str], seconds: float, **more) -> list[Lane]:
    lanes = []
    for i, word in enumerate(words):
        lanes.append(silent_lane(seconds, **({"seed": i} | more)))
        lanes[-1].affect = [(0, word)]
    return lanes


def signature(change: np.ndarray, shape: np.ndarray) -> float:
    """Cosine of a change of the face [52] with an emotion's shape or its mirror image, without the gaze."""
    return max(cosine(change[FACE], shape[FACE]), cosine(change[FACE], mirrored(shape)[FACE]))


def emotions(pack: Pack, seconds: float = 10.0, repeats: int = 2) -> dict:
    """Mean face of "very <emotion>" without the neutral face, by emotion: its cosine with the signature, and how far the leading coefficient moves."""
    words = [name if name in STILL else f"very {name}" for name in EMOTION_NAMES]
    faces = np.mean([roll_out(pack, lanes_of(words, seconds, seed=k)).blendshapes[:, SETTLED:].mean(1) for k in range(repeats)], 0)
    neutral = faces[EMOTION_NAMES.index("neutral")]
    rows = {}
    for index, name in enumerate(EMOTION_NAMES):
        if name in STILL:
            continue
        change = faces[index] - neutral
        ranked = sorted((k for k, other in enumerate(EMOTION_NAMES) if other not in STILL), key=lambda k: -signature(change, SHAPES[k]))
        lead = int(np.argmax(SHAPES[index] + mirrored(SHAPES[index])))
        moved = max(change[lead], mirrored(change)[lead])
        rows[name] = {
            "cosine": signature(change, SHAPES[index]), "leading": ARKIT_NAMES[lead], "moved": float(moved), "wanted": float(max(SHAPES[index][lead], mirrored(SHAPES[index])[lead])),
            "rank": ranked.index(index) + 1,
        }  # fmt: skip
    obeyed = [name for name, row in rows.items() if row["cosine"] >= 0.5 and row["moved"] >= 0.3 * row["wanted"]]
    return {"emotions": rows, "obeyed": len(obeyed), "of": len(rows), "notObeyed": sorted(set(rows) - set(obeyed)), "firstOfAll": sum(row["rank"] == 1 for row in rows.values())}


def expressivity(pack: Pack, seconds: float = 24.0) -> dict:
    """Movement of a listening face at expressivity 0 and 1: mean standard deviation of the coefficients, blinks a minute, largest excursion of the head."""
    out = {}
    for level in (0.0, 1.0):
        made = roll_out(pack, lanes_of(["happy", "curious", "neutral", "excited"], seconds, expressivity=level))
        faces, pose = made.blendshapes[:, SETTLED:], made.pose[:, SETTLED:]
        lids = [count_blinks(face[:, [ARKIT_NAMES.index("eyeBlinkLeft"), ARKIT_NAMES.index("eyeBlinkRight")]].mean(1)) for face in faces]
        out["calm" if level == 0 else "lively"] = {
            "movement": float(faces.std(1).mean()), "headMovement": float(pose.std(1)[:, :3].mean()), "blinksPerMinute": float(np.mean(lids) * 25 * 60 / faces.shape[1]),
            "turnMostRad": float(np.abs(pose[:, :, :3]).max()), "shiftMost": float(np.abs(pose[:, :, 3:]).max()),
        }  # fmt: skip
    return out


def controls(pack: Pack) -> dict:
    return emotions(pack) | {"expressivity": expressivity(pack)}
