"""Where the views are printed."""

from rich.console import Console


class Listened(Console):
    """Rich's console; where its reader goes away it raises what `print` does, and does not end the process."""

    def on_broken_pipe(self) -> None:
        raise BrokenPipeError
