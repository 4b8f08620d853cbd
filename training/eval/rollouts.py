"""Held-out talks played through the pack: which minute of each, what the session holds before it, and the lanes."""

from dataclasses import dataclass

import numpy as np

from training.data.conversation.conversation import Conversation
from training.eval.session import Lane, Made, Pack, roll_out

SPAN = 24  # frames of one history entry


@dataclass
class Clip:
    """`frames` frames of a talk from `first` on, with the history that a session would hold there."""

    talk: Conversation
    first: int
    frames: int
    history: np.ndarray

    @property
    def span(self) -> slice:
        return slice(self.first, self.first + self.frames)

    def truth(self) -> np.ndarray:
        return self.talk.avatar_face[self.span].astype(np.float32)

    def user(self) -> np.ndarray:
        return self.talk.user_face[self.span].astype(np.float32)

    def speaking(self) -> np.ndarray:
        """[frames] the avatar holds the turn."""
        return held(self.talk, "avatar")[self.span]


@dataclass
class Played:
    """Clips with what the pack made of them under one setting of the switches."""

    clips: list[Clip]
    made: Made


def held(talk: Conversation, role: str) -> np.ndarray:
    """[T] frames in which `role` speaks more than a backchannel."""
    out = np.zeros(talk.frames, bool)
    for row in talk.dialogue:
        if row["role"] == role and not row["backchannel"]:
            out[int(row["t"] * 25) : int(row["end"] * 25)] = True
    return out


def histories(pack: Pack, talks: list[Conversation]) -> list[np.ndarray]:
    """History entries [E,187] of every talk from its start, as a session gathers them."""
    frames = min(talk.frames for talk in talks) // SPAN * SPAN
    state = pack.zero_states("audio-encoder", len(talks))
    pcm = np.stack([talk.user_pcm[: frames * 640].astype(np.float32) / 32768 for talk in talks])
    heard = []
    for first in range(0, frames * 640, 2560):
        found = pack.stage("audio-encoder", {"pcm": pcm[:, first : first + 2560], **state})
        state = {"tail": found["tail_next"]}
        heard.append(found["features"][:, :, -1])
    features = np.concatenate(heard, 1)
    out = []
    for i, talk in enumerate(talks):
        presence = talk.user_presence[:frames].reshape(-1, 1).astype(np.float32)
        rows = np.concatenate([talk.user_face[:frames].astype(np.float32) * presence, presence, features[i]], 1)
        out.append(rows.reshape(-1, SPAN, rows.shape[1]).mean(1))
    return out


def best_minute(talk: Conversation, frames: int) -> int:
    """Start (a multiple of SPAN) of the stretch with the most smiles of the user that leaves room to answer."""
    smiles = np.array([row["frame"] for row in talk.events["userSmiles"]])
    starts = np.arange(0, talk.frames - frames, SPAN)
    count = [int(((smiles > s + 100) & (smiles < s + frames - 60)).sum()) for s in starts]
    return int(starts[int(np.argmax(count))])


def choose_clips(talks: list[Conversation], held_entries: list[np.ndarray], frames: int) -> list[Clip]:
    clips = []
    for talk, entries in zip(talks, held_entries):
        first = best_minute(talk, frames)
        clips.append(Clip(talk, first, frames, entries[: first // SPAN]))
    return clips


def whole_talks(talks: list[Conversation], held_entries: list[np.ndarray], frames: int) -> list[Clip]:
    """Every talk cut into stretches of `frames`, a multiple of SPAN; what is left over at its end is left out, with the second that a session hears ahead."""
    return [
        Clip(talk, first, frames, entries[: first // SPAN])
        for talk, entries in zip(talks, held_entries)
        for first in range(0, min(talk.frames - 25, len(entries) * SPAN) - frames + 1, frames)
    ]


def lane_of(clip: Clip, seed: int, **more) -> Lane:
    """The clip as a session's input."""
    talk, first, last = clip.talk, clip.first, clip.first + clip.frames
    before = [row for row in talk.affect if row["frame"] <= first]
    affect = [(0, before[-1]["text"] if before else "neutral")]
    affect += [(row["frame"] - first, row["text"]) for row in talk.affect if first < row["frame"] < last]
    sound = slice(first * 640, last * 640 + 1280)
    settings = {"history": clip.history} | more
    return Lane(
        talk.avatar_pcm[sound].astype(np.float32) / 32768, talk.user_pcm[sound].astype(np.float32) / 32768, talk.user_face[clip.span].astype(np.float32),
        talk.user_presence[clip.span].reshape(-1).astype(np.float32), affect, seed=seed, **settings,
    )  # fmt: skip


def play(pack: Pack, clips: list[Clip], **switches: float) -> Played:
    """Every clip as a session of its own, the avatars in turn."""
    avatars = list(pack.avatars)
    return Played(clips, roll_out(pack, [lane_of(c, i, avatar=avatars[i % len(avatars)], switches=switches) for i, c in enumerate(clips)]))
