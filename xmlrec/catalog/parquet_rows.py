"""Parquet files: records whose values are text as the file says them (extra ``parquet``)."""

from collections.abc import Iterator
from itertools import islice
from typing import TYPE_CHECKING, Any

from xmlrec.catalog.columns import check_names
from xmlrec.catalog.compression import Damage, check_size
from xmlrec.catalog.records import Record, needed_repairs, strings_in
from xmlrec.catalog.sources import EMPTY, file_state, open_file
from xmlrec.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

_MAX_ROWS = 1024
_BATCH_BYTES = 16 << 20
_BUFFER_BYTES = 1 << 20


class ParquetSource:
    """An open Parquet file.

    Attributes
    ----------
    name : str
        The path.
    names : tuple of str
        Its columns.
    damage : Damage or None
        Why the records ended before the file did.

    Raises
    ------
    InputError
        If there is no such file, it is not Parquet, is to be unpacked to more than is allowed, or
        pyarrow is not installed.
    """

    def __init__(self, name: str, max_decompressed: int | None = None) -> None:
        self.name = name
        self.damage: Damage | None = None
        self._file = open_file(name)
        try:
            self._state = file_state(self._file)
            self._table = self._open(max_decompressed)
            self.names = check_names(name, tuple(self._table.schema_arrow.names))
        except BaseException:
            self.close()
            raise

    @property
    def n_read_bytes(self) -> int:
        """How much of the file was read, as it lies on the disk; 0 of a pipe, and once closed."""
        return 0 if self._state is None or self._file.closed else self._file.tell()

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def records(self, names: tuple[str, ...]) -> Iterator[Record]:
        """Yield the rows under other names of the columns, each with its number for a line."""
        import pyarrow as pa

        number = 0
        try:
            for batch in self._table.iter_batches(self._n_rows_a_batch(), use_threads=False):
                yield from _records(batch, names, number)
                number += batch.num_rows
        except (pa.ArrowException, OSError) as error:
            self.damage = Damage(f"the Parquet data are damaged ({_first_line(error)})")
        else:
            if file_state(self._file) != self._state:
                self.damage = Damage("it changed while it was read", "read it again")

    def _open(self, max_decompressed: int | None) -> "pq.ParquetFile":
        try:
            import pyarrow as pa
            import pyarrow.parquet as pq
        except ImportError:
            step = 'install what reads it: pip install "xmlrec[parquet]"'
            raise InputError(self.name, "it is Parquet, which needs pyarrow", step) from None
        if self._state is None:
            raise InputError(self.name, "Parquet cannot be read from a pipe", "save it as a file")
        if self._state[0] == 0:
            raise InputError(self.name, EMPTY)
        try:
            # nothing is read ahead: a group of rows may be larger than the memory
            table = pq.ParquetFile(self._file, pre_buffer=False, buffer_size=_BUFFER_BYTES)
            groups = map(table.metadata.row_group, range(table.metadata.num_row_groups))
            self._n_bytes: int = sum(group.total_byte_size for group in groups)
            check_size(self._state[0], self._n_bytes, max_decompressed)
        except (pa.ArrowException, OSError) as error:
            problem = f"it cannot be read as Parquet ({_first_line(error)})"
            raise InputError(self.name, problem, "get the whole file again") from None
        except Damage as damage:
            raise InputError(self.name, damage.problem, damage.next_step) from None
        return table

    def _n_rows_a_batch(self) -> int:
        n_rows: int = self._table.metadata.num_rows
        bytes_a_row = self._n_bytes // max(1, n_rows)
        return max(1, min(_MAX_ROWS, _BATCH_BYTES // max(1, bytes_a_row)))


def _records(batch: "pa.RecordBatch", names: tuple[str, ...], number: int) -> Iterator[Record]:
    columns = [_values(column) for column in batch.columns]
    is_clean = not needed_repairs("".join(strings_in(columns)), is_utf8=False)
    for values in zip(*columns, strict=True):
        number += 1
        row: dict[str, object] = dict(zip(names, values, strict=True))
        row.pop("", None)
        repairs = () if is_clean else needed_repairs("".join(strings_in(row)), is_utf8=False)
        yield Record(number, 0, b"", row, repairs)


def _values(array: "pa.Array[Any]") -> list[Any]:
    """Return what an array holds as JSON has it: None, texts for all values, lists and objects."""
    import pyarrow as pa

    kind = array.type
    if isinstance(array, pa.ExtensionArray):
        return _values(array.storage)
    if pa.types.is_dictionary(kind):
        return _values(array.dictionary_decode())
    if pa.types.is_map(kind):
        return _maps(array)
    if pa.types.is_struct(kind):
        return _structs(array)
    if pa.types.is_nested(kind):
        return _lists(array)
    return _texts(array)


def _maps(array: "pa.Array[Any]") -> list[Any]:
    import pyarrow as pa

    pair = pa.struct([("key", array.type.key_type), ("value", array.type.item_type)])
    return [
        None if pairs is None else {str(pair["key"]): pair["value"] for pair in pairs}
        for pairs in _lists(array.cast(pa.list_(pair)))
    ]


def _structs(array: "pa.Array[Any]") -> list[Any]:
    names = [field.name for field in array.type]
    rows = zip(*map(_values, array.flatten()), strict=True) if names else [()] * len(array)
    return [
        dict(zip(names, row, strict=True)) if is_valid else None
        for row, is_valid in zip(rows, array.is_valid().to_pylist(), strict=True)
    ]


def _lists(array: "pa.Array[Any]") -> list[Any]:
    import pyarrow.compute as pc

    parts = iter(_values(array.flatten()))
    lengths = pc.list_value_length(array).to_pylist()
    return [None if length is None else list(islice(parts, length)) for length in lengths]


def _texts(array: "pa.Array[Any]") -> list[Any]:
    """Return simple values as text; what is no number is absent, and yes or no stays so."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = array.type
    if pa.types.is_null(kind) or pa.types.is_boolean(kind):
        return list(array.to_pylist())
    if pa.types.is_decimal(kind):  # "f": never with an exponent
        return [None if value is None else f"{value:f}" for value in array.to_pylist()]
    if pa.types.is_floating(kind):
        array = pc.if_else(pc.is_finite(array), array, None)
    if pa.types.is_timestamp(kind):
        array = pc.replace_substring(array.cast("string"), " ", "T", max_replacements=1)
    if pa.types.is_primitive(kind):
        array = array.cast("string")
    return _strings(array)


def _strings(array: "pa.Array[Any]") -> list[Any]:
    try:
        texts = array.to_pylist()
    except UnicodeDecodeError:  # a text column whose writer did not check
        texts = array.cast("binary").to_pylist()
    return [
        value.decode("utf-8", "surrogateescape") if isinstance(value, bytes) else value
        for value in texts
    ]


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0]
