"""Audio encoder and LPE: what streams block by block is what one long run gives."""

import pytest
import torch

from training.model.audio_encoder import AudioEncoder, LogMel
from training.model.config import Behaviour, Clock
from training.model.lpe import LowLevelPerception
from training.model.phi import PhiNano

SIZES = Behaviour(width=32, audio_channels=16, mamba_layers=2)
CLOCK = Clock()


@pytest.fixture
def encoder() -> AudioEncoder:
    torch.manual_seed(4)
    return AudioEncoder(SIZES, CLOCK).eval().requires_grad_(False)


def long_run(encoder: AudioEncoder, pcm: torch.Tensor) -> torch.Tensor:
    """[N,S] -> windows [N,S/640,8,D] after a tail of silence."""
    return encoder.windows(encoder.frames(torch.cat([torch.zeros(len(pcm), SIZES.tail_samples), pcm], 1)))


def test_audio_blocks_with_their_tail_equal_one_long_run(encoder: AudioEncoder) -> None:
    pcm = torch.randn(2, 5 * CLOCK.block_samples) * 0.1
    whole = long_run(encoder, pcm)
    assert whole.shape == (2, 20, 8, 32)
    tail = torch.zeros(2, SIZES.tail_samples)
    for j, block in enumerate(pcm.split(CLOCK.block_samples, dim=1)):
        features, tail = encoder(block, tail)
        assert torch.allclose(features, whole[:, 4 * j : 4 * j + 4], atol=1e-5)


def test_the_audio_encoder_does_not_hear_the_future(encoder: AudioEncoder) -> None:
    pcm = torch.randn(1, 12 * 640) * 0.1
    other = pcm.clone()
    other[:, 7 * 640 :] = torch.randn(1, 5 * 640)
    before, after = long_run(encoder, pcm), long_run(encoder, other)
    assert torch.equal(before[:, :7], after[:, :7])
    assert float((before[:, 7:, -1] - after[:, 7:, -1]).abs().amax((0, 2)).min()) > 1e-3


def test_the_exported_spectrum_equals_the_fast_one(monkeypatch: pytest.MonkeyPatch) -> None:
    mel, pcm = LogMel(64, 16000), torch.randn(1, 3200) * 0.3
    fast = mel(pcm)
    monkeypatch.setattr(torch.onnx, "is_in_onnx_export", lambda: True)
    assert torch.allclose(mel(pcm), fast, atol=1e-4) and float(fast.std()) > 0.1


def test_the_state_of_the_lpe_carries_everything() -> None:
    torch.manual_seed(5)
    lpe = LowLevelPerception(SIZES, CLOCK).eval().requires_grad_(False)
    audio, visual, on = torch.randn(2, 16, 8, 32), torch.randn(2, 16, 8, 32), torch.tensor([[1.0], [0.0]])
    whole, end = lpe(audio, visual, on, lpe.initial_state(2))
    state, parts = lpe.initial_state(2), []
    for j in range(0, 16, 4):
        perception, state = lpe(audio[:, j : j + 4], visual[:, j : j + 4], on, state)
        parts.append(perception)
    assert torch.allclose(torch.cat(parts, 1), whole, atol=1e-5)
    assert all(torch.allclose(state[key], end[key], atol=1e-5) for key in end)
    alone, _ = lpe(audio[:, 12:], visual[:, 12:], on, lpe.initial_state(2))
    assert float((alone - parts[-1]).abs().max()) > 1e-3  # without it, the block is another


def test_standardised_history_lets_small_differences_through() -> None:
    torch.manual_seed(6)
    phi = PhiNano(Behaviour()).eval().requires_grad_(False)
    entries = 0.02 * torch.randn(400, 187) + 0.3
    mask = torch.ones(2, 150)
    histories = torch.stack([entries[:150], entries[200:350] + 0.02])  # one mood a little above the other
    difference = lambda: float((phi(histories, mask)[0] - phi(histories, mask)[1]).abs().mean())  # noqa: E731
    before = difference()
    phi.standardise(entries)
    assert difference() > 5 * before
