"""HL7 v2 over MLLP: messages framed by VT and FS CR, each answered before the next is read.

Source: HL7, Transport Specification: MLLP, Release 1. An answer says that the message is stored for good;
where that can't be said (the database is away) the connection is closed without one: the sender tries again.
"""

import asyncio
import contextlib
import ssl
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

import structlog

from xinglin.core.clock import now
from xinglin.core.errors import DatabaseError, XinglinError
from xinglin.core.identifiers import new_id
from xinglin.standards.hl7v2.ack import Outcome, Verdict, answer
from xinglin.standards.hl7v2.errors import BrokenFrame, MessageTooLong

START: Final = b"\x0b"
END: Final = b"\x1c"
_BETWEEN: Final = b"\r\n \t\x00"

Receive = Callable[[bytes, str, str], Awaitable[Outcome]]
"""Takes a message without its frame, the sender's address and the SHA-256 of its certificate (hexadecimal;
empty: it showed none); returns after it was stored. It raises DatabaseError where it could not store it."""

log: structlog.stdlib.BoundLogger = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a listener; times in seconds, sizes in bytes."""

    longest: int = 64 * 1024 * 1024
    together: int = 512 * 1024 * 1024
    connections: int = 1000
    idle: float = 900.0
    stalled: float = 60.0
    linger: float = 2.0


@dataclass(frozen=True, slots=True)
class Frame:
    """What stood in a frame; `error` where the frame itself is wrong."""

    body: bytes
    error: XinglinError | None = None


class Deframer:
    """Finds frames in a stream of bytes, however they are cut."""

    def __init__(self, longest: int) -> None:
        """Accept messages of up to `longest` bytes."""
        self._buffer = bytearray()
        self._seen = 0
        self._longest = longest
        self.overrun = False

    @property
    def held(self) -> int:
        """How many bytes wait for the end of their frame."""
        return len(self._buffer)

    def feed(self, data: bytes) -> Iterator[Frame]:
        """Take bytes and give the frames that are complete; after an overrun nothing more can be found."""
        self._buffer += data
        while not self.overrun:
            frame = self._next()
            if frame is None:
                break
            yield frame
        if len(self._buffer) > self._longest and not self.overrun:
            self.overrun = True
            yield Frame(bytes(self._buffer[1:4096]), MessageTooLong(limit=self._longest))
            self._buffer.clear()

    def _next(self) -> Frame | None:
        end = self._buffer.find(END, self._seen)
        if end < 0:
            self._seen = len(self._buffer)
            return self._restarted()
        part = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._seen = 0
        before, found, body = part.rpartition(START)
        if not found:
            return Frame(part.strip(_BETWEEN), BrokenFrame())
        if before.strip(_BETWEEN + START):
            # A frame that never ended, or bytes outside of any: answered, and the whole one is read next.
            self._buffer[:0] = START + body + END
            return Frame(before.strip(_BETWEEN + START), BrokenFrame())
        return Frame(body)

    def _restarted(self) -> Frame | None:
        """Drop what is only space between frames, so that an idle connection holds nothing."""
        if not self._buffer.strip(_BETWEEN):
            self._buffer.clear()
            self._seen = 0
        return None


class Listener:
    """One listener and its connections."""

    def __init__(self, receive: Receive, limits: Limits, language: str) -> None:
        """Answer in `language` what `receive` made of each message."""
        self._receive, self._limits, self._language = receive, limits, language
        self._open: set[asyncio.Task[None]] = set()
        self._answering: set[asyncio.Task[None]] = set()
        self._held = 0
        self._closing = False

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve a connection until it ends, falls silent or breaks a bound."""
        task = asyncio.current_task()
        if task is None or len(self._open) >= self._limits.connections:
            log.warning("mllp_too_many_connections", connections=len(self._open))
            writer.close()
            return
        self._open.add(task)
        peer = str(writer.get_extra_info("peername", [""])[0])
        try:
            await self._serve(reader, writer, peer, task)
        except DatabaseError as error:
            log.warning("mllp_unanswered", peer=peer, code=error.code)
        except (ConnectionError, TimeoutError):
            log.info("mllp_connection_ended", peer=peer)
        except Exception as error:  # the outermost edge: nobody above could answer
            # No traceback: its values could hold what patients' messages say.
            log.error("mllp_failed", peer=peer, kind=type(error).__name__)  # noqa: TRY400
        finally:
            self._open.discard(task)
            writer.close()
            with contextlib.suppress(ConnectionError, TimeoutError):
                await writer.wait_closed()

    async def _serve(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        peer: str,
        task: asyncio.Task[None],
    ) -> None:
        frames, held = Deframer(self._limits.longest), 0
        try:
            while not (frames.overrun or self._closing):
                wait = self._limits.stalled if frames.held else self._limits.idle
                data = await asyncio.wait_for(reader.read(1 << 16), wait)
                if not data:
                    return
                self._answering.add(task)
                for frame in frames.feed(data):
                    await self._answer(frame, writer, peer)
                self._answering.discard(task)
                self._held += frames.held - held
                held = frames.held
                if self._held > self._limits.together:
                    log.warning("mllp_too_much_together", peer=peer)
                    return
            if frames.overrun:
                await self._linger(reader, writer)
        finally:
            self._held -= held
            self._answering.discard(task)

    async def _answer(self, frame: Frame, writer: asyncio.StreamWriter, peer: str) -> None:
        outcome = Outcome(Verdict.UNREADABLE, frame.error)
        if frame.error is None:
            try:
                outcome = await self._receive(frame.body, peer, _certificate(writer))
            except DatabaseError:
                raise
            except XinglinError as error:
                outcome = Outcome(Verdict.REFUSED, error)
        reply = answer(frame.body, outcome, control=new_id(), at=now(), language=self._language)
        if reply is not None:
            writer.write(START + reply + END + b"\r")
            await asyncio.wait_for(writer.drain(), self._limits.stalled)

    async def _linger(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Read on for a moment: closed with bytes unread, the connection is reset, and the answer lost."""
        if writer.can_write_eof():
            writer.write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._limits.linger):
                while await reader.read(1 << 16):
                    pass

    async def close(self) -> None:
        """Let messages that are being stored be answered, but wait no longer than `stalled`."""
        self._closing = True
        for task in self._open - self._answering:
            task.cancel()
        if self._open:
            await asyncio.wait(self._open, timeout=self._limits.stalled)


def _certificate(writer: asyncio.StreamWriter) -> str:
    """Give the SHA-256 of the certificate that the other side showed; empty where it showed none."""
    connection: ssl.SSLObject | None = writer.get_extra_info("ssl_object")
    shown = connection.getpeercert(binary_form=True) if connection is not None else None
    return sha256(shown).hexdigest() if shown else ""


_LIMITS: Final = Limits()


async def start_mllp(
    host: str,
    port: int,
    receive: Receive,
    *,
    limits: Limits = _LIMITS,
    language: str = "zh",
    tls: ssl.SSLContext | None = None,
) -> tuple[asyncio.Server, Listener]:
    """Begin to listen; port 0 takes a free one. Raises OSError where the address can't be used."""
    listener = Listener(receive, limits, language)
    handshake = limits.stalled if tls is not None else None
    server = await asyncio.start_server(
        listener.connected, host, port, ssl=tls, ssl_handshake_timeout=handshake
    )
    return server, listener
