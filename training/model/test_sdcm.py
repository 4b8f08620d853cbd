"""Which tokens of a frame may see which stream (ECHO Eq. 10, 11), and low-rank adapters."""

import pytest
import torch

from training.model.attention import LoraLinear
from training.model.config import Behaviour
from training.model.layout import FACE_MASK, LIP_MASK, REGIONS
from training.model.sdcm import SpatialDecoupledModulation

SIZES = Behaviour(width=32, generator_width=48, generator_heads=4)


def roles_changed(on: float, stream: str) -> set[str]:
    """Roles of the tokens whose output changes when one stream changes."""
    torch.manual_seed(6)
    sdcm = SpatialDecoupledModulation(SIZES, 4).requires_grad_(False)
    lip, face = torch.tensor(LIP_MASK)[:, None], torch.tensor(FACE_MASK)[:, None]
    h, streams = torch.randn(1, 48, 48), {"audio": torch.randn(1, 4, 8, 32), "f_pu": torch.randn(1, 12, 32)}
    other = streams | {stream: torch.randn_like(streams[stream])}
    a, b = (sdcm(h, s["audio"], s["f_pu"], lip, face, torch.full((1, 1, 1), on)).reshape(4, 12, 48) for s in (streams, other))
    changed = (a - b).abs().amax((0, 2)) > 1e-6
    return {region.role for region, c in zip(REGIONS, changed) if c}


@pytest.mark.parametrize(
    ("on", "stream", "roles"),
    [(1.0, "f_pu", {"face"}), (1.0, "audio", {"lip", "face"}), (0.0, "f_pu", {"lip", "face", "off"}), (0.0, "audio", {"lip", "face", "off"})],
)
def test_streams_reach_only_their_tokens(on: float, stream: str, roles: set[str]) -> None:
    assert roles_changed(on, stream) == roles


def test_without_a_user_only_the_face_hears() -> None:
    sdcm = SpatialDecoupledModulation(SIZES, 4).requires_grad_(False)
    lip, face = torch.tensor(LIP_MASK)[:, None], torch.tensor(FACE_MASK)[:, None]
    out = sdcm(torch.randn(1, 48, 48), torch.randn(1, 4, 8, 32), None, lip, face, torch.ones(1, 1, 1)).reshape(4, 12, 48)
    assert [float(t.abs().max()) > 0 for t in out.unbind(1)] == [region.role != "off" for region in REGIONS]


def test_merging_an_adapter_keeps_the_outputs() -> None:
    layer, x = LoraLinear(24, 40), torch.randn(5, 24)
    plain = layer(x)
    layer.add_lora(4, alpha=8)
    assert torch.equal(layer(x), plain)  # it starts at zero
    torch.nn.init.normal_(layer.lora_b)
    adapted = layer(x)
    layer.merge()
    assert sorted(dict(layer.named_parameters())) == ["bias", "weight"]
    assert torch.allclose(layer(x), adapted, atol=1e-4) and not torch.allclose(adapted, plain, atol=1e-2)
