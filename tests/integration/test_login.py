"""Accounts, passwords, lockout, second factors and sessions, on a real database."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from time import perf_counter
from typing import TypeVar

import msgspec
import psycopg
import pytest
from pyotp.totp import TOTP

from xinglin.core import clock
from xinglin.core.settings import Settings
from xinglin.hub.database import Database
from xinglin.trust.log.entry import Entry
from xinglin.trust.login import first, sessions
from xinglin.trust.login.errors import (
    AccountTaken,
    DutiesApart,
    LoginFailed,
    NotLoggedIn,
    RoleHeld,
    RoleNotHeld,
    TooManyFailures,
    UnknownAccount,
    UnknownRole,
    WeakPassword,
    WrongAccount,
    WrongCode,
    WrongPost,
    WrongStep,
)
from xinglin.trust.login.managing import Managing
from xinglin.trust.login.roles import Place
from xinglin.trust.login.service import Login
from xinglin.trust.who import Who

T = TypeVar("T")
ROOT = Who("local:root", "local")
GOOD = "Apricot-Wood 41"
BETTER = "Plum-Blossom 42"
HERE, THERE = "10.1.0.7", "192.0.2.9"


class Kept:
    """A log that keeps its entries."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []

    async def append(self, entries: Sequence[Entry]) -> list[int]:
        self.entries += entries
        return list(range(len(self.entries)))

    @property
    def told(self) -> list[tuple[str, str]]:
        return [(one.action, one.outcome) for one in self.entries]


@pytest.fixture
def small(settings: Settings, tmp_path: object) -> Settings:
    """Settings under which hashing takes no time, with a home of their own."""
    return msgspec.structs.replace(
        settings, argon2_memory_kib=32, argon2_passes=1, home=str(tmp_path), second_factor="optional"
    )


@pytest.fixture
def log() -> Kept:
    return Kept()


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch) -> Callable[[timedelta], None]:
    """Move the clock on."""
    moved = [timedelta(0)]
    real = clock.now
    monkeypatch.setattr(clock, "now", lambda: real() + moved[0])

    def move(more: timedelta) -> None:
        moved[0] += more

    return move


def do(settings: Settings, log: Kept, work: Callable[[Login], Awaitable[T]]) -> T:
    async def opened() -> T:
        database = Database(settings.database_url, connections=8, statement_seconds=20)
        await database.open()
        try:
            return await work(Login(database, settings, log))
        finally:
            await database.close()

    return asyncio.run(opened())


async def somebody(login: Login, name: str = "wang", role: str = "clinician") -> str:
    """Make an account with a good password; give the token of its first login."""
    managing = Managing(login, ROOT)
    secret = await managing.add(name, "Wang Fang")
    await managing.grant(name, role, Place(institution="hospital", practitioner="p1"))
    entered = await login.login(name, secret, address=HERE)
    assert entered.stage == "password"
    return (await login.change_password(entered.token, "", GOOD, address=HERE)).token


def test_first_login_asks_for_a_new_password(small: Settings, log: Kept) -> None:
    async def work(login: Login) -> None:
        secret = await Managing(login, ROOT).add("wang", "Wang Fang")
        entered = await login.login("WANG", secret.upper().lower(), address=HERE)
        assert entered.stage == "password"
        assert await login.who_of_session(entered.token) is None, "the login isn't complete"
        inside = await login.change_password(entered.token, "", GOOD, address=HERE)
        assert inside.stage == "in"
        assert inside.token != entered.token
        who = await login.who_of_session(inside.token, HERE)
        assert who is not None
        assert (who.id, who.kind, who.name, who.address) == ("user:wang", "user", "Wang Fang", HERE)
        assert who.roles == frozenset()
        assert await login.see(entered.token) is None, "the old token is worth nothing"
        with pytest.raises(LoginFailed):
            await login.login("wang", secret)

    do(small, log, work)
    assert log.told == [
        ("user.manage", "allowed"),
        ("login", "allowed"),
        ("password.change", "allowed"),
        ("login", "allowed"),
        ("login", "failed"),
    ]


def test_no_secret_reaches_log_or_table(small: Settings, log: Kept) -> None:
    async def work(login: Login) -> str:
        token = await somebody(login)
        with pytest.raises(LoginFailed):
            await login.login("wang", "Wrong-Word 77")
        with pytest.raises(LoginFailed):
            await login.login(GOOD, "wang")  # typed into the wrong field
        return token

    token = do(small, log, work)
    told = "\n".join(map(repr, log.entries))
    with psycopg.connect(small.database_url) as connection:
        for table in ("account", "account_password", "login_session", "login_attempt", "account_role"):
            told += repr(connection.execute(f"SELECT t::text FROM {table} t").fetchall())
    for secret in (token, GOOD, GOOD.lower(), "Wrong-Word"):
        assert secret not in told


def test_unknown_disabled_and_expired_are_told_like_a_wrong_password(
    small: Settings, log: Kept, at: Callable[[timedelta], None]
) -> None:
    async def work(login: Login) -> list[str]:
        managing = Managing(login, ROOT)
        for name in ("wang", "off", "over", "late"):
            await somebody(login, name)
        await managing.enable("off", yes=False)
        await managing.change("over", expires=clock.now() + timedelta(hours=1))
        late = await managing.new_password("late")
        at(timedelta(hours=25))
        told: list[str] = []
        for name, password in (
            ("wang", "x"),
            ("nobody", GOOD),
            ("off", GOOD),
            ("over", GOOD),
            ("late", late),
            ("", ""),
            ("wang", "x" * 5_000),
            ("\ud800", "\ud800"),
            ("n" * 100_000, "x"),
        ):
            with pytest.raises(LoginFailed) as raised:
                await login.login(name, password, address=THERE)
            told.append(raised.value.text())
        await managing.enable("off", yes=True)
        assert (await login.login("off", GOOD, address=HERE)).stage == "in"
        return told

    assert len(set(do(small, log, work))) == 1


def test_unknown_names_take_as_long_as_wrong_passwords(small: Settings, log: Kept) -> None:
    slow = msgspec.structs.replace(small, argon2_memory_kib=16_384, argon2_passes=2, login_failures=100)

    async def work(login: Login) -> tuple[float, float]:
        await somebody(login)
        taken: dict[str, list[float]] = {"wang": [], "nobody": []}
        for _ in range(9):
            for name, times in taken.items():
                started = perf_counter()
                with pytest.raises(LoginFailed):
                    await login.login(name, "Wrong-Word 77", address=THERE)
                times.append(perf_counter() - started)
        return min(taken["wang"]), min(taken["nobody"])

    known, unknown = do(slow, log, work)
    assert known == pytest.approx(unknown, rel=0.5)


@pytest.mark.parametrize("name", ["wang", "nobody"])
def test_five_failures_lock_for_longer_each_time(
    small: Settings, log: Kept, at: Callable[[timedelta], None], name: str
) -> None:
    async def work(login: Login) -> None:
        await somebody(login)
        for minutes in (30, 60, 120):
            for _ in range(5):
                with pytest.raises(LoginFailed):
                    await login.login(name, "x", address=THERE)
            with pytest.raises(TooManyFailures) as raised:
                await login.login(name, GOOD, address=THERE)
            assert raised.value.params["minutes"] == minutes
            at(timedelta(minutes=minutes, seconds=1))

    do(small, log, work)
    assert log.told.count(("login.lock", "failed")) == 3


def test_a_stranger_locks_out_nobody_else(small: Settings, log: Kept) -> None:
    async def work(login: Login) -> None:
        await somebody(login)
        for last in range(12):  # more than the account's own room, from many addresses
            for _ in range(5):
                with pytest.raises((LoginFailed, TooManyFailures)):
                    await login.login("wang", "x", address=f"198.51.100.{last}")
        with pytest.raises(TooManyFailures):
            await login.login("wang", GOOD, address=THERE)
        assert (await login.login("wang", GOOD, address=HERE)).stage == "in", "at the usual desk it works"

    do(small, log, work)


def test_a_spray_over_many_names_stops_the_address_but_not_who_works_there(
    small: Settings, log: Kept
) -> None:
    async def work(login: Login) -> None:
        await somebody(login)
        for number in range(100):
            with pytest.raises(LoginFailed):
                await login.login(f"name{number}", "x", address=HERE)
        with pytest.raises(TooManyFailures):
            await login.login("name200", "x", address=HERE)
        assert (await login.login("wang", GOOD, address=HERE)).stage == "in"

    do(small, log, work)


def test_a_thousand_at_once_count_as_so_many(small: Settings, log: Kept) -> None:
    async def work(login: Login) -> list[object]:
        await somebody(login)
        tries = (login.login("wang", f"x{n}", address=THERE) for n in range(40))
        return await asyncio.gather(*tries, return_exceptions=True)

    found = do(small, log, work)
    assert sum(isinstance(one, LoginFailed) for one in found) == 5
    assert sum(isinstance(one, TooManyFailures) for one in found) == 35


def test_many_right_logins_at_once(small: Settings, log: Kept) -> None:
    async def work(login: Login) -> list[object]:
        await somebody(login)
        tries = (login.login("wang", GOOD, address=HERE) for _ in range(30))
        return await asyncio.gather(*tries, return_exceptions=True)

    found = do(msgspec.structs.replace(small, login_failures=100), log, work)
    assert {type(one).__name__ for one in found} == {"Entered"}


def test_unlocking(small: Settings, log: Kept) -> None:
    async def work(login: Login) -> None:
        await somebody(login)
        for _ in range(5):
            with pytest.raises(LoginFailed):
                await login.login("wang", "x", address=THERE)
        await Managing(login, ROOT).unlock("wang")
        assert (await login.login("wang", GOOD, address=THERE)).stage == "in"

    do(small, log, work)


def test_passwords_age_and_never_come_back(
    small: Settings, log: Kept, at: Callable[[timedelta], None]
) -> None:
    async def work(login: Login) -> None:
        token = await somebody(login)
        with pytest.raises(LoginFailed):
            await login.change_password(token, "wrong", BETTER, address=HERE)
        token = (await login.change_password(token, GOOD, BETTER, address=HERE)).token
        with pytest.raises(WeakPassword, match="used before"):
            await login.change_password(token, BETTER, GOOD, address=HERE)
        with pytest.raises(WeakPassword, match="used before"):
            await login.change_password(token, BETTER, BETTER, address=HERE)
        at(timedelta(days=91))
        entered = await login.login("wang", BETTER, address=HERE)
        assert entered.stage == "password"
        for number in range(5):
            token = (await login.change_password(entered.token, "", f"Peach-Petal {number}{number}1")).token
            entered = await login.login("wang", f"Peach-Petal {number}{number}1", address=HERE)
            await Managing(login, ROOT)._login.logout(token)
            with psycopg.connect(small.database_url) as connection:
                connection.execute("UPDATE login_session SET stage = 'password' WHERE stage = 'in'")
        assert (await login.change_password(entered.token, "", GOOD)).stage == "in", "after five others"

    do(small, log, work)


def test_a_new_password_ends_the_other_logins(small: Settings, log: Kept) -> None:
    async def work(login: Login) -> None:
        token = await somebody(login)
        other = (await login.login("wang", GOOD, address=THERE)).token
        assert await login.who_of_session(other) is not None
        renewed = (await login.change_password(token, GOOD, BETTER, address=HERE)).token
        assert await login.who_of_session(other) is None
        assert await login.who_of_session(token) is None
        assert await login.who_of_session(renewed) is not None

    do(small, log, work)


def test_full_width_is_half_width(small: Settings, log: Kept) -> None:
    async def work(login: Login) -> None:
        await somebody(login)
        wide = GOOD.translate({n: n + 0xFEE0 for n in range(0x21, 0x7F)})
        assert (await login.login("ＷＡＮＧ", wide, address=HERE)).stage == "in"

    do(small, log, work)


def test_old_hashes_are_renewed(small: Settings, log: Kept) -> None:
    do(small, log, somebody)

    def kept() -> str:
        with psycopg.connect(small.database_url) as connection:
            row = connection.execute("SELECT password FROM account").fetchone()
        assert row is not None
        return row[0]

    before = kept()
    stronger = msgspec.structs.replace(small, argon2_passes=2)
    do(stronger, log, lambda login: login.login("wang", GOOD, address=HERE))
    assert "t=1" in before
    assert "t=2" in kept()
    assert do(stronger, log, lambda login: login.login("wang", GOOD, address=HERE)).stage == "in"


# Second factors


async def with_authenticator(login: Login) -> tuple[str, TOTP, list[str]]:
    token = await somebody(login)
    given = await login.begin_authenticator(token)
    assert given.svg.startswith("<svg")
    assert (await login.begin_authenticator(token)).secret == given.secret, "shown again until confirmed"
    totp = TOTP(given.secret)
    entered, codes = await login.confirm_authenticator(token, totp.at(clock.now()), address=HERE)
    return entered.token, totp, codes


def test_codes(small: Settings, log: Kept, at: Callable[[timedelta], None]) -> None:
    async def work(login: Login) -> None:
        token, totp, codes = await with_authenticator(login)
        with pytest.raises(WrongStep):
            await login.begin_authenticator(token)
        used = totp.at(clock.now())
        entered = await login.login("wang", GOOD, address=HERE)
        assert entered.stage == "code"
        assert await login.who_of_session(entered.token) is None
        with pytest.raises(WrongCode):
            await login.give_code(entered.token, used, address=HERE)  # it confirmed the authenticator
        at(timedelta(seconds=30))
        code = totp.at(clock.now())
        inside = await login.give_code(entered.token, code, address=HERE)
        assert inside.stage == "in"
        with pytest.raises(WrongCode):
            await login.login("wang", GOOD, code, address=HERE)
        assert (await login.login("wang", GOOD, codes[0].upper(), address=HERE)).stage == "in"
        with pytest.raises(WrongCode):
            await login.login("wang", GOOD, codes[0], address=HERE)

    do(small, log, work)


def test_a_code_counts_once_however_many_bring_it(
    small: Settings, log: Kept, at: Callable[[timedelta], None]
) -> None:
    async def work(login: Login) -> list[object]:
        _, totp, _codes = await with_authenticator(login)
        at(timedelta(seconds=60))
        code = totp.at(clock.now())
        other = Login(login.database, small, log)
        tokens = [(await one.login("wang", GOOD, address=HERE), one) for one in (login, other)]
        tries = (one.give_code(entered.token, code, address=HERE) for entered, one in tokens)
        return await asyncio.gather(*tries, return_exceptions=True)

    found = do(small, log, work)
    assert sorted(type(one).__name__ for one in found) == ["Entered", "WrongCode"]


def test_codes_cant_be_tried_through(small: Settings, log: Kept) -> None:
    """Who knows the password gets no fresh tries by showing it again and again."""

    async def work(login: Login) -> int:
        await with_authenticator(login)
        tried = 0
        for _ in range(10):
            try:
                entered = await login.login("wang", GOOD, address=THERE)
            except TooManyFailures:
                break
            with pytest.raises((WrongCode, TooManyFailures)):
                await login.give_code(entered.token, "000000", address=THERE)
            tried += 1
        return tried

    assert do(small, log, work) <= 5


def test_administrators_need_an_authenticator(small: Settings, log: Kept) -> None:
    asks = msgspec.structs.replace(small, second_factor="administrators")

    async def work(login: Login) -> None:
        secret = await Managing(login, ROOT).add("root", "Root")
        await Managing(login, ROOT).grant("root", "security-administrator", Place())
        entered = await login.login("root", secret)
        entered = await login.change_password(entered.token, "", GOOD)
        assert entered.stage == "authenticator"
        assert await login.who_of_session(entered.token) is None
        given = await login.begin_authenticator(entered.token)
        with pytest.raises(WrongCode):
            await login.confirm_authenticator(entered.token, "000000")
        inside, codes = await login.confirm_authenticator(entered.token, TOTP(given.secret).at(clock.now()))
        assert inside.stage == "in"
        assert len(set(codes)) == 10
        await Managing(login, ROOT).remove_authenticator("root")
        assert await login.see(inside.token) is None
        assert (await login.login("root", GOOD)).stage == "authenticator"

    do(asks, log, work)


def test_authenticators_secrets_are_sealed(small: Settings, log: Kept) -> None:
    secret = do(small, log, with_authenticator)[1].secret
    with psycopg.connect(small.database_url) as connection:
        row = connection.execute("SELECT totp_secret FROM account").fetchone()
    assert row is not None
    assert secret.encode() not in row[0]


# Sessions


def test_sessions_end(small: Settings, log: Kept, at: Callable[[timedelta], None]) -> None:
    async def work(login: Login) -> None:
        token = await somebody(login)
        for _ in range(3):
            at(timedelta(minutes=14))
            login.forget()
            assert await login.who_of_session(token) is not None, "used within 15 minutes"
        at(timedelta(minutes=16))
        login.forget()
        assert await login.who_of_session(token) is None
        token = (await login.login("wang", GOOD, address=HERE)).token
        for _ in range(12 * 60 // 14):
            at(timedelta(minutes=14))
            login.forget()
            assert await login.who_of_session(token) is not None
        at(timedelta(minutes=14))
        login.forget()
        assert await login.who_of_session(token) is None, "12 hours are over, however busy it was"

    do(small, log, work)


def test_ending_counts_at_once_here_and_soon_elsewhere(small: Settings, log: Kept) -> None:
    async def work(login: Login) -> None:
        elsewhere = Login(login.database, small, log)
        token = await somebody(login)
        for one in (login, elsewhere):
            assert await one.who_of_session(token) is not None
        assert await login.logout(token) == "password"
        assert await login.who_of_session(token) is None
        await asyncio.sleep(1.01)
        assert await elsewhere.who_of_session(token) is None
        assert await login.logout(token) == ""

    do(small, log, work)


def test_disabling_and_roles_end_logins(small: Settings, log: Kept) -> None:
    async def work(login: Login) -> None:
        managing = Managing(login, ROOT)
        token = await somebody(login)
        await managing.grant("wang", "nurse", Place(institution="clinic"))
        assert await login.who_of_session(token) is None
        token = (await login.login("wang", GOOD, address=HERE)).token
        await managing.enable("wang", yes=False)
        assert await login.who_of_session(token) is None

    do(small, log, work)


def test_single_session(small: Settings, log: Kept) -> None:
    single = msgspec.structs.replace(small, session_single="yes")

    async def work(login: Login) -> None:
        token = await somebody(login)
        later = (await login.login("wang", GOOD, address=THERE)).token
        assert await login.see(token) is None
        assert await login.see(later) is not None

    do(single, log, work)


def test_own_sessions(small: Settings, log: Kept) -> None:
    async def work(login: Login) -> None:
        token = await somebody(login)
        stranger = await somebody(login, "zhao")
        await login.login("wang", GOOD, address=THERE, program="Browser")
        listed = await login.own_sessions(token)
        assert {one.address for one in listed} == {HERE, THERE}
        other = next(one for one in listed if one.address == THERE)
        assert not await login.end_own(stranger, other.id), "only one's own"
        assert await login.end_own(token, other.id)
        assert len(await login.own_sessions(token)) == 1
        assert len(await Managing(login, ROOT).sessions()) == 2
        assert await Managing(login, ROOT).end_sessions("zhao") == 1

    do(small, log, work)


@pytest.mark.parametrize("token", ["", "x", "x" * 65, "\ud800", "'; DROP TABLE account; --"])
def test_tokens_that_nobody_was_given(small: Settings, log: Kept, token: str) -> None:
    async def work(login: Login) -> None:
        await somebody(login)
        assert await login.see(token) is None
        with pytest.raises(NotLoggedIn):
            await login.give_code(token, "000000")

    do(small, log, work)


# Roles


def test_posts(small: Settings, log: Kept) -> None:
    async def work(login: Login) -> None:
        managing = Managing(login, ROOT)
        await somebody(login)
        clinic = Place(institution="clinic", department="tcm")
        number = await managing.grant("wang", "nurse", clinic)
        await managing.grant("wang", "pharmacist", clinic)
        token = (await login.login("wang", GOOD, address=HERE)).token
        who = await login.who_of_session(token)
        assert who is not None
        assert (who.roles, who.institution, who.practitioner) == ({"clinician"}, "hospital", "p1")
        moved = (await login.work_in(token, number)).token
        assert await login.see(token) is None, "another post, another token"
        who = await login.who_of_session(moved)
        assert who is not None
        assert (who.roles, who.institution, who.department) == ({"nurse", "pharmacist"}, "clinic", "tcm")
        with pytest.raises(WrongPost):
            await login.work_in(moved, 999)

    do(small, log, work)


def test_roles_have_a_time(small: Settings, log: Kept, at: Callable[[timedelta], None]) -> None:
    async def work(login: Login) -> None:
        managing = Managing(login, ROOT)
        await managing.add("li", "Li")
        now = clock.now()
        soon, later = now + timedelta(hours=1), now + timedelta(hours=2)
        await managing.grant("li", "audit-administrator", Place(), since=soon, until=later)
        with pytest.raises(DutiesApart):
            await managing.grant("li", "system-administrator", Place())
        at(timedelta(hours=3))
        assert await managing.grant("li", "system-administrator", Place()) > 0, "the other time is over"
        with pytest.raises(WrongAccount):
            await managing.grant("li", "nurse", Place(), until=now)

    do(small, log, work)


def test_wrong_roles(small: Settings, log: Kept) -> None:
    async def work(login: Login) -> None:
        managing = Managing(login, ROOT)
        await managing.add("li", "Li")
        number = await managing.grant("li", "nurse", Place())
        with pytest.raises(RoleHeld):
            await managing.grant("li", "nurse", Place())
        for role in ("king", "program", "local"):
            with pytest.raises(UnknownRole):
                await managing.grant("li", role, Place())
        with pytest.raises(UnknownAccount):
            await managing.grant("nobody", "nurse", Place())
        assert (await managing.revoke(number)).role == "nurse"
        with pytest.raises(RoleNotHeld):
            await managing.revoke(number)

    do(small, log, work)


def test_nobody_gets_two_duties_however_many_give_them(small: Settings, log: Kept) -> None:
    duties = ["system-administrator", "security-administrator", "audit-administrator"]

    async def work(login: Login) -> list[object]:
        managing = Managing(login, ROOT)
        await managing.add("li", "Li")
        tries = (managing.grant("li", duties[n % 3], Place()) for n in range(12))
        return await asyncio.gather(*tries, return_exceptions=True)

    found = do(small, log, work)
    assert sum(isinstance(one, int) for one in found) == 1
    assert all(isinstance(one, int | DutiesApart | RoleHeld) for one in found)
    insert = (
        "INSERT INTO account_role (login, role, since, given_by, given) "
        "VALUES ('li', %s, now(), 'sql', now())"
    )
    with psycopg.connect(small.database_url) as connection:
        for duty in duties:  # nor by hand
            with pytest.raises(psycopg.errors.UniqueViolation), connection.transaction():
                connection.execute(insert, [duty])


# Accounts


def test_the_first_administrator_is_made_once(small: Settings, log: Kept) -> None:
    async def work(login: Login) -> None:
        made = await asyncio.gather(*(first.make_first(login.database, small, log) for _ in range(4)))
        secrets = [one for one in made if one]
        assert len(secrets) == 1
        assert (await login.login("administrator", secrets[0])).stage == "password"
        assert await first.make_first(login.database, small, log) is None

    do(small, log, work)


def test_names_belong_to_one(small: Settings, log: Kept) -> None:
    async def work(login: Login) -> None:
        managing = Managing(login, ROOT)
        await managing.add("Straße", "One")
        for name in ("STRASSE", "strasse", "ＳＴＲＡＳＳＥ"):
            with pytest.raises(AccountTaken):
                await managing.add(name, "Two")
        for name in ("", " ", "a b", "-a", "a\nb", "x" * 65, "a/b", "a\u202eb"):
            with pytest.raises(WrongAccount):
                await managing.add(name, "Three")
        await managing.add("li", "Li")
        await managing.change("li", subject=("https://login.example", "17"))
        with pytest.raises(AccountTaken):
            await managing.change("strasse", subject=("https://login.example", "17"))
        with pytest.raises(WrongAccount):
            await managing.change("li", expires=datetime.fromisoformat("2020-01-01T00:00Z"))

    do(small, log, work)


def test_csrf_tokens_belong_to_a_session() -> None:
    assert sessions.csrf_token("a") == sessions.csrf_token("a") != sessions.csrf_token("b")
