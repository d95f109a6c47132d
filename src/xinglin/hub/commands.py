"""What the `xinglin db` commands do."""

from dataclasses import dataclass
from pathlib import Path

import psycopg

from xinglin.core.settings import Settings
from xinglin.hub import backup as archive
from xinglin.hub import schema
from xinglin.hub.database import address
from xinglin.hub.embedded import EmbeddedServer, NoneYet

_SERVER = "SELECT current_setting('server_version'), pg_database_size(current_database())"


@dataclass(frozen=True, slots=True)
class Status:
    """The database as it stands."""

    server: str
    embedded: bool
    schema: str | None
    newest_schema: str
    records: int
    versions: int
    bytes: int


def upgrade(settings: Settings) -> str:
    """Bring the database to the newest schema; give its name."""
    with address(settings) as url:
        schema.upgrade(url)
        return schema.newest()


def status(settings: Settings) -> Status:
    """Look at the database. Counts are the planner's estimates, quick at any size. Raises NoneYet."""
    refuse_none(settings)
    with address(settings) as url:
        revision = schema.revision(url)
        with psycopg.connect(url) as connection:
            server, size = connection.execute(_SERVER).fetchone() or ("", 0)
            counts = (0, 0)
            if revision is not None:
                counts = (_estimate(connection, "resource"), _estimate(connection, "resource_history"))
        return Status(
            server=str(server),
            embedded=not settings.database_url,
            schema=revision,
            newest_schema=schema.newest(),
            records=counts[0],
            versions=sum(counts),
            bytes=int(size),
        )


def backup(settings: Settings, file: Path) -> int:
    """Write a backup of the hub; give its size in bytes. Raises NoneYet."""
    refuse_none(settings)
    with address(settings) as url:
        return archive.backup(url, file)


def restore(settings: Settings, file: Path) -> None:
    """Restore a backup into an empty database."""
    with address(settings) as url:
        archive.restore(url, file)


def refuse_none(settings: Settings) -> None:
    """Keep commands that only look from making an embedded database where there is none. Raises NoneYet."""
    if not settings.database_url and not EmbeddedServer(settings.folder).exists:
        raise NoneYet(folder=settings.folder)


def _estimate(connection: psycopg.Connection, table: str) -> int:
    row = connection.execute(
        "SELECT greatest(c.reltuples::bigint, s.n_live_tup) FROM pg_class c "
        "JOIN pg_stat_user_tables s ON s.relid = c.oid WHERE c.relname = %s",
        [table],
    ).fetchone()
    return int(row[0]) if row else 0
