"""What can be wrong with consent."""

from xinglin.core.errors import TrustError


class TooManyConsents(TrustError):
    """More consents apply at once than a request can keep to."""

    code = "XL9440"
    message = "More than {most} people have limited what may be seen for this purpose."
    remedy = "Ask for one person's records, or for a purpose that fewer people have excluded."
    status = 503
    issue = "too-costly"
