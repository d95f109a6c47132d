"""Numbers of the right form that no person, telephone or institution can have.

Resident identity number (GB 11643-1999): six digits of division, eight of birth date, three of sequence (odd
for men, even for women), one check digit. GB/T 2260-2007 gives the third and fourth digit of a division the
values 01-20 and 51-70 (cities), 21-50 (prefectures, leagues) and 90 (counties right under a province); none
carries 71 to 89. Every division here begins 3680 (beyond 838,320 people 3681, and so on), so no office can
have issued such a number, while a check of the province's two digits, of the date and the check digit passes.
Source: GB/T 2260-2007, 3.2, as reproduced by gdhealth.net.cn 2016-08-30 and a second page (read; not compared
with the print).

Telephone: 1540 and seven digits. 154 is no Chinese mobile prefix in libphonenumber 9.0.43 (tested). It is
not reserved for fiction (the numbering plan has no such range), so never let software dial these.

Unified social credit code (GB 32100-2015): carries the division too, so it can't exist either.
"""

from datetime import date

from xinglin_demo.dice import Dice

RESIDENT = "urn:oid:2.16.156.10011.1.3"
"""System of the resident identity number (WS/T 500 documents)."""
HEALTH_RECORD = "urn:oid:2.16.156.10011.1.2"
"""System of the resident health record number, 17 digits (DE01.00.009.00)."""
INSTITUTION = "urn:oid:2.16.156.10011.1.5"
"""System of the institution's code; here the unified social credit code."""
OURS = "https://xinglin.example/fhir"
"""Base of what only the demo names. The domain `.example` can't be registered (RFC 2606)."""

CITY = "3680"
"""City-level division that GB/T 2260 can't assign."""
COUNTY = CITY + "21"

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKS = "10X98765432"
_DAYS, _SEQUENCES = 28, 499
PER_COUNTY = _DAYS * _SEQUENCES
"""Persons of one division that differ in sequence or day of birth, whatever their birth month."""
_STRIDE, _START = 7919, 5011
"""Scatter neighbours over days and sequences; the stride shares no factor with PER_COUNTY."""

_CREDIT_ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
_CREDIT_WEIGHTS = (1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28)


def resident_number(index: int, sex: str, born: date) -> str:
    """Give the identity number of person `index` (from 0), 18 characters.

    Different for every index below 8,383,200 (ten city-level codes of sixty counties), if `born` is on
    `birth_day(index)`.
    """
    county, rest = divmod(index, PER_COUNTY)
    city, county = divmod(county, 60)
    sequence = (rest * _STRIDE + _START) % PER_COUNTY // _DAYS
    sequence = sequence * 2 + (1 if sex == "male" else 2)
    body = f"36{80 + city}{21 + county}{born:%Y%m%d}{sequence:03d}"
    return body + resident_check(body)


def birth_day(index: int) -> int:
    """Give the day of the month, 1 to 28, on which person `index` is born; it keeps the numbers unique."""
    return (index % PER_COUNTY * _STRIDE + _START) % PER_COUNTY % _DAYS + 1


def resident_check(body: str) -> str:
    """Give the check character of the first 17 digits (GB 11643-1999, ISO 7064 MOD 11-2)."""
    return _CHECKS[sum(int(digit) * weight for digit, weight in zip(body, _WEIGHTS, strict=True)) % 11]


def phone(dice: Dice) -> str:
    """Give an 11-digit number in an unused mobile prefix."""
    return f"1540{dice.integer(0, 9_999_999):07d}"


def credit_code(kind: str, serial: str) -> str:
    """Give a unified social credit code from `kind` (two characters) and `serial` (nine)."""
    body = kind + COUNTY + serial
    values = [_CREDIT_ALPHABET.index(character) for character in body]
    total = sum(value * weight for value, weight in zip(values, _CREDIT_WEIGHTS, strict=True))
    return body + _CREDIT_ALPHABET[-total % 31]


def health_record_number(index: int, village: int) -> str:
    """Give a 17-digit health record number: division, township (3), village committee (3), serial (5)."""
    return f"{COUNTY}{101 + index // 100_000 % 800:03d}{200 + village:03d}{index % 100_000:05d}"


def local_system(institution: str, kind: str) -> str:
    """Give the system of a number that is unique in one institution only, such as its patient number."""
    return f"{OURS}/NamingSystem/{institution}-{kind}"
