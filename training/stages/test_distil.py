"""The teacher's solver: exact where the way is straight, and closer than Euler's where it bends."""

import math

import torch

from training.data.arkit import ARKIT_INDEX
from training.model.config import Painter
from training.model.test_generator import SMALL, conditions, make
from training.stages.codec import Geometry
from training.stages.distil import answer_loss, integrate, level_loss, movement_loss, roll_out


class Gaussian:
    """The best network for data of standard deviation `spread` around 0: x_1^ = E[x_1 | x_t]."""

    def __init__(self, spread: float):
        self.spread = spread

    def past_of(self, clean, condition, identity):
        return []

    def on_past(self, past, x, time, condition, identity):
        t = time[:, :, None, None, None]
        return x * t * self.spread**2 / (t**2 * self.spread**2 + (1 - t) ** 2), None


def spread_of(steps: int, second_order: bool) -> float:
    noise = torch.ones(1, 1, 1, 1, 1, dtype=torch.float64)
    return float(integrate(Gaussian(0.7), noise, noise, steps, None, None, second_order))


def test_many_steps_reach_the_spread_of_the_data() -> None:
    assert math.isclose(spread_of(400, False), 0.7, rel_tol=0.01)


def test_the_second_order_keeps_more_of_the_spread() -> None:
    for steps in (6, 10):
        euler, better = abs(spread_of(steps, False) - 0.7), abs(spread_of(steps, True) - 0.7)
        assert better < 0.7 * euler, (steps, euler, better)


def test_the_level_of_a_face_is_its_mean_over_the_crop() -> None:
    torch.manual_seed(4)
    geometry = Geometry(Painter(splat=4))
    made = torch.randn(2, 3, 4, 12, 32)
    coefs = geometry["blendshapes"].raw(made.flatten(1, 2))
    shuffled = coefs[:, torch.randperm(12)]  # the same frames in another order
    assert float(level_loss(geometry, made, shuffled)) < 1e-10
    assert abs(float(level_loss(geometry, made, coefs + 0.1)) - 10 * 0.1**2) < 1e-5


def test_a_student_that_moves_less_than_its_teacher_pays() -> None:
    torch.manual_seed(5)
    geometry = Geometry(Painter(splat=4))
    goal = torch.randn(2, 3, 4, 12, 32)
    still = goal.mean((1, 2), keepdim=True)
    half, full = (still + share * (goal - still) for share in (0.5, 1.0))
    assert float(movement_loss(geometry, full, goal)) < 1e-9
    assert float(movement_loss(geometry, half, goal)) > 0.02
    assert float(movement_loss(geometry, goal.flip(1), goal)) < 1e-9  # when it moves is not asked here


def test_a_rollout_goes_on_from_what_it_has_made() -> None:
    generator = make()
    identity, condition = torch.randn(1, 4, SMALL["width"]), conditions(5)
    past, noise = torch.randn(1, 2, 4, 12, 32), torch.randn(1, 3, 4, 12, 32)
    made = roll_out(generator, past, noise, 2, condition, identity)
    whole = torch.cat([past, made], 1)
    again = integrate(generator, whole, torch.cat([torch.zeros_like(past), noise], 1), 2, condition, identity)
    assert float((again[:, 2:] - made).abs().max()) < 1e-3


def test_an_answer_is_asked_for_when_the_truth_has_it_and_a_glance_is_not() -> None:
    true = torch.zeros(1, 40, 58)
    true[:, 16:32, ARKIT_INDEX["mouthSmileLeft"]] = 0.5
    late = true.roll(8, 1)
    assert float(answer_loss(true, true)) == 0 and float(answer_loss(late, true)) > 0
    glance = true.clone()
    glance[:, 8:20, ARKIT_INDEX["eyeLookUpLeft"]] = 0.8
    assert float(answer_loss(glance, true)) == 0
