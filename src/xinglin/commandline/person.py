"""`xinglin person …`."""

from collections.abc import Mapping
from typing import Annotated, Any

import typer
from rich.text import Text

from xinglin.commandline.shell import LANGUAGE, Form, Format, _, out, show_json, show_table
from xinglin.core import settings as configuration

cli = typer.Typer(no_args_is_help=True, help=_("One person's whole record, and how far identity has come."))

Id = Annotated[str, typer.Argument(metavar="ID", help=_("id of any of the person's Patients"))]
Kinds = Annotated[
    list[str] | None,
    typer.Option("--kind", help=_("only entries of this kind, such as visit or result; may be repeated")),
]
First = Annotated[str | None, typer.Option("--from", help=_("from this day, month or year on"))]
Last = Annotated[str | None, typer.Option("--to", help=_("up to this day, month or year"))]
Where = Annotated[str | None, typer.Option("--institution", help=_("name or part of it, or credit code"))]
Code = Annotated[str | None, typer.Option(help=_("a code, such as 2345-7"))]


def kind_names() -> Mapping[str, str]:
    """Name the kinds of entries."""
    return {
        "visit": _("visit"),
        "diagnosis": _("diagnosis"),
        "medicine": _("medicine"),
        "result": _("test result"),
        "report": _("report"),
        "procedure": _("procedure"),
        "immunization": _("immunization"),
        "image": _("imaging study"),
        "document": _("document"),
        "allergy": _("allergy"),
    }


@cli.command(
    help=_("Show a person's timeline over all institutions, newest first."),
    epilog=_("Exit codes: 0 shown; 10 settings; 11 database; 12 no such person, wrong filter."),
)
def timeline(
    id_: Id,
    kind: Kinds = None,
    first: First = None,
    last: Last = None,
    institution: Where = None,
    code: Code = None,
    count: Annotated[int, typer.Option(help=_("entries on a page"), min=1, max=500)] = 50,
    after: Annotated[str | None, typer.Option(help=_("the place that a page before gave"))] = None,
    form: Format = Form.text,
) -> None:
    from xinglin.hub.lifelong import commands
    from xinglin.hub.lifelong.timeline import Asked

    asked = Asked(tuple(kind or ()), first, last, institution, code, count, after)
    found = commands.timeline(configuration.load(), id_, asked, LANGUAGE)
    if form is Form.json:
        show_json(found)
        return
    heads = (_("when"), _("what sort"), _("what"), _("value"), _("where"), _("told by"))
    show_table(heads, [_row(one) for one in found["entries"]])
    if out.is_terminal:
        told = _("{shown} of {total} entries, from {records} records of {patients} Patients.")
        out.print(
            told.format(
                shown=len(found["entries"]),
                total=found["total"],
                records=found["records"],
                patients=len(found["patients"]),
            )
        )
        if found["next"]:
            out.print(_("More: --after {place}").format(place=found["next"]))


@cli.command(
    help=_("Show a person's results as series, each in one unit, oldest first."),
    epilog=_("Exit codes: 0 shown; 10 settings; 11 database; 12 no such person, wrong filter."),
)
def series(
    id_: Id,
    first: First = None,
    last: Last = None,
    institution: Where = None,
    code: Code = None,
    form: Format = Form.text,
) -> None:
    from xinglin.hub.lifelong import commands
    from xinglin.hub.lifelong.timeline import Asked

    asked = Asked(first=first, last=last, institution=institution, code=code)
    found = commands.series(configuration.load(), id_, asked)
    if form is Form.json:
        show_json(found)
        return
    heads = (_("what"), _("when"), _("value"), _("unit"), _("range"), _("where"))
    rows = [
        (
            one["title"],
            _day(point["time"]),
            _flagged(point),
            one["unit"] or "",
            _range(point),
            point["place"] or "",
        )
        for one in found["series"]
        for point in one["points"]
    ]
    show_table(heads, rows)


@cli.command(
    help=_("Show a person on one screen: problems, medicines, allergies, latest results, last visits."),
    epilog=_("Exit codes: 0 shown; 10 settings; 11 database; 12 no such person."),
)
def show(id_: Id) -> None:
    from xinglin.hub.lifelong import commands

    found = commands.show(configuration.load(), id_, LANGUAGE)
    sexes = {"male": _("male"), "female": _("female")}
    head = (found.who.name, sexes.get(found.who.sex, found.who.sex), found.who.born, found.id)
    out.print(Text("  ".join(one for one in head if one), style="bold"))
    names = kind_names()
    out.print(", ".join(f"{names[kind]} {count}" for kind, count in found.counts.items()))
    told = _("{records} records of {patients} Patients")
    out.print(told.format(records=found.records, patients=len(found.patients)))
    out.print(Text("; ".join(f"{name} {count}" for name, count in found.institutions.items())))
    for listed in found.lists:
        if not listed.total:
            continue
        out.print(Text(f"\n{listed.title} ({listed.total})", style="bold"))
        for day, words in listed.lines:
            out.print(Text(f"  {day:10}  {words}"))


@cli.command(
    help=_("Show how far identity has come in each institution; data quality tells whose a Patient is."),
    epilog=_("Exit codes: 0 shown; 10 settings; 11 database."),
)
def coverage(form: Format = Form.text) -> None:
    from xinglin.hub.lifelong import commands
    from xinglin.hub.lifelong.coverage import coverage_as_json, total

    found = commands.coverage(configuration.load())
    if form is Form.json:
        show_json(coverage_as_json(found))
        return
    heads = (
        *(_("institution"), _("code"), _("Patients"), _("matched"), _("linked"), _("waiting for review")),
        *(_("conflicting"), _("real names, %")),
    )
    rows = [
        (
            *(one.name, one.institution, f"{one.patients:,}", f"{one.matched:,}", f"{one.linked:,}"),
            *(
                f"{one.waiting:,}",
                f"{one.conflicting:,}",
                "-" if one.real_rate is None else str(one.real_rate),
            ),
        )
        for one in (*found, total(found))
    ]
    show_table(heads, rows)


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    """Write an entry of a timeline as a line of the table."""
    days = dict.fromkeys(_day(one[name]) for name in ("start", "end") if one[name])
    what = one["title"] + (f" ({one['detail']})" if one.get("detail") else "")
    told = dict.fromkeys(source["name"] or source["source"] or "-" for source in one["sources"])
    place = one["place"]["name"] or one["place"]["id"] or ""
    kind = kind_names().get(one["kind"], one["kind"])
    return (" - ".join(days), kind, what, _values(one), place, ", ".join(told))


def _day(text: str | None) -> str:
    """Give a time to the minute, as it was written."""
    return (text or "")[:16].replace("T", " ")


def _values(one: Mapping[str, Any]) -> str:
    if "value" in one:
        return " ".join(
            word for word in (_flagged(one["value"], unit=True), _bracketed(one["value"])) if word
        )
    parts = [
        f"{part['title']} {_flagged(part['value'], unit=True)}"
        for part in one.get("parts", ())
        if "value" in part
    ]
    return ", ".join(parts)


def _flagged(value: Mapping[str, Any], *, unit: bool = False) -> str:
    text = (
        value["text"] if unit or "number" not in value else f"{value.get('comparator', '')}{value['number']}"
    )
    signs = {"H": "↑", "HH": "↑↑", "L": "↓", "LL": "↓↓", "N": "", "A": "*", "AA": "**", "POS": "+"}
    flag = value.get("flag", "")
    return f"{text} {signs.get(flag, flag)}".strip()


def _range(value: Mapping[str, Any]) -> str:
    found: Mapping[str, Any] = value.get("range", {})
    if "text" in found:
        return str(found["text"])
    match found.get("low"), found.get("high"):
        case None, None:
            return ""
        case low, None:
            return f"≥ {low}"
        case None, high:
            return f"≤ {high}"
        case low, high:
            return f"{low}-{high}"


def _bracketed(value: Mapping[str, Any]) -> str:
    text = _range(value)
    return f"[{text}]" if text else ""
