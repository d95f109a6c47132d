"""What can be wrong with the tables of masks."""

from xinglin.core.errors import TrustError


class UnknownMask(TrustError):
    """A policy names a mask that no table defines."""

    code = "XL9420"
    message = "There is no mask named {name}."
    remedy = "Use one of: {known}."
    status = 500
    issue = "invalid"
