"""Plain values of the hub that doors take and give. What reads or writes records isn't among them."""

from xinglin.hub.codes.decisions import ACCEPT, REJECT, WITHDRAW, Decided, Decision
from xinglin.hub.codes.workbench import LocalCode
from xinglin.hub.history import FOREVER, Place
from xinglin.hub.identity.asking import MOST as MOST_CANDIDATES
from xinglin.hub.identity.asking import Candidate
from xinglin.hub.identity.decisions import Wanted
from xinglin.hub.intake.deliveries import OPEN, Delivery
from xinglin.hub.intake.importing import BadManifest, Input, read_manifest, refuse_addresses
from xinglin.hub.intake.refused import NoReason, Refused
from xinglin.hub.intake.sources import WrongToken
from xinglin.hub.lifelong.timeline import DEFAULT_COUNT, MOST_COUNT
from xinglin.hub.lifelong.timeline import Asked as AskedTimeline
from xinglin.hub.quality.answers import rules_as_json
from xinglin.hub.quality.score import Period, period
from xinglin.hub.search.everything import AskedEverything
from xinglin.hub.search.search import Asked

__all__ = [
    "ACCEPT",
    "DEFAULT_COUNT",
    "FOREVER",
    "MOST_CANDIDATES",
    "MOST_COUNT",
    "OPEN",
    "REJECT",
    "WITHDRAW",
    "Asked",
    "AskedEverything",
    "AskedTimeline",
    "BadManifest",
    "Candidate",
    "Decided",
    "Decision",
    "Delivery",
    "Input",
    "LocalCode",
    "NoReason",
    "Period",
    "Place",
    "Refused",
    "Wanted",
    "WrongToken",
    "period",
    "read_manifest",
    "refuse_addresses",
    "rules_as_json",
]
