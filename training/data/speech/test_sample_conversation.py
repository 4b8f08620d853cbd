"""The bundled conversation is what its script makes, and small."""

import json
import wave
from pathlib import Path

import numpy as np

from training.data.arkit import ARKIT_NAMES
from training.data.speech.sample_conversation import SCRIPT, write
from training.data.speech.visemes import mouth_opening


def read_pcm(path: Path) -> np.ndarray:
    with wave.open(str(path)) as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (16000, 1, 2)
        return np.frombuffer(file.readframes(file.getnframes()), "<i2").astype(np.float64) / 32768


def test_files_agree_with_each_other(tmp_path: Path) -> None:
    write(tmp_path)
    assert sum(file.stat().st_size for file in tmp_path.iterdir()) < 3_000_000
    user, avatar = read_pcm(tmp_path / "conversation.user.wav"), read_pcm(tmp_path / "conversation.avatar.wav")
    lines = [json.loads(line) for line in (tmp_path / "conversation.face.jsonl").read_text().splitlines()]
    turns = json.loads((tmp_path / "conversation.json").read_text())
    assert len(user) == len(avatar) == len(lines) * 640 and 30 < len(user) / 16000 < 50
    assert [turn["role"] for turn in turns] == [line.role for line in SCRIPT]
    assert all(left["t"] < right["t"] for left, right in zip(turns, turns[1:]))

    face = np.array([[line["blendshapes"].get(name, 0) for name in ARKIT_NAMES] for line in lines])
    assert set().union(*(line["blendshapes"] for line in lines)) <= set(ARKIT_NAMES)
    assert 0 <= face.min() and face.max() <= 1
    loud = np.sqrt((user.reshape(-1, 640) ** 2).mean(1)) > 0.02
    opening = mouth_opening(face)
    assert opening[loud].mean() > 0.15 and opening[~loud].mean() < 0.05

    talk = {line.text: line.mood for line in SCRIPT}
    index = {name: position for position, name in enumerate(ARKIT_NAMES)}
    for turn in turns:
        if turn["role"] == "user" and talk[turn["text"]] != "neutral":
            part = face[round((turn["t"] - 1.0) * 25) : round(turn["t"] * 25)].mean(0)
            smile, frown = part[index["mouthSmileLeft"]], part[index["mouthFrownLeft"]]
            assert smile > frown if talk[turn["text"]] == "happy" else frown > smile


def test_the_conversation_is_repeatable(tmp_path: Path) -> None:
    write(tmp_path / "a")
    write(tmp_path / "b")
    for file in (tmp_path / "a").iterdir():
        assert file.read_bytes() == (tmp_path / "b" / file.name).read_bytes()
