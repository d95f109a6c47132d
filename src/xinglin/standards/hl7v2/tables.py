"""The package's data tables, read once."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cache

from xinglin.core.tables import rows_of


def rows(name: str) -> Sequence[Mapping[str, str]]:
    """Give the rows of `data/<name>.csv`."""
    return list(rows_of("xinglin.standards.hl7v2", "data", f"{name}.csv"))


@cache
def charsets() -> Mapping[str, str]:
    """Give Python's codec for each name in MSH-18."""
    return {row["name"]: row["codec"] for row in rows("charsets")}


@cache
def codes() -> Mapping[str, Mapping[str, tuple[str, str]]]:
    """Give, for each vocabulary table, FHIR's system (or "") and code for each code of HL7 v2."""
    found: defaultdict[str, dict[str, tuple[str, str]]] = defaultdict(dict)
    for row in rows("codes"):
        found[row["table"]][row["code"]] = (row["system"], row["fhir"])
    return found


@cache
def code_systems() -> Mapping[str, str]:
    """Give FHIR's system for each name of a coding system (HL7 table 0396)."""
    return {row["name"]: row["system"] for row in rows("code_systems")}


@cache
def events() -> Mapping[tuple[str, str], Mapping[str, str]]:
    """Give what is known of each message code and trigger event."""
    return {(row["message"], row["trigger"]): row for row in rows("events")}
