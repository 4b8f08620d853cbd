"""A critic of behaviour: tells the motion of the talks from what the student makes on its own, given what both answer to.

Where the truth is one of many (a glance away, a blink, a smile of one's own accord), an error to one end teaches the middle of all; a critic asks
that such things happen as often, as long and on the same occasions as they do in the talks. Relativistic pairing with penalties on both
gradients (Huang et al. 2024, "The GAN is dead; long live the GAN!"): both motions of a pair have the same occasion.
"""

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.data.arkit import ARKIT_INDEX
from training.model.layout import MOTION_WIDTH
from training.model.motion import scale_motion
from training.stages.talking import SPOKEN
from training.stages.talks import Batch

UNSPOKEN = [i for i in range(MOTION_WIDTH) if i not in SPOKEN]
"""What the critic looks at. What the voice decides has its own loss."""
HAZE = 0.25
"""Spread of the noise that the critic looks through, in spreads of the talks: trembling by less tells made motion from true at once, and then nothing else is learned."""
TREMBLE = 0.15
"""Change of a movement from frame to frame, in spreads: under it is trembling, far above a blink or a saccade."""
_LOOKS = [ARKIT_INDEX[f"eyeLook{way}{side}"] for way in ("In", "Out", "Up", "Down") for side in ("Left", "Right")]
OCCASION = MOTION_WIDTH + 3
"""Width of what both motions answer to: the user's face, that it is seen, that the avatar speaks, its expressivity."""


def occasion_of(batch: Batch) -> Tensor:
    """[N,F,61] of a batch of crops."""
    frames = batch.motion.shape[1]
    user, presence = (torch.stack([getattr(talk, key)[first : first + frames] for talk, first in batch.crops]) for key in ("user", "presence"))
    speaking = (batch.loudness / 0.05).clamp(0, 1)[..., None]
    return torch.cat([scale_motion(user), presence, speaking, batch.expressivity[:, None].expand(-1, frames, -1)], -1)


class Critic(nn.Module):
    """Scaled motion [N,F,58] and its occasion [N,F,61] -> one score for each sixth of a second, [N,F/4]."""

    def __init__(self, spread: Tensor, width: int = 128):
        super().__init__()
        self.register_buffer("spread", spread.clamp_min(0.02))  # [58] standard deviations of scaled motion
        self.layers = nn.Sequential(
            nn.Conv1d(2 * len(UNSPOKEN) + OCCASION, width, 5, padding=2), nn.LeakyReLU(0.2),
            nn.Conv1d(width, width, 5, stride=2, padding=2), nn.LeakyReLU(0.2),
            nn.Conv1d(width, width, 5, stride=2, padding=2), nn.LeakyReLU(0.2),
            nn.Conv1d(width, width, 5, padding=2), nn.LeakyReLU(0.2), nn.Conv1d(width, 1, 3, padding=1),
        )  # fmt: skip

    def forward(self, motion: Tensor, occasion: Tensor) -> Tensor:
        with torch.autocast(motion.device.type, enabled=False):  # half precision is too coarse for the slopes of slopes
            seen = (motion.float() / self.spread)[..., UNSPOKEN].clamp(-12, 12)
            moved = F.pad(seen.diff(dim=1), (0, 0, 1, 0))
            return self.layers(torch.cat([seen, 2 * moved, occasion.float()], -1).transpose(1, 2))[:, 0]


class Judge:
    """The critic with its optimiser and the last windows that it was shown, in turn with the student's training."""

    def __init__(self, spread: Tensor, rate: float = 4e-4, kept: int = 192, penalty: float = 0.1):
        self.critic, self.kept, self.penalty = Critic(spread), kept, penalty
        self.optimiser = torch.optim.Adam(self.critic.parameters(), lr=rate, betas=(0.0, 0.99))
        self.windows: list[tuple[Tensor, Tensor, Tensor]] = []

    def show(self, made: Tensor, true: Tensor, occasion: Tensor) -> None:
        """Keeps windows [N,F,*] for `learn`; the oldest go."""
        self.windows += list(zip(made.detach(), true, occasion))
        del self.windows[: -self.kept]

    def learn(self, rng: np.random.Generator, updates: int, batch: int = 32) -> float:
        """Some updates on windows that were shown; gives how often the truth scores higher."""
        right = 0.0
        for _ in range(updates):
            picked = [self.windows[i] for i in rng.integers(len(self.windows), size=min(batch, len(self.windows)))]
            made, true, occasion = (torch.stack(column) for column in zip(*picked))
            both = self._hazy(torch.cat([made, true])).requires_grad_(True)
            scores = self.critic(both, torch.cat([occasion, occasion]))
            slope = torch.autograd.grad(scores.sum(), both, create_graph=True)[0] * self.critic.spread
            worse, better = scores.chunk(2)
            loss = F.softplus(worse - better).mean() + self.penalty * (slope**2).sum((1, 2)).mean()
            self.optimiser.zero_grad(set_to_none=True)
            loss.backward()
            self.optimiser.step()
            right += float((better > worse).float().mean()) / updates
        return right

    def loss(self, made: Tensor, true: Tensor, occasion: Tensor) -> Tensor:
        """What the student pays for motion that is told from the truth of the same crops."""
        self.critic.requires_grad_(False)
        loss = F.softplus(self.critic(self._hazy(true), occasion) - self.critic(self._hazy(made), occasion)).mean()
        self.critic.requires_grad_(True)
        return loss

    def trembling(self, made: Tensor, true: Tensor) -> Tensor:
        """How much more the coefficients and the pose [N,F,58] tremble than in the truth: 0 where they do not. How large a movement is does not count."""

        def share(motion: Tensor) -> Tensor:
            change = (motion / self.critic.spread).diff(dim=1).diff(dim=1) ** 2
            return (change / (change + TREMBLE**2)).mean((0, 1))

        return (share(made) - share(true)).clamp_min(0).mean()

    def _hazy(self, motion: Tensor) -> Tensor:
        return motion + HAZE * self.critic.spread * torch.randn_like(motion)


def glances(made: Tensor, true: Tensor, speaking: Tensor) -> dict[str, float]:
    """To watch a run by: how far the eyes are off while the avatar speaks and listens, and how often they are shut, made beside true; motion [N,F,58], speaking [N,F]."""
    found = {}
    for name, motion in (("", made), ("True", true)):
        aside = motion[..., _LOOKS].sum(-1)
        for role, mask in (("Speaking", speaking > 0.5), ("Listening", speaking <= 0.5)):
            if mask.any():
                found[f"aside{role}{name}"] = float(aside[mask].mean())
        found[f"shut{name}"] = float((motion[..., ARKIT_INDEX["eyeBlinkLeft"]] > 0.5).float().mean())
    return found
