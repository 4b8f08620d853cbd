"""Stage `data`: makes what the other stages read, unless it is there: compiled heads, speech, talks, pictures."""

import os
import subprocess
import sys
from pathlib import Path

from training.data.speech.kokoro import FOLDER_VARIABLE
from training.model.config import Config

DEFAULT_SIZES = {"utterances": 1500, "natural": 400, "talks": 60, "talk_minutes": 4.0, "held_out_talks": 8, "paint": 2500, "others": 40, "motion": 60, "size": 256}


def prepare(config: Config, places: dict[str, Path | None], sizes: dict) -> None:
    """Runs the builders of training/data for each folder that is missing. `places` are heads, speech, talks, renders; `heads` None = procedural;
    `kokoro` None = no natural voices.

    Raises FileNotFoundError when `heads` is named and absent: compile it first (training/data/heads/README.md).
    """
    unknown = sorted(set(sizes) - set(DEFAULT_SIZES))
    if unknown:
        raise ValueError(f"sizes: unknown keys {unknown}; known are {sorted(DEFAULT_SIZES)}")
    size = DEFAULT_SIZES | sizes
    heads = places.get("heads")
    if heads and not heads.exists():
        raise FileNotFoundError(f"{heads}: compile the head assets first, python -m training.data.heads.compile --assets FOLDER --out {heads}")
    kokoro = places.get("kokoro")
    if kokoro and not kokoro.is_dir():
        raise FileNotFoundError(f"{kokoro}: unpack the natural voices there first, npm pack kokoro-js@1.2.1 (training/data/speech/README.md)")
    if kokoro:
        os.environ[FOLDER_VARIABLE] = str(kokoro.resolve())
    seed = ["--seed", str(config.seed)]
    if not (places["speech"] / "index.json").exists():
        _run("training.data.speech.build", "--out", places["speech"], "--utterances", size["utterances"], *(["--natural", size["natural"]] if kokoro else []), *seed)
    if not (places["talks"] / "index.json").exists():
        held = ["--held-out", size["held_out_talks"]]
        _run("training.data.conversation.build", "--out", places["talks"], "--count", size["talks"], "--minutes", size["talk_minutes"], *held, *seed)
    if not (places["renders"] / "motion-reference.npy").exists():
        counts = ["--paint", size["paint"], "--others", size["others"], "--motion", size["motion"], "--size", size["size"]]
        source = ["--heads", heads] if heads else []
        _run("training.data.renders", "--out", places["renders"], "--speech", places["speech"], "--talks", places["talks"], *source, *counts, *seed)


def _run(module: str, *arguments: object) -> None:
    subprocess.run([sys.executable, "-m", module, *map(str, arguments)], check=True)
