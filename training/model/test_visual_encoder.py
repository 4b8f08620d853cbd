"""Face tokens see the face alone: M_face of Eq. 7."""

import torch

from training.model.config import Behaviour
from training.model.layout import MOTION_WIDTH
from training.model.visual_encoder import VisualEncoder, face_cells


def encoder() -> VisualEncoder:
    torch.manual_seed(7)
    return VisualEncoder(Behaviour(width=32)).eval().requires_grad_(False)


def test_a_token_reads_the_numbers_of_its_cell_and_no_others() -> None:
    visual, seen = encoder(), torch.ones(1, 1, 1)
    still = visual(torch.zeros(1, 1, MOTION_WIDTH), seen)
    for number in range(MOTION_WIDTH):
        face = torch.zeros(1, 1, MOTION_WIDTH)
        face[..., number] = 1.0
        moved = ((visual(face, seen) - still).abs().amax(-1) > 1e-6)[0, 0].tolist()
        assert moved == [bool(value) for value in visual.mask[:, number]]


def test_every_cell_of_the_grid_that_holds_a_part_of_the_face_has_a_token_to_go_to() -> None:
    visual = encoder()
    for i, inputs in enumerate(face_cells()):
        assert bool(visual.mask[min(i, visual.count - 1), inputs].all())


def test_of_an_absent_face_nothing_is_seen() -> None:
    visual, nobody = encoder(), torch.zeros(1, 3, 1)
    assert torch.equal(visual(torch.randn(1, 3, MOTION_WIDTH), nobody), visual(torch.randn(1, 3, MOTION_WIDTH), nobody))
