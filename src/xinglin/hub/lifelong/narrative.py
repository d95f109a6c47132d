"""What a person reads in a summary: small XHTML tables (http://hl7.org/fhir/R4/narrative.html)."""

from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Final

from xinglin.core.clock import instant
from xinglin.core.exact_json import Json
from xinglin.core.i18n import Phrase
from xinglin.hub.lifelong.answers import detail, title
from xinglin.hub.lifelong.medicines import unconfirmed_since
from xinglin.hub.lifelong.same import Fact
from xinglin.hub.lifelong.statuses import status_words

_CONTROL: Final = dict.fromkeys(range(32), " ")
"""Characters that XML has no place for."""


def words(text: str) -> Json:
    """Give a narrative of plain words."""
    return _narrative(f"<p>{_safe(text)}</p>")


def heading(title_: str, name: str, moment: datetime) -> Json:
    """Give the narrative of the document: what it is, about whom, of when."""
    return _narrative(f"<p>{_safe(title_)}: {_safe(name)} ({instant(moment)})</p>")


def facts(
    found: Sequence[Fact], *, left_out: int, language: str, today: str, contradicted: Sequence[Fact] = ()
) -> Json:
    """Give a table of facts: what, when, value or detail, its status where that isn't plain, and who says so.

    `today` is a FHIR date. `contradicted` are facts that those in the table speak against.
    """
    old = [fact for fact in found if unconfirmed_since(fact, today)]
    table = _table([fact for fact in found if fact not in old], language, today)
    if old:
        apart = Phrase("Ordered long ago without an end; nobody has confirmed that they are still taken:")
        table += f"<p>{_safe(apart.text(language))}</p>{_table(old, language, today)}"
    if left_out:
        more = Phrase("{count} more are not listed here.", count=left_out).text(language)
        table += f"<p>{_safe(more)}</p>"
    return _narrative(table + "".join(_against(fact, language) for fact in contradicted))


def _table(found: Sequence[Fact], language: str, today: str) -> str:
    if not found:
        return ""
    statuses = [status_words(fact, language, today) for fact in found]
    heads = [Phrase("what"), Phrase("when"), Phrase("value"), Phrase("told by")]
    if any(statuses):
        heads.insert(3, Phrase("status"))
    head = "".join(f"<th>{_safe(one.text(language))}</th>" for one in heads)
    body = "".join(
        _row(fact, status if any(statuses) else None, language)
        for fact, status in zip(found, statuses, strict=True)
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _against(fact: Fact, language: str) -> str:
    """Say what was said against the facts listed, when and by whom."""
    details = ", ".join(one for one in (_when(fact), _tellers(fact)) if one)
    told = title(fact.shown, language) + (f" ({details})" if details else "")
    return f"<p>{_safe(Phrase('Contradicted by the above: {told}', told=told).text(language))}</p>"


def _row(fact: Fact, status: str | None, language: str) -> str:
    cells = [title(fact.shown, language), _when(fact), _value(fact), _tellers(fact)]
    if status is not None:
        cells.insert(3, status)
    return "<tr>" + "".join(f"<td>{_safe(cell)}</td>" for cell in cells) + "</tr>"


def _when(fact: Fact) -> str:
    return " - ".join(one[:10] for one in (fact.shown.start, fact.shown.end) if one)


def _tellers(fact: Fact) -> str:
    names = dict.fromkeys(one.place.name or one.sender.name or one.sender.source for one in fact.statements)
    return "; ".join(name for name in names if name)


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
