"""Which source Patients are one person, as identity has found."""

from dataclasses import dataclass
from typing import Final, cast

from xinglin.hub.database import Connection
from xinglin.hub.records import Key

_LINKED: Final = """
SELECT patient, golden FROM person_link
WHERE golden = %(id)s OR golden = (SELECT golden FROM person_link WHERE patient = %(id)s)
ORDER BY patient
"""


@dataclass(frozen=True, slots=True)
class Linked:
    """A person: the golden Patient where there is one, and the source Patients with the one asked for."""

    golden: Key | None
    patients: tuple[Key, ...]

    @property
    def head(self) -> Key:
        """The Patient that stands for the person."""
        return self.golden or self.patients[0]


async def linked(connection: Connection, id_: str) -> Linked:
    """Give whose Patient `id_` is, source or golden; a Patient that isn't matched yet is alone."""
    rows = cast("list[tuple[str, str]]", await (await connection.execute(_LINKED, {"id": id_})).fetchall())
    if not rows:
        return Linked(None, (Key("Patient", id_),))
    golden = rows[0][1]
    patients = tuple(Key("Patient", patient) for patient, _ in rows)
    # Somebody may have written about the golden Patient itself.
    return Linked(Key("Patient", golden), (*patients, Key("Patient", golden)))
