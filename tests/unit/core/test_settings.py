"""Settings come from the environment, then the file, then the defaults, and wrong ones are told plainly."""

from pathlib import Path

import pytest

from xinglin.core import settings
from xinglin.core.settings import UnknownSetting, UnreadableSettings, WrongSetting


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
    ("name", "value"), [("PORT", "eighty"), ("PORT", "0"), ("WORKERS", "-1"), ("LANGUAGE", "fr")]
)
def test_wrong_values(name: str, value: str) -> None:
    with pytest.raises(WrongSetting) as refused:
        settings.load({f"XINGLIN_{name}": value})
    assert f"XINGLIN_{name}" in str(refused.value)


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
