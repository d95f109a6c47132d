"""Prescriptions: MedicationRequest for each drug, and one for a whole herbal formula."""

from typing import Final

from xinglin.core.exact_json import Json
from xinglin.standards.cda.codes import coding, concept, quantity
from xinglin.standards.cda.numbers import best
from xinglin.standards.cda.originals import author
from xinglin.standards.cda.reading import Reading
from xinglin.standards.cda.sections.entries import Entry, entries, holds, of_role, said
from xinglin.standards.cda.tables import rows
from xinglin.standards.cda.xml import Node, attribute, below, child, children, text_of

_DRUG: Final = "consumable/manufacturedProduct"
_LABELS: Final = ("manufacturedLabeledDrug", "manufacturedMaterial")
_NOTES: Final = (("drug-spec", "药物规格"), ("drug-group", "组号"))


def read_medications(reading: Reading, section: Node) -> list[Json]:
    """Keep what the prescription orders; gives References."""
    acts = [one for entry in children(section, "entry") for one in below(entry, "substanceAdministration")]
    kept = [_drug(reading, act) for act in acts if holds(reading, act)]
    formula = _formula(reading, list(entries(reading, section)))
    return [one for one in [*kept, formula] if one]


def _drug(reading: Reading, act: Node) -> Json | None:
    inside = list(entries(reading, act))
    product = child(act, _DRUG)
    label = next((one for name in _LABELS if (one := child(product, name)) is not None), None)
    name = text_of(child(label, "name"))
    code = coding(child(label, "code"), reading.origin.code_system("drug"))
    what = {key: part for key, part in (("coding", [code] if code else None), ("text", name)) if part}
    if not what:
        return None
    total = next(iter(of_role(inside, "drug-total")), None)
    form = child(act, "administrationUnitCode")
    notes = [f"{words}：{text}" for key, words in _NOTES if (text := said(inside, key))]
    shape = attribute(form, "displayName") or attribute(form, "code")
    notes += [f"药物剂型：{shape}"] if shape else []
    return _keep(
        reading,
        key=f"{name}{code}",
        medicationCodeableConcept=what,
        dosageInstruction=_dosage(act),
        dispenseRequest=_dispensed(total),
        note=[{"text": one} for one in notes],
    )


def _dosage(act: Node) -> list[Json]:
    dose = quantity(child(act, "doseQuantity"))
    found: Json = {
        "timing": _timing(child(act, "rateQuantity")),
        "route": concept(child(act, "routeCode")),
        "doseAndRate": [{"doseQuantity": dose}] if dose else None,
    }
    found = {key: part for key, part in found.items() if part}
    return [found] if found else []


def _timing(node: Node | None) -> Json | None:
    """Give the frequency, which WS/T 500 writes into rateQuantity; the words are kept as they are."""
    value, unit = attribute(node, "value"), attribute(node, "unit")
    text = " ".join(part for part in (value if value != "1" or not unit else None, unit) if part)
    if not text:
        return None
    known = next((row for row in rows("frequencies") if row["abbreviation"] == text.lower()), None)
    if known is None:
        return {"code": {"text": text}}
    repeat = {
        "frequency": int(known["frequency"]),
        "period": int(known["period"]),
        "periodUnit": known["unit"],
    }
    return {"repeat": repeat, "code": {"text": text}}


def _formula(reading: Reading, found: list[Entry]) -> Json | None:
    """Keep a herbal formula that is written as one text (中药饮片处方)."""
    text = said(found, "formula")
    if not text:
        return None
    doses = next(iter(of_role(found, "formula-doses")), None)
    how = {"text": said(found, "decoction"), "patientInstruction": said(found, "usage")}
    how = {key: part for key, part in how.items() if part}
    return _keep(
        reading,
        key=text,
        medicationCodeableConcept={"text": text},
        dosageInstruction=[how] if how else None,
        dispenseRequest=_dispensed(doses, "剂"),
    )


def _dispensed(entry: Entry | None, unit: str | None = None) -> Json | None:
    amount = quantity(entry.value, unit) if entry else None
    return {"quantity": amount} if amount else None


def _keep(reading: Reading, *, key: str, **parts: object) -> Json:
    number = best(reading.numbers, "prescription")
    record: Json = {
        "resourceType": "MedicationRequest",
        "id": reading.id("MedicationRequest", key),
        "status": "unknown",
        "intent": "order",
        "subject": reading.subject,
        "encounter": reading.encounter,
        "authoredOn": reading.stamp.text if reading.stamp else None,
        "requester": _requester(reading),
        "groupIdentifier": number.identifier if number else None,
        **parts,
    }
    return reading.add({name: part for name, part in record.items() if part})


def _requester(reading: Reading) -> Json | None:
    return next((one for node in children(reading.root, "author") if (one := author(reading, node))), None)
