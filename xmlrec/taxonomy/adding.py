"""From the paths of new categories to the changes that add them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from xmlrec.errors import ChangeError
from xmlrec.taxonomy.changes import Add
from xmlrec.taxonomy.node import (
    SEPARATOR,
    fold,
    has_forbidden_characters,
    name_fault,
    path_id,
    split_path,
)
from xmlrec.taxonomy.resolve import PathResolver
from xmlrec.taxonomy.taxonomy import Taxonomy


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCategory:
    """What is said of a category that is to be added.

    Attributes
    ----------
    path : str or sequence of str
        ``A > B > New`` or its elements; all but the last are found as in a catalog.
    id : str, optional
        Made from the path by default.
    definition : str
    aliases, examples : sequence of str
        Other names, and texts of items that belong there.
    """

    path: str | Sequence[str]
    id: str | None = None
    definition: str = ""
    aliases: Sequence[str] = ()
    examples: Sequence[str] = ()


def plan_adds(taxonomy: Taxonomy, categories: Iterable[NewCategory]) -> list[Add]:
    """Return the changes that add ``categories``, parents before children.

    A parent may be one of the other new categories; none is made up.

    Raises
    ------
    ChangeError
        If a parent is not known, or a name or an id cannot be one.
    """
    split = [(elements_of(category.path), category) for category in categories]
    split.sort(key=lambda pair: len(pair[0]))
    planner = _Planner(taxonomy)
    return [planner.plan(elements, category) for elements, category in split]


def elements_of(path: str | Sequence[str]) -> tuple[str, ...]:
    """Return the elements of a path, none of which is empty.

    Text without ``" > "`` is cut at every ``>``, as in a catalog.

    Raises
    ------
    ChangeError
        If an element is empty, or cannot be a name or an id.
    """
    if isinstance(path, str):
        text = f" {path} "
        elements = split_path(text) if SEPARATOR in text else tuple(text.split(SEPARATOR.strip()))
    else:
        elements = tuple(path)
    elements = tuple(element.strip() for element in elements)
    for element in elements or ("",):
        if fault := name_fault(element):
            raise ChangeError(f"a category of {SEPARATOR.join(elements)!r}: {fault[1]}")
    return elements


def clean_texts(texts: Iterable[str]) -> tuple[str, ...]:
    """Return texts without blanks around them, each once, blank ones left out.

    Half a surrogate pair, which no file can hold, becomes ``?``.
    """
    texts = [text.encode("utf-8", "replace").decode().strip() for text in texts]
    return tuple(dict.fromkeys(filter(None, texts)))


class _Planner:
    """Finds parents among the known categories and the new ones."""

    def __init__(self, taxonomy: Taxonomy) -> None:
        self._taxonomy = taxonomy
        self._resolver = PathResolver(taxonomy)
        self._new: dict[tuple[str, str], str] = {}
        self._paths: dict[str, str] = {}

    def plan(self, elements: tuple[str, ...], category: NewCategory) -> Add:
        """Return the change that adds a category."""
        *above, name = elements
        parent = self._parent(above, SEPARATOR.join(elements))
        path = f"{self._path(parent)}{SEPARATOR}{name}" if parent else name
        label_id = self._id(category.id, path)
        self._new[parent, fold(name)] = label_id
        self._paths[label_id] = path
        return Add(
            label_id,
            name,
            (parent,) if parent else (),
            category.definition.strip(),
            clean_texts(category.aliases),
            clean_texts(category.examples),
        )

    def _parent(self, above: Sequence[str], path: str) -> str:
        """Return the id of the category of ``above``, "" at the top."""
        found = self._resolver.resolve(above)
        ids = self._taxonomy.ids
        if found.ambiguous:
            some = ", ".join(ids[column] for column in found.ambiguous)
            raise ChangeError(f"cannot add {path!r}: several categories fit; use an id: {some}")
        parent = ids[found.column] if found.column >= 0 else ""
        if parent and not self._taxonomy.is_active[found.column]:
            raise ChangeError(f"cannot add {path!r}: category {parent!r} was removed")
        for element in above[found.n_resolved :]:
            if (parent, fold(element)) not in self._new:
                place = f"below {self._path(parent)!r}" if parent else "at the top"
                problem = f"cannot add {path!r}: there is no category {element!r} {place}"
                raise ChangeError(problem, "add that one first")
            parent = self._new[parent, fold(element)]
        return parent

    def _path(self, label_id: str) -> str:
        if label_id in self._paths:
            return self._paths[label_id]
        return self._taxonomy.path_text(self._taxonomy.column(label_id))

    def _id(self, wanted: str | None, path: str) -> str:
        if wanted is None:
            return path_id(path, {*self._taxonomy.ids, *self._paths})
        if not wanted.strip() or has_forbidden_characters(wanted):
            raise ChangeError(f"{wanted!r} cannot be an id", "give one with letters or digits")
        return wanted.strip()
