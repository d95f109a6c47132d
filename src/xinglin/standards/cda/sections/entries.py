"""The coded statements of a section."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.cda.codes import ELEMENTS, system_uri
from xinglin.standards.cda.reading import Reading
from xinglin.standards.cda.tables import element
from xinglin.standards.cda.xml import Node, attribute, child, name_of, text_of

_CATALOGUES: Final = (ELEMENTS, "2.16.156.10011.2.2.2", "2.16.156.10011.2.2.4")
_MOODS: Final = ("EVN", "RQO", "INT", "PRP", None)
_INVALID: Final = ("aborted", "cancelled", "nullified", "obsolete")


@dataclass(frozen=True, slots=True)
class Entry:
    """A statement.

    `code` is the data element (WS 363), `words` its name in the document, `role` what it is here
    (`data/elements.csv`; "" where the table doesn't know it).
    """

    node: Node
    code: str
    words: str
    role: str
    value: Node | None

    @property
    def said(self) -> str:
        """The value as text."""
        if self.value is None:
            return ""
        shown = text_of(self.value) or attribute(self.value, "displayName")
        return shown or attribute(self.value, "value") or attribute(self.value, "code") or ""


def holds(reading: Reading, node: Node) -> bool:
    """Tell whether a statement says that something is so: not denied, withdrawn, empty or only hoped for."""
    if attribute(node, "negationInd") == "true":
        reading.note(f"denied: {attribute(child(node, 'code'), 'displayName') or name_of(node)}")
        return False
    status = attribute(child(node, "statusCode"), "code")
    if status in _INVALID:
        reading.note(f"{status}: {attribute(child(node, 'code'), 'displayName') or name_of(node)}")
        return False
    return attribute(node, "nullFlavor") is None and attribute(node, "moodCode") in _MOODS


def entries(reading: Reading, parent: Node) -> Iterator[Entry]:
    """Give the observations below a section or entry in the order in which they stand, nested ones too."""
    for node in parent:
        name = name_of(node)
        if name in ("entry", "entryRelationship", "component", "organizer"):
            yield from _inside(reading, node, name)
        elif name == "observation" and holds(reading, node):
            found = _entry(reading, node)
            if found:
                yield found
            yield from entries(reading, node)


def _inside(reading: Reading, node: Node, name: str) -> Iterator[Entry]:
    if name != "component" or child(node, "section") is None:
        yield from entries(reading, node)


def _entry(reading: Reading, node: Node) -> Entry | None:
    code_node, value = child(node, "code"), child(node, "value")
    code, system = attribute(code_node, "code"), attribute(code_node, "codeSystem")
    if code is None or (value is not None and attribute(value, "nullFlavor")):
        return None
    words = attribute(code_node, "displayName") or ""
    role = (
        element(code, f"{words} {attribute(value, 'codeSystemName') or ''}")
        if _is_catalogue(system)
        else None
    )
    if role is None:
        reading.note(f"entry {code[:40]}")
    return Entry(node, code, words, role or "", value)


def _is_catalogue(system: str | None) -> bool:
    return system is None or system in _CATALOGUES


def of_role(found: Sequence[Entry], *roles: str) -> list[Entry]:
    """Give the entries of these roles that say something."""
    return [one for one in found if one.role in roles and (one.said or one.role.endswith("code"))]


def said(found: Sequence[Entry], *roles: str) -> str:
    """Give what the entries of these roles say, each once."""
    return "；".join(dict.fromkeys(one.said for one in of_role(found, *roles)))


def element_code(entry: Entry) -> Json:
    """Give the CodeableConcept of a data element."""
    coded: Json = {"system": system_uri(ELEMENTS), "code": entry.code}
    if entry.words:
        coded["display"] = entry.words
    return {"coding": [coded], **({"text": entry.words} if entry.words else {})}
