"""IHE profiles on identity: PIXm and PDQm (https://profiles.ihe.net/ITI/)."""

from starlette.routing import Route

from xinglin.api.ihe import pdqm, pixm


def routes() -> list[Route]:
    """Give the routes of the profiles."""
    return [*pixm.routes(), *pdqm.routes()]
