"""HL7 v2 messages (2.3 to 2.8) as FHIR R4, by the V2-to-FHIR guide.

`Hl7v2` is the format for intake; `ack` makes the answers to messages that come over MLLP. What maps to what
stands in `data/`: events, fields, vocabulary, coding systems and character sets.
"""

from xinglin.standards.hl7v2.format import Hl7v2, item

__all__ = ["Hl7v2", "item"]
