"""Who a head is: body macros, detail targets, skin, hair, brows, eyes and teeth; four heroes and a sampler of adults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

import numpy as np

ETHNICITIES = ("african", "asian", "caucasian")
HAIR_STYLES = {
    "female": ("afro01", "bob01", "bob02", "braid01", "long01", "ponytail01", "short03"),
    "male": ("afro01", "short01", "short02", "short04"),
}
EYE_COLOURS = ("brown", "brownlight", "blue", "bluegreen", "deepblue", "green", "grey", "ice", "lightblue")
TEETH = ("teeth_base", "teeth_shape01", "teeth_shape02", "teeth_shape03", "teeth_shape04", "teeth_shape05")
_NO_WEIGHTS: Mapping[str, float] = MappingProxyType({})


@dataclass(frozen=True)
class Identity:
    """One person. `age` runs from 0 (about 25 years) to 1 (about 90), `weight` from -1 to 1, `ethnicity` shares sum to 1.

    `details` maps target names of the compiled assets to weights; `hair_tint` is an sRGB colour 0..1; `cloth` too.
    """

    name: str
    sex: str
    age: float
    weight: float
    ethnicity: Mapping[str, float]
    skin: str
    hair: str
    hair_tint: tuple[float, float, float]
    brows: str
    lashes: str
    eyes: str
    teeth: str
    details: Mapping[str, float] = field(default_factory=lambda: _NO_WEIGHTS)
    skin_gain: tuple[float, float, float] = (1.0, 1.0, 1.0)
    cloth: tuple[float, float, float] = (0.22, 0.25, 0.32)

    def target_weights(self) -> dict[str, float]:
        """All identity targets of this person with their weights."""
        weights: dict[str, float] = {}
        heavy, light = max(self.weight, 0.0), max(-self.weight, 0.0)
        for age, share in (("young", 1 - self.age), ("old", self.age)):
            for build, part in (("average", 1 - heavy - light), ("max", heavy), ("min", light)):
                weights[f"macrodetails/universal-{self.sex}-{age}-averagemuscle-{build}weight"] = share * part
            for ethnicity, part in self.ethnicity.items():
                weights[f"macrodetails/{ethnicity}-{self.sex}-{age}"] = share * part
        for name, value in self.details.items():
            weights[name] = weights.get(name, 0.0) + value
        return {name: value for name, value in weights.items() if value}


def _both(stem: str, value: float) -> dict[str, float]:
    """The same detail on both sides; `stem` holds `*` for the side, as in `ears/*-ear-scale-incr`."""
    return {stem.replace("*", "l"): value, stem.replace("*", "r"): value}


HEROES: dict[str, Identity] = {
    "ada": Identity(
        "ada", "female", 0.06, -0.05, {"african": 1.0}, "young_darkskinned_female", "braid01", (0.11, 0.075, 0.06),
        "eyebrow001", "eyelashes02", "brown", "teeth_base",
        {"head/head-oval": 0.5, "mouth/mouth-angles-up": 0.3, "chin/chin-triangle": 0.25, "mouth/mouth-scale-horiz-incr": 0.1, **_both("eyes/*-eye-scale-incr", 0.25)},
        (0.98, 1.06, 1.14), cloth=(0.66, 0.40, 0.16),
    ),
    "mei": Identity(
        "mei", "female", 0.28, 0.0, {"asian": 1.0}, "middleage_lightskinned_female2", "bob02", (0.17, 0.13, 0.115),
        "eyebrow001", "eyelashes03", "brown", "teeth_shape01",
        {"head/head-round": 0.2, "mouth/mouth-angles-up": 0.25, "eyebrows/eyebrows-angle-up": 0.3, **_both("eyes/*-eye-scale-incr", 0.15), **_both("cheek/*-cheek-bones-incr", 0.25)},
        cloth=(0.16, 0.36, 0.36),
    ),
    "theo": Identity(
        "theo", "male", 0.12, 0.0, {"caucasian": 1.0}, "young_lightskinned_male2", "short02", (0.36, 0.25, 0.16),
        "eyebrow009", "eyelashes01", "bluegreen", "teeth_shape02",
        {"head/head-rectangular": 0.35, "mouth/mouth-angles-up": 0.2, "chin/chin-width-incr": 0.2, "nose/nose-hump-incr": 0.15},
        cloth=(0.20, 0.27, 0.42),
    ),
    "omar": Identity(
        "omar", "male", 0.5, 0.15, {"african": 0.75, "caucasian": 0.25}, "middleage_darkskinned_male", "short04", (0.13, 0.12, 0.115),
        "eyebrow009", "eyelashes01", "brown", "teeth_base",
        {"head/head-square": 0.35, "nose/nose-scale-horiz-decr": 0.2, "chin/chin-jaw-drop-incr": 0.15},
        cloth=(0.36, 0.15, 0.17),
    ),
}
"""The four avatars that ship: two women, two men; different ethnicities and ages; all adults."""

_SKINS = {
    "african": "darkskinned_{sex}",
    "asian": "lightskinned_{sex}{suffix}",
    "caucasian": "lightskinned_{sex}{suffix}",
}
_SUFFIXES = {
    ("asian", "female", "young"): ("3",), ("asian", "male", "young"): ("3",),
    ("caucasian", "female", "young"): ("", "2"), ("caucasian", "male", "young"): ("", "2"),
    ("asian", "female", "middleage"): ("2",), ("asian", "male", "middleage"): ("2",),
    ("asian", "female", "old"): ("2",), ("asian", "male", "old"): ("2",),
}
_DARK_TINTS = ((0.10, 0.085, 0.08), (0.14, 0.11, 0.10), (0.20, 0.15, 0.12))
_LIGHT_TINTS = (*_DARK_TINTS, (0.34, 0.23, 0.15), (0.46, 0.33, 0.21), (0.66, 0.53, 0.36), (0.45, 0.21, 0.11))
_GREY_TINTS = ((0.45, 0.44, 0.43), (0.68, 0.67, 0.66), (0.30, 0.28, 0.27))
_DETAILS = (
    ("head/head-scale-horiz", "decr", "incr", 0.35), ("head/head-scale-vert", "decr", "incr", 0.3), ("head/head-fat", "decr", "incr", 0.5),
    ("head/head-back-scale-depth", "decr", "incr", 0.4), ("head/head-angle", "in", "out", 0.4),
    ("nose/nose-scale-horiz", "decr", "incr", 0.5), ("nose/nose-scale-vert", "decr", "incr", 0.4), ("nose/nose-scale-depth", "decr", "incr", 0.45),
    ("nose/nose-hump", "decr", "incr", 0.5), ("nose/nose-point", "down", "up", 0.5), ("nose/nose-point-width", "decr", "incr", 0.5),
    ("nose/nose-width1", "decr", "incr", 0.4), ("nose/nose-width2", "decr", "incr", 0.5), ("nose/nose-base", "down", "up", 0.4),
    ("nose/nose-volume", "decr", "incr", 0.4), ("nose/nose-curve", "concave", "convex", 0.4),
    ("mouth/mouth-scale-horiz", "decr", "incr", 0.4), ("mouth/mouth-upperlip-height", "decr", "incr", 0.4),
    ("mouth/mouth-lowerlip-height", "decr", "incr", 0.4), ("mouth/mouth-upperlip-volume", "decr", "incr", 0.5),
    ("mouth/mouth-lowerlip-volume", "decr", "incr", 0.5), ("mouth/mouth-trans", "down", "up", 0.3), ("mouth/mouth-angles", "down", "up", 0.3),
    ("mouth/mouth-cupidsbow", "decr", "incr", 0.5), ("mouth/mouth-philtrum-volume", "decr", "incr", 0.4),
    ("chin/chin-width", "decr", "incr", 0.5), ("chin/chin-height", "decr", "incr", 0.4), ("chin/chin-prominent", "decr", "incr", 0.4),
    ("chin/chin-prognathism", "decr", "incr", 0.3), ("chin/chin-jaw-drop", "decr", "incr", 0.4), ("chin/chin-bones", "decr", "incr", 0.4),
    ("forehead/forehead-scale-vert", "decr", "incr", 0.35), ("forehead/forehead-temple", "decr", "incr", 0.4), ("forehead/forehead-trans", "backward", "forward", 0.3),
    ("eyebrows/eyebrows-trans", "down", "up", 0.4), ("eyebrows/eyebrows-angle", "down", "up", 0.4),
    ("neck/neck-scale-horiz", "decr", "incr", 0.4), ("cheek/*-cheek-bones", "decr", "incr", 0.5), ("cheek/*-cheek-volume", "decr", "incr", 0.5),
    ("cheek/*-cheek-inner", "decr", "incr", 0.4), ("eyes/*-eye-scale", "decr", "incr", 0.35), ("eyes/*-eye-trans", "in", "out", 0.3),
    ("eyes/*-eye-corner1", "down", "up", 0.4), ("eyes/*-eye-corner2", "down", "up", 0.4), ("eyes/*-eye-bag", "decr", "incr", 0.4),
    ("ears/*-ear-scale", "decr", "incr", 0.4), ("ears/*-ear-wing", "decr", "incr", 0.3), ("ears/*-ear-lobe", "decr", "incr", 0.5),
)
_SHAPES = ("head/head-oval", "head/head-round", "head/head-rectangular", "head/head-square", "head/head-diamond", "head/head-triangular", "head/head-invertedtriangular")
_BROWS = (1, 1, 1, 6, 8, 9, 9, 9, 10, 10, 12, 12, 3, 5)
_ASYMMETRY = ("asym/asym-mouth-1", "asym/asym-jaw-1", "asym/asym-nose-1", "asym/asym-brown-1", "asym/asym-cheek-1", "asym/asym-eye-1")


def sample_identity(seed: int) -> Identity:
    """A made-up adult. Six seeds in a row hold every pair of sex and ethnicity; the age band changes every six."""
    rng = np.random.default_rng((seed, 7919))
    sex = ("female", "male")[seed % 2]
    main = ETHNICITIES[seed // 2 % 3]
    band, (low, high) = (("young", (0.0, 0.25)), ("middleage", (0.25, 0.55)), ("old", (0.55, 0.8)))[int(rng.choice(3, p=(0.45, 0.35, 0.2)))]
    other = ETHNICITIES[int(rng.integers(3))]
    mix = float(rng.uniform(0, 0.35))
    ethnicity = {main: 1 - mix}
    ethnicity[other] = ethnicity.get(other, 0.0) + mix
    suffix = str(rng.choice(_SUFFIXES.get((main, sex, band), ("",))))
    tints = _GREY_TINTS if band == "old" and rng.random() < 0.8 else _LIGHT_TINTS if main == "caucasian" else _DARK_TINTS
    styles = [style for style in HAIR_STYLES[sex] if style != "afro01" or main == "african"]
    eyes = str(rng.choice(EYE_COLOURS)) if main == "caucasian" else str(rng.choice(("brown", "brown", "brownlight")))
    gain, shine = float(rng.uniform(0.88, 1.06)), float(rng.uniform(0.8, 1.2))
    cool = 1.06 if main == "african" else 1.0
    return Identity(
        name=f"person{seed:04d}", sex=sex, age=float(rng.uniform(low, high)), weight=float(np.clip(rng.normal(0, 0.35), -0.8, 0.9)),
        ethnicity=ethnicity, skin=f"{band}_" + _SKINS[main].format(sex=sex, suffix=suffix),
        hair=str(rng.choice(styles)) if sex == "female" or rng.random() < 0.92 else "",
        hair_tint=tuple(min(channel * shine, 1.0) for channel in tints[int(rng.integers(len(tints)))]),
        brows=f"eyebrow{int(rng.choice(_BROWS)):03d}", lashes=f"eyelashes{int(rng.integers(1, 5)):02d}" if sex == "female" else "eyelashes01",
        eyes=eyes, teeth=str(rng.choice(TEETH)), details=_sample_details(rng),
        skin_gain=(gain, gain * cool * float(rng.uniform(0.97, 1.03)), gain * cool**2 * float(rng.uniform(0.94, 1.05))),
        cloth=tuple(float(channel) for channel in rng.uniform(0.06, 0.8, 3) * rng.uniform(0.4, 1.0)),
    )


def _sample_details(rng: np.random.Generator) -> dict[str, float]:
    details: dict[str, float] = {str(rng.choice(_SHAPES)): float(rng.uniform(0, 0.7))}
    for stem, minus, plus, spread in _DETAILS:
        value = float(np.clip(rng.normal(0, spread * 0.6), -spread * 1.5, spread * 1.5))
        name = f"{stem}-{plus if value > 0 else minus}"
        details |= _both(name, abs(value))
    for stem in _ASYMMETRY:
        details[f"{stem}-{'l' if rng.random() < 0.5 else 'r'}"] = float(rng.uniform(0, 0.35))
    return details
