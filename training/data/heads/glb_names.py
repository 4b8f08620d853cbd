"""Names of morph targets -> the 52 ARKit coefficients, as tools spell them. The same rules as `plugins/babylon/morph-names.ts`."""

from __future__ import annotations

import re

from ..arkit import ARKIT_INDEX, ARKIT_NAMES

_FOLDED = {name.lower(): index for index, name in enumerate(ARKIT_NAMES)}
_PREFIX = re.compile(r"^(arkit|blendshapes?|shapes?|morphs?|facs|bs|exp|face|head)\d*(?=[a-z]{4})")
_SYNONYMS = {
    "browdropleft": "browDownLeft", "browdropright": "browDownRight", "browraiseinnerleft": "browInnerUp", "browraiseinnerright": "browInnerUp",
    "browinnerupleft": "browInnerUp", "browinnerupright": "browInnerUp", "browraiseouterleft": "browOuterUpLeft", "browraiseouterright": "browOuterUpRight",
    "cheekpuffleft": "cheekPuff", "cheekpuffright": "cheekPuff", "cheekraiseleft": "cheekSquintLeft", "cheekraiseright": "cheekSquintRight",
    "eyellookup": "eyeLookUpLeft", "eyellookdown": "eyeLookDownLeft", "eyellookleft": "eyeLookOutLeft", "eyellookright": "eyeLookInLeft",
    "eyerlookup": "eyeLookUpRight", "eyerlookdown": "eyeLookDownRight", "eyerlookleft": "eyeLookInRight", "eyerlookright": "eyeLookOutRight",
    "mouthdownlowerleft": "mouthLowerDownLeft", "mouthdownlowerright": "mouthLowerDownRight",
    "mouthupupperleft": "mouthUpperUpLeft", "mouthupupperright": "mouthUpperUpRight",
    "mouthfunnelupleft": "mouthFunnel", "mouthfunnelupright": "mouthFunnel", "mouthfunneldownleft": "mouthFunnel", "mouthfunneldownright": "mouthFunnel",
    "mouthpuckerupleft": "mouthPucker", "mouthpuckerupright": "mouthPucker", "mouthpuckerdownleft": "mouthPucker", "mouthpuckerdownright": "mouthPucker",
    "mouthrollinlower": "mouthRollLower", "mouthrollinlowerleft": "mouthRollLower", "mouthrollinlowerright": "mouthRollLower",
    "mouthrollinupper": "mouthRollUpper", "mouthrollinupperleft": "mouthRollUpper", "mouthrollinupperright": "mouthRollUpper",
    "tongueextend": "tongueOut",
}  # fmt: skip

REQUIRED = ("eyeBlinkLeft", "eyeBlinkRight", "jawOpen", "mouthSmileLeft", "mouthSmileRight")
"""Shapes without which a mesh cannot be measured; one of `mouthPucker` and `mouthFunnel` is needed too."""


def fold_name(name: str) -> str:
    """A name without path, prefix, case and separators, its side spelled out: "Head_BS.mouthSmile_L" -> "mouthsmileleft"."""
    sided = re.sub(r"[_.\- ](?:l|left)$", "Left", name, flags=re.IGNORECASE)
    sided = re.sub(r"[_.\- ](?:r|right)$", "Right", sided, flags=re.IGNORECASE)
    sided = re.sub(r"(?<=[a-z])R$", "Right", re.sub(r"(?<=[a-z])L$", "Left", sided))
    folded = re.sub(r"[^a-z0-9]", "", re.split(r"[.:/|]", sided)[-1].lower())
    return folded if folded in _FOLDED else _PREFIX.sub("", folded)


def coefficient_of(name: str) -> int | None:
    """Row of the coefficient that a morph target of this name shows, or None."""
    folded = fold_name(name)
    if folded in _FOLDED:
        return _FOLDED[folded]
    return ARKIT_INDEX[_SYNONYMS[folded]] if folded in _SYNONYMS else None
