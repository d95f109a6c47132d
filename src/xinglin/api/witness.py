"""A witness over HTTP (https://c2sp.org/tlog-witness): `POST /add-checkpoint`, a process of its own.

It holds nothing personal and needs no login: it signs only checkpoints that carry the log's own signature and
continue what it knows.
"""

import asyncio
import ipaddress
from http import HTTPStatus
from pathlib import Path
from typing import Final

from granian.constants import Interfaces
from granian.server.embed import Server
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route

from xinglin.core.errors import TrustError, XinglinError
from xinglin.trust.log.asking import read_request
from xinglin.trust.log.errors import Behind, NotANote, Rollback
from xinglin.trust.log.notes import Scheme, read_verifier
from xinglin.trust.log.witness import Witness

MOST_BYTES: Final = 100_000


class WrongAddress(TrustError):
    """A witness can't listen there."""

    code = "XL9016"
    message = "{address} isn't an address to listen at."
    remedy = "Give it as 127.0.0.1:8652 or [::1]:8652."
    status = 500
    issue = "exception"
    exit_code = 10


class NothingToWatch(TrustError):
    """A witness was never told which log it shall watch."""

    code = "XL9017"
    message = "This witness doesn't know which log to watch."
    remedy = "Give the log's public key with --log; `xinglin audit keys` prints it at the hub."
    status = 500
    issue = "exception"
    exit_code = 10


def watch(witness: Witness, log: str | None, algorithm: str) -> None:
    """Have a witness watch a log. Raises NothingToWatch, NotANote, OtherLog."""
    if log:
        witness.watch(read_verifier(log), algorithm)
    elif witness.known() is None:
        raise NothingToWatch


def make_app(witness: Witness) -> Starlette:
    """Make the application of a witness."""

    async def add(request: Request) -> Response:
        body = bytearray()
        async for piece in request.stream():
            body += piece
            if len(body) > MOST_BYTES:
                return _refusal("", HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
        try:
            note, old, proof = read_request(body.decode())
            line = await asyncio.to_thread(witness.cosign, note, old=old, proof=proof)
        except (UnicodeDecodeError, NotANote):
            return _refusal("", HTTPStatus.BAD_REQUEST)
        except (Behind, Rollback) as error:
            known = error.params["size"] if isinstance(error, Behind) else error.params["known"]
            return _refusal(f"{known}\n", HTTPStatus.CONFLICT, kind="text/x.tlog.size")
        except XinglinError as error:
            return _refusal(f"{error.code} {error.text()}\n", HTTPStatus(error.status))
        return PlainTextResponse(line.line())

    return Starlette(routes=[Route("/add-checkpoint", add, methods=["POST"])])


def _refusal(text: str, status: HTTPStatus, kind: str = "text/plain") -> Response:
    return Response(text, status, media_type=kind)


def run(folder: Path, name: str, scheme: Scheme, address: str) -> None:
    """Wait for hubs that ask, until Ctrl-C. Raises WrongAddress."""
    host, _, port = address.rpartition(":")
    try:
        where = str(ipaddress.ip_address(host.strip("[]")))
        number = int(port)
    except ValueError:
        raise WrongAddress(address=address) from None
    app = make_app(Witness(folder, name, scheme))
    server = Server(app, address=where, port=number, interface=Interfaces.ASGI, log_enabled=False)
    asyncio.run(server.serve())
