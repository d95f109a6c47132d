"""Settings come from the environment, then the file, then the defaults, and wrong ones are told plainly."""

import os
from pathlib import Path

import pytest

from xinglin.core import settings
from xinglin.core.settings import UnknownSetting, UnknownVariable, UnreadableSettings, WrongSetting


def test_environment_before_file_before_default(tmp_path: Path) -> None:
    (tmp_path / "xinglin.toml").write_text('port = 1111\nworkers = 3\nhost = "0.0.0.0"\n')
    environment = {"XINGLIN_HOME": str(tmp_path), "XINGLIN_PORT": "2222"}
    found = {s.name: s for s in settings.explain(environment)}
    assert (found["port"].value, found["port"].origin) == (2222, "XINGLIN_PORT")
    assert (found["workers"].value, found["workers"].origin) == (3, str(tmp_path / "xinglin.toml"))
    assert (found["language"].value, found["language"].origin) == ("zh", "default")
    assert settings.load(environment).host == "0.0.0.0"


def test_secrets_are_masked() -> None:
    address = "postgresql://hub:geheim@db/hub"
    shown = {s.name: s.shown for s in settings.explain({"XINGLIN_DATABASE_URL": address})}
    assert "geheim" not in str(shown)
    assert settings.load({"XINGLIN_DATABASE_URL": address}).database_url == address


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "eighty"),
        ("PORT", "0"),
        ("WORKERS", "-1"),
        ("LANGUAGE", "fr"),
        ("HOME", ""),
        ("HOST", ""),
        ("HOST", "localhost"),
        ("TIME_ZONE", ""),
        ("TIME_ZONE", "Asia"),
        ("TIME_ZONE", "Asia/Beijing"),
        ("TIME_ZONE", "../../etc/passwd"),
        ("DATABASE_URL", "http://db/hub"),
        ("DATABASE_URL", "postgresql+psycopg://db/hub"),
        ("DATABASE_URL", "/var/lib/hub.sqlite"),
        ("BASE_URL", "hub.example/fhir"),
        ("BASE_URL", "ftp://hub.example"),
        ("BASE_URL", "https://"),
        ("BASE_URL", "https://hub.example:x/fhir"),
        ("BASE_URL", "https://[::1/fhir"),
        ("BASE_URL", "https://hub.example/fh ir"),
        ("BASE_URL", "https://hub.example/fhir/"),
        ("BASE_URL", "https://hub.example/fhir?"),
        ("BASE_URL", "https://hub.example/fhir#a"),
        ("BASE_URL", "https://me@hub.example/fhir"),
        ("BASE_URL", "https://杏林.example/fhir"),
    ],
)
def test_wrong_values(name: str, value: str) -> None:
    with pytest.raises(WrongSetting) as refused:
        settings.load({f"XINGLIN_{name}": value})
    assert f"XINGLIN_{name}" in str(refused.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("BASE_URL", "https://xn--4gq.example:8443/fhir"),
        ("BASE_URL", "http://10.0.0.1"),
        ("DATABASE_URL", "host=/run/postgresql dbname=hub"),
        ("DATABASE_URL", "postgresql://a:b%20c@db/hub?sslmode=verify-full"),
        ("TIME_ZONE", "Asia/Urumqi"),
    ],
)
def test_right_values(name: str, value: str) -> None:
    assert getattr(settings.load({f"XINGLIN_{name}": value}), name.lower()) == value


def test_a_wrong_database_address_is_not_told() -> None:
    with pytest.raises(WrongSetting) as refused:
        settings.load({"XINGLIN_DATABASE_URL": "geheim"})
    assert "geheim" not in str(refused.value)


def test_home_of_root_and_of_others() -> None:
    expected = "/var/lib/xinglin" if os.geteuid() == 0 else "~/.xinglin"
    assert settings.load({}).home == expected


def test_misspelt_variables() -> None:
    with pytest.raises(UnknownVariable) as unknown:
        settings.load({"XINGLIN_DATABSE_URL": "x"})
    assert "XINGLIN_DATABASE_URL" in unknown.value.advice()
    settings.load({"XINGLIN_SHARED": "../shared", "XINGLIN_BENCH_SIZE": "5", "XINGLIN_CONFIG": ""})


def test_unknown_names_and_unreadable_files(tmp_path: Path) -> None:
    file = tmp_path / "own.toml"
    file.write_text("prot = 1\n")
    with pytest.raises(UnknownSetting) as unknown:
        settings.load({"XINGLIN_CONFIG": str(file)})
    assert '"port"' in unknown.value.advice()
    file.write_text("port = \n")
    for missing in (file, tmp_path / "none.toml", tmp_path):
        with pytest.raises(UnreadableSettings):
            settings.load({"XINGLIN_CONFIG": str(missing)})


def test_every_setting_says_what_it_means() -> None:
    assert all(s.description for s in settings.explain({}))
