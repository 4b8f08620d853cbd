"""Stage 2 with and without its parts (ECHO Sec. 3.3): does L_align keep the talking while listening is learned?

Packs that were trained alike but for one thing, before distillation, on the same held-out talks. Unlike the switches of `ablations`, what is left out
here was never there in training.
"""

from pathlib import Path

from training.eval import ablations
from training.eval.reactions import smile_answers
from training.eval.rollouts import Clip, Played, play
from training.eval.session import Made, Pack


def stage_two(packs: dict[str, Path], clips: list[Clip], frames: int, threads: int) -> dict:
    """Rows of `ablations.table` over the first `frames` of each clip, with the smiles answered and risen without one over the whole clips."""
    played = {name: play(Pack(folder, threads), clips) for name, folder in packs.items()}
    few = [Clip(c.talk, c.first, frames, c.history) for c in clips]
    part = lambda made: Made(*(track[:, :frames] for track in (made.blendshapes, made.pose, made.tokens)))  # noqa: E731
    rows = ablations.table({name: Played(few, part(found.made)) for name, found in played.items()})
    for name, found in played.items():
        answers = smile_answers(found)
        rows[name] |= {"answered": answers["answered"], "risesWithout": answers["falseRate"]}
    rows["truth"] |= {"answered": answers["truthAnswered"], "risesWithout": answers["truthFalseRate"]}
    return rows | {"clips": len(clips), "seconds": frames / 25, "smiles": answers["smiles"], "spans": answers["spans"]}
