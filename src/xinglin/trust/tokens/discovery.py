"""What programs read first: what is offered here, truly, and where.

http://hl7.org/fhir/smart-app-launch/conformance.html; OpenID Connect Discovery 1.0, 3; RFC 8414.
"""

from typing import Any, Final

from xinglin.core.settings import Settings
from xinglin.trust.tokens import signing
from xinglin.trust.tokens.keys import ALGORITHMS
from xinglin.trust.tokens.scopes import WORDS

CAPABILITIES: Final = (
    "launch-standalone",
    "authorize-post",
    "client-public",
    "client-confidential-symmetric",
    "client-confidential-asymmetric",
    "sso-openid-connect",
    "context-standalone-patient",
    "context-banner",
    "permission-offline",
    "permission-patient",
    "permission-user",
    "permission-v1",
    "permission-v2",
)
AUTHENTICATION: Final = ("client_secret_basic", "private_key_jwt")


def smart(settings: Settings, root: str) -> dict[str, Any]:
    """Give the document at `.well-known/smart-configuration`."""
    return {**_shared(settings, root), "capabilities": list(CAPABILITIES)}


def openid(settings: Settings, root: str) -> dict[str, Any]:
    """Give the document at `.well-known/openid-configuration`."""
    return {
        **_shared(settings, root),
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [signing.ALGORITHM],
        "claims_supported": ["iss", "sub", "aud", "exp", "iat", "auth_time", "nonce", "fhirUser"],
        "request_parameter_supported": False,
        "request_uri_parameter_supported": False,
    }


def _shared(settings: Settings, root: str) -> dict[str, Any]:
    return {
        "issuer": root,
        "jwks_uri": f"{root}/oauth/jwks",
        "authorization_endpoint": f"{root}/oauth/authorize",
        "token_endpoint": f"{root}/oauth/token",
        "introspection_endpoint": f"{root}/oauth/introspect",
        "revocation_endpoint": f"{root}/oauth/revoke",
        "grant_types_supported": ["authorization_code", "refresh_token", "client_credentials"],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "scopes_supported": [
            *sorted(WORDS - {"launch"}),
            "patient/*.cruds",
            "user/*.cruds",
            "system/*.cruds",
        ],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": [*AUTHENTICATION, "none"],
        "token_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "introspection_endpoint_auth_methods_supported": list(AUTHENTICATION),
        "introspection_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "revocation_endpoint_auth_methods_supported": [*AUTHENTICATION, "none"],
        "revocation_endpoint_auth_signing_alg_values_supported": list(ALGORITHMS),
        "authorization_response_iss_parameter_supported": True,
        "tls_client_certificate_bound_access_tokens": settings.client_certificates != "off",
        "ui_locales_supported": ["zh", "en"],
    }
