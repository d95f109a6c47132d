"""Failures that nobody foresaw: whether an item is to blame, and what it is refused with then."""

import psycopg
from psycopg.errors import ProgramLimitExceeded

from xinglin.core.errors import DatabaseError, XinglinError
from xinglin.core.telemetry import describe, logger
from xinglin.hub.intake.consignment import Consignment


def blames_item(error: Exception) -> bool:
    """Tell whether loading failed for what an item holds, so that it would fail again.

    A database that is away, full or busy, and a machine out of memory, are no item's fault.
    """
    if isinstance(error, psycopg.Error):
        return isinstance(error, (psycopg.DataError, ProgramLimitExceeded))
    return not isinstance(error, (DatabaseError, OSError, MemoryError))


def unforeseen(error: Exception, consignment: Consignment) -> XinglinError:
    """Log a fault of ours, and give what the item is refused with: one item must not hold up the others."""
    if isinstance(error, XinglinError):
        return error
    logger().error("item failed", format=consignment.form, delivery=consignment.delivery, **describe(error))
    return XinglinError()
