"""Code tables as a source uses them: in the edition that it declares."""

from collections.abc import Callable
from typing import Final

from xinglin.standards.datasets.tables import CodeTable, editions, load

OWN: Final = "local:"
"""Tables of codes that an institution gives itself: this and the sort of code (`local:lab-item`)."""

SAME: Final = frozenset({"equal", "equivalent"})
"""Correspondences to international codes that may be written beside the national code."""

TARGETS: Final = {
    "gender": "http://hl7.org/fhir/administrative-gender",
    "address-use": "http://hl7.org/fhir/address-use",
    "allergy-category": "http://hl7.org/fhir/allergy-intolerance-category",
    "act": "http://terminology.hl7.org/CodeSystem/v3-ActCode",
    "marital": "http://terminology.hl7.org/CodeSystem/v3-MaritalStatus",
    "interpretation": "http://terminology.hl7.org/CodeSystem/v3-ObservationInterpretation",
    "role": "http://terminology.hl7.org/CodeSystem/v3-RoleCode",
    "route": "http://terminology.hl7.org/CodeSystem/v3-RouteOfAdministration",
    "discharge": "http://terminology.hl7.org/CodeSystem/discharge-disposition",
    "admit-source": "http://terminology.hl7.org/CodeSystem/admit-source",
    "modality": "http://dicom.nema.org/resources/ontology/DCM",
}
"""Short words for international code systems that national codes are translated to."""

PLAIN: Final = {
    "ICD-10": "urn:oid:2.16.156.10011.2.3.3.11",
    "ICD-9-CM-3": "urn:oid:2.16.156.10011.2.3.3.12",
    "GB/T 15657": "urn:oid:2.16.156.10011.2.3.3.14",
    "GB/T 6565": "urn:oid:2.16.156.10011.2.3.3.7",
    "GB/T 2659": "urn:oid:2.16.156.10011.2.3.3.1",
    "GB/T 2260": "urn:oid:2.16.156.10011.2.3.3.2",
    "LOINC": "http://loinc.org",
}
"""Code systems without a table here, by the URI that standards/identifiers/data/systems.csv prefers."""


def table_of(name: str, edition: Callable[[str], str | None], default: str) -> CodeTable | None:
    """Find a code table in the edition that the source declares for it or for all, else `default`.

    A declared edition counts for tables that have it, and for all of WS 364 (`CV…`). None where no table here
    has this number.
    """
    known = editions(name)
    if not known:
        return None
    own = edition(f"edition.{name}")
    if own:
        return load(name, own)
    every = edition("edition")
    if every and (every in known or name.startswith("CV")):
        return load(name, every)
    return load(name, default if default in known else None)
