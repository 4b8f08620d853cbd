"""Keeps what was trained: `python -m training.checkpoints save build/train-cpu training/checkpoints/cpu`, and `restore` the other way.

A kept stage is its averaged weights in half precision with its figures. Optimiser states are left out, and so is what a stage has unchanged
from the one before it (the frozen generator under the LoRA of stage 2, for one). A restored stage counts as done; raise its `minutes` or
`steps` in the config and pass `--open STAGE` to train it further.
"""

import argparse
from pathlib import Path

import torch
from torch import Tensor

KEPT = ("geometry", "speech", "paint", "eyes", "talking", "interactive", "distil")
BEFORE = {"interactive": ("talking", {"speaker.": ""}), "distil": ("interactive", {"generator.": "speaker.generator.", "phi.": "context.phi.", "gca.": "context.gca."})}
"""Stage -> the stage that it begins from, and how the names of its weights begin here and there."""


def inherited(stage: str, name: str, stages: dict[str, dict[str, Tensor]]) -> Tensor | None:
    """The weight of the stage before that the weight `name` of `stage` began as; None where there is none."""
    before, prefixes = BEFORE.get(stage, ("", {}))
    for here, there in prefixes.items():
        if name.startswith(here):
            return stages.get(before, {}).get(there + name.removeprefix(here))
    return None


def unchanged(a: Tensor, b: Tensor | None) -> bool:
    """Whether two half-precision weights are the same but for a rounding."""
    return b is not None and a.shape == b.shape and torch.allclose(a.float(), b.float(), rtol=1e-3, atol=1e-6)


def save(work: Path, folder: Path) -> None:
    """Writes `<folder>/<stage>.pt` for every finished stage in `work`."""
    folder.mkdir(parents=True, exist_ok=True)
    stages: dict[str, dict[str, Tensor]] = {}
    for stage in (name for name in KEPT if (work / f"{name}.pt").exists()):
        state = torch.load(work / f"{stage}.pt", weights_only=False)
        stages[stage] = {key: value.half() if value.is_floating_point() else value for key, value in state["averaged"].items()}
        own = {key: value for key, value in stages[stage].items() if not unchanged(value, inherited(stage, key, stages))}
        rest = {key: state[key] for key in ("step", "seconds", "figures", "config", "scaled") if key in state}
        torch.save({"averaged": own, "names": list(stages[stage]), **rest}, folder / f"{stage}.pt")
        print(f"{stage}: {(folder / f'{stage}.pt').stat().st_size / 1e6:.1f} MB, {state['step']} steps")


def restore(folder: Path, work: Path, opened: list[str]) -> None:
    """Writes checkpoints that the stages resume from; those named in `opened` go on training."""
    work.mkdir(parents=True, exist_ok=True)
    stages: dict[str, dict[str, Tensor]] = {}
    for stage in (name for name in KEPT if (folder / f"{name}.pt").exists()):
        state = torch.load(folder / f"{stage}.pt", weights_only=False)
        own = {key: value.float() if value.is_floating_point() else value for key, value in state["averaged"].items()}
        stages[stage] = {key: own[key] if key in own else inherited(stage, key, stages) for key in state.pop("names")}
        torch.save(state | {"averaged": stages[stage], "weights": stages[stage], "optimiser": {}, "done": stage not in opened}, work / f"{stage}.pt")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("action", choices=("save", "restore"))
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--open", nargs="*", default=[], help="restored stages that are to train further")
    arguments = parser.parse_args()
    if arguments.action == "save":
        save(arguments.source, arguments.target)
    else:
        restore(arguments.source, arguments.target, arguments.open)


if __name__ == "__main__":
    main()
