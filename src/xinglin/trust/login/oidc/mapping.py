"""Which roles the provider's claims give: the site's table, one row a value of the claim."""

import csv
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final, cast

from xinglin.core.i18n import Phrase
from xinglin.core.os_errors import reason
from xinglin.trust.login.errors import UnusableRoleTable
from xinglin.trust.login.roles import Place

COLUMNS: Final = ("value", "role", "institution", "department")
BY: Final = "oidc"
"""Who gave the roles that come from the provider; those that people gave are left alone."""


def roles_of(file: str, claims: dict[str, Any], claim: str, known: Collection[str]) -> set[tuple[str, Place]]:
    """Give the roles, with their places, that the values of a claim stand for.

    `known` are the roles that people may have. Raises UnusableRoleTable.
    """
    told: object = claims.get(claim)
    values = {told} if isinstance(told, str) else _texts(told)
    return {
        (row["role"], Place(row["institution"] or None, row["department"] or None))
        for row in _rows(Path(file).expanduser(), known)
        if row["value"] in values
    }


def _texts(told: object) -> set[str]:
    found = cast("list[object]", told) if isinstance(told, list) else []
    return {one for one in found if isinstance(one, str)}


def _rows(file: Path, known: Collection[str]) -> list[dict[str, str]]:
    try:
        with file.open(encoding="utf-8-sig", newline="") as lines:
            reader = csv.DictReader(lines, restval="")
            rows = list(reader)
    except OSError as error:
        raise UnusableRoleTable(file=file, detail=reason(error)) from None
    except (UnicodeDecodeError, csv.Error):
        raise UnusableRoleTable(file=file, detail=Phrase("it isn't CSV in UTF-8")) from None
    missing = [name for name in COLUMNS if name not in (reader.fieldnames or ())]
    if missing:
        raise UnusableRoleTable(file=file, detail=Phrase("it has no column {name}", name=missing[0]))
    wrong = [row["role"] for row in rows if row["role"] not in known]
    if wrong:
        raise UnusableRoleTable(file=file, detail=Phrase('there is no role "{name}"', name=wrong[0]))
    return rows
