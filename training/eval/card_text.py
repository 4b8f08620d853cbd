"""The words of the model card, from figures alone."""

import json
from collections.abc import Callable
from pathlib import Path

from training.model.config import Config

WHAT = {
    "geometry": "motion space, keypoints, blendshape head", "paint": "decoder and the avatars' appearances", "eyes": "motion encoder",
    "speech": "audio encoder", "talking": "generator, the avatar's own speech", "interactive": "perception, understanding, SDCM, LoRA on the generator",
    "distil": "few-step student on its own rollouts", "paint-light": "light decoder",
}  # fmt: skip
REACTION = ("rpcc", "sid", "var")
PAPER = {"w/o LPE": REACTION, "w/o HBCU": REACTION, "w/o LAU": REACTION, "w/o SDCM": ("mouth", "shut")}
"""What each part serves by the paper (Sec. 4.3, Table 1); its measures of lips by SyncNet are ours by the mesh."""
HIGHER = {"mouth", "shut", "var", "sid"}
METRICS = {"mse": "MSE", "fd": "FD", "var": "Var", "sid": "SID", "rpcc": "rPCC", "mouth": "mouth r", "shut": "lips shut"}
SHORT = "Short of the target"


class Table:
    """Rows of | figure | target | measured | remark |; knows which rows fall short."""

    def __init__(self, figures: dict[str, dict], limits: dict[str, str]):
        self.figures = figures
        self.limits = limits
        self.rows: list[str] = []

    def row(self, name: str, target: str, figure: str, show: Callable[[dict], tuple[str, bool | None, str]]) -> None:
        """`show` gives the measured text, whether it meets the target (None: no target), and a remark. A row that falls short ends in what limits it."""
        found = self.figures.get(figure, {"notMeasured": "this run did not reach it"})
        if "notMeasured" in found:
            self.rows.append(f"| {name} | {target} | not measured | {found['notMeasured']} |")
            return
        text, met, remark = show(found)
        verdict = "" if met is None else "Met. " if met else f"{SHORT}. "
        limit = f" {self.limits[name]}" if met is False and name in self.limits else ""
        self.rows.append(f"| {name} | {target} | {text} | {(verdict + remark + limit).strip()} |")


def number(value: float | None, digits: int = 2) -> str:
    return "none" if value is None or value != value else f"{value:.{digits}f}"


def percent(value: float | None) -> str:
    return "none" if value is None else f"{100 * value:.0f} %"


def targets(figures: dict[str, dict], limits: dict[str, str]) -> list[str]:
    t = Table(figures, limits)
    t.row("codec PSNR on head, mouth, eyes", ">= 30, 27, 27 dB", "codec", lambda f: (
        f"{f['headDb']:.1f}, {f['mouthDb']:.1f}, {f['eyesDb']:.1f} dB", f["headDb"] >= 30 and f["mouthDb"] >= 27 and f["eyesDb"] >= 27,
        f"{f['pictures']} renders that training never saw, of the avatars that ship; a new identity has to be fitted first, so none is held out."))
    t.row("codec alpha IoU", ">= 0.98", "codec", lambda f: (number(f["alphaIou"], 3), f["alphaIou"] >= 0.98, "Same pictures."))
    t.row("motion of A decoded with B, error of the 52 coefficients", "<= 0.06", "crossIdentity", lambda f: (
        number(f["mae"], 3), f["mae"] <= 0.06 and f["mae"] < 0.8 * f["maeOfNeutral"], ("" if f["mae"] < 0.8 * f["maeOfNeutral"] else "Under the number asked for, but no better than a face at rest: "
        "the motion encoder reads too little so far for the figure to mean anything. ") + f"A: heads that the motion encoder never saw ({f['pictures']} pictures); read off B with the same encoder. Reading A itself errs by "
        f"{f['maeReadOffA']:.3f}, exact tokens on B by {f['maeExactTokensOnB']:.3f}, a face at rest by {f['maeOfNeutral']:.3f}."))
    t.row("generated and true mouth opening, held-out voices, r", ">= 0.85", "lipsAllTalks", lambda f: (
        number(f["openingCorrelation"]), (f["openingCorrelation"] or 0) >= 0.85, f"{f['talks']} talks, frames in which the avatar speaks."))
    t.row("closed lips on p b m, within 1 frame", ">= 0.9", "lipsAllTalks", lambda f: (
        number(f["shutShare"]), f["shutShare"] >= 0.9, f"{f['closures']} closures; shut is an opening under {f['shutThreshold']} (truth {f['shutShareOfTruth']:.2f}); where the truth is wide open, "
        f"{percent(f['shutWhereOpen'])} of spans are shut too."))
    t.row("the same on recorded voices", ">= 0.9", "recorded", lambda f: (
        ", ".join(f"{name} {number(v['shut'])}" for name, v in f.items()), all(v["shut"] >= 0.9 for v in f.values()),
        " ".join(f"{name}: {v['clips']} sentences, {v['closures']} closures, {number(v['nearlyShut'])} under 0.1, least opening there {number(v['leastInClosures'], 3)}, most in open vowels {number(v['mostInOpenVowels'])} (medians)."
                 for name, v in f.items()) + " Phones by forced alignment, good to about 20 ms."))
    t.row("mean absolute error of the 52 coefficients", "<= 0.05", "lipsAllTalks", lambda f: (
        number(f["coefficientMae"], 3), f["coefficientMae"] <= 0.05 and f["coefficientMae"] < f["coefficientMaeOfStillFace"], f"A face at rest would err by {f['coefficientMaeOfStillFace']:.3f}, for most coefficients rest most of the time; what the avatar does of its own accord (gaze, blinks, nods) need not match the truth."))
    t.row("blendshapes against what is read off the pixels, r: jawOpen, smile, blink", ">= 0.8 each", "consistency", lambda f: (
        f"{number(f['jawOpen'])}, {number(f['smile'])}, {number(f['blink'])}", min(f["jawOpen"], f["smile"], f["blink"]) >= 0.8,
        f"{f['frames']} generated frames of all avatars, {f['noFace']} without a face found; the reader is an outside tracker, dlib's landmarks: gap of the lips, width of the mouth, height of the eyes."
        + (" On the mesh itself, rendered with the same coefficients, it gives " + ", ".join(number(v) for v in f["mesh"].values()) + ": what the reader cannot see there, no picture can show it." if "mesh" in f else "")
        + (" Our own motion encoder gives " + ", ".join(number(v) for v in f["ownEncoder"].values()) + "." if "ownEncoder" in f else "")))
    t.row("CSIM of generated frames to the reference", ">= 0.85", "likeness", lambda f: (
        number(f["csim"], 3), f["csim"] >= 0.85, f"{f['network']}: this network puts rendered heads close together, with the other avatars' references the cosine is {number(f['csimOthers'], 3)} too, so read it with its own test of one person "
        f"(distance under 0.6): {percent(f['samePerson'])} of frames pass for the right avatar, {percent(f['samePersonOthers'])} of pairs for a wrong one. {f['noFace']} of {f['frames']} frames without a face found."))
    t.row("a smile is answered in 0.2 to 1.2 s; rises without one", ">= 60 %; < 10 %", "smiles", lambda f: (
        f"{percent(f['answered'])}; {percent(f['falseRate'])}", (f["answered"] or 0) >= 0.6 and (f["falseRate"] or 0) < 0.1,
        f"{f['smiles']} smiles, {f['spans']} spans without; the truth of the same clips: {percent(f['truthAnswered'])}; {percent(f['truthFalseRate'])}."))
    t.row("sadness two minutes ago, neutral now: browInnerUp after it against without, `hbcu` on", "visible", "concern", lambda f: (
        f"{f['onAfterSadness']:.3f} against {f['onWithout']:.3f}; off {f['offAfterSadness']:.3f} against {f['offWithout']:.3f}", f["onAfterSadness"] - f["onWithout"] >= 0.02,
        f"The same present after swapped pasts; met means a difference of 0.02 or more. Simulated truth: {number(f['truthAfterSadness'], 3)} against {number(f['truthWithout'], 3)}."))
    t.row("drift, minute 10 against second 10: colour, sharpness", "within 2 %", "drift", lambda f: (
        f"{f['colourPercent']:.1f} %, {f['sharpnessPercent']:+.1f} %", f["colourPercent"] <= 2 and abs(f["sharpnessPercent"]) <= 2,
        f"{f['sessions']} sessions of {f['minutes']:g} minutes of listening, {f['pictures']} frames of 20 s of each end, in which the user does the same; sharpness by session {', '.join(f'{v:+.1f}' for v in f['sharpnessBySession'])} %; spread of the tokens {f['tokenStdPercent']:+.1f} %, their mean {f['tokenMean'][0]:.3f} and {f['tokenMean'][1]:.3f}"
        + (f", CSIM {f['csim'][0]:.3f} and {f['csim'][1]:.3f}." if "csim" in f else ". What the face happens to do in both spans is part of the difference.")))
    t.row("lip synchrony on recorded speech (LJSpeech), r of opening and loudness", "none set", "lipSync", lambda f: (
        f"{f['lag0']:.2f} at lag 0; {f['bestLag']:.2f} at the best lag", None, f"{f['clips']} clips, a voice and a microphone that no training saw; best lag {f['lagFrames']:+.0f} frames (median, sought within 4; "
        f"+ is sound after mouth). With another clip's loudness: {f['shuffledLag0']:.2f} and {f['shuffledBestLag']:.2f}."))
    t.row("GFLOP for a second of video", "<= 60", "cost", lambda f: (number(f["gflopTotal"], 1), f["gflopTotal"] <= 60, f"{f['samplerSteps']} sampler steps; counted from the graphs, by stage below."))
    t.row("size of the pack", "<= 40 MB", "cost", lambda f: (f"{f['megabytes']:.1f} MB", f["megabytes"] <= 40, f"{f['megabytesGolden']:.1f} MB of it are golden tensors for the tests."))
    return ["| figure | target | measured | remark |", "| --- | --- | --- | --- |", *t.rows]


def metric_rows(found: dict) -> tuple[list[str], list[str]]:
    """Head and rows of a table of motion metrics."""
    keys = ("mse", "fd", "var", "sid", "rpcc", "mouth", "shut")
    head = ["| setting | MSE | FD | Var | SID, k 15 | rPCC | mouth r | lips shut |", "| --- | --- | --- | --- | --- | --- | --- | --- |"]
    rows = [f"| {name} | " + " | ".join(f"{row[key]:.4f}" if key in ("mse", "var") else number(row[key], 3) for key in keys) + " |"
            for name, row in found.items() if isinstance(row, dict)]  # fmt: skip
    return head, rows


def step_rows(found: dict) -> list[str]:
    if "notMeasured" in found:
        return [f"Not measured: {found['notMeasured']}."]
    head, rows = metric_rows(found)
    return ["The student that ships and the teacher that it was distilled from, on the same talks.", "", *head, *rows]


def stage_two_rows(found: dict) -> list[str]:
    if "notMeasured" in found:
        return [f"Not measured: {found['notMeasured']}."]
    head, rows = metric_rows(found)
    settings = [row for row in found.values() if isinstance(row, dict)]
    head = [head[0] + " smiles answered | rises without |", head[1] + " --- | --- |"]
    rows = [f"{row} {percent(setting['answered'])} | {percent(setting['risesWithout'])} |" for row, setting in zip(rows, settings)]
    note = (f"Stage 2 trained from the same stage 1 for the same time, but for what is named, before distillation; {found['clips']} held-out talks of {found['seconds']:.0f} s, {found['smiles']} smiles, {found['spans']} spans without. "
            "What is left out here was never there in training, where the ablations below switch it off in the pack that ships.")  # fmt: skip
    return [note, "", *head, *rows, "", *differing(found)]


def told_apart(row: dict, base: dict) -> dict[str, str]:
    """By name of the metric: "0.0638 against 0.0519 (+0.0021 to +0.0223)", where the 95 % interval of the difference leaves zero out."""
    intervals = {key: row[f"{key}Interval"] for key in METRICS if f"{key}Interval" in row}
    return {key: f"{METRICS[key]} {row[key]:.4f} against {base[key]:.4f} ({low:+.4f} to {high:+.4f})" for key, (low, high) in intervals.items() if low is not None and low * high > 0}


def settings_of(found: dict) -> tuple[dict, dict[str, dict]]:
    """The first setting of a table, and the others by name."""
    base, *others = (name for name, row in found.items() if isinstance(row, dict) and name != "truth")
    return found[base], {name: found[name] for name in others}


def differing(found: dict) -> list[str]:
    """What tells each setting from the first one."""
    base, others = settings_of(found)
    lines = ["Told apart from the first row, with the 95 % interval of the difference:", ""]
    return lines + [f"- {name}: {', '.join(told_apart(row, base).values()) or 'no figure'}." for name, row in others.items()]


def ablation_rows(found: dict, limits: dict[str, str]) -> list[str]:
    if "notMeasured" in found:
        return [f"Not measured: {found['notMeasured']}."]
    head, rows = metric_rows(found)
    note = (f"{found['talks']} held-out talks, whole, in {found['clips']} stretches of {found['seconds']:.0f} s with the history before each; 52 coefficients with 6 pose numbers (ARKit, not comparable with tables on FLAME). "
            "Lower is better for MSE, FD and rPCC, higher for the others (Var and SID up to the truth's). Intervals: 95 %, talks drawn with replacement with all their stretches, 2000 times.")  # fmt: skip
    base, others = settings_of(found)
    return [note, "", *head, *rows, "", "Told apart from full, with the interval of the difference:", "", *(verdict(name, row, base, limits.get(name)) for name, row in others.items())]


def verdict(name: str, row: dict, base: dict, why: str | None) -> str:
    """Where a switch loses and gains, and what of it the paper names; `why`, where that is not all of it."""
    told = told_apart(row, base)
    loses = {key for key in told if (row[key] > base[key]) != (key in HIGHER)}
    parts = [f"{word} in {', '.join(told[key] for key in METRICS if key in keys)}" for word, keys in (("worse", loses), ("better", told.keys() - loses)) if keys]
    named = PAPER[name]
    kept = ", ".join(METRICS[key] for key in named if key in loses) or "none of them"
    reason = f" {why}" if why and not loses.issuperset(named) else ""
    return f"- {name}: {'; '.join(parts) or 'no figure'}. The paper names {', '.join(METRICS[key] for key in named)}: lost here {kept}.{reason}"


def language_rows(found: dict) -> list[str]:
    if "notMeasured" in found:
        return [f"Not measured: {found['notMeasured']}."]
    rows = [f"| {name} | {row['lag0']:.2f} | {row['lagFrames']:+.0f} | {row['shut']:.2f} ({row['closures']}) |" for name, row in found.items() if isinstance(row, dict)]
    return [
        "Three sentences each by espeak-ng, trained on English alone: correlation of mouth opening and loudness, the lag at which it is best, and lips that meet in p b m (by espeak-ng's events, "
        f"within one frame). With another sentence's loudness the correlation is {found['shuffledLag0']:.2f}.", "",
        "| language | r at lag 0 | best lag, frames | lips shut on p b m (of) |", "| --- | --- | --- | --- |", *rows,
    ]  # fmt: skip


BEHAVIOUR = {
    "blinksPerMinute": "blinks a minute", "gazeAtListening": "looks at the user, listening", "gazeAtSpeaking": "looks at the user, speaking",
    "nodHzListening": "mean frequency of head pitch, Hz", "nodShareSlow": "its energy under 1.8 Hz", "nodShareOrdinary": "1.8 to 3.7 Hz",
    "nodShareRapid": "over 3.7 Hz", "smileLagMedianS": "lag of smiles, median, s", "smileLagUnder200Ms": "smiles within 0.2 s",
    "headTremblesDeg": "head trembles, degrees a frame", "faceTrembles": "coefficients tremble a frame, thousandths",
}  # fmt: skip


def behaviour_rows(found: dict) -> list[str]:
    if "notMeasured" in found:
        return [f"Not measured: {found['notMeasured']}."]
    made, truth, published = found["made"], found["truth"], found["published"]
    rows = [f"| {label} | {number(made[key])} | {number(truth[key])} | {published[key]} |" for key, label in BEHAVIOUR.items()]
    note = (f"{found['minutes']:.1f} minutes of held-out talks; the same readers on the simulated truth of the same clips, and the published figures that the simulator follows "
            f"(sources: `training/data/conversation/statistics.py`). Looking at the user is an angle under {found['gazeLimitDeg']:.1f} degrees, which tells {percent(found['gazeReaderRight'])} of the truth's frames right.")  # fmt: skip
    return [note, "", "| figure | generated | simulated truth | published |", "| --- | --- | --- | --- |", *rows]


def control_rows(found: dict) -> list[str]:
    if "notMeasured" in found:
        return [f"Not measured: {found['notMeasured']}."]
    calm, lively = found["expressivity"]["calm"], found["expressivity"]["lively"]
    rows = [f"| {name} | {row['cosine']:.2f} | {row['rank']} | {row['leading']} {row['moved']:+.2f} | {row['wanted']:.2f} |" for name, row in found["emotions"].items()]
    return [
        f"\"very <word>\" as the written affect of a silent listening head, against \"neutral\". Obeyed: {found['obeyed']} of {found['of']} (cosine with the signature of at least 0.5, and the leading "
        f"coefficient moved by at least 0.3 of what is asked); for {found['firstOfAll']} of them no other signature fits better.", "",
        "| word | cosine | place among all words | leading coefficient | asked |", "| --- | --- | --- | --- | --- |", *rows, "",
        f"Expressivity 0 moves the face by {calm['movement']:.4f} (mean standard deviation of the coefficients) with {calm['blinksPerMinute']:.0f} blinks a minute, expressivity 1 by {lively['movement']:.4f} "
        f"with {lively['blinksPerMinute']:.0f}. The head turns by {lively['turnMostRad']:.2f} rad and shifts by {lively['shiftMost']:.2f} head heights at most.",
    ]  # fmt: skip


def training_rows(found: dict) -> list[str]:
    rows = ["| stage | what it trains | steps | minutes | last figures |", "| --- | --- | --- | --- | --- |"]
    for name, run in found["stages"].items():
        shown = {k: v for k, v in run["figures"].items() if isinstance(v, (int, float)) and k not in ("step", "steps", "minutes", "stepsPerSecond")}
        state = "" if run["done"] else " (unfinished)"
        rows.append(f"| {name}{state} | {WHAT.get(name, '')} | {run['steps']} | {run['minutes']:.1f} | " + ", ".join(f"{k} {v:.3g}" for k, v in shown.items()) + " |")
    return rows


def cost_rows(found: dict) -> list[str]:
    if "notMeasured" in found:
        return [f"Not measured: {found['notMeasured']}."]
    return ["| stage | GFLOP for a second of video |", "| --- | --- |", *(f"| {name} | {value:.2f} |" for name, value in found["gflopPerSecond"].items())]


PICTURES = {
    "expressions.png": "Presets through embedder and decoder; the first column is the reference picture.",
    "made-against-rendered.png": "Held-out renders and what the decoder makes of the same motion; mouths enlarged.",
    "spoken.png": "A recorded LJSpeech sentence: generated frames, spectrogram, mouth opening and loudness.",
}


def history_of(name: str) -> list[str]:
    """How the runs of this config really went, kept by hand beside it; counters do not tell of restarts."""
    path = Path(__file__).parents[1] / f"configs/{name}.history.md"
    return ["### How the run went", "", path.read_text().rstrip(), ""] if path.exists() else []


def limits_of(name: str) -> dict[str, str]:
    """Row of the table, or ablation -> what limits the figure and what would lift it, kept by hand."""
    path = Path(__file__).parents[1] / f"configs/limits/{name}.json"
    return json.loads(path.read_text()) if path.exists() else {}


def card_text(manifest: dict, config: Config, figures: dict[str, dict], pictures: list[str]) -> str:
    """The whole card as Markdown; `pictures` are the files of its folder that it shows, PNG and WebM."""
    log = figures.get("training", {"stages": {}, "parity": {}, "machine": "an unknown processor"})
    if "stages" not in log:
        log = {"stages": {}, "parity": {}, "machine": "an unknown processor"}
    minutes = sum(run["minutes"] for run in log["stages"].values())
    limits = limits_of(config.name)
    rows = targets(figures, limits)
    short = sum(SHORT in row for row in rows)
    met = sum("| Met." in row for row in rows)
    missing = sum("| not measured |" in row for row in rows)
    provenance = manifest["provenance"]
    lines = [
        f"# {manifest['name']} {manifest['version']}", "",
        f"Every figure below was measured on the exported graphs, run block by block as `docs/pack.md` says. Figures with a target: {met} met, {short} short of it, {missing} not measured.", "",
        "![expressions](card/expressions.png)" if "expressions.png" in pictures else "", "",
        "## What it is", "",
        f"Heads of {manifest['resolution']['width']} x {manifest['resolution']['height']} RGBA at {manifest['clock']['fps']} frames a second, 52 ARKit coefficients and a head pose, from what the avatar says and what it hears and sees of the user. "
        f"Avatars: {', '.join(manifest['avatars'])}. They are rendered parametric heads and nobody's likeness.", "",
        "## What it was trained on", "",
        *[f"- {item}" for item in provenance["data"]], "",
        f"Config `{config.name}` (`training/configs/{config.name}.json`), {minutes:.0f} minutes of training in all, sharing {log['machine']} with other work. No picture of a person and no recorded voice was trained on.", "",
        *training_rows(log), "",
        *history_of(config.name),
        "## Figures", "", *rows, "",
        "## Other languages", "", *language_rows(figures.get("languages", {"notMeasured": "this run did not reach it"})), "",
        "## Behaviour", "", *behaviour_rows(figures.get("behaviour", {"notMeasured": "this run did not reach it"})), "",
        "## Controls", "", *control_rows(figures.get("controls", {"notMeasured": "this run did not reach it"})), "",
        "## Few steps", "", *step_rows(figures.get("fewSteps", {"notMeasured": "this run did not reach it"})), "",
        "## Stage 2", "", *stage_two_rows(figures.get("stageTwo", {"notMeasured": "this run did not reach it"})), "",
        "## Ablations", "", *ablation_rows(figures.get("ablations", {"notMeasured": "this run did not reach it"}), limits), "",
        "## Cost", "", *cost_rows(figures.get("cost", {"notMeasured": "this run did not reach it"})), "",
    ]  # fmt: skip
    if log["parity"]:
        worst = max(log["parity"], key=log["parity"].get)
        lines += [f"Largest difference of ONNX from PyTorch on the golden inputs: {max(log['parity'].values()):.2g} ({worst}); pictures in mean steps of 1/255.", ""]
    lines += ["## Pictures", ""]
    clips = [name for name in pictures if name.endswith(".webm")]
    if clips:
        links = ", ".join(f"[{name.removeprefix('clip-').removesuffix('.webm')}](card/{name})" for name in clips)
        lines += [f"Ten seconds of the sample conversation, with sound and alpha (`tools/card-clips.mjs`): {links}.", ""]
    for name in sorted(set(pictures) - set(clips)):
        lines += [f"![{name.removesuffix('.png')}](card/{name})", "", PICTURES.get(name, ""), ""]
    lines += [
        "## Limits", "",
        "- It looks like a good game avatar, not like a photograph.",
        "- Where mouth or eyes fall short above, look at `card/expressions.png`: small and quick parts are the weakest spot of the decoder: irises, lashes, the teeth of `mei`.",
        "- How it moves comes from rules with published statistics and from simulated talks; no real conversation was seen. It has the manners of those rules.",
        "- A listening head turns about a third as far as the simulated truth's (`docs/paper.md`, table 3); `docs/decisions/0018` says why, and what lifts it.",
        "- Voices in training were synthesised, in English; lips on recorded ones are a row above, and beside other libraries in `docs/benchmarks.md`.",
        "- Turning beyond about 30 degrees, strong emotions at full strength and the tongue are rare in the data and look weaker.",
        "- A new face needs a new avatar: its appearance is fitted from renders, not from one photograph.", "",
        "## Licence", "", f"{manifest['licence']}. The mesh and skins are MakeHuman's (CC0).", "",
    ]  # fmt: skip
    return "\n".join(lines)
