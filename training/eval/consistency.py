"""The two outputs agree: blendshapes of generated frames against what readers make of the same frames' pixels.

Two readers: dlib's 68 landmarks, an outside tracker (the 300-W data behind it forbids commercial use; it measures here and ships nowhere),
and our own motion encoder. What a reader can tell at all is seen on the mesh itself, rendered with the very same coefficients.
"""

import importlib.util
from pathlib import Path

import numpy as np
from PIL import Image

from training.data.arkit import ARKIT_INDEX
from training.eval.likeness import on_grey
from training.eval.metrics import pearson
from training.eval.rollouts import Played
from training.eval.session import Pack
from training.eval.trained import NotMeasured, Trained

TRACKS = {"jawOpen": ("jawOpen",), "smile": ("mouthSmileLeft", "mouthSmileRight"), "blink": ("eyeBlinkLeft", "eyeBlinkRight")}


def landmark_readings(rgb: np.ndarray, detect, shape) -> tuple[float, float, float] | None:
    """(gap of the inner lips, width of the mouth, closedness of the eyes) in eye distances; None where no face is found."""
    large = np.array(Image.fromarray(rgb).resize((512, 512), Image.LANCZOS))
    faces = detect(large, 0)
    if not faces:
        return None
    found = shape(large, faces[0])
    p = np.array([(found.part(i).x, found.part(i).y) for i in range(68)], np.float64)
    span = lambda a, b: float(np.linalg.norm(p[a] - p[b]))  # noqa: E731
    eyes = np.linalg.norm(p[36:42].mean(0) - p[42:48].mean(0))
    gap = (span(61, 67) + span(62, 66) + span(63, 65)) / 3 / eyes
    lids = sum((span(o + 1, o + 5) + span(o + 2, o + 4)) / (2 * span(o, o + 3)) for o in (36, 42)) / 2
    return gap, span(48, 54) / eyes, -lids


def tracked(frames: list[np.ndarray]) -> np.ndarray:
    """Readings [F,3] of RGBA frames, NaN where no face is found. Raises NotMeasured without the packages."""
    try:
        import dlib

        folder = importlib.util.find_spec("face_recognition_models").submodule_search_locations[0]
        detect, shape = dlib.get_frontal_face_detector(), dlib.shape_predictor(f"{folder}/models/shape_predictor_68_face_landmarks.dat")
    except (ImportError, AttributeError, RuntimeError) as error:
        raise NotMeasured("no landmark tracker is installed (pip install dlib-bin face_recognition_models gives one)") from error
    readings = [landmark_readings(on_grey(frame), detect, shape) for frame in frames]
    return np.array([r if r is not None else (np.nan,) * 3 for r in readings])


def rendered(heads: Path, name: str, motion: np.ndarray) -> list[np.ndarray]:
    """RGBA frames of an avatar's mesh in motion [F,58], in the light of the training pictures."""
    from training.data.heads.assets import load_assets
    from training.data.heads.head import Head
    from training.data.heads.identity import HEROES
    from training.data.heads.light import Light
    from training.data.heads.renderer import Renderer

    head, renderer = Head(load_assets(heads), HEROES[name]), Renderer(256)
    return [renderer.render(head, row[:52], row[52:], Light.default()).rgba for row in motion]


def column(rows: np.ndarray, names: tuple[str, ...]) -> np.ndarray:
    return rows[:, [ARKIT_INDEX[n] for n in names]].mean(1)


def consistency(pack: Pack, trained: Trained, played: Played, frames: int = 240) -> dict:
    """Correlations over `frames` frames spread over the clips, a different avatar for each clip; each avatar about its own mean."""
    share = frames // len(played.clips)
    heads = trained.config.data.get("heads")
    given, seen, read, meshes = [], [], [], []
    for i, name in zip(range(len(played.clips)), list(pack.avatars) * 3):
        pick = np.linspace(50, played.made.tokens.shape[1] - 1, share).astype(int)
        pictures = pack.decode(name, played.made.tokens[i][pick])
        given.append(played.made.blendshapes[i][pick])
        readings = tracked(list(pictures))
        seen.append(readings - np.nanmean(readings, 0))
        if heads and Path(heads).exists():
            readings = tracked(rendered(heads, name, played.made.motion(i)[pick]))
            meshes.append(readings - np.nanmean(readings, 0))
        if trained.encoder is not None:
            read.append(trained.coefficients(trained.read(pictures))[:, :52])
    values = {key: np.concatenate([column(rows, names) - column(rows, names).mean() for rows in given]) for key, names in TRACKS.items()}
    found = np.concatenate(seen)
    ok = np.isfinite(found[:, 0])
    out = {key: pearson(values[key][ok], found[ok, k]) for k, key in enumerate(TRACKS)}
    if meshes:
        shown = np.concatenate(meshes)
        ok_there = np.isfinite(shown[:, 0])
        out["mesh"] = {key: pearson(values[key][ok_there], shown[ok_there, k]) for k, key in enumerate(TRACKS)}
    if read:
        out["ownEncoder"] = {key: pearson(values[key], np.concatenate([column(rows, names) - column(rows, names).mean() for rows in read])) for key, names in TRACKS.items()}
    return out | {"frames": len(ok), "noFace": int((~ok).sum())}
