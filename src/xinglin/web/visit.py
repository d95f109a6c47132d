"""A request as a page sees it: who asks, in which language, for what, and the hub as far as it is open."""

import uuid
from collections.abc import Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Final, Literal
from urllib.parse import quote, urlencode

from starlette.requests import Request

from xinglin.core.errors import RequestError, XinglinError
from xinglin.core.i18n import LANGUAGES, Phrase, negotiate, translate
from xinglin.core.settings import Settings
from xinglin.trust.gate.asking import Asking
from xinglin.trust.gate.errors import Undecided
from xinglin.trust.gate.gate import Gate
from xinglin.trust.gate.gated import GatedHub
from xinglin.trust.login.forgery import FIELD
from xinglin.trust.login.service import Seen
from xinglin.trust.login.sessions import csrf_token
from xinglin.trust.who import NOBODY, Who
from xinglin.web.authentication import asking_of, own_origin, session_of
from xinglin.web.forms import Body, read_form

Form = Literal["html", "json", "csv", "xlsx"]
Theme = Literal["auto", "light", "dark"]

LANGUAGE_COOKIE: Final = "xinglin-language"
THEME_COOKIE: Final = "xinglin-theme"
PURPOSE_COOKIE: Final = "xinglin-purpose"
SECURE: Final = "__Host-"
THEMES: Final[tuple[Theme, ...]] = ("auto", "light", "dark")
LARGEST: Final = 10**15


class WrongValue(RequestError):
    """An address or a form gives something that can't be used."""

    code = "XL3100"
    message = "{name} can't be used: {detail}."
    remedy = "Correct it and send it again."


class Visit:
    """One request to a page, in one of its forms."""

    def __init__(self, request: Request, form: Form = "html") -> None:
        self.request = request
        self.form: Form = form
        self.settings: Settings = request.app.state.settings
        self.request_id = _request_id(request)
        self.body = Body({})
        self.seen: Seen | None = None
        self._hub: GatedHub | None = None

    async def enter(self, door: str) -> None:
        """Find out who asks, open the gate, and pass a door. Raises TrustError or RequestError."""
        gate, read = self.gate, self.request.method == "POST" and bool(self.session)
        fault = await self._read_body() if read else None
        asking = await asking_of(gate, self.request, door, self.request_id, field=self.body.text(FIELD, ""))
        self._hub = gate.open(self._with_purpose(asking))
        if self.session and asking.who.session is not None:
            self.seen = await gate.login.see(self.session)
        await self._hub.enter(door, self.request.method)
        if self.request.method == "POST" and not read:
            fault = await self._read_body()
        if fault is not None:
            raise fault

    async def _read_body(self) -> RequestError | None:
        """Read the form; a session counts only with what stands in it, so faults are told after who asks."""
        try:
            self.body = await read_form(self.request)
        except RequestError as fault:
            return fault
        return None

    def _with_purpose(self, asking: Asking) -> Asking:
        """Take the purpose chosen in the portal, unless the request names one or it isn't open any more."""
        chosen = self.cookie(PURPOSE_COOKIE)
        if asking.purpose or chosen not in self.gate.deciding.policies.purposes(asking.who):
            return asking
        return replace(asking, purpose=chosen)

    async def leave(self, error: XinglinError | None) -> None:
        """See that what was decided is written down before anything leaves. Raises Undecided."""
        if self._hub is not None:
            await (self._hub.finish() if error is None else self._hub.failure(error))

    @property
    def gate(self) -> Gate:
        """The hub's gate."""
        return self.request.app.state.gate

    @property
    def hub(self) -> GatedHub:
        """The hub as this request may see it. Raises Undecided where the gate wasn't opened."""
        if self._hub is None:
            raise Undecided
        return self._hub

    @property
    def who(self) -> Who:
        """Who asks; nobody before the gate was opened."""
        return NOBODY if self._hub is None else self._hub.who

    @property
    def purpose(self) -> str:
        """What for: a code of HL7 v3 PurposeOfUse."""
        return "" if self._hub is None else self._hub.purpose

    async def enter_also(self, door: str) -> None:
        """Pass another door of what the page shows, such as a card of the home page. Raises Closed."""
        await self.hub.enter(door, "GET")

    async def opens(self, door: str, method: str = "GET") -> bool:
        """Tell whether a door would open, without passing it: for links that lead somewhere."""
        return self._hub is not None and await self._hub.opens(door, method)

    @property
    def purposes(self) -> list[tuple[str, str]]:
        """The purposes that somebody may choose from, each with its name, the present one among them."""
        policies = self.gate.deciding.policies
        return [(one, self.word("purposes", one)) for one in policies.purposes(self.who)]

    def word(self, table: str, key: str) -> str:
        """Give the name of a word of the policies' tables (roles, purposes …) in the reader's language."""
        return self.gate.deciding.policies.tables.name(table, key).text(self.language)

    def meaning(self, table: str, key: str) -> str:
        """Say what a word of the policies' tables means, where the table tells it."""
        row = self.gate.deciding.policies.tables.by_name[table].get((key,), {})
        return row.get(f"meaning_{self.language}", "")

    @cached_property
    def language(self) -> str:
        """The reader's language: as chosen in the portal, else as the browser asks."""
        chosen = self.cookie(LANGUAGE_COOKIE)
        if chosen in LANGUAGES:
            return chosen
        return negotiate(self.request.headers.get("accept-language"), self.settings.language)

    @cached_property
    def theme(self) -> Theme:
        """Light or dark as chosen, or as the machine is set (`auto`)."""
        chosen = self.cookie(THEME_COOKIE)
        return chosen if chosen in THEMES else "auto"

    def say(self, text: str | Phrase) -> str:
        """Give a message id of ours, or a phrase, in the reader's language."""
        return text.text(self.language) if isinstance(text, Phrase) else translate(text, self.language)

    @property
    def fragment(self) -> bool:
        """Whether a part of a page that is open already is asked for, not a whole one."""
        return (
            "hx-request" in self.request.headers and "hx-history-restore-request" not in self.request.headers
        )

    @property
    def whole(self) -> bool:
        """Whether every row of a table is wanted: a file is made, which has no pages."""
        return self.form in ("csv", "xlsx")

    @property
    def path(self) -> Mapping[str, str]:
        """The parts of the path by name."""
        return self.request.path_params

    def text(self, name: str, default: str = "", *, most: int = 200) -> str:
        """Read a text from the address's query, without blanks around it."""
        return self.request.query_params.get(name, default).strip()[:most]

    def number(self, name: str, default: int, *, least: int = 0, most: int = LARGEST) -> int:
        """Read a whole number from the address's query. Raises WrongValue."""
        given = self.request.query_params.get(name)
        return default if given is None else whole(given, name, least=least, most=most)

    def choice(self, name: str, allowed: tuple[str, ...]) -> str:
        """Read one of several words from the address's query, the first where it names none of them."""
        given = self.text(name)
        return given if given in allowed else allowed[0]

    @property
    def stem(self) -> str:
        """The page's own address without query and ending."""
        path: str = self.request.scope["path"]
        return path if self.form == "html" else path.removesuffix(f".{self.form}")

    @property
    def address(self) -> str:
        """The page's own address as a person would share it, with its query."""
        query = self.request.url.query
        stem = "/" if self.stem == "/home" else quote(self.stem)
        return f"{stem}?{query}" if query else stem

    def url(self, path: str = "", **changes: object) -> str:
        """Give an address: another path with these parameters, or this page's with these changed.

        What is None is left out. Two underscores stand for a dot, as in `deliveries__page`.
        """
        names = {name.replace("__", "."): value for name, value in changes.items()}
        kept = [] if path else [p for p in self.request.query_params.multi_items() if p[0] not in names]
        given = [(name, str(value)) for name, value in names.items() if value is not None]
        query = urlencode([*kept, *given])
        base = path or ("/" if self.stem in ("/", "/home") else quote(self.stem))
        return f"{base}?{query}" if query else base

    def file(self, form: Form, table: str = "") -> str:
        """Give the address of this page in another form, with its query."""
        changes: dict[str, Any] = {"table": table or None}
        stem = "/home" if self.stem == "/" else quote(self.stem)
        query = self.url(**changes).partition("?")[2]
        return f"{stem}.{form}" + (f"?{query}" if query else "")

    @property
    def session(self) -> str:
        """The token in the session's cookie; empty where there is none."""
        return session_of(self.settings, self.request)

    @property
    def csrf(self) -> str:
        """What forms must bring to count as sent by a page of ours."""
        return csrf_token(self.session) if self.session else ""

    @property
    def secure(self) -> bool:
        """Whether the browser came by https."""
        return own_origin(self.settings, self.request).startswith("https:")

    def cookie(self, name: str) -> str:
        """Give a cookie of the portal's; over https only one that no other host could have set."""
        return self.request.cookies.get((SECURE if self.secure else "") + name, "")


def whole(given: str, name: str, *, least: int = 0, most: int = LARGEST) -> int:
    """Read a whole number, written in digits only. Raises WrongValue."""
    if (
        given.isascii()
        and given.isdigit()
        and len(given) <= len(str(LARGEST))
        and least <= int(given) <= most
    ):
        return int(given)
    detail = Phrase("it must be a whole number from {least} to {most}", least=least, most=most)
    raise WrongValue(name=name, detail=detail)


def _request_id(request: Request) -> str:
    """Take the client's request id where it is harmless, else make one."""
    given = request.headers.get("x-request-id", "")
    return given if 0 < len(given) <= 64 and given.isascii() and given.isprintable() else uuid.uuid4().hex
