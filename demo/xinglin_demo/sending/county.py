"""A county hospital in tables of WS 445 (CSV): people, visits, diagnoses, prescriptions, results, stays.

It codes sexes, frequencies and routes by the national code tables and its laboratory items in its own way.
"""

from collections import defaultdict
from collections.abc import Iterator

from xinglin_demo.sending.files import Cells, as_csv
from xinglin_demo.story import Report, Story, Visit
from xinglin_demo.tables import rows_by

SEXES = {"male": "1", "female": "2"}
NAME = "橘井县人民医院"
OFTEN = {1: "09", 2: "01", 4: "10"}
"""Times a day to CV06.00.228, which has no code for three; then it is other (99), told in a remark."""


class County:
    """Collects what happens at the county hospital."""

    def __init__(self) -> None:
        self.tables: dict[str, list[Cells]] = defaultdict(list)

    def take(self, story: Story) -> None:
        """Take a person's visits to the hospital."""
        visits = story.at("county")
        if visits:
            self.tables["patients"].append(_person(story, visits[0]))
        for visit in visits:
            self._take_visit(story, visit)

    def _take_visit(self, story: Story, visit: Visit) -> None:
        tables, who = self.tables, _who(story, visit)
        if visit.stay:
            tables["front-pages"].append(_front_page(story, visit))
            tables["vital-signs"].append(_vital_signs(story, visit))
        else:
            tables["visits"].append(_outpatient(story, visit))
            tables["diagnoses"] += list(_diagnoses(visit, who))
        tables["prescriptions"] += list(_prescriptions(story, visit))
        for number, report in enumerate(visit.reports):
            if report.results:
                tables["results"] += list(
                    results(story, visit, number, report, place="county", hospital=NAME)
                )

    def files(self) -> Iterator[tuple[str, bytes]]:
        """Give the tables as files."""
        for name, rows in sorted(self.tables.items()):
            if rows:
                yield f"{name}.csv", as_csv(rows)


def _person(story: Story, visit: Visit) -> Cells:
    return {
        "患者编号": story.number_at("county"),
        "患者姓名": story.name,
        "性别代码": SEXES[story.sex],
        "出生日期": f"{story.born:%Y%m%d}",
        "患者身份证件类别代码": "01",
        "患者身份证件号码": story.resident_number,
        "患者电话号码": story.phone,
        "地址-县（区）": "橘井县",
        "地址-村（街、路、弄等）": story.address,
        "建档日期时间": f"{visit.start:%Y%m%dT%H%M%S}",
    }


def _who(story: Story, visit: Visit) -> Cells:
    """Give the columns that say whose row it is, and of which visit."""
    number = {"住院号": visit.number} if visit.stay else {"门（急）诊号": visit.number}
    return number | {
        "身份证件号码": story.resident_number,
        "患者姓名": story.name,
        "性别代码": SEXES[story.sex],
    }


def _outpatient(story: Story, visit: Visit) -> Cells:
    first = visit.diagnoses[0] if visit.diagnoses else None
    return {
        **_who(story, visit),
        "出生日期": f"{story.born:%Y%m%d}",
        "就诊日期时间": f"{visit.start:%Y%m%dT%H%M%S}",
        "科室名称": visit.department,
        "主诉": visit.reason,
        "初步诊断-西医诊断编码": first.code if first else "",
        "初步诊断-西医诊断名称": first.name if first else "",
        "医师签名": visit.staff.name,
    }


def _diagnoses(visit: Visit, who: Cells) -> Iterator[Cells]:
    for rank, one in enumerate(visit.diagnoses, 1):
        yield {
            **who,
            "就诊日期时间": f"{visit.start:%Y%m%dT%H%M%S}",
            "诊断日期": f"{visit.start:%Y%m%dT%H%M%S}",
            "西医诊断编码": one.code,
            "诊断名称": one.name,
            "诊断顺序": str(rank),
            "诊断医师签名": visit.staff.name,
        }


def _prescriptions(story: Story, visit: Visit) -> Iterator[Cells]:
    for line, one in enumerate(visit.prescriptions, 1):
        yield {
            "处方编号": f"{visit.number}01",
            "处方明细序号": str(line),
            "处方开立日期": f"{visit.start:%Y%m%d}",
            "处方开立科室名称": visit.department,
            "处方开立医师签名": visit.staff.name,
            "处方有效天数": str(one.days),
            "门（急）诊号": visit.number,
            "身份证件号码": story.resident_number,
            "患者姓名": story.name,
            "性别代码": SEXES[story.sex],
            "疾病诊断编码": visit.diagnoses[0].code if visit.diagnoses else "",
            "药物名称": one.name,
            "药物使用次剂量": one.amount,
            "药物使用剂量单位": one.unit,
            "药物使用频次代码": OFTEN.get(one.per_day, "99"),
            "处方备注信息": "" if one.per_day in OFTEN else f"一日{one.per_day}次",
            "药物使用途径代码": one.route,
        }


def results(
    story: Story, visit: Visit, number: int, report: Report, *, place: str, hospital: str
) -> Iterator[Cells]:
    """Give the rows of a laboratory report (WS 445.4), its items coded as `place` does."""
    for one in report.results:
        local = rows_by("local_items", "key")[one.item["key"]]
        quantitative = bool(one.item["unit"])
        yield {
            "检验报告单编号": f"{visit.number}{number}",
            "检验项目代码": local[f"{place}_code"],
            "检验项目名称": local[f"{place}_name"],
            "检验定量结果": one.value if quantitative else "",
            "检验定性结果": "" if quantitative else one.value,
            "检验定量结果计量单位": one.item["unit_text"],
            # 1 正常 2 异常 by WS 363, as the source declares
            "检验结果代码": {"N": "1", "H": "2", "L": "2"}.get(one.flag, ""),
            "参考范围": one.reference,
            "检验类别": report.panel["name"],
            **_who(story, visit),
            "标本采样日期时间": f"{visit.start:%Y%m%dT%H%M%S}",
            "检验报告日期": f"{visit.start:%Y%m%d}",
            "检验日期": f"{visit.start:%Y%m%d}",
            "检验报告机构名称": hospital,
        }


def _vital_signs(story: Story, visit: Visit) -> Cells:
    upper, lower = visit.pressure or ("", "")
    return {
        "住院号": visit.number,
        "身份证件号码": story.resident_number,
        "患者姓名": story.name,
        "性别代码": SEXES[story.sex],
        "记录日期时间": f"{visit.start:%Y%m%dT%H%M%S}",
        "入院日期时间": f"{visit.start:%Y%m%dT%H%M%S}",
        "科室名称": visit.department,
        "体温（℃）": visit.vitals.get("temperature", ""),
        "脉率（次/min）": visit.vitals.get("heartrate", ""),
        "呼吸频率（次/min）": visit.vitals.get("respiration", ""),
        "收缩压（mmHg）": upper,
        "舒张压（mmHg）": lower,
    }


def _front_page(story: Story, visit: Visit) -> Cells:
    main, done = visit.diagnoses[0], visit.operations[0] if visit.operations else None
    operated = (
        {
            "手术及操作编码": done.code,
            "手术及操作名称": done.name,
            "手术及操作日期": done.day.replace("-", ""),
        }
        if done
        else {}
    )
    return {
        "医疗机构名称": NAME,
        "住院次数": "1",
        "住院号": visit.number,
        "病案号": story.number_at("county"),
        "姓名": story.name,
        "性别代码": SEXES[story.sex],
        "出生日期": f"{story.born:%Y%m%d}",
        "年龄（岁）": str(story.age(visit.start.date())),
        "身份证件类别代码": "01",
        "患者身份证件号码": story.resident_number,
        "电话号码": story.phone,
        "入院途径代码": "2",
        "入院日期时间": f"{visit.start:%Y%m%dT%H%M%S}",
        "入院科别": visit.department,
        "出院日期时间": f"{visit.end:%Y%m%dT%H%M%S}",
        "出院科别": visit.department,
        "实际住院天数": str((visit.end.date() - visit.start.date()).days),
        "离院方式代码": "1",
        "住院医师签名": visit.staff.name,
        "门（急）诊诊断疾病编码": main.code,
        "门（急）诊诊断名称": main.name,
        "出院诊断-主要诊断疾病编码": main.code,
        "出院诊断-主要诊断名称": main.name,
        "出院诊断-主要诊断入院病情代码": "1",
        **operated,
    }
