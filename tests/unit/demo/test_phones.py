"""The demo's telephone numbers belong to nobody: libphonenumber knows no such range."""

import phonenumbers

from xinglin_demo import province


def test_nobody_has_the_demos_numbers() -> None:
    numbers = {
        telecom["value"]
        for bundle in province(people=60)
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "Patient"
        for telecom in entry["resource"].get("telecom", ())
    }
    assert numbers
    assert not any(phonenumbers.is_valid_number(phonenumbers.parse(number, "CN")) for number in numbers)
