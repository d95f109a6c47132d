"""What goes wrong in every province, on purpose, so that the refused queue and the quality rules have work.

`tables/faults.csv` says which fault each file has, and the code under which it is to be refused. Beside
these, some deliveries are right but awkward: the same message twice, an older state that arrives late, a
resident number with a wrong check character (kept, and counted by the quality rules).
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from xinglin.core.exact_json import dumps
from xinglin_demo import identifiers
from xinglin_demo.bundle import tagged
from xinglin_demo.fhir import LOINC, concept, reference
from xinglin_demo.sending import hl7
from xinglin_demo.sending.files import as_csv, as_xlsx
from xinglin_demo.story import Story

Files = Iterator[tuple[str, bytes]]
FUTURE = datetime(2062, 3, 1, 9, 30)
OWN_NAMES: tuple[str, ...] = ("BGDH", "XMDM", "XMMC", "JG", "DW", "MZH")
AGAIN = 5
"""How many messages are sent twice."""

AT = "20261015"
"""The day of the rows of tables."""


class Faults:
    """Makes the faulty files of each sender, about the first person of the province."""

    def __init__(self, story: Story, today: datetime) -> None:
        self.story = story
        self.today = today

    def city_his(self) -> Files:
        """Give an unknown event, nobody's number, unreadable bytes; addresses in the wrong order."""
        story, today = self.story, self.today
        nobody = hl7.patient(story).split("|")
        nobody[3] = ""
        name = hl7.message("HIS", "ADT^A31^ADT_A05", today, "F3", ["EVN|A31", hl7.patient(story)])[1]
        parts = [
            hl7.message("HIS", "ADT^A17^ADT_A17", today, "F1", ["EVN|A17", hl7.patient(story)])[1],
            hl7.message("HIS", "ADT^A31^ADT_A05", today, "F2", ["EVN|A31", "|".join(nobody)])[1],
        ]
        broken = name.encode("gb18030").replace(story.name.encode("gb18030"), b"\xff\xff")
        yield "2026-supplement.hl7", "".join(parts).encode("gb18030") + broken
        yield "address-new.hl7", self._moved(today - timedelta(days=2), "药圃街8号", "M2")
        yield "address-old-late.hl7", self._moved(today - timedelta(days=400), "旧址街1号", "M1")

    def _moved(self, at: datetime, address: str, number: str) -> bytes:
        person = hl7.patient(self.story).replace(self.story.address, address)
        segments = [f"EVN|A31|{at:%Y%m%d%H%M%S}", person]
        return hl7.message("HIS", "ADT^A31^ADT_A05", at, number, segments)[1].encode("gb18030")

    def city_lis(self, sent: bytes) -> Files:
        """Give a report from the future, and messages of the file `sent` once more."""
        segments = [
            hl7.patient(self.story),
            "OBR|1||FUT1^LIS|BLOOD^血常规^L|||20620301",
            "OBX|1|NM|WBC^白细胞计数^L||5.0",
        ]
        yield "2026-supplement.hl7", hl7.message("LIS", "ORU^R01^ORU_R01", FUTURE, "F1", segments)[1].encode()
        # Never all of them: a file of the same bytes would be the same delivery.
        again = [one for one in sent.split(b"MSH|") if one][1:][-AGAIN:]
        if again:
            yield "2026-sent-again.hl7", b"".join(b"MSH|" + one for one in again)

    def county(self) -> Files:
        """Give rows that Excel has spoilt, undeclared names of columns, and a number with a wrong check."""
        good = self._result("1", date=AT)
        rounded = self._result("2", date=AT) | {"身份证件号码": "3.68E+17"}
        impossible = self._result("3", date="20260231")
        whole = as_csv([good, rounded, impossible]).decode()
        torn = as_csv([self._result("4", date=AT)]).decode().splitlines()[1] + ",多出的一格\r\n"
        yield "results-supplement.csv", (whole + torn).encode()
        own = dict(zip(OWN_NAMES, good.values(), strict=False))
        yield "results-own-names.csv", as_csv([own, own])
        number = self.story.resident_number
        wrong = number[:17] + ("1" if number[17] != "1" else "2")
        person = {
            "患者编号": "99990001",
            "患者姓名": self.story.name,
            "患者身份证件类别代码": "01",
            "患者身份证件号码": wrong,
            "建档日期时间": f"{AT}T090000",
        }
        yield "patients-supplement.csv", as_csv([person])

    def _result(self, number: str, *, date: str) -> dict[str, str]:
        return {
            "检验报告单编号": f"BL{number}",
            "检验项目代码": "2013",
            "检验项目名称": "空腹血糖",
            "检验定量结果": "5.6",
            "检验定量结果计量单位": "mmol/L",
            "门（急）诊号": f"MZBL{number}",
            "身份证件号码": self.story.resident_number,
            "患者姓名": self.story.name,
            "检验报告日期": date,
        }

    def traditional(self, document: bytes) -> Files:
        """Give half of a document, and one with a document type declaration."""
        yield "2026-cut-off.xml", document[: len(document) // 2]
        head, _, rest = document.partition(b"\n")
        yield "2026-doctype.xml", head + b'\n<!DOCTYPE ClinicalDocument SYSTEM "cda.dtd">\n' + rest

    def village(self) -> Files:
        """Give a follow-up without the number of the person."""
        row = {
            "城乡居民健康档案编号": "",
            "高血压患者随访服务记录表编号": "GXYBL1",
            "本人姓名": self.story.name,
            "本次随访日期": AT,
            "收缩压(mmHg)": "138",
            "舒张压(mmHg)": "86",
        }
        yield "hypertension-supplement.xlsx", as_xlsx("Sheet1", [row])

    def centre(self) -> Files:
        """Give a report without status."""
        report = tagged(
            {
                "resourceType": "DiagnosticReport",
                "id": "supplement-1",
                "identifier": [
                    {"system": identifiers.local_system("centre", "report"), "value": "supplement-1"}
                ],
                "code": concept(LOINC, "11524-6", "常规心电图"),
                "subject": reference(f"Patient/{self.story.number_at('centre')}"),
                "conclusion": "窦性心律，正常心电图。",
            }
        )
        yield "reports-supplement.ndjson", dumps(report) + b"\n"
