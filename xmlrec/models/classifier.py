"""`TaxonomyClassifier`: items in, taxonomy paths out, and a taxonomy that changes meanwhile."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

from xmlrec.errors import ChangeError
from xmlrec.models.changing import next_version
from xmlrec.models.explaining import explain
from xmlrec.models.explanation import Explanation
from xmlrec.models.item_classifier import ItemClassifier
from xmlrec.models.saving import base_name, load_parts, save_parts
from xmlrec.models.training import text_items
from xmlrec.models.version_writing import append_version, locked_model
from xmlrec.models.versions import Version, current_version, read_versions
from xmlrec.taxonomy import Taxonomy
from xmlrec.taxonomy.adding import NewCategory, clean_texts, plan_adds
from xmlrec.taxonomy.change_sets import Batch, Update, roll_back
from xmlrec.taxonomy.changes import Add, AddExamples, Change, Merge, Move, Remove, Rename
from xmlrec.taxonomy.releases import Mapped, diff_releases, diff_states


class TaxonomyClassifier(ItemClassifier):
    """Classify items into the paths of a taxonomy.

    The taxonomy of a trained classifier can be changed: each change makes a version, at once and
    without training. If the classifier was opened from a model directory, or saved to one, the
    version is written there before it is used, or else nothing has happened. Others who have the
    model open keep theirs until they `reload`. Changes raise `ChangeError` if they cannot be made,
    and `ModelError` if they cannot be written.

    Parameters
    ----------
    preset : str, default="balanced"
        Recipe: "fast" is label trees on text features, "balanced" has vectors of items and labels
        too, "accurate" those of a transformer that is fine-tuned on the items (needs torch).
    tree : str, default="learned"
        The label trees: "learned" ones, the "taxonomy" itself along primary parents (one classifier
        a parent), or "flat" (one-vs-all).
    text : sequence of str, default=("title", "description")
        Fields that are read, the title first. An item that is a string is a title.
    seed : int, default=0
        Same seed, same items: same model, byte for byte; with a transformer nearly so.
    encoder : str, optional
        The transformer of "accurate": a folder, or a name on the hub; all-MiniLM-L6-v2 by default.
    teacher : str or Path, optional
        For "fast" and "balanced": folder of a model with vectors, such as one of "accurate". They
        learn from it which words speak for which category, and do without it afterwards.
    paths : str, optional
        "one" or "several": how many paths an item may have. By default several if more than 1 % of
        the training items have more than one.
    n_threads : int, optional
        All processors by default. Results do not depend on it.

    Attributes
    ----------
    taxonomy_ : Taxonomy
        The one given to `fit`, after it the categories that the training items added, and after
        these the ones added since. A label column is a category's number in it, and stays when the
        category is removed.
    added_ : tuple of str
        Path texts of the categories that training added.
    refused_ : list of (int, str, Refusal)
        Training paths that have no label column: position of the item, path text, and why. Not
        kept in a saved model, nor is ``added_``.
    taxonomy_name_ : str
        The taxonomy's source and digest, as they stand in result rows.
    model_name_ : str
        The preset, the saved model's digest and the version, as they stand in result rows.
    label_counts_ : int32 array, shape (len(taxonomy_),)
        Training items of each category; one with none is kept, see ``is_findable``.
    n_items_ : int
        Training items that had a category and a text.
    valid_metrics_ : dict of str to float
        Metrics on the validation items, empty without any.
    """

    def save(self, model_dir: str | Path) -> None:
        """Write the model directory with all versions; it appears complete or not at all.

        From then on each change is written there.

        Raises
        ------
        ModelError
            If another kind of folder or file stands there, it cannot be written, or the model
            there has versions that this one does not go on from.
        """
        self._adopt(self.parts, save_parts(self.parts, Path(model_dir)), Path(model_dir))

    @classmethod
    def load(
        cls, model_dir: str | Path, *, n_threads: int | None = None, verify: bool = True
    ) -> Self:
        """Open a model directory; arrays stay on disk until they are used.

        Parameters
        ----------
        verify : bool
            Whether to check every file's digest first, about 0.7 s a gigabyte. Without it names
            and sizes are checked; kernels trust the numbers in the files.

        Raises
        ------
        ModelError
            If there is no model, it is damaged, or of a newer format.
        """
        model = cls(n_threads=n_threads)
        model._adopt(*load_parts(Path(model_dir), verify=verify), Path(model_dir))
        return model

    def reload(self) -> None:
        """Go to the version in use now, as others may have changed it or trained the model again.

        Raises
        ------
        ModelError
            If the model is gone or damaged; the version that was open stays.
        """
        if self._folder is None:
            return
        number, lineage = current_version(self._folder), self.parts.lineage
        if base_name(self.settings, self._folder) != self._base_name:
            self._adopt(*load_parts(self._folder, verify=True), self._folder)
        elif number != lineage.number:
            lineage = replace(lineage, since=tuple(read_versions(self._folder)))
            self._adopt(replace(self.parts, lineage=lineage), self._base_name, self._folder)

    def explain(
        self, item: str | Mapping[str, Any], k: int = 1, *, category: str | None = None
    ) -> list[Explanation]:
        """Return why an item has its ``k`` best categories, best first; see `Explanation`.

        An item that `classify` does not answer has no explanation.

        Parameters
        ----------
        item : str or mapping
        category : str, optional
            The id of the one category to explain instead; nothing is returned for one that cannot
            be answered.

        Raises
        ------
        UnknownLabelError
            If there is no such category.
        """
        view = self.view
        column = None if category is None else view.taxonomy.column(category)
        return explain(view, text_items([item], self.settings.text)[0], k, category=column)

    def add_category(
        self,
        path: str | Sequence[str],
        *,
        id: str | None = None,
        definition: str = "",
        aliases: Sequence[str] = (),
        examples: Sequence[str] = (),
    ) -> str:
        """Add the last element of ``path`` below the others, and return its id.

        Parameters
        ----------
        path : str or sequence of str
            ``A > B > New`` or its elements; the parent must be there.
        id : str, optional
            Made from the path by default.
        aliases, examples : sequence of str
            Other names, and texts of items that belong there.
        """
        new = NewCategory(
            path=path, id=id, definition=definition, aliases=aliases, examples=examples
        )
        version = self._change(lambda: plan_adds(self.taxonomy_, [new])[0])
        assert isinstance(version.change, Add)
        return version.change.id

    def add_categories(
        self, rows: Iterable[NewCategory | Mapping[str, Any]], *, source: str = "a list"
    ) -> list[str]:
        """Add all categories or none, in one version; return their ids, parents before children.

        Parameters
        ----------
        rows : iterable of NewCategory or mapping
            Keys are the parameters of `add_category`. A parent may be one of them.
        source : str
            What the log says of where they come from.
        """
        new = [row if isinstance(row, NewCategory) else NewCategory(**row) for row in rows]
        if not new:
            raise ChangeError("there is no category to add")
        ids: list[str] = []

        def plan() -> Change:
            adds = plan_adds(self.taxonomy_, new)
            ids[:] = [add.id for add in adds]
            return Batch(source, tuple(adds))

        self._change(plan)
        return ids

    def add_examples(self, id: str, texts: Sequence[str]) -> Version:
        """Give a category texts of items that belong there, beside those that it has."""
        texts = clean_texts([texts] if isinstance(texts, str) else texts)
        if not texts:
            raise ChangeError(f"there is no text to give to category {id!r}")
        return self._change(lambda: AddExamples(id, texts))

    def rename(self, id: str, name: str) -> Version:
        """Give a category another name."""
        return self._change(lambda: Rename(id, name.strip()))

    def move(self, id: str, parents: str | Sequence[str]) -> Version:
        """Put a category below other parents, given by id; without any it becomes a root."""
        parents = (parents,) if isinstance(parents, str) else tuple(parents)
        return self._change(lambda: Move(id, parents))

    def remove(self, ids: str | Sequence[str]) -> Version:
        """Take categories out of use; those below them must be among them."""
        if isinstance(ids, str):
            return self._change(lambda: Remove(ids))

        def plan() -> Change:
            columns = {self.taxonomy_.column(label_id) for label_id in ids}
            deepest_first = sorted(columns, key=lambda column: -int(self.taxonomy_.depths[column]))
            removals = tuple([Remove(self.taxonomy_.ids[column]) for column in deepest_first])
            return Batch(changes=removals)

        return self._change(plan)

    def merge(self, ids: str | Sequence[str], into: str) -> Version:
        """Answer with category ``into`` where it was one of ``ids``, which are no more.

        Their children and examples become those of ``into``.
        """
        ids = (ids,) if isinstance(ids, str) else tuple(ids)
        return self._change(lambda: Merge(ids, into))

    def plan_update(self, new: Taxonomy, mapping: Mapped | None = None) -> list[Change]:
        """Return what `update_taxonomy` would change; see `xmlrec.taxonomy.releases`."""
        local = self.parts.lineage.local_ids()
        return diff_releases(self.taxonomy_, new, mapping, local=local)

    def update_taxonomy(self, new: Taxonomy, mapping: Mapped | None = None) -> Version:
        """Make the categories those of a new release; those added by hand stay.

        Parameters
        ----------
        new : Taxonomy
        mapping : mapping of str to str, sequence of str, or None
            Ids of ``new`` that took the place of an old id: one, several, or none.
        """

        def plan() -> Change:
            changes = self.plan_update(new, mapping)
            if not changes:
                raise ChangeError(f"the categories are those of {new.source} already")
            return Update(Path(new.source).name, tuple(changes))

        return self._change(plan)

    def log(self) -> list[Version]:
        """Return all versions, the oldest first; version 0 is what was trained on first."""
        return list(self.parts.lineage.log)

    def diff(self, version_a: int, version_b: int) -> list[Change]:
        """Return what differs in ``version_b`` from ``version_a``."""
        lineage = self.parts.lineage
        return diff_states(lineage.state(version_a), lineage.state(version_b))

    def rollback(self, version: int) -> Version:
        """Make a new version whose categories are those of an older one."""
        return self._change(
            lambda: roll_back(self.view.state, self.parts.lineage.state(version), version)
        )

    def _change(self, plan: Callable[[], Change]) -> Version:
        """Make the change that ``plan`` finds for the newest version."""
        with nullcontext() if self._folder is None else locked_model(self._folder):
            self.reload()
            parts, view = next_version(self.parts, self.view, plan(), self._base_name)
            version = parts.lineage.since[-1]
            if self._folder is not None:
                append_version(self._folder, version)
            self._parts, self._view = parts, view
        return version
