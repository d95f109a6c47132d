"""Units as Chinese laboratories write them, in UCUM, and values from one unit into another."""

from xinglin.standards.units.convert import Conversion, conversion, rounded
from xinglin.standards.units.spelling import read_unit

__all__ = ["Conversion", "conversion", "read_unit", "rounded"]
