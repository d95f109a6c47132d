"""Consent: what people have taken away from what others may see of them.

    await withouts(store, connection, who, purpose, now)     # for a Sight
    await state(connection)                                  # changes with every consent

Consent records become rows in the transaction that writes them (`hub.consents`), and are asked for on the
connection that reads, so that a read never goes by an older consent than the records it finds.
"""

from xinglin.trust.consent.consents import state, withouts
from xinglin.trust.consent.errors import TooManyConsents
from xinglin.trust.consent.purposes import is_above_consent

__all__ = ["TooManyConsents", "is_above_consent", "state", "withouts"]
