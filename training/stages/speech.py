"""Stage `speech`: the audio encoder learns what mouths do, from synthesised speech with known phones, through noise, rooms and channels."""

import json
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.data.arkit import ARKIT_INDEX
from training.data.speech.augment import augmented
from training.data.speech.closed_lips import shut_share
from training.data.speech.phones import BILABIAL, PHONES
from training.data.speech.visemes import OPENING
from training.model.audio_encoder import AudioEncoder, SpeechHead
from training.model.config import Config
from training.model.device import array_of, tensor_of
from training.model.layout import MOUTH
from training.stages.trainer import autocast, train

CROP_FRAMES = 50


class Utterances:
    """The speech corpus of training/data/speech/build.py."""

    def __init__(self, folder: Path):
        self.rows = json.loads((folder / "index.json").read_text())
        self.rows = self.rows["utterances"] if isinstance(self.rows, dict) else self.rows
        self.pcm = np.load(folder / "pcm.npy", mmap_mode="r")
        self.face = np.load(folder / "face.npy", mmap_mode="r")
        self.phone_id = {name: i for i, name in enumerate(PHONES)}

    def split(self, name: str) -> list[dict]:
        wanted = [r for r in self.rows if (r["split"] == "train") == (name == "train")]
        return [r for r in wanted if r["frames"] > CROP_FRAMES + 4]

    def crop(self, row: dict, start: int, lookahead: int, noise_seed: int | None) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """PCM of [start - 10, start + 50 + lookahead) frames, mouth [50,M] and phones [50] of [start, start + 50)."""
        first, last = (start - 10) * 640, (start + CROP_FRAMES + lookahead) * 640
        pcm = np.zeros(last - first, np.float32)
        a, b = max(first, 0), min(last, row["samples"])
        pcm[a - first : b - first] = self.pcm[row["pcm_start"] + a : row["pcm_start"] + b].astype(np.float32) / 32768
        if noise_seed is not None:
            pcm = augmented(pcm, noise_seed)
        face = np.asarray(self.face[row["frame_start"] + start : row["frame_start"] + start + CROP_FRAMES], np.float32)[:, MOUTH]
        phones = np.zeros(CROP_FRAMES, np.int64)
        for name, begin, end in row["phones"]:
            i, j = int(begin * 25) - start, int(np.ceil(end * 25)) - start
            phones[max(i, 0) : max(j, 0)] = self.phone_id.get(name, 0)
        return pcm, face, phones


def disturbed(mel: Tensor) -> Tensor:
    """Log-mel rows [N,M,R] as another speaker and another microphone would give them.

    Vocal tract length perturbation (Jaitly & Hinton 2013) stretches the frequency axis by up to 15 %, a smooth equaliser turns bands
    by up to 10 dB or so, and a hole of up to eight bands (SpecAugment, Park et al. 2019) keeps the encoder from leaning on any of them.
    """
    n, bands, _ = mel.shape
    axis = torch.arange(bands)[None].float()
    at = (axis * (1 + 0.3 * (torch.rand(n, 1) - 0.5))).clamp(0, bands - 1)
    low = at.floor().long().clamp(max=bands - 2)
    share = (at - low)[:, :, None]
    rows = lambda index: mel.gather(1, index[:, :, None].expand(-1, -1, mel.shape[2]))  # noqa: E731
    mel = rows(low) * (1 - share) + rows(low + 1) * share
    wave = sum(0.3 / k * torch.randn(n, 1) * torch.cos(torch.pi * k * axis / bands + 6.28 * torch.rand(n, 1)) for k in (1, 2, 3))
    first, wide = torch.randint(bands, (n, 1)), torch.randint(9, (n, 1))
    hole = (axis >= first) & (axis < first + wide)
    return torch.where(hole[:, :, None], mel.mean(1, keepdim=True), mel + wave[:, :, None])


def train_speech(config: Config, folder: Path, corpus: Path) -> tuple[AudioEncoder, dict]:
    data = Utterances(corpus)
    lookahead = config.clock.avatar_lookahead_frames
    modules = nn.ModuleDict({"encoder": AudioEncoder(config.behaviour, config.clock), "head": SpeechHead(config.behaviour, len(MOUTH), len(PHONES))})
    run = config.stage("speech")
    rng = np.random.default_rng(config.seed)
    trained, held = data.split("train"), data.split("held-out")
    trained += 2 * [row for row in trained if row["voice"].startswith("kokoro")]  # three times as often: these sound like people
    bilabial = torch.tensor([PHONES.index(name) for name in sorted(BILABIAL)])
    place = {name: MOUTH.index(ARKIT_INDEX[name]) for name in OPENING}

    def opening(motion: Tensor) -> Tensor:
        """How far the lips are apart, from mouth coefficients [N,T,M], not clipped."""
        return sum(gain * motion[..., place[name]] for name, gain in OPENING.items())

    def batch(rows: list[dict], noisy: bool) -> tuple[Tensor, Tensor, Tensor]:
        seeds = [int(rng.integers(1 << 31)) if noisy and rng.random() < 0.35 else None for _ in rows]
        crops = [data.crop(r, int(rng.integers(0, r["frames"] - CROP_FRAMES)), lookahead, seed) for r, seed in zip(rows, seeds)]
        pcm, face, phones = (tensor_of(np.stack(column)) for column in zip(*crops))
        if noisy:  # every crop at its own loudness, over a faint hiss
            gain = 10 ** ((torch.rand(len(rows), 1) * 26 - 20) / 20)
            pcm = (pcm * gain + 10 ** (-2 - 2 * torch.rand(len(rows), 1)) * 0.3 * torch.randn_like(pcm)).clamp(-1, 1)
        return pcm, face, phones

    def predict(pcm: Tensor, change=None) -> tuple[Tensor, Tensor]:
        features = modules["encoder"].frames(pcm, change)  # ends with the PCM, lookahead frames after the last target
        windows = modules["encoder"].windows(features)
        motion, phones = modules["head"](windows[:, windows.shape[1] - CROP_FRAMES :])
        return motion.float(), phones.float()

    def step_loss(step: int, done: float):
        pcm, face, phones = batch([trained[i] for i in rng.integers(len(trained), size=run.batch)], True)
        with autocast(config):
            motion, logits = predict(pcm, disturbed)
        shut = torch.isin(phones, bilabial)
        weight = torch.where(shut, 5.0, 1.0)  # lips that must meet are a few frames, and what everybody sees
        shape = (weight[..., None] * F.smooth_l1_loss(motion, face, beta=0.05, reduction="none")).mean() * 10
        gap = (weight * (opening(motion) - opening(face)).abs()).mean()
        names = F.cross_entropy(logits.flatten(0, 1), phones.flatten())
        shown = {"shape": float(shape.detach()), "gap": float(gap.detach()), "phoneAccuracy": float((logits.argmax(-1) == phones).float().mean())}
        return shape + 2 * gap + 0.2 * names, shown

    def report(step: int) -> dict:
        jaw = MOUTH.index(ARKIT_INDEX["jawOpen"])
        modules.eval()
        with torch.no_grad():
            pcm, face, phones = batch(held, False)
            motion, logits = predict(pcm)
        modules.train()
        a, b = array_of(motion[..., jaw].flatten()), array_of(face[..., jaw].flatten())
        shares = [shut_share(array_of(gap), array_of(closed)) for gap, closed in zip(opening(motion).clamp(0, 1), torch.isin(phones, bilabial))]
        return {
            "heldOutJawCorrelation": float(np.corrcoef(a, b)[0, 1]), "heldOutPhoneAccuracy": float((logits.argmax(-1) == phones).float().mean()),
            "heldOutShut": sum(found for found, _ in shares) / max(1, sum(count for _, count in shares)),
        }  # fmt: skip

    figures = train("speech", config, run, modules, [{"params": list(modules.parameters())}], step_loss, folder, report)
    return modules["encoder"].eval().requires_grad_(False), figures
