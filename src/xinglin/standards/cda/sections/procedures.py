"""Operations: Procedure."""

from xinglin.core.exact_json import Json
from xinglin.standards.cda.codes import coding
from xinglin.standards.cda.people import role
from xinglin.standards.cda.reading import Reading
from xinglin.standards.cda.sections.entries import Entry, entries, holds, of_role, said
from xinglin.standards.cda.xml import Node, attribute, below, child, children, text_of


def read_procedures(reading: Reading, section: Node) -> list[Json]:
    """Keep a Procedure for each operation that was done; gives References.

    An operation is a `procedure` with what stands in it; in documents without, names and codes stand beside
    each other and are paired by their order, if their counts agree.
    """
    acts = [one for entry in children(section, "entry") for one in below(entry, "procedure")]
    if acts:
        done = [one for one in acts if _was_done(reading, one)]
        return [kept for one in done if (kept := _from_act(reading, one))]
    found = list(entries(reading, section))
    names, codes = of_role(found, "procedure-name"), of_role(found, "procedure-code")
    if names and codes and len(names) != len(codes):
        reading.note(f"{len(codes)} operation codes, {len(names)} names: not paired")
        names = []
    pairs = list(zip(names, codes, strict=True)) if names and codes else None
    alone = [(one, None) for one in names] or [(None, one) for one in codes]
    kept = [_from_pair(reading, name, code) for name, code in pairs or alone]
    return [one for one in kept if one]


def _was_done(reading: Reading, act: Node) -> bool:
    return holds(reading, act) and attribute(act, "moodCode") in ("EVN", None)


def _from_act(reading: Reading, act: Node) -> Json | None:
    inside = list(entries(reading, act))
    node = child(act, "code")
    coded = coding(node, reading.origin.code_system("procedure"))
    text = said(inside, "procedure-name") or attribute(node, "displayName") or text_of(node)
    time = child(act, "effectiveTime")
    found: Json = {
        "coding": [coded] if coded else None,
        "text": text,
        "site": said(inside, "procedure-site"),
        "performedPeriod": reading.period(time) if child(time, "low") is not None else None,
        "performedDateTime": stamp.text if (stamp := reading.time(time)) else None,
        "performer": [
            {"actor": who}
            for one in children(act, "performer")
            if (who := role(reading, child(one, "assignedEntity")))
        ],
    }
    return _keep(reading, found)


def _from_pair(reading: Reading, name: Entry | None, code: Entry | None) -> Json | None:
    coded = coding(code.value) if code else None
    if code and coded is None and code.said:
        coded = {"system": reading.origin.code_system("procedure"), "code": code.said}
    stated = name or code
    when = reading.time(child(stated.node, "effectiveTime")) if stated else None
    return _keep(
        reading,
        {
            "coding": [coded] if coded else None,
            "text": name.said if name else None,
            "performedDateTime": when.text if when else None,
        },
    )


def _keep(reading: Reading, found: Json) -> Json | None:
    code = {key: found[key] for key in ("coding", "text") if found.get(key)}
    if not code:
        return None
    record: Json = {
        "resourceType": "Procedure",
        "id": reading.id("Procedure", str(code)),
        "status": "completed",
        "code": code,
        "subject": reading.subject,
        "encounter": reading.encounter,
        "bodySite": [{"text": found["site"]}] if found.get("site") else None,
        **{key: found.get(key) for key in ("performedDateTime", "performedPeriod", "performer")},
    }
    if record["performedPeriod"]:
        record["performedDateTime"] = None
    return reading.add({key: part for key, part in record.items() if part})
