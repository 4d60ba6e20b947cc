from collections import Counter

import pytest

from xmlrec.batch import Tally
from xmlrec.cli import progress
from xmlrec.cli.progress import Pace, show_progress, told


class At:
    """A reader that is somewhere in its files."""

    def __init__(self, share_read):
        self.share_read = share_read


@pytest.fixture
def clock(monkeypatch):
    """A clock that is set by hand."""
    seconds = [0.0]
    monkeypatch.setattr(progress.time, "monotonic", lambda: seconds[0])
    return seconds


def test_pace_counts_from_where_an_earlier_run_was(clock):
    pace = Pace(started=0.0)
    clock[0] = 10.0
    pace.add(Tally(Counter(ok=60, review=30, abstain=10), Counter(NUL=2)), 0.5)
    assert (pace.facts()["rows_per_s"], pace.facts()["left_s"]) == (10, None)
    clock[0] = 20.0
    pace.add(Tally(Counter(ok=100)), 0.75)

    assert told(pace) == (
        "200 rows, 10 a second, 0:20 left, 2 rejected, 5 % abstain, 80 % ok, 15 % review"
    )


def test_without_a_size_nothing_is_foretold(clock):
    pace = Pace(started=0.0)
    clock[0] = 1.0
    pace.add(Tally(Counter(ok=5)), None)
    assert told(pace) == "5 rows, 5 a second, 0 rejected, 100 % ok"


def test_a_line_comes_every_ten_seconds(clock, capsys):
    with show_progress("lines") as on_part:
        for seconds in range(1, 31):
            clock[0] = float(seconds)
            on_part(Tally(Counter(ok=10)), At(seconds / 60))

    lines = capsys.readouterr().err.splitlines()
    assert [line.split(",")[0] for line in lines] == ["100 rows", "200 rows", "300 rows"]
    assert lines[0] == "100 rows, 10 a second, 0:56 left, 0 rejected, 100 % ok"


def test_a_terminal_gets_a_bar(monkeypatch, capsys):
    monkeypatch.setenv("FORCE_COLOR", "1")
    with show_progress("bar") as on_part:
        on_part(Tally(Counter(ok=10)), At(0.5))

    assert "50%" in capsys.readouterr().err


@pytest.mark.parametrize(("seconds", "shown"), [(0, "0:00"), (61, "1:01"), (3725, "1:02:05")])
def test_times_are_those_of_a_clock(seconds, shown):
    assert progress.clock(seconds) == shown
