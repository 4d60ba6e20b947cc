"""One category of a taxonomy, and how its place is written: ``A > B > C``."""

import hashlib
import re
import unicodedata
from collections.abc import Container
from dataclasses import dataclass

SEPARATOR = " > "

_ID_DIGITS = 12
_NOT_TEXT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")  # tab and line breaks pass


@dataclass(frozen=True, slots=True)
class Node:
    """A category: an opaque id, a name, the ids of its parents (the primary one first).

    What happened to it is kept too: ``other_ids`` that it is also found by, and ``former`` places,
    pairs of a parent's id ("" for none) and a name. ``replaced_by`` is None for a category in use;
    one that is no more has no parents, and the ids there, if any, took its place.
    """

    id: str
    name: str
    parents: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    definition: str = ""
    other_ids: tuple[str, ...] = ()
    former: tuple[tuple[str, str], ...] = ()
    replaced_by: tuple[str, ...] | None = None

    @property
    def is_active(self) -> bool:
        """Whether the category is in use."""
        return self.replaced_by is None

    @property
    def places(self) -> tuple[tuple[str, str], ...]:
        """Where it is now, as ``former`` has it; nowhere if it is no more."""
        parents = (self.parents or ("",)) if self.is_active else ()
        return tuple([(parent, self.name) for parent in parents])


def split_path(text: str) -> tuple[str, ...]:
    """Return the names of ``A > B > C``, without the white space around them."""
    return tuple(name.strip() for name in text.split(SEPARATOR))


def name_fault(name: str) -> tuple[str, str] | None:
    """Return the code and the wording of what forbids ``name`` as a category's name, if anything.

    Joined with its neighbours a name must split off again: ``A >`` and ``> B`` are refused too.
    """
    if not name or name.isspace():
        return "empty_name", "its name is empty"
    if SEPARATOR in f" {name} ":
        return "separator_in_name", f"its name {name!r} contains the separator {SEPARATOR!r}"
    if has_forbidden_characters(name):
        return "control_character", f"its name {name!r} contains a control character"
    return None


def has_forbidden_characters(text: str) -> bool:
    """Say whether ``text`` holds NUL, another control character or half a surrogate pair."""
    return _NOT_TEXT.search(text) is not None


def path_id(path_text: str, taken: Container[str]) -> str:
    """Return the id of a category that came without one.

    It is the first 12 hexadecimal digits of the sha256 of the path, more where these are taken.
    """
    digest = hashlib.sha256(path_text.encode()).hexdigest()
    n_digits = _ID_DIGITS
    while digest[:n_digits] in taken and n_digits < len(digest):
        n_digits += 1
    return digest[:n_digits]


def short_id(label_id: str) -> str:
    """Return ``aa-1`` of Shopify's ``gid://shopify/TaxonomyCategory/aa-1``, other ids unchanged."""
    return label_id.rpartition("/")[2] if label_id.startswith("gid://") else label_id


def fold(name: str) -> str:
    """Return ``name`` without differences of case, Unicode form and white space."""
    if not name.isascii():
        name = unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
    return " ".join(name.casefold().split())
