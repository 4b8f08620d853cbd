"""Pictures of one head with what the fit needs to know about each: its motion, its keypoints, and which pixels are mouth and eyes."""

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from PIL import Image, ImageDraw

from training.data.heads.landmarks import KEYPOINT_GROUPS, KEYPOINT_INDEX
from training.data.heads.light import Light
from training.data.heads.renderer import Renderer
from training.data.heads.rig import PosedHead
from training.data.renders import opened_motion
from training.model.layout import MOTION_WIDTH
from training.stages.codec import BROW, EYE, LIPS, MOUTH

LEAST_PICTURES = 50


def computing_seconds() -> float:
    """Time this process has computed, of one core: a busy machine makes the same avatar, only later."""
    return time.process_time() / max(1, torch.get_num_threads())


@dataclass
class HeadPictures:
    """rgba [P,S,S,4] uint8 with straight alpha, parts [P,S,S], motion [P,58], keypoints [P,96,2]; places [2,96,2] and references [2,S,S,4] of the head at rest and opened."""

    rgba: np.ndarray
    parts: np.ndarray
    motion: np.ndarray
    keypoints: np.ndarray
    places: np.ndarray
    references: np.ndarray


def take_pictures(head: PosedHead, motion: np.ndarray, size: int, seconds: float, tell: Callable[[int, int], None]) -> HeadPictures:
    """Renders the motions [P,58] under the light of the shipped avatars, as many as `seconds` allow (at least 50)."""
    renderer = Renderer(size)
    shown = np.stack([np.zeros(MOTION_WIDTH, np.float32), opened_motion()])
    points = head.keypoints(motion[:, :52], motion[:, 52:])
    started = computing_seconds()
    rgba, parts = [], []
    for number, move in enumerate(motion):
        if number >= LEAST_PICTURES and computing_seconds() - started > seconds:
            break
        shot = renderer.render(head, move[:52], move[52:], Light.default())
        rgba.append(shot.rgba)
        parts.append(marked(shot.parts, points[number]))
        tell(number + 1, len(motion))
    references = np.stack([renderer.render(head, move[:52], move[52:], Light.default()).rgba for move in shown])
    renderer.close()
    count = len(rgba)
    return HeadPictures(np.stack(rgba), np.stack(parts), motion[:count], points[:count], head.keypoints(shown[:, :52], shown[:, 52:]), references)


def marked(parts: np.ndarray, points: np.ndarray) -> np.ndarray:
    """The part mask with lips, mouth, eyes and brows drawn from the keypoints [96,2]: a foreign mesh does not say where they are."""
    size = parts.shape[0]
    image = Image.fromarray(parts)
    draw = ImageDraw.Draw(image)

    def polygon(names: tuple[str, ...], value: int) -> None:
        draw.polygon([tuple((points[KEYPOINT_INDEX[name]] + 1) * size / 2) for name in names], fill=value)

    for side in ("Left", "Right"):
        brow = [tuple((points[KEYPOINT_INDEX[name]] + 1) * size / 2) for name in KEYPOINT_GROUPS[f"brow{side}"]]
        draw.line(brow, fill=BROW, width=max(2, size // 50))
        polygon(KEYPOINT_GROUPS[f"eye{side}"][:8], EYE)
    polygon(KEYPOINT_GROUPS["lipsOuter"], LIPS)
    polygon(KEYPOINT_GROUPS["lipsInner"], MOUTH)
    drawn = np.asarray(image)
    return np.where(parts == 0, 0, drawn).astype(np.uint8)  # nothing is outside the head
