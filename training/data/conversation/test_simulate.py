"""The simulated talk holds what it promises: lengths, determinism, calm, lips, statistics inside their bands."""

import numpy as np
import pytest

from training.data.arkit import ARKIT_INDEX
from training.data.conversation.conversation import at_expressivity, load_conversation
from training.data.conversation.plain_voice import PlainSpeaker
from training.data.conversation.report import concern_after, measure
from training.data.conversation.simulate import simulate
from training.data.speech.visemes import mouth_opening


def talk(seed: int, minutes: float = 2.0):
    return simulate(seed, minutes, speakers={"user": PlainSpeaker(190.0), "avatar": PlainSpeaker(120.0)})


@pytest.fixture(scope="module")
def talks():
    return [talk(seed, 4.0) for seed in range(100, 108)]


def test_everything_has_the_same_length(talks):
    c = talks[0]
    assert c.frames == 6000
    assert len(c.user_pcm) == len(c.avatar_pcm) == 640 * c.frames
    assert c.user_face.shape == c.avatar_face.shape == c.avatar_calm.shape == (c.frames, 58)
    assert c.user_presence.shape == (c.frames, 1) and c.affect_code.shape == (c.frames,)
    for face in (c.user_face, c.avatar_face, c.avatar_calm):
        assert np.isfinite(face.astype(np.float32)).all()
        assert face[:, :52].min() >= 0 and face[:, :52].max() <= 1
        assert np.abs(face[:, 52:55]).max() < 0.6  # no head turns further than 35 degrees


def test_the_same_seed_gives_the_same_talk_and_another_does_not():
    a, b, c = talk(7, 1.0), talk(7, 1.0), talk(8, 1.0)
    assert np.array_equal(a.avatar_face, b.avatar_face) and np.array_equal(a.user_pcm, b.user_pcm)
    assert a.affect == b.affect and a.dialogue == b.dialogue
    assert not np.array_equal(a.avatar_face, c.avatar_face)


def test_statistics_lie_in_their_bands(talks):
    outside = [f"{m.name} {m.value:.3f} not in {m.low}..{m.high}" for m in measure(talks) if not m.lands]
    assert not outside


def test_lips_are_shut_on_closures_while_smiling(talks):
    """The same soft union without the closing rule leaves a gap: the guard is the rule in lips.py."""
    smiling = 0
    for c in talks:
        face = c.avatar_face[:, :52].astype(np.float32)
        smile = face[:, [ARKIT_INDEX["mouthSmileLeft"], ARKIT_INDEX["mouthSmileRight"]]].mean(1)
        shut = c.avatar_closed.astype(bool) & (smile > 0.4)
        smiling += shut.sum()
        assert (mouth_opening(face)[shut] < 0.03).mean() > 0.95 if shut.any() else True
    assert smiling > 50


def test_calm_has_no_nods_and_no_smiles_but_is_alive(talks):
    for c in talks[:4]:
        calm, full = c.avatar_calm.astype(np.float32), c.avatar_face.astype(np.float32)
        silent = np.convolve(np.abs(c.avatar_pcm.astype(np.float32)).reshape(-1, 640).max(1), np.ones(41), "same") == 0
        assert silent.sum() > 100
        for name in ("mouthSmileLeft", "mouthSmileRight", "browInnerUp", "mouthFrownLeft", "browDownLeft", "cheekSquintLeft"):
            assert calm[silent, ARKIT_INDEX[name]].max() < 0.02
        for nod in c.events["nods"]["avatar"]:
            f = nod["frame"]
            if nod["kind"] == "nod" and nod["amplitudeRad"] > 0.06 and silent[f : f + 20].all() and f + 20 < c.frames:
                assert np.ptp(calm[f : f + 20, 53]) < 0.035
                assert np.ptp(full[f : f + 20, 53]) > 0.035
        assert (np.abs(np.diff(calm[:, 53])) > 0).mean() > 0.5  # breathing and sway never stop
        assert calm[:, ARKIT_INDEX["eyeBlinkLeft"]].max() > 0.8
        assert np.allclose(calm[:, ARKIT_INDEX["jawOpen"]][c.avatar_closed > 0], full[:, ARKIT_INDEX["jawOpen"]][c.avatar_closed > 0], atol=2e-3)
    assert np.allclose(at_expressivity(full, calm, 1.0), full, atol=1e-3) and np.allclose(at_expressivity(full, calm, 0.0), calm)
    with pytest.raises(ValueError):
        at_expressivity(full, calm, 1.5)


def test_concern_outlasts_the_sad_face():
    """Bad news two minutes ago: the user looks neutral now, the avatar's brows do not yet."""
    after, user_now, without = [], [], []
    for seed in range(200, 214):
        c = talk(seed, 4.0)
        brow = ARKIT_INDEX["browInnerUp"]
        plain = np.isin(c.affect_code, (0, 1, 10, 11))
        sad = [r["end"] for r in c.dialogue if r["kind"] == "sad" and r["role"] == "user"]
        level = concern_after(c)
        if level is not None:
            after.append(level)
            span = slice(int((sad[-1] + 100) * 25), int((sad[-1] + 140) * 25))
            user_now.append(float(np.median(c.user_face[span, brow].astype(np.float32))))
        elif not any(r["kind"] in ("sad", "fear", "relief") for r in c.dialogue) and plain.sum() > 100:
            without.append(float(c.avatar_face[plain, brow].astype(np.float32).mean()))
    assert len(after) >= 3 and len(without) >= 2
    assert np.mean(user_now) < 0.15
    assert np.mean(after) > np.mean(without) + 0.1


def test_an_absent_user_is_blank_and_unanswered():
    gone = [c for c in (talk(seed, 1.0) for seed in range(30, 35)) if c.user_presence.min() == 0]
    assert gone
    for c in gone:
        present = c.user_presence[:, 0].astype(bool)
        assert (c.user_face[~present] == 0).all() and present.mean() > 0.5
        assert all(present[a["to"]] for a in c.events["smileAnswers"])


def test_states_change_in_order_and_match_the_code(talks):
    for c in talks:
        frames = [row["frame"] for row in c.affect]
        assert frames[0] == 0 and frames == sorted(set(frames))
        assert all(row["text"] == row["text"].lower() for row in c.affect)
        assert {row["source"] for row in c.affect} <= {"dialogue", "director"}


def test_saved_talks_come_back(tmp_path, talks):
    talks[0].save(tmp_path / "a.npz")
    back = load_conversation(tmp_path / "a.npz")
    assert np.array_equal(back.avatar_calm, talks[0].avatar_calm) and back.affect == talks[0].affect and back.meta == talks[0].meta


def test_too_short_a_clip_is_refused():
    with pytest.raises(ValueError, match="minutes"):
        simulate(1, 0.1)
