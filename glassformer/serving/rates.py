"""How many requests a client may make in a minute."""

import time

MOST = 10_000  # clients that are remembered


class Rates:
    """A bucket for each client: it holds a minute's requests, and fills up evenly."""

    def __init__(self) -> None:
        self._buckets: dict[str, tuple[float, float]] = {}  # how many requests are left, and when that was

    def wait(self, client: str, per_minute: int) -> float:
        """Take one request of the client's: 0, or after how many seconds it may ask again."""
        now = time.monotonic()
        left, then = self._buckets.pop(client, (float(per_minute), now))
        left = min(left + (now - then) * per_minute / 60, per_minute)
        self._buckets[client] = (left - 1 if left >= 1 else left, now)
        if len(self._buckets) > MOST:
            del self._buckets[next(iter(self._buckets))]  # who was not seen for longest
        return 0.0 if left >= 1 else (1 - left) * 60 / per_minute
