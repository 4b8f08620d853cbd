"""The SyncNet learns which mouth belongs to which sound, and its figures tell a shift from none."""

import numpy as np
import torch

from training.eval_nets import syncnet
from training.eval_nets.film import CROP, SIZE, TAKE_FRAMES, Take, mouths, spoken_stretch
from training.eval_nets.syncnet import Descriptors, SyncNet, contrast, in_sync


def makeshift(seed: int, late: int = 0, frames: int = 40) -> Take:
    """A grey patch that is as bright as the sound is loud, `late` frames after it."""
    rng = np.random.default_rng(seed)
    level = np.repeat(rng.random(frames // 2 + 8), 2)
    shown = level[8 - late : 8 - late + frames]
    pictures = np.broadcast_to((255 * shown).astype(np.uint8)[:, None, None, None], (frames, 3, SIZE, SIZE)).copy()
    sound = rng.normal(0, 0.1, (4 * frames, 13)).astype(np.float32)
    sound[:, 0] += np.repeat(level[8 : 8 + frames], 4) * 4
    return Take(pictures, sound)


def test_it_learns_what_belongs_together(monkeypatch):
    monkeypatch.setattr(syncnet, "WINDOWS", 8)
    monkeypatch.setattr(syncnet, "TAKES", 4)
    torch.manual_seed(0)
    rng = np.random.default_rng(0)
    takes = [makeshift(seed) for seed in range(8)]
    net = SyncNet()
    optimiser = torch.optim.AdamW(net.parameters(), 2e-3)
    for _ in range(40):
        loss = contrast(net, takes, rng)
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    net.eval()
    with torch.no_grad():
        held = in_sync(net, [makeshift(seed) for seed in range(20, 24)])
        late = in_sync(net, [makeshift(seed, late=3) for seed in range(20, 24)])
    assert held["aucInSync"] > 0.8
    assert held["withinOneFrame"] == 1
    assert late["offsets"] == {"3": 4}  # the sound leads by three frames: positive, as in sdk/eval/lip-sync.ts


def test_padding_is_as_far_off_as_a_stranger():
    net = SyncNet().eval()
    pictures, sound = torch.randn(4, 3, 5, SIZE, SIZE), torch.randn(4, 1, 13, 20)
    with torch.no_grad():
        plain, padded = net(pictures, sound), Descriptors(net)(pictures, sound)
    assert torch.allclose(torch.cdist(*plain), torch.cdist(*padded), atol=1e-5)
    assert torch.allclose(padded[0].norm(dim=1), torch.full((4,), 2**0.5))


def test_stretches_are_speech():
    rng = np.random.default_rng(0)
    pcm = np.zeros(640 * 400, np.int16)
    assert spoken_stretch(pcm, rng) is None
    pcm[640 * 200 : 640 * 320] = 2000
    first = spoken_stretch(pcm, rng)
    spoken = np.abs(pcm[640 * first : 640 * (first + TAKE_FRAMES)]) > 0
    assert spoken.mean() >= 0.7
    assert spoken_stretch(pcm[:640], rng) is None


def test_the_mouth_is_cut_out_of_a_render():
    rgba = np.zeros((1, 128, 128, 4), np.uint8)
    rgba[..., 3] = 255
    left, top, right, bottom = (round(128 * edge) for edge in CROP)
    rgba[:, top:bottom, left:right, 0] = 200
    cut = mouths(rgba)
    assert cut.shape == (1, 3, SIZE, SIZE)
    assert (cut[0, 0] == 200).all()
    assert (cut[0, 1:] == 0).all()
