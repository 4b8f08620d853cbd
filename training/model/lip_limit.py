"""Lips part no further than the voice lets them: the last word on a closure is the audio encoder's own.

The encoder's head has heard a hundred times more voices, noises and rooms than the generator, which learns from simulated talks; on a voice
of another kind the generator blurs closures that the head still reads. So the head's reading of the gap between the lips bounds that of the
generator's motion while somebody speaks. What is too much is taken back half by the jaw and half by the lips.

The gap that the head gives is a mean over what the sound may be: half an m and half an n is a gap that nobody makes. A closure that is
missed is seen by everybody, a lip that comes near in an n by nobody, so the mean is lowered by the chance of a closure.
"""

from typing import NamedTuple

import torch
from torch import Tensor, nn

from training.data.arkit import ARKIT_INDEX
from training.data.speech.phones import BILABIAL, PHONES, SILENCE
from training.data.speech.visemes import OPENING
from training.model.audio_encoder import SpeechHead
from training.model.config import Behaviour
from training.model.layout import MOTION_WIDTH, MOUTH
from training.model.motion import POSE_SCALE, BlendshapeHead, MotionEmbedder

FREEDOM, SLACK = 1.3, 0.005
"""The gap may be so many times what is heard (an emphatic speaker opens wider than most), and so much more."""
DOUBT = 2
"""The gap is multiplied by the chance that the sound is no p, b or m, to this power (docs/decisions/0010)."""


class Heard(NamedTuple):
    """What is heard of the avatar's own voice, frame by frame."""

    gap: Tensor  # [M,4] between the lips, the smaller the likelier they meet
    voiced: Tensor  # [M,4] 1 while somebody speaks, 0 in silence


class LipLimit(nn.Module):
    """x_1^ [M,4,12,32] and what is heard of the avatar's windows -> x_1^ with the lips closed where the voice closes them. Nothing here is trained."""

    def __init__(self, sizes: Behaviour):
        super().__init__()
        self.head = SpeechHead(sizes, len(MOUTH), len(PHONES))
        self.embedder, self.blendshapes = MotionEmbedder(), BlendshapeHead()
        fix(self)
        heard, gap, back = torch.zeros(len(MOUTH)), torch.zeros(MOTION_WIDTH), torch.zeros(MOTION_WIDTH)
        for name, gain in OPENING.items():
            heard[MOUTH.index(ARKIT_INDEX[name])] = gap[ARKIT_INDEX[name]] = gain
        back[ARKIT_INDEX["jawOpen"]], back[ARKIT_INDEX["mouthClose"]] = -0.5, 0.5
        meets = torch.tensor([float(phone in BILABIAL) for phone in PHONES])
        for name, value in (("heard", heard), ("gap", gap), ("back", back), ("meets", meets)):
            self.register_buffer(name, value, persistent=False)
        self.eval()

    def train(self, mode: bool = True) -> "LipLimit":
        """Always as in use: its weights are given."""
        return super().train(False)

    def know(self, head: dict[str, Tensor], embedder: nn.Module, blendshapes: nn.Module) -> None:
        """Takes over the weights of a trained `SpeechHead` and of the motion space."""
        self.head.load_state_dict(head)
        self.embedder.load_state_dict(embedder.state_dict())
        self.blendshapes.load_state_dict(blendshapes.state_dict())

    def hear(self, windows: Tensor) -> "Heard":
        """What the avatar's windows [M,4,L_w,D] say."""
        with torch.autocast(windows.device.type, enabled=False):
            mouth, phones = self.head(windows.float())
            chance = phones.softmax(-1)
            return Heard((mouth @ self.heard).clamp_min(0) * (1 - chance @ self.meets) ** DOUBT, 1 - chance[..., PHONES.index(SILENCE)])

    def forward(self, clean: Tensor, heard: "Heard") -> Tensor:
        with torch.autocast(clean.device.type, enabled=False):
            scaled = self.blendshapes.raw(clean.float())
            motion = torch.cat([scaled[..., :52], scaled[..., 52:] / POSE_SCALE], -1)
            excess = (motion @ self.gap - (FREEDOM * heard.gap + SLACK)).clamp_min(0) * heard.voiced
            return clean + self.embedder(motion + excess[..., None] * self.back) - self.embedder(motion)


def fix(module: nn.Module) -> None:
    """Turns every parameter into a buffer: kept with the rest, but no optimiser's business."""
    for part in module.modules():
        for name, value in list(part.named_parameters(recurse=False)):
            delattr(part, name)
            part.register_buffer(name, value.detach())
