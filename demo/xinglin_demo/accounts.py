"""Invented people who work with the demo province's hub, one for each role. They have no passwords here."""

from dataclasses import dataclass

from xinglin_demo.deliveries import senders
from xinglin_demo.tables import table


@dataclass(frozen=True)
class DemoAccount:
    """Somebody with a role: in an institution (its credit code), as one of its staff, or as a patient.

    A specialist's `role` are two words: the treating role, and the one for a class of sensitive records.
    """

    login: str
    name: str
    role: str
    institution: str | None
    staff_number: str | None
    patient: bool


def accounts() -> tuple[DemoAccount, ...]:
    """Give the people who may log in to the demo."""
    institutions = {one.id: one.institution for one in senders()}
    return tuple(
        DemoAccount(
            row["login"],
            row["name"],
            row["role"],
            institutions.get(row["sender"]),
            row["staff"] or None,
            bool(row["patient"]),
        )
        for row in table("accounts")
    )
