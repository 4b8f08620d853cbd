"""A build writes talks and a valid index; a resumed one makes only what is missing, and makes it the same."""

import json

import numpy as np
import pytest

from training.data.conversation import build as module
from training.data.conversation.conversation import load_conversation
from training.data.conversation.plain_voice import PlainSpeaker
from training.data.conversation.simulate import simulate


class OneProcess:
    """Stands in for the process pool: runs each job at once."""

    def __init__(self, workers):
        pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        return None

    def submit(self, call, job):
        from concurrent.futures import Future

        future = Future()
        future.set_result(call(job))
        return future


@pytest.fixture
def plain(monkeypatch):
    made = []

    def fast(seed, minutes, split, cache, identities):
        made.append(seed)
        return simulate(seed, minutes, split, {"user": PlainSpeaker(180.0), "avatar": PlainSpeaker(110.0)}, cache, identities)

    monkeypatch.setattr(module, "simulate", fast)
    monkeypatch.setattr(module, "ProcessPoolExecutor", OneProcess)
    return made


def test_build_resume_and_splits(tmp_path, plain):
    index = module.build(tmp_path, 3, 5, 0.5, 1, 1)
    assert index["complete"] and json.loads((tmp_path / "index.json").read_text()) == index
    assert [r["split"] for r in index["conversations"]] == ["train", "train", "held-out"]
    assert plain[0] == 50_002  # held-out first
    for row in index["conversations"]:
        pool = module.TRAIN_IDENTITIES if row["split"] == "train" else module.TEST_IDENTITIES
        assert row["userIdentity"] in pool and row["avatarIdentity"] in pool and row["userIdentity"] != row["avatarIdentity"]
    before = load_conversation(tmp_path / "talk-0001.npz")
    (tmp_path / "talk-0001.npz").unlink()
    plain.clear()
    again = module.build(tmp_path, 3, 5, 0.5, 1, 1, resume=True)
    assert plain == [50_001] and again == index
    assert np.array_equal(load_conversation(tmp_path / "talk-0001.npz").avatar_face, before.avatar_face)


def test_a_build_of_held_out_talks_only_is_refused(tmp_path):
    with pytest.raises(ValueError, match="held-out"):
        module.build(tmp_path, 2, 1, 0.5, 2, 1)
