"""A database that fails in the middle, and two at once: nothing half-written, no deadlock, counts right."""

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
from tests.intake import bundle, load, load_text, ndjson, observation, patient, put, rows, told, versions

from xinglin.core.settings import Settings

BREAK = """
CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'broken'; END $$;
CREATE TRIGGER refuse AFTER INSERT ON resource FOR EACH ROW WHEN (NEW.id = 'o1700') EXECUTE FUNCTION refuse();
"""


def break_it(settings: Settings) -> None:
    with psycopg.connect(settings.database_url) as connection:
        connection.execute(BREAK)


def mend(settings: Settings) -> None:
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("DROP TRIGGER refuse ON resource")


def test_a_fault_in_the_middle(settings: Settings, tmp_path: Path) -> None:
    """What was loaded before stays; the piece that failed left nothing; delivered again, the rest comes."""
    path = tmp_path / "file"
    path.write_bytes(ndjson(observation(f"o{number}") for number in range(3_500)))
    break_it(settings)
    failed = load(settings, path)
    assert failed.deliveries[0].state == "failed"
    assert failed.deliveries[0].fault is not None
    loaded = failed.counts.accepted
    assert loaded % 500 == 0, "pieces are loaded whole or not at all"
    assert rows(settings, "SELECT count(*) FROM resource") == [(loaded,)]
    second_piece = "SELECT count(*) FROM resource WHERE substr(id, 2)::int BETWEEN 1000 AND 1999"
    assert rows(settings, second_piece) == [(0,)]
    mend(settings)
    done = load(settings, path)
    assert told(done) == (3_500, 3_500 - loaded, loaded, 0)
    assert versions(settings) == 3_500


def environment(settings: Settings, home: Path) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith("XINGLIN_")}
    return kept | {
        "XINGLIN_DATABASE_URL": settings.database_url, "XINGLIN_HOME": str(home), "LANG": "C.UTF-8",
    }  # fmt: skip


def start(settings: Settings, home: Path, *paths: Path) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "xinglin", "intake", "--format", "json", *map(str, paths)]
    return subprocess.Popen(
        command, env=environment(settings, home), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )


def test_two_at_once(settings: Settings, tmp_path: Path) -> None:
    """Records of both, in opposite orders, some in transactions; one file is the same for both."""
    shared = [observation(f"s{number}", number) for number in range(1_500)]
    folder = {}
    for name in "ab":
        folder[name] = tmp_path / name
        folder[name].mkdir()
        own = [observation(f"{name}{number}", number) for number in range(1_500)]
        mixed = [
            one for pair in zip(own, shared if name == "a" else shared[::-1], strict=True) for one in pair
        ]
        (folder[name] / "1").write_bytes(ndjson(mixed))
        people = [put(patient(f"p{number}")) for number in range(300)]
        whole = bundle("transaction", *(people if name == "a" else people[::-1]))
        (folder[name] / "2").write_bytes(ndjson([whole]))
        (folder[name] / "3").write_bytes(ndjson(patient(f"q{number}") for number in range(2_000)))
    both = [start(settings, tmp_path / "home", folder[name]) for name in "ab"]
    for process in both:
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err.decode()[-3_000:]
        counts = json.loads(out)
        assert counts["received"] == 3_000 + 300 + 2_000
        assert counts["received"] == counts["accepted"] + counts["unchanged"]
    assert rows(settings, "SELECT count(*) FROM resource") == [(3 * 1_500 + 300 + 2_000,)]
    assert rows(settings, "SELECT count(*) FROM resource_history") == [(0,)]
    accepted = rows(settings, "SELECT sum((counts->>'accepted')::int) FROM delivery_piece")
    assert accepted == [(3 * 1_500 + 300 + 2_000,)], "each record was accepted from one of them"
    assert rows(settings, "SELECT count(*) FROM delivery") == [(5,)], "the same file is one delivery"


def test_a_piece_that_is_noted_is_never_loaded_again(settings: Settings, tmp_path: Path) -> None:
    """As after a kill between the last piece's commit and the receipt."""
    content = ndjson(observation(f"o{number}", number) for number in range(2_500))
    load_text(settings, tmp_path, content)
    path = next(tmp_path.iterdir())
    with psycopg.connect(settings.database_url) as connection:
        connection.execute("UPDATE delivery SET state = 'loading', finished = NULL, path = %s", [str(path)])
        connection.execute("DELETE FROM resource")
    done = load(settings, path)
    assert done.deliveries[0].state == "done"
    assert rows(settings, "SELECT count(*) FROM resource") == [(0,)]
    assert rows(settings, "SELECT count(*) FROM delivery_piece") == [(3,)]
