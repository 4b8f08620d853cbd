"""Region tokens: names, roles, places, and which motion numbers each one sees.

ECHO (../../docs/paper.md) keeps a grid of latents; we keep twelve tokens a frame, each with a place on the face and a role
in SDCM (Eq. 10, 11): `lip` tokens take the avatar's audio alone, `face` tokens the gated pair, `off` tokens neither.
"""

from dataclasses import dataclass

from training.data.arkit import ARKIT_INDEX, ARKIT_NAMES

POSE_NAMES = ("headYaw", "headPitch", "headRoll", "headX", "headY", "headZ")
MOTION_NAMES = tuple(ARKIT_NAMES) + POSE_NAMES  # 58 numbers a frame
MOTION_WIDTH = len(MOTION_NAMES)
MOUTH = [i for name, i in ARKIT_INDEX.items() if name.startswith(("jaw", "mouth", "tongue", "cheekPuff"))]
"""Coefficients that speech moves."""
KEYPOINTS = 96
TOKEN_WIDTH = 32


@dataclass(frozen=True)
class Region:
    """One token of a frame. `place` is x, y on the face, 0..1 from the top left of the picture."""

    name: str
    role: str  # lip | face | off
    place: tuple[float, float]
    inputs: tuple[str, ...]


def _both(*stems: str) -> tuple[str, ...]:
    return tuple(f"{stem}{side}" for stem in stems for side in ("Left", "Right"))


_MOUTH = ("jawForward", "jawLeft", "jawRight", "jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthLeft", "mouthRight")
_ROLL = ("mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper")
_CORNER = ("mouthSmile", "mouthFrown", "mouthDimple", "mouthStretch", "mouthPress", "mouthLowerDown", "mouthUpperUp")
_EYE = ("eyeBlink", "eyeLookDown", "eyeLookIn", "eyeLookOut", "eyeLookUp", "eyeSquint", "eyeWide")


def _sided(stems: tuple[str, ...], side: str) -> tuple[str, ...]:
    return tuple(f"{stem}{side}" for stem in stems)


REGIONS: tuple[Region, ...] = (
    Region("lipsLeft", "lip", (0.60, 0.72), _MOUTH + _ROLL + _sided(_CORNER, "Left")),
    Region("lipsCentre", "lip", (0.50, 0.72), _MOUTH + _ROLL + _both("mouthUpperUp", "mouthLowerDown", "mouthPress")),
    Region("lipsRight", "lip", (0.40, 0.72), _MOUTH + _ROLL + _sided(_CORNER, "Right")),
    Region("jaw", "lip", (0.50, 0.84), _MOUTH + ("tongueOut", "cheekPuff")),
    Region("eyeLeft", "face", (0.60, 0.46), _sided(_EYE, "Left")),
    Region("eyeRight", "face", (0.40, 0.46), _sided(_EYE, "Right")),
    Region("browLeft", "face", (0.61, 0.38), ("browDownLeft", "browInnerUp", "browOuterUpLeft")),
    Region("browRight", "face", (0.39, 0.38), ("browDownRight", "browInnerUp", "browOuterUpRight")),
    Region("cheeks", "face", (0.50, 0.60), ("cheekPuff",) + _both("cheekSquint", "mouthSmile", "mouthFrown", "mouthDimple")),
    Region("nose", "face", (0.50, 0.57), _both("noseSneer")),
    Region("head", "face", (0.50, 0.25), POSE_NAMES[:3]),
    Region("body", "off", (0.50, 0.95), POSE_NAMES[3:]),
)
TOKENS = len(REGIONS)
LIP_MASK = tuple(1.0 if r.role == "lip" else 0.0 for r in REGIONS)
FACE_MASK = tuple(1.0 if r.role == "face" else 0.0 for r in REGIONS)


def region_inputs() -> list[list[int]]:
    """Indices into the 58 motion numbers that each region sees; together they cover all 58."""
    index = {name: i for i, name in enumerate(MOTION_NAMES)}
    picked = [[index[name] for name in region.inputs] for region in REGIONS]
    missing = set(range(MOTION_WIDTH)) - {i for row in picked for i in row}
    if missing:
        raise ValueError(f"motion numbers that no region sees: {sorted(MOTION_NAMES[i] for i in missing)}")
    return picked
