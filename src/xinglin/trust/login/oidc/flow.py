"""The way to the provider and back.

Nothing secret of a login that has begun is kept here: the browser keeps one secret, and state, nonce and the
PKCE verifier belong to it. A state counts once, and only in the browser that began with it.
"""

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from typing import Any, Final
from urllib.parse import quote, urlencode

from xinglin.core import clock
from xinglin.core.i18n import Phrase
from xinglin.hub.database import Connection
from xinglin.trust.login import accounts, roles, sessions
from xinglin.trust.login.accounts import Account
from xinglin.trust.login.errors import AccountTaken, NoAccount, NoProvider, NotProved, TrustError
from xinglin.trust.login.names import read_login
from xinglin.trust.login.oidc.fetching import fetch
from xinglin.trust.login.oidc.id_token import claims_of
from xinglin.trust.login.oidc.mapping import BY, roles_of
from xinglin.trust.login.oidc.provider import Provider
from xinglin.trust.login.service import Entered, Login

SCOPE: Final = "openid profile"
LASTS: Final = timedelta(minutes=10)
SECRET_BYTES: Final = 32
LONGEST: Final = 2_000


@dataclass(frozen=True, slots=True)
class Begun:
    """A login that goes on at the provider: where, and what the browser must keep meanwhile."""

    address: str
    browser: str


class ByProvider:
    """Login by the provider that the settings name."""

    def __init__(self, login: Login) -> None:
        self._login = login
        self._settings = login.settings
        self._provider = Provider(login.settings.oidc_issuer)

    def _ready(self) -> Provider:
        if not (self._settings.oidc_issuer and self._settings.oidc_client_id):
            raise NoProvider
        return self._provider

    async def begin(self, back: str, then: str) -> Begun:
        """Begin; `back` is the address of our callback, `then` the own path to go to at the end.

        Raises NoProvider or ProviderAway.
        """
        addresses = await self._ready().addresses()
        state, browser = secrets.token_urlsafe(SECRET_BYTES), secrets.token_urlsafe(SECRET_BYTES)
        now = clock.now()
        async with self._login.database.connection() as connection, connection.transaction():
            await connection.execute(
                "INSERT INTO login_flow (state, browser, next, ends) VALUES (%s, %s, %s, %s)",
                [sessions.mark(state), sessions.mark(browser), then, now + LASTS],
            )
            await connection.execute("DELETE FROM login_flow WHERE ends < %s", [now])
        asked = {
            "response_type": "code",
            "scope": SCOPE,
            "client_id": self._settings.oidc_client_id,
            "redirect_uri": back,
            "state": state,
            "nonce": _made_of(browser, "nonce", state),
            "code_challenge": _challenge(_made_of(browser, "verifier", state)),
            "code_challenge_method": "S256",
        }
        mark = "&" if "?" in addresses.authorization else "?"
        return Begun(f"{addresses.authorization}{mark}{urlencode(asked)}", browser)

    async def finish(
        self, given: dict[str, str], browser: str, back: str, *, address: str, program: str
    ) -> tuple[Entered, str]:
        """Finish with what the provider sent back by the browser; give the session and where to go then.

        Raises NoProvider, NotProved, NoAccount, DutiesApart, UnusableRoleTable or ProviderAway.
        """
        try:
            return await self._finish(given, browser, back, address, program)
        except TrustError as error:
            await self._login.tell(
                "login", "failed", address=address, detail={"how": "oidc", "code": error.code}
            )
            raise

    async def _finish(
        self, given: dict[str, str], browser: str, back: str, address: str, program: str
    ) -> tuple[Entered, str]:
        provider, state = self._ready(), given.get("state", "")
        then = await self._take(state, browser)
        await self._refuse_mixed_up(provider, given)
        code = given.get("code", "")
        if not 0 < len(code) <= LONGEST:
            raise NotProved(detail=Phrase("it refused the login"))
        token = await self._token(provider, code, back, _made_of(browser, "verifier", state))
        nonce = _made_of(browser, "nonce", state)
        claims = await claims_of(provider, token, client=self._settings.oidc_client_id, nonce=nonce)
        account = await self._account(provider.issuer, claims)
        return await self._login.enter(account, "oidc", address, program), then

    async def logout_address(self, back: str) -> str:
        """Give where to log out at the provider too (RP-Initiated Logout); empty where there is none."""
        try:
            ending = (await self._ready().addresses()).end_session
        except TrustError:  # it doesn't answer, or was taken out of the settings: here the login has ended
            return ""
        asked = {"client_id": self._settings.oidc_client_id, "post_logout_redirect_uri": back}
        mark = "&" if "?" in ending else "?"
        return f"{ending}{mark}{urlencode(asked)}" if ending else ""

    async def _take(self, state: str, browser: str) -> str:
        """Take the login that began with `state` out of the table; give where it goes. Raises NotProved."""
        async with self._login.database.connection() as connection:
            cursor = await connection.execute(
                "DELETE FROM login_flow WHERE state = %s AND browser = %s AND ends > %s RETURNING next",
                [sessions.mark(state), sessions.mark(browser), clock.now()],
            )
            row = await cursor.fetchone()
        if row is None:
            raise NotProved(detail=Phrase("this login didn't begin in this browser, or took too long"))
        return str(row[0])

    @staticmethod
    async def _refuse_mixed_up(provider: Provider, given: dict[str, str]) -> None:
        """Raise NotProved for the answer of another provider (RFC 9207)."""
        issuer = given.get("iss")
        if issuer is None and not (await provider.addresses()).names_itself:
            return
        if issuer != provider.issuer:
            raise NotProved(detail=Phrase("the answer comes from another provider"))

    async def _token(self, provider: Provider, code: str, back: str, verifier: str) -> object:
        """Give the ID token for a code. Raises NotProved or ProviderAway."""
        addresses = await provider.addresses()
        client, secret = self._settings.oidc_client_id, self._settings.oidc_client_secret
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": back,
            "code_verifier": verifier,
            "client_id": client,
        }
        headers: dict[str, str] = {}
        if secret and addresses.secret_in_form:
            form["client_secret"] = secret
        elif secret:
            both = f"{quote(client, safe='')}:{quote(secret, safe='')}".encode()
            headers["Authorization"] = f"Basic {base64.b64encode(both).decode()}"
        status, told = await fetch(addresses.token, form, headers)
        if status != 200:
            raise NotProved(detail=Phrase("it didn't accept its own code"))
        return told.get("id_token")

    async def _account(self, issuer: str, claims: dict[str, Any]) -> Account:
        """Give the account of whom the claims are about, its roles brought up to date.

        Raises NoAccount, DutiesApart or UnusableRoleTable.
        """
        subject = str(claims["sub"])
        wanted = None
        if self._settings.oidc_roles:
            known = roles.known_roles(self._settings)
            wanted = roles_of(self._settings.oidc_roles, claims, self._settings.oidc_roles_claim, known)
        async with self._login.database.connection() as connection, connection.transaction():
            account = await accounts.find_subject(connection, issuer, subject)
            known = account is not None
            if account is None and self._settings.oidc_new_accounts == "yes":
                account = await self._new(connection, issuer, subject, claims)
            if account is None or not account.usable(clock.now()):
                raise NoAccount(subject=subject)
            changed = wanted is not None and await _bring_up(connection, account.login, wanted)
        if not known:
            detail = {"change": "add", "account": account.login, "how": "oidc"}
            await self._login.tell("user.manage", "allowed", login=account.login, detail=detail)
        if changed:
            self._login.forget()
            await self._login.tell("role.grant", "allowed", login=account.login, detail={"how": "oidc"})
        return account

    async def _new(
        self, connection: Connection, issuer: str, subject: str, claims: dict[str, Any]
    ) -> Account | None:
        """Make an account for whom the provider vouches; None where the name can't be had."""
        login = read_login(str(claims.get(self._settings.oidc_login_claim, "")))
        name = " ".join(str(claims.get("name", "")).split())[: accounts.LONGEST_NAME]
        if not login:
            return None
        try:
            await accounts.add(connection, login=login, name=name or login, now=clock.now())
        except AccountTaken:  # a name alone never opens an account that is there
            return None
        made = await accounts.known(connection, login)
        linked = Account(login=login, name=made.name, made=made.made, issuer=issuer, subject=subject)
        await accounts.change(connection, linked)
        return linked


async def _bring_up(connection: Connection, login: str, wanted: set[tuple[str, roles.Place]]) -> bool:
    """Give and take the roles that come from the provider; say whether any changed. Raises DutiesApart."""
    now = clock.now()
    await roles.lock(connection, login)
    held = await roles.in_force(connection, login, now, also_later=True)
    ours = {(one.role, one.place): one for one in held if one.given_by == BY}
    others = {(one.role, one.place) for one in held if one.given_by != BY}
    gone, new = ours.keys() - wanted, wanted - ours.keys() - others
    for key in gone:
        await roles.revoke(connection, ours[key].id, by=BY, now=now)
    for role, place in sorted(new, key=str):
        await roles.grant(connection, login, role, place, by=BY, now=now)
    if gone or new:
        await sessions.end_all(connection, login)
    return bool(gone or new)


def _made_of(browser: str, use: str, state: str) -> str:
    """Make a value that only this browser's secret gives, for one login."""
    made = hmac.new(browser.encode("utf-8", "replace"), f"{use} {state}".encode("utf-8", "replace"), sha256)
    return base64.urlsafe_b64encode(made.digest()).decode().rstrip("=")


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(sha256(verifier.encode()).digest()).decode().rstrip("=")
