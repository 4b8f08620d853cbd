"""What a new avatar is fitted from: a pack and the checkpoints that the pack was exported from. Both must speak the same motion tokens."""

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file

from training.model.config import Config, load_config
from training.stages.codec import Geometry, Paint

CONFIGS = Path(__file__).resolve().parents[1] / "configs"
SAME_TOKENS = 0.02
"""Largest difference of coefficients between the pack's golden run and the checkpoint (kept in half precision) that still means one motion space."""


class SourceError(ValueError):
    """Pack or checkpoints that cannot be used: which file, and the rule."""

    def __init__(self, file: str | Path, rule: str) -> None:
        super().__init__(f"{file}: {rule}")
        self.file, self.rule = str(file), rule


@dataclass(frozen=True)
class Source:
    """`motion_space` is the hash of the pack's blendshape head: it names the meaning of the tokens."""

    config: Config
    geometry: Geometry
    paint: Paint
    identity: np.ndarray
    motion_space: str
    paint_file: str


def _checkpoint(path: Path) -> dict:
    if not path.exists():
        raise SourceError(path, 'must be there: a checkpoint of training, see training/README.md, "What is kept"')
    state = torch.load(path, map_location="cpu", weights_only=False)
    weights = {key: value.float() if value.is_floating_point() else value for key, value in state["averaged"].items()}
    return state | {"averaged": weights}


def open_source(pack: Path, checkpoints: Path, like: str | None) -> Source:
    """Reads pack and checkpoints. `like`: the avatar whose way of moving (identity tokens) is taken over; the pack's default one without it.

    Raises SourceError.
    """
    try:
        manifest = json.loads((pack / "manifest.json").read_text())
    except (OSError, ValueError) as error:
        raise SourceError(pack / "manifest.json", f"must be the manifest of a model pack: {error}") from error
    like = like or manifest["defaultAvatar"]
    if like not in manifest["avatars"]:
        raise SourceError(pack, f'must have the avatar "{like}"; it has {", ".join(manifest["avatars"])}')
    identity = load_file(str(pack / f"avatars/{like}/appearance.safetensors"))["identity"].astype(np.float32)
    saved = _checkpoint(checkpoints / "geometry.pt")
    config = load_config(CONFIGS / f"{saved['config']}.json")
    geometry = Geometry(config.painter)
    geometry.load_state_dict(saved["averaged"])
    geometry.eval().requires_grad_(False)
    _check_tokens(pack, manifest, geometry, checkpoints)
    state = _checkpoint(checkpoints / "paint.pt")["averaged"]
    painter = config.painter if "decoder.close.enter.weight" in state else dataclasses.replace(config.painter, close=0)
    paint = Paint(painter, len(state["appearance.code"]))
    odd = paint.load_state_dict(state, strict=False)
    if [key for key in (*odd.missing_keys, *odd.unexpected_keys) if "log_sigma_fine" not in key]:  # decoders without close-up have none
        raise SourceError(checkpoints / "paint.pt", f"must fit the decoder of this release; it differs in {(odd.missing_keys + odd.unexpected_keys)[:3]}")
    return Source(config, geometry, paint, identity, manifest["behaviour"]["blendshape-head"]["sha256"], str(checkpoints / "paint.pt"))


def _check_tokens(pack: Path, manifest: dict, geometry: Geometry, checkpoints: Path) -> None:
    golden = load_file(str(pack / manifest["behaviour"]["blendshape-head"]["golden"]["file"]))
    with torch.no_grad():
        found, _ = geometry["blendshapes"](torch.from_numpy(golden["in.tokens"]))
    off = float(np.abs(found.numpy() - golden["out.blendshapes"]).max())
    if off > SAME_TOKENS:
        raise SourceError(
            checkpoints / "geometry.pt", f"must be what the pack {pack} was exported from: their coefficients differ by {off:.2f} on the same tokens"
        )
