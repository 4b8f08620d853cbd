"""Lips on held-out talks: opening against the truth, closures on p b m, error of the coefficients."""

import numpy as np

from training.data.speech.closed_lips import SHUT, runs, shut_share
from training.data.speech.visemes import mouth_opening
from training.eval.metrics import pearson
from training.eval.rollouts import Played


def lips(played: Played) -> dict:
    correlations, errors, pose_errors, weak = [], [], [], []
    shut = shut_truth = closures = open_shut = open_spans = 0
    for i, clip in enumerate(played.clips):
        truth, made, speaking = clip.truth(), played.made.blendshapes[i], clip.speaking()
        a, b = mouth_opening(truth[:, :52]), mouth_opening(made)
        errors.append(float(np.abs(truth[:, :52] - made).mean()))
        pose_errors.append(float(np.abs(truth[:, 52:55] - played.made.pose[i][:, :3]).mean()))
        weak.append(float(np.abs(truth[:, :52]).mean()))
        if speaking.sum() > 50:
            correlations.append(pearson(a[speaking], b[speaking]))
        closed = clip.talk.avatar_closed[clip.span].astype(bool).reshape(-1)
        found, count = shut_share(b, closed)
        shut, closures = shut + found, closures + count
        shut_truth += shut_share(a, closed)[0]
        # control: the same test in speech where the truth's mouth is open
        vowels = speaking & (np.convolve(a < 0.12, np.ones(5), "same") == 0)
        for first, end in runs(vowels):
            open_spans += 1
            open_shut += bool((b[first:end] < SHUT).any())
    return {
        "openingCorrelation": float(np.nanmean(correlations)) if correlations else None, "openingCorrelationByTalk": correlations,
        "shutShare": shut / max(1, closures), "shutShareOfTruth": shut_truth / max(1, closures), "closures": closures, "shutThreshold": SHUT,
        "shutWhereOpen": open_shut / max(1, open_spans), "openSpans": open_spans,
        "coefficientMae": float(np.mean(errors)), "coefficientMaeOfStillFace": float(np.mean(weak)), "poseMaeRad": float(np.mean(pose_errors)), "talks": len(played.clips),
    }  # fmt: skip
