"""Low-level perception encoding: long audio and face context into the current block (ECHO Eq. 5 to 7), with its state in and out."""

import torch
from torch import Tensor, nn

from training.model.config import Behaviour, Clock
from training.model.mamba import MambaLayer


class LowLevelPerception(nn.Module):
    """Windows of the user's audio and face tokens -> P_usr, three tokens a frame (audio, face, both), and the next Mamba states."""

    def __init__(self, sizes: Behaviour, clock: Clock):
        super().__init__()
        d = sizes.width
        self.sizes = sizes
        self.fuse_window = nn.Linear(sizes.window * d, d)  # f_audio
        self.audio_norms = nn.ModuleList(nn.LayerNorm(d) for _ in range(sizes.mamba_layers))
        self.audio_layers = nn.ModuleList(MambaLayer(d, sizes.mamba_state, sizes.mamba_conv) for _ in range(sizes.mamba_layers))  # M_a
        self.project = nn.Linear(d, d)  # f_proj
        self.gate = nn.Linear(2 * d, d)
        self.space_norm, self.time_norm = nn.LayerNorm(d), nn.LayerNorm(d)
        self.space_layer = MambaLayer(d, sizes.mamba_state, sizes.mamba_conv)  # M_v over the tokens of a frame
        self.time_layer = MambaLayer(d, sizes.mamba_state, sizes.mamba_conv)  # M_v over the frames of a token
        self.pool = nn.Linear(d, 1)
        self.audio_out = nn.Linear(sizes.window * d, d)
        self.face_out = nn.Linear(d, d)
        self.integrate = nn.Sequential(nn.Linear(2 * d, 2 * d), nn.GELU(), nn.Linear(2 * d, d))  # F_int

    def initial_state(self, batch: int) -> dict[str, Tensor]:
        s, d, v = self.sizes, self.sizes.width, self.sizes.visual_tokens
        return {
            "audio_conv": torch.zeros(batch, s.mamba_layers, d, s.mamba_conv - 1),
            "audio_ssm": torch.zeros(batch, s.mamba_layers, d, s.mamba_state),
            "vision_conv": torch.zeros(batch, v, d, s.mamba_conv - 1),
            "vision_ssm": torch.zeros(batch, v, d, s.mamba_state),
        }

    def forward(self, audio: Tensor, visual: Tensor, lpe: Tensor, state: dict[str, Tensor]) -> tuple[Tensor, dict[str, Tensor]]:
        n, frames, window, d = audio.shape
        # Eq. 5: A_0 = f_audio(A), A_k = A_(k-1) + M_a^k(Norm(A_(k-1)))
        a = self.fuse_window(audio.flatten(2))  # [N,T,D]
        convs, ssms = [], []
        for k, (norm, layer) in enumerate(zip(self.audio_norms, self.audio_layers)):
            y, conv, ssm = layer(norm(a), state["audio_conv"][:, k], state["audio_ssm"][:, k])
            a = a + y
            convs.append(conv)
            ssms.append(ssm)
        # Eq. 6: A^ = A + g * tanh(f_proj(A_bar)), A_bar broadcast over the window
        long = a[:, :, None].expand(-1, -1, window, -1)
        gate = torch.sigmoid(self.gate(torch.cat([audio, long], dim=-1)))
        audio = audio + gate * torch.tanh(self.project(long))  # [N,T,L_w,D]
        # Eq. 7 ff.: M_v scans space, then time
        v = visual.shape[2]
        zero_conv = visual.new_zeros(n * frames, d, self.sizes.mamba_conv - 1)
        zero_ssm = visual.new_zeros(n * frames, d, self.sizes.mamba_state)
        tokens = visual.reshape(n * frames, v, d)
        tokens = (tokens + self.space_layer(self.space_norm(tokens), zero_conv, zero_ssm)[0]).reshape(n, frames, v, d)
        lines = tokens.transpose(1, 2).reshape(n * v, frames, d)
        taps = self.sizes.mamba_conv - 1
        y, conv, ssm = self.time_layer(
            self.time_norm(lines), state["vision_conv"].reshape(n * v, d, taps), state["vision_ssm"].reshape(n * v, d, self.sizes.mamba_state)
        )
        tokens = (lines + y).reshape(n, v, frames, d).transpose(1, 2)  # [N,T,V,D]
        weights = torch.softmax(self.pool(tokens), dim=2)
        on = lpe[:, :, None]  # [N,1,1]; off: no long-range visual cues, no F_int
        face = self.face_out((weights * tokens).sum(2)) * on  # [N,T,D]
        heard = self.audio_out(audio.flatten(2))
        both = on * self.integrate(torch.cat([heard, face], dim=-1)) + (1 - on) * heard
        perception = torch.stack([heard, face, both], dim=2).reshape(n, frames * 3, d)  # P_usr
        return perception, {
            "audio_conv": torch.stack(convs, 1),
            "audio_ssm": torch.stack(ssms, 1),
            "vision_conv": conv.reshape(n, v, d, taps),
            "vision_ssm": ssm.reshape(n, v, d, self.sizes.mamba_state),
        }
