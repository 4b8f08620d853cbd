"""Reads a glTF 2.0 or VRM head: meshes at rest in world units, the offsets of their ARKit shapes, colours, and which bone carries what.

The file format is pygltflib's matter; here are what a still head needs of the scene graph, skins and materials.
"""

from __future__ import annotations

import io
import json
import re
import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pygltflib
from PIL import Image

from ..arkit import ARKIT_NAMES
from .glb_colours import baked_colours, transformed
from .glb_names import REQUIRED, coefficient_of

_TYPES = {5120: np.int8, 5121: np.uint8, 5122: np.int16, 5123: np.uint16, 5125: np.uint32, 5126: np.float32}
_WIDTHS = {"SCALAR": 1, "VEC2": 2, "VEC3": 3, "VEC4": 4, "MAT2": 4, "MAT3": 9, "MAT4": 16}
_UNREADABLE = ("KHR_draco_mesh_compression", "EXT_meshopt_compression", "KHR_texture_basisu")
_LARGEST_TEXTURE = 1024
MOST_POINTS = 200_000
"""Vertices above which a file is refused: every one of them is posed for every picture."""


class GlbError(ValueError):
    """A file that cannot become an avatar: which file, and the rule that it breaks."""

    def __init__(self, file: str | Path, rule: str) -> None:
        super().__init__(f"{file}: {rule}")
        self.file, self.rule = str(file), rule


@dataclass(frozen=True)
class GlbPart:
    """One primitive at rest: points [n,3] and ARKit offsets {row: [n,3]} in world units, uv [n,2] (v up), triangles [k,3], RGBA texture,
    linear RGB tint, and per point how much of it hangs on the head's bones (None: the file has none) and on which eye's (+1 left)."""

    name: str
    points: np.ndarray
    moves: dict[int, np.ndarray]
    uv: np.ndarray
    triangles: np.ndarray
    texture: np.ndarray
    tint: tuple[float, float, float]
    alpha: str
    double_sided: bool
    share: np.ndarray | None
    eye: np.ndarray


@dataclass(frozen=True)
class GlbScene:
    """All parts of a file, the coefficients that it shows, and the places [3] of its bones by `head`, `neck`, `eyeLeft`, `eyeRight`."""

    file: str
    parts: list[GlbPart]
    shapes: set[str]
    bones: dict[str, np.ndarray]


def read_glb(path: str | Path) -> GlbScene:
    """Reads a `.glb`, `.vrm` or `.gltf`. Raises GlbError that names the file and the rule."""
    return _Reader(Path(path)).scene()


class _Reader:
    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            data = path.read_bytes()
        except OSError as error:
            raise GlbError(path, f"cannot be read: {error.strerror}") from error
        try:
            self.gltf = _parsed(data, path)
            self.json = json.loads(self.gltf.to_json())
            self.blobs = [self._buffer(number) for number in range(len(self.gltf.buffers))]
        except GlbError:
            raise
        except (ValueError, KeyError, TypeError, AttributeError, IndexError, struct.error, OSError) as error:
            raise GlbError(path, f"must be glTF 2.0 (.glb, .vrm or .gltf): {error}") from error
        closed = [name for name in _UNREADABLE if name in (self.gltf.extensionsRequired or [])]
        if closed:
            raise GlbError(path, f"must not need {closed[0]}: export it without compression")
        self.world = self._world_matrices()
        self.bones = self._bones()

    def scene(self) -> GlbScene:
        """Everything that is drawn."""
        bound = self._expressions()
        parts = []
        try:
            for number, node in enumerate(self.gltf.nodes):
                if node.mesh is not None and number in self.world:
                    parts += self._mesh_parts(number, bound.get(node.mesh, {}))
        except (ValueError, KeyError, TypeError, IndexError) as error:
            if isinstance(error, GlbError):
                raise
            raise GlbError(self.path, f"must hold together as glTF 2.0: {error!r}") from error
        if not parts:
            raise GlbError(self.path, "must have a mesh of triangles in its scene")
        count = sum(len(part.points) for part in parts)
        if count > MOST_POINTS:
            raise GlbError(self.path, f"must have at most {MOST_POINTS} vertices, it has {count}")
        shapes = {ARKIT_NAMES[row] for part in parts for row, move in part.moves.items() if np.abs(move).max() > 0}
        absent = [name for name in REQUIRED if name not in shapes]
        if not shapes & {"mouthPucker", "mouthFunnel"}:
            absent.append("mouthPucker or mouthFunnel")
        if absent:
            raise GlbError(self.path, f"must have morph targets with ARKit names; it lacks {', '.join(absent)} ({len(shapes)} of 52 found)")
        return GlbScene(str(self.path), parts, shapes, {name: self.world[node][:3, 3] for name, node in self.bones.items() if node in self.world})

    def _buffer(self, number: int) -> bytes:
        uri = self.gltf.buffers[number].uri
        if uri is None:
            return self.gltf.binary_blob()
        if uri.startswith("data:"):
            return self.gltf.decode_data_uri(uri)
        return (self.path.parent / uri).read_bytes()

    def _world_matrices(self) -> dict[int, np.ndarray]:
        """World matrix of each node that the scene reaches."""
        nodes = self.gltf.nodes
        scenes = self.gltf.scenes
        roots = scenes[self.gltf.scene or 0].nodes if scenes else [i for i in range(len(nodes)) if not any(i in (n.children or []) for n in nodes)]
        world: dict[int, np.ndarray] = {}
        waiting = [(root, np.eye(4)) for root in roots or []]
        while waiting:
            number, above = waiting.pop()
            if number in world or number >= len(nodes):
                raise GlbError(self.path, f"must have a tree of nodes; node {number} is reached twice or absent")
            world[number] = above @ _local_matrix(nodes[number])
            waiting += [(child, world[number]) for child in nodes[number].children or []]
        return world

    def _bones(self) -> dict[str, int]:
        """Nodes of head, neck and eyes: VRM's humanoid, else by their names."""
        extensions = self.json.get("extensions") or {}
        human = (extensions.get("VRMC_vrm") or {}).get("humanoid", {}).get("humanBones", {})
        if isinstance(human, dict):
            named = {name: bone.get("node") for name, bone in human.items()}
        else:
            named = {}
        for bone in (extensions.get("VRM") or {}).get("humanoid", {}).get("humanBones", []):
            named[bone.get("bone")] = bone.get("node")
        found = {
            ours: named[theirs]
            for ours, theirs in (("head", "head"), ("neck", "neck"), ("eyeLeft", "leftEye"), ("eyeRight", "rightEye"))
            if named.get(theirs) is not None
        }
        for number, node in enumerate(self.gltf.nodes):
            folded = re.sub(r"[^a-z]", "", re.split(r"[:|/]", node.name or "")[-1].lower())
            wanted = {
                "head": "head",
                "neck": "neck",
                "lefteye": "eyeLeft",
                "eyeleft": "eyeLeft",
                "eyel": "eyeLeft",
                "righteye": "eyeRight",
                "eyeright": "eyeRight",
                "eyer": "eyeRight",
            }
            if folded in wanted and node.mesh is None:
                found.setdefault(wanted[folded], number)
        return found

    def _below(self, bone: str) -> set[int]:
        """The bone's node and all nodes under it; empty where there is no such bone."""
        if bone not in self.bones:
            return set()
        out, waiting = set(), [self.bones[bone]]
        while waiting:
            number = waiting.pop()
            out.add(number)
            waiting += self.gltf.nodes[number].children or []
        return out

    def _expressions(self) -> dict[int, dict[int, list[tuple[int, float]]]]:
        """VRM expressions that have ARKit names ("perfect sync"): {mesh: {target: [(row, weight)]}}."""
        found: dict[int, dict[int, list[tuple[int, float]]]] = {}
        extensions = self.json.get("extensions") or {}

        def bind(name: str, mesh: int | None, target: int, weight: float) -> None:
            row = coefficient_of(name)
            if row is not None and mesh is not None:
                found.setdefault(mesh, {}).setdefault(target, []).append((row, weight))

        expressions = (extensions.get("VRMC_vrm") or {}).get("expressions") or {}
        for name, expression in {**expressions.get("preset", {}), **expressions.get("custom", {})}.items():
            for one in expression.get("morphTargetBinds") or []:
                bind(name, self.gltf.nodes[one["node"]].mesh, one["index"], one.get("weight", 1.0))
        for group in (extensions.get("VRM") or {}).get("blendShapeMaster", {}).get("blendShapeGroups", []):
            for one in group.get("binds") or []:
                bind(group.get("name", ""), one["mesh"], one["index"], one.get("weight", 100) / 100)
        return found

    def _mesh_parts(self, number: int, bound: dict[int, list[tuple[int, float]]]) -> list[GlbPart]:
        node = self.gltf.nodes[number]
        mesh = self.gltf.meshes[node.mesh]
        out = []
        for primitive in mesh.primitives:
            if primitive.attributes.POSITION is None or primitive.mode not in (None, 4):
                continue
            points = self._values(primitive.attributes.POSITION).astype(np.float64)
            matrix, share, eye = self._carriers(number, node, primitive, len(points))
            linear = matrix[..., :3, :3]
            names = (primitive.extras or {}).get("targetNames") or (mesh.extras or {}).get("targetNames") or []
            moves: dict[int, np.ndarray] = {}
            for target, attributes in enumerate(primitive.targets or []):
                place = attributes.get("POSITION") if isinstance(attributes, dict) else attributes.POSITION
                row = coefficient_of(names[target]) if target < len(names) else None
                rows = [(row, 1.0)] if row is not None else bound.get(target, [])
                if place is None or not rows:
                    continue
                shift = np.einsum("...ij,...j->...i", linear, self._values(place))
                for chosen, weight in rows:
                    moves[chosen] = moves.get(chosen, 0) + (weight * shift).astype(np.float32)
            points = np.einsum("...ij,...j->...i", linear, points) + matrix[..., :3, 3]
            index = np.arange(len(points)) if primitive.indices is None else self._values(primitive.indices).astype(np.int64).ravel()
            triangles = index[: len(index) // 3 * 3].reshape(-1, 3).copy()
            if np.linalg.det(self.world[number][:3, :3]) < 0 and node.skin is None:
                triangles = triangles[:, ::-1]
            out.append(self._coloured(primitive, f"{node.name or ''} {mesh.name or ''}", points.astype(np.float32), moves, triangles, share, eye))
        return out

    def _carriers(self, number: int, node: pygltflib.Node, primitive: pygltflib.Primitive, count: int) -> tuple[np.ndarray, np.ndarray | None, np.ndarray]:
        """World matrix ([4,4] or [n,4,4] of a skin), share of the head's bones [n], side of the eye [n]."""
        head, neck = self._below("head"), self._below("neck")
        eyes = {side: self._below(name) for side, name in ((1, "eyeLeft"), (-1, "eyeRight"))}
        eye = np.zeros(count, np.int8)
        if node.skin is None or primitive.attributes.JOINTS_0 is None:
            share = np.full(count, 1.0 if number in head else 0.4 if number in neck else 0.0, np.float32) if head else None
            for side, members in eyes.items():
                eye[:] = side if number in members else eye
            return self.world[number], share, eye
        skin = self.gltf.skins[node.skin]
        inverse = (
            self._values(skin.inverseBindMatrices).reshape(-1, 4, 4).transpose(0, 2, 1)
            if skin.inverseBindMatrices is not None
            else np.eye(4)[None].repeat(len(skin.joints), 0)
        )
        bones = np.stack([self.world[joint] for joint in skin.joints]) @ inverse
        joints, weights = self._values(primitive.attributes.JOINTS_0).astype(np.int64), self._values(primitive.attributes.WEIGHTS_0).astype(np.float64)
        weights = weights / np.maximum(weights.sum(1, keepdims=True), 1e-9)
        matrix = np.einsum("nk,nkij->nij", weights, bones[joints])

        def weight_of(members: set[int]) -> np.ndarray:
            return (weights * np.isin(np.asarray(skin.joints)[joints], list(members))).sum(1)

        for side, members in eyes.items():
            eye[weight_of(members) > 0.5] = side
        share = (weight_of(head) + 0.4 * weight_of(neck - head)).astype(np.float32) if head else None
        return matrix, share, eye

    def _coloured(self, primitive: pygltflib.Primitive, name: str, points: np.ndarray, moves: dict[int, np.ndarray], triangles: np.ndarray,
                  share: np.ndarray | None, eye: np.ndarray) -> GlbPart:  # fmt: skip
        material = self.gltf.materials[primitive.material] if primitive.material is not None else pygltflib.Material(alphaMode="OPAQUE")
        surface = material.pbrMetallicRoughness
        factor = tuple((surface.baseColorFactor if surface else None) or (1.0, 1.0, 1.0, 1.0))
        uv, texture = np.full((len(points), 2), 0.5, np.float32), np.full((1, 1, 4), 255, np.uint8)
        colour = primitive.attributes.COLOR_0
        if surface is not None and surface.baseColorTexture is not None:
            texture = self._image(surface.baseColorTexture.index)
            place = getattr(primitive.attributes, f"TEXCOORD_{surface.baseColorTexture.texCoord or 0}", None)
            if place is not None:
                uv = self._values(place).astype(np.float32)
            uv = transformed(uv, (surface.baseColorTexture.extensions or {}).get("KHR_texture_transform"))
        uv = np.stack([uv[:, 0], 1 - uv[:, 1]], 1)
        tint = tuple(float(v) for v in factor[:3])
        if colour is not None:
            values = self._values(colour).astype(np.float32)[:, :3]
            if np.ptp(values, 0).max() < 1 / 64 or surface is not None and surface.baseColorTexture is not None:
                tint = tuple(float(v * c) for v, c in zip(tint, values.mean(0)))
            else:
                points, moves, uv, triangles, texture, share, eye = baked_colours(points, moves, triangles, values, share, eye)
        alpha = material.alphaMode or "OPAQUE"
        if alpha == "OPAQUE":
            texture = np.concatenate([texture[..., :3], np.full_like(texture[..., 3:], 255)], -1)
        elif factor[3] < 1:
            texture = np.concatenate([texture[..., :3], (texture[..., 3:] * factor[3]).astype(np.uint8)], -1)
        return GlbPart(f"{name} {material.name or ''}".strip(), points, moves, uv, triangles, texture, tint, alpha, bool(material.doubleSided), share, eye)

    def _image(self, texture_index: int) -> np.ndarray:
        """RGBA [h,w,4] of a texture, at most 1024 pixels wide and high."""
        texture = self.gltf.textures[texture_index]
        source = ((texture.extensions or {}).get("EXT_texture_webp") or {}).get("source", texture.source)
        image = self.gltf.images[source]
        if image.bufferView is not None:
            view = self.gltf.bufferViews[image.bufferView]
            data = self.blobs[view.buffer][view.byteOffset or 0 :][: view.byteLength]
        elif image.uri.startswith("data:"):
            data = self.gltf.decode_data_uri(image.uri)
        else:
            data = (self.path.parent / image.uri).read_bytes()
        try:
            opened = Image.open(io.BytesIO(data)).convert("RGBA")
        except (OSError, ValueError) as error:
            raise GlbError(self.path, f"must have textures in PNG, JPEG or WebP; image {source} is not: {error}") from error
        opened.thumbnail((_LARGEST_TEXTURE, _LARGEST_TEXTURE), Image.Resampling.BOX)
        return np.asarray(opened, np.uint8)

    def _values(self, number: int) -> np.ndarray:
        """An accessor as an array [n,width]; normalised integers become -1..1 or 0..1."""
        accessor = self.gltf.accessors[number]
        kind, width = _TYPES[accessor.componentType], _WIDTHS[accessor.type]
        if accessor.bufferView is None:
            values = np.zeros((accessor.count, width), kind)
        else:
            values = self._view(accessor.bufferView, accessor.byteOffset or 0, accessor.count, width, kind)
        if accessor.sparse is not None:
            sparse = accessor.sparse
            where = self._view(sparse.indices.bufferView, sparse.indices.byteOffset or 0, sparse.count, 1, _TYPES[sparse.indices.componentType]).ravel()
            values = values.copy()
            values[where] = self._view(sparse.values.bufferView, sparse.values.byteOffset or 0, sparse.count, width, kind)
        if accessor.normalized and kind != np.float32:
            values = np.maximum(values.astype(np.float32) / np.iinfo(kind).max, -1)
        if kind == np.float32 and not np.isfinite(values).all():
            raise GlbError(self.path, f"must have finite numbers; accessor {number} has others")
        return values

    def _view(self, number: int, offset: int, count: int, width: int, kind: type) -> np.ndarray:
        view = self.gltf.bufferViews[number]
        size = np.dtype(kind).itemsize
        stride = view.byteStride or width * size
        data = np.frombuffer(self.blobs[view.buffer], np.uint8)
        first = (view.byteOffset or 0) + offset
        if count and first + (count - 1) * stride + width * size > len(data):
            raise GlbError(self.path, f"must be whole; bufferView {number} ends after its buffer")
        rows = np.lib.stride_tricks.as_strided(data[first:], (count, width * size), (stride, 1))
        return np.ascontiguousarray(rows).view(kind).reshape(count, width)


def _parsed(data: bytes, path: Path) -> pygltflib.GLTF2:
    if data[:4] == b"glTF":
        version, length = struct.unpack("<II", data[4:12])
        if version != 2 or length > len(data):
            raise GlbError(path, f"must be glTF 2.0, whole; it says version {version}, {length} bytes, and has {len(data)}")
        return pygltflib.GLTF2.load_from_bytes(data)
    return pygltflib.GLTF2.from_json(data.decode("utf-8"))


def _local_matrix(node: pygltflib.Node) -> np.ndarray:
    if node.matrix is not None:
        return np.asarray(node.matrix, np.float64).reshape(4, 4).T
    out = np.eye(4)
    x, y, z, w = node.rotation or (0.0, 0.0, 0.0, 1.0)
    out[:3, :3] = [[1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                   [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                   [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)]]  # fmt: skip
    out[:3, :3] *= node.scale or (1.0, 1.0, 1.0)
    out[:3, 3] = node.translation or (0.0, 0.0, 0.0)
    return out
