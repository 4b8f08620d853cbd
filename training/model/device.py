"""Arrays to tensors, where the run computes. `training.run` sets PyTorch's default device from the config; new tensors follow by themselves."""

import numpy as np
import torch
from torch import Tensor


def tensor_of(array: np.ndarray) -> Tensor:
    """The array on the default device; shared memory on a CPU."""
    return torch.from_numpy(array).to(torch.get_default_device())


def array_of(tensor: Tensor) -> np.ndarray:
    """The tensor's values as NumPy holds them."""
    return tensor.detach().cpu().numpy()


def read(path) -> dict:
    """A checkpoint, its tensors on the default device."""
    return torch.load(path, map_location=torch.get_default_device(), weights_only=False)
