"""Training on in a part: what is not named stays to the bit, in the weights and in their average."""

from pathlib import Path

import pytest
import torch
from torch import nn

from training.model.config import Config, StageRun
from training.stages.trainer import train


def run_with(only: list[str], folder: Path) -> tuple[dict, dict, dict]:
    torch.manual_seed(6)
    modules = nn.ModuleDict({"mood": nn.Linear(3, 3), "rest": nn.Linear(3, 3)})
    before = {key: value.clone() for key, value in modules.state_dict().items()}
    step = lambda number, done: (modules["rest"](modules["mood"](torch.ones(2, 3))).square().sum(), {f"turn{number % 2}": float(number)})  # noqa: E731
    figures = train("part", Config(bf16=False), StageRun(steps=6, options={"only": only}), modules, [{"params": list(modules.parameters())}], step, folder)
    return before, modules.state_dict(), figures


def test_only_what_is_named_trains(tmp_path: Path) -> None:
    before, after, _ = run_with(["^mood"], tmp_path)
    assert torch.equal(before["rest.weight"], after["rest.weight"]) and torch.equal(before["rest.bias"], after["rest.bias"])
    assert not torch.equal(before["mood.weight"], after["mood.weight"])


def test_a_pattern_that_fits_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="moot"):
        run_with(["moot"], tmp_path)


def test_figures_are_means_over_the_steps_that_gave_them(tmp_path: Path) -> None:
    _, _, figures = run_with(["."], tmp_path)
    assert figures["turn0"] == 2 and figures["turn1"] == 3  # of 0, 2, 4 and of 1, 3, 5
