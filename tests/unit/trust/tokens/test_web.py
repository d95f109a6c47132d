"""Fetching programs' keys: whom the hub may be sent to, and what it takes."""

import asyncio
import base64
import json
import ssl
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any, ClassVar
from urllib.parse import quote

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from xinglin.core.settings import Settings
from xinglin.trust.tokens.certificate import certificate_of, thumbprint
from xinglin.trust.tokens.errors import KeysNotFetched
from xinglin.trust.tokens.web import KeyBox, fault_of_keys_address, fetch, is_public

KEYS = {"keys": [{"kty": "EC", "kid": "one"}]}


def certificate() -> tuple[x509.Certificate, ec.EllipticCurvePrivateKey]:
    """Make a certificate for localhost, signed by itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    moment = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(17)
        .not_valid_before(moment - timedelta(days=1))
        .not_valid_after(moment + timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(
            x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    return made, key


class Answers(BaseHTTPRequestHandler):
    """A server of keys, and of what a hostile one might send."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        status, body = {
            "/keys": (200, json.dumps(KEYS).encode()),
            "/redirect": (302, b""),
            "/large": (200, b" " * 100_000),
            "/text": (200, b"no keys"),
            "/list": (200, b"[]"),
        }.get(self.path, (404, b""))
        self.send_response(status)
        if status == 302:
            self.send_header("Location", "https://localhost/keys")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Say nothing."""


class Server(HTTPServer):
    """A server that stays quiet where a client turns away from its certificate."""

    def handle_error(self, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    made, key = certificate()
    pem = made.public_bytes(serialization.Encoding.PEM)
    secret = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "both.pem").write_bytes(pem + secret)
    (tmp_path / "ca.pem").write_bytes(pem)
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "both.pem")
    Answers.asked.clear()
    with Server(("127.0.0.1", 0), Answers) as running:
        running.socket = context.wrap_socket(running.socket, server_side=True, do_handshake_on_connect=False)
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"https://localhost:{running.server_port}"
        running.shutdown()


def test_keys_are_fetched_and_kept(server: str) -> None:
    box = KeyBox({"localhost"})
    for _ in range(3):
        assert asyncio.run(box.keys(f"{server}/keys", "one")) == KEYS
    assert asyncio.run(box.keys(f"{server}/keys", "another")) == KEYS
    assert Answers.asked == ["/keys"]


def test_a_failure_is_remembered(server: str) -> None:
    async def ask() -> None:
        box = KeyBox({"localhost"})
        for found in await asyncio.gather(
            *(box.keys(f"{server}/none", "one") for _ in range(5)), return_exceptions=True
        ):
            assert isinstance(found, KeysNotFetched)

    asyncio.run(ask())
    assert Answers.asked == ["/none"]


@pytest.mark.parametrize("path", ["/redirect", "/large", "/text", "/list", "/none"])
def test_what_is_not_taken(server: str, path: str) -> None:
    with pytest.raises(KeysNotFetched):
        fetch(server + path, {"localhost"})
    assert Answers.asked == [path]


def test_a_closed_network_must_be_named(server: str) -> None:
    for closed in (set[str](), {"127.0.0.1"}, {"example"}):
        with pytest.raises(KeysNotFetched):
            fetch(f"{server}/keys", closed)
    assert Answers.asked == []


def test_the_certificate_must_be_the_names(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(KeysNotFetched):
        fetch(f"{server}/keys", {"localhost"})
    assert Answers.asked == []


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("169.254.169.254", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::", False),
        ("::1", False),
        ("fe80::1", False),
        ("fd00::1", False),
        ("ff02::1", False),
        ("::ffff:10.1.2.3", False),
        ("64:ff9b::a01:203", False),
        ("2002:a01:203::1", False),
    ],
)
def test_public_addresses(address: str, public: bool) -> None:
    assert is_public(address) is public


@pytest.mark.parametrize(
    "address",
    [
        "http://app.example/keys",
        "https://a@app.example/keys",
        "https://app.example/keys#x",
        "https://app.example\\@127.0.0.1/keys",
        "https://应用.example/keys",
        "https:///keys",
        "https://app.example:0/keys",
        "https://app.example/ keys",
        "https://app.example/" + "x" * 1_000,
    ],
)
def test_addresses_that_cant_be(address: str) -> None:
    assert fault_of_keys_address(address) is not None
    with pytest.raises(KeysNotFetched):
        fetch(address, set())


def test_the_certificate_of_a_connection() -> None:
    made, _ = certificate()
    pem, der = (made.public_bytes(kind) for kind in (serialization.Encoding.PEM, serialization.Encoding.DER))
    wanted = base64.urlsafe_b64encode(sha256(der).digest()).decode().rstrip("=")
    for told in (pem.decode(), quote(pem.decode()), f":{base64.b64encode(der).decode()}:"):
        assert thumbprint(told) == wanted
    for wrong in ("", "x", ":x:", "::", pem.decode()[:100], "%FF", "é", "x" * 100_000):
        assert thumbprint(wrong) is None
    settings = Settings(
        client_certificates="accepted", client_certificate_header="X-Client-Cert", trusted_proxies="10.0.0.1"
    )
    headers = {"x-client-cert": quote(pem.decode())}
    assert certificate_of(settings, "10.0.0.1", headers) == wanted
    assert certificate_of(settings, "10.0.0.2", headers) is None
    assert certificate_of(settings, "10.0.0.1", {}) is None
    assert certificate_of(Settings(trusted_proxies="10.0.0.1"), "10.0.0.1", headers) is None
