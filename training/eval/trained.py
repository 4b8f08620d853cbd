"""What the figures need besides the pack: the motion space and the motion encoder of the training run, and the simulated talks."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from training.data.conversation.conversation import Conversation, load_conversation
from training.data.renders import recorded_motion
from training.model.config import Config
from training.model.decoder import premultiply
from training.model.motion import MotionEncoder
from training.stages.codec import Geometry, Pictures, train_geometry


class NotMeasured(Exception):
    """A figure that cannot be had in this run; the text is the reason that the card prints."""


@dataclass
class Trained:
    """Checkpoints of `<work>` and the data that they were trained on."""

    config: Config
    work: Path
    geometry: Geometry
    encoder: MotionEncoder | None
    renders: Path

    @staticmethod
    def load(config: Config, work: Path) -> "Trained":
        renders, talks = Path(config.data["renders"]), Path(config.data["talks"])
        motion = torch.from_numpy(recorded_motion(Path(config.data["speech"]), talks))
        order = np.random.default_rng(config.seed).permutation(len(motion))[:400000]  # as training/stages/pipeline.py
        if not torch.load(work / "geometry.pt", weights_only=False)["done"]:
            raise SystemExit(f"{work / 'geometry.pt'} is unfinished: train it before its pack is measured")
        geometry, _ = train_geometry(config, work, renders, motion[torch.from_numpy(order)])
        encoder = None
        if (work / "eyes.pt").exists():
            encoder = MotionEncoder()
            weights = torch.load(work / "eyes.pt", weights_only=False)["averaged"]
            encoder.load_state_dict({key.removeprefix("encoder."): value for key, value in weights.items()})
            encoder.eval()
        return Trained(config, work, geometry, encoder, renders)

    def tokens(self, motion: np.ndarray) -> np.ndarray:
        """Exact tokens [F,12,32] of motion [F,58]."""
        with torch.no_grad():
            return self.geometry["embedder"](torch.from_numpy(np.asarray(motion, np.float32))).numpy()

    def coefficients(self, tokens: np.ndarray) -> np.ndarray:
        """Motion [F,58] of tokens."""
        with torch.no_grad():
            return torch.cat(self.geometry["blendshapes"](torch.from_numpy(tokens)), 1).numpy()

    def read(self, rgba: np.ndarray) -> np.ndarray:
        """Tokens [F,12,32] that the motion encoder reads off straight-alpha pictures [F,H,W,4] uint8."""
        if self.encoder is None:
            raise NotMeasured("the motion encoder (stage `eyes`) is not trained in this run")
        with torch.no_grad():
            return np.concatenate([self.encoder(premultiply(torch.from_numpy(np.ascontiguousarray(rgba[i : i + 16])))).numpy() for i in range(0, len(rgba), 16)])

    def pictures(self, name: str) -> Pictures:
        return Pictures.load(self.renders, name)

    def held_out_talks(self, count: int) -> list[Conversation]:
        return held_out_talks(self.config, count)


def held_out_talks(config: Config, count: int) -> list[Conversation]:
    """The first `count` talks of the held-out split: voices that training never met."""
    folder = Path(config.data["talks"])
    rows = [row for row in json.loads((folder / "index.json").read_text())["conversations"] if row["split"] != "train"]
    return [load_conversation(folder / row["file"]) for row in rows[:count]]
