"""Terminology: loading 100,000 concepts, looking up, expanding with a filter, subsumption.

In one process on an embedded database, without HTTP; names are made of ICD-like Chinese words.
"""

import asyncio
import random
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

from benchmarks.report import Row, table
from xinglin.core.settings import Settings
from xinglin.hub import schema
from xinglin.hub.embedded import EmbeddedServer
from xinglin.hub.hub import Hub, open_hub
from xinglin.hub.terminology.load import load
from xinglin.standards.terminology import AskedExpansion, AskedLookup, AskedSubsumption
from xinglin.standards.terminology.loading import Columns, Release, read_table

CONCEPTS = 100_000
URL = "http://site.example/icd"
WORDS = [
    "急性",
    "慢性",
    "原发性",
    "继发性",
    "先天性",
    "恶性",
    "良性",
    "左侧",
    "右侧",
    "双侧",
    "复发性",
    "未特指的",
    "高血压",
    "糖尿病",
    "心脏病",
    "肺炎",
    "胃溃疡",
    "肝硬化",
    "骨折",
    "肿瘤",
    "支气管炎",
    "肾炎",
    "白内障",
    "中耳炎",
    "关节炎",
    "皮炎",
    "贫血",
    "癫痫",
    "甲状腺",
    "乳腺",
    "前列腺",
    "子宫",
    "冠状动脉",
    "脑梗死",
    "伴感染",
    "伴出血",
]
FILTERS = ("高血压", "gxy", "jixing", "E11.1", "糖尿病 左侧", "mxzqgy", "feiyan", "肾炎 出血")


def main() -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory(prefix="xinglin-bench-") as folder:
        server = EmbeddedServer(Path(folder))
        server.start()
        try:
            schema.upgrade(server.url())
            rows = asyncio.run(_measure(Settings(database_url=server.url()), Path(folder)))
        finally:
            server.stop()
    print(table(f"Terminology ({CONCEPTS:,} concepts)", rows))


def _table(folder: Path) -> Release:
    rng = random.Random(7)
    lines = ["code,name,kind"]
    for number in range(CONCEPTS):
        code = f"{chr(65 + number // 4000)}{number // 40 % 100:02}.{number % 40:03}"
        lines.append(f"{code},{''.join(rng.sample(WORDS, rng.randint(2, 4)))},{number % 7}")
    path = folder / "icd.csv"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return read_table(path, Columns(prefix=True), url=URL, version="1", name="Icd", language="zh")


async def _measure(settings: Settings, folder: Path) -> list[Row]:
    started = time.perf_counter()
    release = _table(folder)
    reading = time.perf_counter() - started
    async with open_hub(settings, settings.database_url) as hub:
        started = time.perf_counter()
        await load(hub, release)
        loading = time.perf_counter() - started
        rows = [
            Row("read from CSV", CONCEPTS / reading, "concepts/s"),
            Row("load", CONCEPTS / loading, "concepts/s", note=f"{loading:.1f} s, one transaction"),
        ]
        return rows + await _questions(hub, [one.code for one in release.concepts])


async def _questions(hub: Hub, codes: list[str]) -> list[Row]:
    rng = random.Random(8)
    service = hub.terminology

    async def lookup() -> object:
        return await service.lookup(AskedLookup(URL, rng.choice(codes)))

    async def subsumes() -> object:
        return await service.subsumes(AskedSubsumption(URL, rng.choice(codes), rng.choice(codes)))

    async def filtered() -> object:
        return await service.expand(AskedExpansion(f"{URL}?fhir_vs", rng.choice(FILTERS), count=20))

    async def paged() -> object:
        return await service.expand(AskedExpansion(f"{URL}?fhir_vs", offset=rng.randrange(90_000), count=20))

    return [
        *await _timed("$lookup", lookup, 2_000),
        *await _timed("$subsumes", subsumes, 1_000),
        *await _timed("$expand with a filter, 20 codes", filtered, 300),
        *await _timed("$expand of a page, 20 codes", paged, 300),
    ]


async def _timed(name: str, work: Callable[[], Awaitable[object]], times: int) -> list[Row]:
    seconds: list[float] = []
    for _ in range(times):
        started = time.perf_counter()
        await work()
        seconds.append(time.perf_counter() - started)
    p95 = 1000 * sorted(seconds)[int(0.95 * times)]
    return [
        Row(name, times / sum(seconds), "a second", note="one after another"),
        Row(f"{name}, 95 of 100 within", p95, "ms"),
    ]


if __name__ == "__main__":
    main()
