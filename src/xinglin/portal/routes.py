"""The portal's addresses: of each page its forms, of each act its own."""

from collections.abc import Iterable, Iterator

from starlette.routing import Route

from xinglin.core.settings import Settings
from xinglin.portal import static_files
from xinglin.portal.answering import Room
from xinglin.portal.environment import Templates
from xinglin.portal.places import gathered
from xinglin.web.declared import Declaration


def room_of(settings: Settings, more: Iterable[Declaration] = ()) -> Room:
    """Gather all pages and acts; `more` is what wings declare."""
    places = gathered(more)
    return Room(places, Templates(places.declarations, settings.time_zone))


def routes(room: Room) -> list[Route]:
    """Give the routes of all pages and acts.

    A path of plain words comes before one with parts that may be anything, whoever declared which first.
    """
    return [*static_files.routes(), *sorted(_routes(room), key=_order)]


def _routes(room: Room) -> Iterator[Route]:
    for page in room.places.pages:
        yield Route(f"{page.stem}.json", room.page(page, "json"), methods=["GET"])
        if page.tables:
            yield Route(f"{page.stem}.csv", room.page(page, "csv"), methods=["GET"])
            yield Route(f"{page.stem}.xlsx", room.page(page, "xlsx"), methods=["GET"])
        yield Route(page.path, room.page(page, "html"), methods=["GET"])
    for act in room.places.acts:
        yield Route(act.path, room.act(act), methods=["POST"])


def _order(route: Route) -> tuple[tuple[int, int], ...]:
    """Put words before parts, and a part with an ending before one without."""
    return tuple((0 if "{" not in part else 2 - ("." in part), len(part)) for part in route.path.split("/"))
