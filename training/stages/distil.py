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

from training.model.config import Config
from training.model.device import read
from training.model.flow import euler_times
from training.model.generator import Condition, Generator
from training.model.layout import TOKEN_WIDTH, TOKENS
from training.stages.codec import Geometry
from training.stages.interactive import Context, adapt, merge_lora
from training.stages.lines import QUIET_RMS
from training.stages.moods import state_of
from training.stages.talking import IDENTITIES, Speaker, Weights, condition_of, crop_starts, lips_loss
from training.stages.talks import Talk, Talks, draw, draw_expressivity
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


def train_distil(config: Config, folder: Path, geometry: Geometry, talks: Talks) -> tuple[nn.ModuleDict, dict]:
    modules = load_interactive(config, folder)
    speaker, context = modules["speaker"], modules["context"]
    teacher, teacher_context = copy.deepcopy(speaker["generator"]).eval(), copy.deepcopy(context).eval()
    student = nn.ModuleDict({"generator": speaker["generator"], "phi": context["phi"], "gca": context["gca"]}).requires_grad_(True)
    run = config.stage("distil")
    blocks = int(run.options.get("blocks", 8))
    teacher_steps, student_steps = int(run.options.get("teacher_steps", 8)), int(run.options.get("student_steps", 2))
    weights = Weights.of(run.options)
    rng = np.random.default_rng(config.seed + 13)

    mood_blocks, mood_batch = int(run.options.get("mood_blocks", 4)), int(run.options.get("mood_batch", 0))
    mood_weight = float(run.options.get("mood", 2.0))

    def ends_of(past: list, noise: Tensor, condition: Condition, identity: Tensor) -> list[Tensor]:
        """Where each of the student's steps aims, on its own way from `noise`."""
        ends, x, times = [], noise, euler_times(student_steps)
        for t, following in zip(times, [*times[1:], 1.0]):
            end, _ = student["generator"].on_past(past, x, torch.full(noise.shape[:2], t), condition, identity)
            ends.append(end)
            x = (x + (following - t) / (1 - t) * (end - x)).detach()
        return ends

    def mood_loss() -> tuple[Tensor, dict]:
        crops = silent_starts(talks.train, mood_blocks, mood_batch, rng, config.clock.block_frames)
        batch = draw(talks, crops, mood_blocks, rng, draw_expressivity(rng, mood_batch), 0.0, 1.0)
        on = torch.ones(mood_batch, 1)
        people = torch.tensor([talk.identity % IDENTITIES for talk, _ in crops])
        with autocast(config):
            with torch.no_grad():
                f_pu, _ = context(talks, crops, mood_blocks, context["lpe"].initial_state(mood_batch), on, on)
                condition = condition_of(speaker, batch, f_pu, 0.0, 0.0)
                identity = speaker.identity_tokens(people)
                truth = geometry["embedder"](batch.motion).reshape(mood_batch, mood_blocks, -1, TOKENS, TOKEN_WIDTH)
                past = truth.roll(1, 0) + 0.05 * torch.randn_like(truth)
                if rng.random() < 0.5:
                    past = integrate(student["generator"], past, torch.randn_like(truth), student_steps, condition, identity)
            known = student["generator"].past_of(past, condition, identity)
            ends = ends_of(known, torch.randn_like(truth), condition, identity)
            level = sum(level_loss(geometry, end, batch.motion) for end in ends)
        return mood_weight * level, {"mood": float(level.detach())}

    def step_loss(step: int, done: float):
        if mood_batch and step % 2:
            return mood_loss()
        turn = step // 2 if mood_batch else step
        crops = crop_starts(talks.train, blocks, run.batch, rng, config.clock.block_frames)
        batch = draw(talks, crops, blocks, rng, draw_expressivity(rng, run.batch), 0.3, 0.4)
        on = torch.ones(run.batch, 1)
        people = torch.tensor([talk.identity % IDENTITIES for talk, _ in crops])
        with autocast(config):
            f_pu, _ = context(talks, crops, blocks, context["lpe"].initial_state(run.batch), on, on)
            with torch.no_grad():
                known_user, _ = teacher_context(talks, crops, blocks, context["lpe"].initial_state(run.batch), on, on)
                wise = condition_of(speaker, batch, known_user, 0.1, 0.05)
                condition = Condition(**(vars(wise) | {"f_pu": f_pu}))
                identity = speaker.identity_tokens(people)
                truth = geometry["embedder"](batch.motion).reshape(run.batch, blocks, -1, TOKENS, TOKEN_WIDTH)
                noise = torch.randn_like(truth)
                true_past = truth
                if turn % 3 == 1 and done > 0.1:  # own rollout as the past: one student pass on the true past, then its own
                    true_past = integrate(speaker["generator"], truth, torch.randn_like(truth), student_steps, condition, identity)
                true_past = true_past + 0.05 * torch.randn_like(truth)
                past = true_past.roll(1, 0) if turn % 3 == 2 else true_past
                goal = integrate(teacher, true_past, noise, teacher_steps, wise, identity, second_order=True)
            ends = ends_of(student["generator"].past_of(past, condition, identity), noise, condition, identity)
            end = ends[-1]
            # the student's steps all aim at the teacher's end, the last one twice as much
            loss = sum(((e - goal) ** 2).mean() for e in [*ends, end])
            # lips are the truth's: the voice decides them, and a mean over teachers would part them
            lips = lips_loss(geometry, end.reshape(-1, TOKENS, TOKEN_WIDTH), batch.motion.flatten(0, 1), batch.closed.flatten())
            own = batch.dubbed == 0
            level = level_loss(geometry, end[own], batch.motion[own]) if own.any() else loss.new_zeros(())
            movement = movement_loss(geometry, end, goal)
        shown = {"end": float(((end.detach() - goal) ** 2).mean()), "lips": float(lips.detach()), "level": float(level.detach()), "movement": float(movement.detach())}
        return loss + weights.lips * lips + level + movement, shown

    figures = train("distil", config, run, student, [{"params": list(student.parameters())}], step_loss, folder)
    return modules.eval().requires_grad_(False), figures


def load_student(config: Config, folder: Path) -> nn.ModuleDict:
    """{speaker, context} with the distilled generator, or that of stage 2 where no student was trained."""
    modules = load_interactive(config, folder)
    path = folder / "distil.pt"
    if path.exists():
        weights = read(path)["averaged"]
        parts = {"generator": modules["speaker"]["generator"], "phi": modules["context"]["phi"], "gca": modules["context"]["gca"]}
        nn.ModuleDict(parts).load_state_dict(weights)
    return modules.eval()
