"""Clinical documents in the manner of WS/T 500-2016 (CDA R2) to FHIR.

    CDA = ClinicalDocuments()
    for piece in CDA.pieces(stream, origin):
        for item in CDA.items(piece, origin): ...

The document is kept whole (Binary, DocumentReference); its header and sections become Composition, Patient,
Encounter, Practitioner, Organization; the sections of eleven document types also become Conditions,
Observations and so on. `data/` says which, and what their words mean. Pure functions.
"""

from xinglin.standards.cda.format import ClinicalDocuments

__all__ = ["ClinicalDocuments"]
