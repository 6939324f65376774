"""What each client of the load does; Locust runs it (`serving.py` says how): translate, look at the answer, again.

CASES names a JSON file of [text, translation] pairs, LEDGER the file that gets the counts, BEAM the beam's width, TEXTS
how many texts a request has. Every request has an id of its own, which its answer must bear: an answer that went to
another would be seen.
"""

import json
import os
import random
import statistics
import time
import uuid
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import gevent
from locust import FastHttpUser, constant, events, task

CASES = json.loads(Path(os.environ["CASES"]).read_text(encoding="utf-8"))
TEXTS = int(os.environ.get("TEXTS", "1"))
COUNTS: Counter[str] = Counter()
SECONDS: list[float] = []  # that each translation took
ENDS: list[float] = []  # when it was there


class Client(FastHttpUser):
    """Asks, waits for the answer, and asks again at once; one that is refused waits as long as it is told."""

    wait_time = constant(0)
    connection_timeout = network_timeout = 120.0

    @task
    def translate(self) -> None:
        """One request, and what came of it."""
        texts, expected = zip(*random.choices(CASES, k=TEXTS), strict=True)
        request_id = uuid.uuid4().hex
        COUNTS["sent"] += 1
        started = time.monotonic()
        body = {"text": texts if TEXTS > 1 else texts[0], "beam": int(os.environ["BEAM"])}
        with self.client.post(
            "/v1/translate", json=body, headers={"X-Request-ID": request_id}, catch_response=True
        ) as answer:
            what = judged(answer, request_id, expected)
            COUNTS[what] += 1
            if what in ("right", "wrong"):
                SECONDS.append(time.monotonic() - started)
                ENDS.append(time.monotonic())
            elif what.startswith("refused"):
                gevent.sleep(float(answer.headers.get("Retry-After", 1)))
            else:
                answer.failure(what)


def judged(answer: Any, request_id: str, expected: Sequence[str]) -> str:
    """In one word: right, refused, wrong, another's, lost, or the status that it should not have."""
    if answer.status_code in (429, 503):
        return f"refused {answer.status_code}"
    if answer.status_code != 200:
        return f"status {answer.status_code}" if answer.status_code else f"lost {type(answer.error).__name__}"
    found = answer.json()
    if found["request_id"] != request_id:
        return "another's"
    return "right" if [one["text"] for one in found["translations"]] == list(expected) else "wrong"


@events.quitting.add_listener
def write_ledger(environment: Any, **_: Any) -> None:
    """The counts, and percentiles of the seconds that translations took, for `serving.py`."""
    cuts = statistics.quantiles(SECONDS, n=100) if len(SECONDS) > 1 else [0.0] * 99
    ledger = {
        "counts": COUNTS,
        "rate": (len(ENDS) - 1) / (max(ENDS) - min(ENDS)) if len(ENDS) > 1 else 0.0,
        "p50": cuts[49], "p95": cuts[94], "p99": cuts[98], "worst": max(SECONDS, default=0.0),
    }  # fmt: skip
    Path(os.environ["LEDGER"]).write_text(json.dumps(ledger), encoding="utf-8")
