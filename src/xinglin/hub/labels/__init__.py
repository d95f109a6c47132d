"""Labels of confidentiality on every record that is written, and on those that were."""

from xinglin.hub.labels.labelling import Labelling

__all__ = ["Labelling"]
