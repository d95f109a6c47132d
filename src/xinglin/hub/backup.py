"""Backup and restore of a live hub, by PostgreSQL's own `pg_dump` in its custom format.

A backup is one moment's consistent picture: it runs beside the hub's work and holds it up for nothing.
"""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import IO, cast

import psycopg
from psycopg.conninfo import conninfo_to_dict

from xinglin.core.errors import DatabaseError
from xinglin.core.i18n import Phrase
from xinglin.core.os_errors import reason
from xinglin.hub import schema
from xinglin.hub.embedded import BINARIES

MAGIC = b"PGDMP"
_VARIABLES = {
    "host": "PGHOST",
    "port": "PGPORT",
    "user": "PGUSER",
    "password": "PGPASSWORD",
    "dbname": "PGDATABASE",
    "sslmode": "PGSSLMODE",
    "sslrootcert": "PGSSLROOTCERT",
    "sslcert": "PGSSLCERT",
    "sslkey": "PGSSLKEY",
}
"""libpq's variables (https://www.postgresql.org/docs/current/libpq-envars.html)."""

UNKNOWN_BEFORE_17 = b"SET transaction_timeout = 0;\n"
"""A line of newer pg_dump that PostgreSQL 15 and 16 don't know; it only matters to the restoring session."""


class BackupFailed(DatabaseError):
    """The backup couldn't be written."""

    code = "XL2010"
    message = "The backup to {file} failed: {detail}"
    remedy = (
        "Nothing was left at that place. Check free space and permissions there, and `xinglin db status`."
    )


class RestoreFailed(DatabaseError):
    """The backup couldn't be restored."""

    code = "XL2011"
    message = "Restoring {file} failed: {detail}"
    remedy = "The database is as it was before. Check the file with `pg_restore --list` and try again."


class NotABackup(DatabaseError):
    """The file isn't a backup."""

    code = "XL2012"
    message = "{file} isn't a backup that `xinglin db backup` made: {detail}"
    remedy = "Give the path of a complete backup file."


class NotEmpty(DatabaseError):
    """The database to restore into holds data."""

    code = "XL2013"
    message = "The database already holds a hub; restoring into it would mix two."
    remedy = "Restore into an empty database: set another XINGLIN_HOME or XINGLIN_DATABASE_URL."


def backup(url: str, file: Path) -> int:
    """Write a backup to `file`, which appears only when complete; give its size in bytes."""
    partial = file.with_name(file.name + ".partial")
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        partial.touch(mode=0o600)  # it holds everything
        _client(url, "pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={partial}")
        _sync(partial)
        partial.replace(file)
    except (OSError, subprocess.CalledProcessError) as error:
        partial.unlink(missing_ok=True)
        raise BackupFailed(file=file, detail=_detail(error)) from None
    return file.stat().st_size


def restore(url: str, file: Path) -> None:
    """Restore `file` into the empty database at `url`, all or nothing, and bring it to the newest schema."""
    _check(file)
    with psycopg.connect(url) as connection:
        if connection.execute("SELECT to_regclass('resource')").fetchone() != (None,):
            raise NotEmpty
    try:
        _replay(url, file)
    except (OSError, subprocess.CalledProcessError) as error:
        raise RestoreFailed(file=file, detail=_detail(error)) from None
    schema.upgrade(url)


def _check(file: Path) -> None:
    try:
        with file.open("rb") as handle:
            if handle.read(len(MAGIC)) != MAGIC:
                raise NotABackup(file=file, detail=Phrase("it begins differently"))
    except OSError as error:
        raise NotABackup(file=file, detail=reason(error)) from None


def _replay(url: str, file: Path) -> None:
    """Send the backup, as an SQL script fit for every supported server, through one transaction of `psql`."""
    read = [str(BINARIES / "pg_restore"), "--no-owner", "--no-privileges", "--file=-", str(file)]
    write = [
        str(BINARIES / "psql"),
        *["--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1"],
    ]
    with tempfile.TemporaryFile() as errors:
        source = subprocess.Popen(read, stdout=subprocess.PIPE, stderr=errors)  # noqa: S603 - our own programs
        target = subprocess.Popen(  # noqa: S603
            write, stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=errors, env=_environment(url)
        )
        with source, target:
            try:
                _pump(source, target)
                if source.wait() == 0:
                    cast("IO[bytes]", target.stdin).close()
            except BrokenPipeError:  # psql has stopped at an error, and says which
                pass
            finally:
                if source.poll() != 0:  # half a script must not be committed
                    target.kill()
                    source.kill()
        if source.returncode or target.returncode:
            errors.seek(0)
            code = target.returncode or source.returncode
            raise subprocess.CalledProcessError(code, "psql", stderr=errors.read().decode(errors="replace"))


def _pump(source: subprocess.Popen[bytes], target: subprocess.Popen[bytes]) -> None:
    script, sink = cast("IO[bytes]", source.stdout), cast("IO[bytes]", target.stdin)
    for line in script:
        if line != UNKNOWN_BEFORE_17:
            sink.write(line)
        if line.startswith(b"COPY "):  # data from here on
            break
    shutil.copyfileobj(script, sink, 1 << 20)


def _client(url: str, program: str, *arguments: str) -> None:
    subprocess.run(  # noqa: S603 - our own programs, our own arguments
        [str(BINARIES / program), *arguments],
        check=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        env=_environment(url),
    )


def _environment(url: str) -> dict[str, str]:
    """Give the connection by environment: arguments could be read by every user of the machine."""
    parts = conninfo_to_dict(url)
    given = {variable: str(parts[name]) for name, variable in _VARIABLES.items() if parts.get(name)}
    return os.environ | given


def _sync(file: Path) -> None:
    with file.open("rb") as handle:
        os.fsync(handle.fileno())


def _detail(error: OSError | subprocess.CalledProcessError) -> Phrase | str:
    """Say what went wrong; what PostgreSQL's programs say stays in their words."""
    if isinstance(error, OSError):
        return reason(error)
    lines = [line for line in str(error.stderr).splitlines() if "error" in line.lower()]
    return lines[0] if lines else str(error.stderr).strip()
