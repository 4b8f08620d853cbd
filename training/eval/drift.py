"""Ten minutes of listening: do tokens, colour and sharpness stay what they were at second ten?"""

import numpy as np
from scipy.ndimage import laplace

from training.data.conversation.conversation import Conversation
from training.eval.session import Lane, Pack, roll_out

LEAD_S = 10  # until a new session has settled


def listening_lane(talks: list[Conversation], minutes: float, again_s: int) -> Lane:
    """The user's side of several talks in a row; the last `again_s` seconds are the first ones again. The avatar is silent and its written state is calm."""
    frames, again = int(minutes * 1500), again_s * 25
    whole = sum(len(talk.user_face) for talk in talks)
    talks = talks * (frames // whole + 1)

    def join(key: str, scale: int = 1) -> np.ndarray:
        track = np.concatenate([getattr(talk, key) for talk in talks])[: frames * scale]
        return np.concatenate([track[: (frames - again) * scale], track[: again * scale]])

    return Lane(
        np.zeros(frames * 640 + 1280, np.float32), join("user_pcm", 640).astype(np.float32) / 32768, join("user_face").astype(np.float32),
        join("user_presence").reshape(-1).astype(np.float32), [(0, "calm and attentive")],
    )  # fmt: skip


def sharpness(rgba: np.ndarray) -> float:
    """Mean over frames of the variance of the Laplacian of grey, inside the head."""
    grey = rgba[..., :3].astype(np.float32).mean(3)
    return float(np.mean([laplace(g)[a > 128].var() for g, a in zip(grey, rgba[..., 3])]))


def colour(rgba: np.ndarray) -> np.ndarray:
    """Mean colour inside the head, [3]."""
    return np.mean([frame[..., :3][frame[..., 3] > 128].mean(0) for frame in rgba], 0)


def drift(pack: Pack, talks: list[Conversation], minutes: float = 10.0, window_s: int = 20, pictures: int = 50, sessions: int = 3) -> tuple[dict, dict[str, np.ndarray]]:
    """Window of `window_s` s from second 10 against the last one, in which the user does the same; `pictures` frames of each are decoded.

    The figures are over all sessions, each with other users. Also gives the decoded frames of the first.
    """
    lanes = [listening_lane([*talks[i:], *talks[:i]], minutes, LEAD_S + window_s) for i in range(sessions)]
    avatars = list(pack.avatars)
    for i, lane in enumerate(lanes):
        lane.seed, lane.avatar = i, avatars[i % len(avatars)]
    made = roll_out(pack, lanes)
    size = window_s * 25
    parts = {"early": slice(LEAD_S * 25, LEAD_S * 25 + size), "late": slice(made.tokens.shape[1] - size, None)}
    decoded = {key: [pack.decode(avatars[i % len(avatars)], made.tokens[i][part][:: size // pictures][:pictures]) for i in range(sessions)] for key, part in parts.items()}
    change = lambda measure: [float(100 * (measure(late) / measure(early) - 1)) for early, late in zip(decoded["early"], decoded["late"])]  # noqa: E731
    tints = [100 * (colour(late) / colour(early) - 1) for early, late in zip(decoded["early"], decoded["late"])]
    spread = {key: float(np.mean([made.tokens[i][part].std() for i in range(sessions)])) for key, part in parts.items()}
    sharp = change(sharpness)
    return {
        "minutes": minutes, "sessions": sessions, "tokenMean": [float(made.tokens[:, part].mean()) for part in parts.values()], "tokenStdPercent": 100 * (spread["late"] / spread["early"] - 1),
        "colourPercent": float(np.abs(np.mean(tints, 0)).max()), "sharpnessPercent": float(np.mean(sharp)), "sharpnessBySession": sharp,
        "coefficientSpread": [float(made.blendshapes[:, part].std(1).mean()) for part in parts.values()], "pictures": pictures,
    }, {key: frames[0] for key, frames in decoded.items()}  # fmt: skip
