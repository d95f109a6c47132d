"""FHIR packages: npm-style .tgz files of conformance resources, read once and kept as packs.

Format: https://confluence.hl7.org/display/FHIR/NPM+Package+Specification (confidence: unverified)
"""

import gzip
import tarfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from xinglin.core import exact_json
from xinglin.core.errors import RequestError, ValidationError
from xinglin.core.i18n import Phrase
from xinglin.core.os_errors import reason
from xinglin.standards.definitions.build import bodies
from xinglin.standards.definitions.pack import Pack, write_pack

MAX_FILE_BYTES = 64 * 1024 * 1024
MAX_TOTAL_BYTES = 1024 * 1024 * 1024
MAX_FILES = 50_000
_SUFFIX = ".pack"


class PackageUnreadable(ValidationError):
    """The file isn't a FHIR package that can be used."""

    code = "XL5002"
    message = "The package {file} can't be used: {detail}."
    remedy = "Give a FHIR package (.tgz) as its publisher offers it, for FHIR 4.0.1."


class PackageInfo(NamedTuple):
    """An installed package and the pack it is kept in."""

    name: str
    version: str
    fhir_versions: tuple[str, ...]
    license: str
    definitions: int
    path: Path


def package_add(path: Path, folder: Path) -> PackageInfo:
    """Read the package at `path` and keep it in `folder`, in place of the same version kept before.

    Raises PackageUnreadable; then nothing in `folder` has changed.
    """
    manifest: dict[str, Any] | None = None
    resources: list[dict[str, Any]] = []
    for name, content in _json_members(path):
        if name == "package.json":
            manifest = content
        elif "resourceType" in content:
            resources.append(content)
    if manifest is None:
        raise PackageUnreadable(file=path.name, detail=Phrase("it has no package/package.json"))
    about = _about(path, manifest, len(resources))
    target = folder / f"{about['name']}#{about['version']}{_SUFFIX}"
    try:
        write_pack(target, bodies(resources, about))
    except (KeyError, TypeError, AttributeError) as error:
        detail = Phrase(
            "a definition in it is malformed ({detail})", detail=f"{type(error).__name__}: {error}"
        )
        raise PackageUnreadable(file=path.name, detail=detail) from error
    return _info(target)


def package_list(folder: Path) -> list[PackageInfo]:
    """List the packages kept in `folder`, by name and version."""
    return [_info(path) for path in package_files(folder)]


def package_files(folder: Path) -> list[Path]:
    """List the packs kept in `folder`, for `Definitions.with_packages`."""
    return sorted(folder.glob(f"*#*{_SUFFIX}")) if folder.is_dir() else []


def _info(path: Path) -> PackageInfo:
    about = Pack(path).get("table", "about")
    return PackageInfo(
        about["name"],
        about["version"],
        tuple(about["fhirVersions"]),
        about["license"],
        about["definitions"],
        path,
    )


def _about(path: Path, manifest: dict[str, Any], definitions: int) -> dict[str, Any]:
    name, version = manifest.get("name"), manifest.get("version")
    if not _is_plain(name) or not _is_plain(version):
        raise PackageUnreadable(
            file=path.name, detail=Phrase("its package.json gives no usable name and version")
        )
    versions = manifest.get("fhirVersions", manifest.get("fhir-version-list", []))
    if not isinstance(versions, list):
        versions = []
    known: list[str] = [str(one) for one in versions]  # pyright: ignore[reportUnknownVariableType,reportUnknownArgumentType]
    if known and not any(one.startswith("4.0") for one in known):
        detail = Phrase("it is for FHIR {versions}", versions=", ".join(known))
        raise PackageUnreadable(file=path.name, detail=detail)
    return {
        "name": name,
        "version": version,
        "fhirVersions": known,
        "license": str(manifest.get("license", "")),
        "definitions": definitions,
    }


def _is_plain(value: object) -> bool:
    """Whether `value` can be part of a file name on any system."""
    return (
        isinstance(value, str)
        and 0 < len(value) <= 100
        and value[0].isalnum()
        and all(char.isascii() and (char.isalnum() or char in "._-+") for char in value)
    )


def _too_large() -> Phrase:
    return Phrase("it unpacks to more than a package holds")


def _json_members(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Give the JSON objects directly in the archive's `package` folder; nothing is unpacked to disk."""
    total = 0
    try:
        with gzip.open(path) as stream, tarfile.open(fileobj=stream, mode="r:") as archive:
            for count, member in enumerate(archive):
                total += member.size
                if count >= MAX_FILES or member.size > MAX_FILE_BYTES or total > MAX_TOTAL_BYTES:
                    raise PackageUnreadable(file=path.name, detail=_too_large())
                folder, _, name = member.name.rpartition("/")
                if (
                    not member.isfile()
                    or folder.removeprefix("./") != "package"
                    or not name.endswith(".json")
                ):
                    continue
                handle = archive.extractfile(member)
                content = exact_json.loads(handle.read()) if handle else None
                if isinstance(content, dict):
                    yield name, content
            # The check sum stands at the very end of the file, behind what tarfile reads.
            while stream.read(MAX_FILE_BYTES // 64):
                total += MAX_FILE_BYTES // 64
                if total > MAX_TOTAL_BYTES:
                    raise PackageUnreadable(file=path.name, detail=_too_large())
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        detail = (
            reason(error)
            if isinstance(error, OSError) and error.errno
            else Phrase("it is cut short, or no .tgz file")
        )
        raise PackageUnreadable(file=path.name, detail=detail) from None
    except RequestError as error:
        raise PackageUnreadable(file=path.name, detail=error.phrase()) from None
