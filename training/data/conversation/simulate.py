"""Puts two people into one talk: `simulate(seed, minutes)` -> `Conversation`.

    script -> turns with sound -> the user's face -> what the avatar sees and hears -> the avatar's face (full and calm)
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

from training.data.arkit import ARKIT_INDEX
from training.data.speech.kokoro import kokoro_folder
from training.data.speech.voices import sample_timbre

from .affect_text import INTENSITIES, Affect, describe
from .blinks import Blink, lid_track, place_blinks
from .conversation import Conversation
from .dialogues import compose
from .emotion_shapes import CODE, EMOTION_NAMES, EMOTIONS, blend
from .expression import (
    Memory,
    Smile,
    affect_levels,
    answer_feelings,
    answer_smiles,
    own_smiles,
    remember,
    smile_face,
    smile_track,
    user_levels,
)  # fmt: skip
from .gaze import Gaze, eye_coefficients, gaze_track, head_share
from .head import idle, mimicry, posture, talking
from .lips import put_together
from .nods import Nod, draw_nod, draw_shake, nod_track
from .people import Person, sample_person, stream
from .prosody import Prosody, analyse
from .statistics import FPS, SAMPLES_PER_FRAME, STATISTICS
from .talk import PAD_FRAMES, Speaker, SynthesisedSpeaker, Utterance
from .turns import Turn, backchannel_places, schedule

_AROUSAL = np.array([e.arousal for e in EMOTIONS], np.float32)
_VALENCE = np.array([e.valence for e in EMOTIONS], np.float32)
_BACKCHANNELS = {"sad": ("Oh.", "Oh no.", "I see."), "happy": ("Wow.", "Oh!", "Yeah!", "Really?"), "": ("Yeah.", "Right.", "Uh huh.", "I see.", "Okay.")}
NATURAL_EVERY = 12
"""One talk in so many is between natural voices, where they are installed."""
DIRECTED_TALKS = 0.6
"""Share of talks in which some of the avatar's states are set from outside, so that every emotion meets every situation."""
_DIRECTED_TURNS = 0.5
CALM_TALKING = 0.25
"""Share of the talking head movement that stays at expressivity 0."""


class _Track:
    """One person's sound and articulation, gathered sentence by sentence."""

    def __init__(self, frames: int) -> None:
        self.pcm = np.zeros(frames * SAMPLES_PER_FRAME, np.float32)
        self.mouth = np.zeros((frames, 52), np.float32)
        self.closed = np.zeros(frames, np.float32)
        self.speaking = np.zeros(frames, bool)
        self.sentence_frames: list[int] = []

    def place(self, frame: int, said: Utterance) -> None:
        start = frame * SAMPLES_PER_FRAME
        piece = said.pcm[: len(self.pcm) - start]
        self.pcm[start : start + len(piece)] += piece
        first = frame - PAD_FRAMES
        skip = max(0, -first)
        end = min(len(self.mouth), first + len(said.mouth))
        rows = slice(first + skip, end)
        self.mouth[rows] = np.maximum(self.mouth[rows], said.mouth[skip : end - first])
        self.closed[rows] = np.maximum(self.closed[rows], said.closed[skip : end - first])
        self.speaking[frame : frame + int(np.ceil(said.seconds * FPS))] = True
        self.sentence_frames.append(frame)


def _lay(turns: list[Turn], role: str, frames: int) -> _Track:
    track = _Track(frames)
    for turn in turns:
        if turn.role == role:
            for spoken in turn.sentences:
                track.place(spoken.frame, spoken.said)
    return track


def _held(turns: list[Turn], role: str, frames: int) -> np.ndarray:
    """[T] bool: this person has the floor (pauses inside a turn included)."""
    out = np.zeros(frames, bool)
    for turn in turns:
        if turn.role == role:
            out[turn.start : turn.end] = True
    return out


def _written_states(turns: list[Turn], rng: np.random.Generator, directed: bool) -> list[tuple[int, Affect, str]]:
    """(frame, state, source) of the avatar: changes when the user has finished, when the script says so, or by a director."""
    out = [(0, Affect("attentive", 0.5, "calm", 0.5) if rng.random() < 0.5 else Affect("neutral", 0.5), "dialogue")]
    for i, turn in enumerate(turns):
        if turn.role == "user" and turn.listener is not None:
            out.append((turn.start + round(0.5 * FPS), turn.listener, "dialogue"))
        if turn.role == "avatar":
            after_user = i > 0 and turns[i - 1].role == "user"
            frame = min(turns[i - 1].end, turn.start) if after_user else turn.start - 8
            out.append((max(1, frame), turn.affect, "dialogue"))
    done: list[tuple[int, Affect, str]] = []
    for frame, affect, source in out:
        if directed and rng.random() < _DIRECTED_TURNS:
            levels = [level for level, _ in INTENSITIES.values()]
            names = rng.choice(EMOTION_NAMES, 2, replace=False)
            second = rng.random() < 0.3
            affect = Affect(str(names[0]), float(rng.choice(levels)), str(names[1]) if second else None, float(rng.choice(levels[:3])) if second else 0.0)
            source = "director"
        if done and frame <= done[-1][0]:
            done.pop()
        done.append((frame, affect, source))
    return done


def _absences(frames: int, smiles: list[Smile], rng: np.random.Generator) -> np.ndarray:
    """[T] 1 where the user is in view; in a third of the talks the user leaves once or twice for 2 to 9 seconds."""
    present = np.ones(frames, np.float32)
    if rng.random() < 0.35:
        for _ in range(int(rng.integers(1, 3))):
            for _ in range(8):  # leaves between two smiles, not in the middle of one
                start = int(rng.integers(10 * FPS, max(11 * FPS, frames - 12 * FPS)))
                end = start + round(rng.uniform(2.0, 9.0) * FPS)
                if all(s.frame > end + FPS or s.end < start for s in smiles):
                    present[start:end] = 0.0
                    break
    return present


def _backchannels(prosody: Prosody, partner_held: np.ndarray, own_held: np.ndarray, level: np.ndarray, person: Person, rng: np.random.Generator) -> tuple[list[Nod], list[float]]:
    """A listener's nods and the seconds of spoken backchannels; `level` [T] is the readiness to nod (emotion)."""
    s = STATISTICS
    nods, vocal = [], []
    for at in backchannel_places(prosody, partner_held & ~own_held):
        frame = int(at * FPS)
        if rng.random() < np.clip(s.bc_response_share * person.backchannel_factor * level[frame], 0, 0.95):
            nods.append(draw_nod(frame, person, rng))
            if rng.random() < s.bc_vocal_share and not own_held[frame : frame + 20].any():
                vocal.append(at)
    ends = np.flatnonzero(np.diff(partner_held.astype(np.int8)) < 0)
    for end in ends:  # a slow nod when the other has finished
        if rng.random() < 0.25 * min(1.5, person.backchannel_factor) and end + 10 < len(own_held):
            nods.append(draw_nod(int(end) + int(rng.integers(-4, 9)), person, rng, slow=0.5))
    nods.sort(key=lambda n: n.frame)
    apart = [n for i, n in enumerate(nods) if i == 0 or n.frame - nods[i - 1].frame > 20]
    return apart, vocal


def _say_backchannels(times: list[float], speaker: Speaker, track: _Track, affects: list[tuple[int, Affect]], held: np.ndarray, rng: np.random.Generator) -> list[dict]:
    """Speak the short answers and put them on the track -> dialogue entries."""
    out = []
    for at in times:
        frame = int(at * FPS)
        state = [a for f, a in affects if f <= frame][-1]
        valence = EMOTIONS[CODE[state.emotion]].valence
        words = _BACKCHANNELS["sad" if valence < -0.15 else "happy" if valence > 0.75 else ""]
        text = str(rng.choice(words))
        said = speaker.say(text, state)
        end = frame + int(np.ceil(said.seconds * FPS))
        if end + 12 < len(track.speaking) and not track.speaking[max(0, frame - 12) : end + 12].any():
            track.place(frame, said)
            out.append({"text": text, "frame": frame, "end": end, "emotion": state.emotion})
    return out


def _perform(
    person: Person, track: _Track, prosody: Prosody, own: list[Turn], changes: list[int], levels: np.ndarray, smile: np.ndarray, nods: list[Nod],
    partner_head: np.ndarray | None, partner_blinks: list[Blink], rng: np.random.Generator,
) -> tuple[np.ndarray, np.ndarray, Gaze, list[Blink]]:  # fmt: skip
    """One person's motion -> (full [T, 58], calm [T, 58], gaze, blinks)."""
    frames = len(levels)
    semitones, loudness, _ = prosody.at_frames(frames)
    talk = gaussian_filter1d(track.speaking.astype(np.float32), 2.0)
    weight = levels.sum(1, keepdims=True)
    arousal = np.clip(0.45 + levels @ (_AROUSAL - 0.45), 0.1, 1.2)
    toward = np.exp(levels @ np.log(np.array([e.gaze_at_factor for e in EMOTIONS], np.float32)))
    bias = levels @ np.array([e.gaze_bias_deg for e in EMOTIONS], np.float32) / np.maximum(weight, 1.0)
    lids = np.exp(levels @ np.log(np.array([e.blink_factor for e in EMOTIONS], np.float32)))

    # 1. head
    still = idle(frames, person, rng)
    held = np.zeros(frames, bool)
    for turn in own:
        held[turn.start : turn.end] = True
    beat, accents = talking(semitones, loudness, track.speaking, track.sentence_frames, arousal, person, rng)
    gaze = gaze_track(frames, held, [(t.start, t.end) for t in own], person, np.clip(toward, 0.5, 1.5), bias, rng)
    head = still + beat + posture(levels, 1.0 if person.asymmetry >= 0 else -1.0, changes, person, rng)
    head[:, 1] += nod_track(frames, nods, "nod")
    head[:, 0] += nod_track(frames, nods, "shake")
    head[:, :2] += np.deg2rad(head_share(gaze, person))
    if partner_head is not None:
        head += mimicry(partner_head, ~held, person)
    calm_head = still + CALM_TALKING * beat

    # 2. eyes: they hold their target while the head moves (vestibulo-ocular reflex)
    eyes = eye_coefficients(gaze.angles - np.rad2deg(head[:, :2]))
    calm_eyes = eye_coefficients(gaze.home - np.rad2deg(calm_head[:, :2]))

    # 3. blinks, the same in full and calm
    pauses = np.zeros(frames)
    for frame in np.flatnonzero(np.diff(track.speaking.astype(np.int8)) < 0):
        pauses[frame : frame + 8] = 1.0
    blinks = place_blinks(frames, person, lids, pauses, gaze.shifts, partner_blinks, rng)
    lid = lid_track(frames, blinks)[:, None]

    # 4. face
    expression = blend(levels, left_handed=person.asymmetry < 0)
    expression = 1 - (1 - expression) * (1 - smile_face(smile, person))
    for name, share in (("browInnerUp", 0.16), ("browOuterUpLeft", 0.20), ("browOuterUpRight", 0.20)):
        i = ARKIT_INDEX[name]
        expression[:, i] = 1 - (1 - expression[:, i]) * (1 - share * accents)
    face = put_together(track.mouth, track.closed, talk, expression)
    face = 1 - (1 - face) * (1 - eyes)
    calm = 1 - (1 - track.mouth) * (1 - calm_eyes)
    for coefficients in (face, calm):
        for name in ("eyeBlinkLeft", "eyeBlinkRight"):
            i = ARKIT_INDEX[name]
            coefficients[:, i : i + 1] = np.maximum(coefficients[:, i : i + 1], lid)
        for name in ("eyeWideLeft", "eyeWideRight"):
            coefficients[:, ARKIT_INDEX[name]] *= 1 - lid[:, 0]
    full = np.concatenate([np.clip(face, 0, 1), head], 1)
    return full, np.concatenate([np.clip(calm, 0, 1), calm_head], 1), gaze, blinks


def _nod_level(levels: np.ndarray) -> np.ndarray:
    """Readiness to nod [T]: boredom, anger and tiredness hold it down."""
    flat = levels[:, [CODE["bored"], CODE["tired"], CODE["angry"], CODE["annoyed"], CODE["afraid"]]].max(1)
    keen = levels[:, [CODE["attentive"], CODE["interested"], CODE["warm"], CODE["sympathetic"]]].max(1)
    return (1 - 0.75 * np.clip(flat, 0, 1)) * (1 + 0.35 * np.clip(keen, 0, 1))


def simulate(
    seed: int, minutes: float = 4.0, split: str = "train", speakers: dict[str, Speaker] | None = None, cache: Path | None = None,
    identities: tuple[int, int] = (0, 1),
) -> Conversation:  # fmt: skip
    """One conversation of `minutes` at 25 fps, the same for the same arguments.

    `split` "held-out" takes voices that training never hears. `speakers` {"user", "avatar"} replaces the synthesised voices
    (tests); `identities` are the head numbers that go into `meta` and change nothing here. Raises ValueError for a clip under half a minute.
    """
    if minutes < 0.5:
        raise ValueError(f"minutes must be at least 0.5, got {minutes}")
    frames = round(minutes * 60 * FPS)
    user, avatar = sample_person(stream(seed, "user")), sample_person(stream(seed, "avatar"))
    voices: dict[str, str] = {}
    if speakers is None:
        speakers = {}
        natural = kokoro_folder() is not None and seed % NATURAL_EVERY == 0
        first = sample_timbre(seed * 2, split, natural)
        k = 0
        while (second := sample_timbre(seed * 2 + 1 + 1000 * k, split, natural)).timbre == first.timbre:
            k += 1
        for role, voice, name in (("user", first, "user-voice"), ("avatar", second, "avatar-voice")):
            speakers[role] = SynthesisedSpeaker(voice, float(stream(seed, name).uniform(0.85, 1.2)), cache)
            voices[role] = voice.timbre

    # 1. who says what, when
    turns = schedule(compose(stream(seed, "dialogue")), speakers, frames, stream(seed, "turns"))
    tracks = {role: _lay(turns, role, frames) for role in ("user", "avatar")}
    prosody = {role: analyse(track.pcm) for role, track in tracks.items()}
    floor = {role: _held(turns, role, frames) for role in tracks}
    changes = [t.start for t in turns]
    directed = stream(seed, "directed").random() < DIRECTED_TALKS
    rng = stream(seed, "affect")
    states = _written_states(turns, rng, directed)
    affects = [(frame, affect) for frame, affect, _ in states]
    texts = [describe(affect, rng) for _, affect in affects]

    # 2. the user
    rng = stream(seed, "user-face")
    user_feel = user_levels(turns, frames, user, rng)
    user_smiles = own_smiles(turns, "user", frames, rng)
    user_affects = [(0, Affect("attentive", 0.5)), *((t.start, t.affect) for t in turns if t.role == "user")]
    spoken: dict[str, list[dict]] = {}
    nods: dict[str, list[Nod]] = {}
    nods["user"], vocal = _backchannels(prosody["avatar"], floor["avatar"], floor["user"], _nod_level(user_feel), user, rng)
    spoken["user"] = _say_backchannels(vocal, speakers["user"], tracks["user"], user_affects, floor["avatar"], rng)
    user_smile = smile_track(frames, user_smiles)
    user_full, _, user_gaze, user_blinks = _perform(
        user, tracks["user"], prosody["user"], [t for t in turns if t.role == "user"], changes, user_feel, user_smile, nods["user"], None, [], rng
    )
    present = _absences(frames, user_smiles, stream(seed, "absence"))

    # 3. what the avatar makes of it
    rng = stream(seed, "avatar-face")
    seen = user_feel * present[:, None]
    memory: Memory = remember(seen, user_smile * present, avatar)
    own_feel = affect_levels(affects, floor["avatar"], avatar, rng)
    feel = 1 - (1 - np.clip(own_feel, 0, 1)) * (1 - np.clip(answer_feelings(seen, memory, present, avatar, rng), 0, 1))
    answers = answer_smiles(user_smiles, present, memory, own_feel @ _VALENCE, avatar, rng)
    avatar_turns = [t for t in turns if t.role == "avatar"]
    meant = [_as_felt(t, affects) for t in avatar_turns]
    unasked = own_smiles(meant, "avatar", frames, rng, polite_per_min=0.0)
    avatar_smile = np.maximum(smile_track(frames, answers), 0.6 * smile_track(frames, unasked))
    nods["avatar"], vocal = _backchannels(prosody["user"], floor["user"], floor["avatar"], _nod_level(feel), avatar, rng)
    spoken["avatar"] = _say_backchannels(vocal, speakers["avatar"], tracks["avatar"], affects, floor["user"], rng)
    for turn in turns:  # a shake of the head at surprising or sad news
        if turn.role == "user" and turn.affect.emotion in ("sad", "disgusted", "surprised", "annoyed") and rng.random() < 0.35:
            nods["avatar"].append(draw_shake(min(frames - 1, turn.end + int(rng.integers(0, 12))), avatar, rng))
    avatar_full, avatar_calm, avatar_gaze, avatar_blinks = _perform(
        avatar, tracks["avatar"], prosody["avatar"], avatar_turns, changes, feel, avatar_smile, nods["avatar"], user_full[:, 52:], user_blinks, rng
    )

    # 4. write it down
    affect_code = np.zeros(frames, np.uint8)
    affect_rows = []
    for (frame, affect, source), text in zip(states, texts):
        affect_code[frame:] = affect.code
        affect_rows.append({"frame": frame, "text": text, "emotion": affect.emotion, "level": affect.level, "second": affect.second,
                            "secondLevel": affect.second_level, "source": source})  # fmt: skip
    dialogue = [{"role": t.role, "text": t.text, "t": t.start / FPS, "end": t.end / FPS, "emotion": t.affect.emotion, "script": t.script,
                 "kind": t.kind, "backchannel": False} for t in turns]  # fmt: skip
    for role, rows in spoken.items():
        dialogue += [{"role": role, "text": r["text"], "t": r["frame"] / FPS, "end": r["end"] / FPS, "emotion": r["emotion"], "script": "",
                      "kind": "", "backchannel": True} for r in rows]  # fmt: skip
    dialogue.sort(key=lambda r: r["t"])
    user_full[present == 0] = 0.0
    events = {
        "userSmiles": [{"frame": s.frame, "end": s.end, "peak": s.peak} for s in user_smiles if present[s.frame]],
        "smileAnswers": [{"frame": s.frame, "to": s.answers, "lagS": (s.frame - s.answers) / FPS, "peak": s.peak} for s in answers],
        "avatarSmiles": [s.frame for s in unasked],
        "nods": {role: [{"frame": n.frame, "hz": n.hz, "cycles": n.cycles, "amplitudeRad": n.amplitude, "kind": n.kind} for n in rows] for role, rows in nods.items()},
        "blinks": {"user": [b.frame for b in user_blinks], "avatar": [b.frame for b in avatar_blinks]},
        "gazeAt": {"user": _spans(user_gaze.at), "avatar": _spans(avatar_gaze.at)},
        "griefLevel": [round(float(x), 3) for x in memory.grief[::FPS]],
        "changes": changes,
    }
    meta = {"seed": seed, "minutes": minutes, "split": split, "directed": directed, "voices": voices, "scripts": list(dict.fromkeys(t.script for t in turns)),
            "userIdentity": identities[0], "avatarIdentity": identities[1]}  # fmt: skip
    return Conversation(
        user_pcm=_microphone(tracks["user"].pcm, stream(seed, "microphone")), avatar_pcm=_int16(tracks["avatar"].pcm),
        user_face=user_full.astype(np.float16), avatar_face=avatar_full.astype(np.float16), avatar_calm=avatar_calm.astype(np.float16),
        user_presence=present.astype(np.uint8)[:, None], affect_code=affect_code,
        avatar_closed=(tracks["avatar"].closed > 0).astype(np.uint8), user_closed=(tracks["user"].closed > 0).astype(np.uint8),
        affect=affect_rows, dialogue=dialogue, events=events, meta=meta,
    )  # fmt: skip


def _as_felt(turn: Turn, affects: list[tuple[int, Affect]]) -> Turn:
    """The avatar's turn with the state it really has (a director may have changed it)."""
    state = [a for f, a in affects if f <= turn.start][-1]
    return Turn(turn.role, turn.start, turn.end, turn.sentences, state, None, turn.script, turn.kind)


def _spans(mask: np.ndarray) -> list[list[int]]:
    """[T] bool -> [[start, end], ...]."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [[int(a), int(b)] for a, b in zip(edges[::2], edges[1::2])]


def _microphone(pcm: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The user's sound as a headset hears it: some gain, a little room noise (-62 to -45 dBFS)."""
    gain = float(np.clip(np.exp(rng.normal(0, 0.35)), 0.4, 1.8))
    noise = gaussian_filter1d(rng.normal(size=len(pcm)), 1.0).astype(np.float32)
    return _int16(pcm * gain + noise / noise.std() * 10 ** (rng.uniform(-62, -45) / 20))


def _int16(pcm: np.ndarray) -> np.ndarray:
    return (np.clip(pcm, -1, 1) * 32767).astype(np.int16)
