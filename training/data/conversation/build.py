"""Build a set of conversations: `python -m training.data.conversation.build --out build/conversations --count 60 --seed 1 --minutes 4`.

One npz a conversation and `index.json`. The last `--held-out` conversations are the test split: voices and heads (identity
numbers) that training never meets. Sounds are cached in `<out>/speech`, so a second run is fast; the result does not depend on it.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from pathlib import Path

from .conversation import load_conversation
from .people import stream
from .simulate import simulate
from .statistics import FPS, SAMPLE_RATE_HZ
from .vocabulary import VOCABULARY

TRAIN_IDENTITIES = range(0, 240)
TEST_IDENTITIES = range(240, 280)
"""Head numbers of the two splits: plain integers, for whoever renders the talks."""


def _one(job: tuple[int, int, float, str, str]) -> dict:
    number, seed, minutes, split, out = job
    rng = stream(seed, "identities")
    pool = TRAIN_IDENTITIES if split == "train" else TEST_IDENTITIES
    pair = tuple(int(x) for x in rng.choice(len(pool), 2, replace=False) + pool[0])
    talk = simulate(seed, minutes, split, cache=Path(out) / "speech", identities=pair)
    name = f"talk-{number:04d}.npz"
    partial = Path(out) / f".{name}.part.npz"
    talk.save(partial)
    partial.replace(Path(out) / name)
    return {"file": name, "frames": talk.frames, **talk.meta}


def _finished(out: Path, jobs: list[tuple[int, int, float, str, str]]) -> dict[str, dict]:
    """Rows of what an earlier, perhaps broken-off build of the same jobs has written whole, by file name."""
    found = {}
    for number, seed, minutes, split, _ in jobs:
        path = out / f"talk-{number:04d}.npz"
        if path.exists():
            talk = load_conversation(path)
            if (talk.meta["seed"], talk.meta["minutes"], talk.meta["split"]) == (seed, minutes, split):
                found[path.name] = {"file": path.name, "frames": talk.frames, **talk.meta}
    return found


def build(out: Path, count: int, seed: int, minutes: float, held_out: int, workers: int, resume: bool = False) -> dict:
    """Write `count` conversations; returns the index. Raises ValueError if the test split would be everything.

    `resume` keeps what an earlier build of the same seed, count and length has finished (only sound if the code is the same).
    The held-out talks are made first, so that an index that is read early has both splits.
    """
    if not 0 <= held_out < count:
        raise ValueError(f"held-out must lie in 0..{count - 1}, got {held_out}")
    out.mkdir(parents=True, exist_ok=True)
    jobs = [
        (number, seed * 10_000 + number, minutes, "train" if number < count - held_out else "held-out", str(out)) for number in range(count)
    ]
    done = _finished(out, jobs) if resume else {}
    rows = list(done.values())
    jobs = [job for job in sorted(jobs, key=lambda job: job[3] != "held-out") if f"talk-{job[0]:04d}.npz" not in done]
    started = time.time()
    index = _write_index(out, seed, minutes, count, rows)
    with ProcessPoolExecutor(workers) as pool:
        for finished in as_completed([pool.submit(_one, job) for job in jobs]):
            row = finished.result()
            rows.append(row)
            print(f"{len(rows)}/{count} {row['file']} {row['split']} {', '.join(row['scripts'])} ({time.time() - started:.0f} s)", flush=True)
            index = _write_index(out, seed, minutes, count, rows)
    return index


def _write_index(out: Path, seed: int, minutes: float, count: int, rows: list[dict]) -> dict:
    """Write what is finished so far; readers never meet half a file."""
    index = {"format": "echo-head-conversations", "fps": FPS, "sampleRateHz": SAMPLE_RATE_HZ, "seed": seed, "minutes": minutes,
             "vocabulary": list(VOCABULARY), "complete": len(rows) == count, "conversations": sorted(rows, key=lambda r: r["file"])}  # fmt: skip
    partial = out / ".index.part.json"
    partial.write_text(json.dumps(index, indent=1), encoding="utf-8")
    partial.replace(out / "index.json")
    return index


def main() -> None:
    parser = argparse.ArgumentParser(description="Simulate conversations for training.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--count", type=int, default=60, help="conversations (default 60)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=4.0, help="length of each (default 4)")
    parser.add_argument("--held-out", type=int, default=8, help="conversations of the test split, taken last (default 8)")
    parser.add_argument("--resume", action="store_true", help="keep the talks that an earlier build of the same arguments has finished")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    options = parser.parse_args()
    build(options.out, options.count, options.seed, options.minutes, options.held_out, options.workers, options.resume)


if __name__ == "__main__":
    main()
