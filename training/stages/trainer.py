"""The loop that every stage shares: time and step limits, warm-up and cosine rate, averaged weights, checkpoints that resume."""

import math
import os
import re
import time
from collections.abc import Callable
from pathlib import Path

import torch
from torch import nn

from training.model.config import Config, StageRun
from training.model.device import read


class Averaged:
    """Exponential moving average of a module's weights (Polyak & Juditsky 1992)."""

    def __init__(self, module: nn.Module, decay: float = 0.998):
        self.decay = decay
        self.shadow = {k: v.detach().clone() for k, v in module.state_dict().items()}

    def update(self, module: nn.Module, step: int) -> None:
        decay = min(self.decay, (1 + step) / (10 + step))
        for key, value in module.state_dict().items():
            if value.is_floating_point():
                self.shadow[key].lerp_(value.detach(), 1 - decay)
            else:
                self.shadow[key].copy_(value)


def autocast(config: Config):
    """bfloat16 matrix products where the config asks for them (AMX on recent CPUs, tensor cores on GPUs)."""
    return torch.autocast(config.device, dtype=torch.bfloat16, enabled=config.bf16)


def freeze_but(modules: nn.Module, groups: list[dict], only: list[str]) -> list[dict]:
    """Freezes every parameter whose name fits none of the patterns `only`; gives the groups of what still trains.

    A pack that is trained further in a part keeps the rest to the bit. Raises ValueError where a pattern fits nothing.
    """
    fitting = {pattern: {name for name, _ in modules.named_parameters() if re.search(pattern, name)} for pattern in only}
    idle = [pattern for pattern, names in fitting.items() if not names]
    if idle:
        raise ValueError(f"only: nothing is named like {idle}")
    names = set().union(*fitting.values())
    for name, parameter in modules.named_parameters():
        parameter.requires_grad_(parameter.requires_grad and name in names)
    left = [{**group, "params": [p for p in group["params"] if p.requires_grad]} for group in groups]
    return [group for group in left if group["params"]]


def train(
    name: str,
    config: Config,
    run: StageRun,
    modules: nn.ModuleDict,
    groups: list[dict],
    step_loss: Callable[[int, float], tuple[torch.Tensor, dict[str, float]]],
    folder: Path,
    report: Callable[[int], dict] | None = None,
) -> dict:
    """Trains `groups` of parameters until `run.steps` or `run.minutes`; returns figures. Resumes from `<folder>/<name>.pt` if it is unfinished.
    The option `only` names what of them trains (`freeze_but`).

    `step_loss(step, done)` gives the loss and figures to print, `done` in 0..1. Raises FloatingPointError when the loss is not finite.
    The averaged weights are loaded into `modules` at the end.
    """
    path = folder / f"{name}.pt"
    if "only" in run.options:
        groups = freeze_but(modules, groups, run.options["only"])
    optimiser = torch.optim.AdamW(groups, lr=run.lr, betas=(0.9, 0.98), weight_decay=0.01)
    rates = [group["lr"] for group in optimiser.param_groups]
    averaged = Averaged(modules)
    first, spent = 0, 0.0
    if path.exists():
        saved = read(path)
        modules.load_state_dict(saved["weights"])
        averaged.shadow = saved["averaged"]
        first, spent = saved["step"], saved["seconds"]
        if saved["done"]:
            modules.load_state_dict(averaged.shadow)
            return saved["figures"]
        if saved["optimiser"]:
            optimiser.load_state_dict(saved["optimiser"])
    started = last_save = last_print = time.time()
    figures: dict = {}
    sums: dict[str, list[float]] = {}  # a step need not give every figure
    count = 0

    def save(done: bool, step: int) -> None:
        partial = path.with_suffix(".part")
        state = {
            "weights": modules.state_dict(), "averaged": averaged.shadow, "optimiser": {} if done else optimiser.state_dict(),
            "step": step, "seconds": spent + time.time() - started, "done": done, "figures": figures, "config": config.name,
        }  # fmt: skip
        torch.save(state, partial)
        os.replace(partial, path)

    step = first
    while True:
        elapsed = spent + time.time() - started
        done = min(1.0, max(step / run.steps, elapsed / (run.minutes * 60)))
        if done >= 1.0:
            break
        warm = min(1.0, (step + 1) / 100)
        for group, rate in zip(optimiser.param_groups, rates):
            group["lr"] = rate * warm * (0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * done)))
        loss, shown = step_loss(step, done)
        if not torch.isfinite(loss):
            raise FloatingPointError(f"{name}: loss is {loss.item()} at step {step}")
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_([p for g in groups for p in g["params"]], 1.0)
        optimiser.step()
        averaged.update(modules, step)
        step += 1
        count += 1
        for key, value in {"loss": float(loss.detach()), **shown}.items():
            sums.setdefault(key, []).append(value)
        now = time.time()
        if now - last_print > 20 or step == run.steps:
            figures = {k: sum(v) / len(v) for k, v in sums.items()} | {"step": step, "stepsPerSecond": count / (now - last_print + 1e-9)}
            print(f"{name} {step} {elapsed / 60:.1f} min  " + "  ".join(f"{k} {v:.4g}" for k, v in figures.items()), flush=True)
            sums, count, last_print = {}, 0, now
        if now - last_save > 120:
            save(False, step)
            last_save = now
            if report:
                print(f"{name} report {report(step)}", flush=True)
    modules.load_state_dict(averaged.shadow)
    figures = figures | {"steps": step, "minutes": round((spent + time.time() - started) / 60, 2)}
    if report:
        figures |= report(step)
    save(True, step)
    print(f"{name} done {figures}", flush=True)
    return figures
