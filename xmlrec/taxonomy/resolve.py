"""From a catalog's paths to label columns, adding the categories that a taxonomy lacks."""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from xmlrec.taxonomy.graph import Columns
from xmlrec.taxonomy.node import SEPARATOR, Node, fold, name_fault, path_id, short_id
from xmlrec.taxonomy.taxonomy import Taxonomy

AMBIGUOUS_PATH, BAD_PATH, UNKNOWN_PATH = "AMBIGUOUS_PATH", "BAD_PATH", "UNKNOWN_PATH"

_TOP = -1  # stands for the parent of roots
_ID_NAME = re.compile(r"([0-9A-Za-z.-]+)_(.*\S.*)", re.DOTALL)

Index = dict[str, list[int]]


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a path means: the deepest category known, and how many elements led there.

    ``column`` is -1 if no element is known, or if ``ambiguous`` lists the columns of several
    categories that the elements may mean. It is a category that is no more only if nothing
    replaced it.
    """

    column: int
    n_resolved: int
    ambiguous: tuple[int, ...] = ()


class PathResolver:
    """Find the category of a path, given as its elements from the top down.

    Under the category of the elements before it (first: among the roots), an element is an id,
    else ``id_name`` (``67010800_Upper Body Wear/Tops``), else a name, else a name but for case,
    Unicode form and white space, else the id or name of what was there once: such a category is
    found where it is now, or in what replaced it. Where siblings share a name, the elements below
    decide.

    A category that was moved is found by its id anywhere, as long as no element before it was a
    name: by ``id_name`` even after elements that are not known, by a bare id only where all
    before it are. So a single id is a path too.
    """

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._indexes: dict[int, tuple[Index, Index]] = {}
        self._former: dict[tuple[int, str], list[int]] = {}
        for column, node in enumerate(taxonomy):
            for parent, name in node.former:
                place = taxonomy.column(parent) if parent else _TOP
                self._former.setdefault((place, fold(name)), []).append(column)

    def resolve(self, elements: Sequence[str]) -> Resolution:
        """Return the deepest category of ``elements``; what comes after it is not known."""
        places: tuple[int, ...] = (_TOP,)
        n_resolved, has_names = 0, False
        for position, element in enumerate(elements):
            is_after_gap = position > n_resolved
            found = () if is_after_gap else self._by_id_under(places, element)
            if not found and not is_after_gap and (found := self._by_name(places, element)):
                has_names = True
            if not found and not has_names:
                found = self._now(list(self._with_id(element, bare=not is_after_gap))[:1])
            if found:
                places, n_resolved = found, position + 1
        if len(places) > 1:
            return Resolution(-1, n_resolved, places)
        return Resolution(places[0], n_resolved)

    def _with_id(self, element: str, *, bare: bool = True) -> Iterator[int]:
        """Yield the categories whose id is ``element`` or stands in front of its first ``_``."""
        head, underscore, _ = element.partition("_")
        for label_id in ([element, short_id(element)] if bare else []) + [head] * bool(underscore):
            if label_id in self._taxonomy:
                yield self._taxonomy.column(label_id)

    def _by_id_under(self, places: tuple[int, ...], element: str) -> tuple[int, ...]:
        for column in self._with_id(element):
            if any(home in places for home in self._homes(column)):
                return self._now([column])
        return ()

    def _by_name(self, places: tuple[int, ...], element: str) -> tuple[int, ...]:
        indexes = [self._index(place) for place in places]
        if exact := [column for names, _ in indexes for column in names.get(element, ())]:
            return tuple(dict.fromkeys(exact))
        key = fold(element)
        if found := [column for _, folded in indexes for column in folded.get(key, ())]:
            return tuple(dict.fromkeys(found))
        return self._now([c for place in places for c in self._former.get((place, key), ())])

    def _homes(self, column: int) -> list[int]:
        """Return the parents that a category has or had."""
        places = (*self._taxonomy.node(column).places, *self._taxonomy.node(column).former)
        return [self._taxonomy.column(parent) if parent else _TOP for parent, _ in places]

    def _now(self, columns: Sequence[int]) -> tuple[int, ...]:
        """Return what ``columns`` stand for; one that nothing replaced, for itself."""
        now = [found for c in columns for found in self._taxonomy.successors(c) or (c,)]
        return tuple(dict.fromkeys(now))

    def _index(self, place: int) -> tuple[Index, Index]:
        """Return the children of ``place`` by name and by folded name."""
        if place not in self._indexes:
            names, folded = Index(), Index()
            taxonomy = self._taxonomy
            children = taxonomy.roots if place == _TOP else taxonomy.children(place)
            for column in children.tolist():
                names.setdefault(taxonomy.names[column], []).append(column)
                folded.setdefault(fold(taxonomy.names[column]), []).append(column)
            self._indexes[place] = names, folded
        return self._indexes[place]


class Refusal(NamedTuple):
    """Why a path has no column: ``AMBIGUOUS_PATH``, ``BAD_PATH`` or ``UNKNOWN_PATH``, and text."""

    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ResolvedPaths:
    """The columns of paths in a taxonomy that has them all.

    Attributes
    ----------
    taxonomy : Taxonomy
        The one given, and after it the categories that were added.
    columns : int32 array, shape (n_paths,)
        -1 where the path was refused.
    added : tuple of str
        The path texts of the added categories, in column order.
    refused : dict of int to Refusal
        By the path's position.
    """

    taxonomy: Taxonomy
    columns: Columns
    added: tuple[str, ...]
    refused: dict[int, Refusal]


def extend_with_paths(
    taxonomy: Taxonomy | None, paths: Iterable[Sequence[str]], *, strict: bool = False
) -> ResolvedPaths:
    """Resolve ``paths``; what is not known is added under the deepest category that is.

    An added category is named by its element, without the white space around it, and gets an id
    made from its path. Only if every element of every path has the form ``id_name``, letters or
    digits before the ``_`` and one digit at least, the id and the name are taken from it.

    Parameters
    ----------
    taxonomy : Taxonomy or None
        None makes a taxonomy of the paths alone.
    paths : iterable of sequences of str
        Elements from the top down.
    strict : bool, default=False
        Refuse what is not known instead.
    """
    all_paths = [tuple(path) for path in paths]
    distinct = dict.fromkeys(all_paths)
    base = Taxonomy.from_nodes((), source="the catalog's paths") if taxonomy is None else taxonomy
    has_id_names = all(_split_id_name(element) for path in distinct for element in path)
    extension = _Extension(base, has_id_names=has_id_names)
    places = {path: extension.place(path, strict=strict) for path in distinct}
    columns = np.full(len(all_paths), -1, dtype=np.int32)
    refused = {}
    for position, path in enumerate(all_paths):
        place = places[path]
        if isinstance(place, Refusal):
            refused[position] = place
        else:
            columns[position] = place
    extended = base.with_nodes(extension.nodes) if extension.nodes else base
    return ResolvedPaths(extended, columns, tuple(extension.path_texts), refused)


def _split_id_name(element: str) -> tuple[str, str] | None:
    match = _ID_NAME.fullmatch(element)
    if match is None or not any(map(str.isdigit, match[1])):
        return None
    return match[1], match[2].strip()


class _Extension:
    """The categories that paths add to a taxonomy; their columns follow its own."""

    def __init__(self, base: Taxonomy, *, has_id_names: bool) -> None:
        self._base, self._has_id_names = base, has_id_names
        self._resolver = PathResolver(base)
        self._columns: dict[tuple[int, str], int] = {}
        self._taken = set(base.ids)
        self.nodes: list[Node] = []
        self.path_texts: list[str] = []

    def place(self, path: tuple[str, ...], *, strict: bool) -> int | Refusal:
        """Return the column of ``path``, added where needed."""
        if not path:
            return Refusal(BAD_PATH, "the path is empty")
        text = SEPARATOR.join(path)
        resolution = self._resolver.resolve(path)
        if resolution.ambiguous:
            ids = ", ".join(self._base.ids[column] for column in resolution.ambiguous)
            return Refusal(AMBIGUOUS_PATH, f"{text!r} fits several categories; use an id: {ids}")
        if resolution.column >= 0 and not self._base.is_active[resolution.column]:
            label_id = self._base.ids[resolution.column]
            return Refusal(UNKNOWN_PATH, f"{text!r}: category {label_id!r} was removed")
        rest = path[resolution.n_resolved :]
        if strict and rest:
            return Refusal(UNKNOWN_PATH, f"{text!r}: {rest[0]!r} is not in the taxonomy")
        for element in rest:
            if fault := name_fault(self._id_and_name(element)[1]):
                return Refusal(BAD_PATH, f"{text!r}: a category cannot be added, {fault[1]}")
        return self._add(resolution.column, rest)

    def _add(self, parent: int, elements: tuple[str, ...]) -> int:
        for element in elements:
            label_id, name = self._id_and_name(element)
            key = (_TOP, label_id) if label_id else (parent, name)
            if key not in self._columns:
                self._columns[key] = self._append(parent, label_id, name)
            parent = self._columns[key]
        return parent

    def _id_and_name(self, element: str) -> tuple[str, str]:
        parts = _split_id_name(element) if self._has_id_names else None
        return parts if parts and parts[0] not in self._base else ("", element.strip())

    def _append(self, parent: int, label_id: str, name: str) -> int:
        text = name if parent == _TOP else f"{self._text(parent)}{SEPARATOR}{name}"
        label_id = label_id or path_id(text, self._taken)
        self._taken.add(label_id)
        parents = () if parent == _TOP else (self._id(parent),)
        self.nodes.append(Node(label_id, name, parents))
        self.path_texts.append(text)
        return len(self._base) + len(self.nodes) - 1

    def _text(self, column: int) -> str:
        n_base = len(self._base)
        return self._base.path_text(column) if column < n_base else self.path_texts[column - n_base]

    def _id(self, column: int) -> str:
        n_base = len(self._base)
        return self._base.ids[column] if column < n_base else self.nodes[column - n_base].id
