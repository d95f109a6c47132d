"""Which institution a source speaks for: what one says of its own Patients is more than a hint."""

from typing import Final

from xinglin.hub.database import Connection
from xinglin.hub.intake.sources import LOCAL

_NAMESPACES: Final = "SELECT id, namespace FROM source"


async def namespaces(connection: Connection) -> dict[str, str]:
    """Give by source id the namespace whose numbers its records bear; the hub's own is nobody's."""
    found = await (await connection.execute(_NAMESPACES)).fetchall()
    return {str(id_): str(namespace) for id_, namespace in found if id_ != LOCAL.id}
