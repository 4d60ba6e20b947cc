"""What differs between two states of a taxonomy, and between two releases of it."""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence

import numpy as np

from xmlrec.errors import ChangeError
from xmlrec.taxonomy.changes import (
    Add,
    AddExamples,
    Change,
    Describe,
    Identify,
    Merge,
    Move,
    Remove,
    Rename,
    Restore,
    Split,
)
from xmlrec.taxonomy.matching import Targets, is_made, match_categories
from xmlrec.taxonomy.node import Node, path_id, short_id
from xmlrec.taxonomy.state import TaxonomyState
from xmlrec.taxonomy.taxonomy import Taxonomy

Mapped = Mapping[str, str | Sequence[str] | None]
"""Which ids of the new release took the place of an old id: one, several, or none."""


def diff_releases(
    old: Taxonomy, new: Taxonomy, mapping: Mapped | None = None, *, local: Collection[str] = ()
) -> list[Change]:
    """Return the changes that make ``old`` what the release ``new`` says.

    A category with the same id is the same category. One whose id is gone was merged or split if
    ``mapping`` says so, merged into what has its place and name under another id, else removed.
    Where ids say nothing, see `match_categories`, a category is the same under the same parent and
    name, or if ``mapping`` leads from it alone to another; it keeps its id. Definitions and aliases
    change only where ``new`` has some.

    Parameters
    ----------
    mapping : mapping of str to str, sequence of str, or None
        The entry of an id that ``new`` still has is not used.
    local : collection of str
        Ids that no release knows; they stay, unless ``new`` has their place and name.

    Raises
    ------
    ChangeError
        If ``mapping`` names an id that a release does not have.
    """
    targets = _targets(old, new, mapping or {})
    matched, targets = match_categories(old, new, targets)
    ids = _ids(old, new, matched)
    changes: list[Change] = []
    for column in np.flatnonzero(new.is_active).tolist():
        node = new.node(column)
        parents = tuple([ids[parent] for parent in new.parents(column).tolist()])
        if matched[column] < 0:
            changes.append(Add(ids[column], node.name, parents, node.definition, node.aliases))
            continue
        before = old.node(matched[column])
        definition, aliases = node.definition or before.definition, node.aliases or before.aliases
        changes += _edits(before, Node(before.id, node.name, parents, aliases, definition))
        if _is_another_id(old, before.id, new, column):
            changes.append(Identify(before.id, node.id))
    stay = [old.column(label_id) for label_id in local if label_id in old]
    kept = {*matched, *(column for column in stay if column not in targets)}
    gone = [column for column in np.flatnonzero(old.is_active).tolist() if column not in kept]
    ends = {old.ids[o]: tuple([ids[n] for n in targets.get(o, ())]) for o in gone}
    return [*changes, *_endings(ends)]


def diff_states(old: TaxonomyState, new: TaxonomyState) -> list[Change]:
    """Return what differs in ``new``, an earlier or later state of the same taxonomy as ``old``."""
    changes: list[Change] = []
    ends: dict[str, tuple[str, ...]] = {}
    before, after = old.taxonomy, new.taxonomy
    for column, node in enumerate(after):
        texts = new.examples.get(column, ())
        was_active = column < len(before) and bool(before.is_active[column])
        if node.is_active and column >= len(before):
            fields = (node.parents, node.definition, node.aliases)
            changes.append(Add(node.id, node.name, *fields, texts))
        elif node.is_active:
            changes += _edits(before.node(column), node)
            known = old.examples.get(column, ())
            if more := tuple([text for text in texts if text not in known]):
                changes.append(AddExamples(node.id, more))
        elif was_active:
            ends[node.id] = node.replaced_by or ()
    for column in range(len(after), len(before)):
        if before.is_active[column]:
            ends[before.ids[column]] = ()
    return [*changes, *_endings(ends)]


def _edits(before: Node, after: Node) -> Iterator[Change]:
    """Yield what makes one category of another with the same id."""
    if not before.is_active:
        yield Restore(before.id, after.name, after.parents)
    elif before.name != after.name:
        yield Rename(before.id, after.name)
    if before.is_active and before.parents != after.parents:
        yield Move(before.id, after.parents)
    if (before.definition, before.aliases) != (after.definition, after.aliases):
        yield Describe(before.id, after.definition, after.aliases)


def _endings(ends: Mapping[str, tuple[str, ...]]) -> Iterator[Change]:
    """Yield what becomes of categories that are no more, given what replaces each."""
    merged = defaultdict(list)
    for label_id, into in ends.items():
        if len(into) == 1:
            merged[into[0]].append(label_id)
        elif into:
            yield Split(label_id, into)
        else:
            yield Remove(label_id)
    for target, label_ids in merged.items():
        yield Merge(tuple(label_ids), target)


def _targets(old: Taxonomy, new: Taxonomy, mapping: Mapped) -> Targets:
    """Return the new columns that took the place of an old one."""
    targets = {}
    for column in np.flatnonzero(~new.is_active).tolist():  # the new release says so itself
        if new.ids[column] in old:
            targets[old.column(new.ids[column])] = new.successors(column)
    for old_id, new_ids in mapping.items():
        new_ids = (new_ids,) if isinstance(new_ids, str) else tuple(new_ids or ())
        for label_id, release, which in [(old_id, old, "old"), *((i, new, "new") for i in new_ids)]:
            if label_id not in release:
                raise ChangeError(
                    f"the mapping names {label_id!r}, which the {which} release lacks"
                )
        targets[old.column(old_id)] = tuple([new.column(label_id) for label_id in new_ids])
    return targets


def _ids(old: Taxonomy, new: Taxonomy, matched: Sequence[int]) -> list[str]:
    """Return the id that each category of ``new`` has as part of ``old``."""
    has_long_ids = any(short_id(label_id) != label_id for label_id in old.ids)
    taken = set(old.ids)
    ids = []
    for column, match in enumerate(matched):
        label_id = new.ids[column] if has_long_ids else short_id(new.ids[column])
        if match >= 0:
            label_id = old.ids[match]
        elif label_id in old or label_id in taken:
            label_id = path_id(new.path_text(column), taken)
        taken.add(label_id)
        ids.append(label_id)
    return ids


def _is_another_id(old: Taxonomy, old_id: str, new: Taxonomy, column: int) -> bool:
    """Say whether the release knows a category by an id that is not its own yet."""
    new_id = new.ids[column]
    if new_id in old or short_id(new_id) == short_id(old_id):
        return False
    return not is_made(new, column)
