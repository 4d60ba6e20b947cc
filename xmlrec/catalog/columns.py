"""Which columns of a catalog hold the text, the id and the labels of a row."""

from collections import Counter
from dataclasses import dataclass

from xmlrec.catalog.rows import MAX_FIELDS
from xmlrec.catalog.settings import CatalogSettings
from xmlrec.errors import ColumnError

_TEXT_COLUMNS = ("title", "description")
_ID_COLUMN = "id"
PATHS_COLUMN = "paths"
_LABEL_COLUMNS = ("path", "category", "product_type", "google_product_category")
_N_SHOWN = 20

Names = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Columns:
    """The columns of a catalog by what they are for.

    Attributes
    ----------
    names : tuple of str
        All of them; of JSON lines those of the first rows.
    text : tuple of str
        Those to classify by.
    id : str or None
        None numbers the rows from 1.
    label : str or None
        None where no labels are wanted, or there may be none.
    keys : tuple of str
        Other columns that hold ids.
    """

    names: Names
    text: Names
    id: str | None
    label: str | None
    keys: Names = ()


def check_names(source: str, names: Names) -> Names:
    """Return the columns of a table; raise `ColumnError` if one comes twice or there are too many.

    An unnamed one is "".
    """
    if len(names) > MAX_FIELDS:
        raise ColumnError(source, f"it has {len(names):,} columns, more than {MAX_FIELDS:,}")
    doubled = [name for name, count in Counter(names).items() if name and count > 1]
    if doubled:
        shown = ", ".join(map(repr, doubled))
        raise ColumnError(source, f"its header names {shown} more than once", "rename one")
    return names


def choose_columns(source: str, names: Names, settings: CatalogSettings) -> Columns:
    """Return the columns that ``settings`` name, or else the usual ones.

    A file without ``names``, JSON lines without one good row, has no columns and no fault.

    Raises
    ------
    ColumnError
        If a column is missing, if several may hold the labels, or if one is text and label.
    """
    if not names:
        return Columns((), (), None, None)
    if settings.model_text is not None:
        text = _model_columns(source, names, settings.model_text)
    else:
        text = _text_columns(source, names, settings)
    item_id = _id_column(source, names, settings)
    label = _label_column(source, names, settings) if settings.needs_labels else None
    for name in settings.key_columns:
        if name not in names:
            problem = f"no column {name!r}; its columns are {_shown(names)}"
            raise ColumnError(source, problem, "rename the one that holds it")
    if both := {label, PATHS_COLUMN} & set(text):
        problem = f"column {both.pop()!r} would be text and label at once"
        step = "say which holds the category paths: --label-column COLUMN"
        raise ColumnError(source, problem, step)
    if _ID_COLUMN in text and item_id != _ID_COLUMN:
        problem = f"column {_ID_COLUMN!r} would be text while ids come from {item_id!r}"
        raise ColumnError(source, problem, "rename the column that is text")
    return Columns(names, text, item_id, label, settings.key_columns)


def _model_columns(source: str, names: Names, wanted: Names) -> Names:
    if wanted[0] not in names:
        problem = f"no column {wanted[0]!r}, which the model reads; its columns are {_shown(names)}"
        raise ColumnError(source, problem, "rename the one that holds it")
    return tuple(name for name in wanted if name in names)


def _text_columns(source: str, names: Names, settings: CatalogSettings) -> Names:
    if settings.text_columns is not None:
        for name in settings.text_columns:
            _check_exists(source, names, name, option="--text")
        return settings.text_columns
    text = tuple(name for name in _TEXT_COLUMNS if name in names)
    if not text and not settings.may_lack_columns:
        problem = f"no column 'title' or 'description'; its columns are {_shown(names)}"
        raise ColumnError(source, problem, "say which hold the text: --text COLUMN")
    return text


def _id_column(source: str, names: Names, settings: CatalogSettings) -> str | None:
    if settings.id_column is not None:
        _check_exists(source, names, settings.id_column, option=settings.id_option)
        return settings.id_column
    if not settings.id_columns:
        return _ID_COLUMN if _ID_COLUMN in names else None
    found = next((name for name in settings.id_columns if name in names), None)
    if found is None:
        usual = " or ".join(map(repr, settings.id_columns))
        problem = f"no column {usual}; its columns are {_shown(names)}"
        raise ColumnError(source, problem, f"say which holds the ids: {settings.id_option} COLUMN")
    return found


def _label_column(source: str, names: Names, settings: CatalogSettings) -> str | None:
    if settings.label_column is not None:
        _check_exists(source, names, settings.label_column, option="--label-column")
        return settings.label_column
    if PATHS_COLUMN in names:
        return PATHS_COLUMN
    known = tuple(name for name in _LABEL_COLUMNS if name in names)
    if len(known) == 1:
        return known[0]
    if not known and settings.may_lack_columns:
        return None
    step = "say which holds the category paths: --label-column COLUMN"
    if known:
        raise ColumnError(source, f"{_shown(known)} may each be the label column", step)
    usual = _shown((PATHS_COLUMN, *_LABEL_COLUMNS))
    problem = f"no label column, such as {usual}; its columns are {_shown(names)}"
    raise ColumnError(source, problem, step)


def _check_exists(source: str, names: Names, name: str, *, option: str) -> None:
    if name not in names:
        problem = f"no column {name!r}, which {option} names; its columns are {_shown(names)}"
        raise ColumnError(source, problem)


def _shown(names: Names) -> str:
    more = f" and {len(names) - _N_SHOWN:,} more" if len(names) > _N_SHOWN else ""
    return ", ".join(map(repr, filter(None, names[:_N_SHOWN]))) + more
