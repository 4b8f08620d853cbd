"""Writes a fitted head as an avatar folder (docs/pack.md) that `echo-head avatar add` puts into a pack of the same motion space."""

import os
import shutil
import tempfile
from pathlib import Path

import torch
from PIL import Image

from training.avatar.fit import Look
from training.avatar.pictures import HeadPictures
from training.avatar.source import Source
from training.data.heads.rig import PosedHead
from training.model.decoder import Decoder, premultiply
from training.model.layout import MOTION_WIDTH, TOKEN_WIDTH, TOKENS
from training.stages.export import DecoderGraph, Stage, describe, save_appearance, stage_entry, write_checked


def export_avatar(out: Path, source: Source, head: PosedHead, pictures: HeadPictures, decoder: Decoder, look: Look, about: dict, figures: dict) -> None:
    """Writes `out` whole or not at all; an older folder is replaced. `about`: id, displayName, licence, summary. Raises ValueError when ONNX and PyTorch disagree."""
    out.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".avatar-", dir=out.parent) as made:
        root = Path(made)
        folder = root / "avatars" / about["id"]
        folder.mkdir(parents=True)
        Image.fromarray(pictures.references[0]).save(folder / "reference.png", optimize=True)
        tensors = {
            "identity": torch.from_numpy(source.identity), "reference_rgba": premultiply(torch.from_numpy(pictures.references)).flatten(0, 1).half().float(),
            "rest_keypoints": torch.from_numpy(pictures.places),
            "feature_map": look.feature[0].half().float(), "canvas_map": look.canvas[0].half().float(), "code": look.code[0],
        }  # fmt: skip
        still = torch.zeros(2, MOTION_WIDTH)
        still[0, 17], still[1, 23:25], still[1, 52] = 0.6, 0.7, 0.15  # jaw open; smile, turned
        inputs = {"tokens": source.geometry["embedder"](still), **{key: value.contiguous() for key, value in tensors.items() if key != "identity"}}
        stage = Stage(f"{about['id']}/full", DecoderGraph(decoder.to(memory_format=torch.contiguous_format)), inputs, ["rgba"], tolerance=1.5, batch="F")
        entry, difference = stage_entry(stage, root, folder / "decoder-full.onnx", folder / "golden-full.safetensors")
        save_appearance(folder / "appearance.safetensors", tensors)
        size = pictures.references.shape[1]
        avatar = {
            "format": "echo-head-avatar", "formatVersion": 1, "id": about["id"], "displayName": about["displayName"], "licence": about["licence"],
            "provenance": {"summary": about["summary"]},
            "tokens": {"layout": "regions", "count": TOKENS, "width": TOKEN_WIDTH},
            "resolution": {"width": size, "height": size},
            "reference": describe(root, folder / "reference.png"),
            "appearance": describe(root, folder / "appearance.safetensors") | {"tensors": {k: {"dtype": "float32", "shape": list(v.shape)} for k, v in tensors.items()}},
            "decoders": {"full": entry},
            "card": {"figures": figures | {"onnxParity": round(difference, 4), "motionSpace": source.motion_space}},
        }  # fmt: skip
        write_checked(folder / "avatar.json", avatar, "avatar")
        if out.exists():
            shutil.rmtree(out)
        os.replace(folder, out)
