"""How well the decoder of the pack paints: PSNR on head, mouth and eyes, alpha IoU, on pictures that were never trained on."""

import numpy as np
import torch

from training.eval.metrics import iou, psnr
from training.eval.session import Pack
from training.eval.trained import Trained
from training.model.decoder import premultiply
from training.stages.codec import EYE, LIPS, MOUTH


def codec_quality(pack: Pack, trained: Trained, most: int = 120, variant: str = "full") -> dict:
    """Exact tokens of held-out pictures through the decoder graph; errors on premultiplied colour, as in training."""
    pictures = trained.pictures("paint")
    pick = pictures.held_out().numpy()
    pick = pick[:: max(1, len(pick) // most)]
    names = list(pack.avatars)
    tokens = trained.tokens(pictures.motion[torch.from_numpy(pick)].numpy())
    sums: dict[str, list[float]] = {"head": [], "mouth": [], "eyes": []}
    alpha = []
    per_avatar: dict[str, list[float]] = {name: [] for name in names}
    for owner, name in enumerate(names):
        mine = np.where(pictures.head.numpy()[pick] == owner)[0]
        if not len(mine):
            continue
        made_bytes = pack.decode(name, tokens[mine], variant)
        for row, made_rgba in zip(pick[mine], made_bytes):
            true_rgba, parts = np.asarray(pictures.rgba[row]), np.asarray(pictures.parts[row])
            true, made = (premultiply(torch.from_numpy(np.array(p)[None]))[0].numpy() for p in (true_rgba, made_rgba))
            error = ((made - true)[:3] ** 2).mean(0)
            for key, mask in (("head", true[3] > 0.5), ("mouth", (parts >= LIPS) & (parts <= MOUTH)), ("eyes", parts == EYE)):
                if mask.sum() > 20:
                    sums[key].append(float(error[mask].mean()))
                    if key == "head":
                        per_avatar[name].append(sums[key][-1])
            alpha.append(iou(made[3] > 0.5, true[3] > 0.5))
    return {
        "headDb": psnr(sums["head"]), "mouthDb": psnr(sums["mouth"]), "eyesDb": psnr(sums["eyes"]), "alphaIou": float(np.mean(alpha)),
        "pictures": len(alpha), "headDbByAvatar": {name: psnr(values) for name, values in per_avatar.items() if values},
    }  # fmt: skip
