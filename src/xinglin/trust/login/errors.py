"""What can go wrong where people log in and accounts are kept.

Whoever isn't logged in learns nothing about accounts from these: a wrong name, a wrong password and an
account that is disabled are told alike.
"""

from xinglin.core.errors import TrustError


class LoginFailed(TrustError):
    """Name and password don't open an account."""

    code = "XL9100"
    message = "The login name or the password is wrong, or the account can't be used now."
    remedy = (
        "Try again. After several failures you must wait; a new one-time password comes from the "
        "system administrator."
    )
    status = 401
    issue = "login"


class TooManyFailures(TrustError):
    """So many logins failed that no more are taken for a while."""

    code = "XL9101"
    message = "Too many logins failed; the next is taken in {minutes} minutes."
    remedy = "Wait, or ask the system administrator to unlock the account."
    status = 429
    issue = "throttled"


class WrongCode(TrustError):
    """The second factor isn't right."""

    code = "XL9102"
    message = "The code is wrong, or was used already."
    remedy = (
        "Wait for the authenticator's next code, and look whether its clock is right; or use a recovery code."
    )
    status = 401
    issue = "login"


class WeakPassword(TrustError):
    """A new password that the rules don't allow."""

    code = "XL9103"
    message = "This password can't be used: {detail}."
    remedy = "Choose another one."
    status = 422
    issue = "business-rule"


class NotLoggedIn(TrustError):
    """There is no session, or it has ended."""

    code = "XL9104"
    message = "Nobody is logged in here, or the login has ended."
    remedy = "Log in again at /login."
    status = 401
    issue = "login"


class Forged(TrustError):
    """A request with a session that no page of the hub has sent."""

    code = "XL9105"
    message = "The request doesn't come from a page of this hub, so it isn't carried out."
    remedy = (
        "Open the page again and repeat it. A program sends the session's token in X-CSRF-Token; "
        "GET /session gives it."
    )
    issue = "security"


class UnknownAccount(TrustError):
    """No account has this name."""

    code = "XL9106"
    message = 'No account has the login name "{login}".'
    remedy = "`xinglin user list` shows the accounts."
    status = 404
    issue = "not-found"


class AccountTaken(TrustError):
    """The name is somebody's already."""

    code = "XL9107"
    message = 'The login name "{login}" is taken.'
    remedy = "Choose another one; names are never given again, so that the audit log stays clear."
    status = 409
    issue = "duplicate"


class WrongAccount(TrustError):
    """An account can't be as it was said."""

    code = "XL9108"
    message = "The account's {name} can't be so: {detail}."
    remedy = "Correct it."
    status = 422
    issue = "value"


class DutiesApart(TrustError):
    """One account would have two of the three duties."""

    code = "XL9109"
    message = "{login} is {held} already: nobody may be two of system, security and audit administrator."
    remedy = "Give the role to another person, or revoke the one that is held first."
    status = 409
    issue = "business-rule"


class UnknownRole(TrustError):
    """No role has this name."""

    code = "XL9110"
    message = 'There is no role "{role}"; there are {roles}.'
    remedy = "Use one of them."
    status = 422
    issue = "code-invalid"


class RoleNotHeld(TrustError):
    """What should be revoked isn't there."""

    code = "XL9111"
    message = "No role of number {number} is in force."
    remedy = "`xinglin role list` shows the roles and their numbers."
    status = 404
    issue = "not-found"


class RoleHeld(TrustError):
    """The account has exactly this role already."""

    code = "XL9112"
    message = "{login} has the role {role} in this post already."
    remedy = "Revoke it first, if its time shall be another."
    status = 409
    issue = "duplicate"


class WrongStep(TrustError):
    """The login waits for something else."""

    code = "XL9113"
    message = "This login doesn't wait for that."
    remedy = "GET /session tells what it waits for; begin again at /login."
    status = 409
    issue = "conflict"


class NoProvider(TrustError):
    """The site has no provider of logins."""

    code = "XL9114"
    message = "Login by the site's own provider isn't set up."
    remedy = "Log in with name and password, or ask the system administrator to set oidc_issuer."
    status = 404
    issue = "not-supported"


class ProviderAway(TrustError):
    """The provider doesn't answer as it must."""

    code = "XL9115"
    message = "The site's login provider can't be used now: {detail}."
    remedy = "Try again in a moment, or log in with name and password."
    status = 502
    issue = "transient"


class NotProved(TrustError):
    """What the provider or the browser brought proves nobody."""

    code = "XL9116"
    message = "The site's login provider hasn't proved who you are: {detail}."
    remedy = "Begin again at /login."
    status = 401
    issue = "login"


class NoAccount(TrustError):
    """The provider vouches for somebody who has no account here."""

    code = "XL9117"
    message = "You have no account here, or it can't be used now."
    remedy = (
        "Ask the system administrator for one, and give the subject that the provider knows you by: {subject}"
    )
    issue = "login"


class UnusableRoleTable(TrustError):
    """The site's table of claims and roles can't be used."""

    code = "XL9118"
    message = "The table {file}, which turns claims into roles, can't be used: {detail}."
    remedy = "Correct it; docs/accounts.md lists its columns."
    status = 500
    issue = "processing"


class WrongPost(TrustError):
    """Somebody wants to work in a post they don't have."""

    code = "XL9119"
    message = "You have no post of number {number}."
    remedy = "GET /session lists your posts."
    status = 404
    issue = "not-found"


class UnknownLogin(TrustError):
    """A login to be ended isn't one of theirs."""

    code = "XL9121"
    message = "You have no login of number {number}."
    remedy = "GET /sessions lists them."
    status = 404
    issue = "not-found"


class UnusableKey(TrustError):
    """The key that opens authenticators' secrets can't be used."""

    code = "XL9120"
    message = "The login key {file} can't be used: {detail}."
    remedy = "Restore it from a backup; without it everybody must set up their authenticator again."
    status = 500
    issue = "exception"
