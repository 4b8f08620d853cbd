"""Stretches of talks for the pictures, and what is written of them."""

import wave
from types import SimpleNamespace

import numpy as np
from PIL import Image

from training.data.arkit import ARKIT_NAMES
from training.eval.filmed import LEAD_IN, choose, save, save_motion, save_sound
from training.eval.rollouts import SPAN


def test_stretches_are_speech_after_their_lead_in_and_share_no_frame_and_a_silent_talk_has_none():
    pcm = np.zeros(640 * 2000, np.int16)
    silent = SimpleNamespace(avatar_pcm=pcm.copy())
    pcm[640 * 100 : 640 * 1900] = 3000
    talk = SimpleNamespace(avatar_pcm=pcm.copy())
    chosen = choose([silent, talk], 152, 3)
    assert [name for _, _, name in chosen] == ["01a", "01b", "01c"][: len(chosen)] and len(chosen) >= 2
    spans = sorted((first + LEAD_IN, first + LEAD_IN + 152) for _, first, _ in chosen)
    for found, first, _ in chosen:
        assert found is talk and first % SPAN == 0
        shown = pcm[(first + LEAD_IN) * 640 : (first + LEAD_IN + 152) * 640]
        assert (shown != 0).mean() > 0.5
    assert all(end <= start for (_, end), (start, _) in zip(spans, spans[1:]))
    np.testing.assert_array_equal(talk.avatar_pcm, pcm)


def test_frames_and_sound_are_written_as_eval_reads_them(tmp_path):
    rgba = np.random.default_rng(0).integers(0, 256, (3, 8, 8, 4), dtype=np.uint8)
    save(rgba, tmp_path / "full/00-ada")
    assert sorted(path.name for path in (tmp_path / "full/00-ada").iterdir()) == ["0000.png", "0001.png", "0002.png"]
    np.testing.assert_array_equal(np.array(Image.open(tmp_path / "full/00-ada/0001.png")), rgba[1])
    pcm = np.array([0, 100, -32768], np.int16)
    save_sound(pcm, tmp_path / "sound/00-ada.wav")
    with wave.open(str(tmp_path / "sound/00-ada.wav")) as file:
        assert (file.getframerate(), file.getnchannels()) == (16000, 1)
        np.testing.assert_array_equal(np.frombuffer(file.readframes(3), "<i2"), pcm)


def test_motion_is_written_under_the_names_that_eval_knows(tmp_path):
    motion = np.arange(2 * 58, dtype=np.float32).reshape(2, 58)
    save_motion(motion, tmp_path / "full/00.csv")
    header, first, _ = (tmp_path / "full/00.csv").read_text().split()
    assert header == ",".join([*ARKIT_NAMES, "headYaw", "headPitch", "headRoll"])
    assert [float(value) for value in first.split(",")] == motion[0, :55].tolist()
