"""Guess from the first bytes of a file whether it is something else than text in its encoding."""

import codecs

from xmlrec.errors import InputError

_SIGNATURES = {
    b"PK\x03\x04": "a ZIP archive or an Excel workbook",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook",
    b"PAR1": "a Parquet file",
    b"\x28\xb5\x2f\xfd": "Zstandard data",
    b"BZh91AY&SY": "bzip2 data",
    b"\xfd7zXZ\x00": "xz data",
    b"%PDF-": "a PDF document",
    b"SQLite format 3\x00": "an SQLite database",
}
_UTF16_MARKS = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MARKS = {"utf-16": _UTF16_MARKS, "utf-32": (codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)}
_CONTROLS = bytes(set(range(32)) - set(b"\t\n\v\f\r\x1b"))


def check_is_text(source: str, sample: bytes, encoding: str | None) -> None:
    """Raise `InputError` if ``sample``, the start of a file, does not look like text.

    Parameters
    ----------
    encoding : str or None
        What the file should be in. None is UTF-8 with a doubt: Latin-1 is looked for as well.
    """
    codec = codecs.lookup(encoding or "utf-8").name
    is_wide = codec.startswith(("utf-16", "utf-32"))
    utf16 = None if is_wide else _guess_utf16(sample)
    kind = next((kind for start, kind in _SIGNATURES.items() if sample.startswith(start)), None)
    if kind is None and not is_wide and utf16 is None and _is_full_of_controls(sample):
        kind = "binary data"
    if kind is not None:
        step = "give CSV, TSV or JSON lines, plain or compressed, or a file that ends in .parquet"
        raise InputError(source, f"it looks like {kind}, not like text", step)
    if utf16 is not None:
        raise InputError(source, f"it looks like {utf16}, not {codec}", f"say --encoding {utf16}")
    if encoding is None and _looks_single_byte(sample):
        step = "say --encoding cp1252, or --encoding utf-8 to have the bad bytes replaced"
        raise InputError(source, "it looks like Latin-1 (cp1252), not utf-8", step)
    if codec in _MARKS and not sample.startswith(_MARKS[codec]):
        step = f"say --encoding {codec}-le or --encoding {codec}-be"
        raise InputError(source, f"nothing at its start says which {codec} it is", step)


def _is_full_of_controls(sample: bytes) -> bool:
    n_controls = len(sample) - len(sample.translate(None, _CONTROLS))
    return n_controls * 5 > len(sample)


def _guess_utf16(sample: bytes) -> str | None:
    """Return the codec of UTF-16 text: every second byte of it is NUL where it is Western."""
    if sample.startswith(_UTF16_MARKS):
        return "utf-16"
    n_even, n_odd = sample[::2].count(0), sample[1::2].count(0)
    if max(n_even, n_odd) * 5 > len(sample) and max(n_even, n_odd) > 10 * min(n_even, n_odd):
        return "utf-16-le" if n_odd > n_even else "utf-16-be"
    return None


def _looks_single_byte(sample: bytes) -> bool:
    """Say whether ``sample`` looks like Latin-1 rather than like UTF-8 with some bad bytes.

    That is so when a quarter of its lines, three at least, are not UTF-8 while no other line has
    a character beyond ASCII.
    """
    lines = sample.splitlines()
    n_damaged = 0
    for line in lines:
        if not line.isascii():
            if _is_utf8(line):
                return False
            n_damaged += 1
    return n_damaged >= 3 and n_damaged * 4 >= len(lines)


def _is_utf8(line: bytes) -> bool:
    try:
        line.decode()
    except UnicodeDecodeError:
        return False
    return True
