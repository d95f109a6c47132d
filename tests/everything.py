"""A program that may do everything, for tests that aren't about who may do what.

It goes the way of every program: a site's own policy gives its role what it may do, it is registered, and it
gets a token. No address and no function of the hub knows of it.
"""

import time
from datetime import timedelta
from pathlib import Path

from joserfc.jwk import ECKey

from xinglin.core.clock import now
from xinglin.core.settings import Settings
from xinglin.hub.hub import Hub
from xinglin.hub.opened import with_hub
from xinglin.trust.policy.decisions import LOOK_SECONDS
from xinglin.trust.tokens import clients, grants
from xinglin.trust.tokens.client import Client, checked
from xinglin.trust.tokens.scopes import Scopes

ROLE = "tester"
ROLES = (ROLE, "clinician")
"""The second one sees persons unmasked."""
POLICIES = {
    "99-tests.cedar": """
@id("tests.everything")
@title_zh("测试程序可以做一切")
@title_en("The program of tests may do everything")
@source("tests")
permit (principal in Role::"tester", action, resource);
""",
    "85-sensitive.cedar": """
@id("tests.sensitive")
@title_zh("敏感类别只对测试程序开放")
@title_en("Sensitive classes are open to the program of tests")
@source("tests")
forbid (principal, action in [Action::"see", Action::"export", Action::"delete"], resource in Group::"record")
when { !context.labels.isEmpty() }
unless { principal in Role::"tester" };
""",
    "roles.csv": (
        "role,kind,purposes,duty,name_zh,name_en,meaning_zh,meaning_en,source,edition,confidence\n"
        f"{ROLE},,TREAT PUBHLTH HOPERAT HSYSADMIN,,测试,tester,一切,everything,tests,1,read\n"
    ),
}
PURPOSES = ("TREAT", "PUBHLTH", "HOPERAT", "HSYSADMIN")
KEY = {
    **ECKey.generate_key("P-384", private=False).as_dict(private=False),
    "kid": "tests",
    "alg": "ES384",
    "use": "sig",
}
SCOPES = Scopes.parse("system/*.cruds")


def write_policies(folder: Path) -> None:
    """Let the tests' role do everything; it may when this returns, also where others decided just before."""
    missing = [name for name in POLICIES if not (folder / name).exists()]
    folder.mkdir(parents=True, exist_ok=True)
    for name in missing:
        (folder / name).write_text(POLICIES[name], encoding="utf-8")
    if missing:
        time.sleep(LOOK_SECONDS)


def token_beside(home: Path) -> str:
    """Give the program a token of the hub that runs, or will, on the embedded database in a home folder."""
    settings = Settings(home=str(home))
    write_policies(settings.policies)
    return with_hub(settings, lambda hub: token_for_everything(settings, hub), make=True)


async def token_for_everything(settings: Settings, hub: Hub, id_: str = "tests") -> str:
    """Register the program, unless it is, and give it a token."""
    client = Client(
        id=id_,
        name="tests",
        kind="backend",
        keys={"keys": [KEY]},
        roles=ROLES,
        scopes=tuple(SCOPES),
        purposes=PURPOSES,
    )
    async with hub.database.connection() as connection, connection.transaction():
        if not any(one.id == id_ for one in await clients.list_all(connection)):
            await clients.add(connection, checked(client))
        ends = now() + timedelta(days=1)
        grant = await grants.begin(connection, client, SCOPES, ends=ends)
        given = await grants.give(connection, grant, SCOPES, lasts=timedelta(hours=1), ends=ends)
    return given.access
