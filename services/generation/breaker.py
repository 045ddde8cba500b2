"""A circuit breaker: after some failures in a row nothing is tried for a while, then one request alone probes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from services.core.errors import ModelUnavailableError


class Breaker:
    """Closed, open, or half-open with one probe on its way (Nygard, "Release It!", 2007).

    Not thread-safe: it lives in one event loop.
    """

    def __init__(self, failures: int, cooldown_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        """Open after this many failures in a row, for this long."""
        self._limit: Final = failures
        self._cooldown_s: Final = cooldown_s
        self._clock = clock
        self._failed = 0
        self._probe_at: float | None = None
        self._is_probing = False

    @property
    def is_open(self) -> bool:
        """Whether the last requests failed and no probe has succeeded since."""
        return self._probe_at is not None

    @property
    def is_troubled(self) -> bool:
        """Whether the last request failed."""
        return self._failed > 0

    @contextmanager
    def attempt(self, *, proves: bool = True) -> Iterator[None]:
        """Around one request. A cancelled one says nothing of the server, and counts neither way.

        Args:
            proves: Whether success shows that the server does its main work; else only failure counts.

        Raises:
            ModelUnavailableError: It is open, or another request is probing.
        """
        is_probe = self._admit() and proves
        self._is_probing = self._is_probing or is_probe
        try:
            yield
        except ModelUnavailableError:
            self._fail()
            raise
        else:
            if proves:
                self._failed, self._probe_at = 0, None
        finally:
            if is_probe:
                self._is_probing = False

    def _admit(self) -> bool:
        """Whether the request is a probe."""
        if self._probe_at is None:
            return False
        if self._is_probing or self._clock() < self._probe_at:
            raise ModelUnavailableError("the language model failed lately and is not asked for now")
        return True

    def _fail(self) -> None:
        self._failed += 1
        if self._failed >= self._limit or self._probe_at is not None:
            self._probe_at = self._clock() + self._cooldown_s
