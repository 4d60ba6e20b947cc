"""Opening a model that teaches another one."""

from pathlib import Path
from typing import Any

import numpy as np

from xmlrec.encode import JoinedEncoder
from xmlrec.encode.contract import Vectors
from xmlrec.encode.label_texts import scale_rows, training_text
from xmlrec.errors import ModelError
from xmlrec.models.changing import open_view
from xmlrec.models.ranker_training import KnownLabels
from xmlrec.models.saving import load_parts
from xmlrec.models.settings import RankerSettings
from xmlrec.models.teaching import Teacher
from xmlrec.taxonomy import Taxonomy

IntArray = np.ndarray[Any, np.dtype[np.int32]]

WORD_SHARE = 0.6
"""What token vectors count for beside a transformer where single words are encoded: a transformer
was trained on whole texts. On held-out items 0.3 was 1.6 worse, 0.6 to 1 equal, in P@1."""


def find_teacher(
    settings: RankerSettings, taxonomy: Taxonomy, known: KnownLabels
) -> Teacher | None:
    """Return the teacher that settings name, if any; raise what `open_teacher` raises."""
    return None if settings.teacher is None else open_teacher(settings.teacher, taxonomy, known)


def open_teacher(folder: str, taxonomy: Taxonomy, known: KnownLabels) -> Teacher:
    """Open a model to teach the labels ``known``, columns of ``taxonomy``.

    Labels are those of the teacher that have the same path. One that it lacks is known to it by its
    text.

    Raises
    ------
    ModelError
        If there is no model, it is damaged, or it has no vectors.
    EncoderError
        If a package that its transformer needs is not installed.
    """
    parts, name = load_parts(Path(folder), verify=True)
    view = open_view(parts, name)
    dense = view.ranker.dense
    if dense is None:
        problem = f"it cannot teach: the preset {parts.settings.preset} has no vectors"
        raise ModelError(folder, problem, "name a model of the preset balanced or accurate")
    vectors = dense.encoder.encode(
        [training_text(*texts) for texts in zip(known.names, known.paths, strict=True)]
    )
    theirs = {tuple(view.taxonomy.path(column)): column for column in view.known.columns.tolist()}
    for place, column in enumerate(known.columns.tolist()):
        if (of_teacher := theirs.get(tuple(taxonomy.path(column)))) is not None:
            vectors[place] = view.ranker.labels.vectors[of_teacher]
    if isinstance(dense.encoder, JoinedEncoder):
        return Teacher(*weigh_for_words(dense.encoder, known, vectors))
    return Teacher(dense.encoder, known.columns, vectors)


def weigh_for_words(
    joined: JoinedEncoder, known: KnownLabels, vectors: Vectors
) -> tuple[JoinedEncoder, IntArray, Vectors]:
    """Return the parts of a `Teacher` in which the static encoder counts `WORD_SHARE`."""
    encoder = JoinedEncoder(joined.first, joined.second, share=WORD_SHARE)
    halves = np.split(vectors, [joined.first.dim], axis=1)
    return encoder, known.columns, encoder.join(*map(scale_rows, halves))
