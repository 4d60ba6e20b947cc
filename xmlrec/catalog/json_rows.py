"""JSON lines: one object per line, whose numbers stay as they are written."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator

from xmlrec.catalog.lines import MAX_LINE_BYTES, Line
from xmlrec.catalog.records import Record, decoded, needed_repairs, strings_in
from xmlrec.catalog.rows import MAX_FIELDS, Fault, RowFault


def is_json_list(sample: bytes) -> bool:
    """Say whether a file starts as one JSON list of rows, which is not JSON lines."""
    first, _, rest = sample.strip().partition(b"\n")
    first = first.rstrip()
    return first.startswith(b"[") and (first == b"[" or first.endswith(b",") or not rest)


def json_records(lines: Iterable[Line]) -> Iterator[Record]:
    """Yield every line that is not blank as a record.

    Numbers become their source text, so that 1e5, 0.10 and 30 digits survive. NaN and Infinity,
    which other tools write, are repaired to null. A key that comes twice is a fault: which of
    the values is meant is not known.
    """
    parser = _Parser()
    for line, byte, raw, is_cut in lines:
        text = raw.strip()
        if not text:
            continue
        try:
            if is_cut:
                message = f"the line is longer than {MAX_LINE_BYTES:,} bytes"
                raise RowFault(Fault.LINE_TOO_LONG, message)
            values, repairs = parser.parse(text)
        except RowFault as fault:
            yield Record(line, byte, raw, {}, fault=fault)
        else:
            yield Record(line, byte, raw, values, repairs)


class _Parser:
    def __init__(self) -> None:
        self._constants: list[str] = []
        self._decoder = json.JSONDecoder(
            parse_int=str,
            parse_float=str,
            parse_constant=self._constants.append,  # which returns None: null
            object_pairs_hook=_object,
            strict=False,  # raw tabs and control characters in strings pass
        )

    def parse(self, raw: bytes) -> tuple[dict[str, object], tuple[Fault, ...]]:
        self._constants.clear()
        text, is_utf8 = decoded(raw)
        values = self._object(text)
        repairs: tuple[Fault, ...] = ()
        if not is_utf8 or b"\\u" in raw or b"\0" in raw:
            repairs = needed_repairs("".join(strings_in(values)), is_utf8=is_utf8)
        if self._constants:
            repairs += (Fault.NOT_A_NUMBER,)
        return values, repairs

    def _object(self, text: str) -> dict[str, object]:
        try:
            values, end = self._decoder.raw_decode(text)
        except json.JSONDecodeError as error:
            message = f"not JSON: {error.msg} at character {error.pos + 1}"
            raise RowFault(Fault.BAD_JSON, message) from None
        except RecursionError:
            raise RowFault(Fault.BAD_JSON, "nested too deeply") from None
        if end != len(text):
            message = f"more text after the object's end at character {end}"
            raise RowFault(Fault.BAD_JSON, message)
        if not isinstance(values, dict):
            kind = "a list" if isinstance(values, list) else "one value"
            raise RowFault(Fault.BAD_JSON, f"{kind}, not an object with a value for each column")
        if len(values) > MAX_FIELDS:
            message = f"{len(values):,} keys, more than {MAX_FIELDS:,}"
            raise RowFault(Fault.TOO_MANY_FIELDS, message)
        return values


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) != len(pairs):
        doubled = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise RowFault(Fault.DUPLICATE_KEY, f"the key {doubled!r} comes twice")
    return values
