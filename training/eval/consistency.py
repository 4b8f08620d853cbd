"""The two outputs agree: blendshapes of generated frames against what the motion encoder reads off the same frames' pixels."""

import numpy as np

from training.data.arkit import ARKIT_INDEX
from training.eval.metrics import pearson
from training.eval.rollouts import Played
from training.eval.session import Pack
from training.eval.trained import Trained

TRACKS = {"jawOpen": ("jawOpen",), "smile": ("mouthSmileLeft", "mouthSmileRight"), "blink": ("eyeBlinkLeft", "eyeBlinkRight")}


def consistency(pack: Pack, trained: Trained, played: Played, frames: int = 240) -> dict:
    """Correlations over `frames` frames spread over the clips, a different avatar for each clip."""
    share = frames // len(played.clips)
    given, found = [], []
    for i, name in zip(range(len(played.clips)), list(pack.avatars) * 3):
        pick = np.linspace(50, played.made.tokens.shape[1] - 1, share).astype(int)
        given.append(played.made.blendshapes[i][pick])
        found.append(trained.coefficients(trained.read(pack.decode(name, played.made.tokens[i][pick])))[:, :52])
    a, b = np.concatenate(given), np.concatenate(found)
    column = lambda rows, names: rows[:, [ARKIT_INDEX[n] for n in names]].mean(1)  # noqa: E731
    out = {key: pearson(column(a, names), column(b, names)) for key, names in TRACKS.items()}
    return out | {"mae": float(np.abs(a - b).mean()), "frames": len(a)}
