"""What was measured, kept as it comes: a run that is cut off loses nothing."""

import json
import time
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

Numbers = dict[str, Any]


class Rows:
    """Rows of numbers in a file of JSON, and the time that is left."""

    def __init__(self, path: Path, seconds: float, facts: Numbers) -> None:
        self.path, self.facts, self.rows = path, facts, list[Numbers]()
        self.began = time.monotonic()
        self.ends = self.began + seconds

    def measure(self, work: Callable[[], Numbers], **what: Any) -> None:
        """Add what `work` finds, or why it found nothing: that it failed, or came too late."""
        if time.monotonic() > self.ends:
            found: Numbers = {"problem": "not measured: no time left"}
        else:
            try:
                found = work()
            except Exception as error:  # of whatever kind: the others are still to be measured
                if not isinstance(error, ImportError):
                    traceback.print_exc()
                found = {"problem": f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"}
        self.rows.append(what | found)
        self.path.write_text(json.dumps({"facts": self.facts, "rows": self.rows}, indent=1))
        print(f"{time.monotonic() - self.began:5.0f} s", what, found, flush=True)

    def table(self, kind: str, columns: list[str]) -> str:
        """The rows of a kind in Markdown."""
        lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(columns)]
        for row in self.rows:
            if row["kind"] == kind:
                cells = (row.get(column, row.get("problem", "") if column == columns[-1] else "") for column in columns)
                lines.append(f"| {' | '.join(f'{c:,.4g}' if isinstance(c, float) else str(c) for c in cells)} |")
        return "\n".join(lines)
