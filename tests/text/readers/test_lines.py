"""Lines of a stream, to its end and no further."""

import io

from glassformer.text.readers.lines import lines_of


class Terminal(io.RawIOBase):
    """What a terminal gives for a line, a half one, and Ctrl-D twice; whoever asks once more waits for ever."""

    def __init__(self):
        self.given = [b"a b\n", b"c d", b""]

    def readable(self):
        return True

    def readinto(self, into):
        if not self.given:
            raise AssertionError("waits")
        data = self.given.pop(0)
        into[: len(data)] = data
        return len(data)


def test_the_end_of_a_terminal_within_a_line_is_the_end():
    assert list(lines_of(io.BufferedReader(Terminal()), "x")) == [(1, "a b"), (2, "c d")]
