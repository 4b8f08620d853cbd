"""Writes fixtures/tiny-pack: a whole model pack of a few kilobytes for tests, with trivial maths behind the real names.

Every stage keeps the names and shapes of docs/pack.md (only the picture is 16 x 16) and depends on all of its inputs, so a
test can see that a value arrived, that a switch acts and that a state was carried. Nothing here was trained.

    python tools/make_tiny_pack.py [folder]        needs: onnx, onnxruntime, numpy, safetensors, jsonschema
"""

import hashlib
import json
import shutil
import struct
import sys
import zlib
from pathlib import Path

import jsonschema
import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper
from safetensors.numpy import save_file

ROOT = Path(__file__).resolve().parents[1]
SIDE = 16
WORDS = ["<pad>", "<unk>", "neutral", "calm", "happy", "warm", "amused", "sad", "concerned", "gently", "very", "and"]
DTYPES = {"float32": TensorProto.FLOAT, "int32": TensorProto.INT32}


class Graph:
    """Builds one ONNX graph; each method adds a node and returns the name of its result."""

    def __init__(self) -> None:
        self.nodes, self.constants = [], []

    def constant(self, values, dtype=np.float32) -> str:
        name = f"constant_{len(self.constants)}"
        self.constants.append(numpy_helper.from_array(np.asarray(values, dtype=dtype), name))
        return name

    def add(self, op: str, *inputs: str, out: str | None = None, **attributes) -> str:
        name = out or f"value_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [name], name=f"{op}_{len(self.nodes)}", **attributes))
        return name

    def reshape(self, x: str, *shape: int, out: str | None = None) -> str:
        return self.add("Reshape", x, self.constant(shape, np.int64), out=out)

    def slice(self, x: str, start: int, end: int, axis: int, out: str | None = None) -> str:
        return self.add("Slice", x, *(self.constant([v], np.int64) for v in (start, end, axis)), out=out)

    def mean(self, x: str, *axes: int) -> str:
        return self.add("ReduceMean", x, axes=list(axes), keepdims=1)

    def scale(self, x: str, factor: float, out: str | None = None) -> str:
        return self.add("Mul", x, self.constant(factor), out=out)

    def column(self, switch: str, rank: int) -> str:
        """[N,1] -> [N,1,1,...] of the given rank, so that it multiplies a tensor of that rank."""
        return self.reshape(switch, *([-1] + [1] * (rank - 1)))


def tensors(**shapes) -> dict:
    """name=(dims...) or name=("int32", dims...) -> the manifest's description."""
    described = {}
    for name, dims in shapes.items():
        dtype = dims[0] if dims[0] in DTYPES else "float32"
        described[name] = {"dtype": dtype, "shape": list(dims[1:] if dims[0] in DTYPES else dims)}
    return described


def audio_encoder(g: Graph) -> tuple[dict, dict, list]:
    heard = g.add("Concat", "tail", "pcm", axis=1)  # [N,8960]
    g.slice(heard, 2560, 8960, 1, out="tail_next")
    windows = g.reshape(heard, -1, 4, 8, 280)
    g.slice(windows, 152, 280, 3, out="features")
    return tensors(pcm=("N", 2560), tail=("N", 6400)), tensors(features=("N", 4, 8, 128), tail_next=("N", 6400)), [
        ("tail", "tail_next")]


def visual_encoder(g: Graph) -> tuple[dict, dict, list]:
    seen = g.add("Mul", "face", "presence")  # [N,4,58]
    row = g.add("Pad", seen, g.constant([0, 0, 0, 0, 0, 70], np.int64))  # [N,4,128]
    g.add("Add", g.reshape(row, -1, 4, 1, 128), g.constant(np.zeros((1, 1, 8, 128))), out="tokens")
    return tensors(face=("N", 4, 58), presence=("N", 4, 1)), tensors(tokens=("N", 4, 8, 128)), []


def lpe(g: Graph) -> tuple[dict, dict, list]:
    both = g.mean(g.add("Add", "audio", "visual"), 1, 2)  # [N,1,1,128]
    fresh = g.add("Mul", g.reshape(both, -1, 1, 128), g.column("lpe", 3))
    g.add("Add", g.scale("memory", 0.5), fresh, out="memory_next")
    g.scale("memory_next", 1.0, out="perception")
    return (tensors(audio=("N", 4, 8, 128), visual=("N", 4, 8, 128), lpe=("N", 1), memory=("N", 12, 128)),
            tensors(perception=("N", 12, 128), memory_next=("N", 12, 128)), [("memory", "memory_next")])


def phi(g: Graph) -> tuple[dict, dict, list]:
    filled = g.add("Mul", "history", g.reshape("mask", -1, 150, 1))
    row = g.slice(g.mean(filled, 1), 0, 128, 2)  # [N,1,128]
    g.add("Add", row, g.constant(np.zeros((1, 8, 128))), out="understanding")
    return tensors(history=("N", 150, 187), mask=("N", 150)), tensors(understanding=("N", 8, 128)), []


def gca(g: Graph) -> tuple[dict, dict, list]:
    past = g.add("Mul", g.mean("understanding", 1), g.column("hbcu", 3))
    g.add("Add", "perception", past, out="f_pu")
    return (tensors(perception=("N", 12, 128), understanding=("N", 8, 128), hbcu=("N", 1)), tensors(f_pu=("N", 12, 128)), [])


def text_encoder(g: Graph) -> tuple[dict, dict, list]:
    mood = g.scale(g.mean(g.add("Cast", "ids", to=TensorProto.FLOAT), 1), 0.1)  # [N,1]
    g.add("Add", g.column(mood, 3), g.constant(np.zeros((1, 8, 128))), out="emotion")
    return tensors(ids=("int32", "N", 24)), tensors(emotion=("N", 8, 128)), []


def generator(g: Graph) -> tuple[dict, dict, list]:
    speech = g.add("Mul", g.mean("audio", 2, 3), g.column("sdcm", 4))  # [N,4,1,1]
    mood = g.add("Mul", g.reshape(g.mean("emotion", 1, 2), -1, 1, 1, 1), g.column("lau", 4))
    mood = g.add("Mul", mood, g.column("expressivity", 4))
    who = g.reshape(g.mean("identity", 1, 2), -1, 1, 1, 1)
    user = g.reshape(g.mean("f_pu", 1, 2), -1, 1, 1, 1)
    past = g.reshape(g.mean(g.add("Mul", "cache_v", "cache_k"), 1, 2), -1, 1, 1, 1)
    target = g.scale(speech, 10.0)
    for part in (mood, who, user, g.scale(past, 0.1), g.scale(g.column("time", 4), 0.01)):
        target = g.add("Add", target, part)
    g.add("Sub", target, "x", out="velocity")  # x runs to the target
    row = g.add("Add", g.scale(g.mean("x", 1, 2, 3), 0.25), g.constant(np.zeros((1, 1, 1, 16))))  # [N,1,1,16]
    row = g.reshape(row, -1, 1, 16)
    for name, value in (("cache_k", row), ("cache_v", row)):
        g.slice(g.add("Concat", name, value, axis=1), 1, 7, 1, out=f"{name}_next")
    one = g.add("Add", g.scale(g.slice("cache_mask", 0, 1, 1), 0.0), g.constant([[1.0]]))
    g.slice(g.add("Concat", "cache_mask", one, axis=1), 1, 7, 1, out="cache_mask_next")
    inputs = tensors(x=("N", 4, 12, 32), time=("N", 1), audio=("N", 4, 8, 128), f_pu=("N", 12, 128), emotion=("N", 8, 128),
                     identity=("N", 4, 128), sdcm=("N", 1), lau=("N", 1), expressivity=("N", 1), cache_k=("N", 6, 16),
                     cache_v=("N", 6, 16), cache_mask=("N", 6))
    outputs = tensors(velocity=("N", 4, 12, 32), cache_k_next=("N", 6, 16), cache_v_next=("N", 6, 16), cache_mask_next=("N", 6))
    return inputs, outputs, [(name, f"{name}_next") for name in ("cache_k", "cache_v", "cache_mask")]


def blendshape_head(g: Graph) -> tuple[dict, dict, list]:
    flat = g.reshape("tokens", -1, 4, 384)
    g.add("Sigmoid", g.slice(flat, 0, 52, 2), out="blendshapes")
    g.scale(g.add("Tanh", g.slice(flat, 52, 58, 2)), 0.3, out="pose")
    return tensors(tokens=("N", 4, 12, 32)), tensors(blendshapes=("N", 4, 52), pose=("N", 4, 6)), []


def decoder(g: Graph) -> tuple[dict, dict, list]:
    picture = g.add("Transpose", "reference_rgba", perm=[1, 2, 0])  # [H,W,4]
    light = g.scale(g.reshape(g.mean("tokens", 1, 2), -1, 1, 1, 1), 0.2)  # [F,1,1,1]
    light = g.add("Mul", light, g.constant([[[[1.0, 1.0, 1.0, 0.0]]]]))  # alpha stays
    lit = g.add("Add", g.reshape(picture, 1, SIDE, SIDE, 4), light)
    levels = g.add("Round", g.add("Clip", g.scale(lit, 255.0), g.constant(0.0), g.constant(255.0)))
    red, green, blue, alpha = (g.reshape(g.slice(levels, c, c + 1, 3), -1, SIDE, SIDE) for c in range(4))
    colour = g.add("Add", red, g.add("Add", g.scale(green, 2.0**8), g.scale(blue, 2.0**16)))
    signed = g.add("Sub", alpha, g.scale(g.add("Floor", g.scale(alpha, 1 / 128)), 256.0))  # from 128 on: the negative half of int32
    high = g.add("Cast", g.scale(signed, 2.0**24), to=TensorProto.INT32)
    g.add("Add", g.add("Cast", colour, to=TensorProto.INT32), high, out="rgba")
    return (tensors(tokens=("F", 12, 32), reference_rgba=(4, SIDE, SIDE)), tensors(rgba=("int32", "F", SIDE, SIDE)), [])


STAGES = {"audio-encoder": audio_encoder, "visual-encoder": visual_encoder, "lpe": lpe, "phi": phi, "gca": gca,
          "text-encoder": text_encoder, "generator": generator, "blendshape-head": blendshape_head}


def file_entry(root: Path, path: str) -> dict:
    content = (root / path).read_bytes()
    return {"file": path, "sha256": hashlib.sha256(content).hexdigest(), "bytes": len(content)}


def write_graph(path: Path, build) -> tuple[dict, dict, list]:
    g = Graph()
    inputs, outputs, states = build(g)

    def value(name: str, t: dict):
        return helper.make_tensor_value_info(name, DTYPES[t["dtype"]], t["shape"])

    graph = helper.make_graph(g.nodes, path.stem, [value(*item) for item in inputs.items()],
                              [value(*item) for item in outputs.items()], g.constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.checker.check_model(model, full_check=True)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(model.SerializeToString())
    return inputs, outputs, states


def write_golden(root: Path, path: str, graph: Path, inputs: dict, outputs: dict, given: dict, batch: int) -> None:
    """One run of the graph on seeded random inputs, except those in `given`, which are not stored: the pack has them elsewhere."""
    random = np.random.default_rng(7)
    feeds = {}
    for name, t in inputs.items():
        shape = [batch if d in ("N", "F") else d for d in t["shape"]]
        if name in given:
            feeds[name] = given[name]
        elif t["dtype"] == "int32":
            feeds[name] = random.integers(0, len(WORDS), shape, dtype=np.int32)
        else:
            feeds[name] = random.standard_normal(shape).astype(np.float32) * 0.5
    results = onnxruntime.InferenceSession(str(graph)).run(list(outputs), feeds)
    stored = {f"in.{k}": v for k, v in feeds.items() if k not in given} | {f"out.{k}": v for k, v in zip(outputs, results, strict=True)}
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    save_file({k: np.ascontiguousarray(v) for k, v in stored.items()}, root / path)


def write_png(path: Path, rgba: np.ndarray) -> None:
    """uint8 [H,W,4] -> PNG."""
    height, width, _ = rgba.shape

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = b"".join(b"\0" + row.tobytes() for row in rgba)
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 6, 0, 0, 0))
                     + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b""))


def write_avatar(root: Path, name: str, colour: tuple[float, float, float], identity: float) -> None:
    folder = root / "avatars" / name
    folder.mkdir(parents=True)
    across, down = np.meshgrid(np.linspace(-1, 1, SIDE), np.linspace(-1, 1, SIDE))
    picture = np.zeros((SIDE, SIDE, 4), np.float32)
    picture[..., :3] = np.asarray(colour) * (0.8 - 0.2 * down[..., None])
    picture[..., 3] = (across**2 + down**2 < 0.8).astype(np.float32)
    write_png(folder / "reference.png", (picture * 255).round().astype(np.uint8))
    reference = np.ascontiguousarray(picture.transpose(2, 0, 1))
    save_file({"identity": np.full((4, 128), identity, np.float32), "reference_rgba": reference}, folder / "appearance.safetensors")
    inputs, outputs, _ = write_graph(root / "decoders/plain.onnx", decoder)
    golden = f"avatars/{name}/golden-full.safetensors"
    write_golden(root, golden, root / "decoders/plain.onnx", inputs, outputs, {"reference_rgba": reference}, 2)
    write_json(folder / "avatar.json", {
        "format": "echo-head-avatar", "formatVersion": 1, "id": name, "displayName": name.capitalize(), "licence": "MIT",
        "provenance": {"summary": "A disc of one colour, for tests."},
        "tokens": {"layout": "regions", "count": 12, "width": 32}, "resolution": {"width": SIDE, "height": SIDE},
        "reference": file_entry(root, f"avatars/{name}/reference.png"),
        "appearance": file_entry(root, f"avatars/{name}/appearance.safetensors")
        | {"tensors": tensors(identity=(4, 128), reference_rgba=(4, SIDE, SIDE))},
        "decoders": {"full": file_entry(root, "decoders/plain.onnx") | {
            "precision": "float32", "gflopPerFrame": 0, "inputs": inputs, "outputs": outputs,
            "golden": file_entry(root, golden) | {"tolerance": 1}}},
    }, "avatar.schema.json")


def write_json(path: Path, content: dict, schema: str) -> None:
    jsonschema.validate(content, json.loads((ROOT / "sdk/pack" / schema).read_text()))
    path.write_text(json.dumps(content, indent=2) + "\n")


def main() -> None:
    root = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "fixtures/tiny-pack"
    shutil.rmtree(root, ignore_errors=True)
    behaviour = {}
    for name, build in STAGES.items():
        file, golden = f"behaviour/{name}.onnx", f"golden/{name}.safetensors"
        inputs, outputs, states = write_graph(root / file, build)
        write_golden(root, golden, root / file, inputs, outputs, {}, 1)
        behaviour[name] = file_entry(root, file) | {
            "precision": "float32", "gflopPerRun": 0, "inputs": inputs, "outputs": outputs,
            "states": [{"input": i, "output": o, "initial": "zeros"} for i, o in states],
            "golden": file_entry(root, golden) | {"tolerance": 1e-4}}
    (root / "behaviour/vocabulary.json").write_text(json.dumps(WORDS) + "\n")
    write_avatar(root, "ada", (0.9, 0.5, 0.4), 0.0)
    write_avatar(root, "kofi", (0.3, 0.5, 0.9), 0.5)
    regions = [{"name": f"region{i}", "role": "lip" if i < 4 else "face", "place": [round((i % 4) / 4 + 0.125, 3), round(i // 4 / 3 + 0.1, 3)]}
               for i in range(12)]
    write_json(root / "manifest.json", {
        "format": "echo-head-pack", "formatVersion": 1, "name": "tiny", "version": "0.1.0", "licence": "MIT",
        "provenance": {"summary": "Trivial graphs with the real names and shapes, for tests. Written by tools/make_tiny_pack.py."},
        "resolution": {"width": SIDE, "height": SIDE},
        "clock": {"fps": 25, "sampleRateHz": 16000, "samplesPerFrame": 640, "blockFrames": 4, "avatarLookaheadFrames": 2},
        "tokens": {"layout": "regions", "count": 12, "width": 32, "regions": regions},
        "sampler": {"method": "euler", "times": [0, 0.5]},
        "limits": {"historyEntries": 150, "historyBlocksPerEntry": 6, "textTokens": 24, "cacheBlocks": 6},
        "text": {"vocabulary": file_entry(root, "behaviour/vocabulary.json")},
        "behaviour": behaviour, "avatars": ["ada", "kofi"], "defaultAvatar": "ada",
    }, "manifest.schema.json")


if __name__ == "__main__":
    main()
