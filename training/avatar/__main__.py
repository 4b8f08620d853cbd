"""`python -m training.avatar create --glb head.glb --pack models/echo-nano --out DIR`: an avatar folder from a glTF or VRM head.

Exit codes: 0 done, 1 failed, 2 the file, the pack or the checkpoints cannot be used (the message names file and rule), 5 a Python package is absent.
"""

import argparse
import json
import signal
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXIT_FAILED, EXIT_INPUT, EXIT_PACKAGE = 1, 2, 5


def options_of(arguments: list[str]) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m training.avatar", description=__doc__)
    create = parser.add_subparsers(required=True).add_parser("create", help="make an avatar folder")
    create.add_argument("--glb", type=Path, required=True, help="the head: .glb, .vrm or .gltf with ARKit shapes")
    create.add_argument("--pack", type=Path, default=ROOT / "models/echo-nano", help="the pack whose behaviour will drive it")
    create.add_argument("--checkpoints", type=Path, default=ROOT / "training/checkpoints/cpu", help="what the pack was exported from")
    create.add_argument("--out", type=Path, required=True, help="the folder to write; an older one is replaced")
    create.add_argument("--minutes", type=float, default=4, help="computing time of one core")
    create.add_argument("--id", help="the avatar's id; default: from the file's name")
    create.add_argument("--name", help="the name that people see; default: the file's")
    create.add_argument("--licence", default="not stated", help="of the head")
    create.add_argument("--like", help="avatar of the pack whose way of moving it takes over; default: the pack's default one")
    create.add_argument("--keep-decoder", action="store_true", help="fit appearance and keypoints alone")
    create.add_argument("--threads", type=int, default=1)
    create.add_argument("--json", action="store_true", help="progress, notes and result as JSON lines")
    return parser.parse_args(arguments)


def refuse(as_json: bool, code: int, **error: str) -> int:
    """Tells what is wrong, on stdout for programs and on stderr for people."""
    if as_json:
        print(json.dumps({"error": error}), flush=True)
    else:
        print(f"training.avatar: {error.get('file', '')}{': ' if 'file' in error else ''}{error['rule']}", file=sys.stderr)
    return code


def main(arguments: list[str]) -> int:
    """Runs the command; returns the exit code."""
    options = options_of(arguments)
    try:
        import torch

        from training.avatar.create import CreateOptions, Progress, create, id_of
        from training.avatar.source import SourceError, open_source
        from training.data.heads.glb_reader import GlbError
    except ImportError as error:
        return refuse(options.json, EXIT_PACKAGE, rule=f"needs the packages of training/requirements.txt: {error}", package=error.name or "")
    if not 0.05 <= options.minutes <= 600:
        return refuse(options.json, EXIT_INPUT, file="--minutes", rule=f"must be 0.05 to 600, it is {options.minutes:g}")
    if options.out.exists() and (not options.out.is_dir() or any(options.out.iterdir()) and not (options.out / "avatar.json").exists()):
        return refuse(options.json, EXIT_INPUT, file=str(options.out), rule="must be a new folder, or that of an older avatar")
    torch.set_num_threads(options.threads)
    name = options.name or options.glb.stem
    wanted = CreateOptions(options.glb, options.out, options.minutes, id_of(options.id or options.glb.stem), name, options.licence, not options.keep_decoder)
    try:
        source = open_source(options.pack, options.checkpoints, options.like)
        figures = create(wanted, source, Progress(options.json))
    except (GlbError, SourceError) as error:
        return refuse(options.json, EXIT_INPUT, file=error.file, rule=error.rule)
    if options.json:
        print(json.dumps({"result": {"id": wanted.id, "folder": str(options.out), "figures": figures}}), flush=True)
    return 0


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))  # leaves through the files' clean-up
    sys.exit(main(sys.argv[1:]))
