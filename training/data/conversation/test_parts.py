"""The parts by themselves: scripts, words, pitch, backchannel rule, blinks, nods, shapes."""

import numpy as np
import pytest

from training.data.arkit import ARKIT_INDEX
from training.data.conversation.affect_text import WORDINGS, Affect, describe
from training.data.conversation.blinks import Blink, lid_track
from training.data.conversation.dialogues import fill, parse_script, scripts
from training.data.conversation.emotion_shapes import CODE, EMOTION_NAMES, SHAPES, blend, mirrored
from training.data.conversation.gaze import FULL_DEG, eye_coefficients
from training.data.conversation.lips import put_together
from training.data.conversation.nods import Nod, nod_track
from training.data.conversation.prosody import analyse
from training.data.conversation.talk import closed_frames
from training.data.conversation.turns import backchannel_places
from training.data.conversation.vocabulary import PACK_VOCABULARY, VOCABULARY, encode, split_words
from training.data.speech.phones import Phone


def test_there_are_enough_scripts_and_all_their_slots_fill():
    assert len(scripts()) >= 12
    rng = np.random.default_rng(0)
    for script in scripts():
        for line in fill(script, rng):
            assert line.sentences and all("{" not in s and "/" not in s and "|" not in s for s in line.sentences)


def test_a_broken_script_names_its_line():
    with pytest.raises(ValueError, match="line 2"):
        parse_script("# a kind=b\nx sad.5: hello")
    with pytest.raises(ValueError, match="gloomy"):
        parse_script("# a kind=b\nu gloomy.5: hello")


def test_every_word_that_is_written_is_in_the_vocabulary():
    rng = np.random.default_rng(1)
    seen = set()
    for name in EMOTION_NAMES:
        assert WORDINGS[name][0] == name
        for _ in range(300):
            second = str(rng.choice(EMOTION_NAMES))
            words = split_words(describe(Affect(name, float(rng.uniform(0.2, 1)), second, 0.5), rng))
            assert len(words) <= 24
            seen.update(words)
    assert seen <= set(VOCABULARY)
    assert set(VOCABULARY) - seen == set()  # no word that training would never meet
    assert list(VOCABULARY) == sorted(VOCABULARY) and PACK_VOCABULARY[:2] == ("<pad>", "<unk>")
    assert {"slightly", "gently", "quite", "very", *EMOTION_NAMES} <= set(VOCABULARY)


def test_encode_pads_cuts_and_marks_unknown_words():
    ids = encode("Warm AND zebra")
    assert len(ids) == 24 and PACK_VOCABULARY[ids[0]] == "warm" and ids[2] == 1 and ids[3] == 0


@pytest.mark.parametrize("hz", [90.0, 140.0, 230.0, 330.0])
def test_pitch_of_a_buzz_is_found(hz):
    t = np.arange(16000) / 16000
    buzz = sum(np.sin(2 * np.pi * hz * k * t) / k for k in range(1, 8)).astype(np.float32) * 0.2
    found = analyse(buzz).pitch_hz[10:-10]
    assert np.abs(np.median(found) / hz - 1) < 0.03 and (found > 0).mean() > 0.95


def test_noise_and_silence_have_no_pitch():
    rng = np.random.default_rng(0)
    assert (analyse(rng.normal(0, 0.1, 16000).astype(np.float32)).pitch_hz > 0).mean() < 0.2
    assert not analyse(np.zeros(16000, np.float32)).speaking.any()


def test_backchannel_comes_after_low_pitch_and_not_twice_within_the_pause():
    t = np.arange(6 * 16000) / 16000
    low = ((t > 1.5) & (t < 1.8)) | ((t > 2.0) & (t < 2.3)) | ((t > 4.0) & (t < 4.3))
    f0 = np.where(low, 110.0, 180.0 + 20 * np.sin(2 * t))
    phase = 2 * np.pi * np.cumsum(f0) / 16000
    voice = (0.2 * (np.sin(phase) + 0.5 * np.sin(2 * phase) + 0.3 * np.sin(3 * phase))).astype(np.float32)
    places = backchannel_places(analyse(voice), np.ones(150, bool))
    assert len(places) == 2
    assert abs(places[0] - 2.2) < 0.12 and abs(places[1] - 4.7) < 0.12
    assert backchannel_places(analyse(voice), np.zeros(150, bool)) == []


def test_a_blink_closes_faster_than_it_opens_and_reaches_its_depth():
    lid = lid_track(40, [Blink(10, 1.0, 0.08, 0.2)])
    peak = int(lid.argmax())
    assert lid[peak] == 1.0 and 1 <= peak - 10 <= 3
    assert (lid[peak:] > 0.1).sum() > (lid[: peak + 1] > 0.1).sum()
    assert lid[:10].max() == 0 and lid[25:].max() == 0


def test_a_nod_goes_down_and_dies_out():
    nod = nod_track(60, [Nod(5, 3, 2.5, 0.1, "nod")], "nod")
    assert nod.max() <= 1e-6 and nod.min() < -0.09
    first, last = nod[5:15].min(), nod[25:36].min()
    assert last > 0.6 * first and nod[45:].min() == 0


def test_shapes_differ_and_mirror():
    distance = np.linalg.norm(SHAPES[:, None] - SHAPES[None], axis=-1) + np.eye(len(SHAPES))
    assert distance.min() > 0.1
    one = SHAPES[CODE["curious"]]
    assert np.allclose(mirrored(mirrored(one)), one) and mirrored(one)[ARKIT_INDEX["browOuterUpRight"]] == one[ARKIT_INDEX["browOuterUpLeft"]]
    levels = np.zeros((2, 25), np.float32)
    levels[1, CODE["happy"]] = 1
    assert blend(levels)[0].max() == 0 and np.allclose(blend(levels)[1], SHAPES[CODE["happy"]], atol=1e-6)


def test_eyes_look_to_the_own_left_outward_with_the_left_eye():
    face = eye_coefficients(np.array([[FULL_DEG[0], 0.0], [0.0, -FULL_DEG[2]]]))
    assert face[0, ARKIT_INDEX["eyeLookOutLeft"]] == 1 and face[0, ARKIT_INDEX["eyeLookInRight"]] == 1
    assert face[0, ARKIT_INDEX["eyeLookInLeft"]] == 0 and face[1, ARKIT_INDEX["eyeLookDownLeft"]] == 1


def test_expression_cannot_open_closed_lips():
    mouth = np.zeros((3, 52), np.float32)
    expression = np.full((3, 52), 0.6, np.float32)
    face = put_together(mouth, np.array([0.0, 1.0, 0.0], np.float32), np.zeros(3, np.float32), expression)
    assert face[1, ARKIT_INDEX["jawOpen"]] == 0 and face[1, ARKIT_INDEX["mouthUpperUpLeft"]] == 0
    assert face[1, ARKIT_INDEX["mouthSmileLeft"]] > 0.4 and face[0, ARKIT_INDEX["jawOpen"]] > 0


def test_a_closure_has_a_frame_even_between_two():
    phones = [Phone("aa", 0.0, 0.185), Phone("b", 0.185, 0.215), Phone("aa", 0.215, 0.4)]
    assert closed_frames(phones, 10).sum() >= 1
