"""A township centre (CSV, GB 18030) and a village clinic (Excel) in tables of WS 365 for basic public health.

The centre keeps the health records, vaccinates and examines; both follow up people with hypertension and
diabetes and see the ill. Both know people by their health record number.
"""

from collections import defaultdict
from collections.abc import Iterator
from datetime import timedelta

from xinglin_demo.sending.county import SEXES, results
from xinglin_demo.sending.files import Cells, as_csv, as_xlsx
from xinglin_demo.story import Prescription, Report, Story, Vaccination, Visit

NAMES = {"township": "悬壶镇中心卫生院", "village": "桃溪村卫生室"}
OFTEN = {1: "qd", 2: "bid", 3: "tid", 4: "qid"}
CHECKUP, WELL_CHILD = "健康体检", "儿童健康检查"
HYPERTENSION, DIABETES = "I10", "E11.9"
NEXT = timedelta(days=90)
"""Follow-ups are due every quarter."""

EXAMINED = {
    "haemoglobin": "血红蛋白值(g/L)",
    "wbc": "白细胞计数值(G/L)",
    "platelets": "血小板计数值(G/L)",
    "glucose": "空腹血糖值(mmol/L)",
    "hba1c": "糖化血红蛋白值(%)",
    "alt": "血清谷丙转氨酶值（U/L）",
    "ast": "血清谷草转氨酶值（U/L）",
    "albumin": "白蛋白浓度（g/L）",
    "bilirubin": "总胆红素值（μmol/L）",
    "creatinine": "血肌酐值（μmol/L）",
    "urea": "血尿素氮检测值（mmol/L）",
    "potassium": "血钾浓度（mmol/L）",
    "cholesterol": "总胆固醇值（mmol/L）",
    "triglycerides": "甘油三酯值（mmol/L）",
    "ldl": "血清低密度脂蛋白胆固醇检测值（mmol/L）",
    "hdl": "血清高密度脂蛋白胆固醇检测值（mmol/L）",
}
"""Laboratory items of the examination form, by their key in `tables/items.csv`."""

Tables = dict[str, list[Cells]]


class Primary:
    """Collects what happens at the township centre and the village clinic."""

    def __init__(self) -> None:
        self.township: Tables = defaultdict(list)
        self.village: Tables = defaultdict(list)

    def take(self, story: Story) -> None:
        """Take a person's health record, vaccinations and visits."""
        self.township["health-records"].append(_record(story))
        self.township["vaccinations"] += [_vaccinated(story, one) for one in story.vaccinations]
        for visit in story.at("township"):
            _take_visit(self.township, story, visit)
        for visit in story.at("village"):
            _take_visit(self.village, story, visit)

    def township_files(self) -> Iterator[tuple[str, bytes]]:
        """Give the centre's tables."""
        for name, rows in sorted(self.township.items()):
            if rows:
                yield f"{name}.csv", as_csv(rows, charset="gb18030", delimiter="\t")

    def village_files(self) -> Iterator[tuple[str, bytes]]:
        """Give the clinic's workbooks."""
        for name, rows in sorted(self.village.items()):
            if rows:
                yield f"{name}.xlsx", as_xlsx("Sheet1", rows)


def _take_visit(tables: Tables, story: Story, visit: Visit) -> None:
    known = {one.code for one in visit.diagnoses}
    if visit.reason in {CHECKUP, WELL_CHILD}:
        tables["examinations"].append(_examined(story, visit))
    elif known & {HYPERTENSION, DIABETES}:
        if HYPERTENSION in known:
            tables["hypertension"].append(_hypertension(story, visit))
        if DIABETES in known:
            tables["diabetes"].append(_diabetes(story, visit))
    else:
        tables["visits"] += list(_seen(story, visit))
        for number, report in enumerate(visit.reports):
            if report.results:
                name = NAMES[visit.place]
                rows = results(story, visit, number, report, place="township", hospital=name)
                tables["results"] += list(rows)


def _record(story: Story) -> Cells:
    return {
        "城乡居民健康档案编号": story.record_number,
        "本人姓名": story.name,
        "性别代码": SEXES[story.sex],
        "出生日期": f"{story.born:%Y%m%d}",
        "身份证件类别代码": "01",
        "身份证件号码": story.resident_number,
        "本人电话号码": story.phone,
        "联系人姓名": story.mother,
        "药物过敏史标志": "1" if story.allergies else "2",
        "药物过敏源": "、".join(code for code, _, _ in story.allergies),
    }


def _who(story: Story, visit: Visit) -> Cells:
    return {
        "城乡居民健康档案编号": story.record_number,
        "本人姓名": story.name,
        "责任医师姓名": visit.staff.name,
    }


def _vaccinated(story: Story, one: Vaccination) -> Cells:
    return {
        "城乡居民健康档案编号": story.record_number,
        "预防接种卡编号": f"JZ{story.number_at('township')}",
        "本人姓名": story.name,
        "性别代码": SEXES[story.sex],
        "出生日期": f"{story.born:%Y%m%d}",
        "监护人姓名": story.mother,
        "家人电话号码": story.phone,
        "疫苗名称代码": one.row["code"],
        "疫苗接种日期": one.day.replace("-", ""),
        "接种部位": one.row["site"],
        "疫苗批号": one.lot,
        "接种剂次": one.row["dose"],
        "疫苗接种医生姓名": one.staff.name,
        "疫苗接种单位名称": NAMES["township"] if one.place == "township" else "橘井县人民医院",
    }


def _medicines(visit: Visit) -> Iterator[tuple[str, str]]:
    for at, one in enumerate(visit.prescriptions, 1):
        yield f"药物名称{at}", one.name
        yield f"药物使用频率{at}", OFTEN[one.per_day]
        yield f"药物使用次剂量{at}", one.amount
        yield f"药物使用剂量单位{at}", one.unit
        yield f"药物使用途径代码{at}", one.route


def _pressure(visit: Visit) -> Cells:
    upper, lower = visit.pressure or ("", "")
    return {"收缩压(mmHg)": upper, "舒张压(mmHg)": lower}


def _follow_up(story: Story, visit: Visit, *, form: str, number: str) -> Cells:
    return {
        **_who(story, visit),
        form: number,
        "本次随访日期": f"{visit.start:%Y%m%d}",
        "随访方式代码": "1",
        **_pressure(visit),
        "体重(kg)": visit.vitals.get("weight", ""),
        "服药依从性代码": "1",
        "药物不良反应标志": _flag(visit.place, yes=False),
        "下次随访日期": f"{visit.start + NEXT:%Y%m%d}",
        "随访医师姓名": visit.staff.name,
        **dict(_medicines(visit)),
    }


def _flag(place: str, *, yes: bool) -> str:
    """Write a flag as the place does: the centre's software declares 1 and 2, the clinic's keeps T and F."""
    return ("1" if yes else "2") if place == "township" else ("T" if yes else "F")


def _hypertension(story: Story, visit: Visit) -> Cells:
    upper, lower = visit.pressure or ("0", "0")
    well = int(upper) < 140 and int(lower) < 90
    return {
        **_follow_up(story, visit, form="高血压患者随访服务记录表编号", number=f"GXY{visit.number[:15]}"),
        "心率(次/min)": visit.vitals.get("heartrate", ""),
        "随访评价结果代码": "1" if well else "2",
    }


def _diabetes(story: Story, visit: Visit) -> Cells:
    values = _values(visit)
    return {
        **_follow_up(story, visit, form="2型糖尿病患者随访服务记录表编号", number=f"TNB{visit.number[:15]}"),
        "空腹血糖值(mmol/L)": values.get("glucose", ""),
        "糖化血红蛋白值(%)": values.get("hba1c", ""),
    }


def _values(visit: Visit) -> dict[str, str]:
    return {one.item["key"]: one.value for report in visit.reports for one in report.results}


def _examined(story: Story, visit: Visit) -> Cells:
    upper, lower = visit.pressure or ("", "")
    values = _values(visit)
    problems = {f"现存主要健康问题代码{at}": one.code for at, one in enumerate(visit.diagnoses, 1)}
    return {
        **_who(story, visit),
        "健康体检表编号": f"TJ{visit.number}",
        "检查(测)日期": f"{visit.start:%Y%m%d}",
        "体温(℃)": visit.vitals.get("temperature", ""),
        "左侧收缩压(mmHg)": upper,
        "左侧舒张压(mmHg)": lower,
        "身高(cm)": visit.vitals.get("height", ""),
        "体重(kg)": visit.vitals.get("weight", ""),
        "体质指数": visit.vitals.get("bmi", ""),
        "心率(次/min)": visit.vitals.get("heartrate", ""),
        **{column: values[key] for key, column in EXAMINED.items() if key in values},
        "心电图异常描述": next((one.conclusion for one in visit.reports if _is_ecg(one)), ""),
        "健康评价异常标志": _flag(visit.place, yes=bool(visit.diagnoses)),
        **problems,
    }


def _is_ecg(one: Report) -> bool:
    return one.panel["key"] == "ecg" and "ST-T" in one.conclusion


def _seen(story: Story, visit: Visit) -> Iterator[Cells]:
    """Give a row for each medicine, or one for a visit without."""
    medicines: list[Prescription | None] = [*visit.prescriptions] or [None]
    first = visit.diagnoses[0] if visit.diagnoses else None
    for one in medicines:
        medicine = (
            {
                "药物名称": one.name,
                "用药天数": str(one.days),
                "药物使用频率": OFTEN[one.per_day],
                "药物使用剂量单位": one.unit,
                "药物使用次剂量": one.amount,
                "药物使用途径代码": one.route,
            }
            if one
            else {}
        )
        yield {
            **_who(story, visit),
            "门诊记录表编号": visit.number,
            "性别代码": SEXES[story.sex],
            "出生日期": f"{story.born:%Y%m%d}",
            "就诊机构名称": NAMES[visit.place],
            "就诊科室名称": visit.department,
            "就诊日期时间": f"{visit.start:%Y%m%dT%H%M%S}",
            "门诊诊断名称": first.name if first else "",
            "门诊诊断代码": first.code if first else "",
            **medicine,
        }
