"""Metrics as pure functions on arrays. Definitions as the papers' public code uses them: Fréchet distance with ddof 1 a sequence, Var
as the mean over dimensions of the population variance over time, SID in bits on centroids fitted to the truth, rPCC on flattened arrays."""

import numpy as np
from scipy.cluster.vq import kmeans2
from scipy.linalg import sqrtm


def pearson(a: np.ndarray, b: np.ndarray) -> float:
    """Correlation of two arrays, flattened; NaN where one of them is constant."""
    a, b = a.ravel().astype(np.float64), b.ravel().astype(np.float64)
    if a.std() < 1e-9 or b.std() < 1e-9:
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def lagged(a: np.ndarray, b: np.ndarray, lag: int) -> float:
    """Correlation of a[t] with b[t + lag]; lag > 0: b is later."""
    n = len(a) - abs(lag)
    return pearson(a[max(0, -lag) : max(0, -lag) + n], b[max(0, lag) : max(0, lag) + n])


def best_lag(a: np.ndarray, b: np.ndarray, most: int) -> tuple[int, float]:
    """Lag in -most..most with the highest correlation, and that correlation."""
    scores = {lag: lagged(a, b, lag) for lag in range(-most, most + 1)}
    lag = max(scores, key=lambda key: np.nan_to_num(scores[key], nan=-2.0))
    return lag, scores[lag]


def psnr(squared_errors: list[float]) -> float:
    """dB of a mean of squared errors of values in 0..1."""
    return float(-10 * np.log10(max(np.mean(squared_errors), 1e-12)))


def iou(a: np.ndarray, b: np.ndarray) -> float:
    """Intersection over union of two masks."""
    return float((a & b).sum() / max(1, (a | b).sum()))


def mse(truth: np.ndarray, made: np.ndarray) -> float:
    return float(((truth - made) ** 2).mean())


def frechet(x: np.ndarray, y: np.ndarray) -> float:
    """Fréchet distance of the frames of two sequences [T,D], covariances with ddof 1."""
    x, y = x.astype(np.float64), y.astype(np.float64)
    cx, cy = np.atleast_2d(np.cov(x, rowvar=False)), np.atleast_2d(np.cov(y, rowvar=False))
    tiny = 1e-10 * np.eye(len(cx))
    root = np.real(sqrtm((cx + tiny) @ (cy + tiny)))
    return max(0.0, float(((x.mean(0) - y.mean(0)) ** 2).sum() + np.trace(cx) + np.trace(cy) - 2 * np.trace(root)))


def variation(x: np.ndarray) -> float:
    """Mean over dimensions of the population variance over time of [T,D]."""
    return float(x.var(0).mean())


def centroids(frames: np.ndarray, k: int, seed: int = 0) -> np.ndarray:
    """k-means++ centroids [k,D] of [T,D]."""
    return kmeans2(frames.astype(np.float64), k, minit="++", seed=seed)[0]


def shannon_index(centres: np.ndarray, made: np.ndarray) -> float:
    """SID in bits: entropy of the histogram of nearest centroids."""
    distance = ((made[:, None] - centres[None]) ** 2).sum(2) if len(made) * len(centres) < 4e6 else None
    nearest = distance.argmin(1) if distance is not None else np.concatenate([((row[:, None] - centres) ** 2).sum(2).argmin(1) for row in np.array_split(made, 1 + len(made) // 2000)])
    share = np.bincount(nearest, minlength=len(centres)) / len(made)
    return float(-(share * np.log2(share + 1e-6)).sum())


def residual_pcc(user: np.ndarray, truth: np.ndarray, made: np.ndarray) -> float:
    """rPCC: how far the correlation with the user is from the truth's."""
    return abs(pearson(truth, user) - pearson(made, user))


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float((a * b).sum() / max(np.linalg.norm(a) * np.linalg.norm(b), 1e-8))
