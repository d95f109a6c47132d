"""What a person reads in a summary: small XHTML tables (http://hl7.org/fhir/R4/narrative.html)."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Final

from xinglin.core.clock import instant
from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.hub.lifelong.answers import detail, title
from xinglin.hub.lifelong.same import Fact

_CONTROL: Final = dict.fromkeys(range(32), " ")
"""Characters that XML has no place for."""


def words(text: str) -> Json:
    """Give a narrative of plain words."""
    return _narrative(f"<p>{_safe(text)}</p>")


def heading(title_: str, name: str, moment: datetime) -> Json:
    """Give the narrative of the document: what it is, about whom, of when."""
    return _narrative(f"<p>{_safe(title_)}: {_safe(name)} ({instant(moment)})</p>")


def facts(found: Sequence[Fact], *, left_out: int, language: str) -> Json:
    """Give a table of facts: what, when, value or detail, and who says so."""
    heads = (Phrase("what"), Phrase("when"), Phrase("value"), Phrase("told by"))
    head = "".join(f"<th>{_safe(one.text(language))}</th>" for one in heads)
    body = "".join(_row(fact, language) for fact in found)
    table = f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
    if left_out:
        more = Phrase("{count} more are not listed here.", count=left_out).text(language)
        table += f"<p>{_safe(more)}</p>"
    return _narrative(table)


def _row(fact: Fact, language: str) -> str:
    shown = fact.shown
    when = " - ".join(one[:10] for one in (shown.start, shown.end) if one)
    names = dict.fromkeys(one.place.name or one.sender.name or one.sender.source for one in fact.statements)
    cells = (title(shown, language), when, _value(fact), "; ".join(name for name in names if name))
    return "<tr>" + "".join(f"<td>{_safe(cell)}</td>" for cell in cells) + "</tr>"


def _value(fact: Fact) -> str:
    shown = fact.shown
    if shown.value is not None:
        return shown.value.shown
    parts = [f"{part.title} {part.value.shown}" for part in shown.parts if part.value is not None]
    return "; ".join(parts) or detail(shown)


def _safe(text: str) -> str:
    return escape(text.translate(_CONTROL))


def _narrative(inner: str) -> Json:
    return {"status": "generated", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{inner}</div>'}
