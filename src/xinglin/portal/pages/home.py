"""Home: what needs somebody now, by what they may do; and what they may do at all."""

from collections.abc import Mapping
from typing import Any, Final

from xinglin.core.i18n import Phrase
from xinglin.portal.places import places_of
from xinglin.web.declared import Declaration, Page
from xinglin.web.visit import Visit


async def load(visit: Visit) -> Mapping[str, Any]:
    """Give the cards whose doors open, each with what it shows, and the places that are open."""
    places = places_of(visit)
    cards: list[Mapping[str, Any]] = []
    for card in places.cards:
        if await visit.opens(card.name):
            await visit.enter_also(card.name)
            shown = await card.load(visit)
            if shown:
                title = Phrase(card.title)
                cards.append({"name": card.name, "title": title, "template": card.template, **shown})
    menu = await places.menu(visit, None)
    return {
        "title": Phrase("Good day, {name}", name=visit.who.name or visit.who.id),
        "roles": [
            {"name": visit.word("roles", one), "meaning": visit.meaning("roles", one)}
            for one in sorted(visit.who.roles)
        ],
        "cards": cards,
        "places": [
            {"title": group.title, "icon": group.icon, "entries": [_entry(one) for one in group.entries]}
            for group in menu
            if group.icon != "home"
        ],
    }


def _entry(one: Any) -> Mapping[str, str]:
    return {"href": one.href, "title": one.title}


DECLARED: Final = Declaration(
    room="home",
    pages=(
        Page(
            path="/",
            name="home",
            title="Home",
            load=load,
            template="home/index.html",
            place="home",
            menu=True,
        ),
    ),
)
