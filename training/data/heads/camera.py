"""The one fixed camera of all renders, and head poses. World units are head heights (chin to crown); +x is the avatar's left.

The picture's x runs to the right (the avatar's left), its y downwards, both -1..1.
"""

from __future__ import annotations

import numpy as np

DISTANCE = 7.0
"""Camera distance from the head's centre in head heights: mild perspective."""
HALF_HEIGHT = 0.80
"""Half the picture's height at the head's centre, in head heights."""
CENTRE_Y = -0.14
"""Height of the picture's middle relative to the head's centre, in head heights."""
NEAR, FAR = 3.0, 12.0


def project(points: np.ndarray) -> np.ndarray:
    """Picture coordinates [...,2] float32 of world points [...,3]."""
    depth = (DISTANCE - points[..., 2]) / DISTANCE
    return np.stack([points[..., 0] / depth, -(points[..., 1] - CENTRE_Y) / depth], -1).astype(np.float32) / np.float32(HALF_HEIGHT)


def clip_matrix() -> np.ndarray:
    """OpenGL clip matrix [4,4] (row-major, for column vectors) of the camera; agrees with `project`."""
    scale = DISTANCE / HALF_HEIGHT
    matrix = np.zeros((4, 4), np.float32)
    matrix[0, 0] = scale
    matrix[1, 1] = scale
    matrix[1, 3] = -scale * CENTRE_Y
    matrix[2] = (0, 0, -(FAR + NEAR) / (FAR - NEAR), (FAR + NEAR) / (FAR - NEAR) * DISTANCE - 2 * FAR * NEAR / (FAR - NEAR))
    matrix[3] = (0, 0, -1, DISTANCE)
    return matrix


def turn(points: np.ndarray, share: np.ndarray, pivot: np.ndarray, pose: np.ndarray) -> np.ndarray:
    """Turns and moves points.

    points [t,n,3], share [n] (0 stays, 1 follows the head), pivot [3], pose [t,6] (yaw, pitch, roll in radians; x, y, z in
    head heights). Each point turns by `share` times the angle about the pivot; the shift moves every point alike.
    """
    shift = pose[:, None, 3:]
    out = points + shift
    if not pose[:, :3].any():
        return out
    rigid = np.flatnonzero(share > 0.999)
    soft = np.flatnonzero((share > 0.001) & (share <= 0.999))
    if len(rigid):
        rows = _turned(np.eye(3, dtype=np.float32)[None], np.ones(3, np.float32), pose)
        out[:, rigid] = (points[:, rigid] - pivot) @ rows + pivot + shift
    if len(soft):
        out[:, soft] = _turned(points[:, soft] - pivot, share[soft], pose) + pivot + shift
    return out


def _turned(arms: np.ndarray, share: np.ndarray, pose: np.ndarray) -> np.ndarray:
    yaw, pitch, roll = (pose[:, axis, None] * share for axis in range(3))
    x, y, z = (arms[..., axis] for axis in range(3))
    cos, sin = np.cos(roll), np.sin(roll)
    x, y = x * cos + y * sin, y * cos - x * sin
    cos, sin = np.cos(pitch), np.sin(pitch)
    y, z = y * cos + z * sin, z * cos - y * sin
    cos, sin = np.cos(yaw), np.sin(yaw)
    x, z = x * cos + z * sin, z * cos - x * sin
    return np.stack([x, y, z], -1)
