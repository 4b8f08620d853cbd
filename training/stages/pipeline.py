"""The order of the stages and what each hands to the next."""

from pathlib import Path

import numpy as np
import torch

from training.data.renders import recorded_motion
from training.model.config import Config
from training.model.device import tensor_of
from training.stages import codec, distil, export, interactive, speech, talking, talks
from training.stages.data import prepare

STAGES = ("data", "geometry", "speech", "paint", "eyes", "talking", "interactive", "distil", "export")


def run(config: Config, work: Path, out: Path, only: list[str] | None) -> None:
    """Runs `only` these stages (all by default). A stage that is not asked for is read from its checkpoint."""
    wanted = set(only or STAGES)
    unknown = wanted - set(STAGES)
    if unknown:
        raise SystemExit(f"unknown stages {sorted(unknown)}; known are {STAGES}")
    places = {key: Path(value) if value else None for key, value in config.data.items()}
    if "data" in wanted:
        prepare(config, places, config.data_sizes)
    renders, corpus = places["renders"], places["speech"]
    figures: dict[str, dict] = {}
    if wanted & {"speech"}:
        figures["speech"] = speech.train_speech(config, work, corpus)[1]
    if wanted <= {"data", "speech"}:
        return
    motion = tensor_of(recorded_motion(corpus, places["talks"]))
    order = np.random.default_rng(config.seed).permutation(len(motion))[:400000]
    geometry, figures["geometry"] = codec.train_geometry(config, work, renders, motion[tensor_of(order)])
    if "paint" in wanted:
        figures["paint"] = codec.train_paint(config, work, renders, geometry, config.painter)[1]
        if config.light_painter:
            figures["paint-light"] = codec.train_paint(config, work, renders, geometry, config.light_painter, "paint-light")[1]
    if "eyes" in wanted:
        figures["eyes"] = codec.train_eyes(config, work, renders, geometry)[1]
    if wanted & {"talking", "interactive", "distil", "export"}:
        encoder, _ = speech.train_speech(config, work, corpus)
        tracks = talks.Talks(config, places["talks"], work, encoder, corpus)
        if "talking" in wanted:
            figures["talking"] = talking.train_talking(config, work, geometry, tracks)[1]
        if "interactive" in wanted:
            figures["interactive"] = interactive.train_interactive(config, work, geometry, tracks)[1]
        if "distil" in wanted:
            figures["distil"] = distil.train_distil(config, work, geometry, tracks)[1]
        if "export" in wanted:
            torch.set_default_device("cpu")
            geometry, encoder = geometry.cpu(), encoder.cpu()
            export.export_pack(config, work, renders, geometry, encoder, tracks, out)
