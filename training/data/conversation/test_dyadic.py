"""Recorded talks: a tiny made-up clip is read; broken ones are refused with the file and the place."""

import csv
import json

import numpy as np
import pytest
from scipy.io import wavfile

from training.data.arkit import ARKIT_INDEX, ARKIT_NAMES
from training.data.conversation.dyadic import POSE_COLUMNS, main_emotion, read_dyadic


@pytest.fixture
def clip(tmp_path):
    t = np.arange(2 * 48000) / 48000
    wavfile.write(tmp_path / "user.wav", 48000, (8000 * np.sin(2 * np.pi * 200 * t) * (t < 1)).astype(np.int16))
    buzz = sum(np.sin(2 * np.pi * 150 * k * t[::3]) / k for k in (1, 2, 3)) * (t[::3] > 1) * 0.2
    wavfile.write(tmp_path / "avatar.wav", 16000, np.stack([buzz, buzz], 1).astype(np.float32))
    with (tmp_path / "avatar_face.csv").open("w", newline="") as file:
        out = csv.writer(file)
        out.writerow(["frame", "time_s", *ARKIT_NAMES, *POSE_COLUMNS])
        for f in range(50):
            row = np.zeros(58)
            row[ARKIT_INDEX["jawOpen"]] = 0.5 if f >= 25 and f % 2 else 0.0
            row[ARKIT_INDEX["browInnerUp"]] = 0.7
            row[52] = 0.1
            out.writerow([f, f / 25, *row])
    lines = [{"t": f / 30, "blendshapes": {"mouthSmileLeft": f / 60}, "pose": {"yaw": 0.2}} for f in range(30)]  # at 30 fps, then gone
    (tmp_path / "user_face.jsonl").write_text("\n".join(json.dumps(x) for x in lines))
    turns = [{"role": "user", "text": "Hello.", "t": 0.0}, {"role": "avatar", "text": "Hello you.", "t": 1.0}]
    (tmp_path / "transcript.json").write_text(json.dumps({"turns": turns, "affect": [{"t": 0.8, "text": "quite cheerful, a little tired"}]}))
    return tmp_path


def test_a_clip_is_read_at_25_fps(clip):
    c = read_dyadic(clip)
    assert c.frames == 50 and len(c.user_pcm) == len(c.avatar_pcm) == 32000
    smile = c.user_face[:, ARKIT_INDEX["mouthSmileLeft"]].astype(float)
    assert abs(smile[10] - 0.4 * 30 / 60) < 0.01 and abs(float(c.user_face[5, 52]) - 0.2) < 1e-3
    assert c.user_presence[:24].all() and not c.user_presence[30:].any()
    assert c.affect_code[10] == 0 and c.affect[-1]["emotion"] == "happy" and c.affect_code[-1] != 0
    assert [t["role"] for t in c.dialogue] == ["user", "avatar"]


def test_calm_keeps_articulation_and_drops_expression(clip):
    c = read_dyadic(clip)
    calm = c.avatar_calm.astype(float)
    assert calm[:, ARKIT_INDEX["browInnerUp"]].max() == 0
    assert calm[30:45, ARKIT_INDEX["jawOpen"]].max() > 0.4 and calm[:15, ARKIT_INDEX["jawOpen"]].max() < 0.05


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("transcript.json", '[{"role": "dog", "text": "a", "t": 0}]', r"turns\[0\].role"),
        ("transcript.json", "{", "not JSON"),
        ("user_face.jsonl", '{"t": 0, "blendshapes": {"smile": 1}}', "line 1"),
        ("avatar_face.csv", "frame,time_s\n0,0\n", "column"),
        ("user.wav", "not a wave", "user.wav"),
    ],
)
def test_broken_files_are_named(clip, name, text, message):
    (clip / name).write_text(text)
    with pytest.raises(ValueError, match=message):
        read_dyadic(clip)


def test_a_folder_with_only_video_says_what_to_do(clip):
    (clip / "avatar_face.csv").unlink()
    (clip / "avatar.mp4").write_bytes(b"")
    with pytest.raises(ValueError, match="face tracker on avatar.mp4"):
        read_dyadic(clip)


def test_words_lead_to_emotions():
    assert main_emotion("she seems rather furious") == "angry" and main_emotion("blue") == "neutral"
