"""`xinglin user` and `xinglin role`, and the first administrator."""

import json
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import msgspec
import pytest
from tests.integration.login_support import browser_of
from typer.testing import CliRunner

from xinglin.__main__ import cli
from xinglin.core.errors import XinglinError
from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.opened import with_hub
from xinglin.trust.login import accounts, totp
from xinglin.trust.login.sealing import Seal, key_file


@pytest.fixture
def small(settings: Settings, tmp_path: Path) -> Settings:
    return msgspec.structs.replace(settings, argon2_memory_kib=32, argon2_passes=1, home=str(tmp_path))


@dataclass
class Ran:
    returncode: int
    stdout: str
    error: str


@pytest.fixture
def xinglin(small: Settings, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    """Run commands in this process: it starts once."""
    for name in [name for name in os.environ if name.startswith("XINGLIN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("XINGLIN_HOME", small.home)
    monkeypatch.setenv("XINGLIN_DATABASE_URL", small.database_url)
    monkeypatch.setenv("XINGLIN_ARGON2_MEMORY_KIB", "32")
    monkeypatch.setenv("XINGLIN_ARGON2_PASSES", "1")

    def run(*words: str) -> Ran:
        done = CliRunner().invoke(cli, list(words))
        if isinstance(done.exception, XinglinError):
            return Ran(done.exception.exit_code, done.stdout, done.exception.code)
        if done.exception is not None and not isinstance(done.exception, SystemExit):
            raise done.exception
        return Ran(done.exit_code, done.stdout, "")

    return run


def secret_in(told: str) -> str:
    found = re.search(r"^  ([a-z2-7]{4}(-[a-z2-7]{4}){5})$", told, re.MULTILINE)
    assert found is not None, told
    return found[1]


def test_accounts_and_roles(small: Settings, xinglin: Callable[..., Ran]) -> None:
    added = xinglin("user", "add", "wang", "--name", "Wang Fang", "--expires", "2099-12-31")
    assert added.returncode == 0
    secret = secret_in(added.stdout)
    assert xinglin("user", "add", "WANG", "--name", "Other").returncode == 13
    assert xinglin("role", "grant", "wang", "system-administrator").returncode == 0
    refused = xinglin("role", "grant", "wang", "audit-administrator")
    assert (refused.returncode, refused.error) == (13, "XL9109")
    assert xinglin("role", "grant", "wang", "nurse", "--institution", "nowhere").returncode == 12
    listed = json.loads(xinglin("user", "list", "--format", "json").stdout)
    assert [(one["login"], one["state"], one["roles"]) for one in listed] == [
        ("wang", "active", ["system-administrator"])
    ]
    with browser_of(small) as browser:
        told = browser.post("/login", json={"login": "wang", "password": secret}).json()
        assert told["stage"] == "password"
        assert "testclient" in xinglin("user", "sessions", "wang").stdout
        assert xinglin("user", "sessions", "wang", "--end").stdout == "1 logins ended.\n"
        renewed = secret_in(xinglin("user", "password", "wang").stdout)
        assert browser.post("/login", json={"login": "wang", "password": secret}).status_code == 401
        assert xinglin("user", "disable", "wang").returncode == 0
        assert browser.post("/login", json={"login": "wang", "password": renewed}).status_code == 401
        assert xinglin("user", "enable", "wang").returncode == 0
        assert xinglin("user", "unlock", "wang").returncode == 0
        assert browser.post("/login", json={"login": "wang", "password": renewed}).status_code == 200
    number = xinglin("role", "list").stdout.split("\t")[0]
    assert xinglin("role", "revoke", number).returncode == 0
    assert xinglin("role", "revoke", number).returncode == 13
    assert xinglin("user", "set", "wang", "--subject", "17").returncode == 13, "no provider is set"
    assert xinglin("user", "set", "wang", "--name", "Wang Fang Fang").returncode == 0
    assert xinglin("user", "totp", "nobody").returncode == 13


def test_keys_check_tells_which_authenticators_stay_shut(
    small: Settings, xinglin: Callable[..., Ran]
) -> None:
    assert xinglin("user", "add", "wang", "--name", "Wang Fang").returncode == 0

    async def begin(hub: Hub) -> None:
        async with hub.database.connection() as connection:
            account = await accounts.known(connection, "wang")
            await totp.begin(connection, Seal(key_file(small)), account)

    with_hub(small, begin)
    fine = xinglin("keys", "check")
    assert fine.returncode == 0
    assert "1 authenticators open" in fine.stdout
    key_file(small).write_bytes(bytes(32))
    broken = xinglin("keys", "check")
    assert broken.returncode == 1
    assert "wang" in broken.stdout
    key_file(small).unlink()
    assert xinglin("keys", "check").returncode == 1
    assert not key_file(small).exists(), "a check makes no key"
