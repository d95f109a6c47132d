"""What of a person is compared to tell whether two records are of one person, and how near they are.

    a = features(patient, today)
    b = describe(today, full_name="王小明", birth_date="1990-05-06", phones=("15401234567",))
    levels(a, b)          # one level a field, in the order of FIELDS; None where a side lacks it
    blocking_keys(a)      # records that share no key needn't be compared

`Features` is flat (`COLUMNS`), so the same comparisons can be said in SQL. What is compared and why:
docs/persons.md. Pure functions, no database and no network.
"""

from xinglin.standards.persons.blocking import RULES, blocking_keys
from xinglin.standards.persons.features import COLUMNS, Features, columns, describe
from xinglin.standards.persons.levels import COMPARISONS, FIELDS, Level, levels, meanings
from xinglin.standards.persons.names import parts
from xinglin.standards.persons.patients import features
from xinglin.standards.persons.surnames import Surname, surnames

__all__ = [
    "COLUMNS",
    "COMPARISONS",
    "FIELDS",
    "RULES",
    "Features",
    "Level",
    "Surname",
    "blocking_keys",
    "columns",
    "describe",
    "features",
    "levels",
    "meanings",
    "parts",
    "surnames",
]
