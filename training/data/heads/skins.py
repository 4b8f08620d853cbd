"""Packs skin textures for head and bust: the face at full size, chest and back small, in one atlas of 1024 x 2048."""

from __future__ import annotations

import io

import numpy as np
from PIL import Image, ImageFilter

ATLAS_SIZE = (1024, 2048)
_HEAD_FROM = 0.6
_HEAD_WIDTH = 819
_BODY_BOX = (824, 0, 1024, 300)
_BODY_UV = (0.0, 0.5, 0.68, 1.0)


def is_body_uv(uv: np.ndarray) -> np.ndarray:
    """True for texture coordinates [n,2] on the torso, arms or eye-socket islands; false on head and mouth islands."""
    return (uv[:, 0] < _HEAD_FROM) | ((uv[:, 0] < 0.68) & (uv[:, 1] > 0.66))


def atlas_uv(uv: np.ndarray, body: np.ndarray) -> np.ndarray:
    """Moves base-mesh texture coordinates [n,2] into the atlas."""
    u0, v0, u1, v1 = _BODY_UV
    x0, y0, x1, y1 = _BODY_BOX
    head = np.stack([(uv[:, 0] - _HEAD_FROM) / (1 - _HEAD_FROM) * _HEAD_WIDTH / ATLAS_SIZE[0], uv[:, 1]], 1)
    across = x0 + (np.clip(uv[:, 0], u0, u1) - u0) / (u1 - u0) * (x1 - x0)
    down = y0 + (v1 - np.clip(uv[:, 1], v0, v1)) / (v1 - v0) * (y1 - y0)
    torso = np.stack([across / ATLAS_SIZE[0], 1 - down / ATLAS_SIZE[1]], 1)
    return np.where(body[:, None], torso, head).astype(np.float32)


def pack_skin(image: Image.Image, donor: Image.Image | None = None) -> bytes:
    """Atlas of one skin as JPEG. A small skin takes its fine grain from `donor`, a full-size skin of the same layout."""
    full = image.convert("RGB")
    if full.width < 2048:
        full = full.resize((2048, 2048), Image.Resampling.BICUBIC)
        if donor is not None:
            full = _add_grain(full, donor.convert("RGB").resize((2048, 2048), Image.Resampling.BICUBIC))
    atlas = Image.new("RGB", ATLAS_SIZE, full.getpixel((1100, 300)))
    atlas.paste(full.crop((2048 - _HEAD_WIDTH, 0, 2048, 2048)), (0, 0))
    u0, v0, u1, v1 = _BODY_UV
    torso = full.crop((int(u0 * 2048), int((1 - v1) * 2048), int(u1 * 2048), int((1 - v0) * 2048)))
    x0, y0, x1, y1 = _BODY_BOX
    atlas.paste(torso.resize((x1 - x0, y1 - y0), Image.Resampling.LANCZOS), (x0, y0))
    out = io.BytesIO()
    atlas.save(out, "JPEG", quality=88)
    return out.getvalue()


def _add_grain(image: Image.Image, donor: Image.Image) -> Image.Image:
    grey = donor.convert("L")
    fine = (np.asarray(grey, np.float32) + 8) / (np.asarray(grey.filter(ImageFilter.GaussianBlur(5)), np.float32) + 8)
    grain = np.clip(fine, 0.6, 1.5)[..., None]
    return Image.fromarray(np.clip(np.asarray(image, np.float32) * grain, 0, 255).astype(np.uint8))


def pack_cutout(image: Image.Image, size: int) -> bytes:
    """A texture with alpha as WebP; colour is spread under the transparent parts so that edges stay clean."""
    rgba = image.convert("RGBA").resize((size, size), Image.Resampling.LANCZOS)
    pixels = np.asarray(rgba, np.float32)
    alpha = pixels[..., 3:] / 255
    spread, weight = pixels[..., :3] * alpha, alpha
    for radius in (2, 6, 18, 60):
        blur = lambda plane: np.asarray(  # noqa: E731
            Image.fromarray(np.clip(plane, 0, 255).astype(np.uint8)).filter(ImageFilter.GaussianBlur(radius)), np.float32)
        colour, cover = blur(pixels[..., :3] * alpha), blur(np.repeat(alpha * 255, 3, 2)) / 255
        thin = weight < 0.05
        spread = np.where(thin & (cover > 0.02), colour, spread)
        weight = np.where(thin & (cover > 0.02), cover[..., :1], weight)
    filled = np.clip(spread / np.maximum(weight, 1e-3), 0, 255)
    out = io.BytesIO()
    Image.fromarray(np.concatenate([filled, pixels[..., 3:]], 2).astype(np.uint8)).save(out, "WEBP", quality=88, exact=True)
    return out.getvalue()


def pack_opaque(image: Image.Image, size: int) -> bytes:
    """A texture without alpha as JPEG of size x size."""
    out = io.BytesIO()
    image.convert("RGB").resize((size, size), Image.Resampling.LANCZOS).save(out, "JPEG", quality=88)
    return out.getvalue()
