"""The critic tells what is done on the wrong occasion, and trembling is told from moving."""

import numpy as np
import torch

from training.data.arkit import ARKIT_INDEX
from training.model.layout import MOTION_WIDTH
from training.stages.critic import OCCASION, SPOKEN, Judge, glances

SMILE = ARKIT_INDEX["mouthSmileLeft"]
SPREAD = torch.full((MOTION_WIDTH,), 0.2)


def talks(count: int, answered: bool) -> tuple[torch.Tensor, torch.Tensor]:
    """Motion [N,40,58] and occasion [N,40,61]: half of the users smile; the avatar does, as often, with them or by the flip of a coin."""
    user = torch.arange(count) % 2 == 0
    avatar = user if answered else user[torch.randperm(count)]
    motion, occasion = torch.zeros(count, 40, MOTION_WIDTH), torch.zeros(count, 40, OCCASION)
    motion[avatar, 20:, SMILE] = 0.6
    occasion[user, 12:, SMILE] = 0.6
    return motion, occasion


def test_smiles_without_a_reason_are_told_though_they_are_as_many() -> None:
    torch.manual_seed(1)
    judge, rng = Judge(SPREAD, rate=1e-3), np.random.default_rng(1)
    (true, occasion), (made, _) = talks(64, True), talks(64, False)
    judge.show(made, true, occasion)
    before = judge.learn(rng, 5)
    for _ in range(12):
        right = judge.learn(rng, 10)
    assert before < 0.75 < right
    assert float(judge.loss(made, true, occasion)) > float(judge.loss(true, true, occasion))


def test_it_does_not_see_what_the_voice_decides() -> None:
    judge = Judge(SPREAD)
    motion, occasion = talks(4, True)
    spoken = motion.clone()
    spoken[..., SPOKEN] = 1.0
    assert torch.equal(judge.critic(motion, occasion), judge.critic(spoken, occasion))


def test_the_oldest_windows_go() -> None:
    judge = Judge(SPREAD, kept=6)
    for value in range(3):
        motion = torch.full((4, 40, MOTION_WIDTH), float(value))
        judge.show(motion, motion, torch.zeros(4, 40, OCCASION))
    assert [float(made[0, 0]) for made, _, _ in judge.windows] == [1, 1, 2, 2, 2, 2]


def test_trembling_is_paid_for_and_blinking_is_not() -> None:
    torch.manual_seed(2)
    judge = Judge(SPREAD)
    still = torch.zeros(4, 40, MOTION_WIDTH)
    blink = still.clone()
    blink[:, 10:13] = 1.0
    shaking = 0.04 * torch.randn_like(still)
    assert float(judge.trembling(blink, blink)) == 0
    assert float(judge.trembling(blink, still)) < 0.25 * float(judge.trembling(shaking, still))
    assert float(judge.trembling(still, shaking)) == 0  # calmer than the truth is free


def test_glances_are_told_by_role() -> None:
    motion = torch.zeros(1, 10, MOTION_WIDTH)
    motion[:, 5:, ARKIT_INDEX["eyeLookUpLeft"]] = 0.8
    speaking = torch.zeros(1, 10)
    speaking[:, 5:] = 1
    found = glances(motion, torch.zeros_like(motion), speaking)
    assert abs(found["asideSpeaking"] - 0.8) < 1e-6 and found["asideListening"] == 0 and found["asideSpeakingTrue"] == 0
