"""Login: from name and password to a session, and from a session to who asks.

Nothing happens silently: what is done or tried is appended to the audit log before the answer.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final

from xinglin.core import clock
from xinglin.core.i18n import Phrase
from xinglin.core.settings import Settings
from xinglin.hub.database import Connection, Database
from xinglin.trust.kept import Kept
from xinglin.trust.log.entry import Entry, Outcome
from xinglin.trust.log.log import Appends
from xinglin.trust.login import accounts, roles, sessions, totp
from xinglin.trust.login.accounts import Account
from xinglin.trust.login.attempts import Attempts, network
from xinglin.trust.login.errors import LoginFailed, NotLoggedIn, WeakPassword, WrongCode, WrongPost, WrongStep
from xinglin.trust.login.hashing import Hasher
from xinglin.trust.login.names import read_login, read_password
from xinglin.trust.login.passwords import checked_password
from xinglin.trust.login.roles import DUTIES, Post
from xinglin.trust.login.sealing import Seal, key_file
from xinglin.trust.login.sessions import Session, Stage
from xinglin.trust.login.totp import Authenticator
from xinglin.trust.who import NOBODY, Who

CACHED_SECONDS: Final = 1.0
CACHED_MOST: Final = 10_000


@dataclass(frozen=True, slots=True)
class Seen:
    """A session that lasts, whose it is, and what they may work as; `who` once the login is complete."""

    session: Session
    name: str
    posts: tuple[Post, ...]
    who: Who | None


@dataclass(frozen=True, slots=True)
class Entered:
    """A session's new token, and what the login waits for."""

    token: str
    stage: Stage


class Login:
    """What one process knows of logins: it hashes passwords, and remembers sessions for a second."""

    def __init__(self, database: Database, settings: Settings, log: Appends) -> None:
        self.database = database
        self.settings = settings
        self.hasher = Hasher(settings)
        self.seal = Seal(key_file(settings))
        self._log = log
        self._kept = Kept[bytes, Seen](CACHED_SECONDS, CACHED_MOST)

    async def who_of_session(self, token: str, address: str = "") -> Who | None:
        """Give who asks by a session's token; None where there is no complete login.

        The answer may be a second old, except that what this process itself ended has ended.
        """
        found = await self.see(token)
        return None if found is None or found.who is None else replace(found.who, address=address)

    async def see(self, token: str) -> Seen | None:
        """Give the session of a token, complete or not, as it was within the last second."""
        key = sessions.mark(token)
        kept = self._kept.get(key)
        if kept is not None:
            return kept
        begun = self._kept.begin()
        found = await self._look(token)
        self._kept.keep(key, found, begun)
        return found

    async def _look(self, token: str) -> Seen | None:
        now = clock.now()
        async with self.database.connection() as connection:
            session = await sessions.find(connection, self.settings, token, now)
            if session is None:
                return None
            account = await accounts.known(connection, session.login)
            if not account.usable(now):
                return None
            posts = tuple(roles.posts(await roles.in_force(connection, session.login, now)))
        who = who_in(session, account.name, posts) if session.stage == "in" else None
        return Seen(session, account.name, posts, who)

    def forget(self) -> None:
        """Forget what is remembered of sessions: some ended, or roles changed."""
        self._kept.forget()

    async def tell(
        self,
        action: str,
        outcome: Outcome,
        *,
        login: str = "",
        address: str = "",
        who: Who | None = None,
        detail: Mapping[str, str] | None = None,
    ) -> None:
        """Append to the audit log. Of names only those of accounts: people type passwords there."""
        asks = who or (Who(f"user:{login}", "user") if login else NOBODY)
        entry = Entry(asks, action, outcome, address=address, detail=detail or {}, at=clock.now())
        await self.append(entry)

    async def append(self, entry: Entry) -> None:
        """Append to the audit log; it is durable when this returns."""
        await self._log.append([entry])

    async def login(
        self, name: str, password: str, code: str = "", *, address: str = "", program: str = ""
    ) -> Entered:
        """Log in. Raises LoginFailed, TooManyFailures or WrongCode.

        A name that nobody has takes as long and gets the same answer as a wrong password.
        """
        login, given, now = read_login(name), read_password(password), clock.now()
        attempts = Attempts(self.settings, login or name, address)
        account = await self._reserve(attempts, login, now)
        right = await self.hasher.matches(given, account.password if account else None)
        if account is None or not right or not _may_enter(account, now):
            await self._failed(attempts, "login", account, address)
            raise LoginFailed
        entered = await self.enter(account, "password", address, program, attempts)
        if self.hasher.outdated(account.password or ""):
            await self._rehash(account, given)
        if entered.stage == "code" and code:
            return await self.give_code(entered.token, code, address=address)
        return entered

    async def _reserve(self, attempts: Attempts, login: str, now: datetime) -> Account | None:
        """Count an attempt before anything is looked at; give the account. Raises TooManyFailures."""
        async with self.database.connection() as connection:
            async with connection.transaction():
                await attempts.reserve(connection, now)
            return await accounts.find(connection, login)

    async def _failed(self, attempts: Attempts, action: str, account: Account | None, address: str) -> None:
        async with self.database.connection() as connection, connection.transaction():
            locked = await attempts.failed(connection, clock.now())
        login = account.login if account else ""
        await self.tell(action, "failed", login=login, address=address)
        if locked:
            await self.tell("login.lock", "failed", login=login, address=address)

    async def _rehash(self, account: Account, password: str) -> None:
        hashed = await self.hasher.hash(password)
        async with self.database.connection() as connection:
            await accounts.rehashed(connection, account.login, account.password or "", hashed)

    async def enter(
        self, account: Account, how: str, address: str, program: str, attempts: Attempts | None = None
    ) -> Entered:
        """Begin a session after it was proved `how` who it is, unless that has changed meanwhile.

        Raises LoginFailed.
        """
        now = clock.now()
        async with self.database.connection() as connection, connection.transaction():
            found = await self._locked(connection, account.login)
            may = _may_enter(found, now) if how == "password" else found.usable(now)
            if found.password != account.password or not may:
                raise LoginFailed
            stage = await self.stage_of(connection, found, how, now)
            if attempts is not None:
                await (
                    attempts.give_back(connection) if stage == "code" else attempts.succeeded(connection, now)
                )
            token = await sessions.begin(
                connection,
                self.settings,
                login=account.login,
                stage=stage,
                how=how,
                address=network(address),
                program=program,
                now=now,
            )
        await self._told_entered(account.login, stage, how, address)
        return Entered(token, stage)

    @staticmethod
    async def _locked(connection: Connection, login: str) -> Account:
        """Give an account as it stays until the transaction ends: logins and changes of it take turns."""
        await roles.lock(connection, login)
        return await accounts.known(connection, login)

    async def _told_entered(self, login: str, stage: Stage, how: str, address: str) -> None:
        self.forget()
        await self.tell("login", "allowed", login=login, address=address, detail={"stage": stage, "how": how})

    async def stage_of(self, connection: Connection, account: Account, how: str, now: datetime) -> Stage:
        """Tell what a login waits for, after it was proved `how` who it is."""
        if how == "oidc":
            return "in"
        if account.totp_since is not None and "+" not in how:
            return "code"
        aged = timedelta(days=self.settings.password_days)
        if account.one_time_until or account.password_set is None or account.password_set + aged < now:
            return "password"
        if account.totp_since is None and await self._needs_factor(connection, account.login, now):
            return "authenticator"
        return "in"

    async def _needs_factor(self, connection: Connection, login: str, now: datetime) -> bool:
        if self.settings.second_factor != "administrators":
            return self.settings.second_factor == "everyone"
        return any(one.role in DUTIES for one in await roles.in_force(connection, login, now))

    async def _pending(self, token: str, *stages: Stage) -> Session:
        """Give the session as it stands now. Raises NotLoggedIn or WrongStep."""
        async with self.database.connection() as connection:
            session = await sessions.find(connection, self.settings, token, clock.now())
        if session is None:
            raise NotLoggedIn
        if session.stage not in stages:
            raise WrongStep
        return session

    async def give_code(self, token: str, code: str, *, address: str = "") -> Entered:
        """Go on with a code of the authenticator, or a recovery code.

        Raises WrongCode, TooManyFailures, NotLoggedIn or WrongStep.
        """
        session, now = await self._pending(token, "code"), clock.now()
        attempts = Attempts(self.settings, session.login, address)
        account = await self._reserve(attempts, session.login, now)
        how = await self._take(account, code, now) if account and account.usable(now) else None
        if account is None or how is None:
            await self._failed(attempts, "login.code", account, address)
            raise WrongCode
        return await self._advance(token, account.login, f"{session.how}+{how}", address, attempts)

    async def _take(self, account: Account, code: str, now: datetime) -> str | None:
        async with self.database.connection() as connection:
            if await totp.take_code(connection, self.seal, account, code.strip(), now):
                return "totp"
            return "recovery" if await totp.take_recovery(connection, account.login, code) else None

    async def _advance(
        self, token: str, login: str, how: str, address: str, attempts: Attempts | None = None
    ) -> Entered:
        now = clock.now()
        async with self.database.connection() as connection, connection.transaction():
            account = await self._locked(connection, login)
            stage = await self.stage_of(connection, account, how, now)
            if attempts is not None:
                await attempts.succeeded(connection, now)
            renewed = await sessions.advance(connection, self.settings, token, stage=stage, how=how, now=now)
        if renewed is None:
            raise NotLoggedIn
        await self._told_entered(login, stage, how, address)
        return Entered(renewed, stage)

    async def change_password(self, token: str, old: str, new: str, *, address: str = "") -> Entered:
        """Set one's own password; all other logins of the account end.

        The old one is asked for, except where it was shown just now. Raises WeakPassword, LoginFailed,
        TooManyFailures, NotLoggedIn or WrongStep.
        """
        session = await self._pending(token, "password", "in")
        async with self.database.connection() as connection:
            account = await accounts.known(connection, session.login)
        if account.password is None:
            raise WrongStep
        attempts: Attempts | None = None
        if session.stage == "in":
            attempts = Attempts(self.settings, session.login, address)
            await self._reserve(attempts, session.login, clock.now())
            if not await self.hasher.matches(read_password(old), account.password):
                await self._failed(attempts, "password.change", account, address)
                raise LoginFailed
        hashed = await self._new_hash(account, new)
        async with self.database.connection() as connection, connection.transaction():
            if (await self._locked(connection, account.login)).password != account.password:
                raise LoginFailed  # somebody else has changed it meanwhile
            await accounts.set_password(
                connection, account.login, hashed, now=clock.now(), one_time_until=None
            )
            await sessions.end_all(connection, account.login, besides=session.id)
        await self.tell("password.change", "allowed", login=account.login, address=address)
        return await self._advance(token, account.login, session.how, address, attempts)

    async def _new_hash(self, account: Account, new: str) -> str:
        """Give the hash of a new password. Raises WeakPassword."""
        password = checked_password(self.settings, new, login=account.login, name=account.name)
        async with self.database.connection() as connection:
            earlier = await accounts.earlier_passwords(
                connection, account.login, self.settings.password_history
            )
        for kept in earlier:
            if await self.hasher.matches(password, kept):
                raise WeakPassword(detail=Phrase("it was used before"))
        return await self.hasher.hash(password)

    async def begin_authenticator(self, token: str) -> Authenticator:
        """Give what an authenticator must be given. Raises NotLoggedIn, or WrongStep where there is one."""
        session = await self._pending(token, "authenticator", "in")
        async with self.database.connection() as connection, connection.transaction():
            account = await self._locked(connection, session.login)
            if account.totp_since is not None or account.password is None:
                raise WrongStep
            return await totp.begin(connection, self.seal, account)

    async def confirm_authenticator(
        self, token: str, code: str, *, address: str = ""
    ) -> tuple[Entered, list[str]]:
        """Put the authenticator in force by its first code; give recovery codes, to be shown once.

        Raises WrongCode, NotLoggedIn or WrongStep.
        """
        session, now = await self._pending(token, "authenticator", "in"), clock.now()
        async with self.database.connection() as connection, connection.transaction():
            account = await self._locked(connection, session.login)
            if account.totp_since is not None or account.totp_secret is None:
                raise WrongStep
            codes = await totp.confirm(connection, self.seal, account, code.strip(), now)
        if codes is None:
            await self.tell("authenticator.set", "failed", login=session.login, address=address)
            raise WrongCode
        await self.tell("authenticator.set", "allowed", login=session.login, address=address)
        entered = await self._advance(token, session.login, f"{session.how}+totp", address)
        return entered, codes

    async def work_in(self, token: str, post: int, *, address: str = "") -> Entered:
        """Go on in another of one's posts, under a new token. Raises NotLoggedIn, WrongStep or WrongPost."""
        await self._pending(token, "in")
        seen = await self._look(token)
        if seen is None:
            raise NotLoggedIn
        if all(one.number != post for one in seen.posts):
            raise WrongPost(number=post)
        async with self.database.connection() as connection:
            renewed = await sessions.work_in(connection, token, post)
        if renewed is None:
            raise NotLoggedIn
        self.forget()
        detail = {"post": str(post)}
        await self.tell("login.post", "allowed", who=seen.who, address=address, detail=detail)
        return Entered(renewed, "in")

    async def logout(self, token: str, *, address: str = "") -> str:
        """End a session; give how it had begun, empty where there was none."""
        async with self.database.connection() as connection:
            session = await sessions.find(connection, self.settings, token, clock.now())
            if session is not None:
                await sessions.end(connection, session.id)
        self.forget()
        if session is None:
            return ""
        await self.tell("logout", "allowed", login=session.login, address=address)
        return session.how

    async def own_sessions(self, token: str) -> list[Session]:
        """Give the logins of the account whose token this is, the latest first. Raises NotLoggedIn."""
        session = await self._pending(token, "in")
        async with self.database.connection() as connection:
            return await sessions.list_all(connection, clock.now(), session.login)

    async def end_own(self, token: str, id_: int, *, address: str = "") -> bool:
        """End one of one's own logins; say whether there was one. Raises NotLoggedIn or WrongStep."""
        session = await self._pending(token, "in")
        async with self.database.connection() as connection:
            ended = await sessions.end(connection, id_, session.login)
        self.forget()
        if ended:
            await self.tell("logout", "allowed", login=session.login, address=address)
        return ended


def _may_enter(account: Account, now: datetime) -> bool:
    """Say whether an account may be entered by its password now."""
    return account.usable(now) and (account.one_time_until is None or account.one_time_until > now)


def who_in(session: Session, name: str, posts: tuple[Post, ...]) -> Who:
    """Tell who asks in a session: one post at a time, the first where none was chosen."""
    post = next((one for one in posts if one.number == session.post), posts[0] if posts else None)
    place = post.place if post else roles.Place()
    return Who(
        f"user:{session.login}",
        "user",
        name,
        post.roles if post else frozenset(),
        institution=place.institution,
        department=place.department,
        practitioner=place.practitioner,
        patient=place.patient,
        session=str(session.id),
    )
