"""A FHIR R4 Patient as columns to compare (http://hl7.org/fhir/R4/patient.html)."""

from collections.abc import Iterator, Mapping
from datetime import date
from typing import Final, cast

from xinglin.core.exact_json import Json
from xinglin.standards.conversion.model import LOCAL
from xinglin.standards.identifiers import SCHEMES, Identifier, Kind, find, read
from xinglin.standards.persons.features import Features, describe
from xinglin.standards.persons.numbers import is_resident

_MAIDEN_NAME: Final = "http://hl7.org/fhir/StructureDefinition/patient-mothersMaidenName"
_MOTHERS: Final = frozenset({"MTH", "NMTH", "母亲", "母", "MOTHER"})
"""Codes of v3-RoleCode and words for a mother."""
_CARDS: Final = (Kind.HEALTH_CARD, Kind.HEALTH_RECORD, Kind.SOCIAL_SECURITY_CARD)
_RESIDENT: Final = (Kind.RESIDENT,)
_INSURED: Final = ":insured"
"""Intake's sort of the insurance's number: institutions pass it on, the insurance gives it (4101 hi_no)."""
_PLAIN: Final = {Kind.RESIDENT: "identity", Kind.INSURED: "insured"}
_USES: Final = {"official": 0, "usual": 1, None: 2, "home": 0, "mobile": 0, "old": 9, "temp": 5}
"""Which of several names, addresses and telephones is compared first."""
_UNLIKELY: Final = 3


def features(patient: Json, today: date) -> Features:
    """Fill the columns from `patient`; `today` bounds its birth date.

    Several names or addresses: the official or home one; of the telephones the first two in use. Numbers that
    one institution gives are left out: two hospitals' can be equal by chance.
    """
    name = _first(patient, "name")
    numbers = _numbers(patient)
    home = _first(patient, "address")
    order: object = patient.get("multipleBirthInteger")
    return describe(
        today,
        full_name=_text(name, "text"),
        surname=_text(name, "family"),
        given_name=_joined(name.get("given")),
        sex=_text(patient, "gender"),
        birth_date=_text(patient, "birthDate"),
        identity=numbers.get("identity"),
        document=numbers.get("document"),
        insured=numbers.get("insured"),
        card=numbers.get("card"),
        phones=tuple(_phones(patient)),
        address=_address(home),
        city=_text(home, "city"),
        postal_code=_text(home, "postalCode"),
        state=_text(home, "state"),
        mother=_mother(patient),
        birth_order=order if isinstance(order, int) else None,
    )


def _entries(node: Mapping[str, object], key: str) -> list[Json]:
    found = node.get(key)
    entries = cast("list[object]", found) if isinstance(found, list) else []
    return [cast("Json", one) for one in entries if isinstance(one, dict)]


def _text(node: Mapping[str, object], key: str) -> str | None:
    found = node.get(key)
    return found if isinstance(found, str) and found else None


def _joined(found: object) -> str | None:
    """Join given names: Chinese ones together, parts of names with `·` by it, words of letters by spaces."""
    parts = (
        [one for one in cast("list[object]", found) if isinstance(one, str)]
        if isinstance(found, list)
        else []
    )
    if not parts:
        return None
    return (" " if parts[0].isascii() else "·" if len(parts) > 1 and len(parts[0]) > 1 else "").join(parts)


def _rank(entry: Json) -> int:
    return _USES.get(_text(entry, "use"), _UNLIKELY)


def _first(patient: Json, key: str) -> Json:
    return min(_entries(patient, key), key=_rank, default=Json())


def _phones(patient: Json) -> Iterator[str]:
    for entry in sorted(_entries(patient, "telecom"), key=_rank):
        value = _text(entry, "value")
        if value and entry.get("system") in ("phone", "sms", None) and _rank(entry) < _USES["old"]:
            yield value


def _address(home: Json) -> str | None:
    """Give the text, under its city and county where the text doesn't name them."""
    line = "".join(one for one in cast("list[object]", home.get("line") or []) if isinstance(one, str))
    text = _text(home, "text") or line
    above = [part for key in ("state", "city", "district") if (part := _text(home, key)) and part not in text]
    if (_text(home, "state") or "x").isascii() and text.isascii():
        above = []
    return "".join((*above, text)) or None


def _numbers(patient: Json) -> dict[str, str]:
    """Give the numbers that are unique in the nation, by column; of several the first."""
    found: dict[str, str] = {}
    for entry in _entries(patient, "identifier"):
        value = _text(entry, "value")
        if value and _rank(entry) < _USES["old"]:
            for column, number in _number(entry, value):
                found.setdefault(column, number)
    return found


def _number(entry: Json, value: str) -> Iterator[tuple[str, str]]:
    system = _text(entry, "system") or ""
    if system.startswith(LOCAL) and system.endswith(_INSURED):
        yield "insured", value
        return
    known = find(system) if system else None
    if known and known.kinds[:1] == _RESIDENT and is_resident(value):
        yield "identity", value
        return
    if known and Kind.LOCAL in known.kinds:
        return
    kind = known.kinds[0] if known and len(known.kinds) == 1 else None
    if kind is None:
        understood = read(entry)
        kind = understood.kind if understood else None
        value = understood.value if isinstance(understood, Identifier) else value
    if kind is None or kind is Kind.LOCAL:
        return
    if kind in _PLAIN:
        yield _PLAIN[kind], value
    else:
        yield "card" if kind in _CARDS else "document", f"{kind}:{SCHEMES[kind].normalise(value)}"


def _mother(patient: Json) -> str | None:
    for contact in _entries(patient, "contact"):
        if any(_is_mother(concept) for concept in _entries(contact, "relationship")):
            name = contact.get("name")
            entry = cast("Json", name) if isinstance(name, dict) else {}
            whole = (_text(entry, "family") or "") + (_joined(entry.get("given")) or "")
            if found := _text(entry, "text") or whole:
                return found
    extensions = (one for one in _entries(patient, "extension") if one.get("url") == _MAIDEN_NAME)
    return next((_text(one, "valueString") for one in extensions), None)


def _is_mother(concept: Json) -> bool:
    words = [_text(coding, "code") for coding in _entries(concept, "coding")]
    words += [_text(coding, "display") for coding in _entries(concept, "coding")] + [_text(concept, "text")]
    return any(word is not None and word.upper() in _MOTHERS for word in words)
