"""Running the hub: the database, its schema, and the worker processes.

Workers are spawned, not forked: a fork would inherit the main process's locks, and figures that were set up
before `PROMETHEUS_MULTIPROC_DIR` was known. They get the settings as they stand here and read none.
"""

# Granian's server classes carry few types.
# pyright: reportUnknownMemberType=false

import asyncio
import http.client
import multiprocessing
import os
import shutil
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import msgspec
from granian.constants import Interfaces, Loops, SSLProtocols
from granian.http import HTTP1Settings, HTTP2Settings
from granian.server.mp import MPServer

from xinglin.api.tls import refuse_open, tls
from xinglin.background import background
from xinglin.core.errors import SettingError, XinglinError
from xinglin.core.os_errors import reason
from xinglin.core.settings import Settings
from xinglin.core.telemetry import configure_logs, logger
from xinglin.hub import schema
from xinglin.hub.database import address
from xinglin.trust.login.first import at_start
from xinglin.working import work

REQUESTS_WAITING = 2_048

HEADER_BYTES = 65_536
"""Largest head of a request over HTTP/2."""

STREAMS = 100
"""Requests that one HTTP/2 connection may have under way."""

END_SECONDS = 10
"""How long the background process may take to end."""

RESTART_SECONDS = 2

LOOK_SECONDS = 0.05
"""Between two looks whether the hub answers yet, or the background process lives."""

EVERYWHERE = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - an address to listen on, turned into one to ask
"""Where the hub can be asked that listens on every address."""


class AddressTaken(SettingError):
    """The hub can't listen where it is told to."""

    code = "XL1004"
    message = "The hub can't listen on {host}:{port}: {detail}."
    remedy = "Choose another XINGLIN_PORT or XINGLIN_HOST, or stop what listens there (maybe another hub)."


class WorkersEnd(XinglinError):
    """A worker process ended twice within seconds."""

    code = "XL0002"
    message = "The worker processes end by themselves again and again."
    remedy = (
        "Look for the reason in the log above; too little memory is a usual one (the kernel's log names it)."
    )


def serve(settings: Settings, *, ready: Callable[[], None], first: Callable[[str], None]) -> None:
    """Run the hub until it is told to stop (SIGINT or SIGTERM). Brings the schema up to date first.

    Calls `ready`, from another thread, once the hub answers that it can work; and before that `first` with a
    one-time password, where there was no account and the first administrator's was made.
    """
    configure_logs(settings)
    refuse_open(settings)
    check_address(settings)
    with address(settings) as url:
        schema.upgrade(url)
        if (secret := asyncio.run(at_start(settings, url))) is not None:
            first(secret)
        run_workers(settings, url, ready=ready)


def run_workers(settings: Settings, url: str, *, ready: Callable[[], None]) -> None:
    """Run the worker processes on the database at `url`. Raises what kept a worker from starting."""
    if settings.workers > 1:
        _share_metrics(settings.folder / "metrics" / str(settings.port))
    multiprocessing.set_start_method("spawn", force=True)
    failures, failed = multiprocessing.Pipe(duplex=False)
    server = Workers(settings, failures)
    stopped = threading.Event()
    waiting = threading.Thread(target=_tell_when_ready, args=(settings, stopped, ready), daemon=True)
    waiting.start()
    given = msgspec.structs.replace(settings, database_url=url)
    try:
        with beside(given):
            server.serve(target_loader=partial(work, given, os.getpid(), failed.send), wrap_loader=False)
    except SystemExit as exit_:  # what Granian does where workers ended by themselves
        raise (server.failure() or WorkersEnd()) from exit_
    finally:
        stopped.set()
        waiting.join()
    if error := server.failure():
        raise error


@contextmanager
def beside(settings: Settings) -> Generator[None]:
    """Keep the background process running; should it end by itself, another takes its place."""
    stopped = threading.Event()
    keeper = threading.Thread(target=_keep_background, args=(settings, stopped), daemon=True)
    keeper.start()
    try:
        yield
    finally:
        stopped.set()
        keeper.join()


def _keep_background(settings: Settings, stopped: threading.Event) -> None:
    parent = os.getpid()
    while not stopped.is_set():
        process = multiprocessing.get_context("spawn").Process(target=background, args=(settings, parent))
        process.start()
        while process.is_alive() and not stopped.wait(LOOK_SECONDS):
            pass
        if stopped.is_set():
            process.terminate()
            process.join(END_SECONDS)
            process.kill()
        else:
            logger().error("background process ended, another takes its place")
            stopped.wait(RESTART_SECONDS)


class _Failures(Protocol):
    """The end of a pipe where workers' errors come out."""

    def poll(self) -> bool: ...
    def recv(self) -> Any: ...


class Workers(MPServer):
    """Granian's server, ending with the error of a worker that can't start instead of trying for ever."""

    def __init__(self, settings: Settings, failures: _Failures) -> None:
        self._failure: XinglinError | None = None
        self._failures = failures
        super().__init__(
            "xinglin",
            address=settings.host,
            port=settings.port,
            interface=Interfaces.ASGI,
            loop=Loops.uvloop,
            workers=settings.workers,
            backlog=REQUESTS_WAITING,
            websockets=False,
            log_enabled=False,
            respawn_failed_workers=True,
            http1_settings=HTTP1Settings(header_read_timeout=settings.header_seconds * 1_000),
            http2_settings=HTTP2Settings(max_headers_size=HEADER_BYTES, max_concurrent_streams=STREAMS),
            **_ssl(settings),
        )

    def failure(self) -> XinglinError | None:
        """Give what kept a worker from starting, as it told."""
        if self._failure is None and self._failures.poll():
            kind, params = self._failures.recv()
            self._failure = kind(**params)
        return self._failure

    def _spawn_workers(self, spawn_target: Any, target_loader: Any) -> None:
        with _interrupts_held():
            super()._spawn_workers(spawn_target, target_loader)

    def _respawn_workers(self, workers: Any, spawn_target: Any, target_loader: Any, delay: float = 0) -> None:
        if self.failure():
            self.signal_handler_interrupt()
            return
        logger().error("worker ended, another takes its place")
        with _interrupts_held():
            super()._respawn_workers(workers, spawn_target, target_loader, delay)


def _ssl(settings: Settings) -> dict[str, Any]:
    """Give Granian's options for TLS; rustls, which it uses, knows no weak ciphers."""
    found = tls(settings)
    if found is None:
        return {}
    oldest = SSLProtocols.tls13 if found.oldest == "1.3" else SSLProtocols.tls12
    client = {"ssl_ca": found.client_ca, "ssl_client_verify": True} if found.client_ca else {}
    return {
        "ssl_cert": found.certificate,
        "ssl_key": found.key,
        "ssl_protocol_min": oldest,
        **client,
    }


@contextmanager
def _interrupts_held() -> Generator[None]:
    """Start processes that Ctrl-C doesn't reach: this one stops them in order, and they say nothing."""
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})


def _tell_when_ready(settings: Settings, stopped: threading.Event, ready: Callable[[], None]) -> None:
    while not stopped.wait(LOOK_SECONDS):
        if _answers(settings):
            ready()
            return


def _answers(settings: Settings) -> bool:
    host = EVERYWHERE.get(settings.host, settings.host)
    connection = http.client.HTTPConnection(host, settings.port, timeout=2)
    if settings.tls_certificate:
        unchecked = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        unchecked.check_hostname = False  # we ask ourselves, by another name
        unchecked.verify_mode = ssl.CERT_NONE
        connection = http.client.HTTPSConnection(host, settings.port, timeout=2, context=unchecked)
    try:
        connection.request("GET", "/readyz", headers={"Host": "localhost"})
        return connection.getresponse().status == http.HTTPStatus.OK
    except ssl.SSLError:  # it wants a certificate of us, so somebody is there
        return bool(settings.tls_client_ca)
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


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
    """Let worker processes add up their figures in files (prometheus_client's multiprocess mode).

    Files stay when a worker ends, so that counts go on; they begin anew with the hub. We keep no gauges,
    whose files would need clearing when a worker ends.
    """
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    os.environ["PROMETHEUS_MULTIPROC_DIR"] = str(folder)
