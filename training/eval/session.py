"""A model pack run in Python: the exported graphs themselves, block by block, exactly as docs/pack.md says ("One block").

`Pack` opens graphs and appearances, `roll_out` runs N sessions side by side ("N" is the batch of every graph). No PyTorch here.
"""

import json
import re
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import onnxruntime
from safetensors.numpy import load_file

from training.stages.graphs import rgba_bytes

SWITCHES = ("lpe", "hbcu", "lau", "sdcm")


class Pack:
    """Graphs of a pack folder, opened on first use with onnxruntime on the CPU."""

    def __init__(self, folder: Path, threads: int = 1):
        self.folder = folder
        self.manifest = json.loads((folder / "manifest.json").read_text())
        self.words = {word: i for i, word in enumerate(json.loads((folder / self.manifest["text"]["vocabulary"]["file"]).read_text()))}
        self.avatars = {name: json.loads((folder / f"avatars/{name}/avatar.json").read_text()) for name in self.manifest["avatars"]}
        self._threads = threads
        self._open: dict[str, onnxruntime.InferenceSession] = {}
        self._appearance: dict[str, dict[str, np.ndarray]] = {}

    def graph(self, file: str) -> onnxruntime.InferenceSession:
        if file not in self._open:
            options = onnxruntime.SessionOptions()
            options.intra_op_num_threads = self._threads
            options.log_severity_level = 3
            options.add_session_config_entry("session.intra_op.allow_spinning", "0")
            self._open[file] = onnxruntime.InferenceSession(str(self.folder / file), options, providers=["CPUExecutionProvider"])
        return self._open[file]

    def stage(self, name: str, inputs: dict[str, np.ndarray], outputs: list[str] | None = None) -> dict[str, np.ndarray]:
        """One run of a behaviour stage; `outputs` None = all."""
        wanted = outputs or list(self.manifest["behaviour"][name]["outputs"])
        return dict(zip(wanted, self.graph(self.manifest["behaviour"][name]["file"]).run(wanted, inputs)))

    def zero_states(self, name: str, count: int) -> dict[str, np.ndarray]:
        entry = self.manifest["behaviour"][name]
        shape = lambda key: [count if n == "N" else n for n in entry["inputs"][key]["shape"]]  # noqa: E731
        return {state["input"]: np.zeros(shape(state["input"]), np.float32) for state in entry["states"]}

    def appearance(self, avatar: str) -> dict[str, np.ndarray]:
        if avatar not in self._appearance:
            tensors = load_file(str(self.folder / self.avatars[avatar]["appearance"]["file"]))
            self._appearance[avatar] = {key: value.astype(np.float32) for key, value in tensors.items()}
        return self._appearance[avatar]

    def decode(self, avatar: str, tokens: np.ndarray, variant: str = "full", batch: int = 8) -> np.ndarray:
        """tokens [F,12,32] -> straight-alpha RGBA uint8 [F,H,W,4]."""
        entry = self.avatars[avatar]["decoders"][variant]
        own = {key: self.appearance(avatar)[key] for key in entry["inputs"] if key != "tokens"}
        graph = self.graph(entry["file"])
        pieces = [graph.run(["rgba"], {"tokens": tokens[i : i + batch].astype(np.float32), **own})[0] for i in range(0, len(tokens), batch)]
        return rgba_bytes(np.concatenate(pieces))

    def ids(self, text: str) -> np.ndarray:
        """Written affect -> word ids int32 [textTokens]; unknown words are 1, padding is 0."""
        limit = self.manifest["limits"]["textTokens"]
        found = [self.words.get(word, 1) for word in re.findall(r"[a-z']+", text.lower())][:limit]
        return np.array(found + [0] * (limit - len(found)), np.int32)


@dataclass
class Lane:
    """One session's input. PCM float32 at 16 kHz in -1..1; `affect` are (frame, text) changes, the first at frame 0."""

    avatar_pcm: np.ndarray
    user_pcm: np.ndarray
    user_face: np.ndarray  # [T,58]
    presence: np.ndarray  # [T]
    affect: list[tuple[int, str]] = field(default_factory=lambda: [(0, "neutral")])
    avatar: str = "ada"
    switches: dict[str, float] = field(default_factory=dict)  # 1 on, 0 off; on by default
    expressivity: float = 1.0
    seed: int = 0
    history: np.ndarray | None = None  # [E,187] entries held from before, oldest first


@dataclass
class Made:
    """What the sessions made: blendshapes [N,T,52], pose [N,T,6], tokens [N,T,12,32]."""

    blendshapes: np.ndarray
    pose: np.ndarray
    tokens: np.ndarray

    def of(self, lanes: list[int]) -> "Made":
        """Just these sessions."""
        return Made(self.blendshapes[lanes], self.pose[lanes], self.tokens[lanes])

    def motion(self, lane: int) -> np.ndarray:
        return np.concatenate([self.blendshapes[lane], self.pose[lane]], 1)


def silent_lane(seconds: float, **more) -> Lane:
    """A lane in which nobody speaks and no face is seen."""
    frames = round(seconds * 25)
    quiet = np.zeros(frames * 640, np.float32)
    return Lane(quiet, quiet, np.zeros((frames, 58), np.float32), np.zeros(frames, np.float32), **more)


def _padded(pcm: np.ndarray, samples: int) -> np.ndarray:
    return np.pad(pcm[:samples], (0, max(0, samples - len(pcm)))).astype(np.float32)


def roll_out(pack: Pack, lanes: list[Lane], blocks: int | None = None) -> Made:
    """Runs `blocks` blocks of every lane (default: the length of the first lane's face track)."""
    m, count = pack.manifest, len(lanes)
    block, spf = m["clock"]["blockFrames"], m["clock"]["samplesPerFrame"]
    size, ahead = block * spf, m["clock"]["avatarLookaheadFrames"] * spf
    blocks = blocks or len(lanes[0].user_face) // block
    user_pcm = np.stack([_padded(lane.user_pcm, blocks * size) for lane in lanes])
    avatar_pcm = np.stack([_padded(lane.avatar_pcm, blocks * size + ahead) for lane in lanes])
    face = np.stack([lane.user_face[: blocks * block] * lane.presence[: blocks * block, None] for lane in lanes]).astype(np.float32)
    presence = np.stack([lane.presence[: blocks * block] for lane in lanes]).astype(np.float32)[:, :, None]
    switch = {key: np.array([[lane.switches.get(key, 1.0)] for lane in lanes], np.float32) for key in SWITCHES}
    expressivity = np.array([[lane.expressivity] for lane in lanes], np.float32)
    identity = np.stack([pack.appearance(lane.avatar)["identity"] for lane in lanes])
    random = [np.random.default_rng(lane.seed) for lane in lanes]
    changes = [{frame // block + (frame % block > 0): text for frame, text in lane.affect} for lane in lanes]

    user_state, avatar_state = pack.zero_states("audio-encoder", count), pack.zero_states("audio-encoder", count)
    avatar_state["tail"][:, -ahead:] = avatar_pcm[:, :ahead]  # primed with the first samples of the avatar's audio
    perception_state, cache = pack.zero_states("lpe", count), pack.zero_states("generator", count)
    limit, span = m["limits"]["historyEntries"], m["limits"]["historyBlocksPerEntry"]
    history, mask = np.zeros((count, limit, 187), np.float32), np.zeros((count, limit), np.float32)
    for i, lane in enumerate(lanes):
        if lane.history is not None and len(lane.history):
            held = lane.history[-limit:]
            history[i, -len(held) :], mask[i, -len(held) :] = held, 1
    understanding = pack.stage("phi", {"history": history, "mask": mask})["understanding"]
    gathered: list[np.ndarray] = []
    ids = np.stack([pack.ids("neutral") for _ in lanes])
    emotion = pack.stage("text-encoder", {"ids": ids})["emotion"]
    times = m["sampler"]["times"]
    made: dict[str, list[np.ndarray]] = {"blendshapes": [], "pose": [], "tokens": []}
    for k in range(blocks):
        heard = pack.stage("audio-encoder", {"pcm": user_pcm[:, k * size : (k + 1) * size], **user_state})
        user_state = {"tail": heard["tail_next"]}
        here = slice(k * block, (k + 1) * block)
        seen = pack.stage("visual-encoder", {"face": face[:, here], "presence": presence[:, here]})["tokens"]
        felt = pack.stage("lpe", {"audio": heard["features"], "visual": seen, "lpe": switch["lpe"], **perception_state})
        perception_state = {key: felt[f"{key}_next"] for key in perception_state}
        fused = pack.stage("gca", {"perception": felt["perception"], "understanding": understanding, "hbcu": switch["hbcu"]})["f_pu"]
        if any(k in change for change in changes):
            ids = np.stack([pack.ids(change[k]) if k in change else old for change, old in zip(changes, ids)])
            emotion = pack.stage("text-encoder", {"ids": ids})["emotion"]
        own = pack.stage("audio-encoder", {"pcm": avatar_pcm[:, k * size + ahead : (k + 1) * size + ahead], **avatar_state})
        avatar_state = {"tail": own["tail_next"]}
        condition = {"audio": own["features"], "f_pu": fused, "emotion": emotion, "identity": identity, "sdcm": switch["sdcm"],
                     "lau": switch["lau"], "expressivity": expressivity, **cache}  # fmt: skip
        x = np.stack([rng.standard_normal((block, m["tokens"]["count"], m["tokens"]["width"])) for rng in random]).astype(np.float32)
        for t, following in zip(times, [*times[1:], 1.0]):
            x = x + (following - t) * pack.stage("generator", {"x": x, "time": np.full((count, 1), t, np.float32), **condition}, ["velocity"])["velocity"]
        last = pack.stage("generator", {"x": x, "time": np.ones((count, 1), np.float32), **condition}, [f"{key}_next" for key in cache])
        cache = {key: last[f"{key}_next"] for key in cache}
        shapes = pack.stage("blendshape-head", {"tokens": x})
        made["blendshapes"].append(shapes["blendshapes"])
        made["pose"].append(shapes["pose"])
        made["tokens"].append(x)
        gathered.append(np.concatenate([face[:, here], presence[:, here], heard["features"][:, :, -1]], 2))
        if len(gathered) == span:
            entry = np.concatenate(gathered, 1).mean(1)
            history, mask = np.roll(history, -1, 1), np.roll(mask, -1, 1)
            history[:, -1], mask[:, -1] = entry, 1
            understanding = pack.stage("phi", {"history": history, "mask": mask})["understanding"]
            gathered = []
    return Made(*(np.concatenate(made[key], 1) for key in ("blendshapes", "pose", "tokens")))
