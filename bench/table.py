"""A result table, and its two faces: aligned text for the terminal, markdown for the README."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field

Cell = str | int | float | None


@dataclass
class Table:
    """Rows under named columns; ``notes`` are lines below it. An unknown cell is None."""

    title: str
    columns: Sequence[str]
    rows: list[Sequence[Cell]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def to_json(self) -> dict:
        return asdict(self)

    def to_text(self) -> str:
        """Return the table with numbers aligned right and text aligned left."""
        lines = [list(self.columns), *([show(cell) for cell in row] for row in self.rows)]
        widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
        numeric = [self._is_numeric(i) for i in range(len(self.columns))]
        texts = [
            "  ".join(
                cell.rjust(width) if right else cell.ljust(width)
                for cell, width, right in zip(line, widths, numeric, strict=True)
            ).rstrip()
            for line in lines
        ]
        rule = "  ".join("-" * width for width in widths)
        return "\n".join([self.title, "", texts[0], rule, *texts[1:], *self._note_lines()])

    def to_markdown(self) -> str:
        marks = ["---:" if self._is_numeric(i) else "---" for i in range(len(self.columns))]
        lines = [self.columns, marks, *([show(cell) for cell in row] for row in self.rows)]
        grid = "\n".join(f"| {' | '.join(line)} |" for line in lines)
        return "\n".join([f"**{self.title}**", "", grid, *self._note_lines()])

    def _is_numeric(self, column: int) -> bool:
        return not any(isinstance(row[column], str) for row in self.rows)

    def _note_lines(self) -> list[str]:
        return ["", *self.notes] if self.notes else []


def show(cell: Cell) -> str:
    """Return the text of a cell: two decimals below 100, none above; None is an empty cell."""
    if cell is None:
        return ""
    if isinstance(cell, float):
        return f"{cell:.2f}" if abs(cell) < 100 else f"{cell:,.0f}"
    return f"{cell:,}" if isinstance(cell, int) else cell
