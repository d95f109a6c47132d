"""The tables in `data/`: what documents and sections there are and what their words mean."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache

from xinglin.core.tables import rows_of

Row = Mapping[str, str]


@cache
def rows(name: str) -> Sequence[Row]:
    """Give the rows of `data/<name>.csv`."""
    return tuple(rows_of("xinglin.standards.cda", "data", f"{name}.csv"))


@dataclass(frozen=True, slots=True)
class DocumentType:
    """A kind of document.

    `structured`: its sections give records. `visit`: what it says of the visit ("record": it is the visit's
    record, "discharge": the stay is over, else the visit is only named).
    """

    code: str
    title: str
    template: str
    structured: bool
    visit: str
    encounter_class: str | None


@cache
def document_types() -> Mapping[str, DocumentType]:
    """Give the document types by code."""
    return {
        row["code"]: DocumentType(
            row["code"],
            row["title"],
            row["template"],
            row["structured"] == "yes",
            row["visit"],
            row["class"] or None,
        )
        for row in rows("document_types")
    }


def section_kind(code: str | None, title: str, document: str) -> str | None:
    """Tell what a section holds ("diagnosis", "laboratory" …); None where no table says.

    Codes and titles are looked at together: a code alone is copied wrongly too often. A title that is known
    decides; else the code.
    """
    known = [row for row in rows("sections") if not row["documents"] or document in row["documents"].split()]
    by_title = (row["kind"] for row in known if row["title"] and row["title"] in title)
    by_code = (row["kind"] for row in known if code and row["code"] == code)
    return next(by_title, None) or next(by_code, None) or None


@lru_cache(maxsize=4096)
def element(code: str, words: str) -> str | None:
    """Give the role of a data element ("lab-result" …): by its code, and its words where one code has two."""
    fitting = [row for row in rows("elements") if row["code"] == code and row["words"] in words]
    # A row with words is more exact than one without.
    return max(fitting, key=lambda row: len(row["words"]), default={"role": None})["role"]


def first_word(name: str, text: str) -> Row | None:
    """Give the first row of the table `name` whose `words` (separated by spaces) stand in `text`."""
    return next((row for row in rows(name) if any(word in text for word in row["words"].split())), None)
