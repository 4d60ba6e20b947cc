"""A clock that says when it is time for what is done now and then."""

import time


class Clock:
    """Says when ``seconds`` have passed since it last said so, or since it was made."""

    def __init__(self, seconds: float) -> None:
        self._seconds, self._since = seconds, time.monotonic()

    def is_due(self) -> bool:
        """Return whether it is time, and if so start again."""
        now = time.monotonic()
        if now - self._since < self._seconds:
            return False
        self._since = now
        return True
