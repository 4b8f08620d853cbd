"""Packs one face in the published layouts with Python's struct module, apart from the TypeScript that it checks.

    python3 plugins/live-link/golden/make.py

Live Link Face: the layout that PyLiveLinkFace decodes. iFacialMocap: ifacialmocap.com/for-developer.
"""

import math
import struct
from pathlib import Path

HERE = Path(__file__).parent
NAMES = """eyeBlinkLeft eyeLookDownLeft eyeLookInLeft eyeLookOutLeft eyeLookUpLeft eyeSquintLeft eyeWideLeft
eyeBlinkRight eyeLookDownRight eyeLookInRight eyeLookOutRight eyeLookUpRight eyeSquintRight eyeWideRight
jawForward jawLeft jawRight jawOpen mouthClose mouthFunnel mouthPucker mouthLeft mouthRight mouthSmileLeft mouthSmileRight
mouthFrownLeft mouthFrownRight mouthDimpleLeft mouthDimpleRight mouthStretchLeft mouthStretchRight mouthRollLower mouthRollUpper
mouthShrugLower mouthShrugUpper mouthPressLeft mouthPressRight mouthLowerDownLeft mouthLowerDownRight mouthUpperUpLeft
mouthUpperUpRight browDownLeft browDownRight browInnerUp browOuterUpLeft browOuterUpRight cheekPuff cheekSquintLeft
cheekSquintRight noseSneerLeft noseSneerRight tongueOut""".split()
FACE = {name: (i * 7 % 64) / 64 for i, name in enumerate(NAMES)}  # exact in float32
YAW, PITCH, ROLL = 0.25, 0.125, 0.0625  # rad: to the left, up, to the left shoulder
PLACE = (0.02, 0.04, 0.01)  # head heights of 0.23 m: to the left, up, forward

# A full look is 30 degrees sideways and 24 up or down; out is left for the left eye only.
left_yaw = (FACE["eyeLookOutLeft"] - FACE["eyeLookInLeft"]) * math.radians(30)
right_yaw = (FACE["eyeLookInRight"] - FACE["eyeLookOutRight"]) * math.radians(30)
left_pitch = (FACE["eyeLookUpLeft"] - FACE["eyeLookDownLeft"]) * math.radians(24)
right_pitch = (FACE["eyeLookUpRight"] - FACE["eyeLookDownRight"]) * math.radians(24)


def live_link_face() -> bytes:
    name = "Ådä".encode()
    values = [*FACE.values(), YAW, -PITCH, ROLL, left_yaw, -left_pitch, 0, right_yaw, -right_pitch, 0]
    packet = struct.pack("<i", 6) + b"$6f1c1f4e-7a52-4a3e-9a38-0a3a7c5b9d11"
    packet += struct.pack("!i", len(name)) + name + struct.pack("!ifii", 4321, 0.5, 60, 1)
    return packet + struct.pack("!B61f", 61, *values)


def short(name: str) -> str:
    if name in ("mouthLeft", "mouthRight", "jawLeft", "jawRight"):
        return name
    return name.removesuffix("Left") + "_L" if name.endswith("Left") else name.removesuffix("Right") + "_R" if name.endswith("Right") else name


def decimals(*values: float) -> str:
    return ",".join(f"{value:.6f}".rstrip("0").rstrip(".") for value in values)


def ifacialmocap(between: str) -> str:
    shapes = "".join(f"{short(name)}{between}{math.floor(value * 100 + 0.5)}|" for name, value in FACE.items())
    deg = math.degrees
    head = decimals(-deg(PITCH), -deg(YAW), deg(ROLL), -PLACE[0] * 0.23, PLACE[1] * 0.23, PLACE[2] * 0.23)
    right = decimals(-deg(right_pitch), -deg(right_yaw), 0.0)
    left = decimals(-deg(left_pitch), -deg(left_yaw), 0.0)
    return f"{shapes}=head#{head}|rightEye#{right}|leftEye#{left}|"


if __name__ == "__main__":
    (HERE / "live-link-face.bin").write_bytes(live_link_face())
    (HERE / "ifacialmocap-v1.txt").write_text(ifacialmocap("-"))
    (HERE / "ifacialmocap-v2.txt").write_text(ifacialmocap("&"))
