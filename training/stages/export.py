"""Stage `export`: checkpoints -> a model pack (docs/pack.md), one ONNX graph a stage, golden tensors and parity figures beside it."""

import datetime
import hashlib
import json
import subprocess
import warnings
from dataclasses import dataclass, field
from pathlib import Path

import jsonschema
import numpy as np
import onnxruntime
import torch
from PIL import Image
from safetensors.numpy import save_file
from torch import Tensor, nn

from training.model.audio_encoder import AudioEncoder
from training.model.config import Config, Painter
from training.model.decoder import straight_words
from training.model.flow import euler_times
from training.model.generator import Condition
from training.model.layout import MOTION_WIDTH, REGIONS, TOKEN_WIDTH, TOKENS
from training.model.phi import history_width
from training.stages.codec import Geometry, Paint, Pictures
from training.stages.distil import load_student
from training.stages.graphs import gflop, halve_weights, rgba_bytes
from training.stages.shapes import write_shapes
from training.stages.talking import IDENTITIES
from training.stages.talks import WORDS, Talks

OPSET = 17
SCHEMAS = Path(__file__).resolve().parents[2] / "sdk/pack"  # the same files that the SDK checks with
DISPLAY = {"ada": "Ada", "mei": "Mei", "theo": "Theo", "omar": "Omar"}


@dataclass
class Stage:
    """One graph to write: a module whose forward takes and gives plain tensors, with example inputs at N = 1."""

    name: str
    module: nn.Module
    inputs: dict[str, Tensor]
    outputs: list[str]
    states: list[str] = field(default_factory=list)
    tolerance: float = 2e-3
    batch: str = "N"


class LpeGraph(nn.Module):
    def __init__(self, lpe: nn.Module):
        super().__init__()
        self.lpe = lpe

    def forward(self, audio, visual, lpe, audio_conv, audio_ssm, vision_conv, vision_ssm):
        state = {"audio_conv": audio_conv, "audio_ssm": audio_ssm, "vision_conv": vision_conv, "vision_ssm": vision_ssm}
        perception, following = self.lpe(audio, visual, lpe, state)
        return perception, *(following[key] for key in state)


class GeneratorGraph(nn.Module):
    def __init__(self, generator: nn.Module):
        super().__init__()
        self.generator = generator

    def forward(self, x, time, audio, f_pu, emotion, identity, sdcm, lau, expressivity, cache_k, cache_v, cache_mask, last):
        condition = Condition(audio, f_pu, emotion, expressivity, sdcm, lau)
        velocity, following = self.generator(x, time, condition, identity, {"cache_k": cache_k, "cache_v": cache_v, "cache_mask": cache_mask, "last": last})
        return velocity, following["cache_k_next"], following["cache_v_next"], following["cache_mask_next"], following["last_next"]


class DecoderGraph(nn.Module):
    def __init__(self, decoder: nn.Module):
        super().__init__()
        self.decoder = decoder

    def forward(self, tokens, reference_rgba, rest_keypoints, feature_map, canvas_map, code):
        picture, _ = self.decoder(tokens, reference_rgba[None], rest_keypoints[None], feature_map[None], canvas_map[None], code[None])
        return straight_words(picture)


def behaviour_stages(config: Config, geometry: Geometry, encoder: AudioEncoder, modules: nn.ModuleDict) -> list[Stage]:
    """Every stage of the behaviour with seeded example inputs of plausible size."""
    s, clock = config.behaviour, config.clock
    speaker, context = modules["speaker"], modules["context"]
    seed = torch.Generator().manual_seed(7)
    normal = lambda *shape, scale=1.0: torch.randn(*shape, generator=seed) * scale  # noqa: E731
    uniform = lambda *shape: torch.rand(*shape, generator=seed)  # noqa: E731
    b, d, w = clock.block_frames, s.width, s.window
    one = torch.ones(1, 1)
    state = {k: normal(*v.shape, scale=0.3) for k, v in context["lpe"].initial_state(1).items()}
    cache = {k: normal(*v.shape) for k, v in speaker["generator"].initial_cache(1).items()}
    cache["cache_mask"] = (torch.arange(cache["cache_mask"].shape[1])[None] >= 2 * b * TOKENS).float()
    mask = (torch.arange(s.history_entries)[None] >= s.history_entries - 40).float()
    ids = torch.zeros(1, s.text_tokens, dtype=torch.int32)
    ids[0, :4] = torch.tensor([5, 9, 1, 12])
    return [
        Stage("audio-encoder", encoder, {"pcm": normal(1, clock.block_samples, scale=0.1), "tail": normal(1, s.tail_samples, scale=0.1)}, ["features", "tail_next"], ["tail"]),
        Stage("visual-encoder", context["visual"], {"face": uniform(1, b, MOTION_WIDTH) * 0.5, "presence": torch.tensor([[[1.0], [1.0], [0.0], [1.0]]])[:, :b]}, ["tokens"]),
        Stage("lpe", LpeGraph(context["lpe"]), {"audio": normal(1, b, w, d), "visual": normal(1, b, s.visual_tokens, d), "lpe": one, **state},
              ["perception", *(f"{k}_next" for k in state)], list(state)),
        Stage("phi", context["phi"], {"history": normal(1, s.history_entries, history_width(s), scale=0.3) * mask[:, :, None], "mask": mask}, ["understanding"]),
        Stage("gca", context["gca"], {"perception": normal(1, 3 * b, d), "understanding": normal(1, s.understanding_tokens, d), "hbcu": one}, ["f_pu"]),
        Stage("text-encoder", speaker["text"], {"ids": ids}, ["emotion"]),
        Stage("generator", GeneratorGraph(speaker["generator"]),
              {"x": normal(1, b, TOKENS, TOKEN_WIDTH), "time": one * 0.5, "audio": normal(1, b, w, d), "f_pu": normal(1, 3 * b, d), "emotion": normal(1, s.understanding_tokens, d),
               "identity": normal(1, s.identity_tokens, d, scale=0.3), "sdcm": one, "lau": one, "expressivity": one, **cache},
              ["velocity", *(f"{k}_next" for k in cache)], list(cache), tolerance=1e-2),
        Stage("blendshape-head", geometry["blendshapes"], {"tokens": normal(1, b, TOKENS, TOKEN_WIDTH)}, ["blendshapes", "pose"]),
    ]  # fmt: skip


def export_graph(stage: Stage, path: Path) -> float:
    """Writes the ONNX graph with named inputs and outputs and a free batch. Returns the GFLOP of a run on the example inputs."""
    path.parent.mkdir(parents=True, exist_ok=True)
    free = ["tokens", "rgba"] if stage.batch == "F" else [*stage.inputs, *stage.outputs]
    with warnings.catch_warnings():  # those that hold for every graph here
        warnings.filterwarnings("ignore", message="You are using the legacy TorchScript-based ONNX export", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message="The feature will be removed", category=DeprecationWarning)
        warnings.filterwarnings("ignore", message="Converting a tensor to a Python boolean", category=torch.jit.TracerWarning)  # shapes but the batch are fixed
        warnings.filterwarnings("ignore", message="Constant folding - Only steps=1", category=UserWarning)  # that slice is then computed in the graph
        torch.onnx.export(
            stage.module.eval(), tuple(stage.inputs.values()), str(path), input_names=list(stage.inputs), output_names=stage.outputs,
            dynamic_axes={name: {0: stage.batch} for name in free}, opset_version=OPSET, dynamo=False, do_constant_folding=True,
        )  # fmt: skip
    inputs = {name: value.numpy() for name, value in stage.inputs.items()}
    write_shapes(path, inputs, free)
    halve_weights(path)
    return gflop(path, inputs)


def golden_run(stage: Stage, path: Path, golden: Path) -> float:
    """Writes PyTorch's answer beside the graph; returns the largest difference of ONNX from it.

    A decoder's golden file holds `tokens` and `rgba` only: its other inputs are the avatar's appearance.
    """
    with torch.no_grad():
        outputs = stage.module(*stage.inputs.values())
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    kept = {k: v for k, v in stage.inputs.items() if stage.batch == "N" or k == "tokens"}
    tensors = {f"in.{k}": v.numpy() for k, v in kept.items()} | {f"out.{k}": v.numpy() for k, v in zip(stage.outputs, outputs)}
    golden.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: np.ascontiguousarray(v) for k, v in tensors.items()}, str(golden))
    session = onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])
    found = session.run(stage.outputs, {k: v.numpy() for k, v in stage.inputs.items()})
    if stage.batch == "F":  # pictures: a pixel on an edge may turn over, so the mean decides
        return max(float(np.abs(rgba_bytes(a).astype(np.float32) - rgba_bytes(b.numpy()).astype(np.float32)).mean()) for a, b in zip(found, outputs))
    return max(float(np.abs(a - b.numpy()).max()) for a, b in zip(found, outputs))


def describe(root: Path, path: Path) -> dict:
    """File entry of a manifest."""
    data = path.read_bytes()
    return {"file": path.relative_to(root).as_posix(), "sha256": hashlib.sha256(data).hexdigest(), "bytes": len(data)}


def tensors_of(named: dict[str, Tensor], batch: str) -> dict:
    kinds = {torch.float32: "float32", torch.int32: "int32"}
    free = lambda name, t: [batch, *t.shape[1:]] if batch == "N" or name in ("tokens", "rgba") else list(t.shape)  # noqa: E731
    return {name: {"dtype": kinds[t.dtype], "shape": free(name, t)} for name, t in named.items()}


def stage_entry(stage: Stage, root: Path, path: Path, golden: Path) -> tuple[dict, float]:
    """Exports, checks and describes one stage. Raises ValueError when ONNX and PyTorch disagree."""
    cost = export_graph(stage, path)
    difference = golden_run(stage, path, golden)
    if difference > stage.tolerance:
        raise ValueError(f"{stage.name}: ONNX differs from PyTorch by {difference:.2g}, more than {stage.tolerance}")
    with torch.no_grad():
        outputs = stage.module(*stage.inputs.values())
    outputs = dict(zip(stage.outputs, outputs if isinstance(outputs, tuple) else (outputs,)))
    entry = describe(root, path) | {
        "precision": "float16-weights", "inputs": tensors_of(stage.inputs, stage.batch), "outputs": tensors_of(outputs, stage.batch),
        "golden": describe(root, golden) | {"tolerance": stage.tolerance},
    }  # fmt: skip
    entry["gflopPerFrame" if stage.batch == "F" else "gflopPerRun"] = round(cost / (stage.inputs["tokens"].shape[0] if stage.batch == "F" else 1), 4)
    if stage.states:
        entry["states"] = [{"input": s, "output": f"{s}_next", "initial": "zeros"} for s in stage.states]
    return entry, difference


def write_checked(path: Path, content: dict, schema: str) -> None:
    """Writes a manifest. Raises jsonschema.ValidationError, and writes nothing, where it breaks sdk/pack/<schema>.schema.json."""
    jsonschema.validate(content, json.loads((SCHEMAS / f"{schema}.schema.json").read_text()))
    path.write_text(json.dumps(content, indent=1) + "\n")


def styles(talks: Talks, count: int) -> list[int]:
    """Rows of the identity table for the avatars: people of the training talks whose faces move a little more than most."""
    activity: dict[int, list[float]] = {}
    for talk in talks.train:
        activity.setdefault(talk.identity % IDENTITIES, []).append(float(talk.avatar.std(0).mean()))
    ranked = sorted(activity, key=lambda i: float(np.mean(activity[i])))
    return [ranked[int(q * (len(ranked) - 1))] for q in np.linspace(0.55, 0.85, count)]


def save_appearance(path: Path, tensors: dict[str, Tensor]) -> None:
    """Maps in half precision (the runtime widens them), the rest in float32."""
    halves = {"reference_rgba", "feature_map", "canvas_map"}
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file({k: np.ascontiguousarray(v.numpy().astype(np.float16 if k in halves else np.float32)) for k, v in tensors.items()}, str(path))


def commit() -> str:
    found = subprocess.run(["git", "rev-parse", "--short", "HEAD"], capture_output=True, text=True, check=False)
    return found.stdout.strip() or "unknown"


def export_pack(config: Config, work: Path, renders: Path, geometry: Geometry, encoder: AudioEncoder, talks: Talks, out: Path) -> dict:
    """Writes the whole pack; returns parity figures. Also fills `<work>/parity.json` for the card."""
    modules = load_student(config, work)
    parity: dict[str, float] = {}
    behaviour = {}
    for stage in behaviour_stages(config, geometry, encoder, modules):
        behaviour[stage.name], parity[stage.name] = stage_entry(stage, out, out / f"behaviour/{stage.name}.onnx", out / f"golden/{stage.name}.safetensors")
        print(f"export {stage.name}: {behaviour[stage.name]['bytes'] / 1e6:.2f} MB, {behaviour[stage.name]['gflopPerRun']} GFLOP, parity {parity[stage.name]:.2g}", flush=True)
    vocabulary = out / "behaviour/vocabulary.json"
    vocabulary.write_text(json.dumps(WORDS))
    index = json.loads((renders / "index.json").read_text())
    names, size = index["avatars"], index["size"]
    painters = {"full": (config.painter, "paint")}
    if config.light_painter and (work / "paint-light.pt").exists():
        painters["light"] = (config.light_painter, "paint-light")
    for number, (name, style) in enumerate(zip(names, styles(talks, len(names)))):
        avatar = export_avatar(out, work, renders, geometry, modules, painters, name, number, style, parity)
        write_checked(out / f"avatars/{name}/avatar.json", avatar, "avatar")
    steps = int(config.stage("distil").options.get("student_steps", 2)) if (work / "distil.pt").exists() else 8
    manifest = {
        "format": "echo-head-pack", "formatVersion": 1, "name": "echo-nano", "version": "0.1.0", "licence": "MIT",
        "provenance": {
            "summary": "Trained by training/ on rendered heads, synthesised speech and simulated talks; see CARD.md.",
            "config": config.name, "trainedAt": datetime.date.today().isoformat(), "commit": commit(),
            "data": ["renders of parametric heads (MakeHuman CC0 assets)", "speech of flite, Festival, espeak-ng" + (" and Kokoro-82M (Apache-2.0)" if config.data.get("kokoro") else ""), "simulated conversations"],
        },
        "resolution": {"width": size, "height": size},
        "clock": {"fps": config.clock.fps, "sampleRateHz": config.clock.sample_rate_hz, "samplesPerFrame": config.clock.samples_per_frame,
                  "blockFrames": config.clock.block_frames, "avatarLookaheadFrames": config.clock.avatar_lookahead_frames},
        "tokens": {"layout": "regions", "count": TOKENS, "width": TOKEN_WIDTH, "regions": [{"name": r.name, "role": r.role, "place": list(r.place)} for r in REGIONS]},
        "sampler": {"method": "euler", "times": euler_times(steps)},
        "limits": {"historyEntries": config.behaviour.history_entries, "historyBlocksPerEntry": config.behaviour.history_blocks,
                   "textTokens": config.behaviour.text_tokens, "cacheBlocks": config.behaviour.cache_blocks},
        "text": {"vocabulary": describe(out, vocabulary)}, "behaviour": behaviour, "avatars": names, "defaultAvatar": names[0],
    }  # fmt: skip
    write_checked(out / "manifest.json", manifest, "manifest")
    (work / "parity.json").write_text(json.dumps(parity, indent=1))
    return parity


def export_avatar(out: Path, work: Path, renders: Path, geometry: Geometry, modules: nn.ModuleDict, painters: dict[str, tuple[Painter, str]],
                  name: str, number: int, style: int, parity: dict[str, float]) -> dict:  # fmt: skip
    """One avatar: reference picture, appearance, decoder entries. The decoder graph of a variant is written once and shared."""
    pictures = Pictures.load(renders, "paint")
    reference = pictures.reference[number].numpy()
    both, places = pictures.references()
    folder = out / f"avatars/{name}"
    folder.mkdir(parents=True, exist_ok=True)
    Image.fromarray(reference).save(folder / "reference.png", optimize=True)
    picture = both[number : number + 1]
    identity = modules["speaker"].identity_tokens(torch.tensor([style]))[0]
    tensors = {"identity": identity, "reference_rgba": picture[0].half().float(), "rest_keypoints": places[number]}
    decoders = {}
    for variant, (painter, checkpoint) in painters.items():
        paint = Paint(painter, len(places))
        paint.load_state_dict(torch.load(work / f"{checkpoint}.pt", weights_only=False)["averaged"])
        paint.eval().requires_grad_(False)
        feature, canvas, code = paint.appearance_of(picture, torch.tensor([number]))
        suffix = "" if variant == "full" else f"_{variant}"
        own = {"feature_map": feature[0].half().float(), "canvas_map": canvas[0].half().float(), "code": code[0]}
        tensors |= {key + suffix: value for key, value in own.items()}
        still = torch.zeros(2, MOTION_WIDTH)
        still[0, 17], still[1, 23:25], still[1, 52] = 0.6, 0.7, 0.15  # jaw open; smile, turned
        inputs = {"tokens": geometry["embedder"](still), "reference_rgba": tensors["reference_rgba"], "rest_keypoints": places[number], **own}
        inputs = {key + suffix if key in own else key: value for key, value in inputs.items()}
        stage = Stage(f"{name}/{variant}", DecoderGraph(paint["decoder"]), inputs, ["rgba"], tolerance=1.5, batch="F")
        decoders[variant], parity[stage.name] = stage_entry(stage, out, out / f"decoders/heroes-{variant}.onnx", folder / f"golden-{variant}.safetensors")
        print(f"export {stage.name}: {decoders[variant]['bytes'] / 1e6:.2f} MB, {decoders[variant]['gflopPerFrame']} GFLOP a frame, parity {parity[stage.name]:.2g}", flush=True)
    save_appearance(folder / "appearance.safetensors", tensors)
    return {
        "format": "echo-head-avatar", "formatVersion": 1, "id": name, "displayName": DISPLAY.get(name, name.title()), "licence": "MIT",
        "provenance": {"summary": "A rendered parametric head; nobody's likeness."},
        "tokens": {"layout": "regions", "count": TOKENS, "width": TOKEN_WIDTH},
        "resolution": {"width": reference.shape[1], "height": reference.shape[0]},
        "reference": describe(out, folder / "reference.png"),
        "appearance": describe(out, folder / "appearance.safetensors") | {"tensors": {k: {"dtype": "float32", "shape": list(v.shape)} for k, v in tensors.items()}},
        "decoders": decoders,
    }  # fmt: skip
