"""The MLLP listener, over real sockets."""

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from hl7.mllp import open_hl7_connection

from xinglin.api.mllp import Deframer, Limits, start_mllp
from xinglin.core.errors import DatabaseError
from xinglin.standards.hl7v2.ack import Outcome, Verdict
from xinglin.standards.hl7v2.errors import FieldMissing, MessageTooLong

MESSAGE = b"MSH|^~\\&|HIS|H|HUB|JX|20260401||ADT^A01|M%d|P|2.5\rPID|1||7\r"
TAKEN = Outcome(Verdict.TAKEN)
Work = Callable[[int], Awaitable[None]]
Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def _framed(number: int) -> bytes:
    return b"\x0b" + MESSAGE % number + b"\x1c\r"


class Store:
    """Takes messages as told."""

    def __init__(self, outcome: Outcome | Exception = TAKEN, pause: float = 0) -> None:
        self.outcome, self.pause = outcome, pause
        self.taken: list[bytes] = []

    async def receive(self, raw: bytes, peer: str, certificate: str) -> Outcome:
        assert (peer, certificate) == ("127.0.0.1", "")
        await asyncio.sleep(self.pause)
        if isinstance(self.outcome, Exception):
            raise self.outcome
        self.taken.append(raw)
        return self.outcome


def _serve(store: Store, work: Work, limits: Limits | None = None) -> None:
    async def run() -> None:
        server, listener = await start_mllp(
            "127.0.0.1", 0, store.receive, limits=limits or Limits(), language="en"
        )
        async with server:
            await asyncio.wait_for(work(server.sockets[0].getsockname()[1]), 20)
            server.close()
            await listener.close()

    asyncio.run(run())


async def _connect(port: int) -> Streams:
    return await asyncio.open_connection("127.0.0.1", port)


async def _read(reader: asyncio.StreamReader) -> bytes:
    return await reader.readuntil(b"\x1c\r")


def test_another_s_client_sends_messages_and_reads_the_answers():
    store = Store()

    async def work(port: int) -> None:
        reader, writer = await open_hl7_connection("127.0.0.1", port, encoding="utf-8")
        for number in range(3):
            writer.writemessage((MESSAGE % number).decode())
            await writer.drain()
            found = await reader.readmessage()
            assert [str(found.segment("MSA")[at]) for at in (1, 2)] == ["AA", f"M{number}"]
        writer.close()

    _serve(store, work)
    assert len(store.taken) == 3


def test_messages_cut_anywhere_and_sent_together_are_answered_in_order():
    store = Store()

    async def work(port: int) -> None:
        reader, writer = await _connect(port)
        for byte in _framed(1):
            writer.write(bytes([byte]))
            await writer.drain()
        writer.write(_framed(2) + b"\r\n" + _framed(3))
        for number in (1, 2, 3):
            assert b"MSA|AA|M%d" % number in await _read(reader)
        writer.close()

    _serve(store, work)
    assert store.taken == [MESSAGE % number for number in (1, 2, 3)]


def test_a_refusal_is_answered_and_the_connection_goes_on():
    store = Store(Outcome(Verdict.REFUSED, FieldMissing(expression="PID-3", place="PID-3", event="ADT^A01")))

    async def work(port: int) -> None:
        reader, writer = await _connect(port)
        for number in (1, 2):
            writer.write(_framed(number))
            assert b"MSA|AE|M%d" % number in await _read(reader)
        writer.close()

    _serve(store, work)


def test_while_the_database_is_away_there_is_no_answer():
    store = Store(DatabaseError())

    async def work(port: int) -> None:
        reader, writer = await _connect(port)
        writer.write(_framed(1))
        assert await reader.read() == b""
        writer.close()
        store.outcome = TAKEN
        reader, writer = await _connect(port)
        writer.write(_framed(1))
        assert b"MSA|AA|M1" in await _read(reader)
        writer.close()

    _serve(store, work)


def test_an_unforeseen_error_ends_the_connection_alone():
    store = Store(ValueError("secret of a patient"))

    async def work(port: int) -> None:
        reader, writer = await _connect(port)
        writer.write(_framed(1))
        assert await reader.read() == b""
        writer.close()
        store.outcome = TAKEN
        reader, writer = await _connect(port)
        writer.write(_framed(2))
        assert b"MSA|AA|M2" in await _read(reader)
        writer.close()

    _serve(store, work)


@pytest.mark.parametrize(
    ("sent", "answers"),
    [
        (MESSAGE % 1 + b"\x1c\r" + _framed(2), [b"MSA|AR|M1", b"MSA|AA|M2"]),
        (b"\x0b" + MESSAGE % 1 + _framed(2), [b"MSA|AR|M1", b"MSA|AA|M2"]),
        (b"noise" + _framed(2), [b"MSA|AR", b"MSA|AA|M2"]),
        (b"\x0b\x1c\r" + _framed(2), [b"MSA|AR", b"MSA|AA|M2"]),
        (b"\r\n  \x00" + _framed(2), [b"MSA|AA|M2"]),
    ],
)
def test_broken_frames_are_answered_and_the_next_is_read(sent: bytes, answers: list[bytes]):
    async def work(port: int) -> None:
        reader, writer = await _connect(port)
        writer.write(sent)
        for one in answers:
            assert one in await _read(reader)
        writer.close()

    _serve(Store(), work)


def test_an_endless_message_is_rejected_and_the_connection_closed():
    store = Store()

    async def work(port: int) -> None:
        reader, writer = await _connect(port)
        writer.write(b"\x0b" + MESSAGE % 1 + b"OBX|1|TX|x||" + b"A" * 3_000_000)
        answer = await reader.read()
        assert b"MSA|AR|M1" in answer
        assert b"XL7102" in answer
        writer.close()

    _serve(store, work, Limits(longest=100_000))
    assert store.taken == []


def test_silent_and_stalled_connections_are_closed():
    async def work(port: int) -> None:
        idle, first = await _connect(port)
        stalled, second = await _connect(port)
        second.write(b"\x0bMSH|^~")
        assert await idle.read() == b""
        assert await stalled.read() == b""
        first.close()
        second.close()

    _serve(Store(), work, Limits(idle=0.2, stalled=0.1))


def test_connections_are_bounded():
    async def work(port: int) -> None:
        kept = [await _connect(port) for _ in range(2)]
        for reader, writer in kept:
            writer.write(_framed(1))
            await _read(reader)
        reader, writer = await _connect(port)
        assert await reader.read() == b""
        for _, one in [*kept, (reader, writer)]:
            one.close()

    _serve(Store(), work, Limits(connections=2))


def test_many_connections_at_once():
    store = Store()

    async def one(port: int, number: int) -> None:
        reader, writer = await _connect(port)
        for at in range(5):
            writer.write(_framed(number * 10 + at))
            assert b"MSA|AA|M%d\r" % (number * 10 + at) in await _read(reader)
        writer.close()

    async def work(port: int) -> None:
        await asyncio.gather(*(one(port, number) for number in range(100)))

    _serve(store, work)
    assert len(set(store.taken)) == 500


def test_a_message_being_stored_is_answered_before_the_listener_ends():
    store = Store(pause=0.3)

    async def run() -> None:
        server, listener = await start_mllp("127.0.0.1", 0, store.receive, language="en")
        reader, writer = await _connect(server.sockets[0].getsockname()[1])
        writer.write(_framed(1))
        await asyncio.sleep(0.1)
        server.close()
        await listener.close()
        assert b"MSA|AA|M1" in await _read(reader)
        writer.close()

    asyncio.run(run())


def test_frames_held_by_all_connections_are_bounded():
    async def work(port: int) -> None:
        reader, writer = await _connect(port)
        writer.write(b"\x0b" + b"A" * 200_000)
        assert await reader.read() == b""
        writer.close()

    _serve(Store(), work, Limits(together=100_000))


def test_nothing_is_held_for_silence_between_frames():
    frames = Deframer(1000)
    assert list(frames.feed(b"\r\n" * 400)) == []
    assert frames.held == 0
    (frame,) = frames.feed(b"\x0b" + b"A" * 2000)
    assert isinstance(frame.error, MessageTooLong)
    assert frames.overrun
