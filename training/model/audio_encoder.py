"""Causal audio encoder: 16 kHz PCM -> per-frame windows of features [T, L_w, D] (ECHO Sec. 4.1 takes wav2vec 2.0; this one is small)."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from training.model.config import Behaviour, Clock


def mel_filterbank(mels: int, bins: int, rate: int, low: float = 60.0, high: float = 7600.0) -> Tensor:
    """Triangular filters on the HTK mel scale, [mels, bins]."""
    to_mel = lambda f: 2595.0 * math.log10(1.0 + f / 700.0)  # noqa: E731
    edges = torch.linspace(to_mel(low), to_mel(high), mels + 2)
    hz = 700.0 * (10.0 ** (edges / 2595.0) - 1.0)
    freqs = torch.linspace(0, rate / 2, bins)
    up = (freqs[None] - hz[:-2, None]) / (hz[1:-1] - hz[:-2])[:, None]
    down = (hz[2:, None] - freqs[None]) / (hz[2:] - hz[1:-1])[:, None]
    return torch.clamp(torch.minimum(up, down), min=0.0)


class LogMel(nn.Module):
    """Log-mel energies every 10 ms as two fixed convolutions: [N, S] -> [N, mels, S/160 - 2]. Causal: a row ends where its window ends."""

    WINDOW, HOP, FFT = 400, 160, 512

    def __init__(self, mels: int, rate: int):
        super().__init__()
        bins = self.FFT // 2 + 1
        n = torch.arange(self.WINDOW).float()
        hann = 0.5 - 0.5 * torch.cos(2 * math.pi * n / self.WINDOW)
        angle = 2 * math.pi * torch.outer(torch.arange(bins).float(), n) / self.FFT
        kernel = torch.cat([torch.cos(angle) * hann, -torch.sin(angle) * hann])  # [2*bins, 400]
        self.register_buffer("hann", hann, persistent=False)
        self.register_buffer("kernel", kernel[:, None], persistent=False)
        self.register_buffer("filters", mel_filterbank(mels, bins, rate), persistent=False)
        self.bins = bins

    def forward(self, pcm: Tensor) -> Tensor:
        pcm = pcm[:, (pcm.shape[1] - self.WINDOW) % self.HOP :]  # so that the newest window ends with the PCM
        with torch.autocast(pcm.device.type, enabled=False):
            return self._energies(pcm)

    def _energies(self, pcm: Tensor) -> Tensor:
        if torch.onnx.is_in_onnx_export():
            spectrum = F.conv1d(pcm[:, None], self.kernel, stride=self.HOP)  # [N, 2*bins, R]
            power = spectrum[:, : self.bins] ** 2 + spectrum[:, self.bins :] ** 2
        else:  # the same, several times faster in PyTorch
            spectrum = torch.fft.rfft(pcm.unfold(1, self.WINDOW, self.HOP) * self.hann, n=self.FFT)  # [N, R, bins]
            power = (spectrum.real**2 + spectrum.imag**2).transpose(1, 2)
        return (torch.log(torch.matmul(self.filters, power) + 1e-4) + 2.0) / 4.0


class AudioEncoder(nn.Module):
    """PCM block [N,2560] + `tail` [N,7680] of what came before -> windows [N,4,8,128] + next tail. No look at the future."""

    DILATIONS = (1, 2, 4)  # of the convolutions on the 100 Hz rows: a closure of the lips is a few rows

    def __init__(self, sizes: Behaviour, clock: Clock):
        super().__init__()
        c = sizes.audio_channels
        self.window, self.tail = sizes.window, sizes.tail_samples
        self.frames_per_block = clock.block_frames
        self.samples_per_frame = clock.samples_per_frame
        self.mel = LogMel(sizes.mels, clock.sample_rate_hz)
        self.enter = nn.Conv1d(sizes.mels, c, 1)
        self.fine = nn.ModuleList(nn.Conv1d(c, c, 3, dilation=d) for d in self.DILATIONS)
        self.coarse = nn.Conv1d(c, c, 4, stride=4)
        self.past = nn.Conv1d(c, c, 2)
        self.norm = nn.LayerNorm(c)
        self.out = nn.Linear(c, sizes.width)

    def frames(self, pcm: Tensor, change: Callable[[Tensor], Tensor] | None = None) -> Tensor:
        """[N,S] -> one feature vector a frame for the last frames that are fully covered: [N, F, D]. Row F-1 ends with the PCM's end.

        `change` is done to the log-mel rows, in training.
        """
        mel = self.mel(pcm)  # [N, mels, R], R = S/160 - 2
        if change:
            mel = change(mel)
        lead = 2 * sum(self.DILATIONS)
        keep = (mel.shape[2] - lead) // 4 * 4 + lead  # drop the oldest rows so that the stride of 4 ends at the newest
        h = self.enter(mel[:, :, mel.shape[2] - keep :])
        for conv in self.fine:
            h = h[:, :, 2 * conv.dilation[0] :] + F.gelu(conv(h))
        h = F.gelu(self.coarse(h))  # 25 rows a second
        h = (h[:, :, 1:] + F.gelu(self.past(h))).transpose(1, 2)  # [N, F, c]
        return self.out(self.norm(h))

    def windows(self, features: Tensor) -> Tensor:
        """[N, L_w-1+T, D] -> [N, T, L_w, D], the frame itself last in its window."""
        frames = features.shape[1] - self.window + 1
        return torch.stack([features[:, k : k + frames] for k in range(self.window)], dim=2)

    def forward(self, pcm: Tensor, tail: Tensor) -> tuple[Tensor, Tensor]:
        whole = torch.cat([tail, pcm], dim=1)  # [N, 10240]
        features = self.frames(whole)
        need = self.window - 1 + self.frames_per_block
        return self.windows(features[:, features.shape[1] - need :]), whole[:, whole.shape[1] - self.tail :]


class SpeechHead(nn.Module):
    """Auxiliary head of the encoder's own training: mouth motion and phone class of the frame. Its hidden layer goes on in the generator."""

    def __init__(self, sizes: Behaviour, motions: int, classes: int):
        super().__init__()
        self.hidden = nn.Linear(sizes.window * sizes.width, 256)
        self.motion = nn.Linear(256, motions)
        self.phone = nn.Linear(256, classes)

    def forward(self, windows: Tensor) -> tuple[Tensor, Tensor]:
        h = F.gelu(self.hidden(F.dropout(windows.flatten(2), 0.2, self.training)))  # [N,T,256]
        return self.motion(h), self.phone(h)
