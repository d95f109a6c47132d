"""Models as files: JSON to use again, and a chart to look at."""

from pathlib import Path

import msgspec

from xinglin.core.i18n import terminal_language
from xinglin.hub.identity.linkage.charts import match_weights
from xinglin.hub.identity.linkage.files import Linked
from xinglin.hub.identity.linkage.model import Model, read_model


def save_model(model: Model, path: Path) -> None:
    """Write a model as JSON."""
    path.write_bytes(msgspec.json.format(msgspec.json.encode(model)) + b"\n")


def load_model(path: Path) -> Model:
    """Read a model from JSON; raises UnusableModel."""
    return read_model(path.read_bytes())


def save_chart(found: Linked, path: Path) -> None:
    """Draw what each level weighs in the model that linked."""
    path.write_text(match_weights(found.model, found.comparisons, terminal_language()), "utf-8")
