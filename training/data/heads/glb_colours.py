"""Colours of a glTF primitive in the form that our renderer draws: one texture and one set of UV."""

from __future__ import annotations

import numpy as np

_CELL = 4
"""Side of the cell of one triangle in a baked texture, in pixels."""


def transformed(uv: np.ndarray, change: dict | None) -> np.ndarray:
    """UV [n,2] after KHR_texture_transform."""
    if not change:
        return uv
    turn = change.get("rotation", 0.0)
    scaled = uv * np.asarray(change.get("scale", (1, 1)), np.float32)
    cos, sin = np.float32(np.cos(turn)), np.float32(np.sin(turn))
    return np.stack([cos * scaled[:, 0] + sin * scaled[:, 1], cos * scaled[:, 1] - sin * scaled[:, 0]], 1) + np.asarray(
        change.get("offset", (0, 0)), np.float32
    )


def baked_colours(
    points: np.ndarray, moves: dict[int, np.ndarray], triangles: np.ndarray, colours: np.ndarray, share: np.ndarray | None, eye: np.ndarray
) -> tuple:
    """Colours of vertices (linear) as a texture: each triangle gets vertices of its own and a cell of 4 x 4 pixels with its blend."""
    corners = triangles.ravel()
    side = int(np.ceil(np.sqrt(len(triangles))))
    row, column = np.divmod(np.arange(len(triangles)), side)
    step = np.arange(_CELL) / (_CELL - 1)
    right, down = np.meshgrid(step, step)
    blend = np.stack([1 - right - down, right, down], -1)  # beyond the diagonal the plane goes on
    cells = np.einsum("abk,tkc->tabc", blend, colours[triangles])
    texture = np.zeros((side * side, _CELL, _CELL, 3), np.float32)
    texture[: len(cells)] = cells
    texture = texture.reshape(side, side, _CELL, _CELL, 3).transpose(0, 2, 1, 3, 4).reshape(side * _CELL, side * _CELL, 3)
    pixels = np.sqrt(np.clip(texture, 0, 1)) * 255  # the renderer squares it
    size = side * _CELL
    near, far = 0.5, _CELL - 0.5
    x = column[:, None] * _CELL + np.array([near, far, near])
    y = row[:, None] * _CELL + np.array([near, near, far])
    uv = np.stack([x.ravel() / size, 1 - y.ravel() / size], 1).astype(np.float32)
    rgba = np.concatenate([pixels.astype(np.uint8), np.full((size, size, 1), 255, np.uint8)], -1)
    made = np.arange(len(corners)).reshape(-1, 3)
    return points[corners], {key: move[corners] for key, move in moves.items()}, uv, made, rgba, None if share is None else share[corners], eye[corners]
