"""The paper's ablations on the same clips: each switch off in turn, motion metrics against the truth."""

import numpy as np

from training.data.speech.closed_lips import shut_share
from training.data.speech.visemes import mouth_opening
from training.eval.metrics import centroids, frechet, mse, pearson, residual_pcc, shannon_index, variation
from training.eval.rollouts import Played

CLUSTERS = 15


def table(settings: dict[str, Played]) -> dict[str, dict[str, float]]:
    """Rows `full`, `w/o LPE`, ... and `truth`; every metric is a mean over clips, on the 52 coefficients with the 6 pose numbers."""
    clips = next(iter(settings.values())).clips
    centres = centroids(np.concatenate([clip.truth()[:, :52] for clip in clips]), CLUSTERS)
    rows = {name: [measures(clip.truth(), played.made.motion(i), clip, centres) for i, clip in enumerate(clips)] for name, played in settings.items()}
    rows["truth"] = [measures(clip.truth(), clip.truth(), clip, centres) for clip in clips]
    return {name: {key: float(np.nanmean([m[key] for m in found])) for key in found[0]} for name, found in rows.items()}


def measures(truth: np.ndarray, made: np.ndarray, clip, centres: np.ndarray) -> dict[str, float]:
    speaking = clip.speaking()
    a, b = mouth_opening(truth[:, :52]), mouth_opening(made[:, :52])
    shut, count = shut_share(b, clip.talk.avatar_closed[clip.span].astype(bool).reshape(-1))
    return {
        "mse": mse(truth, made), "fd": frechet(truth, made), "var": variation(made), "sid": shannon_index(centres, made[:, :52]),
        "rpcc": residual_pcc(clip.user(), truth, made), "mouth": pearson(a[speaking], b[speaking]) if speaking.sum() > 50 else float("nan"),
        "shut": shut / count if count else float("nan"),
    }  # fmt: skip
