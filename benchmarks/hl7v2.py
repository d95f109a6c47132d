"""HL7 v2: messages cut, parsed and mapped to facts, in one process without a database."""

import io
import os
import time
from pathlib import Path
from zoneinfo import ZoneInfo

from benchmarks.report import Row, table
from xinglin.standards.conversion import Origin
from xinglin.standards.hl7v2 import Hl7v2

SAMPLES = Path(os.environ.get("XINGLIN_SHARED", "../shared")) / "data" / "hl7v2"
ORIGIN = Origin("bench", "1", "某医院", "bench", ZoneInfo("Asia/Shanghai"))
SECONDS = 4.0
_MSH = "MSH|^~\\&|HIS|JXYY|HUB|JX|20260401103000||{event}|M{number}|P|2.5|||||CHN|UNICODE UTF-8"
_PID = "PID|1||P{person}^^^JXYY^MR||张^三||19700101|M|||演示路1号^^南昌^江西^330000||13900000000"
_PV1 = "PV1|1|I|内科^01^02^JXYY|R|||D01^李^四|||MED|||||||||V{number}^^^JXYY^VN"


def main() -> None:
    """Measure and print the table."""
    samples = b"\r".join(
        path.read_bytes().removeprefix(b"\xef\xbb\xbf").replace(b"\n", b"\r")
        for path in SAMPLES.glob("*.hl7")
    )
    mixes = {
        "71 samples (mean 5 kB)": samples,
        "ORU^R01 with 10 results": b"".join(_oru(number) for number in range(1000)),
        "ADT^A01 with NK1, AL1, DG1": b"".join(_adt(number) for number in range(1000)),
    }
    print(table("HL7 v2, one core", [_measure(name, body) for name, body in mixes.items()]))


def _measure(name: str, body: bytes) -> Row:
    format_, messages, facts = Hl7v2(), 0, 0
    start = time.process_time()
    while time.process_time() - start < SECONDS:
        for piece in format_.pieces(io.BytesIO(body), ORIGIN):
            for item in format_.items(piece, ORIGIN):
                messages, facts = messages + 1, facts + len(item.facts)
    took = time.process_time() - start
    return Row(
        name, messages / took, "messages/CPU-s", "≥ 1,500", f"{facts / messages:.1f} records a message"
    )


def _oru(number: int) -> bytes:
    results = [
        f"OBX|{at}|NM|L{at}^项目{at}^L||{at}.{number % 90 + 10}|mmol/L^mmol/L^UCUM|3.9-6.1|H|||F"
        f"|||20260401093000||T0{at % 3}^王^五"
        for at in range(10)
    ]
    order = f"ORC|RE|O{number}^HIS|F{number}^LIS||CM"
    times = "20260401080000|||||||||D01^李^四||||||20260401100000||CH|F"
    report = f"OBR|1|O{number}^HIS|F{number}^LIS|24323-8^生化^LN|||{times}"
    return _message("ORU^R01^ORU_R01", number, _PID, _PV1, order, report, *results)


def _adt(number: int) -> bytes:
    rest = (
        "NK1|1|张^四|SPO||13800000000",
        _PV1,
        "AL1|1|DA|A01^青霉素^L|SV|皮疹",
        "DG1|1||I10^高血压^I10||20260401|A",
    )
    return _message("ADT^A01^ADT_A01", number, "EVN|A01|20260401102900", _PID, *rest)


def _message(event: str, number: int, *lines: str) -> bytes:
    text = "\r".join([_MSH, *lines, ""])
    return text.format(event=event, number=number, person=number % 500).encode()
