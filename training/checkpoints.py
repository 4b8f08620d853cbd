"""Keeps what was trained: `python -m training.checkpoints save build/train-cpu training/checkpoints/cpu`, and `restore` the other way.

A kept stage is its averaged weights in half precision with its figures; optimiser states are left out. A restored stage counts as
done; raise its `minutes` or `steps` in the config and pass `--open STAGE` to train it further.
"""

import argparse
from pathlib import Path

import torch

KEPT = ("geometry", "speech", "paint", "eyes", "talking", "interactive", "distil")


def save(work: Path, folder: Path) -> None:
    """Writes `<folder>/<stage>.pt` for every finished stage in `work`."""
    folder.mkdir(parents=True, exist_ok=True)
    for stage in KEPT:
        if not (work / f"{stage}.pt").exists():
            continue
        state = torch.load(work / f"{stage}.pt", weights_only=False)
        halves = {key: value.half() if value.is_floating_point() else value for key, value in state["averaged"].items()}
        rest = {key: state[key] for key in ("step", "seconds", "figures", "config", "scaled") if key in state}
        torch.save({"averaged": halves, **rest}, folder / f"{stage}.pt")
        print(f"{stage}: {(folder / f'{stage}.pt').stat().st_size / 1e6:.1f} MB, {state['step']} steps")


def restore(folder: Path, work: Path, opened: list[str]) -> None:
    """Writes checkpoints that the stages resume from; those named in `opened` go on training."""
    work.mkdir(parents=True, exist_ok=True)
    for path in sorted(folder.glob("*.pt")):
        state = torch.load(path, weights_only=False)
        weights = {key: value.float() if value.is_floating_point() else value for key, value in state["averaged"].items()}
        torch.save(state | {"averaged": weights, "weights": weights, "optimiser": {}, "done": path.stem not in opened}, work / path.name)


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
