"""Stage `codec`: the motion space and everything that turns it into pictures and coefficients.

Three parts, each resumable: `geometry` (tokens, keypoints and blendshape head from exact numbers, no pixels), `paint` (decoder and
appearances on the avatars that ship), `eyes` (the motion encoder that reads tokens off pictures of any head).
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.data.conversation.emotion_shapes import mirrored
from training.model.config import Config, Painter
from training.model.decoder import Appearance, Decoder, ReferenceEncoder, premultiply
from training.model.device import array_of, read, tensor_of
from training.model.keypoints import KeypointHead
from training.model.motion import BlendshapeHead, MotionEmbedder, MotionEncoder, motion_loss, token_noise
from training.stages.trainer import autocast, train

LIPS, TEETH, MOUTH, EYE, BROW = 2, 3, 4, 5, 6  # part mask values, see training/data/heads
# Cumulative share, then side, row, column and jitter of a window, in cells of 64: any half, the face, the mouth, the eyes.
WINDOWS = ((0.12, (32, 16, 16, 16)), (0.2, (32, 16, 16, 4)), (0.6, (20, 31, 22, 2)), (1.0, (24, 17, 20, 2)))


@dataclass
class Pictures:
    """One rendered set; pictures stay on disk."""

    rgba: np.ndarray
    parts: np.ndarray
    motion: Tensor  # [P,58]
    keypoints: Tensor  # [P,96,2]
    head: Tensor  # [P]
    rest: Tensor  # [H,96,2]
    reference: Tensor  # [H,S,S,4] uint8
    opened: Tensor  # [H,S,S,4] uint8, the second reference
    opened_points: Tensor  # [H,96,2]

    @staticmethod
    def load(folder: Path, name: str) -> "Pictures":
        array = lambda key, **k: np.load(folder / f"{name}-{key}.npy", **k)  # noqa: E731
        tensor = lambda key: tensor_of(array(key))  # noqa: E731
        return Pictures(
            array("rgba", mmap_mode="r"), array("parts", mmap_mode="r"), tensor("motion"), tensor("keypoints"), tensor("head"), tensor("rest"), tensor("reference"), tensor("opened"), tensor("opened-points"),
        )  # fmt: skip

    def references(self) -> tuple[Tensor, Tensor]:
        """Both reference pictures of every head, premultiplied [H,8,S,S], and their keypoints [H,2,96,2]."""
        return torch.cat([premultiply(self.reference), premultiply(self.opened)], 1), torch.stack([self.rest, self.opened_points], 1)

    def held_out(self) -> Tensor:
        """Every 25th picture is never trained on."""
        return torch.arange(0, len(self.motion), 25)

    def trained(self) -> Tensor:
        index = torch.arange(len(self.motion))
        return index[index % 25 != 0]


class Geometry(nn.ModuleDict):
    """Motion space without pixels."""

    def __init__(self, painter: Painter):
        super().__init__({"embedder": MotionEmbedder(), "blendshapes": BlendshapeHead(), "keypoints": KeypointHead(painter.splat)})


def train_geometry(config: Config, folder: Path, renders: Path, motion: Tensor) -> tuple[Geometry, dict]:
    """`motion` [M,58] is a large sample of what heads do; it also sets the scale of the tokens."""
    sets = [Pictures.load(renders, name) for name in ("paint", "motion") if (renders / f"{name}-motion.npy").exists()]
    rows = [(s.motion[s.trained()], s.keypoints[s.trained()], s.rest[s.head[s.trained()]]) for s in sets]
    moves, points, rests = (torch.cat(column) for column in zip(*rows))
    geometry = Geometry(config.painter)
    geometry["embedder"].standardise(torch.cat([motion[:: max(1, len(motion) // 50000)], moves]))
    run = config.stage("geometry")

    def step_loss(step: int, done: float):
        pick = torch.randint(len(moves), (run.batch,))
        tokens = token_noise(geometry["embedder"](moves[pick]), 0.05)
        found, _ = geometry["keypoints"](tokens, rests[pick])
        place = F.smooth_l1_loss(found * 128, points[pick] * 128, beta=1.0)  # pixels of a 256 picture
        extra = motion[torch.randint(len(motion), (run.batch,))]
        shapes = motion_loss(geometry["blendshapes"], token_noise(geometry["embedder"](extra), 0.1), extra)
        shapes = shapes + motion_loss(geometry["blendshapes"], tokens, moves[pick])
        return place + 20 * shapes, {"pixels": float((found - points[pick]).abs().mean()) * 128, "shapes": float(shapes.detach())}

    def report(step: int) -> dict:
        s = sets[0]
        pick = s.held_out()
        with torch.no_grad():
            tokens = geometry["embedder"](s.motion[pick])
            found, _ = geometry["keypoints"](tokens, s.rest[s.head[pick]])
            shapes, _ = geometry["blendshapes"](tokens)
        return {"heldOutPixels": float((found - s.keypoints[pick]).abs().mean() * 128), "coefficientMae": float((shapes - s.motion[pick][:, :52]).abs().mean())}

    figures = train("geometry", config, run, geometry, [{"params": list(geometry.parameters())}], step_loss, folder, report)
    spread = torch.cat([motion[:: max(1, len(motion) // 50000)], moves])
    path = folder / "geometry.pt"
    saved = read(path)
    if not saved.get("scaled"):  # once, so that every later stage sees the same tokens
        refit_scale(geometry, spread)
        torch.save(saved | {"averaged": geometry.state_dict(), "scaled": True}, path)
    return geometry.eval().requires_grad_(False), figures


def refit_scale(geometry: Geometry, motion: Tensor) -> None:
    """Brings the tokens back to zero mean and unit variance after training and folds the change into the layers that read them."""
    embedder = geometry["embedder"]
    with torch.no_grad():
        tokens = embedder(motion)
        mean, std = tokens.mean(0), tokens.std(0).clamp_min(0.05)
        for layer in (geometry["blendshapes"].net[0], geometry["blendshapes"].direct, geometry["keypoints"].motion_in, geometry["keypoints"].linear):
            layer.bias += layer.weight @ mean.flatten()
            layer.weight *= std.flatten()
        embedder.mean += embedder.std * mean
        embedder.std *= std


class Paint(nn.ModuleDict):
    """Decoder, reference encoder and the fitted appearances of the avatars that ship."""

    def __init__(self, painter: Painter, avatars: int):
        super().__init__({"decoder": Decoder(painter), "reference": ReferenceEncoder(painter), "appearance": Appearance(avatars, painter)})

    def appearance_of(self, reference: Tensor, avatar: Tensor | None) -> tuple[Tensor, Tensor, Tensor]:
        feature, canvas, code = self["reference"](reference[:, :4])
        if avatar is None:
            return feature, canvas, code
        fitted = self["appearance"]
        return feature + fitted.feature[avatar], canvas + fitted.canvas[avatar], code + fitted.code[avatar]


def part_weights(parts: Tensor, emphasis: float) -> Tensor:
    """Loss weight of each pixel: mouth and eyes count more, [F,1,S,S]."""
    table = torch.ones(9)
    for value, factor in ((LIPS, 6.0), (TEETH, 24.0), (MOUTH, 16.0), (EYE, 10.0), (BROW, 4.0)):
        table[value] = 1 + (factor - 1) * emphasis
    return F.max_pool2d(table[parts.int()][:, None], 5, stride=1, padding=2)


def edges(x: Tensor) -> tuple[Tensor, Tensor]:
    return x[:, :, :, 1:] - x[:, :, :, :-1], x[:, :, 1:] - x[:, :, :-1]


def paint_loss(made: Tensor, true: Tensor, weight: Tensor) -> Tensor:
    """Weighted L1 on premultiplied RGBA and on its edges, at full and at quarter size."""
    loss = (weight * (made - true).abs()).mean()
    for a, b, w in zip(edges(made), edges(true), (weight[:, :, :, 1:], weight[:, :, 1:])):
        loss = loss + 0.7 * (w * (a - b).abs()).mean()
    small_made, small_true = F.avg_pool2d(made, 4), F.avg_pool2d(true, 4)
    return loss + (F.avg_pool2d(weight, 4) * (small_made - small_true).abs()).mean()


def train_paint(config: Config, folder: Path, renders: Path, geometry: Geometry, painter: Painter, name: str = "paint") -> tuple[Paint, dict]:
    pictures = Pictures.load(renders, "paint")
    avatars = len(pictures.rest)
    paint = Paint(painter, avatars)
    if painter.splat == config.painter.splat:
        paint["decoder"].keypoints.load_state_dict(geometry["keypoints"].state_dict())
    paint["decoder"].settle(pictures.rest)
    for layer, parameter in paint["decoder"].keypoints.named_parameters():
        parameter.requires_grad_(layer.startswith("local"))  # places stay as the mesh taught them
    paint = paint.to(memory_format=torch.channels_last)
    reference, places = pictures.references()
    trained = pictures.trained()
    run = config.stage(name)

    def batch(pick: Tensor):
        rows = array_of(pick.sort().values)
        true = premultiply(tensor_of(pictures.rgba[rows]))
        parts = tensor_of(np.asarray(pictures.parts[rows]))
        rows = tensor_of(rows)
        return true, parts, pictures.motion[rows], pictures.keypoints[rows], pictures.head[rows]

    def forward(motion: Tensor, owner: Tensor, noise: float, window: tuple[int, int, int] | None = None):
        tokens = token_noise(geometry["embedder"](motion), noise)
        avatars_seen, place = owner.unique(return_inverse=True)
        with autocast(config):
            feature, canvas, code = paint.appearance_of(reference[avatars_seen], avatars_seen)
            made, points = paint["decoder"](
                tokens, reference[owner].contiguous(memory_format=torch.channels_last), places[owner], feature[place], canvas[place], code[place], window,
            )  # fmt: skip
        return made.float(), points.float()

    grid = painter.grid
    scale = painter.size // grid

    def choose_window() -> tuple[int, int, int] | None:
        """Where the loss looks: mostly at the mouth and the eyes (their places in the camera of training/data/heads), at times at any half or everything."""
        kind = torch.rand(1).item()
        if kind < 0.05:
            return None
        side, row, column, jitter = (v * grid // 64 for v in next(place for share, place in WINDOWS if kind < share))
        shift = torch.randint(-jitter, jitter + 1, (2,)).tolist()
        return row + shift[0], column + shift[1], side

    def step_loss(step: int, done: float):
        true, parts, motion, points, owner = batch(trained[torch.randint(len(trained), (run.batch,))])
        window = choose_window()
        made, found = forward(motion, owner, 0.03, window)
        weight = part_weights(parts, 1.0)
        if window is not None:
            row, column, side = (scale * v for v in window)
            true, weight = (t[:, :, row : row + side, column : column + side] for t in (true, weight))
        loss = paint_loss(made, true, weight)
        return loss, {"pixels": float((found.detach() - points).abs().mean()) * 128}

    def report(step: int) -> dict:
        pick = pictures.held_out()[:: max(1, len(pictures.held_out()) // 48)]
        sums: dict[str, list[float]] = {"head": [], "mouth": [], "eyes": [], "alpha": []}
        paint.eval()
        with torch.no_grad():
            for i in range(0, len(pick), 8):
                true, parts, motion, _, owner = batch(pick[i : i + 8])
                made, _ = forward(motion, owner, 0.0)
                error = ((made.clamp(0, 1) - true)[:, :3] ** 2).mean(1)
                for key, chosen in (("head", true[:, 3] > 0.5), ("mouth", (parts >= LIPS) & (parts <= MOUTH)), ("eyes", parts == EYE)):
                    sums[key] += [float(e[c].mean()) for e, c in zip(error, chosen) if c.sum() > 20]
                a, b = made[:, 3] > 0.5, true[:, 3] > 0.5
                sums["alpha"] += ((a & b).sum((1, 2)) / (a | b).sum((1, 2))).tolist()
        paint.train()
        psnr = lambda values: -10 * float(np.log10(np.mean(values)))  # noqa: E731
        return {"headDb": psnr(sums["head"]), "mouthDb": psnr(sums["mouth"]), "eyesDb": psnr(sums["eyes"]), "alphaIou": float(np.mean(sums["alpha"]))}

    fitted = list(paint["appearance"].parameters())
    slow = [p for n, p in paint.named_parameters() if not n.startswith("appearance") and p.requires_grad]
    groups = [{"params": slow}, {"params": fitted, "lr": run.lr * 5, "weight_decay": 0.0}]
    return paint, train(name, config, run, paint, groups, step_loss, folder, report)


def in_mirror(motion: Tensor) -> Tensor:
    """Motion [F,58] as a mirror shows it: left and right change places; yaw, roll and x their sign."""
    return torch.cat([tensor_of(mirrored(array_of(motion[:, :52]))), motion[:, 52:] * motion.new_tensor([-1, 1, -1, -1, 1, 1])], 1)


def train_eyes(config: Config, folder: Path, renders: Path, geometry: Geometry) -> tuple[MotionEncoder, dict]:
    """Pictures of many heads under varied light -> the tokens of their exact motion."""
    pictures = Pictures.load(renders, "motion")
    modules = nn.ModuleDict({"encoder": MotionEncoder()})
    last_heads = pictures.head >= len(pictures.rest) - max(1, len(pictures.rest) // 8)  # whole heads held out
    trained, held = torch.where(~last_heads)[0], torch.where(last_heads)[0]
    run = config.stage("eyes")

    def read(picture: Tensor) -> Tensor:
        with autocast(config):
            found = modules["encoder"](picture)
        return found.float()

    def step_loss(step: int, done: float):
        rows = np.sort(array_of(trained[torch.randint(len(trained), (run.batch,))]))
        picture, motion = premultiply(tensor_of(pictures.rgba[rows])), pictures.motion[tensor_of(rows)]
        tint = torch.cat([0.7 + 0.6 * torch.rand(len(rows), 1, 1, 1) + 0.15 * torch.randn(len(rows), 3, 1, 1), torch.ones(len(rows), 1, 1, 1)], 1)
        picture = picture * tint + 0.02 * torch.randn_like(picture)
        if step % 2:
            picture, motion = picture.flip(3), in_mirror(motion)
        found, true = read(picture), geometry["embedder"](motion)
        loss = F.smooth_l1_loss(found, true, beta=0.3) + 20 * motion_loss(geometry["blendshapes"], found, motion)
        return loss, {"tokens": float((found.detach() - true).abs().mean())}

    def report(step: int) -> dict:
        rows = array_of(held[:: max(1, len(held) // 96)])
        modules.eval()
        with torch.no_grad():
            shapes, pose = geometry["blendshapes"](read(premultiply(tensor_of(pictures.rgba[rows]))))
        modules.train()
        motion = pictures.motion[tensor_of(rows)]
        return {"coefficientMae": float((shapes - motion[:, :52]).abs().mean()), "poseMaeRad": float((pose - motion[:, 52:])[:, :3].abs().mean())}

    figures = train("eyes", config, run, modules, [{"params": list(modules.parameters())}], step_loss, folder, report)
    return modules["encoder"], figures
