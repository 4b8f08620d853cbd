"""Every engine speaks with phone times that fit its sound."""

import numpy as np
import pytest

from training.data.speech.augment import augmented, noise
from training.data.speech.phones import PHONES, from_espeak, from_festival
from training.data.speech.synthesise import Speech, synthesise
from training.data.speech.voices import HELD_OUT_VOICES, TRAINING_TIMBRES, Voice, sample_timbre, sample_voice

TEXT = "Please put six big maps by the pump. She saw five fish."
VOICES = [
    Voice("flite", "slt"), Voice("flite", "rms", pitch=1.2, formant=1.06, rate=0.85, f0_range=0.6), Voice("flite", "kal16"),
    Voice("festival", "ked_diphone", rate=1.2), Voice("espeak", "f2"), Voice("espeak", "m1", formant=0.95), *HELD_OUT_VOICES,
]  # fmt: skip


def level(speech: Speech, names: set[str]) -> float:
    """RMS over the middle halves of the phones with these names."""
    parts = []
    for phone in speech.phones:
        if phone.name in names:
            quarter = (phone.end_s - phone.start_s) / 4
            parts.append(speech.pcm[int((phone.start_s + quarter) * 16000) : int((phone.end_s - quarter) * 16000)])
    return float(np.sqrt(np.mean(np.concatenate(parts) ** 2)))


@pytest.mark.parametrize("voice", VOICES, ids=lambda voice: voice.timbre)
def test_phones_cover_the_sound_and_sit_on_it(voice: Voice) -> None:
    speech = synthesise(TEXT, voice)
    assert speech.pcm.dtype == np.float32 and np.abs(speech.pcm).max() <= 1
    assert speech.phones[0].start_s == pytest.approx(0, abs=1e-6)
    assert speech.phones[-1].end_s == pytest.approx(speech.duration_s, abs=0.06)
    for left, right in zip(speech.phones, speech.phones[1:]):
        assert left.start_s < left.end_s and left.end_s == pytest.approx(right.start_s)
    assert {phone.name for phone in speech.phones} <= set(PHONES)
    # Right times put vowels on the loud parts: shifted by 80 ms this fails for every engine.
    assert level(speech, {"iy", "ih", "ae", "ay", "ah", "ao"}) > 4 * level(speech, {"p", "f"})


@pytest.mark.parametrize("voice", VOICES, ids=lambda voice: voice.timbre)
def test_s_and_sh_have_high_frequencies_where_the_phones_say(voice: Voice) -> None:
    speech = synthesise(TEXT, voice)

    def centre_hz(names: set[str]) -> float:
        centres = []
        for phone in speech.phones:
            if phone.name in names:
                part = speech.pcm[int(phone.start_s * 16000) : int(phone.end_s * 16000)]
                power = np.abs(np.fft.rfft(part * np.hanning(len(part)))) ** 2
                centres.append((power * np.fft.rfftfreq(len(part), 1 / 16000)).sum() / power.sum())
        return float(np.mean(centres))

    assert centre_hz({"s", "sh"}) > 2 * centre_hz({"ih", "ae", "ah", "ao", "ay"})


def test_the_same_voice_and_text_give_the_same_bytes() -> None:
    voice = Voice("espeak", "f3", pitch=1.1, rate=0.9)
    first, second = synthesise(TEXT, voice), synthesise(TEXT, voice)
    assert np.array_equal(first.pcm, second.pcm) and first.phones == second.phones


def test_rate_moves_times_and_pitch_does_not() -> None:
    plain, slow, high = (synthesise(TEXT, Voice("flite", "slt", **bend)) for bend in ({}, {"rate": 0.8}, {"pitch": 1.2}))
    assert slow.duration_s == pytest.approx(plain.duration_s / 0.8, abs=0.02)
    assert slow.phones[10].start_s == pytest.approx(plain.phones[10].start_s / 0.8, abs=1e-6)
    assert high.phones[10].start_s == pytest.approx(plain.phones[10].start_s, abs=1e-6)


def test_pitch_factor_raises_the_measured_pitch() -> None:
    import pyworld

    def pitch_hz(voice: Voice) -> float:
        f0, _ = pyworld.harvest(synthesise(TEXT, voice).pcm.astype(np.float64), 16000)
        return float(np.median(f0[f0 > 0]))

    assert pitch_hz(Voice("flite", "slt", pitch=1.25)) == pytest.approx(1.25 * pitch_hz(Voice("flite", "slt")), rel=0.08)


def test_held_out_voices_never_train() -> None:
    held_out = {(voice.engine, voice.base) for voice in HELD_OUT_VOICES}
    assert len(TRAINING_TIMBRES) >= 30
    assert not held_out & {(voice.engine, voice.base) for voice in TRAINING_TIMBRES}
    assert not held_out & {(voice.engine, voice.base) for voice in map(sample_voice, range(300))}
    assert {(v.engine, v.base) for v in (sample_timbre(seed, "held-out") for seed in range(40))} == held_out
    assert sample_voice(7) == sample_voice(7) and sample_voice(7) != sample_voice(8)


def test_unknown_names_are_refused() -> None:
    for translate in (from_espeak, from_festival):
        with pytest.raises(ValueError, match="unknown phone"):
            translate("qqq")
    with pytest.raises(ValueError, match="engine"):
        synthesise(TEXT, Voice("say", "x"))


def test_augmentation_is_seeded_and_keeps_time() -> None:
    speech = synthesise(TEXT, Voice("flite", "slt"))
    outs = [augmented(speech.pcm, seed) for seed in range(12)]
    assert np.array_equal(outs[3], augmented(speech.pcm, 3)) and not np.array_equal(outs[3], outs[4])
    for out in outs:
        assert out.shape == speech.pcm.shape and np.isfinite(out).all() and np.abs(out).max() <= 1
        lags = np.correlate(np.abs(out[16000:24000]), np.abs(speech.pcm[16000:24000]), "full") if np.abs(out).max() > 0 else None
        assert lags is not None and abs(int(lags.argmax()) - 7999) < 160  # within 10 ms


@pytest.mark.parametrize("kind", ["white", "pink", "babble"])
def test_noise_has_unit_power(kind: str) -> None:
    assert np.sqrt((noise(kind, 16000, np.random.default_rng(1)) ** 2).mean()) == pytest.approx(1, abs=1e-3)
