"""Logs and metrics. Neither carries patient data: no bodies, ids, query strings or database values.

A log line names what was done (interaction, resource type, status, time), not to whom. Exceptions are
logged by their type and the places they passed, not by their message, which may quote data.
"""

import logging
import sys
import traceback
from typing import Any

import structlog
from prometheus_client import Counter, Histogram

from xinglin.core.settings import Settings

REQUESTS = Counter("xinglin_http_requests", "HTTP requests answered", ["interaction", "method", "status"])
REQUEST_SECONDS = Histogram(
    "xinglin_http_request_seconds",
    "Time from request to answer",
    ["interaction"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)
RECORDS_WRITTEN = Counter("xinglin_records_written", "Versions of records committed", ["type"])
WRITE_GROUP = Histogram(
    "xinglin_write_group_records",
    "Records committed together",
    buckets=(1, 2, 4, 8, 16, 32, 64, 128, 256, 1024),
)


def configure_logs(settings: Settings) -> None:
    """Send log lines to standard error, as JSON lines or as text."""
    _take_in_libraries(settings)
    renderer = (
        structlog.processors.JSONRenderer()
        if settings.log_format == "json"
        else structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty())
    )
    structlog.configure(
        processors=[
            structlog.contextvars.merge_contextvars,
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            renderer,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(getattr(logging, settings.log_level.upper())),
        logger_factory=structlog.WriteLoggerFactory(file=sys.stderr),
        cache_logger_on_first_use=True,
    )


class Libraries(logging.Handler):
    """Writes what libraries log in our form: who, how bad, which exception; their words may quote data."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write one line."""
        kind = record.exc_info[0] if record.exc_info else None
        found = kind or next((type(one) for one in _arguments(record) if isinstance(one, Exception)), None)
        exception = {"exception": found.__name__} if found else {}
        place = f"{record.module}:{record.lineno}"
        logger().log(record.levelno, "library", logger=record.name, place=place, **exception)


def _arguments(record: logging.LogRecord) -> tuple[object, ...]:
    return record.args if isinstance(record.args, tuple) else ()


def _take_in_libraries(settings: Settings) -> None:
    """Have libraries log through us: from warnings upwards, since their news are of no use without words."""
    root = logging.getLogger()
    root.handlers = [Libraries(max(logging.WARNING, getattr(logging, settings.log_level.upper())))]


def logger() -> Any:
    """Give the logger; its methods take an event name and keyword values that are free of patient data."""
    return structlog.get_logger()


def describe(error: BaseException) -> dict[str, object]:
    """Describe an exception for the log by type and the places it passed, innermost last; no message."""
    places = [
        f"{f.filename.rpartition('xinglin/')[2]}:{f.lineno} {f.name}"
        for f in traceback.extract_tb(error.__traceback__)
    ]
    return {"exception": type(error).__name__, "places": places[-8:]}
