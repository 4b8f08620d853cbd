"""How the avatar answers the user: smiles within 0.2 to 1.2 s, and concern minutes after sad news."""

import numpy as np

from training.data.arkit import ARKIT_INDEX
from training.data.conversation.conversation import Conversation
from training.data.conversation.report import concern_after, smile_rises
from training.eval.rollouts import SPAN, Clip, Played, lane_of
from training.eval.session import Pack, roll_out

SMILES = [ARKIT_INDEX["mouthSmileLeft"], ARKIT_INDEX["mouthSmileRight"]]
NEUTRAL = (0, 1, 10, 11)  # affect codes: neutral, calm, interested, attentive


def _answers(clip: Clip, smile: np.ndarray) -> tuple[int, int, int, int]:
    """(answered, smiles, rises without a smile, such spans) of one clip; `smile` [frames]."""
    busy = np.zeros(clip.frames, bool)
    answered = asked = rises = spans = 0
    for row in clip.talk.events["userSmiles"]:
        frame = row["frame"] - clip.first
        busy[max(0, frame - 50) : max(0, row["end"] - clip.first + 100)] = True
        if 75 < frame < clip.frames - 45:
            asked += 1
            answered += smile_rises(smile, frame)
    quiet = ~busy & ~clip.speaking()
    for frame in range(75, clip.frames - 50, 30):
        if quiet[frame - 10 : frame + 45].all():
            spans += 1
            rises += smile_rises(smile, frame)
    return answered, asked, rises, spans


def smile_answers(played: Played) -> dict:
    made = np.sum([_answers(c, played.made.blendshapes[i][:, SMILES].mean(1)) for i, c in enumerate(played.clips)], 0)
    true = np.sum([_answers(c, c.truth()[:, SMILES].mean(1)) for c in played.clips], 0)
    share = lambda a, b: float(a / b) if b else None  # noqa: E731
    return {"answered": share(made[0], made[1]), "smiles": int(made[1]), "falseRate": share(made[2], made[3]), "spans": int(made[3]),
            "truthAnswered": share(true[0], true[1]), "truthFalseRate": share(true[2], true[3])}  # fmt: skip


def sad_past(talk: Conversation, seconds: float = 110.0) -> int | None:
    """A frame at which the user's last sad turn ended `seconds` ago."""
    ends = [row["end"] for row in talk.dialogue if row["role"] == "user" and row["kind"] == "sad"]
    for end in reversed(ends):
        at = int((end + seconds) * 25) // SPAN * SPAN
        if at <= talk.frames and not any(end + 1 < other < end + seconds for other in ends):
            return at
    return None


def first_bad_news(talk: Conversation) -> int:
    """Frame at which the first sad or frightening matter comes up; the talk's length if none does."""
    starts = [row["t"] for row in talk.dialogue if row["kind"] in ("sad", "fear", "relief")]
    return int(min(starts) * 25) if starts else talk.frames


def neutral_stretch(talk: Conversation, frames: int) -> int:
    """Start of the stretch with the most neutral written states."""
    calm = np.isin(talk.affect_code, NEUTRAL).astype(np.float32)
    total = np.convolve(calm, np.ones(frames), "valid")[::SPAN]
    return int(total.argmax()) * SPAN


def lasting_concern(pack: Pack, talks: list[Conversation], held_entries: list[np.ndarray], seconds: int = 10) -> dict | None:
    """The same neutral present after a past with sad news two minutes ago and after one without; `hbcu` on and off. None: no such talks."""
    sad = [(entries, at) for talk, entries in zip(talks, held_entries) if (at := sad_past(talk)) is not None]
    plain = [(talk, before) for talk, entries in zip(talks, held_entries) if len(before := entries[: first_bad_news(talk) // SPAN][-115:]) >= 60]
    if not sad or not plain:
        return None
    frames = seconds * 25 // 4 * 4
    lanes, kinds = [], []
    for present, (talk, _) in enumerate(plain[:2]):
        clip = Clip(talk, neutral_stretch(talk, frames), frames, held_entries[0][:0])
        for kind, pasts in (("sad", [e[: at // SPAN] for e, at in sad[:2]]), ("plain", [e for _, e in plain[:2]])):
            for past in pasts:
                for on in (1.0, 0.0):
                    lanes.append(lane_of(clip, present, history=past, switches={"hbcu": on}))
                    lanes[-1].affect = [(0, "neutral")]
                    kinds.append((kind, on))
    made = roll_out(pack, lanes)
    brow = made.blendshapes[:, 50:, ARKIT_INDEX["browInnerUp"]].mean(1)
    mean = lambda kind, on: float(np.mean([b for b, k in zip(brow, kinds) if k == (kind, on)]))  # noqa: E731
    after = [x for x in (concern_after(t) for t in talks) if x is not None]
    quiet = [t.avatar_face[: first_bad_news(t)][np.isin(t.affect_code[: first_bad_news(t)], NEUTRAL), ARKIT_INDEX["browInnerUp"]].astype(np.float32) for t, _ in plain]
    never = [float(rows.mean()) for rows in quiet if len(rows)]
    return {
        "onAfterSadness": mean("sad", 1.0), "onWithout": mean("plain", 1.0), "offAfterSadness": mean("sad", 0.0), "offWithout": mean("plain", 0.0),
        "truthAfterSadness": float(np.mean(after)) if after else None, "truthWithout": float(np.mean(never)) if never else None, "sadPasts": len(sad[:2]), "presents": len(plain[:2]),
    }  # fmt: skip
