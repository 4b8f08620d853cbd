"""Configs refuse what they do not know; the tokenizer follows docs/pack.md."""

import json
from pathlib import Path

import pytest

from training.model.config import load_config
from training.model.layout import MOTION_WIDTH, region_inputs
from training.model.text_encoder import tokenize

CONFIGS = sorted((Path(__file__).parents[1] / "configs").glob("*.json"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda p: p.stem)
def test_shipped_configs_load(path: Path) -> None:
    config = load_config(path)
    assert config.name == path.stem
    assert all(config.stage(name).steps > 0 for name in config.stages)


@pytest.mark.parametrize(
    ("content", "place"),
    [({"nmae": "x"}, "nmae"), ({"behaviour": {"widht": 1}}, "behaviour.*widht"), ({"painter": {"sise": 1}}, "painter.*sise")],
)
def test_unknown_keys_are_refused(tmp_path: Path, content: dict, place: str) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ValueError, match=place):
        load_config(path)


def test_unknown_keys_of_a_stage_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "config.json"
    path.write_text(json.dumps({"stages": {"paint": {"step": 1}}}))
    with pytest.raises(ValueError, match="stages.paint.*step"):
        load_config(path).stage("paint")


def test_the_tokenizer_follows_the_pack() -> None:
    words = {"<pad>": 0, "<unk>": 1, "very": 2, "sad": 3, "don't": 4}
    assert tokenize("Very, VERY sad-sad; don't zzz9", words, 8) == [2, 2, 3, 3, 4, 1, 0, 0]
    assert tokenize("sad " * 9, words, 4) == [3, 3, 3, 3]
    assert tokenize("", words, 3) == [0, 0, 0]


def test_every_motion_number_is_seen_by_a_region() -> None:
    assert {i for row in region_inputs() for i in row} == set(range(MOTION_WIDTH))
