"""A code of one institution, as far as it is known."""

from dataclasses import dataclass

from xinglin.standards.labitems.sketch import Sketch


@dataclass(frozen=True, slots=True)
class Local:
    """A local code: its name, and what its results look like. Empty where nothing is known."""

    code: str
    name: str
    unit: str = ""
    specimen: str = ""
    values: Sketch | None = None
