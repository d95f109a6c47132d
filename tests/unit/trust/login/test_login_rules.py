"""Names, passwords, addresses and forgery: the pure rules of login."""

import csv
from importlib.resources import files
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from xinglin.core.settings import Settings
from xinglin.trust.login.attempts import network
from xinglin.trust.login.errors import Forged, TrustError, WeakPassword
from xinglin.trust.login.forgery import own_path, refuse_forgery, refuse_other_sites
from xinglin.trust.login.names import LONGEST_LOGIN, read_login, read_password
from xinglin.trust.login.passwords import checked_password, common
from xinglin.trust.login.roles import DUTIES, known_roles
from xinglin.trust.login.sessions import csrf_token

OWN = "https://hub.example"


def fault(password: str, login: str = "wangfang", name: str = "王芳") -> str:
    with pytest.raises(WeakPassword) as raised:
        checked_password(Settings(), password, login=login, name=name)
    return raised.value.text()


@pytest.mark.parametrize(
    ("password", "why"),
    [
        ("", "fewer than 10"),
        ("Aa1-Aa1-x", "fewer than 10"),
        ("x" * 129, "more than 128"),
        ("apricotwood41", "of capitals"),
        ("APRICOTWOOD41", "of capitals"),
        ("Xx-WANGFANG-12", "your name"),
        ("Xx-ｗａｎｇｆａｎｇ-12", "your name"),
        ("Password-2026", "tried first"),
        ("P@ssw0rd2026!", "tried first"),
        ("Administrator1!", "tried first"),
        ("1qaz2wsx3edC", "tried first"),
        ("Aa1Aa1Aa1Aa1", "tried first"),
    ],
)
def test_weak_passwords(password: str, why: str) -> None:
    assert why in fault(password)


@pytest.mark.parametrize("password", ["Apricot-Wood 41", "杏林春暖Abc2026", "correct Horse 9 battery"])
def test_strong_passwords(password: str) -> None:
    assert checked_password(Settings(), password, login="wangfang", name="王芳") == password


def test_names_with_a_domain_and_short_names() -> None:
    assert "your name" in fault("Fang-Wang-2026", login="fang-wang@hospital.example", name="x")
    assert checked_password(Settings(), "Plum-Li-Tree 7", login="li", name="Li")


def test_settings_decide() -> None:
    easy = Settings(password_length=4, password_classes=1)
    assert checked_password(easy, "plum", login="wang", name="王芳") == "plum"


@given(st.text(max_size=300))
def test_any_text_is_a_password_or_none(given: str) -> None:
    read = read_password(given)
    assert read == read_password(read) or len(read) > 128
    read.encode()


@given(st.text(max_size=100))
def test_any_text_is_a_login_name_or_none(given: str) -> None:
    name = read_login(given)
    assert len(name) <= LONGEST_LOGIN
    assert read_login(name) == name
    assert "\0" not in name
    assert not any(letter.isspace() for letter in name)


def test_login_names() -> None:
    assert read_login(" ＷＡＮＧ.Ｆａｎｇ ") == "wang.fang"
    assert read_login("王芳") == "王芳"
    assert read_login("İ") == read_login("İ".casefold())
    assert read_login("a" * 65) == ""


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.1.2.3", "10.1.2.3"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::/64"),
        ("::ffff:10.1.2.3", "10.1.2.3"),
        ("testclient", "testclient"),
        ("", ""),
    ],
)
def test_networks(address: str, counted: str) -> None:
    assert network(address) == counted


@pytest.mark.parametrize("path", ["/", "/fhir/Patient?name=a&b=%20", "/oauth/authorize?x=https://a.example/"])
def test_own_paths(path: str) -> None:
    assert own_path(path) == path


@pytest.mark.parametrize(
    "path",
    [
        "",
        "x",
        "https://evil.example",
        "//evil.example",
        "/\\evil.example",
        "\\/evil.example",
        "/\t/evil",
        "/a\r\nb",
        "/ b",
        "/é",
        "javascript:x",
        "/" + "x" * 5_000,
        "///evil.example",
        "/\x00",
    ],
)
def test_foreign_paths(path: str) -> None:
    assert own_path(path) == ""


@pytest.mark.parametrize("headers", [{}, {"origin": OWN}, {"sec-fetch-site": "same-origin", "origin": OWN}])
def test_own_requests(headers: dict[str, str]) -> None:
    refuse_other_sites(headers, OWN)
    mark = csrf_token("secret")
    refuse_forgery("POST", headers | {"x-csrf-token": mark}, OWN, session="secret")
    refuse_forgery("POST", headers, OWN, session="secret", field=mark)


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "LOCK", "post"])
@pytest.mark.parametrize("given", ["", "x", csrf_token("another")])
def test_forged_requests(method: str, given: str) -> None:
    with pytest.raises(Forged):
        refuse_forgery(method, {"x-csrf-token": given}, OWN, session="secret")
    with pytest.raises(Forged):
        refuse_forgery(method, {}, OWN, session="", field=csrf_token(""))


def test_questions_need_no_mark() -> None:
    refuse_forgery("GET", {"origin": "https://evil.example"}, OWN, session="secret")


def test_the_tables() -> None:
    folder = files("xinglin.trust.login") / "tables"
    rows = list(csv.DictReader((folder / "policy.csv").read_text("utf-8").splitlines()))
    assert {row["setting"] for row in rows} <= set(Settings.__struct_fields__)
    assert {row["confidence"] for row in rows} <= {"read", "inferred", "unverified"}
    assert all(word == word.casefold() for word in common())


def test_roles_of_people_are_those_of_the_table_and_of_the_site(tmp_path: Path) -> None:
    shipped = set(known_roles(Settings(home=str(tmp_path / "none"))))
    assert shipped > DUTIES
    assert not shipped & {"institution-system", "public-health-system", "source", "local", "anonymous"}
    columns = "role,kind,purposes,duty,name_zh,name_en,meaning_zh,meaning_en,source,edition,confidence"
    folder = tmp_path / "policies"
    folder.mkdir()
    (folder / "roles.csv").write_text(f"{columns}\ndentist,,TREAT,,牙医,dentist,看牙,teeth,site,1,read\n")
    assert set(known_roles(Settings(home=str(tmp_path)))) == shipped | {"dentist"}


def test_every_error_keeps_its_range() -> None:
    ours = [one for one in TrustError.__subclasses__() if one.__module__ == "xinglin.trust.login.errors"]
    codes = [one.code for one in ours]
    assert len(set(codes)) == len(codes)
    assert all("XL9100" <= code <= "XL9199" for code in codes)
