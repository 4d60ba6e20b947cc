"""What of a classifier is saved, and how it is opened again."""

from pathlib import Path
from typing import Any

from xmlrec.errors import EncoderError, ModelError
from xmlrec.models.calibrating import Calibration
from xmlrec.models.changing import ModelParts
from xmlrec.models.lineage import TAXONOMY, Lineage, read_lineage, write_history
from xmlrec.models.model_dir import (
    BASE,
    MANIFEST,
    RETRAIN,
    check_kind,
    model_digest,
    read_manifest,
    verify_base,
    write_model,
)
from xmlrec.models.ranker import TextRanker
from xmlrec.models.settings import PATHS, RankerSettings
from xmlrec.models.version_writing import write_versions
from xmlrec.probabilities import N_BEST
from xmlrec.taxonomy import read_taxonomy, write_taxonomy
from xmlrec.taxonomy.changes import count
from xmlrec.taxonomy.state import TaxonomyState

KIND = "classifier"
CALIBRATION = "calibration"


def describe(parts: ModelParts) -> dict[str, Any]:
    """Return what the manifest says of a model as it was trained."""
    taxonomy = parts.state.taxonomy
    return {
        "kind": KIND,
        "version": len(parts.lineage.past),
        "settings": parts.settings.to_json(),
        "taxonomy": {
            "name": f"{parts.taxonomy_name}@sha256:{taxonomy.digest[:12]}",
            "digest": taxonomy.digest,
        },
        "data": {
            "digest": parts.data_digest,
            "n_items": parts.n_items,
            "n_categories": int(taxonomy.is_active.sum()),
            "n_categories_with_items": int((parts.ranker.labels.counts > 0).sum()),
            "n_features": parts.ranker.features.n_features,
        },
        "probabilities": {
            "paths": PATHS[0] if parts.calibration.calibrator.is_single else PATHS[1],
            "n_candidates": N_BEST,
            "n_held_out": len(parts.calibration.held_out.nodes),
        },
        "valid_metrics": parts.valid_metrics,
    }


def save_parts(parts: ModelParts, folder: Path) -> str:
    """Write a model directory, whole or not at all, and return the model's name.

    Raises
    ------
    ModelError
        As `write_model`; also if the model there has versions that this one does not go on from.
    """

    def fill(base: Path) -> None:
        write_taxonomy(parts.state.taxonomy, base / TAXONOMY)
        write_history(parts.lineage, base)
        parts.ranker.save(base)
        parts.calibration.save(base / CALIBRATION)

    def finish(model_dir: Path) -> None:
        write_versions(model_dir, parts.lineage.since)

    def check() -> None:
        check_replaceable(folder, parts.lineage)

    write_model(folder, describe(parts), fill, finish=finish, check=check)
    return base_name(parts.settings, folder)


def check_replaceable(folder: Path, lineage: Lineage | None) -> None:
    """Raise `ModelError` if changes of a taxonomy would be lost with the model in ``folder``.

    ``lineage`` is that of the model that is to take its place, None if it goes on from no other.
    """
    if not (folder / BASE / MANIFEST).is_file():
        return
    check_kind(folder, KIND)
    try:
        there = read_lineage(folder)
    except ModelError:
        return  # it can only be trained again
    if there.number and (lineage is None or not there.is_continued_by(lineage)):
        problem = f"{count(there.number, 'change')} of its taxonomy would be lost"
        step = "go on from it with `xmlrec train --from`, or name another folder"
        raise ModelError(str(folder), problem, step)


def load_parts(folder: Path, *, verify: bool) -> tuple[ModelParts, str]:
    """Return what a model directory holds, and the name of the model as it was trained.

    Raises
    ------
    ModelError
        If there is no classifier, it is damaged, or of another format.
    """
    manifest = verify_base(folder) if verify else read_manifest(folder)
    if manifest.get("kind") != KIND:
        raise ModelError(str(folder), f"it is a {manifest.get('kind')}, not a {KIND}")
    lineage = read_lineage(folder, verify=verify)
    base = folder / BASE
    try:
        taxonomy = read_taxonomy(base / TAXONOMY)
        examples = lineage.base_state().examples if lineage.past else {}
        parts = ModelParts(
            settings=RankerSettings.from_json(manifest["settings"]),
            ranker=TextRanker.load(base),
            calibration=Calibration.load(base / CALIBRATION),
            state=TaxonomyState(taxonomy, examples),
            taxonomy_name=manifest["taxonomy"]["name"].rpartition("@")[0],
            lineage=lineage,
            n_items=manifest["data"]["n_items"],
            data_digest=manifest["data"]["digest"],
            valid_metrics=manifest["valid_metrics"],
        )
    except EncoderError:
        raise
    except Exception as error:  # a damaged header makes numpy raise anything
        raise ModelError(str(folder), f"it is damaged ({error})", RETRAIN) from error
    n_answered = int(parts.calibration.held_out.nodes.max(initial=-1)) + 1
    if len(taxonomy) != parts.ranker.labels.counts.size or n_answered > len(taxonomy):
        raise ModelError(str(folder), "its parts come from different models", RETRAIN)
    return parts, base_name(parts.settings, folder)


def base_name(settings: RankerSettings, folder: Path) -> str:
    """Return the name of a saved model as it was trained."""
    return f"{settings.preset}@sha256:{model_digest(folder)[:12]}"
