"""Streaming with caches is the training forward, block by block; the grid layout is the same code."""

import pytest
import torch

from training.model.config import Behaviour, Clock
from training.model.flow import velocity_towards
from training.model.generator import Condition, Generator
from training.model.layout import TOKEN_WIDTH

SMALL = {"width": 32, "generator_width": 48, "generator_depth": 2, "generator_heads": 4, "cache_blocks": 2}


def make(**sizes) -> Generator:
    """A small generator whose zero-initialised layers are random, so that every path counts."""
    torch.manual_seed(3)
    generator = Generator(Behaviour(**(SMALL | sizes)), Clock())
    generator.grow_reaction()
    generator.eval().requires_grad_(False)
    for parameter in generator.parameters():
        parameter += 0.1 * torch.randn_like(parameter)
    return generator


def conditions(blocks: int, user: bool = True) -> Condition:
    d = SMALL["width"]
    switch = (torch.arange(blocks) % 2)[:, None].float()
    f_pu = torch.randn(blocks, 12, d) if user else None
    return Condition(torch.randn(blocks, 4, 8, d), f_pu, torch.randn(blocks, 8, d), torch.rand(blocks, 1), 1 - switch, switch)


def row(condition: Condition, index: int) -> Condition:
    return Condition(**{key: None if value is None else value[index : index + 1] for key, value in vars(condition).items()})


@pytest.mark.parametrize("user", [True, False])
def test_streaming_with_caches_equals_the_whole_talk(user: bool) -> None:
    generator, blocks = make(), 6  # more blocks than the cache holds
    clean, noisy = torch.randn(2, 1, blocks, 4, 12, TOKEN_WIDTH)
    time, identity, condition = torch.rand(1, blocks) * 0.9, torch.randn(1, 4, SMALL["width"]), conditions(blocks, user)
    whole, _ = generator.train_talk(clean, noisy, time, condition, identity)
    assert float(whole.std()) > 0.05
    cache = generator.initial_cache(1)
    for j in range(blocks):
        velocity, _ = generator(noisy[:, j], time[:, j : j + 1], row(condition, j), identity, cache)
        wanted = velocity_towards(whole[:, j], noisy[:, j], time[:, j, None, None, None])
        assert float((velocity - wanted).abs().max()) < 1e-3, f"block {j}"
        _, following = generator(clean[:, j], torch.ones(1, 1), row(condition, j), identity, cache)
        cache = {key: following[f"{key}_next"] for key in cache}


def test_a_block_forgets_what_has_left_the_cache() -> None:
    generator, blocks = make(generator_depth=1), 4
    clean, noisy = torch.randn(2, 1, blocks, 4, 12, TOKEN_WIDTH)
    time, identity, condition = torch.rand(1, blocks), torch.randn(1, 4, SMALL["width"]), conditions(blocks)
    before, _ = generator.train_talk(clean, noisy, time, condition, identity)
    other = clean.clone()
    other[:, 0] += 1
    after, _ = generator.train_talk(other, noisy, time, condition, identity)
    changed = (after - before).abs().amax((0, 2, 3, 4)) > 1e-5
    assert changed.tolist() == [False, True, True, False]  # its own clean copy is hidden, two blocks see it, the fourth is too far


def test_the_grid_layout_is_a_config_of_the_same_code() -> None:
    generator = make(layout="grid", grid=8)
    x, condition, identity = torch.randn(1, 4, 64, TOKEN_WIDTH), conditions(1), torch.randn(1, 4, SMALL["width"])
    velocity, following = generator(x, torch.rand(1, 1), condition, identity, generator.initial_cache(1))
    assert velocity.shape == x.shape and bool(torch.isfinite(velocity).all())
    assert following["cache_k_next"].shape == (1, 2, 2 * 4 * 64, 48)
    talk = torch.randn(1, 2, 4, 64, TOKEN_WIDTH)
    whole, _ = generator.train_talk(talk, talk, torch.rand(1, 2), conditions(2), identity)
    assert whole.shape == talk.shape
    assert 0 < float(generator.lip.sum()) < 64 and float((generator.lip * generator.face).sum()) == 0


def test_what_the_voice_says_reaches_lip_tokens_alone() -> None:
    generator = make()
    audio = torch.randn(3, 4, 8, SMALL["width"])
    spoken = generator.articulation(audio)
    assert spoken.shape == (3, 4, 12, TOKEN_WIDTH)
    assert float(spoken[:, :, generator.lip[:, 0] == 0].abs().max()) == 0
    assert float(spoken[:, :, generator.lip[:, 0] == 1].std()) > 0.05


def test_what_is_perceived_reaches_face_tokens_alone() -> None:
    generator = make()
    moved = generator.reaction(torch.randn(3, 12, SMALL["width"]))
    assert moved.shape == (3, 4, 12, TOKEN_WIDTH)
    assert float(moved[:, :, generator.face[:, 0] == 0].abs().max()) == 0
    assert float(moved[:, :, generator.face[:, 0] == 1].std()) > 0.05
