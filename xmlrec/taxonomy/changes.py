"""Single changes of a taxonomy: what each does to a state, and how it reads in a log.

Each is made of ids and texts alone, so that it can be kept as JSON and done again anywhere.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar, Protocol

from xmlrec.errors import ChangeError
from xmlrec.taxonomy.node import Node
from xmlrec.taxonomy.state import Revision
from xmlrec.taxonomy.taxonomy import Taxonomy


class Change(Protocol):
    """What all changes have in common; they are frozen dataclasses of JSON values."""

    done: ClassVar[str]
    """A participle, to count by."""

    def apply(self, revision: Revision) -> None:
        """Make the change; `ChangeError` if it cannot be made."""

    def text(self, before: Taxonomy, after: Taxonomy) -> str:
        """Return a line for people."""


@dataclass(frozen=True, slots=True)
class Add:
    """A new category; without parents it is a root."""

    done: ClassVar[str] = "added"
    id: str
    name: str
    parents: tuple[str, ...] = ()
    definition: str = ""
    aliases: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()

    def apply(self, revision: Revision) -> None:
        """Make the change."""
        node = Node(self.id, self.name, self.parents, self.aliases, self.definition)
        revision.append(node)
        revision.set_examples(self.id, tuple(dict.fromkeys(self.examples)))

    def text(self, before: Taxonomy, after: Taxonomy) -> str:
        """Return a line for people."""
        n_examples = f", {count(len(self.examples), 'example')}" if self.examples else ""
        return f"added {shown(after, self.id)}{n_examples}"


@dataclass(frozen=True, slots=True)
class AddExamples:
    """More texts of items that belong to a category."""

    done: ClassVar[str] = "given examples"
    id: str
    texts: tuple[str, ...] = ()

    def apply(self, revision: Revision) -> None:
        """Make the change."""
        node = revision.find(self.id)
        known = revision.examples(node.id)
        texts = tuple(dict.fromkeys((*known, *self.texts)))
        if len(texts) == len(known):
            raise ChangeError(f"category {node.id!r} gets no example that it does not have")
        revision.set_examples(node.id, texts)

    def text(self, before: Taxonomy, after: Taxonomy) -> str:
        """Return a line for people."""
        return f"{count(len(self.texts), 'example')} for {shown(after, self.id)}"


@dataclass(frozen=True, slots=True)
class Rename:
    """Another name."""

    done: ClassVar[str] = "renamed"
    id: str
    name: str

    def apply(self, revision: Revision) -> None:
        """Make the change."""
        node = revision.find(self.id)
        if node.name == self.name:
            raise ChangeError(f"category {node.id!r} is called {self.name!r} already")
        revision.put(replace(node, name=self.name))

    def text(self, before: Taxonomy, after: Taxonomy) -> str:
        """Return a line for people."""
        return f"renamed {shown(before, self.id)} to {self.name}"


@dataclass(frozen=True, slots=True)
class Move:
    """Other parents, the primary one first; none makes a root."""

    done: ClassVar[str] = "moved"
    id: str
    parents: tuple[str, ...] = ()

    def apply(self, revision: Revision) -> None:
        """Make the change."""
        node, parents = revision.find(self.id), self.parents
        if not revision.is_lenient:
            parents = tuple([revision.find(parent).id for parent in parents])
        if node.parents == parents:
            raise ChangeError(f"category {node.id!r} is there already")
        revision.put(replace(node, parents=parents))

    def text(self, before: Taxonomy, after: Taxonomy) -> str:
        """Return a line for people."""
        where = " and ".join(shown(after, parent) for parent in self.parents) or "the top"
        return f"moved {shown(before, self.id)} to {where}"


@dataclass(frozen=True, slots=True)
class Describe:
    """Another definition and other aliases."""

    done: ClassVar[str] = "described"
    id: str
    definition: str = ""
    aliases: tuple[str, ...] = ()

    def apply(self, revision: Revision) -> None:
        """Make the change."""
        node = revision.find(self.id)
        revision.put(replace(node, definition=self.definition, aliases=self.aliases))

    def text(self, before: Taxonomy, after: Taxonomy) -> str:
        """Return a line for people."""
        return f"described {shown(after, self.id)}"


@dataclass(frozen=True, slots=True)
class Identify:
    """One more id by which a category is found."""

    done: ClassVar[str] = "given another id"
    id: str
    other_id: str

    def apply(self, revision: Revision) -> None:
        """Make the change."""
        node = revision.find(self.id)
        revision.put(replace(node, other_ids=(*node.other_ids, self.other_id)))

    def text(self, before: Taxonomy, after: Taxonomy) -> str:
        """Return a line for people."""
        return f"{shown(after, self.id)} is also {self.other_id}"


@dataclass(frozen=True, slots=True)
class Restore:
    """A category that was no more is in use again."""

    done: ClassVar[str] = "restored"
    id: str
    name: str
    parents: tuple[str, ...] = ()

    def apply(self, revision: Revision) -> None:
        """Make the change."""
        node = revision.retired(self.id)
        revision.put(replace(node, name=self.name, parents=self.parents, replaced_by=None))

    def text(self, before: Taxonomy, after: Taxonomy) -> str:
        """Return a line for people."""
        return f"restored {shown(after, self.id)}"


@dataclass(frozen=True, slots=True)
class Remove:
    """A category is no more, and nothing takes its place."""

    done: ClassVar[str] = "removed"
    id: str

    def apply(self, revision: Revision) -> None:
        """Make the change."""
        node = revision.find(self.id)
        check_childless(revision, node)
        revision.retire(node)

    def text(self, before: Taxonomy, after: Taxonomy) -> str:
        """Return a line for people."""
        return f"removed {shown(before, self.id)}"


@dataclass(frozen=True, slots=True)
class Merge:
    """Another category takes the place of these, and their children and examples."""

    done: ClassVar[str] = "merged"
    ids: tuple[str, ...]
    into: str

    def apply(self, revision: Revision) -> None:
        """Make the change."""
        target = revision.find(self.into)
        nodes = [revision.find(label_id) for label_id in self.ids]
        ids = {node.id for node in nodes}
        if target.id in ids:
            raise ChangeError(f"category {target.id!r} cannot be merged into itself")
        if not revision.is_lenient and revision.is_below(target, ids):
            problem = f"category {target.id!r} is below one that would be merged into it"
            raise ChangeError(problem, "move it first")
        texts = revision.examples(target.id)
        for node in nodes:
            texts += revision.examples(node.id)
            revision.set_examples(node.id, ())
            revision.retire(node, (target.id,))
        revision.set_examples(target.id, tuple(dict.fromkeys(texts)))
        for node in nodes:
            for child in revision.children(node.id):
                parents = [target.id if p in ids else p for p in child.parents]
                revision.put(replace(child, parents=tuple(dict.fromkeys(parents))))

    def text(self, before: Taxonomy, after: Taxonomy) -> str:
        """Return a line for people."""
        merged = ", ".join(shown(before, label_id) for label_id in self.ids)
        return f"merged {merged} into {shown(after, self.into)}"


@dataclass(frozen=True, slots=True)
class Split:
    """Several categories take the place of one."""

    done: ClassVar[str] = "split"
    id: str
    into: tuple[str, ...]

    def apply(self, revision: Revision) -> None:
        """Make the change."""
        node = revision.find(self.id)
        check_childless(revision, node)
        revision.retire(node, tuple([revision.find(label_id).id for label_id in self.into]))

    def text(self, before: Taxonomy, after: Taxonomy) -> str:
        """Return a line for people."""
        parts = " and ".join(shown(after, label_id) for label_id in self.into)
        return f"split {shown(before, self.id)} into {parts}"


def check_childless(revision: Revision, node: Node) -> None:
    """Raise `ChangeError` if there are categories below one that is to go."""
    children = revision.children(node.id)
    if children and not revision.is_lenient:
        some = ", ".join(repr(child.id) for child in children[:3])
        more = ", ..." if len(children) > 3 else ""
        problem = f"category {node.id!r} has {count(len(children), 'child')} ({some}{more})"
        raise ChangeError(problem, "move or remove them first, or merge it into another")


def shown(taxonomy: Taxonomy, label_id: str) -> str:
    """Return a category's path and id for people."""
    if label_id not in taxonomy:
        return f"[{label_id}]"
    column = taxonomy.column(label_id)
    return f"{taxonomy.path_text(column)} [{taxonomy.ids[column]}]"


def count(n: int, noun: str) -> str:
    """Return ``1 example`` or ``2 examples``."""
    plural = {"child": "children"}.get(noun, f"{noun}s")
    return f"{n:,} {noun if n == 1 else plural}"


def tally(changes: Sequence[Change]) -> str:
    """Return how many changes there are of each kind, ``3 added, 1 renamed``."""
    counts: dict[str, int] = {}
    for change in changes:
        counts[change.done] = counts.get(change.done, 0) + 1
    return ", ".join(f"{n:,} {done}" for done, n in counts.items()) or "nothing"
