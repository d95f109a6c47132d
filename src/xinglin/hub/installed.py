"""The definitions in force: FHIR R4 and the packages that this site has installed."""

from xinglin.core.settings import Settings
from xinglin.standards.definitions import Definitions, package_files, r4


def definitions(settings: Settings) -> Definitions:
    """Give R4's definitions with the installed packages laid over them."""
    packages = package_files(settings.packages)
    return r4().with_packages(packages) if packages else r4()
