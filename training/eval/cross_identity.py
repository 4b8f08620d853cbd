"""Motion of A on the face of B: pictures of heads that the motion encoder never saw -> tokens -> each avatar -> tokens -> coefficients."""

import numpy as np
import torch

from training.eval.session import Pack
from training.eval.trained import Trained


def cross_identity(pack: Pack, trained: Trained, most: int = 48) -> dict:
    """Mean absolute errors of the 52 coefficients: read off A, and read back off B driven by A."""
    pictures = trained.pictures("motion")
    unseen = np.where((pictures.head >= len(pictures.rest) - max(1, len(pictures.rest) // 8)).numpy())[0]
    pick = unseen[:: max(1, len(unseen) // most)][:most]
    truth = pictures.motion[torch.from_numpy(pick)].numpy()[:, :52]
    tokens = trained.read(np.asarray(pictures.rgba[pick]))
    first = np.abs(trained.coefficients(tokens)[:, :52] - truth).mean()
    errors, exact = {}, []
    for name in pack.avatars:
        errors[name] = float(np.abs(trained.coefficients(trained.read(pack.decode(name, tokens)))[:, :52] - truth).mean())
    name = next(iter(pack.avatars))
    painted = pack.decode(name, trained.tokens(pictures.motion[torch.from_numpy(pick)].numpy()))
    exact = np.abs(trained.coefficients(trained.read(painted))[:, :52] - truth).mean()
    return {"mae": float(np.mean(list(errors.values()))), "maeByAvatar": errors, "maeReadOffA": float(first), "maeExactTokensOnB": float(exact),
            "maeOfNeutral": float(np.abs(truth).mean()), "pictures": len(pick)}  # fmt: skip
