"""What a second of video costs, what the pack weighs, and what its training took."""

import json
from pathlib import Path

import numpy as np
import torch

from training.eval.session import Pack
from training.stages.graphs import gflop

KINDS = {"float32": np.float32, "int32": np.int32}


def gflop_of(path: Path, inputs: dict[str, dict]) -> float:
    """Operations of one run with N = F = 1, in 1e9."""
    return gflop(path, {name: np.zeros([1 if isinstance(n, str) else n for n in entry["shape"]], KINDS[entry["dtype"]]) for name, entry in inputs.items()})


def cost(pack: Pack) -> dict:
    """GFLOP a second of video by stage: 6.25 blocks, both voices, every sampler step and the closing run, `phi` once an entry."""
    m = pack.manifest
    blocks = m["clock"]["fps"] / m["clock"]["blockFrames"]
    runs = dict.fromkeys(m["behaviour"], blocks)
    runs |= {"audio-encoder": 2 * blocks, "generator": (len(m["sampler"]["times"]) + 1) * blocks, "phi": blocks / m["limits"]["historyBlocksPerEntry"], "text-encoder": 1.0}
    stages = {name: gflop_of(pack.folder / entry["file"], entry["inputs"]) * runs[name] for name, entry in m["behaviour"].items()}
    avatar = pack.avatars[m["defaultAvatar"]]
    for variant, entry in avatar["decoders"].items():
        stages[f"decoder ({variant})"] = gflop_of(pack.folder / entry["file"], entry["inputs"]) * m["clock"]["fps"]
    extra = sum(value for name, value in stages.items() if name.startswith("decoder") and name != "decoder (full)")
    files = [p for p in pack.folder.rglob("*") if p.is_file() and "card" not in p.relative_to(pack.folder).parts and p.name != "CARD.md"]
    size = sum(p.stat().st_size for p in files)
    golden = sum(p.stat().st_size for p in files if "golden" in p.as_posix())
    return {"gflopPerSecond": stages, "gflopTotal": sum(stages.values()) - extra, "megabytes": size / 1e6, "megabytesGolden": golden / 1e6, "samplerSteps": len(m["sampler"]["times"])}


def training_log(work: Path) -> dict:
    """Steps, minutes and figures of every checkpoint of the run, and the parity of its export."""
    stages = {}
    for path in sorted(work.glob("*.pt"), key=lambda p: p.stat().st_mtime):
        if path.stem in ("features", "lines"):  # sounds as the encoder hears them, no stage
            continue
        saved = torch.load(path, weights_only=False, map_location="cpu", mmap=True)
        stages[path.stem] = {"steps": saved["step"], "minutes": saved["seconds"] / 60, "done": saved["done"], "config": saved["config"], "figures": saved["figures"]}
    parity = json.loads((work / "parity.json").read_text()) if (work / "parity.json").exists() else {}
    return {"stages": stages, "parity": parity}


def machine() -> str:
    """Processor and number of cores of this computer."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        return f"{len(names)} cores of {names[0]}"
    except (OSError, IndexError):
        return "an unknown processor"
