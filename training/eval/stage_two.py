"""Stage 2 with and without its parts (ECHO Sec. 3.3): does L_align keep the talking while listening is learned?

Packs that were trained alike but for one thing, before distillation, on the same held-out talks. Unlike the switches of `ablations`, what is left out
here was never there in training.
"""

from dataclasses import dataclass
from pathlib import Path

from training.eval import ablations
from training.eval.reactions import smile_answers
from training.eval.rollouts import Clip, Played, play
from training.eval.session import Made, Pack


@dataclass(frozen=True)
class Setting:
    """A pack of stage 2 and the switches that were off in all of its training."""

    pack: Path
    off: tuple[str, ...] = ()

    @staticmethod
    def read(text: str) -> tuple[str, "Setting"]:
        """NAME=PACK or NAME=PACK=SWITCH."""
        name, folder, *off = text.split("=")
        return name, Setting(Path(folder), tuple(off))


def stage_two(settings: dict[str, Setting], clips: list[Clip], frames: int, threads: int) -> dict:
    """Rows of `ablations.table` over the first `frames` of each clip, with the smiles answered and risen without one over the whole clips."""
    played = {name: play(Pack(setting.pack, threads), clips, **dict.fromkeys(setting.off, 0.0)) for name, setting in settings.items()}
    few = [Clip(c.talk, c.first, frames, c.history) for c in clips]
    part = lambda made: Made(*(track[:, :frames] for track in (made.blendshapes, made.pose, made.tokens)))  # noqa: E731
    rows = ablations.table({name: Played(few, part(found.made)) for name, found in played.items()})
    for name, found in played.items():
        answers = smile_answers(found)
        rows[name] |= {"answered": answers["answered"], "risesWithout": answers["falseRate"]}
    rows["truth"] |= {"answered": answers["truthAnswered"], "risesWithout": answers["truthFalseRate"]}
    return rows | {"clips": len(clips), "seconds": frames / 25, "smiles": answers["smiles"], "spans": answers["spans"]}
