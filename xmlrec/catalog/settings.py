"""What a user may say about how to read a catalog."""

import codecs
from dataclasses import dataclass

from xmlrec.errors import OptionError


@dataclass(frozen=True, kw_only=True, slots=True)
class CatalogSettings:
    """How to read a catalog.

    Attributes
    ----------
    text_columns : tuple of str, optional
        Columns to classify by; they must exist. By default what there is of title and description.
    model_text : tuple of str, optional
        Columns that a model reads: the first must exist, the others may. Not with text_columns.
    id_column, label_column : str, optional
        By default ``id``, else the row's number; and ``paths``, else the one known label column.
    encoding : str, optional
        A codec's name. By default UTF-8, and what looks like Latin-1 or UTF-16 is refused.
    delimiter : str, optional
        One character. By default a tab for .tsv, else guessed from the header.
    max_decompressed : int, optional
        How many bytes a compressed file may give. By default 1 GiB, or 200 times its own if that
        is more.
    needs_labels : bool
        Whether rows get their paths; a catalog without a label column is then refused.
    id_columns : tuple of str
        Columns of which the first that is there holds the id, unless ``id_column`` names it; one
        must be there.
    id_option : str
        The option by which a user names that column, for messages.
    key_columns : tuple of str
        Other columns that hold ids: they must be there, and a row is rejected as for its own id.
    may_lack_columns : bool
        Whether columns of text, and of labels, may be missing unless they are named.

    Raises
    ------
    OptionError
        If the encoding, the delimiter or the limit cannot be one.
    """

    text_columns: tuple[str, ...] | None = None
    model_text: tuple[str, ...] | None = None
    id_column: str | None = None
    label_column: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    max_decompressed: int | None = None
    needs_labels: bool = False
    id_columns: tuple[str, ...] = ()
    id_option: str = "--id-column"
    key_columns: tuple[str, ...] = ()
    may_lack_columns: bool = False

    def __post_init__(self) -> None:
        if self.encoding is not None and not _is_text_encoding(self.encoding):
            step = "give one such as utf-8, cp1252 or utf-16"
            raise OptionError("--encoding", f"there is no encoding {self.encoding!r}", step)
        if self.delimiter is not None and (len(self.delimiter) != 1 or self.delimiter in '"\r\n'):
            step = "give one that is neither a quote nor a line break, such as ';'"
            raise OptionError("--delimiter", f"{self.delimiter!r} is not one character", step)
        if self.max_decompressed is not None and self.max_decompressed < 1:
            problem = f"{self.max_decompressed:,} is less than one byte"
            raise OptionError("--max-decompressed", problem)


def _is_text_encoding(encoding: str) -> bool:
    try:
        "a".encode(encoding)
        codecs.getincrementaldecoder(encoding)("replace").decode(b"a")
    except (LookupError, ValueError):
        return False
    return True
