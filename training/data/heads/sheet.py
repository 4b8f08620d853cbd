"""Contact sheet of heads in telling poses: `python -m training.data.heads.sheet --heads build/heads.npz --out build/sheet.png`."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from ..arkit import ARKIT_INDEX
from .assets import load_assets
from .head import Head
from .identity import HEROES, sample_identity
from .light import Light, sample_light
from .renderer import Render, Renderer
from .rig import PosedHead

POSES: dict[str, tuple[dict[str, float], tuple[float, ...]]] = {
    "neutral": ({}, ()),
    "jawOpen": ({"jawOpen": 1.0}, ()),
    "smile": ({"mouthSmile": 1.0}, ()),
    "big smile": ({"mouthSmile": 0.9, "jawOpen": 0.25, "mouthUpperUp": 0.4, "cheekSquint": 0.6}, ()),
    "blink": ({"eyeBlink": 1.0}, ()),
    "half blink": ({"eyeBlink": 0.5}, ()),
    "pucker": ({"mouthPucker": 1.0}, ()),
    "funnel": ({"mouthFunnel": 1.0}, ()),
    "funnel+jaw": ({"mouthFunnel": 0.8, "jawOpen": 0.4}, ()),
    "browInnerUp": ({"browInnerUp": 1.0}, ()),
    "browDown": ({"browDown": 1.0}, ()),
    "close+jaw": ({"jawOpen": 0.6, "mouthClose": 0.6}, ()),
    "tongue": ({"jawOpen": 0.6, "tongueOut": 1.0}, ()),
    "look left": ({"eyeLookOutLeft": 0.8, "eyeLookInRight": 0.8}, ()),
    "look up": ({"eyeLookUp": 0.8}, ()),
    "look down": ({"eyeLookDown": 0.8}, ()),
    "yaw +0.4": ({}, (0.4,)),
    "yaw -0.4": ({}, (-0.4,)),
    "pitch +0.3": ({}, (0, 0.3)),
    "pitch -0.3": ({}, (0, -0.3)),
    "roll +0.3": ({}, (0, 0, 0.3)),
    "frown": ({"mouthFrown": 1.0, "browInnerUp": 0.6}, ()),
    "sneer": ({"noseSneer": 1.0, "mouthUpperUp": 0.6}, ()),
    "puff": ({"cheekPuff": 1.0, "mouthPress": 0.5}, ()),
}
"""Poses of the sheet: coefficients (a name without side sets both sides) and the first pose entries."""


def coefficients_of(values: dict[str, float]) -> np.ndarray:
    """Coefficients [52] from names; a name that lacks its side sets Left and Right."""
    coefficients = np.zeros(len(ARKIT_INDEX), np.float32)
    for name, value in values.items():
        for full in (name,) if name in ARKIT_INDEX else (name + "Left", name + "Right"):
            coefficients[ARKIT_INDEX[full]] = value
    return coefficients


def over(render: Render, ground: tuple[int, int, int]) -> np.ndarray:
    """RGB [h,w,3] of a render over a plain colour."""
    alpha = render.rgba[..., 3:].astype(np.float32) / 255
    return (render.rgba[..., :3] * alpha + np.asarray(ground, np.float32) * (1 - alpha)).astype(np.uint8)


def draw_sheet(heads: list[PosedHead], renderer: Renderer, poses: list[str], columns: int, dots: bool, lights: list[Light]) -> Image.Image:
    """All heads in all poses, one cell each, in reading order."""
    cells = [(index, head, pose) for index, head in enumerate(heads) for pose in poses]
    rows = -(-len(cells) // columns)
    sheet = Image.new("RGB", (columns * renderer.size, rows * renderer.size))
    draw = ImageDraw.Draw(sheet)
    for number, (index, head, pose_name) in enumerate(cells):
        values, turned = POSES[pose_name]
        coefficients, pose = coefficients_of(values), np.zeros(6, np.float32)
        pose[: len(turned)] = turned
        left, top = number % columns * renderer.size, number // columns * renderer.size
        sheet.paste(Image.fromarray(over(renderer.render(head, coefficients, pose, lights[index]), (118, 138, 150))), (left, top))
        draw.text((left + 4, top + 3), f"{head.name} {pose_name}", fill=(255, 255, 255))
        if dots:
            for x, y in (head.keypoints(coefficients[None], pose[None])[0] + 1) * renderer.size / 2:
                draw.ellipse((left + x - 1, top + y - 1, left + x + 1, top + y + 1), fill=(0, 255, 60))
    return sheet


def main() -> None:
    parser = argparse.ArgumentParser(description="Draw a contact sheet of heads.")
    parser.add_argument("--heads", type=Path, default=Path("build/heads.npz"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--who", default=",".join(HEROES), help="hero names or seeds, separated by commas")
    parser.add_argument("--poses", default=",".join(POSES))
    parser.add_argument("--columns", type=int, default=6)
    parser.add_argument("--size", type=int, default=256)
    parser.add_argument("--dots", action="store_true", help="draw the keypoints")
    parser.add_argument("--vary-light", action="store_true")
    options = parser.parse_args()
    assets = load_assets(options.heads)
    heads = [Head(assets, HEROES.get(who) or sample_identity(int(who))) for who in options.who.split(",")]
    lights = [sample_light(index) if options.vary_light else Light.default() for index in range(len(heads))]
    draw_sheet(heads, Renderer(options.size), options.poses.split(","), options.columns, options.dots, lights).save(options.out)


if __name__ == "__main__":
    main()
