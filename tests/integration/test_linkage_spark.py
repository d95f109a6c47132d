"""The same links on a Spark cluster as in process: on Sail always, on Apache Spark where there is one."""

import os
import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.test_linkage import POPULATION_MAP, febrl, run
from tests.running import free_port

from xinglin.hub.identity.linkage import errors
from xinglin.hub.identity.linkage.cluster import cluster
from xinglin.hub.identity.linkage.database import database
from xinglin_demo.population import write

pytest.importorskip("splink", reason="the extra 'identity' isn't installed")
pytest.importorskip("pyspark", reason="the extra 'spark' isn't installed")


@pytest.fixture(scope="module")
def sail() -> Iterator[str]:
    server = pytest.importorskip("pysail.spark").SparkConnectServer(ip="127.0.0.1", port=0)
    server.start(background=True)
    yield f"sc://127.0.0.1:{server.listening_address[1]}"
    server.stop()


@pytest.fixture(scope="module")
def apache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = os.environ.get("SPARK_HOME", "")
    if not home or not shutil.which("java"):
        pytest.skip("needs Apache Spark 4 (SPARK_HOME) and a JDK")
    port = free_port()
    folder = tmp_path_factory.mktemp("spark")
    settings = {
        "spark.connect.grpc.binding.port": port,
        "spark.ui.enabled": "false",
        "spark.sql.shuffle.partitions": 4,
    }
    server = subprocess.Popen(
        [
            f"{home}/bin/spark-submit",
            *("--class", "org.apache.spark.sql.connect.service.SparkConnectServer", "--master", "local[2]"),
            *(part for name, value in settings.items() for part in ("--conf", f"{name}={value}")),
            "spark-internal",
        ],
        cwd=folder,
        env={**os.environ, "SPARK_LOCAL_DIRS": str(folder)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        _wait(port, server)
        yield f"sc://127.0.0.1:{port}"
    finally:
        server.terminate()
        server.wait(30)


def _wait(port: int, server: "subprocess.Popen[bytes]") -> None:
    while server.poll() is None:
        with socket.socket() as probe:
            probe.settimeout(1)
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
    pytest.fail("Apache Spark's Connect server ended by itself")


def linked(folder: Path, files: list[Path], remote: str) -> bytes:
    run(folder, *files, spark=remote)
    return (folder / "pairs.csv").read_bytes()


@pytest.mark.slow
def test_two_files_on_sail(sail: str, tmp_path: Path) -> None:
    files, _ = febrl("febrl4", tmp_path)
    assert linked(tmp_path, files, sail) == linked(tmp_path, files, "")


def test_chinese_people_on_sail(sail: str, tmp_path: Path) -> None:
    people = tmp_path / "people.csv"
    write(2_000, 7, people)
    (tmp_path / "map.yaml").write_text(POPULATION_MAP, "utf-8")
    found = linked(tmp_path, [people], sail)
    assert found.count(b"\n") > 500
    assert found == linked(tmp_path, [people], "")


@pytest.mark.slow
def test_one_file_on_apache_spark(apache: str, tmp_path: Path) -> None:
    files, _ = febrl("febrl1", tmp_path)
    assert linked(tmp_path, files, apache) == linked(tmp_path, files, "")


def test_a_cluster_that_isn_t_there() -> None:
    with database() as local:
        local.execute("create table person (n integer)")
        with pytest.raises(errors.ClusterFailed) as caught, cluster(local, f"sc://127.0.0.1:{free_port()}"):
            pass
    assert "sc://127.0.0.1" in caught.value.text()
