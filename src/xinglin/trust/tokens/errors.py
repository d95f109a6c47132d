"""What can go wrong between a program and the hub's tokens.

`error` is the word of RFC 6749 (5.2), RFC 6750 (3.1) or OpenID Connect that programs read.
"""

from typing import ClassVar

from xinglin.core.errors import TrustError


class OAuthError(TrustError):
    """A request for a token, or with one, that can't be granted."""

    code = "XL9200"
    message = "The request for a token can't be granted."
    remedy = "Correct the request; the page for app developers tells what each address takes."
    status = 400
    issue = "security"
    error: ClassVar[str] = "invalid_request"


class WrongRequest(OAuthError):
    """A parameter is missing, twice there, or can't be used."""

    code = "XL9201"
    message = "{name} is missing or can't be used: {detail}."
    remedy = "Correct it; the page for app developers tells what each address takes."


class WrongClient(OAuthError):
    """Nobody registered, or not proved; which of them isn't told."""

    code = "XL9202"
    message = "The program isn't registered here, is disabled, or didn't prove who it is."
    remedy = (
        "Check the client id and how it was registered: with a secret (HTTP Basic), with keys (signed "
        "statement), or public (PKCE only). The security administrator sees the reason in the audit log."
    )
    status = 401
    error = "invalid_client"


class WrongStatement(OAuthError):
    """The signed statement of a program (private_key_jwt) can't be accepted."""

    code = "XL9203"
    message = "The program's signed statement can't be accepted: {detail}."
    remedy = (
        "Sign a new one for each request: RS384 or ES384, iss and sub the client id, aud the address of the "
        "token endpoint, exp at most 5 minutes ahead, a jti that was never used, and kid of a registered key."
    )
    status = 401
    error = "invalid_client"


class WrongGrant(OAuthError):
    """A code or refresh token that isn't valid, or not for this program."""

    code = "XL9204"
    message = "The code or refresh token isn't valid, was used before, or was given to another program."
    remedy = "Begin again at the authorization endpoint."
    error = "invalid_grant"


class WrongScope(OAuthError):
    """A scope that can't be read or granted."""

    code = "XL9205"
    message = "The scope {scope} can't be granted: {detail}."
    remedy = "Ask for scopes as SMART App Launch 2.2 writes them, and for those only that are registered."
    error = "invalid_scope"


class UnknownGrantType(OAuthError):
    """A kind of grant that isn't offered."""

    code = "XL9206"
    message = "The grant type {found} isn't offered here."
    remedy = "Use authorization_code, refresh_token or client_credentials."
    error = "unsupported_grant_type"


class NotForThisKind(OAuthError):
    """A program of this kind may not ask so."""

    code = "XL9207"
    message = "A program registered as {kind} may not use {what}."
    remedy = "Use what its kind may, or have it registered as another kind."
    error = "unauthorized_client"


class UnknownResponseType(OAuthError):
    """Only codes are given."""

    code = "XL9208"
    message = "The response type {found} isn't offered here."
    remedy = "Use response_type=code with PKCE."
    error = "unsupported_response_type"


class UnknownApp(OAuthError):
    """A page was asked for an app that can't be trusted: nothing is sent back to it."""

    code = "XL9209"
    message = "This app isn't registered here, or the address it wants to return to isn't one of its own."
    remedy = "Ask whoever makes the app; its client id and redirect address must be as they were registered."


class Refused(OAuthError):
    """The person said no."""

    code = "XL9210"
    message = "The person didn't allow it."
    remedy = "Ask again only when the person wants to use the app."
    status = 403
    error = "access_denied"


class PageTooOld(OAuthError):
    """A decision came that no page of ours asks for any more."""

    code = "XL9211"
    message = "This page is too old, was answered already, or belongs to another login."
    remedy = "Go back to the app and begin again."
    status = 403


class WrongToken(OAuthError):
    """The bearer token is worth nothing (any more)."""

    code = "XL9212"
    message = "The access token isn't valid (any more)."
    remedy = "Fetch a new one at the token endpoint."
    status = 401
    issue = "login"
    error = "invalid_token"


class ScopeTooNarrow(OAuthError):
    """The token's scopes don't cover the request."""

    code = "XL9213"
    message = "The token's scopes don't cover {interaction} of {type}."
    remedy = "Ask for a token with a scope that covers it, such as user/{type}.{letter}."
    status = 403
    issue = "forbidden"
    error = "insufficient_scope"


class TokenInAddress(OAuthError):
    """A secret stands where logs and histories keep it."""

    code = "XL9214"
    message = "{name} stands in the address, where logs and histories keep it."
    remedy = (
        "Take it for known to others: revoke it. Send tokens in the header Authorization, others in the body."
    )


class KeysNotFetched(OAuthError):
    """The keys of a program can't be fetched."""

    code = "XL9215"
    message = "The program's keys can't be fetched from its registered address: {detail}."
    remedy = (
        "Offer them over https with a valid certificate, without redirection; an address in a closed network "
        "must stand in the setting client_key_hosts."
    )
    status = 401
    error = "invalid_client"


class CertificateNeeded(OAuthError):
    """The connection must show a certificate."""

    code = "XL9216"
    message = "The connection shows no client certificate, or another than the token was given to."
    remedy = "Connect with mutual TLS and the same certificate for tokens and requests (RFC 8705)."
    status = 401
    error = "invalid_client"


class NoSuchClient(TrustError):
    """No program of this id is registered."""

    code = "XL9220"
    message = 'No program "{id}" is registered.'
    remedy = "Register it with `xinglin client add`, or choose one that `xinglin client list` shows."
    status = 404
    issue = "not-found"


class ClientTaken(TrustError):
    """A program of this id is registered already."""

    code = "XL9221"
    message = 'The program "{id}" is registered already.'
    remedy = "Choose another id, or change it with `xinglin client set`."
    status = 409
    issue = "duplicate"


class WrongRegistration(TrustError):
    """What was said about a program can't be."""

    code = "XL9222"
    message = "{name} can't be {value}: {detail}."
    remedy = "Correct it; `xinglin client add --help` tells what each means."
    status = 422
    issue = "value"


class NoSecret(TrustError):
    """A program without a secret can't get a new one."""

    code = "XL9223"
    message = 'The program "{id}" is registered as {kind}, which has no secret here.'
    remedy = "Give its new keys with `xinglin client set --keys`."
    status = 422
    issue = "business-rule"


class SigningKeyUnusable(TrustError):
    """The key that signs identity tokens can't be read or made."""

    code = "XL9224"
    message = "The key file {file} can't be used: {detail}."
    remedy = "Give it as PEM with an EC key on P-256 that only the hub's user can read, or remove it."
    status = 500
    issue = "exception"
