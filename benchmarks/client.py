"""The smallest HTTP/1.1 client that keeps connections busy: it must cost less than what it measures."""

import asyncio
import time
from collections.abc import Iterator
from dataclasses import dataclass, field


def request(method: str, path: str, body: bytes = b"", *more: str) -> bytes:
    """Make the bytes of a request; `more` are further headers."""
    lines = [
        f"{method} {path} HTTP/1.1",
        "Host: localhost",
        "Content-Type: application/fhir+json",
        f"Content-Length: {len(body)}",
        *more,
    ]
    return "\r\n".join([*lines, "", ""]).encode() + body


@dataclass
class Tally:
    """How many requests were answered, in what time each, and the first answer that was no success."""

    answered: int = 0
    failure: bytes = b""
    last: bytes = b""
    seconds: list[float] = field(default_factory=list)

    def p95(self) -> float:
        """Give the time in ms within which 95 of 100 requests were answered."""
        return 1000 * sorted(self.seconds)[int(0.95 * len(self.seconds))]


class _Connection(asyncio.Protocol):
    """Sends one request after another as the answers come."""

    def __init__(self, requests: Iterator[bytes], tally: Tally) -> None:
        self._requests, self._tally = requests, tally
        self._buffer = b""
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._send()

    def _send(self) -> None:
        following = next(self._requests, None)
        if following is None:
            self._transport.close()
            self.done.set_result(None)
        else:
            self._sent = time.perf_counter()
            self._transport.write(following)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        at = self._buffer.find(b"content-length: ", 0, end)
        length = int(self._buffer[at + 16 : self._buffer.find(b"\r", at)]) if at >= 0 else 0
        if len(self._buffer) < end + 4 + length:
            return
        if self._buffer[9:10] != b"2":
            self._tally.failure = self._tally.failure or self._buffer
        self._tally.answered += 1
        self._tally.seconds.append(time.perf_counter() - self._sent)
        self._tally.last, self._buffer = self._buffer, b""
        self._send()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server hung up"))


async def drive(port: int, requests: Iterator[bytes], connections: int) -> Tally:
    """Send `requests` over so many connections, each the next when its last is answered."""
    tally, loop = Tally(), asyncio.get_running_loop()
    opened = [
        await loop.create_connection(lambda: _Connection(requests, tally), "127.0.0.1", port)
        for _ in range(connections)
    ]
    await asyncio.gather(*(protocol.done for _, protocol in opened))
    if tally.failure:
        raise RuntimeError(tally.failure[:2000].decode(errors="replace"))
    return tally
