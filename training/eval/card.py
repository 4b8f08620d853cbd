"""Measures a pack and writes its card: `python -m training.eval.card --pack models/echo-nano --work build/train-cpu --config training/configs/cpu.json --out models/echo-nano/CARD.md`.

Figures go to `<pack>/card/figures.json`, pictures beside it. A figure that fails is written as not measured, with the reason.
"""

import argparse
import json
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image

from training.eval import ablations, cost, sheets
from training.eval.behaviour import behaviour
from training.eval.card_text import card_text
from training.eval.codec_quality import codec_quality
from training.eval.consistency import consistency
from training.eval.controls import controls
from training.eval.cross_identity import cross_identity
from training.eval.drift import drift
from training.eval.languages import languages
from training.eval.likeness import likeness
from training.eval.lip_sync import Sentences, lip_sync, speak
from training.eval.lips import lips
from training.eval.reactions import lasting_concern, smile_answers
from training.eval.recorded import aligned_sets, recorded
from training.eval.rollouts import SPAN, Clip, Played, choose_clips, histories, lane_of, play, whole_talks
from training.eval.session import SWITCHES, Made, Pack, roll_out
from training.eval.stage_two import Setting, stage_two
from training.eval.trained import NotMeasured, Trained
from training.model.config import load_config


class Figures:
    """What was measured so far, kept on disk after every figure."""

    def __init__(self, path: Path, only: list[str] | None):
        self.path = path
        self.only = only
        self.values: dict[str, dict] = json.loads(path.read_text()) if path.exists() else {}
        self.started = time.time()

    def wants(self, *names: str) -> bool:
        return self.only is None or any(name in self.only for name in names)

    def measure(self, name: str, work: Callable[[], dict | None]) -> None:
        """Runs `work` and keeps its figures. What cannot be measured is kept as {"notMeasured": reason}."""
        if not self.wants(name):
            return
        begun = time.time()
        try:
            found = work()
            self.values[name] = finite(found) if found is not None else {"notMeasured": "the held-out talks have no such stretch"}
        except NotMeasured as reason:
            self.values[name] = {"notMeasured": str(reason)}
        except Exception as error:  # one figure must not take the others with it
            traceback.print_exc()
            self.values[name] = {"notMeasured": f"the measurement failed: {type(error).__name__}"}
        print(f"{name}: {json.dumps(self.values[name])[:400]} ({time.time() - begun:.0f} s, {(time.time() - self.started) / 60:.1f} min in all)", flush=True)
        self.path.parent.mkdir(parents=True, exist_ok=True)
        self.path.write_text(json.dumps(self.values, indent=1) + "\n")


def finite(value):
    """NaN becomes None, all the way down: JSON has no NaN."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [finite(item) for item in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def affordable(pack: Pack, clips: list[Clip], arguments: argparse.Namespace) -> float:
    """Share in 0.4..1 of the asked seconds that fits into --minutes on this machine, from a short trial."""
    lanes = [lane_of(clip, 0) for clip in clips]
    roll_out(pack, lanes, 2)
    begun = time.time()
    roll_out(pack, lanes, 6)
    each = (time.time() - begun) / (6 * len(lanes))
    whole = sum(clip.talk.frames for clip in clips) / 25 * (1 + len(SWITCHES))
    fixed = each * 6.25 * (36 * 12 + 3 * 60 * arguments.drift_minutes + whole)
    asked = each * 6.25 * len(clips) * (arguments.seconds + arguments.ablation_seconds)
    share = float(np.clip((60 * arguments.minutes - fixed) / asked, 0.4, 1.0))
    print(f"{1000 * each:.1f} ms a block and session; {100 * share:.0f} % of the asked seconds", flush=True)
    return share


def shorter(clips: list[Clip], frames: int) -> list[Clip]:
    return [Clip(c.talk, c.first, min(frames, c.frames), c.history) for c in clips]


def references(pack: Pack) -> dict[str, np.ndarray]:
    return {name: np.array(Image.open(pack.folder / entry["reference"]["file"]).convert("RGBA")) for name, entry in pack.avatars.items()}


def measure(pack: Pack, trained: Trained, arguments: argparse.Namespace, figures: Figures, sound: list[Sentences]) -> None:
    """All figures; the longest last."""
    figures.measure("training", lambda: cost.training_log(trained.work) | {"machine": cost.machine()})
    figures.measure("cost", lambda: cost.cost(pack))
    figures.measure("codec", lambda: codec_quality(pack, trained))
    figures.measure("crossIdentity", lambda: cross_identity(pack, trained))

    def voices() -> dict:
        if arguments.speech_eval is None:
            raise NotMeasured("no folder of recorded speech was given (--speech-eval)")
        sound.append(speak(pack, arguments.speech_eval, arguments.sentences))
        return lip_sync(sound[0])

    figures.measure("lipSync", voices)

    def recordings() -> dict:
        if not arguments.recorded:
            raise NotMeasured("no aligned recordings were given (--recorded)")
        return recorded(pack, aligned_sets(arguments.recorded))

    figures.measure("recorded", recordings)
    figures.measure("languages", lambda: languages(pack))
    if not figures.wants("lips", "lipsAllTalks", "smiles", "behaviour", "controls", "consistency", "likeness", "concern", "fewSteps", "stageTwo", "ablations", "drift"):
        return
    talks = trained.held_out_talks(arguments.talks)
    entries = histories(pack, talks)
    clips = choose_clips(talks, entries, arguments.seconds * 25 // 4 * 4)
    share = affordable(pack, clips, arguments)
    clips = shorter(clips, int(share * arguments.seconds * 25) // 4 * 4)
    full = play(pack, clips)
    figures.measure("lips", lambda: lips(Played(clips[:4], full.made)))
    figures.measure("lipsAllTalks", lambda: lips(full))
    figures.measure("smiles", lambda: smile_answers(full))
    figures.measure("behaviour", lambda: behaviour(full))
    figures.measure("controls", lambda: controls(pack))
    figures.measure("consistency", lambda: consistency(pack, trained, Played(clips[:4], full.made)))
    avatars = list(pack.avatars)
    spread = np.linspace(50, full.made.tokens.shape[1] - 1, 15).astype(int)
    figures.measure("likeness", lambda: likeness({avatars[i % len(avatars)]: pack.decode(avatars[i % len(avatars)], full.made.tokens[i][spread]) for i in range(min(4, len(clips)))}, references(pack)))
    figures.measure("concern", lambda: lasting_concern(pack, talks, entries))
    frames = min(clips[0].frames, int(share * arguments.ablation_seconds * 25) // 4 * 4)
    few = shorter(clips, frames)

    def few_steps() -> dict:
        if arguments.teacher is None:
            raise NotMeasured("no pack of the many-step teacher was given (--teacher)")
        teacher = Pack(arguments.teacher, arguments.threads)
        student = Played(few, Made(*(track[:, :frames] for track in (full.made.blendshapes, full.made.pose, full.made.tokens))))
        steps = {len(pack.manifest["sampler"]["times"]): student, len(teacher.manifest["sampler"]["times"]): play(teacher, few)}
        return ablations.table({f"{count} steps": played for count, played in steps.items()}) | {"clips": len(few), "seconds": frames / 25}

    figures.measure("fewSteps", few_steps)

    def without() -> dict:
        if not arguments.stage_two:
            raise NotMeasured("no packs of stage 2 were given (--stage-two)")
        return stage_two(dict(map(Setting.read, arguments.stage_two)), clips, frames, arguments.threads)

    figures.measure("stageTwo", without)

    def ablate() -> dict:
        everything = whole_talks(talks, entries, arguments.ablation_seconds * 25 // SPAN * SPAN)
        switches = {"full": {}} | {f"w/o {switch.upper()}": {switch: 0.0} for switch in SWITCHES}
        settings = {name: play(pack, everything, **off) for name, off in switches.items()}
        return ablations.table(settings) | {"talks": len(talks), "clips": len(everything), "seconds": everything[0].frames / 25}

    figures.measure("ablations", ablate)

    def listen() -> dict:
        found, pictures = drift(pack, talks, arguments.drift_minutes)
        try:
            anchors = {"ada": references(pack)[pack.manifest["defaultAvatar"]]}
            found["csim"] = [likeness({"ada": pictures[key]}, anchors)["csim"] for key in ("early", "late")]
        except NotMeasured:
            pass
        return found

    figures.measure("drift", listen)


def pictures(pack: Pack, trained: Trained, folder: Path, banner: Path | None, sentences: Sentences | None) -> None:
    sheets.expressions(pack, trained, folder / "expressions.png")
    sheets.against_truth(pack, trained, folder / "made-against-rendered.png")
    if sentences:
        sheets.spoken(pack, sentences, 0, folder / "spoken.png")
    if banner:
        sheets.head_row(pack, trained, banner)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pack", type=Path, required=True)
    parser.add_argument("--work", type=Path, required=True, help="checkpoints that the pack was exported from")
    parser.add_argument("--config", type=Path, required=True)
    parser.add_argument("--out", type=Path, required=True, help="where the card goes")
    parser.add_argument("--speech-eval", type=Path, help="folder of recorded speech (flac or wav) for the lip-synchrony figure")
    parser.add_argument("--teacher", type=Path, help="pack of the same behaviour before distillation, for the student's figures against it")
    parser.add_argument("--stage-two", nargs="*", default=[], metavar="NAME=PACK[=SWITCH]", help="packs of stage 2 that were trained alike but for one thing, the whole one first, and a switch that was off in its training")
    parser.add_argument("--banner", type=Path, default=Path("docs/images/head.png"), help="row of the avatars for the README")
    parser.add_argument("--figures-only", action="store_true", help="no pictures")
    parser.add_argument("--pictures-only", action="store_true", help="pictures and text from the figures measured before")
    parser.add_argument("--only", nargs="*", help="measure just these figures again (names as in figures.json)")
    parser.add_argument("--talks", type=int, default=8, help="held-out talks")
    parser.add_argument("--seconds", type=int, default=60, help="seconds of each talk")
    parser.add_argument("--ablation-seconds", type=int, default=30, help="the talks' stretches for the ablations; of each talk as much goes through the teacher")
    parser.add_argument("--recorded", nargs="*", default=[], metavar="NAME=FOLDER=PHONES.json", help="recordings with phones from bench/peers/align.py")
    parser.add_argument("--sentences", type=int, default=32)
    parser.add_argument("--drift-minutes", type=float, default=10.0)
    parser.add_argument("--minutes", type=float, default=5.0, help="time for the talks and rollouts; the clips of all but the ablations are shortened to fit, to 40 %% at least")
    parser.add_argument("--threads", type=int, default=2)
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    pack = Pack(arguments.pack, arguments.threads)
    config = load_config(arguments.config)
    trained = Trained.load(config, arguments.work)
    figures = Figures(arguments.pack / "card/figures.json", arguments.only)
    sound: list[Sentences] = []
    if not arguments.pictures_only:
        measure(pack, trained, arguments, figures, sound)
    if not arguments.figures_only:
        if not sound and arguments.speech_eval:
            sound.append(speak(pack, arguments.speech_eval, 1))
        pictures(pack, trained, arguments.pack / "card", arguments.banner, sound[0] if sound else None)
    shown = sorted(p.name for p in (arguments.pack / "card").iterdir() if p.suffix in (".png", ".webm"))
    arguments.out.write_text(card_text(pack.manifest, config, figures.values, shown))
    print(f"wrote {arguments.out}, {(time.time() - figures.started) / 60:.1f} min", flush=True)


if __name__ == "__main__":
    main()
