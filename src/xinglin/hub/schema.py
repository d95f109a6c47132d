"""Bring a database to the schema this code needs, forward only, from any number of processes at once."""

from pathlib import Path

import alembic.command
import psycopg
import sqlalchemy
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import OperationalError

from xinglin.core.errors import DatabaseError
from xinglin.hub.database import Unreachable

OLDEST_SERVER = 15
UPGRADE_LOCK = 0x58494E474C494E  # "XINGLIN": one upgrader at a time, whatever host it runs on


class NewerDatabase(DatabaseError):
    """The database was upgraded by a newer Xinglin."""

    code = "XL2003"
    message = "The database has schema {found}; this version of Xinglin knows none newer than {known}."
    remedy = "Run the newer Xinglin that upgraded it, or restore a backup made before the upgrade."
    status = 503


class OldServer(DatabaseError):
    """The PostgreSQL server is too old."""

    code = "XL2004"
    message = "The database server is PostgreSQL {found}; Xinglin needs {needed} or newer."
    remedy = "Upgrade the server, or leave XINGLIN_DATABASE_URL empty to use the embedded one."


def upgrade(url: str) -> None:
    """Apply all steps that `url`'s database lacks. Raises DatabaseError where it can't or mustn't."""
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            _refuse_old_server(connection)
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({UPGRADE_LOCK})")
            connection.commit()
            _refuse_newer_schema(connection)
            config = _config()
            config.attributes["connection"] = connection
            alembic.command.upgrade(config, "head")
            _keep_changes_growing(connection)
            connection.commit()
    except OperationalError as error:
        raise Unreachable(detail=_first_line(error)) from None
    finally:
        engine.dispose()


def revision(url: str) -> str | None:
    """Give the schema that `url`'s database has; None where it is empty."""
    engine = _engine(url)
    try:
        with engine.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except OperationalError as error:
        raise Unreachable(detail=_first_line(error)) from None
    finally:
        engine.dispose()


def newest() -> str:
    """Give the newest schema that this code knows."""
    return _script().get_current_head() or ""


def _keep_changes_growing(connection: sqlalchemy.Connection) -> None:
    """Raise the offset where transactions are counted from a lower number than the records know.

    So it is after any restore into another cluster, by our commands or not.
    """
    connection.exec_driver_sql(
        "UPDATE hub SET transaction_offset = transaction_offset + greatest(0, 1 + (("
        "  SELECT coalesce(max(seq), 0) FROM (SELECT max(seq) AS seq FROM resource"
        "  UNION ALL SELECT max(seq) FROM resource_history) AS newest) >> 20) - (change_base() >> 20))"
    )


def _refuse_old_server(connection: sqlalchemy.Connection) -> None:
    number = int(connection.exec_driver_sql("SHOW server_version_num").scalar_one())
    if number // 10000 < OLDEST_SERVER:
        raise OldServer(found=number // 10000, needed=OLDEST_SERVER)


def _refuse_newer_schema(connection: sqlalchemy.Connection) -> None:
    found = MigrationContext.configure(connection).get_current_revision()
    known = {script.revision for script in _script().walk_revisions()}
    if found is not None and found not in known:
        raise NewerDatabase(found=found, known=newest())
    connection.commit()


def _engine(url: str) -> sqlalchemy.Engine:
    return sqlalchemy.create_engine(
        "postgresql+psycopg://", creator=lambda: psycopg.connect(url), poolclass=sqlalchemy.NullPool
    )


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    return config


def _script() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _first_line(error: OperationalError) -> str:
    return str(error.orig).strip().splitlines()[0]
