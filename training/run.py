"""One command for every scale: `python -m training.run <smoke|cpu|gpu|path.json> [--out PACK] [--only STAGE ...]`.

Stages run in order and resume: finished ones are read from `<work>/<stage>.pt`. Without compiled head assets (`data.heads`), the
procedural heads are rendered. See training/README.md.
"""

import argparse
from pathlib import Path

import torch

from training.model.config import Config, load_config
from training.stages import pipeline

CONFIGS = Path(__file__).parent / "configs"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("config", help="smoke, cpu, gpu, or the path of a config file")
    parser.add_argument("--work", type=Path, help="folder of checkpoints (default build/train-<config>)")
    parser.add_argument("--out", type=Path, help="folder of the pack to write (default build/pack-<config>)")
    parser.add_argument("--only", nargs="*", help=f"run just these stages: {' '.join(pipeline.STAGES)}")
    parser.add_argument("--threads", type=int, help="CPU threads (default: the config's)")
    arguments = parser.parse_args()
    path = Path(arguments.config) if arguments.config.endswith(".json") else CONFIGS / f"{arguments.config}.json"
    config: Config = load_config(path)
    torch.set_default_device(config.device)
    torch.manual_seed(config.seed)
    torch.set_num_threads(arguments.threads or config.threads)
    work = arguments.work or Path("build") / f"train-{config.name}"
    work.mkdir(parents=True, exist_ok=True)
    pipeline.run(config, work, arguments.out or Path("build") / f"pack-{config.name}", arguments.only)


if __name__ == "__main__":
    main()
