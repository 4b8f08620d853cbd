"""Fits a decoder and an appearance to the pictures of one head, from the weights of the shipped avatars.

Two steps: 1 the keypoint head learns how this mesh moves, from exact numbers and no pixels; 2 appearance and decoder learn its look.
The motion tokens stay what they are, so any behaviour of the pack drives the new head.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.avatar.pictures import HeadPictures, computing_seconds
from training.data.heads.landmarks import KEYPOINT_GROUPS, KEYPOINT_INDEX
from training.data.heads.rig import PosedHead
from training.model.decoder import Decoder, premultiply
from training.model.motion import token_noise
from training.stages.codec import EYE, LIPS, MOUTH, Geometry, Paint, paint_loss, part_weights

HELD_OUT_EVERY = 20
"""Every such picture is never trained on; the figures are measured on these."""


@dataclass(frozen=True)
class FitOptions:
    """How long and how hard. `decoder` False keeps the shipped decoder's convolutions and fits appearance and keypoints alone."""

    seconds: float
    batch: int = 4
    lr: float = 1e-3
    decoder: bool = True
    keypoint_share: float = 0.15
    bf16: bool = True


class Look(nn.Module):
    """Appearance of one head: maps and code that start at what the reference encoder sees."""

    def __init__(self, paint: Paint, reference: Tensor) -> None:
        super().__init__()
        with torch.no_grad():
            feature, canvas, code = paint["reference"](reference[:, :4])
            code = code + paint["appearance"].code.mean(0)
        self.feature, self.canvas, self.code = (nn.Parameter(value.clone()) for value in (feature, canvas, code))


def fit_keypoints(
    decoder: Decoder, geometry: Geometry, head: PosedHead, motion: np.ndarray, rest: Tensor, seconds: float, tell: Callable[[float], None]
) -> float:
    """Trains the keypoint head on the mesh's own movement. Returns its mean error in pixels of a 256 picture on motions it has not seen."""
    points = torch.from_numpy(head.keypoints(motion[:, :52], motion[:, 52:]))
    with torch.no_grad():
        tokens = geometry["embedder"](torch.from_numpy(motion))
    held = len(motion) // 10
    layers = [p for name, p in decoder.keypoints.named_parameters() if not name.startswith("local")]
    optimiser = torch.optim.AdamW(layers, lr=1e-3, weight_decay=0.0)
    started = computing_seconds()
    while (done := (computing_seconds() - started) / seconds) < 1:
        tell(done)
        for group in optimiser.param_groups:
            group["lr"] = 1e-3 * (1 - 0.95 * done)
        pick = torch.randint(held, len(motion), (128,))
        found, _ = decoder.keypoints(token_noise(tokens[pick], 0.05), rest.expand(len(pick), -1, -1))
        loss = F.smooth_l1_loss(found * 128, points[pick] * 128)
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
    with torch.no_grad():
        found, _ = decoder.keypoints(tokens[:held], rest.expand(held, -1, -1))
    return float((found - points[:held]).norm(dim=-1).mean() * 128)


def windows_of(rest: np.ndarray, grid: int) -> list[tuple[float, tuple[int, int, int]]]:
    """Cumulative share and (row, column, side) in cells of what a step looks at: everything, upper and lower half, the mouth, each part of the eyes."""

    def around(groups: tuple[str, ...], side: int, down: float = 0.0) -> tuple[int, int, int]:
        places = rest[[KEYPOINT_INDEX[name] for group in groups for name in KEYPOINT_GROUPS[group]]]
        middle = ((places.min(0) + places.max(0)) / 2 + 1) * grid / 2 + (0, down)
        column, row = (int(np.clip(round(float(v)) - side // 2, 0, grid - side)) for v in middle)
        return row, column, side

    side = grid * 24 // 64
    return [(0.1, (0, 0, grid)), (0.25, (0, grid // 8, grid * 3 // 4)), (0.4, (grid // 4, grid // 8, grid * 3 // 4)),
            (0.72, around(("lipsOuter",), side, grid * 2 / 64)), (1.0, around(("eyeLeft", "eyeRight"), side))]  # fmt: skip


def fit_look(
    paint: Paint, geometry: Geometry, pictures: HeadPictures, options: FitOptions, seconds: float, tell: Callable[[float], None]
) -> tuple[Decoder, Look, dict]:
    """Trains look and decoder for `seconds`; returns them with the weights averaged over the last steps, and figures. Raises FloatingPointError."""
    decoder: Decoder = paint["decoder"]
    reference = premultiply(torch.from_numpy(pictures.references)).flatten(0, 1)[None]
    look = Look(paint, reference)
    places = torch.from_numpy(pictures.places)[None]
    reference = reference.half().float().contiguous(memory_format=torch.channels_last)
    decoder.to(memory_format=torch.channels_last)
    for name, parameter in decoder.named_parameters():
        parameter.requires_grad_(options.decoder and not (name.startswith("keypoints.") and "local" not in name))
    groups = [{"params": list(look.parameters()), "lr": options.lr * 5, "weight_decay": 0.0}]
    if options.decoder:
        groups.append({"params": [p for p in decoder.parameters() if p.requires_grad], "lr": options.lr})
    optimiser = torch.optim.AdamW(groups, betas=(0.9, 0.98), weight_decay=0.0)
    rates = [group["lr"] for group in groups]
    count = len(pictures.motion)
    trained = np.array([i for i in range(count) if i % HELD_OUT_EVERY])
    motion = torch.from_numpy(pictures.motion)
    windows = windows_of(pictures.places[0], decoder.painter.grid)
    scale = decoder.painter.size // decoder.painter.grid
    random = np.random.default_rng(3)
    fitted = nn.ModuleDict({"decoder": decoder, "look": look})
    average: dict[str, Tensor] = {}

    def paint_some(moves: Tensor, noise: float, window: tuple[int, int, int] | None) -> Tensor:
        tokens = token_noise(geometry["embedder"](moves), noise)
        with torch.autocast("cpu", dtype=torch.bfloat16, enabled=options.bf16):
            made, _ = decoder(tokens, reference, places.expand(len(moves), -1, -1, -1), look.feature, look.canvas, look.code, window)
        return made.float()

    started = computing_seconds()
    steps = 0
    while (done := (computing_seconds() - started) / seconds) < 1:
        tell(done)
        rate = min(1.0, (steps + 1) / 15) * (0.03 + 0.97 * 0.5 * (1 + np.cos(np.pi * done)))
        for group, own in zip(optimiser.param_groups, rates):
            group["lr"] = own * rate
        kind = random.random()
        place = next(window for share, window in windows if kind < share)
        window = None if place[2] == decoder.painter.grid else place
        pick = np.sort(random.choice(trained, options.batch if window else max(1, options.batch // 2)))
        true, parts = premultiply(torch.from_numpy(pictures.rgba[pick])), torch.from_numpy(pictures.parts[pick])
        weight = part_weights(parts, 1.0)
        if window is not None:
            row, column, side = (scale * v for v in window)
            true, weight = (t[:, :, row : row + side, column : column + side] for t in (true, weight))
        loss = paint_loss(paint_some(motion[pick], 0.03, window), true, weight)
        if not torch.isfinite(loss):
            raise FloatingPointError(f"the loss is {loss.item()} at step {steps}")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for group in groups for p in group["params"]], 1.0)
        optimiser.step()
        steps += 1
        if done > 0.6:  # the mean of what it goes through at the end is quieter than the last step
            for key, value in fitted.state_dict().items():
                average[key] = average[key].lerp(value, 0.05) if key in average and value.is_floating_point() else value.clone()
    if average:
        fitted.load_state_dict(average)
    fitted.eval().requires_grad_(False)
    held = np.arange(0, count, HELD_OUT_EVERY)
    return decoder, look, quality(lambda rows: paint_some(motion[rows], 0.0, None), pictures, held) | {"steps": steps}


def quality(painted: Callable[[np.ndarray], Tensor], pictures: HeadPictures, rows: np.ndarray) -> dict[str, float]:
    """Peak signal to noise of premultiplied colour in dB on the head, the mouth and the eyes, and the overlap of the outlines (0..1)."""
    sums: dict[str, list[float]] = {"headDb": [], "mouthDb": [], "eyesDb": []}
    overlap = []
    with torch.no_grad():
        for first in range(0, len(rows), 4):
            some = rows[first : first + 4]
            true, parts = premultiply(torch.from_numpy(pictures.rgba[some])), torch.from_numpy(pictures.parts[some])
            made = painted(some).clamp(0, 1)
            error = ((made - true)[:, :3] ** 2).mean(1)
            for key, chosen in (("headDb", true[:, 3] > 0.5), ("mouthDb", (parts >= LIPS) & (parts <= MOUTH)), ("eyesDb", parts == EYE)):
                sums[key] += [float(e[c].mean()) for e, c in zip(error, chosen) if c.sum() > 20]
            a, b = made[:, 3] > 0.5, true[:, 3] > 0.5
            overlap += ((a & b).sum((1, 2)) / (a | b).sum((1, 2))).tolist()
    figures = {key: round(-10 * float(np.log10(np.mean(values) + 1e-9)), 2) for key, values in sums.items() if values}
    return figures | {"alphaIou": round(float(np.mean(overlap)), 4)}
