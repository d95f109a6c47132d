"""Running the hub: the database, its schema, and the worker processes."""

import os
import shutil
import socket
from pathlib import Path

from granian.constants import Interfaces, Loops
from granian.server import Server

from xinglin.core.errors import SettingError
from xinglin.core.os_errors import reason
from xinglin.core.settings import PREFIX, Settings
from xinglin.core.telemetry import configure_logs
from xinglin.hub import schema
from xinglin.hub.database import address

REQUESTS_WAITING = 2_048


class AddressTaken(SettingError):
    """The hub can't listen where it is told to."""

    code = "XL1004"
    message = "The hub can't listen on {host}:{port}: {detail}."
    remedy = "Choose another XINGLIN_PORT or XINGLIN_HOST, or stop what listens there (maybe another hub)."


def serve(settings: Settings) -> None:
    """Run the hub until it is told to stop (SIGINT or SIGTERM). Brings the schema up to date first."""
    configure_logs(settings)
    check_address(settings)
    with address(settings) as url:
        schema.upgrade(url)
        run_workers(settings, url)


def run_workers(settings: Settings, url: str) -> None:
    """Run the worker processes on the database at `url`."""
    for name in Settings.__struct_fields__:
        os.environ[PREFIX + name.upper()] = str(getattr(settings, name))
    os.environ[PREFIX + "DATABASE_URL"] = url
    if settings.workers > 1:
        _share_metrics(settings.folder / "metrics")
    Server(
        "xinglin.app:create_app",
        factory=True,
        address=settings.host,
        port=settings.port,
        interface=Interfaces.ASGI,
        loop=Loops.uvloop,
        workers=settings.workers,
        backlog=REQUESTS_WAITING,
        websockets=False,
        log_enabled=False,
        respawn_failed_workers=True,
    ).serve()


def check_address(settings: Settings) -> None:
    """Make sure that the address is free. Raises AddressTaken."""
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind((settings.host, settings.port))
    except OSError as error:
        raise AddressTaken(host=settings.host, port=settings.port, detail=reason(error)) from None


def _share_metrics(folder: Path) -> None:
    """Let worker processes add up their figures in files (prometheus_client's multiprocess mode)."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
