"""How a measuring network is trained: the loop of training/stages, limited by minutes, resumed from its checkpoint."""

from collections.abc import Callable
from pathlib import Path

import torch
from torch import Tensor, nn

from training.model.config import Config, StageRun
from training.stages.trainer import autocast, train


def train_net(name: str, net: nn.Module, minutes: float, rate: float, work: Path, loss: Callable[[int], Tensor], report: Callable[[], dict]) -> dict:
    """Trains `net` until `minutes` are spent, over all calls with the same `work`; returns the figures of `report`, which sees the net in eval mode.

    `loss(step)` is the loss of one batch. Weights are averaged over the last steps; `<work>/<name>.pt` is written every two minutes.
    """
    work.mkdir(parents=True, exist_ok=True)

    def measured(_: int = 0) -> dict:
        net.eval()
        with torch.no_grad():
            found = report()
        net.train()
        return found

    config = Config(name="eval-nets")

    def step_loss(step: int, _: float) -> tuple[Tensor, dict]:
        with autocast(config):
            return loss(step), {}

    net.train()
    run = StageRun(steps=1_000_000, minutes=minutes, lr=rate)
    done = train(name, config, run, nn.ModuleDict({"net": net}), [{"params": list(net.parameters()), "lr": rate}], step_loss, work)
    net.eval()
    return {"steps": done["steps"], "minutes": done["minutes"], **measured()}
