"""A recommender as a model directory."""

import json
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import scipy.sparse as sp

from xmlrec.errors import EncoderError, ModelError
from xmlrec.models.model_dir import (
    BASE,
    MANIFEST,
    check_kind,
    check_writable,
    model_digest,
    read_manifest,
    verify_base,
    write_model,
)
from xmlrec.models.ranker_files import load_arrays, read_rows, save_arrays
from xmlrec.recommend.categories import WITH_MODEL, CategoryForecast, as_kernel
from xmlrec.recommend.content import Content
from xmlrec.recommend.item_files import read_items, write_items
from xmlrec.recommend.items import ItemTable
from xmlrec.recommend.level_tree import LevelTree
from xmlrec.recommend.neighbours import NeighbourIndex
from xmlrec.recommend.parts import Parts
from xmlrec.recommend.scoring import ItemFacts, Limits, Weights
from xmlrec.recommend.settings import RecommenderSettings
from xmlrec.text import TextFeatures

KIND = "recommender"
REFIT = "make it again with `xmlrec recommend fit`"
MATRICES = ("masses", "steps", "above")


def save_parts(parts: Parts, folder: Path, *, replaces: str | None = None) -> None:
    """Write a model directory, whole or not at all.

    Parameters
    ----------
    replaces : str, optional
        The digest of the model that is replaced; if another one is there by now, that stays.

    Raises
    ------
    ModelError
        If it cannot be written, or another one would be lost.
    """

    def fill(base: Path) -> None:
        write_items(base / "items", parts.items)
        (base / "neighbours").mkdir()
        parts.neighbours.write(base / "neighbours")
        save_arrays(base / "scoring", scoring_arrays(parts))
        if parts.content is not None:
            save_arrays(base / "text", parts.content.features.to_arrays())
            save_arrays(base / "words", rows_of("X", parts.content.X))
            settings = json.dumps(parts.content.features.settings) + "\n"
            (base / "text.json").write_text(settings, encoding="utf-8")
        if parts.model is not None:
            parts.model.save(base / "model")

    def check() -> None:
        check_replaceable(folder)
        if replaces is not None and model_digest(folder) != replaces:
            step = "add the items again"
            raise ModelError(str(folder), "it has changed since it was opened", step)

    write_model(folder, describe(parts), fill, check=check)


def check_replaceable(folder: Path) -> None:
    """Raise `ModelError` if no recommender can be written to ``folder``."""
    check_writable(folder)
    check_kind(folder, KIND)


def remove_state(folder: Path) -> None:
    """Remove what a session model in training left in ``folder``, and it if it is empty then."""
    from xmlrec.encode.sessions.training import STATE_FILE

    for name in (STATE_FILE, f"{STATE_FILE}.part"):
        (folder / name).unlink(missing_ok=True)
    with suppress(OSError):  # not there, or not empty
        folder.rmdir()


def describe(parts: Parts) -> dict[str, Any]:
    """Return what the manifest says of a recommender."""
    return {
        "kind": KIND,
        "settings": parts.settings.to_json(),
        "limits": asdict(parts.limits),
        "data": {
            "n_items": len(parts.items),
            "n_items_with_events": int((parts.facts.counts > 0).sum()),
            "n_events": int(parts.facts.counts.sum()),
            "n_sessions": parts.neighbours.n_sessions,
            "n_categories": len(parts.items.taxonomy),
        },
        "weights": {
            name: {"warm": warm, "cold": cold}
            for name, warm, cold in zip(
                parts.facts.feature_names,
                parts.weights.warm.tolist(),
                parts.weights.cold.tolist(),
                strict=True,
            )
        },
        "forecast": {
            "shares": dict(zip(WITH_MODEL, parts.forecast.shares.tolist(), strict=True)),
            "shapes": parts.forecast.shapes.tolist(),
        },
    }


def scoring_arrays(parts: Parts) -> dict[str, Any]:
    """Return what the weights and the forecast consist of."""
    forecast, weights = parts.forecast, parts.weights
    arrays: dict[str, Any] = {
        "ends": forecast.ends,
        "popularity": forecast.popularity,
        "shares": forecast.shares,
        "shapes": forecast.shapes,
        "counts": parts.facts.counts,
        "warm": weights.warm,
        "cold": weights.cold,
        "cold_offset": np.array([weights.cold_offset]),
    }
    for name in MATRICES:
        arrays |= rows_of(name, getattr(forecast, name))
    return arrays


def rows_of(name: str, matrix: sp.csr_array) -> dict[str, Any]:
    """Return the arrays of a matrix by name."""
    return {f"{name}.{part}": getattr(matrix, part) for part in ("indptr", "indices", "data")}


def load_parts(folder: Path, *, verify: bool) -> Parts:
    """Return what a model directory holds.

    Raises
    ------
    ModelError
        If there is no recommender, it is damaged, or of another format.
    EncoderError
        If it has a session model and torch is not installed.
    """
    if not (folder / BASE / MANIFEST).is_file():
        step = "make one with `xmlrec recommend fit`"
        raise ModelError(str(folder), "there is no recommender", step)
    manifest = verify_base(folder) if verify else read_manifest(folder)
    if manifest.get("kind") != KIND:
        raise ModelError(str(folder), f"it is a {manifest.get('kind')}, not a {KIND}", REFIT)
    try:
        return read_parts(folder / BASE, manifest)
    except (EncoderError, ModelError):
        raise
    except Exception as error:  # a damaged header makes numpy raise anything
        raise ModelError(str(folder), f"it is damaged ({error})", REFIT) from error


def read_parts(base: Path, manifest: dict[str, Any]) -> Parts:
    """Return the parts in the folder of a base."""
    items = read_items(base / "items")
    arrays = load_arrays(base / "scoring")
    forecast = read_forecast(arrays, items)
    parts = Parts(
        settings=RecommenderSettings.from_json(manifest["settings"]),
        items=items,
        neighbours=NeighbourIndex.read(base / "neighbours"),
        content=read_content(base, len(items)),
        forecast=forecast,
        facts=ItemFacts.of(items, forecast, np.array(arrays["counts"])),
        weights=Weights(
            warm=np.array(arrays["warm"]),
            cold=np.array(arrays["cold"]),
            cold_offset=float(arrays["cold_offset"][0]),
        ),
        limits=Limits(**manifest["limits"]),
    )
    if (base / "model").is_dir():
        from xmlrec.encode.sessions import SessionModel

        parts = parts.with_model(SessionModel.load(base / "model"))
    if len(parts.weights.warm) != len(parts.facts.feature_names):
        raise ModelError(str(base.parent), "its parts come from different recommenders", REFIT)
    return parts


def read_forecast(arrays: Any, items: ItemTable) -> CategoryForecast:
    """Return the forecast of arrays that `scoring_arrays` gave."""
    taxonomy, ends = items.taxonomy, np.array(arrays["ends"])
    n_items, n_ends, n_nodes = len(items), len(ends), len(taxonomy)
    shapes = {"masses": (n_items, n_ends), "steps": (n_ends, n_ends), "above": (n_ends, n_nodes)}
    return CategoryForecast(
        ends=ends,
        popularity=np.array(arrays["popularity"]),
        shares=np.array(arrays["shares"]),
        shapes=np.array(arrays["shapes"]),
        levels=LevelTree(ends, taxonomy.primary_parents, taxonomy.depths),
        **{name: as_kernel(read_rows(arrays, name, shapes[name])) for name in MATRICES},
    )


def read_content(base: Path, n_items: int) -> Content | None:
    """Return the text features of items, None if they have none."""
    if not (base / "text.json").is_file():
        return None
    settings = json.loads((base / "text.json").read_text(encoding="utf-8"))
    features = TextFeatures.from_arrays(settings, load_arrays(base / "text"))
    X = read_rows(load_arrays(base / "words"), "X", (n_items, features.n_features))
    return Content(features, X)
