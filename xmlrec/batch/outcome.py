"""What becomes of a chunk: its part of the output, or why it has none."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from xmlrec.batch.tally import Tally
from xmlrec.catalog import Fault, Reject
from xmlrec.errors import XmlrecError


@dataclass(frozen=True, slots=True)
class Part:
    """What a chunk becomes.

    Attributes
    ----------
    results : bytes
        As the format encodes them.
    rejects : bytes
        JSON lines.
    tally : Tally
    """

    results: bytes
    rejects: bytes
    tally: Tally


@dataclass(frozen=True, slots=True)
class Failure:
    """Why a chunk became nothing: one of its rows may be at fault, or whoever worked on it."""

    code: Fault
    message: str


def attempt(answer: Callable[[], Part]) -> Part | Failure:
    """Return the part that is answered; what one of its rows cannot stand is a failure.

    Raises
    ------
    XmlrecError
        What is wrong with the whole run, such as a damaged model.
    """
    try:
        return answer()
    except XmlrecError:
        raise
    except MemoryError:
        return Failure(Fault.WORKER_DIED, "there was not enough memory for it")
    except Exception as error:  # whatever a row may bring about, the others are answered
        return Failure(Fault.FAILED, f"{type(error).__name__}: {error}")


def to_lines(rejects: Iterable[Reject]) -> bytes:
    """Return rejects as JSON lines."""
    text = "".join(reject.to_json() + "\n" for reject in rejects)
    return text.encode("utf-8", "backslashreplace")
