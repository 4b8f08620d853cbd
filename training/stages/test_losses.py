"""Losses that look at lips, and what the speech stage does to its sound."""

import numpy as np
import torch

from training.data.arkit import ARKIT_INDEX
from training.data.speech.visemes import mouth_opening
from training.model.config import Painter
from training.model.layout import MOTION_NAMES
from training.model.motion import MotionEncoder
from training.stages.codec import Geometry, in_mirror
from training.stages.speech import disturbed
from training.stages.talking import lips_loss, opening, unsure_past


def test_the_gap_between_the_lips_is_that_of_the_visemes() -> None:
    coefs = torch.rand(20, 52)
    coefs[:, ARKIT_INDEX["mouthClose"]] *= 0.2
    assert np.allclose(opening(coefs).clamp(0, 1).numpy(), mouth_opening(coefs.numpy()), atol=1e-6)


def test_an_open_mouth_costs_five_times_as_much_where_lips_must_meet() -> None:
    torch.manual_seed(2)
    geometry = Geometry(Painter(splat=4))
    tokens, motion = torch.randn(6, 12, 32), torch.rand(6, 58) * 0.3
    free = lips_loss(geometry, tokens, motion, torch.zeros(6))
    shut = lips_loss(geometry, tokens, motion, torch.ones(6))
    assert float(free) > 0.01
    assert abs(float(shut / free) - 5) < 1e-4


def test_a_mirror_swaps_sides_and_turns_the_head() -> None:
    motion = torch.rand(5, 58)
    seen = in_mirror(motion)
    at = MOTION_NAMES.index
    assert torch.equal(seen[:, at("eyeLookInLeft")], motion[:, at("eyeLookInRight")]) and torch.equal(seen[:, at("mouthRight")], motion[:, at("mouthLeft")])
    assert torch.equal(seen[:, at("headYaw")], -motion[:, at("headYaw")]) and torch.equal(seen[:, at("headPitch")], motion[:, at("headPitch")])
    assert torch.equal(in_mirror(seen), motion)


def test_the_motion_encoder_reads_pictures_of_any_size() -> None:
    encoder = MotionEncoder().eval().requires_grad_(False)
    soft = torch.rand(1, 4, 8, 8)
    found = [encoder(torch.nn.functional.interpolate(soft, size=(side, side), mode="bilinear", align_corners=False)) for side in (256, 128)]
    assert found[0].shape == found[1].shape == (1, 12, 32)
    assert float((found[0] - found[1]).abs().mean()) < 0.1 * float(found[0].abs().mean())


def test_disturbed_sound_keeps_its_time() -> None:
    torch.manual_seed(3)
    mel = torch.full((8, 64, 50), -1.0)
    mel[:, 20:40, 24:26] = 1.0  # a burst
    changed = disturbed(mel)
    assert changed.shape == mel.shape and bool(torch.isfinite(changed).all())
    assert float((changed - mel).abs().max()) > 0.05
    energy = changed.mean(1)
    assert bool((energy.argmax(1) - 24).abs().le(1).all())


def test_most_pasts_are_true_some_are_of_another_talk_and_some_drown() -> None:
    torch.manual_seed(4)
    data = torch.randn(400, 2, 4, 12, 32)
    seen = unsure_past(data)
    own = (seen - data).flatten(1).std(1)
    other = (seen - data.roll(1, 0)).flatten(1).std(1)
    assert 0.5 < float((own < 0.25).float().mean()) < 0.7
    assert 0.13 < float((other < 0.25).float().mean()) < 0.27
    assert 0.13 < float(((own > 0.29) & (other > 0.29)).float().mean()) < 0.27
