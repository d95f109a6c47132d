"""Collect resources into transaction bundles (http://hl7.org/fhir/R4/http.html#transaction)."""

from xinglin_demo.dice import Dice
from xinglin_demo.fhir import INVENTED, Json
from xinglin_demo.identifiers import OURS


class Chart:
    """Everything new about one person, in the order added; its parts refer to each other by `urn:uuid`."""

    def __init__(self, dice: Dice) -> None:
        self.dice = dice
        self._entries: list[Json] = []

    def reserve(self) -> str:
        """Give an address for a resource that is added later."""
        return f"urn:uuid:{self.dice.uuid()}"

    def add(self, resource: Json, address: str | None = None) -> str:
        """Add a resource to be created, at a reserved address if given; give what others refer to it by."""
        kind = resource["resourceType"]
        address = address or self.reserve()
        self._entries.append(
            {"fullUrl": address, "resource": tagged(resource), "request": {"method": "POST", "url": kind}}
        )
        return address

    def bundle(self) -> Json:
        """Give the transaction."""
        return transaction(self._entries)


def put(resource: Json) -> Json:
    """Give an entry that creates or renews a resource under its own id; sending it twice changes nothing."""
    url = f"{resource['resourceType']}/{resource['id']}"
    return {
        "fullUrl": f"{OURS}/{url}",
        "resource": tagged(resource),
        "request": {"method": "PUT", "url": url},
    }


def transaction(entries: list[Json]) -> Json:
    """Give a transaction bundle of `entries`."""
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def tagged(resource: Json) -> Json:
    """Give the resource with the tag that says it is invented, beside its type."""
    head = {key: resource[key] for key in ("resourceType", "id") if key in resource}
    return head | {"meta": {"tag": [INVENTED]}} | resource
