"""Pictures of the card, all painted by the pack's own graphs: expressions, made against rendered, a spoken sentence, the row of heads."""

from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw

from training.data.arkit import ARKIT_INDEX
from training.eval.likeness import on_grey
from training.eval.lip_sync import Sentences, loudness_db
from training.eval.session import Pack
from training.eval.trained import Trained
from training.stages.codec import LIPS, MOUTH

POSE = {"yaw": 52, "pitch": 53, "roll": 54}
EXPRESSIONS: dict[str, dict[str, float]] = {
    "rest": {},
    "mouth open": {"jawOpen": 0.6, "mouthLowerDownLeft": 0.2, "mouthLowerDownRight": 0.2},
    "smile": {"mouthSmileLeft": 0.8, "mouthSmileRight": 0.8, "cheekSquintLeft": 0.4, "cheekSquintRight": 0.4},
    "blink": {"eyeBlinkLeft": 1.0, "eyeBlinkRight": 1.0},
    "surprise": {"browInnerUp": 0.8, "browOuterUpLeft": 0.7, "browOuterUpRight": 0.7, "eyeWideLeft": 0.7, "eyeWideRight": 0.7, "jawOpen": 0.3},
    "look left": {"eyeLookOutLeft": 0.7, "eyeLookInRight": 0.7},
    "turned +": {"yaw": 0.35},
    "turned -": {"yaw": -0.35},
}


def motion_of(values: dict[str, float]) -> np.ndarray:
    motion = np.zeros(58, np.float32)
    for name, value in values.items():
        motion[POSE.get(name, ARKIT_INDEX.get(name, -1))] = value
    return motion


def save(picture: Image.Image, path: Path) -> None:
    """PNG with a palette: small enough for a repository."""
    path.parent.mkdir(parents=True, exist_ok=True)
    picture.convert("RGB").quantize(192, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.FLOYDSTEINBERG).save(path, optimize=True)


def label(sheet: Image.Image, x: int, y: int, text: str) -> None:
    ImageDraw.Draw(sheet).text((x + 4, y + 3), text, fill=(40, 40, 46))


def expressions(pack: Pack, trained: Trained, path: Path, cell: int = 150) -> None:
    """One row an avatar: its reference, then the presets through embedder and decoder."""
    columns = ["reference", *EXPRESSIONS]
    sheet = Image.new("RGB", (cell * len(columns), (cell + 16) * len(pack.avatars)), (236, 236, 238))
    tokens = trained.tokens(np.stack([motion_of(values) for values in EXPRESSIONS.values()]))
    for row, name in enumerate(pack.avatars):
        reference = np.array(Image.open(pack.folder / pack.avatars[name]["reference"]["file"]).convert("RGBA"))
        pictures = [reference, *pack.decode(name, tokens)]
        for column, (text, picture) in enumerate(zip(columns, pictures)):
            x, y = column * cell, row * (cell + 16)
            sheet.paste(Image.fromarray(on_grey(picture, 236)).resize((cell, cell), Image.LANCZOS), (x, y + 16))
            label(sheet, x, y, f"{name}: {text}" if column == 0 else text)
    save(sheet, path)


def against_truth(pack: Pack, trained: Trained, path: Path, each: int = 1, cell: int = 200) -> None:
    """Held-out renders beside what the decoder makes of their exact motion, with the mouth enlarged."""
    pictures = trained.pictures("paint")
    pick = pictures.held_out().numpy()
    rows = []
    for owner, name in enumerate(pack.avatars):
        mine = pick[pictures.head.numpy()[pick] == owner]
        open_most = mine[np.argsort(-pictures.motion.numpy()[mine, ARKIT_INDEX["jawOpen"]])]
        rows += [(name, int(open_most[len(open_most) * (k + 1) // 8])) for k in range(each)]
    sheet = Image.new("RGB", (cell * 4, (cell + 16) * len(rows)), (236, 236, 238))
    for k, (name, i) in enumerate(rows):
        true, made = np.asarray(pictures.rgba[i]), pack.decode(name, trained.tokens(pictures.motion[i : i + 1].numpy()))[0]
        parts = np.asarray(pictures.parts[i])
        y, x = np.where((parts >= LIPS) & (parts <= MOUTH))
        cy, cx = (int(y.mean()), int(x.mean())) if len(y) else (170, 128)
        box = (max(0, cx - 36), max(0, cy - 36), max(0, cx - 36) + 72, max(0, cy - 36) + 72)
        for column, (text, picture) in enumerate((("rendered", true), ("made", made), ("rendered", true), ("made", made))):
            tile = Image.fromarray(on_grey(picture, 236))
            tile = (tile.crop(box) if column > 1 else tile).resize((cell, cell), Image.LANCZOS)
            sheet.paste(tile, (column * cell, k * (cell + 16) + 16))
            label(sheet, column * cell, k * (cell + 16), f"{name}: {text}" if column < 2 else f"mouth, {text}")
    save(sheet, path)


def spoken(pack: Pack, sentences: Sentences, index: int, path: Path, count: int = 12) -> None:
    """Frames of one generated sentence over its spectrogram and the curve of the mouth."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    opening, pcm = sentences.opening(index), sentences.pcm[index]
    first, last = 12, min(len(opening), 12 + 75)  # three seconds
    pick = np.linspace(first, last - 1, count).round().astype(int)
    name = pack.manifest["defaultAvatar"]
    frames = pack.decode(name, sentences.made.tokens[index][pick])
    figure = plt.figure(figsize=(12, 3.9), dpi=90)
    grid = figure.add_gridspec(3, count, height_ratios=(1.7, 1, 1), hspace=0.12, wspace=0.03, left=0.06, right=0.99, top=0.99, bottom=0.11)
    for column, frame in enumerate(frames):
        axis = figure.add_subplot(grid[0, column])
        axis.imshow(on_grey(frame, 236)[56:212, 60:196])  # the face
        axis.axis("off")
    sound = figure.add_subplot(grid[1, :])
    sound.specgram(pcm[first * 640 : last * 640] + 1e-6, NFFT=400, noverlap=240, Fs=16000, cmap="magma", vmin=-110)
    sound.set(xticks=[], ylabel="Hz", ylim=(0, 6000), xlim=(0, (last - first) / 25))
    curve = figure.add_subplot(grid[2, :])
    time = (np.arange(first, last) - first) / 25
    curve.plot(time, opening[first:last], color="#b03060", label="mouth opening")
    level = loudness_db(pcm)[first:last]
    curve.plot(time[: len(level)], np.clip((level + 60) / 60, 0, 1) * max(0.3, opening.max()), color="#777", linewidth=0.9, label="loudness")
    for p in pick:
        curve.axvline((p - first) / 25, color="#ccc", linewidth=0.7)
    curve.set(xlim=(0, (last - first) / 25), xlabel="s")
    curve.legend(loc="upper right", fontsize=7, frameon=False)
    figure.canvas.draw()
    picture = Image.fromarray(np.asarray(figure.canvas.buffer_rgba())[..., :3].copy())
    plt.close(figure)
    save(picture, path)


def head_row(pack: Pack, trained: Trained, path: Path, size: tuple[int, int] = (1000, 320)) -> None:
    """All avatars side by side on a soft ground, each in mid conversation."""
    moods = (
        {"mouthSmileLeft": 0.5, "mouthSmileRight": 0.5, "cheekSquintLeft": 0.25, "cheekSquintRight": 0.25, "yaw": 0.12, "roll": 0.04},
        {"mouthSmileLeft": 0.6, "mouthSmileRight": 0.6, "cheekSquintLeft": 0.3, "cheekSquintRight": 0.3, "yaw": 0.08, "pitch": 0.03},
        {"mouthSmileLeft": 0.35, "mouthSmileRight": 0.25, "browInnerUp": 0.3, "browOuterUpLeft": 0.2, "browOuterUpRight": 0.2, "yaw": -0.08},
        {"browInnerUp": 0.25, "mouthSmileLeft": 0.3, "mouthSmileRight": 0.3, "yaw": -0.14, "roll": -0.05},
    )
    width, height = size
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    glow = np.exp(-(((x - width / 2) / (0.55 * width)) ** 2 + ((y - 0.45 * height) / (0.8 * height)) ** 2))[..., None]
    ground = (1 - glow) * np.array([196, 204, 216]) + glow * np.array([240, 242, 246])
    row = Image.fromarray(ground.astype(np.uint8)).convert("RGBA")
    side, step = height - 4, width / len(pack.avatars)
    feather = np.clip(np.minimum(np.arange(side), np.arange(side)[::-1]) / 40, 0, 1)  # shoulders fade into their neighbours
    for k, name in enumerate(pack.avatars):
        rgba = pack.decode(name, trained.tokens(motion_of(moods[k % len(moods)])[None]))[0]
        tile = Image.fromarray(rgba).resize((side, side), Image.LANCZOS)
        tile.putalpha(Image.fromarray((np.asarray(tile)[..., 3] * feather).astype(np.uint8)))
        row.alpha_composite(tile, (int(np.clip(step * (k + 0.5) - side / 2, 0, width - side)), height - side))
    path.parent.mkdir(parents=True, exist_ok=True)
    row.convert("RGB").save(path, optimize=True)
