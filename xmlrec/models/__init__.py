"""Models: what is trained on a catalog and a taxonomy, saved, opened and asked."""

from xmlrec.models.classifier import TaxonomyClassifier
from xmlrec.models.model_dir import check_writable, model_digest, read_manifest, verify_model
from xmlrec.models.settings import PRESETS, RankerSettings

__all__ = [
    "PRESETS",
    "RankerSettings",
    "TaxonomyClassifier",
    "check_writable",
    "model_digest",
    "read_manifest",
    "verify_model",
]
