"""How a medicine is to be taken: its dose, and its timings in TQ1 or the older type TQ (RXE-1, ORC-7).

Each timing becomes an instruction of its own, with its dose and period (v2.8.2, 4.5.4: a repeated TQ1 is how
changing doses are ordered). Where fields contradict each other none of them is believed: the instruction
says in words what each of them said, and structured dose or timing are left out.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from xinglin.core.exact_json import Json
from xinglin.standards.hl7v2.context import Context, Timing
from xinglin.standards.hl7v2.datatypes import concept, date_time, positive, quantity, split, string
from xinglin.standards.hl7v2.mapping import apply
from xinglin.standards.hl7v2.message import Segment
from xinglin.standards.hl7v2.naming import translated
from xinglin.standards.hl7v2.segments.common import append, ordered

_UNUSED: Final = (2, 8, 9, 10, 11)
"""Components of TQ without a place in a Dosage: duration, conjunction, sequence, performance, occurrences."""
_PARALLEL: Final = "A"
"""HL7 table 0472: do the next specification in parallel with this one."""


def older(ctx: Context, place: str, value: str, record: Json) -> None:
    """Read the repetitions of a field of type TQ: quantity, interval, duration, start, end and more."""
    for rep in value.split("~"):
        if rep.strip("^& "):
            _state(ctx, record, Timing(place, rep, _of_tq(ctx, place, rep, record)))


def tq1(ctx: Context, segment: Segment, record: Json) -> None:
    """Read a TQ1."""
    dosage: Json = {}
    number = positive(segment.part(1), ctx, "") if segment.field(1) else None
    if number:
        dosage["sequence"] = number
    _amount(ctx, dosage, "TQ1-2", segment.first(2))
    _pattern(ctx, dosage, segment.field(3))
    apply("TQ1[Dosage]", segment, dosage, ctx)
    _when(ctx, dosage)
    needed = _urgency(ctx, record, dosage, "TQ1-9", segment.field(9))
    _condition(ctx, dosage, segment.field(10), needed=needed)
    words = "^".join(one for one in segment.fields[2:] if one)
    _state(ctx, record, Timing("TQ1", words, dosage, parallel=segment.part(12) == _PARALLEL))


def _state(ctx: Context, record: Json, timing: Timing) -> None:
    ctx.timings.setdefault(record["id"], []).append(timing)


def _of_tq(ctx: Context, place: str, rep: str, record: Json) -> Json:
    parts = [*rep.split("^"), *[""] * 12]
    dosage: Json = {}
    _amount(ctx, dosage, place, parts[0])
    _pattern(ctx, dosage, parts[1])
    times = {name: date_time(parts[at], ctx, "") for name, at in (("start", 3), ("end", 4)) if parts[at]}
    bounds = {name: one for name, one in times.items() if one}
    if bounds:
        dosage.setdefault("timing", {})["repeat"] = {"boundsPeriod": bounds}
        _when(ctx, dosage)
    needed = _urgency(ctx, record, dosage, place, parts[5])
    _condition(ctx, dosage, parts[6], needed=needed)
    text = string(parts[7], ctx, "") if parts[7] else None
    if text:
        append(dosage, "additionalInstruction", {"text": text})
    if None in times.values() or any(ctx.text(parts[at]) for at in _UNUSED):
        ctx.keep_field(dosage, place, rep)
    return dosage


def _amount(ctx: Context, dosage: Json, place: str, value: str) -> None:
    """Read a quantity for one time; 1 without a unit is HL7's default, and says nothing."""
    found = quantity(value, ctx, "") if value else None
    if found and (found["value"] != 1 or "unit" in found):
        dosage["doseAndRate"] = [{"doseQuantity": found}]
    elif value and not found:
        ctx.keep_field(dosage, place, value)


def _pattern(ctx: Context, dosage: Json, value: str) -> None:
    reps = [one for one in value.split("~") if one.strip("^& ")]
    if not reps:
        return
    found = concept(reps[0], ctx, "repeat-pattern") if len(reps) == 1 else {}
    if len(reps) > 1 or "&" in value:
        found = {**(found or {}), "text": " ".join(string(one, ctx, "") or "" for one in reps)}
    if found:
        dosage.setdefault("timing", {})["code"] = found
    if any(_needed(split(one, ctx)[0]) for one in reps):
        dosage["asNeededBoolean"] = True


def _needed(code: str) -> bool:
    """Tell whether a priority or pattern means: as needed (HL7 table 0335: PRN, or PRNQ6H)."""
    return translated("as-needed", code) is not None or code.upper().startswith("PRN")


def _urgency(ctx: Context, record: Json, dosage: Json, place: str, value: str) -> bool:
    for rep in value.split("~"):
        code = split(rep, ctx)[0]
        known = translated("0485", code)
        if _needed(code):
            dosage["asNeededBoolean"] = True
        elif known and record.setdefault("priority", known[1]) == known[1]:
            continue
        elif rep.strip("^& "):
            ctx.keep_field(dosage, place, rep)
    return "asNeededBoolean" in dosage


def _condition(ctx: Context, dosage: Json, value: str, *, needed: bool) -> None:
    """Say when it is needed; a condition without PRN is an instruction."""
    text = string(value, ctx, "") if value else None
    if text and needed:
        del dosage["asNeededBoolean"]
        dosage["asNeededCodeableConcept"] = {"text": text}
    elif text:
        append(dosage, "additionalInstruction", {"text": text})


def _when(ctx: Context, dosage: Json) -> None:
    repeat = dosage.get("timing", {}).get("repeat")
    if repeat:
        ordered(ctx, repeat, "boundsPeriod")


def complete(ctx: Context) -> None:
    """Give each prescription of the message its instructions, when all of it is read."""
    for (kind, _), made in list(ctx.made.items()):
        timings = ctx.timings.get(made.resource["id"], []) if kind == "MedicationRequest" else []
        if timings:
            _complete(ctx, made.resource, timings)


def _complete(ctx: Context, record: Json, timings: Sequence[Timing]) -> None:
    instructions: list[Json] = record.get("dosageInstruction", [{}])
    base = instructions[0]
    places = [one.place for one in timings]
    place = "TQ1" if "TQ1" in places else "RXE-1" if "RXE-1" in places else places[0]
    main = [one for one in timings if one.place == place]
    others = [one for one in timings if one.place != place]
    untimed = _timing_contradicts(main, others)
    undosed = _dose_contradicts(base, main, others)
    if not undosed:
        _same_dose(base, timings, changing=len(main) > 1)
    if untimed or undosed:
        base = _in_words(ctx, record, base, timings)
    if untimed:
        undosed = undosed or len(main) > 1
        record["dosageInstruction"] = [
            _bare(_joined(base, (one.dosage for one in main)), timing=True, dose=undosed)
        ]
        return
    _number(main)
    shared = [_shared(ctx, record, one, changing=len(main) > 1) for one in others]
    found = [_joined(base, [one.dosage, *shared]) for one in main]
    told = [one for one in (_bare(one, timing=False, dose=undosed) for one in found) if one]
    if told:
        record["dosageInstruction"] = told


def _shared(ctx: Context, record: Json, other: Timing, *, changing: bool) -> Json:
    """Give what a second field adds: where doses change, not the time and dose, which are those of each."""
    if changing or "timing" in other.dosage:
        ctx.keep_field(record, other.place, other.words)
    left_out = ("timing", "doseAndRate") if changing else ()
    return {name: one for name, one in other.dosage.items() if name not in left_out}


def _same_dose(base: Json, timings: Iterable[Timing], *, changing: bool) -> None:
    """Take the medicine's own dose, which has the unit, where a timing says the same amount."""
    own = _doses([base])
    for one in (timing.dosage for timing in timings) if own else ():
        for dose in one.get("doseAndRate", []):
            if "unit" not in dose["doseQuantity"]:
                dose["doseQuantity"] = next(it for it in own if _same(it, dose["doseQuantity"]))
        if not changing:
            one.pop("doseAndRate", None)


def _in_words(ctx: Context, record: Json, base: Json, timings: Iterable[Timing]) -> Json:
    """Write what each field said, and list them."""
    said = [str(base["text"])] if "text" in base else []
    said += [_spoken(one) for one in base.get("doseAndRate", [])]
    for one in timings:
        said.append(f"{one.place}: {string(one.words.replace('~', ' '), ctx, '')}")
        ctx.keep_field(record, one.place, one.words)
    return {**base, "text": "; ".join(said)}


def _spoken(dose: Json) -> str:
    amounts = _amounts(dose)
    return " - ".join(f"{one['value']} {one.get('unit', '')}".strip() for one in amounts)


def _amounts(dose: Json) -> list[Json]:
    between: Json = dose.get("doseRange", {})
    return [one for one in (dose.get("doseQuantity"), between.get("low"), between.get("high")) if one]


def _doses(dosages: Iterable[Json]) -> list[Json]:
    return [one for dosage in dosages for dose in dosage.get("doseAndRate", []) for one in _amounts(dose)]


def _dose_contradicts(base: Json, main: Sequence[Timing], others: Sequence[Timing]) -> bool:
    """Tell whether the medicine's dose and those of its timings can't all be true.

    A changing dose has several: the medicine's own must be one of them.
    """
    own, stated = _doses([base]), _doses(one.dosage for one in main)
    if own and stated and not any(_same(one, other) for one in own for other in stated):
        return True
    known = [*own, *stated]
    if own and len(main) == 1 and any(not _among(one, own) for one in stated):
        return True
    if any("unit" not in one for one in stated) and not all(_among(one, own) for one in stated):
        return True
    return any(not _among(one, known) for one in _doses(one.dosage for one in others))


def _among(one: Json, others: Iterable[Json]) -> bool:
    return any(_same(one, other) for other in others)


def _same(one: Json, other: Json) -> bool:
    """Tell whether two amounts agree; one without a unit has the other's."""
    units = {str(amount["unit"]) for amount in (one, other) if "unit" in amount}
    return one["value"] == other["value"] and len(units) < 2


def _timing_contradicts(main: Sequence[Timing], others: Sequence[Timing]) -> bool:
    known = [_aspects(one.dosage) for one in main]
    for other in others:
        for name, value in _aspects(other.dosage).items():
            stated = {one[name] for one in known if name in one}
            if stated and value not in stated:
                return True
    return False


def _aspects(dosage: Json) -> dict[str, Any]:
    timing: Json = dosage.get("timing", {})
    bounds: Json = timing.get("repeat", {}).get("boundsPeriod", {})
    code: Json = timing.get("code", {})
    words = next((one["code"] for one in code.get("coding", [])), code.get("text", ""))
    found = {"code": str(words).upper(), "start": bounds.get("start"), "end": bounds.get("end")}
    return {name: one for name, one in found.items() if one}


def _number(main: Sequence[Timing]) -> None:
    """Give changing doses their number in TQ1-1, else in their order; those in parallel share one."""
    if len(main) < 2:
        return
    stated = [one.dosage.get("sequence") for one in main]
    distinct = None not in stated and len(set(stated)) == len(stated)
    before: Timing | None = None
    for place, one in enumerate(main, 1):
        if before and before.parallel:
            one.dosage["sequence"] = before.dosage["sequence"]
        elif not distinct:
            one.dosage["sequence"] = place
        before = one


def _joined(base: Json, dosages: Iterable[Json]) -> Json:
    """Put together what is said of one instruction: each timing's own goes before what the medicine says."""
    found: Json = {}
    for one in (*dosages, base):
        for name, value in one.items():
            if name in ("additionalInstruction", "extension"):
                for entry in value:
                    append(found, name, entry)
            elif name == "timing":
                found[name] = {**value, **found.get(name, {})}
            elif not (name.startswith("asNeeded") and any(key.startswith("asNeeded") for key in found)):
                found.setdefault(name, value)
    return found


def _bare(dosage: Json, *, timing: bool, dose: bool) -> Json:
    """Leave out what is contradicted."""
    out = {"timing", "asNeededBoolean", "asNeededCodeableConcept", "sequence"} if timing else set[str]()
    return {
        name: one for name, one in dosage.items() if name not in out | ({"doseAndRate"} if dose else set())
    }
