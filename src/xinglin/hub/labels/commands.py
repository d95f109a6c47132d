"""What the `xinglin label` commands do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from xinglin.core.exact_json import Json, loads
from xinglin.core.settings import Settings
from xinglin.hub.database import Connection
from xinglin.hub.hub import Hub
from xinglin.hub.labels import carriers, work
from xinglin.hub.labels.labelling import Labelling
from xinglin.hub.opened import with_hub
from xinglin.hub.outline import admit, admit_key
from xinglin.hub.stepping import to_the_end
from xinglin.standards.confidentiality import Hit, RuleSet, classes_among, explain, in_force, labels
from xinglin.standards.confidentiality import check as check_table


@dataclass(frozen=True, slots=True)
class Explained:
    """Why a record has its labels: rules met, and classes taken over with the type they come from."""

    labels: Sequence[Json]
    hits: Sequence[Hit]
    taken_over: Sequence[tuple[str, str]] = ()


def rules(settings: Settings) -> RuleSet:
    """Give the rules in force. Raises FaultyLabelTable."""
    return in_force(settings.labels)


def check(settings: Settings, file: Path | None) -> RuleSet:
    """Check a table before it is used, or those in force. Raises FaultyLabelTable."""
    return in_force(settings.labels) if file is None else check_table(file)


def explain_file(settings: Settings, file: Path) -> Explained:
    """Tell which labels a record in a file would get, and why."""
    labelling = Labelling(settings.labels, settings.time_zone)
    content = admit(loads(file.read_bytes()))
    found = labels(labelling.rules, content, labelling.today)
    return Explained(found, explain(labelling.rules, content, labelling.today))


def explain_record(settings: Settings, kind: str, id_: str) -> Explained:
    """Tell which labels a stored record has, and why."""

    async def ask(hub: Hub) -> Explained:
        async with hub.database.connection() as connection:
            return await _explained(hub, connection, kind, id_)

    return with_hub(settings, ask)


async def _explained(hub: Hub, connection: Connection, kind: str, id_: str) -> Explained:
    content = (await hub.read(admit_key(kind, id_), connection)).content
    labelling, store = hub.store.labelling, hub.store
    hits = explain(labelling.rules, content, labelling.today)
    known = await carriers.known(connection, store.parameters.index(content).references)
    own = {hit.rule.cls for hit in hits}
    security = content.get("meta", {}).get("security", [])
    extra = classes_among(labelling.rules, security) - own
    taken = {(cls, source) for source, classes in known.values() for cls in classes & extra}
    return Explained(security, hits, sorted(taken))


def apply(settings: Settings, progress: Callable[[int], None] = lambda _: None) -> int:
    """Bring stored records to the tables as they are now; give how many versions changed. Can be resumed."""
    return with_hub(settings, lambda hub: to_the_end(hub, work.step, progress))
