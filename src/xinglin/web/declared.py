"""What a page is: one declaration, out of which the portal makes its addresses.

Rooms and wings write declarations alike; `docs/portal.md` shows one whole. A page needs a line in the
policies' table routes.csv under its name, else it stays shut.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from xinglin.core.i18n import Phrase
from xinglin.web.columns import Table
from xinglin.web.visit import Visit

Load = Callable[[Visit], Awaitable[Mapping[str, Any]]]
"""Gives what a page shows, as plain values: numbers, texts, dates, phrases, lists and mappings of them.

The page's template sees these names and no others of the room, and the JSON twin is the same values, so that
both always say the same. A value `title` takes the place of the page's own title.
"""

PlaceName = Literal[
    "home",
    "person",
    "sources",
    "identity",
    "terminology",
    "quality",
    "trust",
    "province",
    "clinic",
    "tcm",
    "pharma",
    "evaluation",
    "industry",
    "system",
]
"""Where in the navigation something stands (`portal.places` gives each its name and sign)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Something to look at.

    `name` is its door in routes.csv, and what logs and metrics call it. `title` is a message id; so is
    `summary`, a line under the title. It stands in the navigation where it has a `place` and `menu` is true.
    `tables` can be taken away as CSV and Excel; each stands in the page's values under its name. `patient`
    names the part of the path that is a Patient's id: where the page is shut, emergency access is offered.
    `charts` says that it draws charts.
    """

    path: str
    name: str
    title: str
    load: Load
    template: str
    place: PlaceName = "home"
    menu: bool = False
    order: int = 50
    summary: str = ""
    tables: tuple[Table, ...] = ()
    patient: str = ""
    charts: bool = False

    @property
    def stem(self) -> str:
        """The path without an ending: what the other forms' endings are put to."""
        return "/home" if self.path == "/" else self.path


@dataclass(frozen=True, slots=True)
class Done:
    """What an act has done: where to go on, what to tell there, and how it can be undone.

    `undo` is the path of another act and `fields` what its form sends.
    """

    to: str
    told: Phrase | None = None
    undo: str = ""
    fields: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)
    cookies: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Act:
    """Something to do, sent by a form of a page (POST): `do` reads `visit.body` and says where to go on."""

    path: str
    name: str
    do: Callable[[Visit], Awaitable[Done]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Card:
    """What needs somebody on the home page; shown to whom its door `name` opens.

    A `load` that gives nothing hides the card. `order` is smaller the more urgent it is.
    """

    name: str
    title: str
    load: Load
    template: str
    order: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Tab:
    """A page about a person, shown among the tabs of one; its page's path has the part `{id}`."""

    page: str
    title: str
    order: int = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class Declaration:
    """What a room or wing adds to the portal.

    `templates` names the package whose folder `templates` holds its templates; there they are called by
    `room`/name, as `clinic/board.html`.
    """

    room: str
    pages: tuple[Page, ...] = ()
    acts: tuple[Act, ...] = ()
    cards: tuple[Card, ...] = ()
    tabs: tuple[Tab, ...] = ()
    templates: str = ""
