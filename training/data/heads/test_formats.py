"""Tests of the file readers on tiny hand-written files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from training.data.heads.mhclo import load_mhclo
from training.data.heads.obj import load_obj, split_by_uv, triangulate
from training.data.heads.targets import load_target, target_name
from training.data.heads.topology import QuadTopology, mirror_map


def test_target(tmp_path: Path) -> None:
    path = tmp_path / "nose" / "nose-hump-incr.target"
    path.parent.mkdir()
    path.write_text("# a comment\n3 .5 -1 0\n10 0 0 2e-1\n")
    index, offset = load_target(path)
    assert index.tolist() == [3, 10]
    np.testing.assert_allclose(offset, [[0.5, -1, 0], [0, 0, 0.2]])
    assert target_name(path, tmp_path) == "nose/nose-hump-incr"


def test_mhclo_fits_and_scales(tmp_path: Path) -> None:
    path = tmp_path / "hat.mhclo"
    path.write_text(
        "# c\nname Hat\nobj_file hat.obj\nx_scale 0 1 2.0\ny_scale 0 2 2.0\nz_scale 0 3 2.0\nmaterial hat.mhmat\n"
        "verts 0\ntag odd\n 2\n 0 1 2 0.5 0.25 0.25 0.1 0.2 0.3\n\ndelete_verts\n1 - 5\n"
    )
    hat = load_mhclo(path)
    assert hat.obj_path.name == "hat.obj" and hat.name == "Hat"
    base = np.array([[0, 0, 0], [4, 0, 0], [0, 2, 0], [0, 0, 1]], np.float32)
    np.testing.assert_allclose(hat.fitting.scales(base), [2, 1, 0.5])
    np.testing.assert_allclose(hat.fitting.place(base), [[0, 2, 0], [1.2, 0.7, 0.15]], atol=1e-6)
    np.testing.assert_allclose(hat.fitting.carry(np.array([0.0, 1, 2, 3], np.float32)), [2, 0.75])


def test_obj_groups_quads_and_seams(tmp_path: Path) -> None:
    path = tmp_path / "a.obj"
    path.write_text("v 0 0 0\nv 1 0 0\nv 1 1 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 1 1\ng one\nf 1/1 2/2 3/3 4/1\ng two\nf 1/2 2/2 3/3\n")
    mesh = load_obj(path)
    assert mesh.group_names == ("one", "two") and mesh.face_groups.tolist() == [0, 1]
    triangles, texture = triangulate(mesh.faces, mesh.face_uvs)
    assert triangles.tolist() == [[0, 1, 2], [0, 1, 2], [0, 2, 3]]
    source, uv, corners = split_by_uv(triangles, texture, mesh.uvs)
    assert len(source) == 5
    np.testing.assert_array_equal(source[corners], triangles)
    np.testing.assert_allclose(uv[corners], mesh.uvs[texture])


def test_topology_loop_and_mirror() -> None:
    rows, columns = 4, 8
    quads = [[r * columns + c, r * columns + (c + 1) % columns, (r + 1) * columns + (c + 1) % columns, (r + 1) * columns + c]
             for r in range(rows - 1) for c in range(columns)]
    topology = QuadTopology(np.array(quads))
    assert topology.loop(columns, columns + 1) == list(range(columns, 2 * columns))
    with pytest.raises(ValueError, match="ends at vertex"):
        topology.loop(0, columns)
    turn = np.arange(8) / 8 * 2 * np.pi
    ring = np.stack([np.cos(turn), np.sin(turn), 0 * turn], 1)
    assert mirror_map(ring, np.arange(8))[1] == 3
