"""An app asks a person: what it may ask, and what came of it (SMART App Launch 2.2, RFC 6749, 7636, 9207).

An address that isn't registered gets no answer at all, so that nobody is sent there; every other fault is
told to the app at its own address.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

import msgspec
from psycopg.types.json import Jsonb

from xinglin.core.clock import now
from xinglin.core.i18n import Phrase
from xinglin.core.identifiers import is_id
from xinglin.hub.database import Connection
from xinglin.trust.tokens import clients, grants, people, secret
from xinglin.trust.tokens.client import Client
from xinglin.trust.tokens.desk import Desk
from xinglin.trust.tokens.errors import (
    OAuthError,
    PageTooOld,
    Refused,
    UnknownApp,
    UnknownResponseType,
    WrongClient,
    WrongRequest,
    WrongScope,
)
from xinglin.trust.tokens.redirects import is_registered
from xinglin.trust.tokens.registering import refuse_unknown_restrictions
from xinglin.trust.tokens.scopes import Scopes
from xinglin.trust.who import Who

PAGE_LASTS: Final = timedelta(minutes=10)
CODE_LASTS: Final = timedelta(seconds=60)
LONGEST: Final = 500
"""Letters of a state or nonce."""

CHALLENGE: Final = re.compile(r"[A-Za-z0-9_-]{43}")
UNSUPPORTED: Final = ("request", "request_uri", "registration", "launch")
"""Parameters that would change what is asked and aren't understood here: refused, never overlooked."""

_TEXT: Final = Phrase("it must be a text of at most {most} letters", most=LONGEST)
_KEEP: Final = "INSERT INTO client_request (hash, session, asked, ends) VALUES (%s, %s, %s, %s)"
_TAKE: Final = "DELETE FROM client_request WHERE hash = %s AND session = %s AND ends > %s RETURNING asked"
_CODE: Final = """
INSERT INTO client_code (hash, grant_id, redirect, challenge, ends) VALUES (%s, %s, %s, %s, %s)
"""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What an app asks a person for, as it stands between page and answer."""

    client: str
    redirect: str
    scopes: tuple[str, ...]
    state: str
    challenge: str
    nonce: str | None = None

    @property
    def wanted(self) -> Scopes:
        """The scopes asked for, as far as they are registered."""
        return Scopes.parse(self.scopes)


@dataclass(frozen=True, slots=True)
class Answer:
    """What is sent to the app at its own address."""

    redirect: str
    parameters: dict[str, str]


@dataclass(frozen=True, slots=True)
class Page:
    """A page that asks a person: `token` proves that an answer comes from it."""

    token: str
    client: Client
    asked: Asked


class AnswerableError(Exception):
    """A fault of a request that is told to the app at its own address."""

    def __init__(self, error: OAuthError, redirect: str, state: str) -> None:
        super().__init__(str(error))
        self.error = error
        self.redirect = redirect
        self.state = state


async def ask(desk: Desk, given: Mapping[str, str]) -> tuple[Client, Asked]:
    """Read what an app asks for. Raises UnknownApp, or AnswerableError for what it may be told."""
    redirect = given.get("redirect_uri", "")
    async with desk.hub.database.connection() as connection:
        try:
            client = await clients.find_enabled(connection, given.get("client_id", ""))
        except WrongClient:
            raise UnknownApp from None
    if client.kind == "backend" or not is_registered(redirect, client.redirects):
        raise UnknownApp
    try:
        return client, _read(given, client, desk)
    except OAuthError as error:
        raise AnswerableError(error, redirect, _state(given)) from None


def _read(given: Mapping[str, str], client: Client, desk: Desk) -> Asked:
    """Read the request of a known app. Raises OAuthError."""
    _refuse_unoffered(given)
    if given.get("code_challenge_method") != "S256" or not CHALLENGE.fullmatch(_of(given, "code_challenge")):
        raise WrongRequest(name="code_challenge", detail=Phrase("PKCE with S256 is needed (RFC 7636)"))
    if _of(given, "aud").removesuffix("/") != desk.base:
        raise WrongRequest(name="aud", detail=Phrase("it must be the FHIR base, {base}", base=desk.base))
    if not _state(given):
        raise WrongRequest(name="state", detail=_TEXT)
    if len(_of(given, "nonce")) > LONGEST:
        raise WrongRequest(name="nonce", detail=_TEXT)
    return Asked(
        client=client.id,
        redirect=given["redirect_uri"],
        scopes=tuple(_scopes(given, client, desk)),
        state=_state(given),
        challenge=given["code_challenge"],
        nonce=given.get("nonce"),
    )


def _of(given: Mapping[str, str], name: str) -> str:
    return given.get(name, "")


def _refuse_unoffered(given: Mapping[str, str]) -> None:
    """Refuse what asks for another answer than a code in the query, after a page."""
    if given.get("response_type") != "code":
        raise UnknownResponseType(found=_of(given, "response_type")[:LONGEST] or "-")
    for name in UNSUPPORTED:
        if name in given:
            raise WrongRequest(name=name, detail=Phrase("it isn't offered here"))
    if given.get("response_mode", "query") != "query":
        raise WrongRequest(name="response_mode", detail=Phrase("the answer stands in the query"))
    if "none" in _of(given, "prompt").split():
        raise WrongRequest(name="prompt", detail=Phrase("a page is always shown"))


def _scopes(given: Mapping[str, str], client: Client, desk: Desk) -> Scopes:
    """Give what is asked for, as far as it is registered. Raises WrongScope."""
    asked = _of(given, "scope")
    scopes = Scopes.parse(asked).narrowed(client.allowed).at("patient", "user")
    if not scopes:
        raise WrongScope(scope=asked[:80] or "-", detail=Phrase("none of them is registered"))
    refuse_unknown_restrictions(scopes, desk.hub.registry)
    return scopes


def _state(given: Mapping[str, str]) -> str:
    state = given.get("state", "")
    return state if len(state) <= LONGEST and state.isprintable() else ""


async def open_page(desk: Desk, who: Who, client: Client, asked: Asked) -> Page:
    """Keep what is asked until the person whose login session this is has answered."""
    token = secret.make("page")
    row = [secret.hashed(token), _session(who), Jsonb(msgspec.to_builtins(asked)), now() + PAGE_LASTS]
    async with desk.hub.database.connection() as connection:
        await connection.execute(_KEEP, row)
    return Page(token, client, asked)


async def answer(desk: Desk, who: Who, token: str, *, allowed: bool, ticked: Scopes, patient: str) -> Answer:
    """Take a person's answer: allow what was ticked, or nothing. Raises PageTooOld or AnswerableError.

    `patient` is the id of the Patient that the person names, where the app asks for one.
    """
    asked = await _take(desk, who, token)
    async with desk.hub.database.connection() as connection:
        try:
            client = await clients.find_enabled(connection, asked.client)
        except WrongClient:
            raise UnknownApp from None
    scopes = asked.wanted.narrowed(ticked).narrowed(client.allowed)
    try:
        if not allowed or not scopes:
            raise Refused
        chosen = chosen_patient(who, scopes, patient)
    except OAuthError as error:
        await desk.tell("app.allow", "denied", client=client, who=who, detail={"code": error.code})
        raise AnswerableError(error, asked.redirect, asked.state) from None
    code = await desk.hub.transaction(
        lambda connection: _code(
            connection, desk, who=who, client=client, asked=asked, scopes=scopes, patient=chosen
        )
    )
    detail = {"scopes": str(scopes)}
    await desk.tell("app.allow", "allowed", client=client, who=who, patient=chosen, detail=detail)
    return Answer(asked.redirect, {"code": code, "state": asked.state, "iss": desk.root})


def chosen_patient(who: Who, scopes: Scopes, given: str) -> str | None:
    """Give the Patient that an app is launched for. Raises WrongRequest.

    Whoever looks at the own record chooses nobody else. Others name an id: it only narrows what they may see
    by their own rights, so that nothing is told or opened by it.
    """
    if not scopes.needs_patient:
        return None
    if who.patient is not None:
        return who.patient
    if not is_id(given):
        raise WrongRequest(name=Phrase("the patient"), detail=Phrase("it must be the id of a Patient here"))
    return given


async def _take(desk: Desk, who: Who, token: str) -> Asked:
    """Take what a page asked, which is then answered. Raises PageTooOld."""

    async def work(connection: Connection) -> Any:
        given = [secret.hashed(token[: secret.LONGEST]), _session(who), now()]
        return await (await connection.execute(_TAKE, given)).fetchone()

    found = await desk.hub.transaction(work)
    if found is None:
        raise PageTooOld
    return msgspec.convert(found[0], Asked)


async def _code(
    connection: Connection,
    desk: Desk,
    *,
    who: Who,
    client: Client,
    asked: Asked,
    scopes: Scopes,
    patient: str | None,
) -> str:
    moment, settings = now(), desk.settings
    lasts = timedelta(minutes=settings.app_token_minutes) + CODE_LASTS
    if "offline_access" in scopes.words:
        lasts = timedelta(days=settings.app_access_days)
    grant = await grants.begin(
        connection,
        client,
        scopes,
        ends=moment + lasts,
        person=people.kept(who),
        patient=patient,
        nonce=asked.nonce,
        authenticated=moment,
    )
    code = secret.make("code")
    row = [secret.hashed(code), grant, asked.redirect, asked.challenge, moment + CODE_LASTS]
    await connection.execute(_CODE, row)
    return code


def _session(who: Who) -> bytes:
    return secret.hashed(f"{who.id} {who.session}")
