"""The one place that asks what time it is."""

from datetime import UTC, datetime


def now() -> datetime:
    """Give the present instant in UTC, to the millisecond, the precision of a FHIR instant here."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def instant(moment: datetime) -> str:
    """Write an aware datetime as a FHIR instant in UTC, such as `2026-11-21T08:00:00.123Z`."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def http_date(moment: datetime) -> str:
    """Write an aware datetime as an HTTP date (RFC 9110, 5.6.7)."""
    return moment.astimezone(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
