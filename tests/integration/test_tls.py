"""Encryption in transit: real certificates, old protocols, clients without certificates, slow clients."""

import asyncio
import datetime
import ipaddress
import socket
import ssl
import time
import warnings
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID
from tests.running import RunningHub, free_port, running, until

from xinglin.api.mllp import start_mllp
from xinglin.api.tls import OpenToAll, UnusableCertificate, context, refuse_open, tls
from xinglin.core.settings import Settings
from xinglin.standards.hl7v2.ack import Outcome, Verdict

DAY = datetime.timedelta(days=1)
MESSAGE = b"\x0bMSH|^~\\&|HIS|H|HUB|JX|20260401||ADT^A01|M1|P|2.5\rPID|1||7\r\x1c\r"


@dataclass(frozen=True)
class Certificate:
    """A certificate and its key, in files and by themselves."""

    own: x509.Certificate
    key: ec.EllipticCurvePrivateKey
    file: Path
    key_file: Path


def make(folder: Path, name: str, by: Certificate | None = None, *, days: int = 30) -> Certificate:
    """Make a certificate for 127.0.0.1, signed by itself (then a CA) or by another."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(by.own.subject if by else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - 60 * DAY)
        .not_valid_after(now + days * DAY)
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), False
        )
        .add_extension(x509.BasicConstraints(ca=by is None, path_length=None), True)
        .sign(by.key if by else key, hashes.SHA256())
    )
    file, key_file = folder / f"{name}.pem", folder / f"{name}.key"
    file.write_bytes(made.public_bytes(Encoding.PEM))
    key_file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return Certificate(made, key, file, key_file)


@pytest.fixture
def ca(tmp_path: Path) -> Certificate:
    return make(tmp_path, "ca")


@pytest.fixture
def own(tmp_path: Path, ca: Certificate) -> Certificate:
    return make(tmp_path, "hub", ca)


def with_tls(own: Certificate, **more: str) -> dict[str, str]:
    return {"tls_certificate": str(own.file), "tls_key": str(own.key_file), **more}


def variables(**settings: str) -> dict[str, str]:
    return {f"XINGLIN_{name.upper()}": value for name, value in settings.items()}


def client(ca: Certificate, show: Certificate | None = None) -> ssl.SSLContext:
    made = ssl.create_default_context(cafile=str(ca.file))
    if show is not None:
        made.load_cert_chain(show.file, show.key_file)
    return made


def ask(port: int, given: ssl.SSLContext, path: str = "/healthz") -> tuple[str, str]:
    """Ask over TLS; give the protocol spoken and the answer."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        given.wrap_socket(plain, server_hostname="127.0.0.1") as secure,
    ):
        secure.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode())
        parts: list[bytes] = []
        while part := secure.recv(65536):
            parts.append(part)
        return secure.version() or "", b"".join(parts).decode()


def old(ca: Certificate) -> ssl.SSLContext:
    made = client(ca)
    made.set_ciphers("ALL:@SECLEVEL=0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        made.minimum_version = ssl.TLSVersion.TLSv1
        made.maximum_version = ssl.TLSVersion.TLSv1_1
    return made


class Secure(RunningHub):
    """A hub that speaks TLS only, so that it is asked in another way whether it is up."""

    def _ready(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log
        with socket.socket() as probe:
            return probe.connect_ex(("127.0.0.1", self.port)) == 0 and "worker" not in self.log


def test_http_over_tls(database: str, tmp_path: Path, ca: Certificate, own: Certificate) -> None:
    settings = variables(database_url=database, header_seconds="2", **with_tls(own))
    with running(Secure(tmp_path, **settings)) as hub:

        def answer() -> tuple[str, str] | None:
            try:
                return ask(hub.port, client(ca))
            except OSError:
                return None

        protocol, text = until(answer)
        assert protocol == "TLSv1.3"
        assert " 200 " in text
        assert "strict-transport-security: max-age=" in text.lower()
        newest_old = client(ca)
        newest_old.maximum_version = ssl.TLSVersion.TLSv1_2
        assert ask(hub.port, newest_old)[0] == "TLSv1.2"
        weak = client(ca)
        weak.maximum_version = ssl.TLSVersion.TLSv1_2
        weak.set_ciphers("AES128-SHA:AES256-SHA256:@SECLEVEL=0")  # no forward secrecy, no authentication
        for refused in (old(ca), weak):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                ask(hub.port, refused)
        with pytest.raises(ssl.SSLCertVerificationError):
            ask(hub.port, ssl.create_default_context())
        with socket.create_connection(("127.0.0.1", hub.port), timeout=10) as plain:
            plain.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert b"200" not in plain.recv(1024)
        slow_head(hub.port, client(ca))


def slow_head(port: int, given: ssl.SSLContext) -> None:
    """Send a head a letter at a time: the hub hangs up long before its end."""
    with (
        socket.create_connection(("127.0.0.1", port), timeout=10) as plain,
        given.wrap_socket(plain, server_hostname="127.0.0.1") as slow,
    ):
        slow.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\nX: ")
        slow.settimeout(0.3)
        began = time.monotonic()
        while time.monotonic() - began < 9 and not _ended(slow):
            pass
        assert time.monotonic() - began < 8


def _ended(slow: ssl.SSLSocket) -> bool:
    try:
        slow.sendall(b"a")
        said = slow.recv(1024)
    except TimeoutError:
        return False
    except OSError:
        return True
    return not said or b" 408 " in said


def test_a_client_must_show_its_certificate(
    database: str, tmp_path: Path, ca: Certificate, own: Certificate
) -> None:
    theirs = make(tmp_path, "clinic", ca)
    stranger = make(tmp_path, "stranger", make(tmp_path, "other-ca"))
    settings = variables(database_url=database, **with_tls(own, tls_client_ca=str(ca.file), tls_oldest="1.3"))
    with running(Secure(tmp_path, **settings)) as hub:

        def answer() -> tuple[str, str] | None:
            try:
                return ask(hub.port, client(ca, theirs))
            except OSError:
                return None

        assert " 200 " in until(answer)[1]
        for refused in (client(ca), client(ca, stranger)):
            with pytest.raises((ssl.SSLError, ConnectionError)):
                assert ask(hub.port, refused)[1]
        only_12 = client(ca, theirs)
        only_12.maximum_version = ssl.TLSVersion.TLSv1_2
        with pytest.raises((ssl.SSLError, ConnectionError)):
            ask(hub.port, only_12)


async def send(port: int, given: ssl.SSLContext) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=given)
    try:
        writer.write(MESSAGE)
        await reader.readuntil(b"\x1c\r")
    finally:
        writer.close()


def test_mllp_over_tls_tells_whose_certificate_it_is(
    tmp_path: Path, ca: Certificate, own: Certificate
) -> None:
    theirs = make(tmp_path, "clinic", ca)
    found = tls(Settings(**with_tls(own, tls_client_ca=str(ca.file))))
    assert found is not None
    shown: list[str] = []

    async def receive(raw: bytes, peer: str, certificate: str) -> Outcome:
        shown.append(certificate)
        return Outcome(Verdict.TAKEN)

    async def work() -> None:
        server, listener = await start_mllp("127.0.0.1", 0, receive, tls=context(found))
        port: int = server.sockets[0].getsockname()[1]
        async with server:
            reader, writer = await asyncio.open_connection("127.0.0.1", port, ssl=client(ca, theirs))
            writer.write(MESSAGE)
            assert b"MSA|AA" in await reader.readuntil(b"\x1c\r")
            writer.close()
            await writer.wait_closed()
            for refused in (client(ca), old(ca)):
                with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
                    await send(port, refused)
            server.close()
            await listener.close()

    asyncio.run(work())
    assert shown == [sha256(theirs.own.public_bytes(Encoding.DER)).hexdigest()]


def test_listening_openly_is_refused(tmp_path: Path, own: Certificate) -> None:
    for host in ("0.0.0.0", "::", "192.0.2.1"):
        with pytest.raises(OpenToAll):
            refuse_open(Settings(host=host))
        refuse_open(Settings(host=host, trusted_proxies="192.0.2.7"))
        refuse_open(Settings(host=host, **with_tls(own)))
    refuse_open(Settings(host="127.0.0.1"))
    refuse_open(Settings(host="::1"))


def test_certificates_that_can_not_be_used_are_told(
    tmp_path: Path, ca: Certificate, own: Certificate
) -> None:
    ended = make(tmp_path, "ended", ca, days=-1)
    with pytest.raises(UnusableCertificate, match="ended on"):
        tls(Settings(**with_tls(ended)))
    with pytest.raises(UnusableCertificate, match="another one's"):
        tls(Settings(tls_certificate=str(own.file), tls_key=str(ca.key_file)))
    with pytest.raises(UnusableCertificate, match="no such file"):
        tls(Settings(tls_certificate=str(own.file), tls_key=str(tmp_path / "missing")))
    with pytest.raises(UnusableCertificate):
        tls(Settings(**with_tls(own, tls_client_ca=str(tmp_path / "missing"))))


def test_serve_refuses_to_begin(database: str, tmp_path: Path) -> None:
    hub = RunningHub(tmp_path, XINGLIN_DATABASE_URL=database, XINGLIN_HOST="0.0.0.0")
    with pytest.raises(AssertionError, match="XL1010"):
        hub.start()
    assert free_port()
