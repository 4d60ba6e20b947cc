"""STUB until the real one is merged."""
import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol
from xmlrec.catalog.output import open_output
from xmlrec.catalog import ResultRow
class ResultFormat(Protocol):
    suffix: str
    def encode(self, rows: Sequence[ResultRow]) -> bytes: ...
    def assemble(self, parts: Iterable[Path], path: str) -> None: ...
@dataclass(frozen=True)
class JsonLines:
    suffix: str = ".jsonl"
    def encode(self, rows):
        return "".join(json.dumps(r, ensure_ascii=False, separators=(",", ":")) + "\n" for r in rows).encode("utf-8", "backslashreplace")
    def assemble(self, parts, path):
        with open_output(path) as out:
            for p in parts: out._stream.write(p.read_bytes())
def choose_format(path, *, n_paths, carried=(), flat=False, excel_safe=False):
    return JsonLines()
