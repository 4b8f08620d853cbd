"""Stage `distil`: a student of one or two Euler steps learns where the many-step teacher's path ends (reflow, Liu et al. 2023), on its own rollouts.

What the student goes on from is, in turn, the true past, its own past (so that it does not drift), and the past of another talk: a
teacher that always sees the true past reads the mood off it and hardly needs the words, the user or the minutes before; a student whose
past tells nothing must take the level of its face from them. Its aim there is still the teacher's end on the true past. `phi` and `gca`
train along, for nothing before asked the minutes before for anything.

Such crops are too few for 25 moods, so between these steps there are short ones without a teacher (`mood_blocks`, `mood_batch`): silent crops that are all
told another mood, on another talk's past or on what the student made of that. Just the level of the face counts there.
"""

import copy
import math
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from training.data.arkit import ARKIT_NAMES
from training.model.config import Config
from training.model.device import read
from training.model.flow import euler_times
from training.model.generator import Condition, Generator
from training.model.layout import TOKEN_WIDTH, TOKENS
from training.model.motion import POSE_SCALE
from training.stages.codec import Geometry
from training.stages.critic import Judge, glances, occasion_of
from training.stages.interactive import Context, adapt, merge_lora
from training.stages.lines import QUIET_RMS
from training.stages.moods import state_of
from training.stages.talking import IDENTITIES, Speaker, Weights, condition_of, crop_starts, lips_loss
from training.stages.talks import Batch, Talk, Talks, draw, draw_expressivity
from training.stages.trainer import autocast, train


def load_interactive(config: Config, folder: Path) -> nn.ModuleDict:
    """{speaker, context} of stage 2 with LoRA merged."""
    speaker = Speaker(config)
    adapt(speaker, int(config.stage("interactive").options.get("lora_rank", 16)))
    modules = nn.ModuleDict({"speaker": speaker, "context": Context(config)})
    modules.load_state_dict(read(folder / "interactive.pt")["averaged"])
    merge_lora(modules)
    return modules.requires_grad_(False)


def integrate(generator: Generator, clean: Tensor, noise: Tensor, steps: int, condition: Condition, identity: Tensor, second_order: bool = False) -> Tensor:
    """From noise [N,L,4,K,32] to motion, every block on the given clean past, by Euler's steps.

    `second_order` leans each step but the first two and the last on the one before (DPM-Solver++(2M), Lu et al. 2022): few steps of Euler's
    method cut the spread of what is made.
    """
    x, before = noise, None
    past = generator.past_of(clean, condition, identity)
    times = euler_times(steps)
    for index, (t, following) in enumerate(zip(times, [*times[1:], 1.0])):
        end, _ = generator.on_past(past, x, torch.full(noise.shape[:2], t), condition, identity)
        aim = end
        if second_order and index > 1 and following < 1:
            share = 0.5 * (log_snr(following) - log_snr(t)) / (log_snr(t) - log_snr(times[index - 1]))
            aim = end + share * (end - before)
        before = end
        x = x + (following - t) / (1 - t) * (aim - x)
    return x


def level_loss(geometry: Geometry, made: Tensor, motion: Tensor) -> Tensor:
    """Mean face of each crop, made [N,L,4,K,32] against motion [N,L*4,58]: moods are slow, and what is quick averages out."""
    coefs = geometry["blendshapes"].raw(made.flatten(1, 2))[..., :52]
    return 10 * ((coefs.mean(1) - motion[..., :52].mean(1)) ** 2).mean()


def movement_loss(geometry: Geometry, made: Tensor, goal: Tensor) -> Tensor:
    """How much each coefficient and pose number moves within a crop, made against goal [N,L,4,K,32], beside its usual movement.

    The squared error to one end alone is least for a student that moves less than its teacher.
    """
    a, b = (geometry["blendshapes"].raw(tokens.flatten(1, 2)).std(1) for tokens in (made, goal))
    return 0.15 * (((a - b) / (b.mean(0) + 0.02)) ** 2).mean()


# What a face shows of its mood and of what it answers to. When somebody blinks, nods or looks aside is chance, and its mean is nothing.
FELT = [i for i, name in enumerate(ARKIT_NAMES) if name.startswith(("mouthSmile", "mouthFrown", "brow", "cheekSquint", "eyeSquint", "noseSneer"))]


def answer_loss(made: Tensor, true: Tensor, frames: int = 8) -> Tensor:
    """What is felt, in means over a third of a second, scaled motion [N,F,58] against the truth's: a smile has to come when it is answered, not as often."""
    means = [nn.functional.avg_pool1d(motion[..., FELT].transpose(1, 2), frames) for motion in (made, true)]
    return 40 * ((means[0] - means[1]) ** 2).mean()


def log_snr(time: float) -> float:
    """log(t / (1 - t)): how far the motion stands out of the noise."""
    return math.log(time / (1 - time))


def silent_starts(talks: list[Talk], blocks: int, count: int, rng: np.random.Generator, block_frames: int) -> list[tuple[Talk, int]]:
    """Random crops in which the avatar says nothing and its written state stays."""
    found: list[tuple[Talk, int]] = []
    while len(found) < count:
        for talk, first in crop_starts(talks, blocks, count, rng, block_frames):
            end = first + blocks * block_frames
            if talk.loudness[first:end].max() < QUIET_RMS and state_of(talk.states, first, end):
                found.append((talk, first))
    return found[:count]


def roll_out(generator: Generator, past: Tensor, noise: Tensor, steps: int, condition: Condition, identity: Tensor) -> Tensor:
    """Block after block as a session runs: from noise [N,L,4,K,32] to motion on the given past [N,P,4,K,32] and on what was made; `condition` holds N*(P+L) blocks.

    The gradient goes through the steps of a block, not through its past.
    """
    n, known = past.shape[:2]
    times = euler_times(steps)
    cache, made = generator.initial_cache(n), []
    for j in range(known + noise.shape[1]):
        here = Condition(**{key: value.unflatten(0, (n, -1))[:, j] for key, value in vars(condition).items()})
        if j < known:
            x = past[:, j]
        else:
            x = noise[:, j - known]
            for t, following in zip(times, [*times[1:], 1.0]):
                velocity, _ = generator(x, x.new_full((n, 1), t), here, identity, cache)
                x = x + (following - t) * velocity
            made.append(x)
        with torch.no_grad():
            _, cache = generator(x.detach(), x.new_ones(n, 1), here, identity, cache)
            cache = {key.removesuffix("_next"): value for key, value in cache.items()}
    return torch.stack(made, 1)


class Distillation:
    """The student, its teacher and the three kinds of steps, each of which gives (loss, figures)."""

    def __init__(self, config: Config, folder: Path, geometry: Geometry, talks: Talks):
        self.config, self.geometry, self.talks = config, geometry, talks
        self.modules = load_interactive(config, folder)
        self.speaker, self.context = self.modules["speaker"], self.modules["context"]
        self.teacher, self.teacher_context = copy.deepcopy(self.speaker["generator"]).eval(), copy.deepcopy(self.context).eval()
        self.student = nn.ModuleDict({"generator": self.speaker["generator"], "phi": self.context["phi"], "gca": self.context["gca"]}).requires_grad_(True)
        self.run = config.stage("distil")
        options = self.run.options
        self.weights = Weights.of(options)
        self.blocks = int(options.get("blocks", 8))
        self.teacher_steps, self.steps = int(options.get("teacher_steps", 8)), int(options.get("student_steps", 2))
        self.mood_blocks, self.mood_batch, self.mood = int(options.get("mood_blocks", 4)), int(options.get("mood_batch", 12)), float(options.get("mood", 2.0))
        self.own_blocks, self.own_batch, self.behaviour = int(options.get("own_blocks", 10)), int(options.get("own_batch", 6)), float(options.get("behaviour", 0.1))
        self.rng = np.random.default_rng(config.seed + 13)
        self.kinds = [{"teacher": self.teacher_step, "mood": self.mood_step, "behaviour": self.behaviour_step}[name] for name in options.get("cycle", ["teacher"])]
        self.judge = Judge(self.motion_of(torch.cat([talk.avatar[::25] for talk in talks.train])[:, None]).flatten(0, 1).std(0)) if self.behaviour_step in self.kinds else None

    def step(self, step: int, done: float) -> tuple[Tensor, dict]:
        with autocast(self.config):
            return self.kinds[step % len(self.kinds)](step // len(self.kinds), done)

    def tokens_of(self, batch: Batch) -> Tensor:
        """[N,L,4,12,32] of the truth."""
        return self.geometry["embedder"](batch.motion).reshape(*batch.words.shape[:2], -1, TOKENS, TOKEN_WIDTH)

    def motion_of(self, motion: Tensor) -> Tensor:
        """Motion [N,F,58], scaled, as the tokens of the space tell it: what the space cannot hold is no one's fault."""
        return self.geometry["blendshapes"].raw(self.geometry["embedder"](motion)).float()

    def ends_of(self, past: list, noise: Tensor, condition: Condition, identity: Tensor) -> list[Tensor]:
        """Where each of the student's steps aims, on its own way from `noise`."""
        ends, x, times = [], noise, euler_times(self.steps)
        for t, following in zip(times, [*times[1:], 1.0]):
            end, _ = self.student["generator"].on_past(past, x, torch.full(noise.shape[:2], t), condition, identity)
            ends.append(end)
            x = (x + (following - t) / (1 - t) * (end - x)).detach()
        return ends

    def f_pu_of(self, context: nn.ModuleDict, crops: list[tuple[Talk, int]], blocks: int) -> Tensor:
        on = torch.ones(len(crops), 1)
        return context(self.talks, crops, blocks, context["lpe"].initial_state(len(crops)), on, on)[0]

    def identity_of(self, crops: list[tuple[Talk, int]]) -> Tensor:
        return self.speaker.identity_tokens(torch.tensor([talk.identity % IDENTITIES for talk, _ in crops]))

    def teacher_step(self, turn: int, done: float) -> tuple[Tensor, dict]:
        batch_size, blocks = self.run.batch, self.blocks
        crops = crop_starts(self.talks.train, blocks, batch_size, self.rng, self.config.clock.block_frames)
        batch = draw(self.talks, crops, blocks, self.rng, draw_expressivity(self.rng, batch_size), 0.3, 0.4)
        f_pu = self.f_pu_of(self.context, crops, blocks)
        with torch.no_grad():
            wise = condition_of(self.speaker, batch, self.f_pu_of(self.teacher_context, crops, blocks), 0.1, 0.05)
            condition = Condition(**(vars(wise) | {"f_pu": f_pu}))
            identity, truth = self.identity_of(crops), self.tokens_of(batch)
            noise = torch.randn_like(truth)
            true_past = truth
            if turn % 3 == 1 and done > 0.1:  # own rollout as the past: one student pass on the true past, then its own
                true_past = integrate(self.student["generator"], truth, torch.randn_like(truth), self.steps, condition, identity)
            true_past = true_past + 0.05 * torch.randn_like(truth)
            past = true_past.roll(1, 0) if turn % 3 == 2 else true_past
            goal = integrate(self.teacher, true_past, noise, self.teacher_steps, wise, identity, second_order=True)
        ends = self.ends_of(self.student["generator"].past_of(past, condition, identity), noise, condition, identity)
        end = ends[-1]
        # the student's steps all aim at the teacher's end, the last one twice as much
        loss = sum(((e - goal) ** 2).mean() for e in [*ends, end])
        # lips are the truth's: the voice decides them, and a mean over teachers would part them
        lips = lips_loss(self.geometry, end.reshape(-1, TOKENS, TOKEN_WIDTH), batch.motion.flatten(0, 1), batch.closed.flatten())
        own = batch.dubbed == 0
        level = level_loss(self.geometry, end[own], batch.motion[own]) if own.any() else loss.new_zeros(())
        movement = movement_loss(self.geometry, end, goal)
        shown = {"end": float(((end.detach() - goal) ** 2).mean()), "lips": float(lips.detach()), "level": float(level.detach()), "movement": float(movement.detach())}
        return loss + self.weights.lips * lips + level + movement, shown

    def mood_step(self, turn: int, done: float) -> tuple[Tensor, dict]:
        crops = silent_starts(self.talks.train, self.mood_blocks, self.mood_batch, self.rng, self.config.clock.block_frames)
        batch = draw(self.talks, crops, self.mood_blocks, self.rng, draw_expressivity(self.rng, self.mood_batch), 0.0, 1.0)
        with torch.no_grad():
            condition = condition_of(self.speaker, batch, self.f_pu_of(self.context, crops, self.mood_blocks), 0.0, 0.0)
            identity, truth = self.identity_of(crops), self.tokens_of(batch)
            past = truth.roll(1, 0) + 0.05 * torch.randn_like(truth)
            if self.rng.random() < 0.5:
                past = integrate(self.student["generator"], past, torch.randn_like(truth), self.steps, condition, identity)
        known = self.student["generator"].past_of(past, condition, identity)
        ends = self.ends_of(known, torch.randn_like(truth), condition, identity)
        level = sum(level_loss(self.geometry, end, batch.motion) for end in ends)
        return self.mood * level, {"mood": float(level.detach())}

    def on_its_own(self, known: int = 2) -> tuple[Tensor, Tensor, Batch]:
        """Rollouts of the student [N,L,4,12,32] from `known` true blocks on, the truth's scaled motion [N,L*4,58] and the crops' batch."""
        blocks = known + self.own_blocks
        crops = crop_starts(self.talks.train, blocks, self.own_batch, self.rng, self.config.clock.block_frames)
        batch = draw(self.talks, crops, blocks, self.rng, draw_expressivity(self.rng, self.own_batch))
        with torch.no_grad():
            condition = condition_of(self.speaker, batch, self.f_pu_of(self.context, crops, blocks), 0.0, 0.0)
            identity, truth = self.identity_of(crops), self.tokens_of(batch)
            past = truth[:, :known] + 0.05 * torch.randn_like(truth[:, :known])
        made = roll_out(self.student["generator"], past, torch.randn_like(truth[:, known:]), self.steps, condition, identity)
        return made, self.motion_of(batch.motion)[:, known * self.config.clock.block_frames :], batch

    def behaviour_step(self, turn: int, done: float) -> tuple[Tensor, dict]:
        if not self.judge.windows:  # a critic that knows nothing yet would mislead
            for _ in range(24):
                with torch.no_grad():
                    self._show(*self.on_its_own())
            self.judge.learn(self.rng, 300)
        made, true, batch = self.on_its_own()
        motion, occasion = self._show(made, true, batch)
        right = self.judge.learn(self.rng, 3)
        behaviour = self.judge.loss(motion, true, occasion)
        # a critic of coefficients must not be pleased by tokens that no face has
        plane = ((made.flatten(1, 2) - self.geometry["embedder"](torch.cat([motion[..., :52], motion[..., 52:] / POSE_SCALE], -1))) ** 2).mean()
        trembling, answer = self.judge.trembling(motion, true), answer_loss(motion, true)
        frames = motion.shape[1]
        lips = lips_loss(self.geometry, made.reshape(-1, TOKENS, TOKEN_WIDTH), batch.motion[:, -frames:].flatten(0, 1), batch.closed[:, -frames:].flatten())
        shown = {"behaviour": float(behaviour.detach()), "right": right, "trembling": float(trembling.detach()), "answer": float(answer.detach()), "plane": float(plane.detach())} | glances(motion.detach(), true, occasion[..., -2])
        return self.behaviour * behaviour + 0.5 * trembling + answer + plane + 0.5 * self.weights.lips * lips, shown

    def _show(self, made: Tensor, true: Tensor, batch: Batch) -> tuple[Tensor, Tensor]:
        """Shows a rollout to the judge; gives its scaled motion and its occasion."""
        motion = self.geometry["blendshapes"].raw(made.flatten(1, 2)).float()
        occasion = occasion_of(batch)[:, -motion.shape[1] :]
        self.judge.show(motion, true, occasion)
        return motion, occasion


def train_distil(config: Config, folder: Path, geometry: Geometry, talks: Talks) -> tuple[nn.ModuleDict, dict]:
    distillation = Distillation(config, folder, geometry, talks)
    figures = train("distil", config, distillation.run, distillation.student, [{"params": list(distillation.student.parameters())}], distillation.step, folder)
    return distillation.modules.eval().requires_grad_(False), figures


def load_student(config: Config, folder: Path) -> nn.ModuleDict:
    """{speaker, context} with the distilled generator, or that of stage 2 where no student was trained."""
    modules = load_interactive(config, folder)
    path = folder / "distil.pt"
    if path.exists():
        weights = read(path)["averaged"]
        parts = {"generator": modules["speaker"]["generator"], "phi": modules["context"]["phi"], "gca": modules["context"]["gca"]}
        nn.ModuleDict(parts).load_state_dict(weights)
    return modules.eval()
