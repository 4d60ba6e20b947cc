"""JSON lines: the rows as they are, or one flat object each."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from xmlrec.batch.formats.columns import FLAT, flat_values, header, with_carried
from xmlrec.batch.formats.line_parts import join_parts, part_bytes
from xmlrec.catalog.results import ResultRow

_to_json = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, separators=(",", ":")
).encode


@dataclass(frozen=True, slots=True, kw_only=True)
class JsonLines:
    """One strict JSON object a row; a number that is none (NaN) is a `ValueError`."""

    gz: bool = False
    head = b""

    def encode(self, rows: Sequence[Mapping[str, object]]) -> bytes:
        """Return one line a row, ``input`` last."""
        return self.encode_lines([_to_json(_input_last(row)) for row in rows])

    def encode_lines(
        self, lines: Sequence[str], carried: Sequence[Mapping[str, str]] | None = None
    ) -> bytes:
        """Return what `encode` does, for rows that are JSON already.

        Parameters
        ----------
        lines : sequence of str
            One object each, without a line break, as compact as `encode` writes it.
        carried : sequence of mapping, optional
            What becomes ``input`` of each line, which has none yet.
        """
        if carried is not None:
            pairs = zip(lines, carried, strict=True)
            lines = [f'{line[:-1]},"input":{_to_json(given)}}}' for line, given in pairs]
        return part_bytes("".join([f"{line}\n" for line in lines]), gz=self.gz)

    def assemble(self, parts: Iterable[Path], path: str) -> None:
        """Write the parts to ``path``."""
        join_parts(self.head, parts, path, gz=self.gz)


@dataclass(frozen=True, slots=True)
class FlatJsonLines:
    """One JSON object a row with the keys of the flat form; none of its values is a list."""

    carried: tuple[str, ...] = ()
    gz: bool = False
    head = b""

    def encode(self, rows: Sequence[ResultRow]) -> bytes:
        """Return one line a row."""
        keys = header(FLAT, self.carried)
        cells = (with_carried(row, flat_values(row), self.carried) for row in rows)
        lines = [_to_json(dict(zip(keys, values, strict=True))) + "\n" for values in cells]
        return part_bytes("".join(lines), gz=self.gz)

    def assemble(self, parts: Iterable[Path], path: str) -> None:
        """Write the parts to ``path``."""
        join_parts(self.head, parts, path, gz=self.gz)


def _input_last(row: Mapping[str, object]) -> Mapping[str, object]:
    if "input" not in row:
        return row
    return {key: row[key] for key in row if key != "input"} | {"input": row["input"]}
