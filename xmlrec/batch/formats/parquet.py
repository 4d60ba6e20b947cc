"""Parquet files: typed columns with lists of paths in them, one row group a part."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from xmlrec.batch.formats.columns import FLAT, flat_values, header, with_carried
from xmlrec.batch.formats.parts import open_part
from xmlrec.batch.formats.texts import valid_text, valid_value
from xmlrec.catalog.output import written_aside
from xmlrec.catalog.results import ResultRow
from xmlrec.errors import InputError

if TYPE_CHECKING:
    import pyarrow as pa

INSTALL_PARQUET = 'install it with `pip install "xmlrec[parquet]"`'
_WHOLE = (
    "id", "status", "reason", "paths", "alternatives", "taxonomy", "model", "schema", "error"
)  # fmt: skip
_COMPRESSION = "zstd"  # as fast as snappy, the default, in half the space


def check_installed(path: str) -> None:
    """Raise `InputError` if the package of the extra is missing."""
    try:
        import pyarrow  # noqa: F401
    except ImportError:
        raise InputError(path, "Parquet needs pyarrow, which is missing", INSTALL_PARQUET) from None


@dataclass(frozen=True, slots=True)
class Parquet:
    """One column for each key of a row, or those of the flat form; ids are always text."""

    carried: tuple[str, ...] = ()
    flat: bool = False

    def encode(self, rows: Sequence[ResultRow]) -> bytes:
        """Return a Parquet file of these rows."""
        import pyarrow as pa
        from pyarrow import parquet

        content = pa.BufferOutputStream()
        parquet.write_table(self._table(rows), content, compression=_COMPRESSION)
        encoded: bytes = content.getvalue().to_pybytes()
        return encoded

    def assemble(self, parts: Iterable[Path], path: str) -> None:
        """Write each part as a row group of its own to ``path``.

        Not all in one: the sizes and offsets of a row group are then those of a part, however
        large the whole is.
        """
        from pyarrow import parquet

        with (
            written_aside(path) as aside,
            open(aside, "wb") as output,
            parquet.ParquetWriter(output, self._schema(), compression=_COMPRESSION) as writer,
        ):
            for part in parts:
                with open_part(part) as content:
                    writer.write_table(parquet.ParquetFile(content).read())

    def _table(self, rows: Sequence[ResultRow]) -> "pa.Table":
        import pyarrow as pa

        schema = self._schema()
        records = [with_carried(row, self._values(row), self.carried) for row in rows]
        columns = [
            _array([record[place] for record in records], field.type)
            for place, field in enumerate(schema)
        ]
        return pa.Table.from_arrays(columns, schema=schema)

    def _values(self, row: ResultRow) -> Sequence[object]:
        if self.flat:
            return flat_values(row)
        whole: Mapping[str, object] = row
        return [whole[key] for key in _WHOLE]

    def _schema(self) -> "pa.Schema":
        import pyarrow as pa

        text, number = pa.large_string(), pa.float64()  # large: a part may hold over 2 GiB of it
        path = pa.struct({
            "category_id": text,
            "path": pa.list_(text),
            "path_text": text,
            "score": number,
            "confidence": number,
            "level_confidence": pa.list_(number),
        })  # fmt: skip
        types = {"paths": pa.list_(path), "alternatives": pa.list_(path)}
        types |= {"schema": pa.int32(), "confidence": number}
        ours = FLAT if self.flat else _WHOLE
        names = header(ours, self.carried)  # no carried one has the name of one of ours
        return pa.schema([
            (valid_text(name), types.get(name, text) if name in ours else text) for name in names
        ])  # fmt: skip


def _array(values: list[object], kind: "pa.DataType") -> "pa.Array":
    import pyarrow as pa

    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:
        return pa.array(valid_value(values), kind)
