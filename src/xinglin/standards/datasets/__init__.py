"""Chinese national data sets as tables: what their columns mean, and what FHIR resources their rows give.

A mapping (`mappings/*.yaml`) says it for one data set; docs/mapping-language.md describes the language. A
mapping is compiled for one header and one source (`Table`), and then reads rows.
"""

from xinglin.standards.datasets.header import Layout, lay_out
from xinglin.standards.datasets.model import DataMapping
from xinglin.standards.datasets.registry import known, read_file, shipped
from xinglin.standards.datasets.table import Table

__all__ = ["DataMapping", "Layout", "Table", "known", "lay_out", "read_file", "shipped"]
