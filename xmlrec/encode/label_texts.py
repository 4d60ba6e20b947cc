"""What text stands for a label, and the vector made of it and of examples.

A label has up to five texts: its name, its path, "name. path", its definition, its aliases. With
``t`` the unit-scaled weighted mean of their vectors and ``mean(x)`` the mean vector of its ``n``
examples, the label's vector is the unit-scaled

    c = (n mean(x) + kappa t) / (n + kappa) ,

a prototype (Snell et al., NeurIPS 2017, equation 1) shrunk toward the text: without examples the
text stands alone, and the text weighs as much as ``kappa`` examples.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

import numpy as np
import scipy.sparse as sp

from xmlrec.metrics import precision_at_k, recall_at_k

IntArray = np.ndarray[Any, np.dtype[np.int32]]
FloatArray = np.ndarray[Any, np.dtype[np.float32]]
Variants = Mapping[str, FloatArray]
"""By kind of text, a field of `LabelTextWeights`: unit vectors (n_labels, dim), or zeros where a
label has no such text."""

WEIGHTS: tuple[float, ...] = (0.0, 0.5, 1.0, 2.0)
KAPPAS = (2.0, 5.0, 10.0, 20.0, 50.0)
"""What `choose_weights` tries."""

MAX_ROWS = 2000


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelTextWeights:
    """What each text of a label weighs in its vector.

    Attributes
    ----------
    name, path, name_path, definition, aliases : float
        Relative to each other, 0 for a text that does not count.
    kappa : float
        How many examples the texts weigh as much as.
    """

    name: float = 0.5
    path: float = 0.5
    name_path: float = 1.0
    definition: float = 1.0
    aliases: float = 0.5
    kappa: float = 10.0

    def __post_init__(self) -> None:
        for name, value in asdict(self).items():
            if not 0 <= value < np.inf:
                raise ValueError(f"{name} must be 0 or more and finite, got {value}")


KINDS = tuple(field.name for field in fields(LabelTextWeights) if field.name != "kappa")


@dataclass(frozen=True, slots=True, eq=False)
class LabelTexts:
    """All texts of labels, each once.

    Attributes
    ----------
    texts : tuple of str
        In the order in which labels first have them.
    means : dict of csr_array of float32, shape (n_labels, n_texts)
        By kind: a label's row holds 1 / n at each of its n texts of that kind.
    """

    texts: tuple[str, ...]
    means: dict[str, sp.csr_array]


def training_text(name: str, path: str) -> str:
    """Return "name. path", or the name where there is no more to the path than that."""
    if not name or not path or path == name:
        return name or path
    return f"{name.rstrip('. ')}. {path}"


def label_texts(
    names: Sequence[str],
    paths: Sequence[str],
    definitions: Sequence[str] | None = None,
    aliases: Sequence[Sequence[str]] | None = None,
) -> LabelTexts:
    """Gather the texts of labels.

    Parameters
    ----------
    names : sequence of str
    paths : sequence of str
        The names from the root to the label, joined by blanks.
    definitions : sequence of str, optional
        Empty where a label has none.
    aliases : sequence of sequences of str, optional
        Other names of each label.

    Raises
    ------
    ValueError
        If there is not one entry for each label.
    """
    pairs = zip(names, paths, strict=True)
    texts: dict[str, list[Sequence[str]]] = {
        "name": [(name,) for name in names],
        "path": [(path,) for path in paths],
        "name_path": [(training_text(name, path),) for name, path in pairs],
    }
    if definitions is not None:
        texts["definition"] = [(definition,) for definition in definitions]
    if aliases is not None:
        texts["aliases"] = list(aliases)
    numbers: dict[str, int] = {}
    means = {kind: _mean_rows(of_labels, numbers) for kind, of_labels in texts.items()}
    if len({rows.shape[0] for rows in means.values()}) > 1:
        raise ValueError(
            f"{len(names)} labels have "
            + ", ".join(f"{rows.shape[0]} of {kind}" for kind, rows in means.items())
        )
    for rows in means.values():
        rows.resize(len(names), len(numbers))
    return LabelTexts(tuple(numbers), means)


def _mean_rows(of_labels: Sequence[Sequence[str]], numbers: dict[str, int]) -> sp.csr_array:
    """Return rows that average the texts of each label; texts not in ``numbers`` are added."""
    found = [
        [numbers.setdefault(text, len(numbers)) for text in dict.fromkeys(texts) if text.strip()]
        for texts in of_labels
    ]
    sizes = np.array([len(row) for row in found], dtype=np.int64)
    indices = np.array([number for row in found for number in row], dtype=np.int64)
    weights = np.repeat(1 / np.maximum(sizes, 1), sizes).astype(np.float32)
    indptr = np.concatenate(([0], np.cumsum(sizes)))
    return sp.csr_array((weights, indices, indptr), shape=(sizes.size, len(numbers)))


def encode_variants(
    texts: LabelTexts, encode: Callable[[Sequence[str]], FloatArray]
) -> dict[str, FloatArray]:
    """Return `Variants`; ``encode`` gives unit vectors (n, dim) and sees every text once."""
    vectors = encode(texts.texts)
    return {kind: scale_rows(rows @ vectors) for kind, rows in texts.means.items()}


def scale_rows(vectors: FloatArray) -> FloatArray:
    """Return rows of unit length; a row of zeros stays."""
    norms = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
    return (vectors / np.where(norms > 0, norms, 1)[:, np.newaxis]).astype(np.float32, copy=False)


def example_sums(X: FloatArray, Y: sp.csr_array) -> FloatArray:
    """Return the sum of each label's examples, float32 of shape (n_labels, dim).

    Parameters
    ----------
    X : float32 array, shape (n_instances, dim)
        Unit vectors.
    Y : csr_array, shape (n_instances, n_labels)
        1 where an instance is an example of a label.
    """
    sums: FloatArray = (Y.T.tocsr() @ X).astype(np.float32, copy=False)
    return sums


def label_vectors(
    variants: Variants, weights: LabelTextWeights, *, sums: FloatArray | None = None
) -> FloatArray:
    """Return one unit vector a label, float32 of shape (n_labels, dim); see the module.

    Parameters
    ----------
    variants : Variants
        Kinds that are missing count nothing.
    sums : float32 array, shape (n_labels, dim), optional
        `example_sums`.
    """
    of_kinds = [getattr(weights, kind) * vectors for kind, vectors in variants.items()]
    texts = scale_rows(np.sum(of_kinds, axis=0, dtype=np.float32))
    if sums is None:
        return texts
    return scale_rows(sums + np.float32(weights.kappa) * texts)


def nearest_labels(X: FloatArray, vectors: FloatArray, k: int) -> IntArray:
    """Return the ``k`` labels of highest cosine, int32 of shape (n_instances, k), best first.

    Ties go to the lower label. A label whose vector is zeros is never found; where there are
    fewer labels than ``k`` the rest is -1.
    """
    from indexes import FaissIndex  # imports faiss, which training a text needs not

    telling = np.flatnonzero(vectors.any(axis=1))
    index = FaissIndex(vectors.shape[1])
    index.add(telling, vectors[telling])
    return index.search(X, k)[0].astype(np.int32)


def choose_weights(
    variants: Variants,
    X: FloatArray,
    Y: sp.csr_array,
    *,
    sums: FloatArray | None = None,
    start: LabelTextWeights | None = None,
) -> LabelTextWeights:
    """Return the weights that rank the labels of validation rows best.

    One weight after the other takes the best value of a small grid, until none changes. Best is
    the highest sum of P@1 and recall@10 of the nearest label; on equal sums a weight stays.

    Parameters
    ----------
    variants : Variants
    X : float32 array, shape (n_instances, dim)
        Unit vectors of validation rows, which nothing was trained on; at most `MAX_ROWS` of them
        are looked at.
    Y : csr_array, shape (n_instances, n_labels)
        Their labels.
    sums : float32 array, shape (n_labels, dim), optional
        `example_sums` of other rows. Without them ``kappa`` stays.
    start : LabelTextWeights, optional
        Where to begin; its weights of kinds that no label has stay.
    """
    rows = np.linspace(0, len(X) - 1, min(len(X), MAX_ROWS)).astype(np.int64)
    X, Y = X[rows], Y[rows]

    def quality(weights: LabelTextWeights) -> float:
        ranked = nearest_labels(X, label_vectors(variants, weights, sums=sums), 10)
        return precision_at_k(ranked, Y, 1) + recall_at_k(ranked, Y, 10)

    grids = {kind: WEIGHTS for kind, vectors in variants.items() if vectors.any()}
    if sums is not None:
        grids["kappa"] = KAPPAS
    best = start or LabelTextWeights()
    best_quality, before = quality(best), None
    while best != before:
        before = best
        for name, values in grids.items():
            for value in values:
                weights = replace(best, **{name: value})
                if weights != best and (of_weights := quality(weights)) > best_quality:
                    best, best_quality = weights, of_weights
    return best
