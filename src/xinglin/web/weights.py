"""Lists of what a client takes, with weights, such as `gzip;q=0.5, *;q=0` (RFC 9110, 12.4)."""

from collections.abc import Iterator


def weighed(header: str) -> Iterator[tuple[str, float]]:
    """Give each name of the list, in lower case, and its weight from 0 (not taken) to 1."""
    for part in header.split(","):
        name, *parameters = (piece.strip().lower() for piece in part.split(";"))
        if name:
            yield name, next((_weight(p[2:]) for p in parameters if p.startswith("q=")), 1.0)


def _weight(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return 1.0
