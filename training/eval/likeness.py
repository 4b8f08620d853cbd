"""CSIM: is it the same person? dlib's face descriptor (Davis King, CC0 weights) on generated frames and on the reference."""

import numpy as np
from PIL import Image

from training.eval.metrics import cosine
from training.eval.trained import NotMeasured


def on_grey(rgba: np.ndarray, grey: float = 200.0) -> np.ndarray:
    """Straight-alpha RGBA on a plain ground, RGB uint8."""
    alpha = rgba[..., 3:4].astype(np.float32) / 255
    return (rgba[..., :3] * alpha + grey * (1 - alpha)).round().astype(np.uint8)


SAME_PERSON = 0.6
"""Euclidean distance under which dlib takes two descriptors for one person (its own documentation)."""


class FaceDescriptor:
    """dlib's 128 numbers of a face. Raises NotMeasured where the packages are not installed."""

    def __init__(self):
        try:
            import importlib.util

            import dlib

            found = importlib.util.find_spec("face_recognition_models")
            folder = found.submodule_search_locations[0] + "/models/"
            self.detect = dlib.get_frontal_face_detector()
            self.shape = dlib.shape_predictor(folder + "shape_predictor_5_face_landmarks.dat")
            self.net = dlib.face_recognition_model_v1(folder + "dlib_face_recognition_resnet_model_v1.dat")
        except (ImportError, AttributeError, RuntimeError) as error:
            raise NotMeasured("no face-recognition network is installed (pip install dlib-bin face_recognition_models gives one)") from error

    def __call__(self, rgb: np.ndarray) -> np.ndarray | None:
        large = np.array(Image.fromarray(rgb).resize((384, 384), Image.LANCZOS))
        faces = self.detect(large, 0)
        if not faces:
            return None
        return np.array(self.net.compute_face_descriptor(large, self.shape(large, faces[0])))


def likeness(frames: dict[str, np.ndarray], references: dict[str, np.ndarray]) -> dict:
    """Mean cosine of generated frames with the avatar's own reference and with the other avatars'. RGBA arrays by avatar."""
    descriptor = FaceDescriptor()
    anchors = {name: descriptor(on_grey(picture)) for name, picture in references.items()}
    if any(anchor is None for anchor in anchors.values()):
        raise NotMeasured("the face detector does not find a face in a reference picture")
    own, others, near, near_others, missed, count = [], [], [], [], 0, 0
    for name, pictures in frames.items():
        for picture in pictures:
            count += 1
            found = descriptor(on_grey(picture))
            if found is None:
                missed += 1
                continue
            own.append(cosine(found, anchors[name]))
            near.append(np.linalg.norm(found - anchors[name]) < SAME_PERSON)
            strangers = [anchor for other, anchor in anchors.items() if other != name]
            others += [cosine(found, anchor) for anchor in strangers]
            near_others += [np.linalg.norm(found - anchor) < SAME_PERSON for anchor in strangers]
    if not own:
        raise NotMeasured("the face detector finds no face in the generated frames")
    mean = lambda values: float(np.mean(values)) if values else None  # noqa: E731
    return {"csim": mean(own), "csimOthers": mean(others), "samePerson": mean(near), "samePersonOthers": mean(near_others), "frames": count, "noFace": missed,
            "network": "dlib resnet v1, 128 numbers"}  # fmt: skip
