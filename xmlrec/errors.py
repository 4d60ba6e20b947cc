"""Every error that a caller of xmlrec can act on.

XmlrecError
├── InputError          a catalog or taxonomy file that cannot be read as a whole
│   ├── ColumnError     a column that is missing, doubled or ambiguous
│   └── OptionError     an option that cannot be what it says
├── TaxonomyError       a taxonomy with errors, all of them listed
├── ChangeError         a change of a taxonomy that cannot be made
├── TrainingError       rows from which nothing can be learned
├── ModelError          a model directory that is missing, damaged, swapped or too new
├── EncoderError        an encoder that is missing, changed, of another dimension or out of reach
├── ReportError         a report that cannot be made
├── ScoreError          scores of a ranker that are no numbers
├── WorkerError         a process that was to answer rows and cannot start
├── ClusterError        a cluster that cannot be reached, or whose workers cannot answer
├── RejectsError        more rows rejected than were allowed
├── UnknownLabelError   a label id that is not in the taxonomy in use
└── UnknownItemError    an item id that is not among the items that can be recommended

Each keeps its facts as attributes and its constructor arguments in ``args``, so that it survives
pickling from a worker process.
"""


class XmlrecError(Exception):
    """Base class: ``except XmlrecError`` catches everything a caller can act on."""

    exit_code = 1


class InputError(XmlrecError):
    """A file that cannot be read as a whole: what is wrong, where, and the next step."""

    def __init__(self, source: str, problem: str, next_step: str = "") -> None:
        super().__init__(source, problem, next_step)
        self.source, self.problem, self.next_step = source, problem, next_step

    def __str__(self) -> str:
        return f"{self.source}: {self.problem}" + (f"; {self.next_step}" if self.next_step else "")


class ColumnError(InputError):
    """A column that is missing, doubled or ambiguous: a usage error."""

    exit_code = 2


class OptionError(InputError):
    """An option that cannot be what it says, such as an unknown encoding: a usage error."""

    exit_code = 2


class TaxonomyError(XmlrecError):
    """A taxonomy with errors; ``problems`` lists them all, one text each."""

    def __init__(self, source: str, problems: tuple[str, ...]) -> None:
        super().__init__(source, problems)
        self.source, self.problems = source, problems

    def __str__(self) -> str:
        shown = "; ".join(self.problems[:3])
        more = f"; and {len(self.problems) - 3} more" if len(self.problems) > 3 else ""
        return f"{self.source}: {shown}{more}; run `xmlrec taxonomy lint {self.source}` to list all"


class ChangeError(XmlrecError):
    """A change of a taxonomy that cannot be made: what is wrong, and the next step."""

    def __init__(self, problem: str, next_step: str = "") -> None:
        super().__init__(problem, next_step)
        self.problem, self.next_step = problem, next_step

    def __str__(self) -> str:
        return self.problem + (f"; {self.next_step}" if self.next_step else "")


class TrainingError(XmlrecError):
    """Rows from which nothing can be learned."""


class ModelError(XmlrecError):
    """A model directory that is missing, damaged, swapped or of a newer format."""

    def __init__(self, model_dir: str, problem: str, next_step: str = "") -> None:
        super().__init__(model_dir, problem, next_step)
        self.model_dir, self.problem, self.next_step = model_dir, problem, next_step

    def __str__(self) -> str:
        step = f"; {self.next_step}" if self.next_step else ""
        return f"{self.model_dir}: {self.problem}{step}"


class EncoderError(XmlrecError):
    """An encoder that is missing, changed, of another dimension or out of reach."""

    def __init__(self, encoder: str, problem: str, next_step: str = "") -> None:
        super().__init__(encoder, problem, next_step)
        self.encoder, self.problem, self.next_step = encoder, problem, next_step

    def __str__(self) -> str:
        step = f"; {self.next_step}" if self.next_step else ""
        return f"encoder {self.encoder}: {self.problem}{step}"


class ReportError(XmlrecError):
    """A report that cannot be made: what is wrong, and the next step."""

    def __init__(self, problem: str, next_step: str = "") -> None:
        super().__init__(problem, next_step)
        self.problem, self.next_step = problem, next_step

    def __str__(self) -> str:
        return self.problem + (f"; {self.next_step}" if self.next_step else "")


class ScoreError(XmlrecError, ValueError):
    """Scores of a ranker that are no numbers, of which no probability can be made."""

    def __init__(self, n_items: int) -> None:
        super().__init__(n_items)
        self.n_items = n_items

    def __str__(self) -> str:
        items = "1 item" if self.n_items == 1 else f"{self.n_items:,} items"
        return (
            f"the model's scores of {items} are no numbers, so it is damaged; "
            "check it with `xmlrec verify`, or train it again"
        )


class WorkerError(XmlrecError):
    """A process that was to answer rows ended before it could."""

    def __init__(self, exit_code: int | None) -> None:
        super().__init__(exit_code)
        self.ended_with = exit_code

    def __str__(self) -> str:
        return (
            f"a worker process ended while it opened the model (exit code {self.ended_with}); "
            "see that there is memory for one model a thread, or take fewer --threads"
        )


class ClusterError(XmlrecError):
    """A cluster that cannot be reached, or whose workers cannot answer; ``place`` says which."""

    def __init__(self, place: str, problem: str, next_step: str) -> None:
        super().__init__(place, problem, next_step)
        self.place, self.problem, self.next_step = place, problem, next_step

    def __str__(self) -> str:
        return f"{self.place}: {self.problem}; {self.next_step}"


class RejectsError(XmlrecError):
    """A run that was done, but rejected more rows than it was allowed to."""

    exit_code = 3

    def __init__(self, n_rejects: int, limit: int) -> None:
        super().__init__(n_rejects, limit)
        self.n_rejects, self.limit = n_rejects, limit

    def __str__(self) -> str:
        return f"{self.n_rejects:,} rows were rejected, more than --max-errors {self.limit:,}"


class UnknownLabelError(XmlrecError, LookupError):
    """A label id is not in the taxonomy in use."""

    def __init__(self, label_id: str, taxonomy: str) -> None:
        super().__init__(label_id, taxonomy)
        self.label_id, self.taxonomy = label_id, taxonomy

    def __str__(self) -> str:
        return (
            f"label {self.label_id!r} is not in taxonomy {self.taxonomy!r}; "
            "run `xmlrec taxonomy search` to find it by name"
        )


class UnknownItemError(XmlrecError, LookupError):
    """An item id is not among the items that can be recommended."""

    def __init__(self, item_id: str) -> None:
        super().__init__(item_id)
        self.item_id = item_id

    def __str__(self) -> str:
        return f"there is no item {self.item_id!r}; add it with `xmlrec recommend add-items`"
