"""Check characters. ISO 7064 MOD 11-2 and GB 32100 are python-stdnum's; the other two it doesn't have."""

from typing import Final

from stdnum.cn import uscc
from stdnum.iso7064 import mod_11_2

CREDIT_ALPHABET: Final = "0123456789ABCDEFGHJKLMNPQRTUWXY"
"""Characters of the unified social credit code: no I, O, S, V, Z (GB 32100-2015)."""
_ORGANIZATION_WEIGHTS: Final = (3, 7, 9, 10, 5, 8, 4, 2)
_TRAVEL_WEIGHTS: Final = (7, 3, 1)


def resident_check(body: str) -> str:
    """Give the check character of 17 digits (GB 11643-1999; ISO 7064 MOD 11-2)."""
    return mod_11_2.calc_check_digit(body)


def credit_check(body: str) -> str:
    """Give the check character of 17 characters of `CREDIT_ALPHABET` (GB 32100-2015; MOD 31)."""
    return uscc.calc_check_digit(body)


def organization_check(body: str) -> str:
    """Give the check character of eight digits or letters A-Z (GB 11714-1997, 2.1.2)."""
    total = sum(int(c, 36) * weight for c, weight in zip(body, _ORGANIZATION_WEIGHTS, strict=True))
    return "0123456789X0"[11 - total % 11]


def travel_check(body: str) -> str:
    """Give the check digit of digits and letters A-Z with the weights 7, 3, 1 (ICAO Doc 9303-3, 4.9)."""
    return str(sum(int(c, 36) * _TRAVEL_WEIGHTS[at % 3] for at, c in enumerate(body)) % 10)
