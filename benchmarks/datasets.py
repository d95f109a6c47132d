"""How fast tables are read, from bytes to facts: `python benchmarks/datasets.py`."""

import io
import time
from datetime import timedelta, timezone

from xinglin.standards.conversion import Origin
from xinglin.standards.datasets import shipped
from xinglin.standards.datasets.csv_format import TableCsv
from xinglin.standards.identifiers import invented_resident

ROWS = 20_000
ORIGIN = Origin(
    "bench", "bench", "bench", "bench", timezone(timedelta(hours=8)), declared={"abnormal-flag": "WS363"}
)


def persons() -> bytes:
    """Invent a table of persons, 13 columns."""
    header = (
        "城乡居民健康档案编号,本人姓名,性别代码,出生日期,身份证件类别代码,身份证件号码,工作单位名称,本人电话号码,"
        "联系人姓名,联系人电话号码,常住地址户籍标志,民族,婚姻状况代码"
    )
    rows = (
        f"3601010010010{at:04},张三{at},1,19600102,01,{invented_resident(at)},某单位,,李四,,T,01,20"
        for at in range(ROWS)
    )
    return "\n".join([header, *rows]).encode("gb18030")


def results() -> bytes:
    """Invent a table of laboratory results, 15 columns, ten results a report."""
    header = (
        "检验报告单编号,检验项目代码,检验项目名称,检验定量结果,检验定量结果计量单位,检验结果代码,参考范围,门（急）诊号,"
        "身份证件号码,患者姓名,性别代码,标本类别,检验标本号,标本采样日期时间,检验报告日期"
    )
    rows = (
        f"L{at // 10},I{at % 10},葡萄糖,{at % 97 / 10},mmol/L,1,3.9-6.1,M{at // 10},"
        f"{invented_resident(at // 10)},张三,1,血清,S{at // 10},20240302T081500,20240302"
        for at in range(ROWS)
    )
    return "\n".join([header, *rows]).encode()


def measure(name: str, raw: bytes) -> None:
    """Read a table twice over and print the better rate."""
    table = TableCsv()
    best = 0.0
    for _ in range(2):
        begun = time.process_time()
        facts = refused = 0
        for piece in table.pieces(io.BytesIO(raw), ORIGIN):
            for item in table.items(piece, ORIGIN):
                facts += len(item.facts)
                refused += item.error is not None
        best = max(best, ROWS / (time.process_time() - begun))
    print(f"{name}: {best:,.0f} rows/s of CPU, {facts} resources, {refused} refused")


def main() -> None:
    """Measure and print."""
    shipped()
    measure("persons", persons())
    measure("laboratory results", results())
