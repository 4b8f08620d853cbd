"""Spatial-aware decoupled cross-attention modulation (ECHO Eq. 10, 11)."""

import torch
from torch import Tensor, nn

from training.model.attention import CrossAttention
from training.model.config import Behaviour


class SpatialDecoupledModulation(nn.Module):
    """Two decoupled streams into the tokens of each frame: lips take the avatar's audio, the rest of the face the gated pair, other tokens neither.

    h [M,4K,W] over M blocks, `audio` [M,4,L_w,D] of the avatar, `f_pu` [M,12,D], `lip` and `face` [K,1] masks, `on` [M,1,1].
    """

    def __init__(self, sizes: Behaviour, frames: int):
        super().__init__()
        w, heads = sizes.generator_width, sizes.generator_heads
        self.frames = frames
        self.to_user = CrossAttention(w, sizes.width, heads, slots=3 * frames)  # CrossAttn_1
        self.to_audio = CrossAttention(w, sizes.width, heads, slots=sizes.window)  # CrossAttn_2
        self.conv_user, self.conv_audio = nn.Linear(w, w // 2), nn.Linear(w, w // 2)  # pointwise f_conv^1, f_conv^2
        self.gate = nn.Linear(w, w)  # f_g

    def forward(self, h: Tensor, audio: Tensor, f_pu: Tensor | None, lip: Tensor, face: Tensor, on: Tensor) -> Tensor:
        m, count, w = h.shape
        tokens = count // self.frames
        per_frame = h.reshape(m * self.frames, tokens, w)
        heard = self.to_audio(per_frame, audio.reshape(m * self.frames, -1, audio.shape[-1])).reshape(m, self.frames, tokens, w)
        if f_pu is None:  # stage 1: the user's stream does not exist yet
            return (heard * (lip + face)).reshape(m, count, w)
        seen = self.to_user(h, f_pu).reshape(m, self.frames, tokens, w)
        g = torch.sigmoid(self.gate(torch.cat([self.conv_user(seen), self.conv_audio(heard)], dim=-1)))
        h_lip = heard * lip
        h_face = (g * heard + (1 - g) * seen) * face
        decoupled = (h_lip + h_face).reshape(m, count, w)
        fused = (0.5 * (heard + seen)).reshape(m, count, w)  # "w/o SDCM": both streams, everywhere
        return on * decoupled + (1 - on) * fused
