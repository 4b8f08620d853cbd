"""Ten minutes of listening: do tokens, colour and sharpness stay what they were at second ten?"""

import numpy as np
from scipy.ndimage import laplace

from training.data.conversation.conversation import Conversation
from training.eval.session import Lane, Pack, roll_out


def listening_lane(talks: list[Conversation], minutes: float) -> Lane:
    """The user's side of several talks in a row; the avatar is silent and its written state is calm."""
    frames = int(minutes * 1500)
    join = lambda key: np.concatenate([getattr(talk, key) for talk in talks])  # noqa: E731
    if len(join("user_face")) < frames:
        talks = talks * (frames // len(join("user_face")) + 1)
    return Lane(
        np.zeros(frames * 640 + 1280, np.float32), join("user_pcm")[: frames * 640].astype(np.float32) / 32768, join("user_face")[:frames].astype(np.float32),
        join("user_presence")[:frames].reshape(-1).astype(np.float32), [(0, "calm and attentive")], seed=5,
    )  # fmt: skip


def sharpness(rgba: np.ndarray) -> float:
    """Mean over frames of the variance of the Laplacian of grey, inside the head."""
    grey = rgba[..., :3].astype(np.float32).mean(3)
    return float(np.mean([laplace(g)[a > 128].var() for g, a in zip(grey, rgba[..., 3])]))


def colour(rgba: np.ndarray) -> np.ndarray:
    """Mean colour inside the head, [3]."""
    return np.mean([frame[..., :3][frame[..., 3] > 128].mean(0) for frame in rgba], 0)


def drift(pack: Pack, talks: list[Conversation], minutes: float = 10.0, window_s: int = 20, pictures: int = 25) -> tuple[dict, dict[str, np.ndarray]]:
    """Window of `window_s` s from second 10 against the last one; `pictures` frames of each are decoded. Also gives those frames."""
    made = roll_out(pack, [listening_lane(talks, minutes)])
    size = window_s * 25
    early, late = slice(250, 250 + size), slice(made.tokens.shape[1] - size, None)
    frames = {key: pack.decode("ada" if "ada" in pack.avatars else next(iter(pack.avatars)), made.tokens[0][part][:: size // pictures][:pictures]) for key, part in (("early", early), ("late", late))}
    std = [float(made.tokens[0][part].std()) for part in (early, late)]
    change = lambda a, b: float(100 * (b - a) / a)  # noqa: E731
    still = [float(made.blendshapes[0][part].std(0).mean()) for part in (early, late)]
    return {
        "minutes": minutes, "tokenMean": [float(made.tokens[0][part].mean()) for part in (early, late)], "tokenStdPercent": change(*std),
        "colourPercent": float(np.abs(100 * (colour(frames["late"]) / colour(frames["early"]) - 1)).max()),
        "sharpnessPercent": change(sharpness(frames["early"]), sharpness(frames["late"])), "coefficientSpread": still, "pictures": pictures,
    }, frames  # fmt: skip
