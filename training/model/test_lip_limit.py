"""The voice's own reading of the lips bounds what the generator makes of them."""

from pathlib import Path

import pytest
import torch

from training.data.arkit import ARKIT_INDEX
from training.data.speech.phones import PHONES, SILENCE
from training.model.config import Behaviour, Painter
from training.model.layout import MOUTH
from training.model.lip_limit import LipLimit
from training.stages.codec import Geometry

KEPT = Path(__file__).parents[1] / "checkpoints/cpu/geometry.pt"


class Heard(torch.nn.Module):
    """Stands for the head: always the same opening of the jaw, and one phone or a choice of equally likely ones."""

    def __init__(self, jaw: float, phones: list[str]):
        super().__init__()
        self.jaw, self.phones = jaw, [PHONES.index(phone) for phone in phones]

    def forward(self, windows):
        mouth, phones = torch.zeros(*windows.shape[:2], len(MOUTH)), torch.full((*windows.shape[:2], len(PHONES)), -20.0)
        mouth[..., MOUTH.index(ARKIT_INDEX["jawOpen"])] = self.jaw
        phones[..., self.phones] = 20.0
        return mouth, phones


@pytest.fixture(scope="module")
def geometry() -> Geometry:
    found = Geometry(Painter())
    found.load_state_dict({key: value.float() for key, value in torch.load(KEPT, weights_only=False)["averaged"].items()})
    return found.eval().requires_grad_(False)


def gap_after(geometry: Geometry, jaw: float, *phones: str) -> tuple[float, float, float]:
    """(gap before, gap after, change of the brows) of a face with an open mouth and raised brows."""
    limit = LipLimit(Behaviour())
    limit.know(limit.head.state_dict(), geometry["embedder"], geometry["blendshapes"])
    limit.head = Heard(jaw, list(phones))
    motion = torch.zeros(1, 4, 58)
    motion[..., ARKIT_INDEX["jawOpen"]], motion[..., ARKIT_INDEX["browInnerUp"]] = 0.3, 0.4
    tokens = geometry["embedder"](motion)
    after = limit(tokens, limit.hear(torch.zeros(1, 4, Behaviour().window, Behaviour().width)))
    a, b = geometry["blendshapes"].raw(tokens), geometry["blendshapes"].raw(after)
    return float((a @ limit.gap).mean()), float((b @ limit.gap).mean()), float((a - b)[..., ARKIT_INDEX["browInnerUp"]].abs().max())


def test_lips_shut_where_the_voice_shuts_them(geometry: Geometry) -> None:
    before, after, brows = gap_after(geometry, 0.0, "m")
    assert before > 0.25 and after < 0.05 and brows < 0.02


def test_an_open_vowel_stays_as_it_was_made(geometry: Geometry) -> None:
    before, after, _ = gap_after(geometry, 0.3, "aa")
    assert after == pytest.approx(before, abs=1e-5)


def test_a_sound_that_may_be_a_closure_parts_the_lips_less_than_its_mean_would(geometry: Geometry) -> None:
    sure, doubtful = gap_after(geometry, 0.15, "n")[1], gap_after(geometry, 0.15, "n", "m")[1]
    assert sure > 0.1 and doubtful < sure / 2


def test_a_mouth_that_is_open_in_silence_is_not_the_voices_business(geometry: Geometry) -> None:
    before, after, _ = gap_after(geometry, 0.0, SILENCE)
    assert after == pytest.approx(before, abs=1e-4)


def test_its_weights_are_kept_and_never_trained() -> None:
    limit = LipLimit(Behaviour())
    assert not list(limit.parameters()) and "head.hidden.weight" in limit.state_dict()
    limit.train()
    assert not limit.head.training
