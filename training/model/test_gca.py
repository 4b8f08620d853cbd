"""Gated cross-attention fusion is Eq. 9, and what is switched off is not there."""

import torch

from training.model.config import Behaviour
from training.model.gca import GatedFusion

SIZES = Behaviour(width=32)


def fusion() -> GatedFusion:
    torch.manual_seed(9)
    return GatedFusion(SIZES).eval().requires_grad_(False)


def test_it_is_equation_9() -> None:
    gca, perception, understanding = fusion(), torch.randn(2, 12, 32), torch.randn(2, 5, 32)
    q, k, v = gca.cross.q(perception), gca.cross.k(gca.align(understanding)), gca.cross.v(gca.align(understanding))
    heads = []
    for h in range(4):
        part = slice(8 * h, 8 * h + 8)
        weights = torch.softmax(q[..., part] @ k[..., part].transpose(1, 2) / 8**0.5, dim=-1)
        heads.append(weights @ v[..., part])
    f_m = gca.cross.out(torch.cat(heads, -1)) * torch.tanh(gca.alpha) + perception
    wanted = gca.feed(f_m) * torch.tanh(gca.beta) + f_m
    assert torch.allclose(gca(perception, understanding, torch.ones(2, 1)), wanted, atol=1e-5)


def test_closed_gates_hand_perception_through_and_without_hbcu_nothing_is_understood() -> None:
    gca, perception = fusion(), torch.randn(1, 12, 32)
    one, other = torch.randn(1, 5, 32), torch.randn(1, 5, 32)
    off = torch.zeros(1, 1)
    assert torch.equal(gca(perception, one, off), gca(perception, other, off))
    assert not torch.allclose(gca(perception, one, 1 - off), gca(perception, other, 1 - off))
    gca.alpha.zero_()
    gca.beta.zero_()
    assert torch.equal(gca(perception, one, 1 - off), perception)
