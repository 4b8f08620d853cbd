"""The simulated talks as training reads them: features of both voices, motion of both faces, affect words, history at 1 Hz."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from training.data.conversation.vocabulary import VOCABULARY
from training.model.audio_encoder import AudioEncoder
from training.model.config import Config
from training.model.device import array_of, tensor_of
from training.model.layout import MOTION_WIDTH
from training.model.text_encoder import PAD, UNKNOWN, tokenize
from training.stages.lines import QUIET_RMS, dub, natural_lines
from training.stages.moods import State, draw_mood, restage, state_of, states_of

WORDS = ["<pad>", "<unk>", *[w for w in VOCABULARY if w not in ("<pad>", "<unk>")]]
WORD_ID = {word: i for i, word in enumerate(WORDS)}
SHOWN = (0.85, 1.25)
"""How strongly the people of restaged crops show their moods."""


@dataclass
class Talk:
    """One conversation of T frames; `*_audio` [T,D] half precision, one row a frame, before windowing."""

    avatar_audio: Tensor
    user_audio: Tensor
    avatar: Tensor  # [T,58]
    calm: Tensor  # [T,58]
    user: Tensor  # [T,58]
    presence: Tensor  # [T,1]
    loudness: Tensor  # [T] RMS of the avatar's audio
    closed: Tensor  # [T] 1 where the avatar's lips must meet
    words: Tensor  # [T,L] int32
    entries: Tensor  # [T // (4 * 6), 187] history means
    states: list[State]  # the written states with their levels
    identity: int


class Talks:
    """All talks of a folder, and lines of the speech corpus to dub them with. Features of the frozen audio encoder are computed once and kept in `<work>/features.pt`."""

    def __init__(self, config: Config, folder: Path, work: Path, encoder: AudioEncoder, corpus: Path):
        self.config = config
        self.folder = folder
        index = json.loads((folder / "index.json").read_text())["conversations"]
        cache = work / "features.pt"
        known = torch.load(cache, map_location=torch.get_default_device()) if cache.exists() else {}
        self.train: list[Talk] = []
        self.held: list[Talk] = []
        for row in index:
            with np.load(folder / row["file"]) as talk:
                data = {key: talk[key] for key in talk.files}
            if row["file"] not in known:
                known[row["file"]] = tuple(self._features(encoder, data[key]) for key in ("avatar_pcm", "user_pcm"))
            (self.train if row["split"] == "train" else self.held).append(self._talk(row, data, *known[row["file"]]))
        torch.save(known, cache)
        self.lines = natural_lines(config, corpus, work, lambda pcm: self._features(encoder, pcm))

    def _features(self, encoder: AudioEncoder, pcm: np.ndarray) -> Tensor:
        """[T,D] of the whole track, in pieces; row i has heard nothing after frame i."""
        spf, tail = self.config.clock.samples_per_frame, self.config.behaviour.tail_samples
        frames = len(pcm) // spf
        padded = np.concatenate([np.zeros(tail, np.float32), pcm[: frames * spf].astype(np.float32) / 32768])
        rows, piece = [], 500
        with torch.no_grad():
            for first in range(0, frames, piece):
                last = min(first + piece, frames)
                found = encoder.frames(tensor_of(padded[first * spf : last * spf + tail])[None])[0]
                rows.append(found[len(found) - (last - first) :].half())
        return torch.cat(rows)

    def _talk(self, row: dict, data: dict, avatar_audio: Tensor, user_audio: Tensor) -> Talk:
        frames = len(avatar_audio)
        sizes = self.config.behaviour
        words = torch.full((frames, sizes.text_tokens), PAD, dtype=torch.int32)
        changes = json.loads(str(data["affect"]))
        for change, following in zip(changes, [*changes[1:], {"frame": frames}]):
            words[change["frame"] : following["frame"]] = torch.tensor(tokenize(change["text"], WORD_ID, sizes.text_tokens), dtype=torch.int32)
        motion = lambda key: tensor_of(np.asarray(data[key][:frames], np.float32))  # noqa: E731
        user, presence = motion("user_face"), motion("user_presence").reshape(-1, 1)
        user = user * presence
        pcm = data["avatar_pcm"][: frames * self.config.clock.samples_per_frame].astype(np.float32) / 32768
        loudness = tensor_of(np.sqrt((pcm.reshape(frames, -1) ** 2).mean(1)))
        closed = tensor_of(np.asarray(data["avatar_closed"][:frames], np.float32))
        span = sizes.history_blocks * self.config.clock.block_frames
        whole = frames // span * span
        rows = torch.cat([user, presence, user_audio.float()], 1)[:whole]
        entries = rows.reshape(-1, span, rows.shape[1]).mean(1)
        return Talk(avatar_audio, user_audio, motion("avatar_face"), motion("avatar_calm"), user, presence, loudness, closed, words, entries, states_of(changes, frames), int(row["avatarIdentity"]))

    def windows(self, audio: Tensor, first: int, frames: int, ahead: int) -> Tensor:
        """[frames, L_w, D]: the window of frame i ends `ahead` frames after it; outside the talk, the nearest row."""
        window = self.config.behaviour.window
        rows = torch.arange(frames)[:, None] + torch.arange(window)[None] + first + ahead - window + 1
        return audio[rows.clamp(0, len(audio) - 1)].float()

    def history(self, talk: Talk, frame: int) -> tuple[Tensor, Tensor]:
        """History [H,187] and mask [H] as the runtime holds them at the start of the block that begins at `frame`."""
        sizes = self.config.behaviour
        span = sizes.history_blocks * self.config.clock.block_frames
        last = frame // span
        taken = talk.entries[max(0, last - sizes.history_entries) : last]
        history = torch.zeros(sizes.history_entries, talk.entries.shape[1])
        mask = torch.zeros(sizes.history_entries)
        if len(taken):
            history[-len(taken) :] = taken
            mask[-len(taken) :] = 1
        return history, mask


@dataclass
class Batch:
    """N crops of L blocks."""

    motion: Tensor  # [N,L*4,58] the target at the drawn expressivity
    audio: Tensor  # [N,L*4,L_w,D] the avatar's
    words: Tensor  # [N,L,W] of the first frame of each block
    expressivity: Tensor  # [N,1]
    loudness: Tensor  # [N,L*4]
    closed: Tensor  # [N,L*4]
    dubbed: Tensor  # [N] 1 where a line was put into a silent crop: its voice and lips are right, the rest is a listener's
    crops: list[tuple[Talk, int]]


def draw(talks: Talks, crops: list[tuple[Talk, int]], blocks: int, rng: np.random.Generator, expressivity: np.ndarray, dubbing: float = 0.0, restaging: float = 0.0) -> Batch:
    """Builds a batch; `crops` are (talk, first frame), the first frame on a block border. A share `dubbing` of the silent ones says a line, and of the
    rest a share `restaging` is told another mood.
    """
    frames = blocks * talks.config.clock.block_frames
    ahead = talks.config.clock.avatar_lookahead_frames
    motion, audio, words, loud, closed, dubbed = [], [], [], [], [], []
    for (talk, first), e in zip(crops, expressivity):
        span = slice(first, first + frames)
        calm = talk.calm[span]
        full, shut, level, voice, start = talk.avatar[span], talk.closed[span], talk.loudness[span], talk.avatar_audio, first
        picked = talk.words[first : first + frames : talks.config.clock.block_frames].clone()
        silent = bool(level.max() < QUIET_RMS)
        dubs = silent and bool(talks.lines) and rng.random() < dubbing
        state = state_of(talk.states, first, first + frames)
        if silent and not dubs and state and rng.random() < restaging:
            levels, text = draw_mood(rng)
            gain = float(rng.uniform(*SHOWN))
            full = torch.cat([tensor_of(restage(array_of(full[:, :52]), state.levels, levels, gain)), full[:, 52:]], 1)
            picked[:] = torch.tensor(tokenize(text, WORD_ID, picked.shape[1]), dtype=torch.int32)
        moving = calm + float(e) * (full - calm)
        if dubs:
            line = talks.lines[rng.integers(len(talks.lines))]
            voice, start = line.audio, int(rng.integers(-6, max(1, len(line.mouth) - frames // 2)))
            moving, shut, level = dub(line, start, moving)
        motion.append(moving)
        audio.append(talks.windows(voice, start, frames, ahead))
        dubbed.append(float(dubs))
        picked[(torch.rand(picked.shape) < 0.05) & (picked != PAD)] = UNKNOWN
        words.append(picked)
        loud.append(level)
        closed.append(shut)
    stack = torch.stack
    return Batch(stack(motion), stack(audio), stack(words), tensor_of(expressivity.astype(np.float32))[:, None], stack(loud), stack(closed), torch.tensor(dubbed), crops)  # fmt: skip


def draw_expressivity(rng: np.random.Generator, count: int) -> np.ndarray:
    """Mostly full, sometimes anything down to calm."""
    return np.where(rng.random(count) < 0.6, 1.0, rng.random(count))


MOTION = MOTION_WIDTH
