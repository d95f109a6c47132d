"""Who asks: what every decision, every mask and every line of the audit log is about."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

Kind = Literal["user", "client", "source", "local", "anonymous"]
"""A person who is logged in, a program with a token, a registered source, the command line, nobody known."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who asks, as far as login, token or operating system have proved it.

    `id` is unique among all kinds, as `user:wang`, `client:his-17`, `source:his`, `local:root`.
    `institution`, `department`, `practitioner` and `patient` are ids of Organization, Organization,
    Practitioner and Patient records; None where unknown. `scopes` are SMART scopes that narrow what the
    roles allow; None where nothing narrows. A program that acts for a person has that person's roles and
    names itself in `client`.
    """

    id: str
    kind: Kind
    name: str = ""
    roles: frozenset[str] = frozenset()
    institution: str | None = None
    department: str | None = None
    practitioner: str | None = None
    patient: str | None = None
    scopes: tuple[str, ...] | None = None
    client: str | None = None
    session: str | None = None
    address: str = ""
    claims: Mapping[str, str] = field(default_factory=dict[str, str], hash=False)


NOBODY: Final = Who("anonymous", "anonymous")
"""Who asks without any proof."""
