"""Opening a model that teaches another one."""

from pathlib import Path

from xmlrec.encode import JoinedEncoder
from xmlrec.encode.label_texts import scale_rows, training_text
from xmlrec.errors import ModelError
from xmlrec.models.changing import open_view
from xmlrec.models.ranker_training import KnownLabels
from xmlrec.models.saving import load_parts
from xmlrec.models.settings import RankerSettings
from xmlrec.models.teaching import Teacher
from xmlrec.taxonomy import Taxonomy


def find_teacher(
    settings: RankerSettings, taxonomy: Taxonomy, known: KnownLabels
) -> Teacher | None:
    """Return the teacher that settings name, if any; raise what `open_teacher` raises."""
    return None if settings.teacher is None else open_teacher(settings.teacher, taxonomy, known)


def open_teacher(folder: str, taxonomy: Taxonomy, known: KnownLabels) -> Teacher:
    """Open a model to teach the labels ``known``, columns of ``taxonomy``.

    Labels are those of the teacher that have the same path. One that it lacks is known to it by its
    text. Of `accurate` only the token vectors teach: a transformer that was trained on whole texts
    says little of single words (beside it, a student of held-out items was no better in P@1).

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
    encoder = dense.encoder.second if isinstance(dense.encoder, JoinedEncoder) else dense.encoder
    vectors = encoder.encode(
        [training_text(*texts) for texts in zip(known.names, known.paths, strict=True)]
    )
    theirs = {tuple(view.taxonomy.path(column)): column for column in view.known.columns.tolist()}
    for place, column in enumerate(known.columns.tolist()):
        if (of_teacher := theirs.get(tuple(taxonomy.path(column)))) is not None:
            vectors[place] = view.ranker.labels.vectors[of_teacher, -encoder.dim :]
    if encoder is not dense.encoder:  # a part of a unit vector is shorter
        vectors = scale_rows(vectors)
    return Teacher(encoder, known.columns, vectors)
