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

_KINDS = {"skin": 0, "eye": 1, "tooth": 2, "tongue": 3, "card": 4, "cloth": 5}
_ORDER = {"skin": 0, "cloth": 1, "tooth": 2, "tongue": 3, "eye": 4, "card": 5}
_SMALL_CARD_BIAS = 0.0006


@dataclass(frozen=True)
class Render:
    """`rgba` [h,w,4] uint8 with straight alpha, `parts` [h,w] uint8 (see `rig.PART_NAMES`)."""

    rgba: np.ndarray
    parts: np.ndarray


class _Drawable:
    """One surface on the GPU."""

    def __init__(self, context: moderngl.Context, surface: Surface, program: moderngl.Program, labels: moderngl.Program,
                 moving: moderngl.Buffer, still: moderngl.Buffer, first_vertex: int) -> None:
        order = np.argsort(surface.label, kind="stable")
        self.surface = surface
        self.triangles = np.ascontiguousarray(surface.triangles[order] + first_vertex, np.int32)
        label = surface.label[order]
        values, starts = np.unique(label, return_index=True)
        stops = [*starts[1:], len(label)]
        self.ranges = [(int(v), int(a) * 3, int(b - a) * 3) for v, a, b in zip(values, starts, stops, strict=True)]
        self.index = context.buffer(self.triangles.tobytes())
        layout = [(moving, "3f 3f", "in_position", "in_normal"), (still, "2f 1f 1f", "in_uv", "in_shade", "in_fade")]
        self.vao = context.vertex_array(program, layout, self.index, skip_errors=True)
        self.label_vao = context.vertex_array(labels, layout, self.index, skip_errors=True)
        height, width = surface.texture.shape[:2]
        self.texture = context.texture((width, height), 4, np.ascontiguousarray(surface.texture[::-1]).tobytes())
        self.texture.build_mipmaps()
        self.texture.filter = (moderngl.LINEAR_MIPMAP_LINEAR, moderngl.LINEAR)
        self.is_hair = surface.kind == "card" and surface.name == "hair"

    def release(self) -> None:
        for item in (self.vao, self.label_vao, self.index, self.texture):
            item.release()


class _Loaded:
    """All surfaces of one head on the GPU, with what is needed to refresh them each frame."""

    def __init__(self, context: moderngl.Context, head: PosedHead, program: moderngl.Program, labels: moderngl.Program) -> None:
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
            self.drawables.append(_Drawable(context, surface, program, labels, self.moving, self.still, first))
            first += len(surface.source)
        self.drawables.sort(key=lambda item: (_ORDER[item.surface.kind], item.is_hair))
        self.normals = NormalField(head)

    def refresh(self, points: np.ndarray) -> None:
        """Uploads posed points [n,3] with their normals, and sorts the hair from back to front."""
        self.data[:, :3] = points[self.source]
        self.data[:, 3:] = self.normals.of(points)[self.source]
        self.moving.write(self.data)
        for item in self.drawables:
            if item.is_hair:
                depth = self.data[:, 2][item.triangles].sum(1)
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
        self._program = context.program(vertex_shader=shaders.VERTEX, fragment_shader=shaders.FRAGMENT)
        self._labels = context.program(vertex_shader=shaders.VERTEX, fragment_shader=shaders.LABEL_FRAGMENT)
        self._resolve = context.program(vertex_shader=shaders.SCREEN_VERTEX, fragment_shader=shaders.RESOLVE_FRAGMENT)
        corners = context.buffer(np.array([-1, -1, 3, -1, -1, 3], np.float32).tobytes())
        self._screen = context.vertex_array(self._resolve, [(corners, "2f", "in_corner")])
        large = (size * supersample, size * supersample)
        self._wide = context.texture(large, 4, dtype="f2")
        self._wide.filter = (moderngl.NEAREST, moderngl.NEAREST)
        self._wide_target = context.framebuffer([self._wide], context.depth_renderbuffer(large))
        self._final_target = context.framebuffer([context.texture((size, size), 4)])
        self._label_target = context.framebuffer([context.texture((size, size), 1)], context.depth_renderbuffer((size, size)))
        self._loaded: OrderedDict[int, _Loaded] = OrderedDict()
        matrix = clip_matrix().T.tobytes()
        for program in (self._program, self._labels):
            program["clip"].write(matrix)
        self._program["camera"].value = (0.0, 0.0, DISTANCE)
        self._resolve["factor"].value = supersample

    def render(self, head: PosedHead, coefficients: np.ndarray, pose: np.ndarray, light: Light | None = None) -> Render:
        """One frame: coefficients [52] in ARKit order 0..1, pose [6] (yaw, pitch, roll in radians; x, y, z in head heights)."""
        loaded = self._load(head)
        loaded.refresh(head.vertices(coefficients, pose))
        self._set_light(light or Light.default())
        self._draw_colour(loaded)
        self._draw_labels(loaded)
        self._final_target.use()
        self._context.disable(moderngl.DEPTH_TEST | moderngl.BLEND)
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
            self._loaded[key] = _Loaded(self._context, head, self._program, self._labels)
        self._loaded.move_to_end(key)
        return self._loaded[key]

    def _set_light(self, light: Light) -> None:
        for name in ("sky", "ground", "key", "fill"):
            self._program[name].value = getattr(light, name)
        for name in ("key_direction", "fill_direction"):
            direction = np.asarray(getattr(light, name), np.float64)
            self._program[name].value = tuple(direction / np.linalg.norm(direction))

    def _draw_colour(self, loaded: _Loaded) -> None:
        context, program = self._context, self._program
        self._wide_target.use()
        self._wide_target.clear(0, 0, 0, 0)
        context.enable(moderngl.DEPTH_TEST | moderngl.BLEND)
        context.depth_func = "<="
        context.blend_func = moderngl.ONE, moderngl.ONE_MINUS_SRC_ALPHA
        for item in loaded.drawables:
            item.texture.use(0)
            kind = item.surface.kind
            program["kind"].value = _KINDS[kind]
            program["tint"].value = tuple(item.surface.tint)
            program["bias"].value = _SMALL_CARD_BIAS if kind == "card" and not item.is_hair else 0.0
            self._wide_target.depth_mask = True
            if item.is_hair:
                self._wide_target.color_mask = (False, False, False, False)
                program["cut"].value = 0.92
                item.vao.render(moderngl.TRIANGLES)
                self._wide_target.color_mask = (True, True, True, True)
            if kind == "card":
                self._wide_target.depth_mask = False
            program["cut"].value = 0.004
            item.vao.render(moderngl.TRIANGLES)
            self._wide_target.depth_mask = True

    def _draw_labels(self, loaded: _Loaded) -> None:
        program = self._labels
        self._label_target.use()
        self._label_target.clear(0, 0, 0, 0)
        self._context.disable(moderngl.BLEND)
        self._context.enable(moderngl.DEPTH_TEST)
        for item in loaded.drawables:
            item.texture.use(0)
            program["kind"].value = _KINDS[item.surface.kind]
            program["cut"].value = 0.5 if item.is_hair else 0.35
            program["bias"].value = _SMALL_CARD_BIAS if item.surface.kind == "card" and not item.is_hair else 0.0
            for label, first, count in item.ranges:
                program["label"].value = float(label)
                item.label_vao.render(moderngl.TRIANGLES, vertices=count, first=first)
