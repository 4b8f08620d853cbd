"""Pictures reach the network as `echo-head eval` prepares them; the area under ROC is one."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from training.eval_nets.export import over_background
from training.eval_nets.features import CROP, SIZE, area_under_roc, seen


def test_a_picture_is_cropped_and_halved_as_bilinear_sampling_does():
    rgba = np.random.default_rng(0).integers(0, 256, (1, 256, 256, 4), dtype=np.uint8)
    left, top, right, bottom = (round(256 * edge) for edge in CROP)
    cut = torch.from_numpy(over_background(rgba[:, top:bottom, left:right]))
    expected = F.interpolate(cut, (SIZE, SIZE), mode="bilinear", align_corners=False)
    np.testing.assert_allclose(seen(rgba), expected.numpy(), atol=1e-5)
    with pytest.raises(ValueError, match="256 x 256"):
        seen(rgba[:, :128])


@pytest.mark.parametrize(("above", "below", "expected"), [([3, 4], [1, 2], 1.0), ([1, 1], [1, 1, 1], 0.5), ([1], [2, 3], 0.0), ([2, 0], [1, 3], 0.25)])
def test_area_under_roc(above, below, expected):
    assert area_under_roc(np.array(above, float), np.array(below, float)) == expected
