"""Tables of cases: what is to be allowed and what isn't, as a privacy officer writes it down.

CSV with the columns below, or YAML: a list of such rows. `roles`, `relation` and `labels` hold words with
blanks between; `what` is an action with a group or a resource type; `allowed` is yes or no; `rule`, where
given, must be among those that decided.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Any, Final, cast

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from xinglin.core.i18n import Phrase
from xinglin.trust.policy.engine import Engine
from xinglin.trust.policy.errors import FaultyCases, NoSuchWord
from xinglin.trust.policy.explain import ask, explain

COLUMNS: Final = ("case", "roles", "purpose", "what", "relation", "labels", "grade", "allowed", "rule", "why")
OPTIONAL: Final = ("purpose", "relation", "labels", "grade", "rule", "why")
MOST_BYTES: Final = 5_000_000


@dataclass(frozen=True, slots=True)
class Row:
    """One case of a table, and the line or place it stands at, from 1."""

    place: int
    cells: dict[str, str]


@dataclass(frozen=True, slots=True)
class Failure:
    """A case that was decided otherwise than the table says."""

    row: Row
    allowed: bool
    rules: Sequence[str]


def shipped() -> str:
    """Give the shipped table of cases."""
    return (files("xinglin.trust.policy") / "data" / "cases.csv").read_text(encoding="utf-8")


def load(path: Path) -> list[Row]:
    """Read a table. Raises FaultyCases or OSError."""
    with path.open("rb") as handle:
        raw = handle.read(MOST_BYTES + 1)
    if len(raw) > MOST_BYTES:
        raise FaultyCases(
            file=path.name, row=0, detail=Phrase("the file is larger than {most} bytes", most=MOST_BYTES)
        )
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        raise FaultyCases(file=path.name, row=0, detail=Phrase("the file isn't UTF-8")) from None
    return read(text, path.name)


def read(text: str, file: str) -> list[Row]:
    """Read the text of a table, YAML by the file's name. Raises FaultyCases."""
    rows = _yaml(text, file) if file.endswith((".yaml", ".yml")) else _csv(text, file)
    return [_checked(row, file) for row in rows]


def _csv(text: str, file: str) -> Iterable[Row]:
    reader = csv.DictReader(io.StringIO(text, newline=""), strict=True)
    try:
        for row in reader:
            if None in row or None in row.values():
                detail = Phrase("the row hasn't as many cells as the header")
                raise FaultyCases(file=file, row=reader.line_num, detail=detail)
            yield Row(reader.line_num, {name: value.strip() for name, value in row.items()})
    except csv.Error as error:
        raise FaultyCases(file=file, row=reader.line_num, detail=str(error)) from None


def _yaml(text: str, file: str) -> Iterable[Row]:
    try:
        given: object = YAML(typ="safe", pure=True).load(text)  # pyright: ignore[reportUnknownMemberType]
    except YAMLError as error:
        raise FaultyCases(file=file, row=0, detail=str(error).splitlines()[0]) from None
    rows: list[object] = cast("list[object]", given) if isinstance(given, list) else [None]
    for place, one in enumerate(rows, 1):
        if not isinstance(one, dict):
            raise FaultyCases(file=file, row=place, detail=Phrase("it must be a list of rows"))
        yield Row(place, {str(name): _text(value) for name, value in cast("dict[Any, Any]", one).items()})


def _text(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " ".join(str(one) for one in cast("list[object]", value))
    return "" if value is None else str(value).strip()


def _checked(row: Row, file: str) -> Row:
    for name in row.cells.keys() - set(COLUMNS):
        raise FaultyCases(file=file, row=row.place, detail=Phrase("there is no column {name}", name=name))
    for name in COLUMNS:
        if name not in OPTIONAL and not row.cells.get(name):
            raise FaultyCases(
                file=file, row=row.place, detail=Phrase("the column {name} is empty", name=name)
            )
    if row.cells["allowed"] not in {"yes", "no"}:
        raise FaultyCases(file=file, row=row.place, detail=Phrase("allowed must be yes or no"))
    return row


def try_all(engine: Engine, rows: Sequence[Row], file: str) -> list[Failure]:
    """Decide every case; give those that come out otherwise. Raises FaultyCases."""
    failures: list[Failure] = []
    for row in rows:
        cells = row.cells
        try:
            question = ask(
                engine,
                who=cells["roles"],
                what=cells["what"],
                purpose=cells.get("purpose", ""),
                relation=cells.get("relation", ""),
                labels=cells.get("labels", ""),
                grade=cells.get("grade") or "restricted",
            )
        except NoSuchWord as error:
            raise FaultyCases(file=file, row=row.place, detail=error.phrase()) from None
        found = explain(engine, question)
        rules = [rule.id for rule in found.rules]
        wanted = cells.get("rule", "")
        if found.allowed != (cells["allowed"] == "yes") or (wanted and wanted not in rules):
            failures.append(Failure(row, found.allowed, rules))
    return failures
