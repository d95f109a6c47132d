"""Addresses: the division by GB/T 2260, the street or village, and the numbers in it.

    place("江西省南昌市东湖区悬壶街道药圃路16号3栋201室")
    → Place(division="360102", street="悬壶街道药圃", house="16-3-201")

Names of divisions are those of all editions of GB/T 2260, so old and new names of one place meet in its code.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from xinglin.standards.identifiers.divisions import history
from xinglin.standards.persons.characters import simplified

HOME: Final = "36"
"""Province that is searched where an address names none: Jiangxi."""
LONGEST: Final = 300
"""Characters of an address that are read."""

_FIRST_CITIES: Final = (*range(1, 71), 90)
"""Third and fourth digit of a division: 01-70 and 90 (GB/T 2260-2007, 3.2)."""
_ENDS: Final = ("自治县", "自治州", "地区", "省", "市", "县", "区")
_UNITS: Final = re.compile(
    r"街道办事处|街道|号楼|单元|号院|居委会|村委会|社区|村民小组|小组|[号组栋幢楼层室户门路街巷弄村屯队镇乡]"
)
_NUMBER: Final = re.compile(r"[0-9]+[a-z]?")
_NUMERALS: Final = str.maketrans("一二三四五六七八九", "123456789")
_COUNTED: Final = re.compile(
    r"([一二三四五六七八九]?)十([一二三四五六七八九]?)(?=[组号栋幢楼层室户])|([一二三四五六七八九])(?=[组号栋幢楼层室户])"
)
_DROPPED: Final = re.compile(r"[\s,，.。;；:：\-—_#/()（）]+")


@dataclass(frozen=True, slots=True)
class Place:
    """An address taken apart; each part None where it isn't told. `division` has 2, 4 or 6 digits."""

    division: str | None = None
    street: str | None = None
    house: str | None = None


NOWHERE: Final = Place()


@cache
def provinces() -> dict[str, str]:
    """Give the two digits of each province by its name, with and without `省`."""
    found: dict[str, str] = {}
    for number in range(11, 83):
        for one in history(f"{number}0000"):
            found[one.name] = f"{number}"
            found[re.sub("省|市|(壮族|回族|维吾尔)?自治区|特别行政区", "", one.name)] = f"{number}"
    return found


def _names(code: str) -> Iterator[str]:
    for one in history(code):
        yield one.name
        if short := _short(one.name):
            yield short


def _short(name: str) -> str:
    """Take the kind of division off its name; "" where nothing is left that could stand alone."""
    short = next((name.removesuffix(end) for end in _ENDS if name.endswith(end)), "")
    return short if len(short) > 1 else ""


@cache
def divisions(province: str) -> tuple[dict[str, str], dict[str, tuple[str, ...]]]:
    """Give a province's cities by name, and its counties' codes by name; old names too."""
    cities: dict[str, str] = {}
    counties: dict[str, tuple[str, ...]] = {}
    for city in (f"{province}{number:02d}" for number in _FIRST_CITIES):
        for name in _names(f"{city}00"):
            cities[name] = city
        for code in (f"{city}{number:02d}" for number in range(1, 100)):
            for name in _names(code):
                counties[name] = (*counties.get(name, ()), code)
    return cities, counties


def _leading(text: str, names: dict[str, str] | dict[str, tuple[str, ...]]) -> str:
    """Give the longest name in `names` that `text` begins with."""
    return next((text[:length] for length in range(min(12, len(text)), 1, -1) if text[:length] in names), "")


def _newest(name: str, counties: dict[str, tuple[str, ...]], city: str | None) -> str | None:
    """Of the codes a county had, the newest, in another city only where none is named.

    A county that became a district (广丰县, 广丰区) is one county: its short name has both codes.
    """
    codes = counties.get(_short(name)) or counties[name]
    fitting = [code for code in codes if city is None or code.startswith(city)]
    inside = sorted(fitting or codes, key=lambda code: (history(code)[-1].until is None, code))
    return inside[-1] if inside else None


def division_of(text: str) -> tuple[str | None, str]:
    """Read the province, city and county that begin `text`; give the code's digits and what follows them."""
    name = _leading(text, provinces())
    province, rest = (provinces()[name], text[len(name) :]) if name else (HOME, text)
    cities, counties = divisions(province)
    city_name = _leading(rest, cities)
    if len(_leading(rest, counties)) > len(city_name):
        city_name = ""  # 南昌县 is no place in the city 南昌 but a county by itself
    city = cities[city_name] if city_name else None
    after = rest[len(city_name) :].removeprefix("市辖区")
    county_name = _leading(after, counties)
    if not county_name and city_name:
        # Cities of county rank (乐平市) and old prefectures share names with what lies in them.
        county_name, after = (
            (city_name, rest) if city_name in counties and city_name not in cities else ("", after)
        )
    county = _newest(county_name, counties, city) if county_name else None
    found = county or city or (province if name else None)
    return found, after[len(county_name) :]


@lru_cache(maxsize=65_536)
def _division(text: str) -> tuple[str | None, str]:
    return division_of(text)


def place(text: str, code: str | None = None) -> Place:
    """Take an address apart; `code` is its division where that is known apart from the text."""
    text = unicodedata.normalize("NFKC", text[:LONGEST]).lower().strip()
    if text.isascii():
        return _letters(text, code)
    text = _DROPPED.sub("", "".join(map(simplified, text)))
    found, rest = _division(text[:16])
    rest += text[16:]
    rest = _COUNTED.sub(_digits, rest)
    house = "-".join(_NUMBER.findall(rest)) or None
    street = _UNITS.sub("", _NUMBER.sub("", rest)) or None
    return Place(_finer(code, found), street, house)


def _digits(found: re.Match[str]) -> str:
    if found[3]:
        return found[3].translate(_NUMERALS)
    return f"{found[1].translate(_NUMERALS) or 1}{found[2].translate(_NUMERALS) or 0}"


def _finer(code: str | None, found: str | None) -> str | None:
    """Of the code given and the code read, the longer; the given one where both are as fine."""
    given = re.sub("(00)+$", "", code[:6]) if code and code[:6].isdigit() else None
    return found if given is None or (found is not None and len(found) > len(given)) else given


def _letters(text: str, code: str | None) -> Place:
    house = "-".join(_NUMBER.findall(text)) or None
    street = " ".join(_NUMBER.sub(" ", _DROPPED.sub(" ", text)).split()) or None
    return Place(_finer(code, None), street, house)
