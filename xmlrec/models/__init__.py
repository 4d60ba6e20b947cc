"""Models: what is trained on a catalog and a taxonomy, saved, opened and asked."""

from typing import TYPE_CHECKING, Any

from xmlrec.models.lineage import Lineage, read_lineage
from xmlrec.models.model_dir import check_writable, model_digest, read_manifest
from xmlrec.models.settings import PRESETS, TREES, RankerSettings
from xmlrec.models.versions import Version, current_version, verify_model, version_to_json

if TYPE_CHECKING:
    from xmlrec.models.classifier import TaxonomyClassifier

__all__ = [
    "PRESETS",
    "TREES",
    "Lineage",
    "RankerSettings",
    "TaxonomyClassifier",
    "Version",
    "check_writable",
    "current_version",
    "model_digest",
    "read_lineage",
    "read_manifest",
    "verify_model",
    "version_to_json",
]


def __getattr__(name: str) -> Any:
    if name == "TaxonomyClassifier":  # imports numba, which looking into a model need not
        from xmlrec.models.classifier import TaxonomyClassifier

        return TaxonomyClassifier
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
