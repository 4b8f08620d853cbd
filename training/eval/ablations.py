"""The paper's ablations on the same clips: each switch off in turn, motion metrics against the truth, with bootstrap intervals."""

import numpy as np

from training.data.speech.closed_lips import shut_share
from training.data.speech.visemes import mouth_opening
from training.eval.metrics import centroids, frechet, mse, pearson, residual_pcc, shannon_index, variation
from training.eval.rollouts import Clip, Played

CLUSTERS = 15
RESAMPLES = 2000


def table(settings: dict[str, Played]) -> dict[str, dict[str, float]]:
    """Rows `full`, `w/o LPE`, ... and `truth`; every metric is a mean over clips, on the 52 coefficients with the 6 pose numbers.

    `<metric>Interval` of every row but the first is the 95 % interval of its difference from the first: talks are drawn with
    replacement, each with all of its clips (Efron 1979; Davison & Hinkley 1997, 3.8), the same ones for both, for what two
    settings share of a talk says nothing of their difference.
    """
    clips = next(iter(settings.values())).clips
    centres = centroids(np.concatenate([clip.truth()[:, :52] for clip in clips]), CLUSTERS)
    rows = {name: [measures(clip.truth(), played.made.motion(i), clip, centres) for i, clip in enumerate(clips)] for name, played in settings.items()}
    base = next(iter(rows))
    talks = [id(clip.talk) for clip in clips]
    intervals = {name: differences(rows[base], found, talks) for name, found in rows.items() if name != base}
    rows["truth"] = [measures(clip.truth(), clip.truth(), clip, centres) for clip in clips]
    return {name: {key: float(np.nanmean([m[key] for m in found])) for key in found[0]} | intervals.get(name, {}) for name, found in rows.items()}


def differences(base: list[dict[str, float]], other: list[dict[str, float]], talks: list[int]) -> dict[str, list[float]]:
    """95 % bootstrap interval over talks of the mean of other - base, by metric; `talks` says whose clip each one is."""
    clips_of = [[i for i, talk in enumerate(talks) if talk == one] for one in dict.fromkeys(talks)]
    drawn = np.random.default_rng(0).integers(0, len(clips_of), (RESAMPLES, len(clips_of)))
    draws = [np.concatenate([clips_of[talk] for talk in row]) for row in drawn]
    out = {}
    for key in base[0]:
        change = np.array([b[key] - a[key] for a, b in zip(base, other)])
        means = np.array([np.nanmean(found) if np.isfinite(found := change[rows]).any() else np.nan for rows in draws])
        out[f"{key}Interval"] = [float(np.nanquantile(means, q)) for q in (0.025, 0.975)]
    return out


def measures(truth: np.ndarray, made: np.ndarray, clip: Clip, centres: np.ndarray) -> dict[str, float]:
    speaking = clip.speaking()
    a, b = mouth_opening(truth[:, :52]), mouth_opening(made[:, :52])
    shut, count = shut_share(b, clip.talk.avatar_closed[clip.span].astype(bool).reshape(-1))
    return {
        "mse": mse(truth, made), "fd": frechet(truth, made), "var": variation(made), "sid": shannon_index(centres, made[:, :52]),
        "rpcc": residual_pcc(clip.user(), truth, made), "mouth": pearson(a[speaking], b[speaking]) if speaking.sum() > 50 else float("nan"),
        "shut": shut / count if count else float("nan"),
    }  # fmt: skip
