"""Eq. 12: the feature alignment of stage 2, by its definition."""

import torch

from training.stages.interactive import alignment

FRAMES, TOKENS, WIDTH = 4, 12, 6


def test_alignment_is_the_loudness_weighted_mean_square_distance_of_the_picked_blocks() -> None:
    torch.manual_seed(0)
    features = [torch.randn(3, FRAMES * TOKENS, WIDTH) for _ in range(4)]
    reference = [torch.randn(3, FRAMES * TOKENS, WIDTH) for _ in range(4)]
    loudness = torch.rand(3 * FRAMES)
    expected = 0.0
    for index in (1, 3):
        for m in range(3):
            for t in range(FRAMES):
                here = slice(t * TOKENS, (t + 1) * TOKENS)
                distance = ((features[index][m, here] - reference[index][m, here]) ** 2).mean()
                expected += float(loudness[m * FRAMES + t] * distance) / (3 * FRAMES * 2)
    assert abs(float(alignment(features, reference, loudness, FRAMES, [1, 3])) - expected) < 1e-6


def test_silence_is_free_to_listen_and_equal_features_cost_nothing() -> None:
    features = [torch.ones(1, FRAMES * TOKENS, WIDTH)]
    reference = [torch.zeros(1, FRAMES * TOKENS, WIDTH)]
    assert float(alignment(features, reference, torch.zeros(FRAMES), FRAMES, [0])) == 0
    assert float(alignment(features, features, torch.ones(FRAMES), FRAMES, [0])) == 0
    features[0].requires_grad_()
    loud = torch.tensor([0.0, 0.0, 1.0, 0.0])  # only the third frame is spoken: only its tokens are held
    alignment(features, reference, loud, FRAMES, [0]).backward()
    held = features[0].grad.abs().sum(-1).reshape(FRAMES, TOKENS).sum(1) > 0
    assert held.tolist() == [False, False, True, False]
