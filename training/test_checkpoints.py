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
