"""Stage 2 `interactive`: LCU and SDCM are trained, the frozen stage-1 generator is adapted by LoRA and held by HFA (ECHO Sec. 3.3, Eq. 12)."""

import copy
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from training.model.attention import LoraLinear
from training.model.config import Config
from training.model.device import read, tensor_of
from training.model.gca import GatedFusion
from training.model.generator import Condition
from training.model.lpe import LowLevelPerception
from training.model.phi import PhiNano
from training.model.visual_encoder import VisualEncoder
from training.stages.codec import Geometry
from training.stages.talking import Speaker, Weights, condition_of, flow_losses
from training.stages.talks import Batch, Talk, Talks, draw, draw_expressivity
from training.stages.trainer import autocast, train


class Context(nn.ModuleDict):
    """The LCU: everything that turns the user's signals into f_pu."""

    def __init__(self, config: Config):
        sizes = config.behaviour
        super().__init__({"visual": VisualEncoder(sizes), "lpe": LowLevelPerception(sizes, config.clock), "phi": PhiNano(sizes), "gca": GatedFusion(sizes)})

    def forward(self, talks: Talks, crops: list[tuple[Talk, int]], blocks: int, state: dict[str, Tensor], lpe: Tensor, hbcu: Tensor) -> tuple[Tensor, dict]:
        """f_pu [N*L,12,D] of the crops' blocks and the Mamba states after them. `lpe`, `hbcu` [N,1]."""
        config = talks.config
        frames, block = blocks * config.clock.block_frames, config.clock.block_frames
        audio = torch.stack([talks.windows(t.user_audio, first, frames, 0) for t, first in crops])
        face = torch.stack([t.user[first : first + frames] for t, first in crops])
        presence = torch.stack([t.presence[first : first + frames] for t, first in crops])
        perception, state = self["lpe"](audio, self["visual"](face, presence), lpe, state)  # [N, 3*frames, D]
        n = len(crops)
        # S_usr as the runtime holds it: renewed when a history entry is complete, used from the next block on
        span = config.behaviour.history_blocks
        rows, index = [], []
        for talk, first in crops:
            seen: dict[int, int] = {}
            for j in range(blocks):
                entry = (first // block + j) // span
                if entry not in seen:
                    seen[entry] = len(rows)
                    rows.append(talks.history(talk, entry * span * block))
                index.append(seen[entry])
        history, mask = (torch.stack(column) for column in zip(*rows))
        understanding = self["phi"](history, mask)[torch.tensor(index)]  # [N*L,8,D]
        perception = perception.reshape(n * blocks, 3 * block, -1)
        return self["gca"](perception, understanding, hbcu[:, None].expand(-1, blocks, -1).reshape(n * blocks, 1)), state


def adapt(speaker: Speaker, rank: int) -> list[nn.Parameter]:
    """Freezes the speaker, grows LoRA on its cross-attention and self-attention projections and the reaction path, frees SDCM. Returns what trains."""
    speaker.requires_grad_(False)
    grown: list[nn.Parameter] = speaker["generator"].grow_reaction()
    for block in speaker["generator"].blocks:
        for layer in (block.qkv, block.out, *(m for m in block.to_mood.modules() if isinstance(m, LoraLinear))):
            grown += layer.add_lora(rank)
        block.sdcm.requires_grad_(True)
        grown += list(block.sdcm.parameters())
    return grown


def merge_lora(module: nn.Module) -> None:
    for layer in module.modules():
        if isinstance(layer, LoraLinear):
            layer.merge()


def alignment(features: list[Tensor], reference: list[Tensor], loudness: Tensor, frames: int, picked: list[int]) -> Tensor:
    """Eq. 12: distance of the block features in a random subset of blocks, averaged over space, weighted by the avatar's loudness.

    features: one [M,4K,W] a block; loudness [M*4] RMS a frame, normalised to 0..1.
    """
    weight = loudness.reshape(-1, frames)
    total = features[0].new_zeros(())
    for index in picked:
        a, b = features[index].float(), reference[index].float()
        distance = ((a - b) ** 2).mean(-1).reshape(a.shape[0], frames, -1).mean(-1)  # [M,4]
        total = total + (weight * distance).mean()
    return total / len(picked)


class Streams:
    """Lanes that walk through talks segment by segment, so that the Mamba state carries minutes of context."""

    def __init__(self, talks: list[Talk], lanes: int, blocks: int, segments: int, block_frames: int, rng: np.random.Generator, context: Context):
        self.talks, self.blocks, self.segments, self.frames, self.rng, self.context = talks, blocks, segments, blocks * block_frames, rng, context
        self.block_frames = block_frames
        self.lanes: list[list] = [[None, 0, 0] for _ in range(lanes)]
        self.state = context["lpe"].initial_state(lanes)

    def next(self) -> tuple[list[tuple[Talk, int]], dict[str, Tensor]]:
        for i, lane in enumerate(self.lanes):
            if lane[0] is None or lane[2] >= self.segments or lane[1] + 2 * self.frames > len(lane[0].avatar):
                talk = self.talks[self.rng.integers(len(self.talks))]
                last = (len(talk.avatar) - self.frames * 2) // self.block_frames
                lane[:] = [talk, int(self.rng.integers(0, last)) * self.block_frames, 0]
                for tensor in self.state.values():
                    tensor[i] = 0
            else:
                lane[1] += self.frames
                lane[2] += 1
        return [(lane[0], lane[1]) for lane in self.lanes], {k: v.clone() for k, v in self.state.items()}

    def keep(self, state: dict[str, Tensor]) -> None:
        self.state = {k: v.detach().float() for k, v in state.items()}


def train_interactive(config: Config, folder: Path, geometry: Geometry, talks: Talks) -> tuple[nn.ModuleDict, dict]:
    """Gives {speaker, context} with LoRA merged."""
    run = config.stage("interactive")
    speaker = Speaker(config)
    speaker.load_state_dict(read(folder / "talking.pt")["averaged"])
    reference = copy.deepcopy(speaker).eval().requires_grad_(False)
    options = run.options
    grown = adapt(speaker, int(options.get("lora_rank", 16)))
    modules = nn.ModuleDict({"speaker": speaker, "context": Context(config)})
    modules["context"]["phi"].standardise(torch.cat([talk.entries for talk in talks.train]))
    blocks, block_frames = int(options.get("blocks", 10)), config.clock.block_frames
    rng = np.random.default_rng(config.seed + 12)
    streams = Streams(talks.train, run.batch, blocks, int(options.get("segments", 6)), block_frames, rng, modules["context"])
    weights = Weights.of(options)
    rest = tensor_of(np.load(Path(config.data["renders"]) / "paint-rest.npy"))
    depth = config.behaviour.generator_depth

    def conditions(batch: Batch, state: dict) -> tuple[Condition, dict]:
        n = len(batch.crops)
        lpe, hbcu = ((torch.rand(n, 1) > 0.1).float() for _ in range(2))
        f_pu, state = modules["context"](talks, batch.crops, blocks, state, lpe, hbcu)
        return condition_of(speaker, batch, f_pu, 0.1, float(options.get("sdcm_off", 0.1))), state

    def step_loss(step: int, done: float):
        crops, state = streams.next()
        batch = draw(talks, crops, blocks, rng, draw_expressivity(rng, run.batch), 0.2, 0.3)
        with autocast(config):
            condition, state = conditions(batch, state)
            drawn = int(torch.randint(1 << 31, ()))
            with torch.random.fork_rng():
                torch.manual_seed(drawn)
                loss, shown, features = flow_losses(speaker, geometry, batch, condition, rest, weights)
            with torch.no_grad(), torch.random.fork_rng():
                torch.manual_seed(drawn)  # the reference sees the same noise and times
                alone = Condition(**(vars(condition) | {"f_pu": None, "emotion": condition.emotion.detach()}))
                _, _, wanted = flow_losses(reference, geometry, batch, alone, rest, weights)
            loud = (batch.loudness / 0.1).clamp(0, 1).flatten()
            aligned = alignment(features, wanted, loud, block_frames, rng.choice(depth, max(1, depth // 2), replace=False).tolist())
        streams.keep(state)
        return loss + float(options.get("align", 0.05)) * aligned, shown | {"align": float(aligned.detach())}

    groups = [{"params": grown}, {"params": list(modules["context"].parameters())}]
    figures = train("interactive", config, run, modules, groups, step_loss, folder)
    merge_lora(modules)
    return modules.eval().requires_grad_(False), figures
