"""Writes one of our own heads as a GLB with ARKit morph targets, for trying `avatar create` without anybody's model.

python -m training.data.heads.glb_sample --out build/robin.glb [--number 7]
"""

from __future__ import annotations

import argparse
import io
from pathlib import Path

import numpy as np
import pygltflib
from PIL import Image

from ..arkit import ARKIT_NAMES
from .procedural import procedural_head
from .rig import PosedHead, Surface

METRES = 0.23
"""A head's height in the file, which glTF counts in metres."""


class _Writer:
    def __init__(self) -> None:
        self.gltf = pygltflib.GLTF2(asset=pygltflib.Asset(version="2.0", generator="echo-head training/data/heads/glb_sample.py"), scene=0, scenes=[pygltflib.Scene(nodes=[])],
                                    samplers=[pygltflib.Sampler(magFilter=9729, minFilter=9987)])  # fmt: skip
        self.blob = bytearray()

    def view(self, data: bytes, target: int | None = None) -> int:
        self.blob += b"\0" * (-len(self.blob) % 4)
        self.gltf.bufferViews.append(pygltflib.BufferView(buffer=0, byteOffset=len(self.blob), byteLength=len(data), target=target))
        self.blob += data
        return len(self.gltf.bufferViews) - 1

    def accessor(self, values: np.ndarray, kind: str, target: int | None, bounds: bool = False) -> int:
        code = {np.dtype(np.float32): 5126, np.dtype(np.uint32): 5125}[values.dtype]
        limits = {"min": values.min(0).tolist(), "max": values.max(0).tolist()} if bounds else {}
        self.gltf.accessors.append(
            pygltflib.Accessor(bufferView=self.view(values.tobytes(), target), componentType=code, count=len(values), type=kind, **limits)
        )
        return len(self.gltf.accessors) - 1

    def material(self, surface: Surface) -> int:
        picture = io.BytesIO()
        Image.fromarray(surface.texture).save(picture, "PNG")
        self.gltf.images.append(pygltflib.Image(bufferView=self.view(picture.getvalue()), mimeType="image/png"))
        self.gltf.textures.append(pygltflib.Texture(source=len(self.gltf.images) - 1, sampler=0))
        colour = pygltflib.PbrMetallicRoughness(
            baseColorTexture=pygltflib.TextureInfo(index=len(self.gltf.textures) - 1),
            baseColorFactor=[*surface.tint, 1.0],
            metallicFactor=0.0,
            roughnessFactor=0.7,
        )
        card = surface.kind == "card"
        see_through = card and bool((surface.texture[..., 3] < 255).any())
        self.gltf.materials.append(
            pygltflib.Material(
                name=surface.name,
                pbrMetallicRoughness=colour,
                doubleSided=card,
                alphaMode="BLEND" if see_through else "MASK" if surface.kind == "eye" else "OPAQUE",
            )
        )
        return len(self.gltf.materials) - 1

    def surface(self, head: PosedHead, surface: Surface) -> int:
        """Adds a mesh and its node; returns the node."""
        points = (head.rig.neutral[surface.source] * METRES).astype(np.float32)
        uv = np.stack([surface.uv[:, 0], 1 - surface.uv[:, 1]], 1).astype(np.float32)
        moves = head.rig.offsets[:, surface.source] * METRES
        used = np.flatnonzero(np.abs(moves).max((1, 2)) > 1e-6)
        targets = [{"POSITION": self.accessor(np.ascontiguousarray(moves[row], np.float32), "VEC3", 34962, True)} for row in used]
        attributes = pygltflib.Attributes(POSITION=self.accessor(points, "VEC3", 34962, True), TEXCOORD_0=self.accessor(uv, "VEC2", 34962))
        index = self.accessor(surface.triangles.astype(np.uint32).ravel(), "SCALAR", 34963)
        primitive = pygltflib.Primitive(attributes=attributes, indices=index, material=self.material(surface), targets=targets or None)
        extras = {"targetNames": [ARKIT_NAMES[row] for row in used]}
        self.gltf.meshes.append(pygltflib.Mesh(name=surface.name, primitives=[primitive], extras=extras if targets else {}))
        self.gltf.nodes.append(pygltflib.Node(name=surface.name, mesh=len(self.gltf.meshes) - 1))
        return len(self.gltf.nodes) - 1


def write_glb(head: PosedHead, path: str | Path) -> None:
    """Writes a head: one mesh a surface, 52 shapes by name where they move something, eyeballs under nodes `LeftEye` and `RightEye`."""
    writer = _Writer()
    gltf = writer.gltf
    eyes = {side: len(gltf.nodes) + number for number, side in enumerate((1, -1))}
    gltf.nodes += [pygltflib.Node(name="LeftEye", children=[]), pygltflib.Node(name="RightEye", children=[])]
    gltf.scenes[0].nodes += eyes.values()
    for surface in head.surfaces:
        sides = {eye.side for eye in head.rig.eyes if np.isin(surface.source, eye.points).all()}
        both = surface.kind == "eye" and not sides  # one surface for both eyes is cut in two
        pieces = [(surface, next(iter(sides), 0))] if not both else [(_half(head, surface, side), side) for side in (1, -1)]
        for piece, side in pieces:
            node = writer.surface(head, piece)
            (gltf.nodes[eyes[side]].children if side else gltf.scenes[0].nodes).append(node)
    gltf.buffers = [pygltflib.Buffer(byteLength=len(writer.blob))]
    gltf.set_binary_blob(bytes(writer.blob))
    gltf.save_binary(str(path))


def _half(head: PosedHead, surface: Surface, side: int) -> Surface:
    own = np.isin(surface.source, next(eye.points for eye in head.rig.eyes if eye.side == side))
    chosen = own[surface.triangles].all(1)
    used, place = np.unique(surface.triangles[chosen], return_inverse=True)
    return Surface(f"{surface.name}{'+' if side > 0 else '-'}", surface.kind, surface.source[used], surface.uv[used], place.reshape(-1, 3), surface.label[chosen],
                   surface.shade[used], surface.fade[used], surface.texture, surface.tint)  # fmt: skip


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--number", type=int, default=7, help="which procedural person")
    arguments = parser.parse_args()
    arguments.out.parent.mkdir(parents=True, exist_ok=True)
    write_glb(procedural_head(arguments.number), arguments.out)
    print(f"{arguments.out}: {arguments.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
