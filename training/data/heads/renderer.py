"""Renders heads to straight-alpha RGBA with an exact part mask, on OpenGL without a window (EGL: GPU or CPU alike)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass

import moderngl
import numpy as np

from . import shaders
from .camera import DISTANCE, clip_matrix
from .light import Light
from .normals import NormalField
from .rig import PosedHead, Surface

_PROGRAMS = {"skin": "SKIN", "eye": "EYE", "tooth": "MOUTH", "tongue": "MOUTH", "card": "CARD", "cloth": "CLOTH"}
_OPAQUE_HAIR = 0.92
_ORDER = {"skin": 0, "cloth": 1, "tooth": 2, "tongue": 3, "eye": 4, "card": 5}
_SMALL_CARD_BIAS = 0.0006


@dataclass(frozen=True)
class Render:
    """`rgba` [h,w,4] uint8 with straight alpha, `parts` [h,w] uint8 (see `rig.PART_NAMES`)."""

    rgba: np.ndarray
    parts: np.ndarray


class _Drawable:
    """One surface on the GPU."""

    def __init__(self, context: moderngl.Context, surface: Surface, programs: dict[str, moderngl.Program], flat: moderngl.Program,
                 moving: moderngl.Buffer, still: moderngl.Buffer, first_vertex: int, quick_hair: bool) -> None:
        order = np.argsort(surface.label, kind="stable")
        self.surface = surface
        self.triangles = np.ascontiguousarray(surface.triangles[order] + first_vertex, np.int32)
        label = surface.label[order]
        values, starts = np.unique(label, return_index=True)
        stops = [*starts[1:], len(label)]
        self.ranges = [(int(v), int(a) * 3, int(b - a) * 3) for v, a, b in zip(values, starts, stops, strict=True)]
        self.index = context.buffer(self.triangles.tobytes())
        layout = [(moving, "3f 3f", "in_position", "in_normal"), (still, "2f 1f 1f", "in_uv", "in_shade", "in_fade")]
        self.program = programs[_PROGRAMS[surface.kind]]
        self.vao = context.vertex_array(self.program, layout, self.index, skip_errors=True)
        self.label_vao = context.vertex_array(flat, layout, self.index, skip_errors=True)
        self.is_hair = surface.kind == "card" and surface.name == "hair"
        pixels = _halved(surface.texture) if self.is_hair and quick_hair else surface.texture
        height, width = pixels.shape[:2]
        self.texture = context.texture((width, height), 4, np.ascontiguousarray(pixels[::-1]).tobytes())
        if self.is_hair and quick_hair:
            self.texture.filter = (moderngl.LINEAR, moderngl.LINEAR)
        else:
            self.texture.build_mipmaps()
            self.texture.filter = (moderngl.LINEAR_MIPMAP_NEAREST, moderngl.LINEAR)
        self.bias = _SMALL_CARD_BIAS if surface.kind == "card" and not self.is_hair else 0.0

    def release(self) -> None:
        for item in (self.vao, self.label_vao, self.index, self.texture):
            item.release()


def _halved(pixels: np.ndarray) -> np.ndarray:
    """Texture at half size when it is larger than 600: sharp enough at small picture sizes without mipmaps, and quick."""
    if pixels.shape[0] <= 600:
        return pixels
    wide = pixels.astype(np.uint16)
    return ((wide[::2, ::2] + wide[1::2, ::2] + wide[::2, 1::2] + wide[1::2, 1::2]) // 4).astype(np.uint8)


class _Loaded:
    """All surfaces of one head on the GPU, with what is needed to refresh them each frame."""

    def __init__(self, context: moderngl.Context, head: PosedHead, programs: dict[str, moderngl.Program], flat: moderngl.Program, quick_hair: bool) -> None:
        self.head = head
        self.source = np.concatenate([surface.source for surface in head.surfaces]).astype(np.int64)
        uv = np.concatenate([surface.uv for surface in head.surfaces])
        shade = np.concatenate([surface.shade for surface in head.surfaces])
        fade = np.concatenate([surface.fade for surface in head.surfaces])
        self.still = context.buffer(np.ascontiguousarray(np.column_stack([uv, shade, fade]), np.float32).tobytes())
        self.moving = context.buffer(reserve=len(self.source) * 24, dynamic=True)
        self.data = np.empty((len(self.source), 6), np.float32)
        first = 0
        self.drawables: list[_Drawable] = []
        for surface in head.surfaces:
            self.drawables.append(_Drawable(context, surface, programs, flat, self.moving, self.still, first, quick_hair))
            first += len(surface.source)
        self.drawables.sort(key=lambda item: (_ORDER[item.surface.kind], item.is_hair))
        self.normals = NormalField(head)

    def refresh(self, points: np.ndarray) -> None:
        """Uploads posed points [n,3] with their normals, and sorts the hair from back to front."""
        self.data[:, :3] = points[self.source]
        self.data[:, 3:] = self.normals.of(points)[self.source]
        self.moving.orphan()
        self.moving.write(self.data)
        for item in self.drawables:
            if item.is_hair:
                depth = self.data[:, 2][item.triangles].sum(1)
                item.index.orphan()
                item.index.write(item.triangles[np.argsort(depth)])

    def release(self) -> None:
        for item in self.drawables:
            item.release()
        self.still.release()
        self.moving.release()


class Renderer:
    """Renders heads at `size` x `size` with `supersample` squared samples a pixel. Keeps the last few heads on the GPU."""

    def __init__(self, size: int = 256, supersample: int = 2, keep: int = 6) -> None:
        self.size = size
        self._factor = supersample
        self._keep = keep
        self._context = moderngl.create_context(standalone=True, backend="egl", require=330)
        context = self._context
        self._programs: dict[str, moderngl.Program] = {}
        for kind in shaders.KINDS:
            vertex, fragment = shaders.colour_program(kind)
            self._programs[kind] = context.program(vertex_shader=vertex, fragment_shader=fragment)
        vertex, fragment = shaders.flat_program()
        self._flat = context.program(vertex_shader=vertex, fragment_shader=fragment)
        self._resolve = context.program(vertex_shader=shaders.SCREEN_VERTEX, fragment_shader=shaders.RESOLVE_FRAGMENT)
        corners = context.buffer(np.array([-1, -1, 3, -1, -1, 3], np.float32).tobytes())
        self._screen = context.vertex_array(self._resolve, [(corners, "2f", "in_corner")])
        large = (size * supersample, size * supersample)
        self._wide = context.texture(large, 4)
        self._wide.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._wide_target = context.framebuffer([self._wide], context.depth_renderbuffer(large))
        self._final_target = context.framebuffer([context.texture((size, size), 4)])
        self._label_target = context.framebuffer([context.texture((size, size), 1)], context.depth_renderbuffer((size, size)))
        self._loaded: OrderedDict[int, _Loaded] = OrderedDict()
        matrix = clip_matrix().T.tobytes()
        for program in (*self._programs.values(), self._flat):
            program["clip"].write(matrix)
        self._set("camera", (0.0, 0.0, DISTANCE))
        self._resolve["factor"].value = supersample

    def render(self, head: PosedHead, coefficients: np.ndarray, pose: np.ndarray, light: Light | None = None) -> Render:
        """One frame: coefficients [52] in ARKit order 0..1, pose [6] (yaw, pitch, roll in radians; x, y, z in head heights)."""
        loaded = self._load(head)
        loaded.refresh(head.vertices(coefficients, pose))
        self._set_light(light or Light.default())
        self._draw_colour(loaded)
        self._draw_labels(loaded)
        self._final_target.use()
        self._context.disable(moderngl.DEPTH_TEST | moderngl.BLEND | moderngl.CULL_FACE)
        self._wide.use(0)
        self._screen.render(moderngl.TRIANGLES)
        rgba = np.frombuffer(self._final_target.read(components=4, alignment=1), np.uint8).reshape(self.size, self.size, 4)
        parts = np.frombuffer(self._label_target.read(components=1, alignment=1), np.uint8).reshape(self.size, self.size)
        return Render(rgba.copy(), parts[::-1].copy())

    def close(self) -> None:
        """Frees the GPU memory of all heads and of the renderer."""
        for loaded in self._loaded.values():
            loaded.release()
        self._loaded.clear()
        self._context.release()

    def _load(self, head: PosedHead) -> _Loaded:
        key = id(head)
        if key not in self._loaded:
            if len(self._loaded) >= self._keep:
                self._loaded.popitem(last=False)[1].release()
            self._loaded[key] = _Loaded(self._context, head, self._programs, self._flat, self.size * self._factor <= 512)
        self._loaded.move_to_end(key)
        return self._loaded[key]

    def _set(self, name: str, value: tuple[float, ...]) -> None:
        for program in self._programs.values():
            if name in program:
                program[name].value = value

    def _set_light(self, light: Light) -> None:
        for name in ("sky", "ground", "key", "fill"):
            self._set(name, getattr(light, name))
        for name in ("key_direction", "fill_direction"):
            direction = np.asarray(getattr(light, name), np.float64)
            self._set(name, tuple(direction / np.linalg.norm(direction)))

    def _draw_colour(self, loaded: _Loaded) -> None:
        context = self._context
        self._wide_target.use()
        self._wide_target.clear(0, 0, 0, 0)
        context.enable(moderngl.DEPTH_TEST | moderngl.BLEND)
        context.depth_func = "<="
        context.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        self._draw_hair_depth(loaded)
        for item in loaded.drawables:
            kind = item.surface.kind
            item.texture.use(0)
            if "tint" in item.program:
                item.program["tint"].value = tuple(item.surface.tint)
            item.program["bias"].value = item.bias
            self._cull(kind)
            self._wide_target.depth_mask = kind != "card"
            item.vao.render(moderngl.TRIANGLES)
        self._wide_target.depth_mask = True

    def _draw_hair_depth(self, loaded: _Loaded) -> None:
        """Depth of hair that hides what lies behind it, so that nothing there is shaded."""
        self._wide_target.color_mask = (False, False, False, False)
        self._cull("card")
        for item in loaded.drawables:
            if item.is_hair:
                item.texture.use(0)
                self._flat["cut"].value = _OPAQUE_HAIR
                self._flat["bias"].value = item.bias
                item.label_vao.render(moderngl.TRIANGLES)
        self._wide_target.color_mask = (True, True, True, True)

    def _cull(self, kind: str) -> None:
        if kind in ("card", "eye"):
            self._context.disable(moderngl.CULL_FACE)
        else:
            self._context.enable(moderngl.CULL_FACE)

    def _draw_labels(self, loaded: _Loaded) -> None:
        self._label_target.use()
        self._label_target.clear(0, 0, 0, 0)
        self._context.disable(moderngl.BLEND)
        self._context.enable(moderngl.DEPTH_TEST)
        for item in loaded.drawables:
            item.texture.use(0)
            self._cull(item.surface.kind)
            self._flat["cut"].value = 0.5 if item.is_hair or item.surface.kind != "card" else 0.35
            self._flat["bias"].value = item.bias
            for label, first, count in item.ranges:
                self._flat["label"].value = float(label)
                item.label_vao.render(moderngl.TRIANGLES, vertices=count, first=first)
