"""Reading a unit as people write it: `×10⁹/L`, `毫克/升`, `umol/l`, `个/μL` as UCUM.

A unit is read part by part, each part by UCUM itself or by `data/spellings.csv`; what isn't known wholly is
not known at all.
"""

import re
import unicodedata
from collections.abc import Sequence
from functools import cache, lru_cache

from xinglin.core.tables import rows_of
from xinglin.standards.fhirpath.ucum import is_known

MAX_LENGTH = 60
"""Longest text that is read, in characters."""

_SUPERSCRIPTS = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
_SIGNS = str.maketrans({
    "µ": "u", "μ": "u", "Μ": "u", "×": "x", "·": ".", "•": ".", "∕": "/", "／": "/", "⁄": "/", "﹪": "%",
    "ℓ": "L", "㎜": "mm", "㎎": "mg", "㎏": "kg", "㏑": "ln",
})  # fmt: skip
_SPACE = re.compile(r"\s+")
_POWER = re.compile(r"(?:x|\*|\.)?10(?:\^|~|\*\*?|e|E)?\(?([+-]?\d{1,2})\)?(?=/|$|[^\d])")
_E_POWER = re.compile(r"^(?:1)?[eE]\+?0?(\d{1,2})(?=/|$)")
_FEU = re.compile(r"[\s({\[]*(FEU|DDU)[)}\]]*", re.IGNORECASE)
_NOT_UCUM = frozenset({"G", "T", "K", "M", "PH", "pH", "Ph", "ph", "P", "B", "A", "C", "F", "R", "a", "b"})
"""What UCUM could read, gauss or petahenry, but no laboratory means."""
_SMALL = {
    code.lower(): code for code in ("kg", "mg", "ug", "ng", "pg", "mmol", "umol", "nmol", "pmol", "mL", "uL")
}
"""What is meant in any capitals: UCUM would read MG as megagram, uG as microgauss, Ml as megalitre."""
_VAGUE = frozenset({"单位"})
"""Of blood, insulin or an enzyme: by themselves these don't say what is counted."""
_FACTOR = re.compile(r"(?!10(?:3|6|9|12)(?:/|$)|1/)\d+(?:/|$)")
"""A bare number in front, as in 9/L: rather what is left of 10^9/L. 109/L has only lost its sign."""
_COUNT = re.compile(r"^(10\*-?\d+)?(.*)$")


@lru_cache(maxsize=4096)
def read_unit(text: str) -> str | None:
    """Give the UCUM code of a unit as it was written; None where it isn't known.

    A UCUM code comes back as it is, but for capitals that no laboratory means (`_SMALL`). Never raises.
    """
    if not text or len(text) > MAX_LENGTH:
        return None
    cleaned = _clean(text)
    if _FACTOR.match(cleaned):
        return None
    annotation = _FEU.search(cleaned)
    if annotation:
        cleaned = cleaned[: annotation.start()] + cleaned[annotation.end() :]
    found = _whole(cleaned)
    if found is None:  # it may still be UCUM as it should be, in a form that people don't write
        return text if is_known(text) and text not in _NOT_UCUM else None
    if annotation is None:
        return found
    head, slash, rest = found.partition("/")
    return f"{head}{{{annotation[1].upper()}}}{slash}{rest}"


def _clean(text: str) -> str:
    # NFKC would make x10⁹ into x109, so superscripts get their sign first.
    marked = re.sub(r"10([⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)", lambda m: "10^" + m[1].translate(_SUPERSCRIPTS), text)
    plain = unicodedata.normalize("NFKC", marked.translate(_SIGNS)).translate(_SIGNS)
    plain = _SPACE.sub("", plain).strip(".。,，").replace("μ", "u")
    if plain.startswith("(") and plain.endswith(")"):
        plain = plain[1:-1]
    return plain


def _whole(text: str) -> str | None:
    if not text:
        return None
    if text in _words() and "/" in text:
        return _words()[text]
    text = _E_POWER.sub(r"10*\1", text)
    text = _POWER.sub(lambda m: f"10*{int(m[1])}", text)
    parts = text.split("/")
    if len(parts) > 3 or (len(parts) == 1 and not parts[0]):
        return None
    read = [_part(part, alone=len(parts) == 1, last=place > 0) for place, part in enumerate(parts)]
    if any(one is None for one in read):
        return None
    code = _joined([one or "" for one in read])
    return code if code and is_known(code) else None


def _joined(parts: Sequence[str]) -> str:
    if len(parts) == 1:
        return parts[0]
    head = "" if parts[0] == "1" else parts[0]
    return "/".join([head, *parts[1:]])


def _part(text: str, *, alone: bool, last: bool) -> str | None:
    """Read what stands between slashes; "" for a mere count."""
    words = _words()
    if text in {"", "1"} and not alone and not last:
        return ""
    if alone and text in _VAGUE:
        return None
    if text in words:
        return words[text] or (None if alone else "")
    if text.lower() in _SMALL:
        return _SMALL[text.lower()]
    lower = text[:-1] + "L" if text.endswith("l") and text != "mol" and not text.endswith("mol") else text
    if text in _NOT_UCUM:
        return None
    if is_known(lower):  # umol/l, mg/dl
        return lower
    if is_known(text):
        return text
    if text.upper() in {"L", "DL", "FL"}:
        return text[:-1].lower() + "L"
    match = _COUNT.match(text)
    if match and match[1] and match[2]:  # 10*9个, 10*6copies
        rest = words.get(match[2])
        return match[1] if rest == "" else None
    for numeral in ("百万", "万", "千", "亿"):  # 万个
        if text.startswith(numeral) and words.get(text[len(numeral) :], None) == "":
            return words[numeral]
    folded = _folded().get(text.lower())
    return folded if folded is not None else None


@cache
def _words() -> dict[str, str]:
    return {
        row["spelling"]: row["ucum"] for row in rows_of("xinglin.standards.units", "data", "spellings.csv")
    }


@cache
def _folded() -> dict[str, str]:
    """Units of laboratories by their lower-case writing: none of these means two things."""
    codes = ("g", "mol", "U", "mU", "kU", "%", "kPa", "fL")
    found = {code.lower(): code for code in codes}
    found.update(
        {word.lower(): code for word, code in _words().items() if word.lower() in {"iu", "miu", "uiu"}}
    )
    return found
