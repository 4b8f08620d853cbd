"""The mouth curves do what the sounds ask."""

import numpy as np
import pytest

from training.data.arkit import ARKIT_INDEX, ARKIT_NAMES
from training.data.speech.phones import Phone
from training.data.speech.synthesise import synthesise
from training.data.speech.visemes import MOUTH_NAMES, closures, mouth_opening, speech_to_face
from training.data.speech.voices import Voice

JAW = ARKIT_INDEX["jawOpen"]


def spoken(*names_and_ms: tuple[str, int]) -> list[Phone]:
    phones, at = [], 0.0
    for name, ms in names_and_ms:
        phones.append(Phone(name, at, at + ms / 1000))
        at += ms / 1000
    return phones


def loud(phones: list[Phone]) -> tuple[np.ndarray, int]:
    """A steady tone of speech loudness for the phones, and their frame count."""
    samples = round(phones[-1].end_s * 16000)
    return (0.113 * np.sin(np.arange(samples) * 0.06)).astype(np.float32), -(-samples // 640)


def face_of(phones: list[Phone], style: float = 1.0) -> np.ndarray:
    pcm, frames = loud(phones)
    return speech_to_face(phones, pcm, frames, style)


@pytest.mark.parametrize("name", ["p", "b", "m"])
@pytest.mark.parametrize("length_ms", [30, 60, 120])
@pytest.mark.parametrize("style", [0.5, 1.5])
def test_bilabials_shut_the_lips_between_open_vowels(name: str, length_ms: int, style: float) -> None:
    phones = spoken(("sil", 200), ("aa", 160), (name, length_ms), ("aa", 160), ("sil", 200))
    opening = mouth_opening(face_of(phones, style))
    (start, end), = closures(phones)
    middle = int((start + end) / 2 * 25)
    assert opening[middle] < 0.02
    assert opening[6:9].max() > 0.15 and opening[-9:-5].max() > 0.15


def test_a_vowel_without_closure_stays_open() -> None:
    phones = spoken(("sil", 200), ("aa", 160), ("g", 80), ("aa", 160), ("sil", 200))
    assert mouth_opening(face_of(phones))[6:13].min() > 0.15


def test_open_vowels_open_the_jaw_more_than_close_ones() -> None:
    def peak(vowel: str) -> float:
        return float(face_of(spoken(("sil", 200), ("t", 80), (vowel, 180), ("t", 80), ("sil", 200)))[:, JAW].max())

    assert 0.35 <= peak("aa") <= 0.65
    assert peak("aa") > peak("eh") > peak("iy")


def test_rounded_vowels_pucker_and_spread_ones_do_not() -> None:
    rounded = face_of(spoken(("sil", 200), ("uw", 200), ("sil", 200)))[:, ARKIT_INDEX["mouthPucker"]].max()
    spread = face_of(spoken(("sil", 200), ("iy", 200), ("sil", 200)))[:, ARKIT_INDEX["mouthPucker"]].max()
    assert rounded > 0.4 and spread < 0.05


def test_labiodentals_roll_the_lower_lip_in() -> None:
    face = face_of(spoken(("sil", 200), ("aa", 160), ("f", 100), ("aa", 160), ("sil", 200)))
    middle = int(0.40 * 25)
    assert face[middle, ARKIT_INDEX["mouthRollLower"]] > 0.4
    assert face[middle, ARKIT_INDEX["mouthLowerDownLeft"]] < 0.1


@pytest.mark.parametrize("vowel, shape", [("uw", "mouthPucker"), ("ao", "mouthFunnel"), ("iy", "mouthStretchLeft")])
def test_lips_set_off_60_to_140_ms_before_their_sound(vowel: str, shape: str) -> None:
    curve = face_of(spoken(("sil", 600), (vowel, 200), ("sil", 600)))[:, ARKIT_INDEX[shape]]
    times = (np.arange(len(curve)) + 0.5) / 25
    rising = slice(0, int(curve.argmax()) + 1)
    onset_s = float(np.interp(0.2 * curve.max(), curve[rising], times[rising]))
    assert 0.06 <= 0.6 - onset_s <= 0.14
    assert 0.6 - 0.02 <= times[curve.argmax()] <= 0.6 + 0.15


def test_louder_speech_opens_wider() -> None:
    phones = spoken(("sil", 200), ("aa", 200), ("sil", 200))
    pcm, frames = loud(phones)
    soft, strong = (speech_to_face(phones, pcm * gain, frames)[:, JAW].max() for gain in (0.3, 1.6))
    assert strong > 1.3 * soft


def test_jaw_follows_the_energy_of_real_speech() -> None:
    speech = synthesise("She saw a tall father walk along the path, and that was all.", Voice("flite", "slt"))
    frames = -(-len(speech.pcm) // 640)
    jaw = speech_to_face(speech.phones, speech.pcm, frames)[:, JAW]
    padded = np.pad(speech.pcm, (0, frames * 640 - len(speech.pcm))).reshape(frames, 640)
    assert np.corrcoef(jaw, np.sqrt((padded**2).mean(1)))[0, 1] > 0.35


def test_only_the_mouth_moves_and_values_are_coefficients() -> None:
    speech = synthesise("Peter may move both of the big blue boats, if you push.", Voice("flite", "rms"))
    face = speech_to_face(speech.phones, speech.pcm, -(-len(speech.pcm) // 640), 1.5)
    assert face.dtype == np.float32 and face.shape[1] == 52
    assert 0 <= face.min() and face.max() <= 1
    still = [ARKIT_INDEX[name] for name in ARKIT_NAMES if name not in MOUTH_NAMES]
    assert not face[:, still].any()
    assert np.abs(np.diff(face[:, JAW])).max() < 0.35  # smooth: a full opening takes more than 100 ms


def test_style_out_of_range_is_refused() -> None:
    with pytest.raises(ValueError, match="style"):
        face_of(spoken(("aa", 200)), 3.0)
