"""The portal's extension surface: where rooms and wings put what they add, and how it is found.

A module below `xinglin.portal.pages`, or a wing, names its `Declaration` (see `web.declared`) DECLARED. That
is all: its pages get addresses, places in the navigation, files and JSON, and stand behind the gate.
"""

import importlib
import pkgutil
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from xinglin.core.i18n import Phrase
from xinglin.portal import pages
from xinglin.web.declared import Card, Declaration, Page, PlaceName, Tab
from xinglin.web.visit import Visit

PLACES: Final[Mapping[PlaceName, tuple[Phrase, str]]] = {
    "home": (Phrase("Home"), "home"),
    "person": (Phrase("Persons"), "person"),
    "sources": (Phrase("Sources"), "sources"),
    "identity": (Phrase("Identity"), "identity"),
    "terminology": (Phrase("Terminology"), "terminology"),
    "quality": (Phrase("Data quality"), "quality"),
    "trust": (Phrase("Trust"), "trust"),
    "province": (Phrase("Province"), "province"),
    "clinic": (Phrase("Primary care"), "clinic"),
    "tcm": (Phrase("Chinese medicine"), "leaf"),
    "pharma": (Phrase("Medicines"), "pill"),
    "evaluation": (Phrase("AI evaluation"), "evaluation"),
    "industry": (Phrase("Industry"), "industry"),
    "system": (Phrase("System"), "system"),
}
"""Places in the navigation in their order: the name of each, and its sign in `static/icons.svg`."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of the navigation: where it leads, its name, and whether it is where somebody is."""

    href: str
    title: str
    here: bool


@dataclass(frozen=True, slots=True)
class Group:
    """A place of the navigation with its lines."""

    title: str
    icon: str
    here: bool
    entries: Sequence[Entry]


class Places:
    """Everything that was declared."""

    def __init__(self, declarations: Iterable[Declaration]) -> None:
        self.declarations = tuple(declarations)
        self.pages = tuple(one for declared in self.declarations for one in declared.pages)
        self.acts = tuple(one for declared in self.declarations for one in declared.acts)
        cards = (one for declared in self.declarations for one in declared.cards)
        tabs = (one for declared in self.declarations for one in declared.tabs)
        self.cards: Sequence[Card] = sorted(cards, key=lambda one: one.order)
        self.tabs: Sequence[Tab] = sorted(tabs, key=lambda one: one.order)
        self._menu = {
            place: sorted(
                (one for one in self.pages if one.menu and one.place == place), key=lambda one: one.order
            )
            for place in PLACES
        }

    def page(self, name: str) -> Page | None:
        """Give a page by its name."""
        return next((one for one in self.pages if one.name == name), None)

    async def menu(self, visit: Visit, here: Page | None) -> list[Group]:
        """Give the navigation: only what would open to who asks."""
        found: list[Group] = []
        for place, (title, icon) in PLACES.items():
            open_ = [one for one in self._menu[place] if await visit.opens(one.name)]
            if open_:
                entries = [Entry(one.path, visit.say(one.title), one is here) for one in open_]
                found.append(Group(visit.say(title), icon, here is not None and here.place == place, entries))
        return found

    async def open_tabs(self, visit: Visit, id_: str, here: Page) -> list[Entry]:
        """Give the tabs of a person that would open to who asks."""
        found: list[Entry] = []
        for tab in self.tabs:
            page = self.page(tab.page)
            if page is not None and await visit.opens(page.name):
                found.append(Entry(page.path.replace("{id}", id_), visit.say(tab.title), page is here))
        return found


def gathered(more: Iterable[Declaration] = ()) -> Places:
    """Give what the portal's own modules declare, and `more`, what wings do."""
    names = sorted(one.name for one in pkgutil.iter_modules(pages.__path__))
    own = [importlib.import_module(f"{pages.__name__}.{name}") for name in names]
    return Places([*(module.DECLARED for module in own if hasattr(module, "DECLARED")), *more])


def places_of(visit: Visit) -> Places:
    """Give everything that was declared, for pages that show what others add."""
    found: Places = visit.request.state.places
    return found
