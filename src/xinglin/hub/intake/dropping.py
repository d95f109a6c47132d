"""The drop folder: files that systems put into `<folder>/<source>/` are deliveries of that source.

A file is taken when nobody has written to it between two looks; names that begin with a dot or end in .part
or .tmp are left alone. Taken files are moved to `<folder>/.taken/<source>/` first, so none is seen twice and
none is lost if the process ends in between. Links, and files in folders of folders, are left alone too, which
the log tells once for each.
"""

import asyncio
from pathlib import Path
from typing import Final

from xinglin.core.errors import IntakeError, XinglinError
from xinglin.core.identifiers import new_id
from xinglin.core.telemetry import logger
from xinglin.hub.hub import Hub
from xinglin.hub.intake import deliveries, sources
from xinglin.hub.intake.refused import keepable

TAKEN: Final = ".taken"
UNFINISHED: Final = (".part", ".tmp")


class NotTaken(IntakeError):
    """Something in the drop folder that is no delivery."""

    code = "XL7066"
    message = "The drop folder of {source} holds a {what}, which isn't taken."
    remedy = "Put the files themselves into the source's folder, not into folders inside it and not as links."


class DropFolder:
    """Watches a folder; call `look` now and then."""

    def __init__(self, hub: Hub, folder: Path) -> None:
        self._hub = hub
        self._folder = folder
        self._seen: dict[Path, tuple[int, int]] = {}
        self._refused: set[str] = set()
        self._left: set[Path] = set()

    async def look(self) -> None:
        """Take what is finished and register it; what is taken but not registered comes first."""
        for path in await asyncio.to_thread(self._taken):
            await self._register(path)

    def _taken(self) -> list[Path]:
        """Move finished files aside; give all that lies there."""
        seen: dict[Path, tuple[int, int]] = {}
        self._tell_left()
        for path in self._waiting():
            stat = path.stat()
            seen[path] = (stat.st_size, stat.st_mtime_ns)
            if self._seen.get(path) == seen[path]:
                place = self._folder / TAKEN / path.parent.name
                place.mkdir(parents=True, exist_ok=True, mode=0o700)
                path.rename(place / f"{new_id()} {keepable(path.name)}")
        self._seen = seen
        return sorted((self._folder / TAKEN).glob("*/*"))

    def _tell_left(self) -> None:
        """Tell of links and folders inside a source's folder, once for each; names may be a patient's."""
        found = {
            path
            for path in self._folder.glob("*/*")
            if (path.is_symlink() or path.is_dir())
            and not path.name.startswith(".")
            and not path.parent.name.startswith(".")
        }
        for path in sorted(found - self._left):
            what = "link" if path.is_symlink() else "folder"
            logger().warning(
                "left in the drop folder", code=NotTaken.code, source=keepable(path.parent.name), what=what
            )
        self._left = found

    def _waiting(self) -> list[Path]:
        return [
            path
            for path in self._folder.glob("*/*")
            if path.is_file()
            and not path.is_symlink()
            and not path.name.startswith(".")
            and not path.parent.name.startswith(".")
            and not path.name.endswith(UNFINISHED)
        ]

    async def _register(self, path: Path) -> None:
        """Note a taken file as a delivery, unless it is one; of an unknown source it stays where it is."""
        source, name = path.parent.name, path.name.partition(" ")[2]
        async with self._hub.database.connection() as connection:
            if await deliveries.is_open(connection, path):
                return
            try:
                await sources.find_enabled(connection, source)
            except XinglinError as error:
                if source not in self._refused:
                    logger().warning("drop folder of no source", source=source, code=error.code)
                    self._refused.add(source)
                return
            hash_ = await asyncio.to_thread(deliveries.hash_of, path)
            _, new = await deliveries.register(
                connection,
                source=source,
                name=name,
                hash_=hash_,
                size=path.stat().st_size,
                path=path,
                owned=True,
            )
        if not new:
            path.unlink(missing_ok=True)
