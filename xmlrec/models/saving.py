"""What of a classifier is saved, and how it is opened again."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from xmlrec.errors import ModelError
from xmlrec.models.model_dir import (
    BASE,
    RETRAIN,
    model_digest,
    read_manifest,
    verify_model,
    write_model,
)
from xmlrec.models.ranker import TextRanker
from xmlrec.models.settings import RankerSettings
from xmlrec.taxonomy import Taxonomy, read_taxonomy, write_taxonomy

KIND = "classifier"


@dataclass(frozen=True, slots=True, kw_only=True)
class ModelParts:
    """A trained classifier; see `TaxonomyClassifier` for what each part is."""

    settings: RankerSettings
    taxonomy: Taxonomy
    taxonomy_name: str
    ranker: TextRanker
    n_items: int
    data_digest: str
    valid_metrics: dict[str, float]

    def describe(self) -> dict[str, Any]:
        """Return what the manifest says of the parts."""
        return {
            "kind": KIND,
            "settings": self.settings.to_json(),
            "taxonomy": {"name": self.taxonomy_name, "digest": self.taxonomy.digest},
            "data": {
                "digest": self.data_digest,
                "n_items": self.n_items,
                "n_categories": len(self.taxonomy),
                "n_categories_with_items": int((self.ranker.labels.counts > 0).sum()),
                "n_features": self.ranker.features.n_features,
            },
            "valid_metrics": self.valid_metrics,
        }


def save_parts(parts: ModelParts, folder: Path) -> str:
    """Write a model directory, whole or not at all, and return the model's name.

    Raises
    ------
    ModelError
        As `write_model`.
    """

    def fill(base: Path) -> None:
        write_taxonomy(parts.taxonomy, base / "taxonomy.jsonl")
        parts.ranker.save(base)

    write_model(folder, parts.describe(), fill)
    return _name(parts.settings, folder)


def load_parts(folder: Path, *, verify: bool) -> tuple[ModelParts, str]:
    """Return what a model directory holds, and the model's name.

    Raises
    ------
    ModelError
        If there is no classifier, it is damaged, or of another format.
    """
    manifest = verify_model(folder) if verify else read_manifest(folder)
    if manifest.get("kind") != KIND:
        raise ModelError(str(folder), f"it is a {manifest.get('kind')}, not a {KIND}")
    base = folder / BASE
    try:
        parts = ModelParts(
            settings=RankerSettings.from_json(manifest["settings"]),
            taxonomy=read_taxonomy(base / "taxonomy.jsonl"),
            taxonomy_name=manifest["taxonomy"]["name"],
            ranker=TextRanker.load(base),
            n_items=manifest["data"]["n_items"],
            data_digest=manifest["data"]["digest"],
            valid_metrics=manifest["valid_metrics"],
        )
    except Exception as error:  # a damaged header makes numpy raise anything
        raise ModelError(str(folder), f"it is damaged ({error})", RETRAIN) from error
    if len(parts.taxonomy) != parts.ranker.labels.counts.size:
        raise ModelError(str(folder), "its parts come from different models", RETRAIN)
    return parts, _name(parts.settings, folder)


def _name(settings: RankerSettings, folder: Path) -> str:
    return f"{settings.preset}@sha256:{model_digest(folder)[:12]}"
