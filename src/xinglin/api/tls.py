"""Encryption in transit: certificates for HTTP and MLLP, and refusing to listen openly without them."""

import ssl
from dataclasses import dataclass
from ipaddress import ip_address
from pathlib import Path
from typing import Final

from cryptography import x509

from xinglin.core.clock import now
from xinglin.core.errors import SettingError
from xinglin.core.i18n import Phrase
from xinglin.core.os_errors import reason
from xinglin.core.settings import Settings

CIPHERS: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: forward secrecy and authenticated encryption only. TLS 1.3 has no others."""

VERSIONS: Final = {"1.2": ssl.TLSVersion.TLSv1_2, "1.3": ssl.TLSVersion.TLSv1_3}


class OpenToAll(SettingError):
    """The hub would listen to the network without encryption."""

    code = "XL1010"
    message = "The hub mustn't listen on {host} without TLS: everybody on the way could read the records."
    remedy = (
        "Set tls_certificate and tls_key; or, where a proxy ends TLS, name its address in trusted_proxies; "
        "or listen on 127.0.0.1."
    )


class UnusableCertificate(SettingError):
    """The certificate or its key can't be used."""

    code = "XL1011"
    message = "The certificate {file} can't be used: {detail}."
    remedy = "Give PEM files in tls_certificate (with its chain) and tls_key; renew a certificate that ended."

    def __init__(self, *, file: object, detail: Phrase | str) -> None:
        super().__init__(file=file, detail=detail)


@dataclass(frozen=True, slots=True)
class Tls:
    """The files that the settings name, and the oldest protocol that is spoken."""

    certificate: Path
    key: Path
    client_ca: Path | None
    oldest: str


def tls(settings: Settings) -> Tls | None:
    """Give what TLS needs; None where it isn't set. Raises UnusableCertificate."""
    if not settings.tls_certificate and not settings.tls_key:
        return None
    certificate, key = (Path(one).expanduser() for one in (settings.tls_certificate, settings.tls_key))
    ca = Path(settings.tls_client_ca).expanduser() if settings.tls_client_ca else None
    found = Tls(certificate, key, ca, settings.tls_oldest)
    _check(found)
    return found


def _check(found: Tls) -> None:
    context(found)
    try:
        ends = x509.load_pem_x509_certificate(found.certificate.read_bytes()).not_valid_after_utc
    except ValueError:
        raise UnusableCertificate(file=found.certificate, detail=_NOT_PEM) from None
    if ends < now():
        detail = Phrase("it ended on {day}", day=f"{ends:%F}")
        raise UnusableCertificate(file=found.certificate, detail=detail)


def context(found: Tls) -> ssl.SSLContext:
    """Make the server's side of TLS. Raises UnusableCertificate."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.minimum_version = VERSIONS[found.oldest]
    made.set_ciphers(CIPHERS)
    made.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION
    file = found.certificate
    try:
        made.load_cert_chain(found.certificate, found.key)
        if found.client_ca is not None:
            file = found.client_ca
            made.load_verify_locations(found.client_ca)
            made.verify_mode = ssl.CERT_REQUIRED
    except ssl.SSLError:
        raise UnusableCertificate(file=file, detail=_NOT_PEM) from None
    except OSError as error:
        raise UnusableCertificate(file=error.filename or file, detail=reason(error)) from None
    return made


_NOT_PEM: Final = Phrase("it isn't PEM, or its key is another one's")


def refuse_open(settings: Settings) -> None:
    """Make sure that what goes over a network is encrypted. Raises OpenToAll or UnusableCertificate."""
    if tls(settings) is None and not is_own(settings.host) and not settings.trusted_proxies.strip():
        raise OpenToAll(host=settings.host)


def is_own(address: str) -> bool:
    """Tell whether an address is the machine's own; one that is no IP address (a socket) is, too."""
    try:
        return ip_address(address).is_loopback
    except ValueError:
        return True
