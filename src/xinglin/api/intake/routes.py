"""The addresses of intake."""

from starlette.routing import Route

from xinglin.api.intake import deliver, refused
from xinglin.api.plain import Entry
from xinglin.api.plain import routes as routes_of

TABLE: tuple[Entry, ...] = (
    ("POST", "/intake/{source}", "deliver", deliver.post),
    ("GET", "/intake/{source}/deliveries", "receipts", deliver.receipts),
    ("GET", "/intake/{source}/deliveries/{number}", "receipt", deliver.receipt),
    ("GET", "/refused", "refused-list", refused.index),
    ("POST", "/refused/$replay", "refused-replay-many", refused.replay_many),
    ("GET", "/refused/{number}", "refused-show", refused.show),
    ("PUT", "/refused/{number}", "refused-correct", refused.correct),
    ("POST", "/refused/{number}/$replay", "refused-replay", refused.replay),
    ("POST", "/refused/{number}/$dismiss", "refused-dismiss", refused.dismiss),
)


def routes() -> list[Route]:
    """Give the routes of intake."""
    return routes_of(TABLE)
