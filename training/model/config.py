"""Sizes of a pack and of its training, as frozen data. Unknown keys are refused."""

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path


@dataclass(frozen=True)
class Clock:
    fps: int = 25
    sample_rate_hz: int = 16000
    block_frames: int = 4
    avatar_lookahead_frames: int = 2

    @property
    def samples_per_frame(self) -> int:
        return self.sample_rate_hz // self.fps

    @property
    def block_samples(self) -> int:
        return self.block_frames * self.samples_per_frame


@dataclass(frozen=True)
class Behaviour:
    """Widths of perception, LCU and generator."""

    width: int = 128  # D of every conditioning token
    window: int = 8  # L_w, frames of audio context that one frame sees
    tail_samples: int = 7680
    mels: int = 64
    audio_channels: int = 192
    visual_tokens: int = 8
    mamba_layers: int = 2  # K of Eq. 5
    mamba_state: int = 8
    mamba_conv: int = 4
    history_entries: int = 150
    history_blocks: int = 6
    understanding_tokens: int = 8
    text_tokens: int = 24
    identity_tokens: int = 4
    generator_width: int = 192
    generator_depth: int = 6
    generator_heads: int = 6
    cache_blocks: int = 6
    layout: str = "regions"  # or "grid"
    grid: int = 0  # side of the patch grid of layout "grid"


@dataclass(frozen=True)
class Painter:
    """Widths of one decoder variant: channels at 64, 32, 16 and 8 pixels, at half and at full resolution, and in the close-up."""

    size: int = 256
    channels: tuple[int, ...] = (40, 80, 128, 160)
    half: int = 16
    full: int = 8
    splat: int = 16
    feature: int = 24
    canvas: int = 8
    close: int = 24  # channels of the close-up of eyes and mouth; 0 = none
    close_splat: int = 8

    @property
    def grid(self) -> int:
        """Side of the feature image: 64 cells for a picture of 256 pixels."""
        return self.size // 4


@dataclass(frozen=True)
class StageRun:
    """How long and how hard one stage trains. A stage ends at `steps` or `minutes`, whichever is first."""

    steps: int = 1000
    minutes: float = 60.0
    batch: int = 8
    lr: float = 2e-4
    options: dict = field(default_factory=dict)


@dataclass(frozen=True)
class Config:
    """One scale of training: `smoke`, `cpu` or `gpu`."""

    name: str = "cpu"
    seed: int = 1
    threads: int = 2
    device: str = "cpu"
    bf16: bool = True
    clock: Clock = Clock()
    behaviour: Behaviour = Behaviour()
    painter: Painter = Painter()
    light_painter: Painter | None = None
    data: dict = field(default_factory=dict)  # folders: heads, speech, talks, renders
    data_sizes: dict = field(default_factory=dict)  # see training/stages/data.py
    stages: dict = field(default_factory=dict)

    def stage(self, name: str) -> StageRun:
        return _build(StageRun, self.stages.get(name, {}), f"stages.{name}")


def _build(kind, values: dict, path: str):
    known = {f.name: f for f in dataclasses.fields(kind)}
    unknown = sorted(set(values) - set(known))
    if unknown:
        raise ValueError(f"{path}: unknown keys {unknown}; known are {sorted(known)}")
    nested = {"clock": Clock, "behaviour": Behaviour, "painter": Painter, "light_painter": Painter}
    made = {}
    for key, value in values.items():
        if kind is Config and key in nested and value is not None:
            value = _build(nested[key], value, f"{path}.{key}")
        elif isinstance(value, list):
            value = tuple(value)
        made[key] = value
    return kind(**made)


def load_config(path: str | Path) -> Config:
    """Reads a config file (JSON). Raises ValueError that names the unknown key."""
    return _build(Config, json.loads(Path(path).read_text()), str(path))
