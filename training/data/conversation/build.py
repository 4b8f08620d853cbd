"""Build a set of conversations: `python -m training.data.conversation.build --out build/conversations --count 60 --seed 1 --minutes 4`.

One npz a conversation and `index.json`. The last `--held-out` conversations are the test split: voices and heads (identity
numbers) that training never meets. Sounds are cached in `<out>/speech`, so a second run is fast; the result does not depend on it.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

from .people import stream
from .simulate import simulate
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


def build(out: Path, count: int, seed: int, minutes: float, held_out: int, workers: int) -> dict:
    """Write `count` conversations; returns the index. Raises ValueError if the test split would be everything."""
    if not 0 <= held_out < count:
        raise ValueError(f"held-out must lie in 0..{count - 1}, got {held_out}")
    out.mkdir(parents=True, exist_ok=True)
    jobs = []
    for number in range(count):
        split = "train" if number < count - held_out else "held-out"
        jobs.append((number, seed * 10_000 + number, minutes, split, str(out)))
    started = time.time()
    rows = []
    with ProcessPoolExecutor(workers) as pool:
        for row in pool.map(_one, jobs):
            rows.append(row)
            print(f"{len(rows)}/{count} {row['file']} {row['split']} {', '.join(row['scripts'])} ({time.time() - started:.0f} s)", flush=True)
            index = {"format": "echo-head-conversations", "fps": 25, "sampleRateHz": 16000, "seed": seed, "minutes": minutes,
                     "vocabulary": list(VOCABULARY), "complete": len(rows) == count, "conversations": rows}  # fmt: skip
            partial = out / ".index.part.json"
            partial.write_text(json.dumps(index, indent=1), encoding="utf-8")
            partial.replace(out / "index.json")  # readable at any moment of the build
    return index


def main() -> None:
    parser = argparse.ArgumentParser(description="Simulate conversations for training.")
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--count", type=int, default=60, help="conversations (default 60)")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=4.0, help="length of each (default 4)")
    parser.add_argument("--held-out", type=int, default=8, help="conversations of the test split, taken last (default 8)")
    parser.add_argument("--workers", type=int, default=min(2, os.cpu_count() or 1))
    options = parser.parse_args()
    build(options.out, options.count, options.seed, options.minutes, options.held_out, options.workers)


if __name__ == "__main__":
    main()
