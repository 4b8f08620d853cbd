"""Stage 1 `talking`: the generator learns speech and idle motion from the avatar's own audio, affect words and identity (ECHO Sec. 3.3).

A past that is always true and always clean tells the mood, and then nobody needs the words or the user: a share of the crops goes on from
another talk's past, and another share from one drowned in noise (`unsure_past`).

L = L_flow + lambda L_pixel + mu L_lips. L_pixel is measured where the pixels will move: at the projected keypoints of a head, in
pixels. L_lips is ours: closures are a few frames in a hundred, so a mean over all tokens hardly feels them.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from training.data.arkit import ARKIT_NAMES
from training.data.speech.visemes import OPENING
from training.model.config import Config
from training.model.device import read, tensor_of
from training.model.flow import interpolate, loss_weight, sample_time
from training.model.generator import Condition, Generator
from training.model.layout import TOKEN_WIDTH, TOKENS
from training.model.text_encoder import TextEncoder
from training.stages.codec import Geometry
from training.stages.talks import WORDS, Batch, Talks, draw, draw_expressivity
from training.stages.trainer import autocast, train

# What the voice decides. Smiles, frowns and pressed lips are not among them: an absolute error would have them follow the majority.
_STEMS = ("jawOpen", "mouthClose", "mouthFunnel", "mouthPucker", "mouthRoll", "mouthShrug", "mouthLowerDown", "mouthUpperUp", "tongue")
SPOKEN = [i for i, name in enumerate(ARKIT_NAMES) if name.startswith(_STEMS)]
GAIN = torch.tensor([OPENING.get(name, 0.0) for name in ARKIT_NAMES])
IDENTITIES = 512  # rows of the learned identity table: the simulated people


class Speaker(nn.ModuleDict):
    """What stage 1 trains."""

    def __init__(self, config: Config):
        sizes = config.behaviour
        super().__init__(
            {
                "generator": Generator(sizes, config.clock),
                "text": TextEncoder(sizes, len(WORDS)),
                "identity": nn.Embedding(IDENTITIES, sizes.identity_tokens * sizes.width),
            }
        )
        nn.init.normal_(self["identity"].weight, std=0.3)
        self.sizes = sizes

    def identity_tokens(self, people: Tensor) -> Tensor:
        return self["identity"](people).reshape(len(people), self.sizes.identity_tokens, self.sizes.width)


def condition_of(speaker: Speaker, batch: Batch, f_pu: Tensor | None, drop: float, sdcm_off: float) -> Condition:
    """Conditions of the N*L blocks of a batch; `drop` of the talks lose their affect, `sdcm_off` their SDCM."""
    n, blocks = batch.words.shape[:2]
    m = n * blocks
    frames = batch.audio.shape[1] // blocks
    spread = lambda t: t[:, None].expand(-1, blocks, -1).reshape(m, -1)  # noqa: E731
    first = speaker["text"](batch.words.reshape(m, -1))
    return Condition(
        audio=batch.audio.reshape(m, frames, *batch.audio.shape[2:]), f_pu=f_pu, emotion=first, expressivity=spread(batch.expressivity),
        sdcm=spread((torch.rand(n, 1) >= sdcm_off).float()), lau=spread((torch.rand(n, 1) >= drop).float()),
    )  # fmt: skip


def opening(motion: Tensor) -> Tensor:
    """How far the lips are apart, from motion [...,52 or more], not clipped (training/data/speech/visemes.py)."""
    return motion[..., :52] @ GAIN.to(motion.device)


@dataclass
class Weights:
    """What the parts of the loss count beside the flow."""

    pixel: float = 0.02
    lips: float = 1.0

    @staticmethod
    def of(options: dict) -> "Weights":
        return Weights(float(options.get("pixel", Weights.pixel)), float(options.get("lips", Weights.lips)))


def lips_loss(geometry: Geometry, made: Tensor, motion: Tensor, closed: Tensor) -> Tensor:
    """Spoken coefficients and gap between the lips, of tokens [F,12,32] against motion [F,58]; frames in which lips must meet count five times."""
    coefs = geometry["blendshapes"].raw(made)[:, :52]
    weight = 1 + 4 * closed
    gap = (opening(coefs) - opening(motion)).abs()
    return (weight * (gap + (coefs - motion[:, :52])[:, SPOKEN].abs().mean(1))).mean()


DUBBING, RESTAGING = 0.5, 0.5
"""Share of the silent crops that are dubbed with a natural voice in stage 1, and of the rest that is told another mood; the others learn silence."""
OTHER_PAST, DROWNED_PAST = 0.2, 0.2
"""Shares of the crops whose past is that of another crop of the batch, and whose past is hardly to be seen."""


def unsure_past(data: Tensor) -> Tensor:
    """Motion [N,L,4,K,32] as the past that the network is given: mostly the truth with a little noise."""
    n = len(data)
    kind = torch.rand(n)
    own = torch.arange(n)
    from_ = torch.where(kind < OTHER_PAST, own.roll(1), own)
    drowned = (kind >= OTHER_PAST) & (kind < OTHER_PAST + DROWNED_PAST)
    level = torch.where(drowned, 0.3 + 1.2 * torch.rand(n), 0.2 * torch.rand(n))
    return data[from_] + level[:, None, None, None, None] * torch.randn_like(data)


def flow_losses(speaker: Speaker, geometry: Geometry, batch: Batch, condition: Condition, rest: Tensor, weights: Weights) -> tuple[Tensor, dict, list[Tensor]]:
    """Flow loss of every block, pixel and lip loss of the clean motion that the network tells. Also gives the features of Eq. 12."""
    n, frames, _ = batch.motion.shape
    blocks = batch.words.shape[1]
    data = geometry["embedder"](batch.motion).reshape(n, blocks, frames // blocks, TOKENS, TOKEN_WIDTH)
    seen = unsure_past(data)
    noise, time = torch.randn_like(data), sample_time((n, blocks))
    moving = interpolate(noise, data, time)
    people = torch.tensor([talk.identity % IDENTITIES for talk, _ in batch.crops])
    clean, features = speaker["generator"].train_talk(seen, moving, time, condition, speaker.identity_tokens(people))
    clean = clean.float()
    heard = 1 - batch.dubbed[:, None, None, None, None] * (1 - speaker["generator"].lip)  # only lips are learned from a dubbed crop
    flow = (loss_weight(time)[:, :, None, None, None] * heard * (clean - data) ** 2).mean()
    tokens = clean.reshape(-1, TOKENS, TOKEN_WIDTH)
    lips = lips_loss(geometry, tokens, batch.motion.reshape(n * frames, -1), batch.closed.flatten())
    pick = torch.randint(n * frames, (min(256, n * frames),))
    shape = rest[torch.randint(len(rest), (len(pick),))]
    made, true = geometry["keypoints"](tokens[pick], shape)[0], geometry["keypoints"](data.reshape(-1, TOKENS, TOKEN_WIDTH)[pick], shape)[0]
    sure = time.reshape(n, blocks, 1).expand(n, blocks, frames // blocks).reshape(-1)[pick]
    own = (1 - batch.dubbed)[:, None].expand(n, frames).reshape(-1)[pick]
    distance = ((made - true).abs().mean((1, 2)) * 128 * sure * own).mean()
    shown = {"flow": float(flow.detach()), "lips": float(lips.detach()), "pixels": float(distance.detach())}
    return flow + weights.pixel * distance + weights.lips * lips, shown, features


def crop_starts(talks: list, blocks: int, count: int, rng: np.random.Generator, block_frames: int) -> list:
    """Random crops that begin on block borders."""
    out = []
    for _ in range(count):
        talk = talks[rng.integers(len(talks))]
        last = (len(talk.avatar) - blocks * block_frames) // block_frames
        out.append((talk, int(rng.integers(0, last + 1)) * block_frames))
    return out


def train_talking(config: Config, folder: Path, geometry: Geometry, talks: Talks) -> tuple[Speaker, dict]:
    speaker = Speaker(config)
    heard = read(folder / "speech.pt")["averaged"]
    head = {key.removeprefix("head."): value for key, value in heard.items() if key.startswith("head.")}
    speaker["generator"].articulation.hidden.load_state_dict({key: head[f"hidden.{key}"] for key in ("weight", "bias")})
    if speaker["generator"].limit is not None:
        speaker["generator"].limit.know(head, geometry["embedder"], geometry["blendshapes"])
    run = config.stage("talking")
    rng = np.random.default_rng(config.seed + 11)
    blocks, weights = int(run.options.get("blocks", 10)), Weights.of(run.options)
    rest = tensor_of(np.load(Path(config.data["renders"]) / "paint-rest.npy"))

    def step_loss(step: int, done: float):
        crops = crop_starts(talks.train, blocks, run.batch, rng, config.clock.block_frames)
        batch = draw(talks, crops, blocks, rng, draw_expressivity(rng, run.batch), DUBBING, RESTAGING)
        with autocast(config):
            condition = condition_of(speaker, batch, None, 0.15, 0.0)
            loss, shown, _ = flow_losses(speaker, geometry, batch, condition, rest, weights)
        return loss, shown

    return speaker, train("talking", config, run, speaker, [{"params": list(speaker.parameters())}], step_loss, folder)
