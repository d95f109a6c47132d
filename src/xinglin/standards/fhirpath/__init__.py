"""FHIRPath: read, printed, compiled to closures and evaluated (http://hl7.org/fhirpath/N1/, http://hl7.org/fhir/R4/fhirpath.html)."""

from xinglin.standards.fhirpath.api import Compiled, Item, compile_expression
from xinglin.standards.fhirpath.parser import parse
from xinglin.standards.fhirpath.printer import print_tree
from xinglin.standards.fhirpath.values import Node

__all__ = ["Compiled", "Item", "Node", "compile_expression", "parse", "print_tree"]
