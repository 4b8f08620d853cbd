"""Kept checkpoints come back as they were, to half precision."""

from pathlib import Path

import torch

from training.checkpoints import restore, save


def test_a_stage_survives_being_kept(tmp_path: Path) -> None:
    weights = {"a": torch.randn(3, 4), "count": torch.tensor(3)}
    state = {"averaged": weights, "weights": weights, "optimiser": {}, "step": 7, "seconds": 1.5, "done": True, "figures": {"loss": 1.0}, "config": "smoke"}
    (tmp_path / "work").mkdir()
    torch.save(state, tmp_path / "work/speech.pt")
    save(tmp_path / "work", tmp_path / "kept")
    restore(tmp_path / "kept", tmp_path / "back", ["speech"])
    back = torch.load(tmp_path / "back/speech.pt", weights_only=False)
    assert torch.allclose(back["averaged"]["a"], weights["a"], atol=2e-3)
    assert back["averaged"]["count"] == 3
    assert (back["step"], back["done"], back["figures"]) == (7, False, {"loss": 1.0})


def test_what_a_stage_has_from_the_one_before_is_kept_once(tmp_path: Path) -> None:
    frozen, grown = torch.randn(40, 50), torch.randn(2, 50)
    (tmp_path / "work").mkdir()
    for stage, weights in (("talking", {"generator.a": frozen}), ("interactive", {"speaker.generator.a": frozen + 1e-7, "speaker.generator.lora": grown})):
        torch.save({"averaged": weights, "step": 1, "seconds": 1.0, "figures": {}, "config": "smoke", "done": True}, tmp_path / f"work/{stage}.pt")
    save(tmp_path / "work", tmp_path / "kept")
    assert list(torch.load(tmp_path / "kept/interactive.pt", weights_only=False)["averaged"]) == ["speaker.generator.lora"]
    restore(tmp_path / "kept", tmp_path / "back", [])
    back = torch.load(tmp_path / "back/interactive.pt", weights_only=False)["averaged"]
    assert list(back) == ["speaker.generator.a", "speaker.generator.lora"]
    assert torch.allclose(back["speaker.generator.a"], frozen, atol=5e-3) and torch.allclose(back["speaker.generator.lora"], grown, atol=5e-3)
