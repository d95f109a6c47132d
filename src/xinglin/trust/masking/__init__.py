"""Masking: how much of a person's own data is seen, by role and purpose.

masks = masks_for(who.roles, purpose).stricter(masks_named(decision.masks))
mask(content, masks)           # the record with what is hidden taken out
blind(masks)                   # search parameters that would tell it all the same
"""

from xinglin.trust.masking.errors import UnknownMask
from xinglin.trust.masking.mask import mask
from xinglin.trust.masking.parameters import blind, hidden_parameters
from xinglin.trust.masking.tables import EVERYTHING, NOTHING, Masks, Shown, masks_for, masks_named

__all__ = [
    "EVERYTHING",
    "NOTHING",
    "Masks",
    "Shown",
    "UnknownMask",
    "blind",
    "hidden_parameters",
    "mask",
    "masks_for",
    "masks_named",
]
