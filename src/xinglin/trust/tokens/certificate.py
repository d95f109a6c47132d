"""The certificate that a program connects with, where a trusted proxy ends its TLS (RFC 8705, RFC 9440)."""

import base64
import binascii
from collections.abc import Mapping
from hashlib import sha256
from typing import Final
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from xinglin.core.settings import Settings

LONGEST: Final = 16_384


def certificate_of(settings: Settings, peer: str, headers: Mapping[str, str]) -> str | None:
    """Give the SHA-256 thumbprint of a connection's certificate (base64url); None where there is none.

    `peer` is the address that the connection itself comes from: others than trusted proxies are not believed.
    """
    name = settings.client_certificate_header
    if settings.client_certificates == "off" or not name:
        return None
    if peer not in settings.trusted_proxies.replace(",", " ").split():
        return None
    return thumbprint(headers.get(name.lower(), ""))


def thumbprint(told: str) -> str | None:
    """Give the thumbprint of a certificate told as PEM (plain or percent-encoded) or as `:base64 of DER:`."""
    if not told or len(told) > LONGEST:
        return None
    try:
        der = _der(told)
    except (ValueError, binascii.Error):
        return None
    return base64.urlsafe_b64encode(sha256(der).digest()).decode().rstrip("=")


def _der(told: str) -> bytes:
    if told.startswith(":") and told.endswith(":"):
        der = base64.b64decode(told[1:-1], validate=True)
        return x509.load_der_x509_certificate(der).public_bytes(Encoding.DER)
    pem = unquote(told) if "%" in told else told
    return x509.load_pem_x509_certificate(pem.encode()).public_bytes(Encoding.DER)
