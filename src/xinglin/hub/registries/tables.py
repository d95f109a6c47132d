"""Code tables of the registries: kinds of institutions, grades, titles, roles."""

import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from xinglin.core.exact_json import Json
from xinglin.core.tables import rows_of

KINDS: Final = "urn:xinglin:cs:ws-218-kind"
"""Kinds of institutions: the four characters that WS 218-2002 puts into an institution's code."""
GRADES: Final = "urn:xinglin:cs:institution-grade"
TITLES: Final = "urn:oid:2.16.156.10011.2.3.1.209"
"""Professional titles, CV08.30.005 of WS 364.15-2011."""
ROLES: Final = "http://terminology.hl7.org/CodeSystem/practitioner-role"


@dataclass(frozen=True, slots=True)
class Coded:
    """A row of a code table."""

    system: str
    code: str
    name: str

    def concept(self) -> Json:
        """Give it as a CodeableConcept."""
        return {
            "coding": [{"system": self.system, "code": self.code, "display": self.name}],
            "text": self.name,
        }


def find(table: str, system: str, text: str) -> Coded | None:
    """Find a row by its code, its name or another usual name; None where no row has that."""
    return _rows(table, system).get(_plain(text))


@cache
def _rows(table: str, system: str) -> Mapping[str, Coded]:
    found: dict[str, Coded] = {}
    for row in rows_of("xinglin.hub.registries", "data", table):
        one = Coded(system, row["code"], row["name"])
        for name in (row["code"], row["name"], *row["also"].split(";")):
            if name:
                found.setdefault(_plain(name), one)
    return found


def _plain(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


def kind(text: str) -> Coded | None:
    """Find a kind of institution."""
    return find("kinds.csv", KINDS, text)


def grade(text: str) -> Coded | None:
    """Find a hospital's grade."""
    return find("grades.csv", GRADES, text)


def title(text: str) -> Coded | None:
    """Find the level of a professional title."""
    return find("titles.csv", TITLES, text)


def role(text: str) -> Coded | None:
    """Find a role."""
    return find("roles.csv", ROLES, text)
