"""Events, who came to which item and when, from files, data frames and lists."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from xmlrec.catalog import CatalogSettings, Fault, Reject, read_catalog
from xmlrec.catalog.rows import RowFault
from xmlrec.errors import ColumnError, InputError
from xmlrec.recommend.event_log import EventLog
from xmlrec.recommend.event_values import parse_id, parse_time, parse_weight
from xmlrec.recommend.items import ItemTable
from xmlrec.recommend.places import Place
from xmlrec.recommend.sessions import Sessions

SESSION_COLUMNS = ("session_id", "user_id")
"""What holds the session of an event: the first that is there."""

ITEM_COLUMN, TIME_COLUMN, WEIGHT_COLUMN = "item_id", "timestamp", "weight"


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Events:
    """Sessions, the items in them, and what became of the rows.

    Attributes
    ----------
    sessions : Sessions
        In the order of their last events; without times in that of their first ones.
    items : ItemTable
        The one given, and after its items those that only events have, in the order in which they
        come: without texts and paths.
    n_new_items : int
        How many these are.
    n_unknown : int
        Events left out because their items are unknown.
    n_duplicates : int
        Events left out because one of the same session, item, time and weight is there.
    rejected : Counter of Fault
        Rows that could not be used.
    """

    sessions: Sessions
    items: ItemTable
    n_new_items: int = 0
    n_unknown: int = 0
    n_duplicates: int = 0
    rejected: Counter[Fault] = field(default_factory=Counter)

    @property
    def n_events(self) -> int:
        """How many events there are in the sessions."""
        return len(self.sessions.items)


class Frame(Protocol):
    """What pandas and polars have in common."""

    @property
    def columns(self) -> Iterable[Any]:
        """Names of the columns."""

    def __getitem__(self, name: str) -> Iterable[Any]: ...


def read_events(
    sources: str | Sequence[str],
    on_reject: Callable[[Reject], None],
    *,
    items: ItemTable | None = None,
    add_unknown: bool = True,
    settings: CatalogSettings | None = None,
) -> Events:
    """Read events from files, all that `xmlrec.catalog.read_catalog` reads.

    Columns are ``session_id`` (or ``user_id``) and ``item_id``, and if you like ``timestamp`` and
    ``weight``: see `parse_time` and `parse_weight`. The events of a session may be anywhere. Where
    one event has a time, those without one are rejected; where none has, the order of the rows
    counts, and an event that comes again is one more.

    Parameters
    ----------
    on_reject : callable
        Gets every row that cannot be used.
    items : ItemTable, optional
        Items that are known. Its columns stay.
    add_unknown : bool, default=True
        Whether other items are added to the table; if not, their events are left out and counted,
        and a session may be left without events.
    settings : CatalogSettings, optional
        Encoding and so on; ``id_column`` names the column of sessions.

    Raises
    ------
    InputError
        If a file as a whole cannot be read, or there is no event that can be used.
    ColumnError
        If a column is missing.
    """
    settings = replace(
        settings or CatalogSettings(),
        id_columns=SESSION_COLUMNS,
        id_option="--session-column",
        key_columns=(ITEM_COLUMN,),
        may_lack_columns=True,
    )
    log = _log(items, on_reject, add_unknown=add_unknown)
    with read_catalog(sources, settings, log.reject) as reader:
        for row in reader:
            values = row.fields
            try:
                _add(
                    log,
                    row.id,
                    values[ITEM_COLUMN],
                    values.get(TIME_COLUMN),
                    values.get(WEIGHT_COLUMN),
                    Place.of(row),
                )
            except RowFault as fault:
                log.reject(Place.of(row).reject(fault, values))
        return _events(log, items, reader.sources[0])


def frame_events(
    frame: Frame,
    on_reject: Callable[[Reject], None],
    *,
    items: ItemTable | None = None,
    add_unknown: bool = True,
    source: str = "the data frame",
) -> Events:
    """Take events from a data frame of pandas or polars; parameters are those of `read_events`.

    Ids are texts or whole numbers, times also dates and datetimes. The line of a row is its number
    from 1.
    """
    names = [str(name) for name in frame.columns]
    session_column = next((name for name in SESSION_COLUMNS if name in names), None)
    for name, column in (
        (" or ".join(SESSION_COLUMNS), session_column),
        (ITEM_COLUMN, ITEM_COLUMN),
    ):
        if column not in names:
            problem = f"no column {name}; its columns are {', '.join(names)}"
            raise ColumnError(source, problem, "rename the one that holds it")
    assert session_column is not None
    log = _log(items, on_reject, add_unknown=add_unknown)
    wanted = (session_column, ITEM_COLUMN, TIME_COLUMN, WEIGHT_COLUMN)
    read = [name for name in wanted if name in names]
    for number, row in enumerate(zip(*[frame[name] for name in read], strict=True), start=1):
        values, place = dict(zip(read, row, strict=True)), Place(source, number, 0)
        try:
            _add(
                log,
                parse_id(values[session_column], session_column),
                parse_id(values[ITEM_COLUMN], ITEM_COLUMN),
                values.get(TIME_COLUMN),
                values.get(WEIGHT_COLUMN),
                place,
            )
        except RowFault as fault:
            log.reject(place.reject(fault, values))
    return _events(log, items, source)


def list_events(
    rows: Iterable[Sequence[str]],
    *,
    ids: Sequence[str] = (),
    items: ItemTable | None = None,
    add_unknown: bool = True,
) -> Events:
    """Take sessions from lists of item ids, in the order of time; one may be empty.

    Parameters
    ----------
    ids : sequence of str
        Of the sessions; without them they are numbered from 0.
    items, add_unknown
        As for `read_events`.

    Raises
    ------
    TypeError
        If a row is one text instead of a list of ids, or an id is no text.
    """
    columns = {} if items is None else dict(items.columns)
    n_known, n_unknown = len(columns), 0
    found: list[list[int]] = []
    for number, row in enumerate(rows):
        if isinstance(row, str):
            raise TypeError(f"session {number} is one text, {row!r}; give a list of item ids")
        if add_unknown:
            found.append([columns.setdefault(_text(item), len(columns)) for item in row])
        else:
            found.append([columns[item] for item in map(_text, row) if item in columns])
            n_unknown += len(row) - len(found[-1])
    return Events(
        sessions=Sessions.of(found, ids),
        items=_with_new(items, columns),
        n_new_items=len(columns) - n_known,
        n_unknown=n_unknown,
    )


def _text(item: str) -> str:
    if not isinstance(item, str):
        raise TypeError(f"item ids are texts, got {item!r}, a {type(item).__name__}")
    return item


def _add(
    log: EventLog, session: str, item: str, moment: object, weight: object, place: Place
) -> None:
    if not session or not item:
        missing = "session" if not session else "item"
        raise RowFault(Fault.BAD_ID, f"the id of the {missing} is empty")
    seconds = None if moment is None else parse_time(moment)
    log.add(session, item, seconds, 1.0 if weight is None else parse_weight(weight), place)


def _log(
    items: ItemTable | None, on_reject: Callable[[Reject], None], *, add_unknown: bool
) -> EventLog:
    return EventLog({} if items is None else items.columns, on_reject, add_unknown=add_unknown)


def _events(log: EventLog, items: ItemTable | None, source: str) -> Events:
    """Return what a log holds; `InputError` if that is nothing."""
    sessions, n_duplicates = log.sessions()
    if not len(sessions):
        if log.first is None:
            raise InputError(source, "it holds no event", "give one row for each event")
        problem = f"none of its {log.rejected.total():,} rows can be used as an event"
        step = f"the first is {log.first.source}:{log.first.line}, {log.first.message}"
        raise InputError(source, problem, step)
    table = _with_new(items, log.columns)
    return Events(
        sessions=sessions,
        items=table,
        n_new_items=len(table) - (0 if items is None else len(items)),
        n_unknown=log.n_unknown,
        n_duplicates=n_duplicates,
        rejected=log.rejected,
    )


def _with_new(items: ItemTable | None, columns: Mapping[str, int]) -> ItemTable:
    """Return a table that has the items of ``columns``, the new ones after the others."""
    table = ItemTable.from_items(()) if items is None else items
    return table.with_ids(list(columns)[len(table) :])
