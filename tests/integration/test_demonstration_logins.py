"""The demo's logins: one for each role, with passwords of this demo alone."""

from pathlib import Path

import msgspec
from tests.support import run

from xinglin import demonstration_logins
from xinglin.core.settings import Settings
from xinglin.demonstration_logins import FILE, logins, make_logins
from xinglin.hub.hub import Hub
from xinglin.trust.log.log import Log
from xinglin.trust.login.passwords import checked_password
from xinglin.trust.login.roles import DUTIES, known_roles
from xinglin.trust.login.service import Login
from xinglin_demo.accounts import accounts


def test_everybody_can_log_in(settings: Settings, tmp_path: Path) -> None:
    small = msgspec.structs.replace(
        settings, argon2_memory_kib=32, argon2_passes=1, home=str(tmp_path), second_factor="optional"
    )

    async def work(hub: Hub) -> None:
        await make_logins(small, hub, "360102199001010000")
        first = logins(small)
        await make_logins(small, hub, "360102199001010000")
        assert logins(small) == first, "done again, it changes nothing"
        login = Login(hub.database, small, Log(hub.database))
        for one in accounts():
            entered = await login.login(one.login, first[one.login])
            assert entered.stage == "in"
            who = await login.who_of_session(entered.token)
            assert who is not None
            assert who.roles == {*one.role.split()}
            assert (who.institution is None) == (one.institution is None)
        (tmp_path / FILE).write_text("")
        await make_logins(small, hub, "360102199001010000")
        assert logins(small).keys() == first.keys()
        assert logins(small) != first, "a lost file gives new passwords"

    run(small, work)
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600


def test_the_accounts_are_one_for_each_duty() -> None:
    given = [role for one in accounts() for role in one.role.split()]
    assert set(given) <= set(known_roles(Settings()))
    assert set(given) >= DUTIES
    assert len({one.login for one in accounts()}) == len(accounts())


def test_made_passwords_follow_the_policy() -> None:
    for _ in range(50):
        made = demonstration_logins._password()
        assert checked_password(Settings(), made, login="doctor", name="李峰敏") == made
