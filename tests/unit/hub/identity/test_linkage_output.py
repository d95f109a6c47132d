"""The files that are linked are never overwritten."""

from pathlib import Path

import pytest

from xinglin.hub.identity.linkage.errors import OutputIsInput
from xinglin.hub.identity.linkage.files import link


def test_an_input_is_never_the_output(tmp_path: Path) -> None:
    left, columns = tmp_path / "left.csv", tmp_path / "map.yaml"
    left.write_text("id,name\n1,王芳\n", encoding="utf-8")
    columns.write_text("id: id\nfull_name: name\n", encoding="utf-8")
    (tmp_path / "same.csv").symlink_to(left)
    for out in (left, columns, tmp_path / "same.csv"):
        with pytest.raises(OutputIsInput):
            link(left, None, columns=columns, out=out)
        with pytest.raises(OutputIsInput):  # so it is with the model and the chart
            link(left, None, columns=columns, out=tmp_path / "pairs.csv", also=(None, out))
    assert left.read_text(encoding="utf-8").startswith("id,name")
