"""Consent records as rows, written in the transaction that writes the record.

What a row says is decided on in `trust.consent`; here it is only read out of the record.
"""

from xinglin.hub.consents.reading import Faults, Rule, read
from xinglin.hub.consents.rows import change

__all__ = ["Faults", "Rule", "change", "read"]
