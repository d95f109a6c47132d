"""What the gate answers where it stays closed.

A record that may not be seen and one that doesn't exist are told in the same words: whoever asks can't learn
the difference.
"""

from xinglin.core.errors import TrustError
from xinglin.hub.records import Key


class Unproven(TrustError):
    """Nobody is known to be asking."""

    code = "XL9500"
    message = "This address answers only those who say who they are."
    remedy = (
        "Log in, or send a token in the header Authorization: Bearer … "
        "(`xinglin client token` makes one; docs/apps.md)."
    )
    status = 401
    issue = "login"


class Closed(TrustError):
    """What is asked for isn't allowed to who asks, for this purpose."""

    code = "XL9501"
    message = '"{action}" isn\'t open to you for the purpose {purpose}.'
    remedy = (
        "{advice}. Rules that could open it: {rules}. Another purpose is named in the header Purpose-Of-Use."
    )


class Hidden(TrustError):
    """A record that is unknown, or isn't open: which of both isn't told."""

    code = "XL9502"
    message = "{key} isn't known here, or isn't open to you for the purpose {purpose}."
    remedy = "Check the type and the id. {advice}. Rules that could open it: {rules}."
    status = 404
    issue = "not-found"


class NotForThisPurpose(TrustError):
    """A purpose that who asks may not have."""

    code = "XL9503"
    message = "You can't ask for the purpose {purpose}."
    remedy = "Name one of these in the header Purpose-Of-Use, or leave it out: {allowed}."


class Kept(TrustError):
    """Something that only the hub itself writes."""

    code = "XL9504"
    message = "{what} is written by the hub alone."
    remedy = "Leave it out. The hub derives it from what it stores, and shows it to those who may see it."
    status = 422
    issue = "business-rule"


class Undecided(TrustError):
    """An address answered without a decision that stands in the audit log; the answer was held back."""

    code = "XL9505"
    message = "The answer was held back: the gate took no decision on it."
    remedy = "This is a fault of the hub; send the log line with this code to the operator."
    status = 500
    issue = "exception"


class UnknownDoor(TrustError):
    """An address that no table of doors knows."""

    code = "XL9506"
    message = "No door is known for {name}, so it stays shut."
    remedy = "Give the interaction a line in the policies' table routes.csv."


class SeenMasked(TrustError):
    """A change of a record that who asks sees in part: the rest would be lost, or told."""

    code = "XL9507"
    message = "You see {key} masked, so you can't change it."
    remedy = "Have it changed by somebody who sees it whole, or ask under a purpose that shows it so."


class NotOwnRelation(TrustError):
    """A record that makes a treating relation, but names nobody of whoever writes it."""

    code = "XL9508"
    message = "This {type} says who treats the patient, and doesn't name {missing} in {elements}."
    remedy = (
        "Name your own institution or department, and yourself or somebody of your institution. Where your "
        "account belongs to no institution, have the administrator give it one (`xinglin user set`)."
    )
    status = 422
    issue = "business-rule"


class Unseen(Exception):
    """A change is about a record that is unknown or hidden; becomes Hidden once it is written down."""

    def __init__(self, key: Key, place: str = "") -> None:
        super().__init__()
        self.key = key
        self.place = place


class NotWritable(Unseen):
    """A record may be seen but not changed so; becomes Closed once it is written down."""
