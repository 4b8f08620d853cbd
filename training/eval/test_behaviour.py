"""The readers find what was put there."""

from types import SimpleNamespace

import numpy as np

from training.data.arkit import ARKIT_INDEX
from training.data.conversation.emotion_shapes import EMOTION_NAMES, SHAPES, mirrored
from training.eval.behaviour import gaze_deg, nod_spectrum, smile_lags, trembling
from training.eval.controls import signature


def test_gaze_adds_eyes_and_head():
    motion = np.zeros((3, 58), np.float32)
    motion[1, [ARKIT_INDEX["eyeLookOutLeft"], ARKIT_INDEX["eyeLookInRight"]]] = 0.5  # to the left by half of 32 degrees
    motion[2] = motion[1]
    motion[2, 52] = -np.radians(16)  # the head turns back by as much
    assert np.allclose(gaze_deg(motion), [0, 16, 0], atol=1e-4)


def test_a_nod_of_four_hertz_lies_in_the_rapid_band():
    time = np.arange(400) / 25
    spectrum = nod_spectrum(0.05 * np.sin(2 * np.pi * 4 * time), np.ones(400, bool))
    hz = np.arange(2, 71) / 10
    assert abs(hz[spectrum.argmax()] - 4) < 0.11
    assert nod_spectrum(time, np.zeros(400, bool)) is None


def test_what_trembles_is_told_from_what_moves():
    time = np.arange(500) / 25
    motion = np.zeros((500, 58), np.float32)
    motion[:, 52:55] = (0.1 * np.sin(2 * np.pi * time))[:, None]  # a nod
    motion[100:103, :52] = 1.0  # a blink
    head, face = trembling(motion)
    assert head < 0.15 and face == 0
    noise = np.random.default_rng(1).normal(size=motion.shape)
    head, face = trembling(motion + 0.01 * noise)
    assert 0.4 < head < 0.7 and 6 < face < 10


def test_the_lag_of_a_smile_is_found():
    clip = SimpleNamespace(first=100, frames=400, talk=SimpleNamespace(events={"userSmiles": [{"frame": 250, "end": 280}, {"frame": 110, "end": 120}]}))
    smile = np.zeros(400)
    smile[162:] = 0.4  # 12 frames after the second smile's start at 150
    assert smile_lags(clip, smile) == [12 / 25]


def test_a_signature_fits_itself_and_its_mirror_image():
    doubt = SHAPES[EMOTION_NAMES.index("doubtful")]
    assert signature(doubt, doubt) > 0.999 and signature(mirrored(doubt), doubt) > 0.999
    assert signature(SHAPES[EMOTION_NAMES.index("joyful")], doubt) < 0.5
