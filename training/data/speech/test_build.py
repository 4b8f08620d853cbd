"""The corpus on disk is whole, aligned and repeatable."""

import json
from pathlib import Path

import numpy as np

from training.data.speech.build import build, frame_count, remake_faces
from training.data.speech.texts import TEXTS
from training.data.speech.voices import HELD_OUT_VOICES


def test_texts_are_many_and_split_without_overlap() -> None:
    train, held_out = ({text.text for text in TEXTS if text.split == split} for split in ("train", "held-out"))
    assert len(TEXTS) >= 400 and len(held_out) >= 40 and not train & held_out


def test_corpus(tmp_path: Path) -> None:
    index = build(tmp_path / "a", 10, seed=5, workers=2)
    assert json.loads((tmp_path / "a/index.json").read_text()) == index
    pcm, face = np.load(tmp_path / "a/pcm.npy", mmap_mode="r"), np.load(tmp_path / "a/face.npy", mmap_mode="r")
    samples = frames = 0
    for entry in index["utterances"]:
        assert (entry["pcm_start"], entry["frame_start"]) == (samples, frames)
        assert entry["frames"] == frame_count(entry["samples"])
        assert abs(entry["phones"][-1][2] - entry["samples"] / 16000) < 0.06
        assert np.abs(pcm[samples : samples + entry["samples"]]).max() > 1000
        assert face[frames : frames + entry["frames"]].max() > 0.2
        samples, frames = samples + entry["samples"], frames + entry["frames"]
    assert pcm.shape == (samples,) and pcm.dtype == np.int16
    assert face.shape == (frames, 52) and face.dtype == np.float16
    held_out = [entry for entry in index["utterances"] if entry["split"] == "held-out"]
    assert len(held_out) == 1 and any(f"{v.engine}-{v.base}-" in held_out[0]["voice"] for v in HELD_OUT_VOICES)

    again = build(tmp_path / "b", 10, seed=5, workers=1)
    assert again == index
    assert (tmp_path / "a/pcm.npy").read_bytes() == (tmp_path / "b/pcm.npy").read_bytes()
    assert (tmp_path / "a/face.npy").read_bytes() == (tmp_path / "b/face.npy").read_bytes()

    before = (tmp_path / "b/face.npy").read_bytes()
    (tmp_path / "b/face.npy").unlink()
    remake_faces(tmp_path / "b")
    assert (tmp_path / "b/face.npy").read_bytes() == before
