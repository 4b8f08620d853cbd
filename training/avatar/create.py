"""From a file of a head to an avatar folder, in five steps; each tells how far it is."""

import json
import re
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import torch

from training.avatar.export import export_avatar
from training.avatar.fit import FitOptions, fit_keypoints, fit_look
from training.avatar.pictures import take_pictures
from training.avatar.poses import fitting_motion
from training.avatar.source import Source
from training.data.heads.glb_head import glb_head

_MOST_PICTURES = 900
_SHARES = {"pictures": 0.2, "movement": 0.12, "look": 0.68}
"""Of the minutes asked for."""


@dataclass(frozen=True)
class CreateOptions:
    """`minutes` of computing on one core; `decoder` False leaves the shipped decoder's painting weights as they are."""

    glb: Path
    out: Path
    minutes: float
    id: str
    name: str
    licence: str
    decoder: bool = True
    bf16: bool = True


class Progress:
    """Lines on stdout: `{"stage", "done", "total"}` as JSON for the command line tool, else a line every few seconds."""

    def __init__(self, as_json: bool) -> None:
        self._json = as_json
        self._last = 0.0

    def tell(self, stage: str, done: float, total: float = 1.0) -> None:
        """How far a stage is; most calls print nothing."""
        now = time.monotonic()
        if now - self._last < (0.2 if self._json else 5) and done < total:
            return
        self._last = now
        print(json.dumps({"stage": stage, "done": round(done, 3), "total": total}) if self._json else f"{stage}: {done / total:.0%}", flush=True)

    def note(self, text: str) -> None:
        """Something worth knowing about the result."""
        print(json.dumps({"note": text}) if self._json else f"note: {text}", flush=True)

    def of(self, stage: str) -> Callable[[float], None]:
        """`tell` of one stage."""
        return lambda done: self.tell(stage, done)


def id_of(text: str) -> str:
    """A valid avatar id from any text."""
    return re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:64].strip("-") or "avatar"


def create(options: CreateOptions, source: Source, progress: Progress) -> dict:
    """Makes the avatar; returns its figures. Raises GlbError for a file that cannot become one."""
    torch.manual_seed(1)
    seconds = 60 * options.minutes
    size = source.paint["decoder"].painter.size
    progress.tell("head", 0)
    head = glb_head(options.glb)
    for note in head.notes:
        progress.note(note)
    progress.tell("head", 1)
    pictures = take_pictures(
        head, fitting_motion(1, _MOST_PICTURES), size, _SHARES["pictures"] * seconds, lambda done, total: progress.tell("pictures", done, total)
    )
    decoder = source.paint["decoder"]
    rest = torch.from_numpy(pictures.places[:1])
    error = fit_keypoints(decoder, source.geometry, head, fitting_motion(2, 3000), rest, _SHARES["movement"] * seconds, progress.of("movement"))
    fit = FitOptions(seconds, decoder=options.decoder, bf16=options.bf16)
    decoder, look, figures = fit_look(source.paint, source.geometry, pictures, fit, _SHARES["look"] * seconds, progress.of("look"))
    figures |= {"pictures": len(pictures.rgba), "keypointPixels": round(error, 3), "minutes": options.minutes}
    progress.tell("files", 0)
    summary = f"Fitted to renders of {options.glb.name} by echo-head avatar create."
    about = {"id": options.id, "displayName": options.name, "licence": options.licence, "summary": summary}
    export_avatar(options.out, source, head, pictures, decoder, look, about, figures)
    progress.tell("files", 1)
    print(f"{options.out}: {figures}", file=sys.stderr)
    return figures
