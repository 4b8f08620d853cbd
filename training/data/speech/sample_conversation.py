"""Makes the little conversation that is bundled with the examples: two voices, the words, and the user's face.

    python -m training.data.speech.sample_conversation --out examples/assets

`conversation.user.wav` and `conversation.avatar.wav` are equally long (16 kHz mono 16 bit, one speaker each, silence
elsewhere). `conversation.json` lists the turns; `t` is when the words are known: at the end of what the user says (a
recogniser needs to hear it), at the start of what the avatar says (its words exist before its voice).
`conversation.face.jsonl` is the user's face at 25 frames a second: angles in radians, absent coefficients 0.
"""

import argparse
import json
import wave
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from training.data.arkit import ARKIT_NAMES
from training.data.speech.build import SAMPLES_PER_FRAME, frame_count
from training.data.speech.phones import SILENCE, Phone
from training.data.speech.sample_face import Turn, user_face
from training.data.speech.synthesise import Speech, synthesise
from training.data.speech.visemes import speech_to_face
from training.data.speech.voices import Voice, coloured_voice

SEED = 20
USER = Voice("flite", "rms", pitch=1.06, formant=1.02)
AVATAR = Voice("flite", "slt")


@dataclass(frozen=True)
class Line:
    """One turn of the script; `gap_s` is the silence before it."""

    role: str
    mood: str
    gap_s: float
    text: str


SCRIPT: tuple[Line, ...] = (
    Line("user", "neutral", 0.6, "Hello! It is good to see you. How was your morning?"),
    Line("avatar", "neutral", 0.3, "Good morning! Mine was quiet. You look very cheerful today."),
    Line("user", "happy", 0.2, "I am! I got the job! They called me an hour ago!"),
    Line("avatar", "happy", 0.12, "Oh, that is wonderful! I am so happy for you! And where will it be?"),
    Line("user", "sad", 0.9, "Well, far from here. I have to move away, and my mother is not well."),
    Line("avatar", "sad", 0.6, "Oh, I am sorry. That must be hard for both of you."),
    Line("user", "sad", 0.7, "It is. I feel awful about leaving her alone."),
    Line("avatar", "neutral", 0.5, "Maybe you could call her every evening, and come back at the weekends."),
    Line("user", "neutral", 0.6, "Yes. She would like that. Thank you for listening."),
    Line("avatar", "neutral", 0.3, "Any time. Give her my best wishes."),
)


def _trimmed(speech: Speech) -> Speech:
    """The speech without the silence that the synthesiser puts around it, so that gaps are what the script says."""
    first, last = speech.phones[0], speech.phones[-1]
    start = round(first.end_s * 16000) if first.name == SILENCE else 0
    end = round(last.start_s * 16000) if last.name == SILENCE else len(speech.pcm)
    inner = [p for p in speech.phones if p.start_s * 16000 >= start - 1 and p.end_s * 16000 <= end + 1]
    phones = [Phone(p.name, p.start_s - start / 16000, p.end_s - start / 16000) for p in inner]
    return Speech(speech.pcm[start:end], phones)


def make() -> tuple[np.ndarray, np.ndarray, list[dict], np.ndarray, np.ndarray]:
    """User and avatar sound float32 [S] each, turns, the user's coefficients [T,52] and yaw, pitch, roll [T,3] in rad."""
    voices = {"user": USER, "avatar": AVATAR}
    placed, at = [], 0
    for line in SCRIPT:
        speech = _trimmed(synthesise(line.text, coloured_voice(voices[line.role], line.mood, 0.8)))
        at += round(line.gap_s * 16000)
        placed.append((line, at, speech))
        at += len(speech.pcm)
    frames = frame_count(at + 16000)
    sound = {role: np.zeros(frames * SAMPLES_PER_FRAME, np.float32) for role in voices}
    phones: list[Phone] = []  # of the user, with the silences between turns
    turns: list[dict] = []
    acted: list[Turn] = []
    for line, start, speech in placed:
        sound[line.role][start : start + len(speech.pcm)] += speech.pcm
        end = start + len(speech.pcm)
        known = end if line.role == "user" else start
        turns.append({"role": line.role, "text": line.text, "t": round(known / 16000, 2)})
        acted.append(Turn(line.role == "user", line.mood, start / 16000, end / 16000))
        if line.role == "user":
            silent_from = phones[-1].end_s if phones else 0.0
            phones.append(Phone(SILENCE, silent_from, start / 16000))
            phones += [Phone(p.name, p.start_s + start / 16000, p.end_s + start / 16000) for p in speech.phones]
    phones.append(Phone(SILENCE, phones[-1].end_s, frames / 25))
    mouth = speech_to_face(phones, sound["user"], frames, 1.05)
    room = np.random.default_rng(SEED).normal(0, 2e-4, len(sound["user"])).astype(np.float32)  # a microphone is never silent
    face, pose = user_face(mouth, acted, sound["user"], SEED)
    return sound["user"] + room, sound["avatar"], turns, face, pose


def write(out: Path) -> None:
    """Writes the four files into `out`."""
    out.mkdir(parents=True, exist_ok=True)
    user, avatar, turns, face, pose = make()
    for role, pcm in (("user", user), ("avatar", avatar)):
        with wave.open(str(out / f"conversation.{role}.wav"), "wb") as file:
            file.setnchannels(1)
            file.setsampwidth(2)
            file.setframerate(16000)
            file.writeframes(np.round(np.clip(pcm, -1, 1) * 32767).astype("<i2").tobytes())
    rows = ",\n".join("  " + json.dumps(turn, ensure_ascii=False) for turn in turns)
    (out / "conversation.json").write_text(f"[\n{rows}\n]\n")
    with (out / "conversation.face.jsonl").open("w") as file:
        for index, (coefficients, angles) in enumerate(zip(face, pose, strict=True)):
            shapes = {name: round(float(value), 3) for name, value in zip(ARKIT_NAMES, coefficients, strict=True) if value >= 0.005}
            yaw, pitch, roll = (round(float(angle), 4) for angle in angles)
            line = {"t": round(index / 25, 2), "blendshapes": shapes, "pose": {"yaw": yaw, "pitch": pitch, "roll": roll}}
            file.write(json.dumps(line, separators=(",", ":")) + "\n")


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("examples/assets"))
    write(parser.parse_args().out)


if __name__ == "__main__":
    main()
