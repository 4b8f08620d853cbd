"""Motion tokens + an avatar's appearance -> RGBA frame with straight alpha.

    tokens -> keypoints --splat--> feature image 64 x 64 ---.
                 |                                            U-Net 64..8 -> 128 -> 256: warp mask, paint, alpha
                 '-> coarse flow -> warped reference + maps -'     + close-up of eyes and mouth, from two finer splats and a second
                                                                     reference with the mouth open and the eyes shut
Geometry is given by the keypoints; what stays visible is carried over from the reference picture by the flow they span (as in
first-order motion models, Siarohin et al. 2019); what it hides (teeth, tongue, lids) comes the same way from the second one, or is painted.
All colour inside is premultiplied; the result is un-premultiplied last.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.data.heads.landmarks import KEYPOINT_GROUPS, KEYPOINT_INDEX
from training.model.config import Painter
from training.model.exported import fours, join, look_up, shuffle, two
from training.model.keypoints import KeypointHead
from training.model.layout import KEYPOINTS, TOKEN_WIDTH, TOKENS

IRIS_DOTS = (0.008, 0.013, 0.022)
"""Radii of the dots on an iris in half widths, one to three pixels: the glint, the pupil, the iris."""
SHARP = [KEYPOINT_INDEX[name] for group in ("lipsOuter", "lipsInner", "eyeLeft", "eyeRight") for name in KEYPOINT_GROUPS[group] if not name.startswith("iris")]
SHARP += [KEYPOINT_INDEX[name] for name in ("irisLeft", "irisRight") for _ in IRIS_DOTS]
"""Keypoints that are splatted at full size: the rims of lips and lids, and the dots on both irises."""


class ReferenceEncoder(nn.Module):
    """I_ref at rest: premultiplied RGBA [A,4,S,S] -> appearance of an avatar: maps at 64 and at S/2 pixels and a code. Runs once, at export."""

    def __init__(self, painter: Painter, code: int = 128):
        super().__init__()
        self.to_canvas = nn.Conv2d(4, painter.canvas, 5, stride=2, padding=2)
        self.down = nn.Sequential(
            nn.Conv2d(4, 32, 5, stride=2, padding=2), nn.SiLU(), nn.Conv2d(32, 48, 3, stride=2, padding=1), nn.SiLU(), nn.Conv2d(48, 48, 3, padding=1), nn.SiLU()
        )
        self.feature = nn.Conv2d(48, painter.feature, 1)
        self.deep = nn.Sequential(
            nn.Conv2d(48, 64, 3, stride=2, padding=1), nn.SiLU(), nn.Conv2d(64, 96, 3, stride=2, padding=1), nn.SiLU(), nn.Conv2d(96, code, 3, stride=2, padding=1)
        )

    def forward(self, reference: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        h = self.down(reference)
        return self.feature(h), self.to_canvas(reference), self.deep(h).mean((2, 3))  # [A,24,64,64], [A,8,S/2,S/2], [A,128]


class Appearance(nn.Module):
    """Fitted additions to what the reference picture shows, one row an avatar: maps and code that start at zero."""

    def __init__(self, avatars: int, painter: Painter, code: int = 128):
        super().__init__()
        self.feature = nn.Parameter(torch.zeros(avatars, painter.feature, painter.grid, painter.grid))
        self.canvas = nn.Parameter(torch.zeros(avatars, painter.canvas, painter.size // 2, painter.size // 2))
        self.code = nn.Parameter(torch.zeros(avatars, code))


class Modulated(nn.Module):
    """3x3 convolution whose channels are scaled and shifted by a code."""

    def __init__(self, width: int, out: int, code: int, stride: int = 1):
        super().__init__()
        self.conv = nn.Conv2d(width, out, 3, stride=stride, padding=1)
        self.affine = nn.Linear(code, 2 * out)
        nn.init.zeros_(self.affine.weight)
        nn.init.zeros_(self.affine.bias)

    def forward(self, x: Tensor, code: Tensor) -> Tensor:
        scale, shift = self.affine(code)[:, :, None, None].chunk(2, dim=1)
        return F.silu(fours(self.conv, x) * (1 + scale) + shift)


class CloseUp(nn.Module):
    """A second look at the part of the picture where faces are read: eyes, mouth and brows, from splats at half resolution.

    Adds to what the rest of the decoder paints there, lays the opened reference over it where its mask says, and fades out towards the
    border of its window, so it may be left out.
    """

    WINDOW = (17, 14, 36)
    """Row, column and side in cells of 64: where eyes and mouth are in every pose of the camera of training/data/heads."""

    def __init__(self, painter: Painter, wide: int):
        super().__init__()
        self.splats, self.row, self.column, self.side = painter.close_splat, *(v * painter.grid // 64 for v in self.WINDOW)
        c, f = painter.close, painter.close // 2
        self.from_wide = nn.Conv2d(wide, 4 * c, 1)
        self.enter = nn.Conv2d(c + painter.half + painter.canvas + 8 + self.splats, c, 3, padding=1)
        self.mix = nn.ModuleList(nn.Conv2d(c, c, 3, padding=1) for _ in range(2))
        self.to_full = nn.Conv2d(c, 4 * f, 1)
        self.full1 = nn.Conv2d(f + 8 + self.splats, f, 3, padding=1)
        self.full2 = nn.Conv2d(f, 6, 3, padding=1)
        nn.init.zeros_(self.full2.weight)
        nn.init.zeros_(self.full2.bias)
        size, side = painter.size, self.side * painter.size // painter.grid
        ramp = (torch.minimum(torch.arange(side), torch.arange(side).flip(0)).float() / (side / 9)).clamp(max=1)
        fade = torch.zeros(1, 1, size, size)
        row, column = (v * size // painter.grid for v in (self.row, self.column))
        fade[0, 0, row : row + side, column : column + side] = ramp[:, None] * ramp[None]
        self.register_buffer("fade", fade, persistent=False)

    def forward(self, wide: Tensor, half: Tensor, kept: Tensor, moved: Tensor, opened: Tensor, splat: Tensor, sharp: Tensor) -> Tensor:
        """Maps of a window: wide [F,C,g,g], half and kept and splat at 2g, at 4g moved and opened (both references, warped) and sharp (the finest splats).

        Gives [F,6,4g,4g]: additions to the five last channels of the decoder, and the mask of the opened reference (logits + 2).
        """
        moved = torch.cat([moved, opened], 1)
        h = torch.cat([shuffle(self.from_wide(wide)), half, kept, F.avg_pool2d(moved, 2), splat], 1)
        h = F.silu(self.enter(h))
        for conv in self.mix:
            h = h + F.silu(conv(h))
        h = F.silu(self.full1(torch.cat([shuffle(self.to_full(h)), moved, sharp], 1)))
        return self.full2(h)


class Decoder(nn.Module):
    """tokens [F,12,32] + appearance -> premultiplied RGBA [F,4,S,S] and keypoints [F,96,2].

    The appearance: reference [F|1,8,S,S], two premultiplied pictures (at rest; opened), their keypoints [F|1,2,96,2], maps and code.
    """

    def __init__(self, painter: Painter, code: int = 128):
        super().__init__()
        self.painter = painter
        c1, c2, c3, c4 = painter.channels
        self.keypoints = KeypointHead(painter.splat)
        self.log_sigma = nn.Parameter(torch.full((KEYPOINTS,), -2.6))  # splat radius in half widths, see settle()
        self.log_reach = nn.Parameter(torch.full((KEYPOINTS,), -1.9))  # reach of a keypoint in the flow
        self.log_reach_opened = nn.Parameter(torch.full((KEYPOINTS,), -1.9))  # and in that of the opened reference
        self.code_in = nn.Sequential(nn.Linear(code + TOKENS * TOKEN_WIDTH, 128), nn.SiLU())
        self.enter = Modulated(painter.splat + painter.feature + 4 + 1, c1, 128)
        self.level1 = Modulated(c1, c1, 128)
        self.down2, self.level2 = Modulated(c1, c2, 128, 2), Modulated(c2, c2, 128)
        self.down3, self.level3 = Modulated(c2, c3, 128, 2), Modulated(c3, c3, 128)
        self.down4, self.level4 = Modulated(c3, c4, 128, 2), Modulated(c4, c4, 128)
        self.join3, self.up3 = nn.Conv2d(c4 + c3, c3, 1), Modulated(c3, c3, 128)
        self.join2, self.up2 = nn.Conv2d(c3 + c2, c2, 1), Modulated(c2, c2, 128)
        self.join1, self.up1 = nn.Conv2d(c2 + c1, c1, 1), Modulated(c1, c1, 128)
        self.close = CloseUp(painter, c1) if painter.close else None
        self.fine = nn.Linear(128, KEYPOINTS * painter.close_splat) if painter.close else None  # local features of the finer splats
        self.log_sigma_fine = nn.Parameter(torch.full((KEYPOINTS,), -3.4))
        self.sharp = nn.Linear(128, len(SHARP) * painter.close_splat) if painter.close else None  # and of the sharpest ones
        self.log_sigma_sharp = nn.Parameter(torch.full((len(SHARP),), -4.5))
        self.aside = nn.Parameter(torch.zeros(len(SHARP), 2))  # where a sharp splat lies beside its keypoint, in half widths
        self.flow_fix = nn.Conv2d(c1, 2, 3, padding=1)
        self.to_half = nn.Conv2d(c1, 4 * painter.half, 1)
        self.half1 = nn.Conv2d(painter.half + painter.canvas + 4, painter.half, 3, padding=1)
        self.half2 = nn.Conv2d(painter.half, painter.half, 3, padding=1)
        self.to_full = nn.Conv2d(painter.half, 4 * painter.full, 1)
        self.full1 = nn.Conv2d(painter.full + 4, painter.full, 3, padding=1)
        self.full2 = nn.Conv2d(painter.full, 5, 3, padding=1)
        nn.init.zeros_(self.flow_fix.weight)
        nn.init.zeros_(self.flow_fix.bias)
        axis = centres(painter.grid)
        self.register_buffer("axis", axis, persistent=False)
        self.register_buffer("axis_fine", centres(2 * painter.grid), persistent=False)
        self.register_buffer("axis_full", centres(painter.size), persistent=False)
        self.register_buffer("cells", torch.stack(torch.meshgrid(axis, axis, indexing="xy"))[None], persistent=False)  # [1,2,G,G] as x, y

    def settle(self, rest: Tensor) -> None:
        """Sets how far each keypoint reaches from how close its neighbours are at rest: [A,96,2] of some heads. Before training."""
        distance = torch.cdist(rest, rest).sort(-1).values[:, :, 1:4].mean((0, 2))  # to the three nearest
        with torch.no_grad():
            self.log_sigma.copy_(distance.mul(0.6).clamp(0.02, 0.10).log())
            self.log_sigma_fine.copy_(distance.mul(0.35).clamp(0.01, 0.06).log())
            self.log_sigma_sharp.copy_(distance.mul(0.25).clamp(0.008, 0.03).log()[SHARP])
            self.log_sigma_sharp[-2 * len(IRIS_DOTS) :] = torch.tensor(2 * IRIS_DOTS).log()
            self.log_reach.copy_(distance.mul(0.9).clamp(0.03, 0.25).log())
            self.log_reach_opened.copy_(self.log_reach)

    def forward(
        self, tokens: Tensor, reference: Tensor, places: Tensor, feature: Tensor, canvas: Tensor, code: Tensor, window: tuple[int, int, int] | None = None
    ) -> tuple[Tensor, Tensor]:
        """`window` (row, column, side in cells of the feature image) paints just that part of the picture, which makes training cheaper."""
        frames = tokens.shape[0]
        expand = lambda t: t.expand(frames, -1, -1, -1)  # noqa: E731
        reference, feature, canvas = expand(reference), expand(feature), expand(canvas)
        reference, opened = reference.chunk(2, dim=1)
        rest, places = places[:, 0], places[:, 1]
        with torch.autocast(tokens.device.type, enabled=False):  # half precision would move keypoints by half a pixel
            points, local = self.keypoints(tokens.float(), rest.float())
        splat, flow, reached = self._spread(points, local, rest)
        style = self.code_in(torch.cat([code.expand(frames, -1), tokens.flatten(1)], dim=1))
        small = F.avg_pool2d(reference, self.painter.size // self.painter.grid)
        seen = look_up(torch.cat([feature, small], 1), flow)
        h1 = self.level1(self.enter(torch.cat([splat, seen, reached], 1), style), style)  # 64
        h2 = self.level2(self.down2(h1, style), style)  # 32
        h3 = self.level3(self.down3(h2, style), style)  # 16
        h4 = self.level4(self.down4(h3, style), style)  # 8
        u = self.up3(join(self.join3, h4, h3), style)
        u = self.up2(join(self.join2, u, h2), style)
        u = self.up1(join(self.join1, u, h1), style)  # 64
        flow = flow + 0.1 * torch.tanh(self.flow_fix(u))
        place = window or (0, 0, self.painter.grid)
        row, column, side = place
        u, flow = (t[:, :, row : row + side, column : column + side] for t in (u, flow))
        flow_half = F.interpolate(flow, scale_factor=2, mode="bilinear", align_corners=False)
        size = self.painter.size
        flow_full = F.interpolate(flow, scale_factor=size // self.painter.grid, mode="bilinear", align_corners=False)
        moved = look_up(reference, flow_full)  # [F,4,S,S]
        kept = look_up(canvas, flow_half)
        wide = u
        half = F.silu(self.half1(torch.cat([shuffle(self.to_half(u)), kept, F.avg_pool2d(moved, 2)], 1)))
        half = half + F.silu(self.half2(half))  # S/2
        u = two(self.full1, self.full2, torch.cat([shuffle(self.to_full(half)), moved], 1))  # S
        if self.close:
            added, share, opened = self._close_up(place, window is not None, points, places, style, opened, wide, half, kept, moved)
            u = u + added
        mask = torch.sigmoid(u[:, 4:5] + 0.5)
        alpha_paint = torch.sigmoid(u[:, 3:4] * 4)
        paint = torch.cat([torch.sigmoid(u[:, :3] * 2) * alpha_paint, alpha_paint], 1)
        picture = mask * moved + (1 - mask) * paint
        return (picture * (1 - share) + opened if self.close else picture), points

    def _close_up(
        self, place: tuple[int, int, int], cropped: bool, points: Tensor, opened_points: Tensor, style: Tensor, picture: Tensor, *maps: Tensor
    ) -> tuple[Tensor, Tensor, Tensor]:
        """The close-up of a picture of the cells `place`, in training of just those, else of its own window: what it adds, its mask, and the
        warped opened reference times the mask.
        """
        close = self.close
        row, column, side = place if cropped else (close.row, close.column, close.side)
        wide, half, kept, moved = maps
        scale = self.painter.size // self.painter.grid
        if not cropped:
            cut = lambda t, k: t[:, :, row * k : (row + side) * k, column * k : (column + side) * k]  # noqa: E731
            wide, half, kept, moved = cut(wide, 1), cut(half, 2), cut(kept, 2), cut(moved, scale)
        with torch.autocast(points.device.type, enabled=False):
            local = self.fine(style.float()).reshape(-1, KEYPOINTS, close.splats)
            x, y = (self.axis_fine[v * 2 : (v + side) * 2] for v in (column, row))
            splat = spread(x, points.float(), self.log_sigma_fine, local, y)
            local = self.sharp(style.float()).reshape(-1, len(SHARP), close.splats)
            x_full, y_full = (self.axis_full[v * scale : (v + side) * scale] for v in (column, row))
            sharp = spread(x_full, points.float()[:, SHARP] + self.aside, self.log_sigma_sharp, local, y_full)
            flow, _ = flow_to(opened_points.float(), points.float(), self.log_reach_opened, torch.stack(torch.meshgrid(x, y, indexing="xy"))[None], x, y)
        flow = F.interpolate(flow, scale_factor=scale // 2, mode="bilinear", align_corners=False)
        opened = look_up(picture, flow)
        found = close(wide, half, kept, moved, opened, splat, sharp)
        fade = close.fade[:, :, row * scale : (row + side) * scale, column * scale : (column + side) * scale]
        share = fade * torch.sigmoid(found[:, 5:] - 2)
        together = torch.cat([found[:, :5] * fade, share, opened * share], 1)
        if not cropped:
            after = self.painter.grid - side
            together = F.pad(together, [v * scale for v in (column, after - column, row, after - row)])
        return together[:, :5], together[:, 5:6], together[:, 6:]

    def _spread(self, points: Tensor, local: Tensor, rest: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Keypoints [F,96,2] -> splatted features [F,C,64,64], sampling flow [F,2,64,64] (where each cell looks in the reference), its reach."""
        with torch.autocast(points.device.type, enabled=False):
            points, local, rest = points.float(), local.float(), rest.float()
            splat = spread(self.axis, points, self.log_sigma, local)
            flow, total = flow_to(rest, points, self.log_reach, self.cells, self.axis, self.axis)
            return splat, flow, total / (total + 0.02)


def centres(side: int) -> Tensor:
    """Centres of a row of cells over -1..1, [side]."""
    return (torch.arange(side).float() + 0.5) / side * 2 - 1


def flow_to(source: Tensor, points: Tensor, log_reach: Tensor, cells: Tensor, x: Tensor, y: Tensor) -> tuple[Tensor, Tensor]:
    """Where each of the cells [1,2,H,W] looks in the picture whose keypoints are `source` [F,K,2], [F,2,H,W], and the keypoints' weight there.

    Each keypoint counts by its density 1 / sigma^2: close ones (lips, lids) outweigh far-reaching ones (outline) among themselves.
    """
    density = torch.exp(-2 * log_reach)[None, :, None] * torch.ones_like(points[:, :, :1])
    sums = spread(x, points, log_reach, torch.cat([(source - points) * density, density], dim=-1), y)
    shift, total = sums[:, :2], sums[:, 2:]
    return cells + shift / (total + 1.0), total  # background does not move


def spread(axis: Tensor, points: Tensor, log_sigma: Tensor, values: Tensor, down: Tensor | None = None) -> Tensor:
    """Sum over keypoints of value * exp(-|cell - point|^2 / (2 sigma^2)): axis [G], points [F,K,2], values [F,K,C] -> [F,C,G,G].

    `down` [G] are the rows where they are not the same as the columns `axis`.

    The Gaussian is a product of one over x and one over y, so G^2 K exponentials become 2 G K and the sum one matrix product.
    """
    down = axis if down is None else down
    narrow = -0.5 * torch.exp(-2 * log_sigma)  # [K]
    over_x = torch.exp(narrow[:, None] * (axis - points[:, :, :1]) ** 2)  # [F,K,G]
    over_y = torch.exp(narrow * (down[:, None] - points[:, None, :, 1]) ** 2)  # [F,G,K]
    rows = values.transpose(1, 2)[:, :, None] * over_y[:, None]  # [F,C,G,K]
    return torch.matmul(rows.flatten(1, 2), over_x).reshape(-1, values.shape[2], down.shape[0], axis.shape[0])


def premultiply(rgba: Tensor) -> Tensor:
    """uint8 straight RGBA [F,S,S,4] -> float premultiplied [F,4,S,S]."""
    x = rgba.permute(0, 3, 1, 2).float() / 255
    return torch.cat([x[:, :3] * x[:, 3:], x[:, 3:]], 1)


def straight_levels(picture: Tensor) -> Tensor:
    """Premultiplied [F,4,S,S] -> straight, whole levels 0..255 as float [F,4,S,S]; colour under alpha 0 is black."""
    alpha = picture[:, 3:].clamp(0, 1)
    colour = (picture[:, :3] / alpha.clamp_min(1 / 512)).clamp(0, 1)
    return torch.floor(torch.cat([colour, alpha], 1) * 255 + 0.5)


def straight_words(picture: Tensor) -> Tensor:
    """Premultiplied [F,4,S,S] -> straight int32 [F,S,S], a pixel each: red in the lowest byte, alpha in the highest.

    In memory (little-endian) that is RGBA of 8 bits. WebGPU has no bytes to compute with, so a graph that ended in uint8 could not end on the GPU.
    Sums and products are exact in float32: colour is below 2^24, alpha has 8 bits; from 128 on it stands for the negative half of int32.
    """
    red, green, blue, alpha = straight_levels(picture).unbind(1)
    colour = red + green * 2**8 + blue * 2**16
    high = (alpha - 256 * torch.floor(alpha / 128)) * 2**24
    return colour.to(torch.int32) + high.to(torch.int32)
