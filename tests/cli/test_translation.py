"""`translate` as a stream: answers as they come, whole lines, flat memory, and what it says of over-long sentences."""

import contextlib
import json
import os
import pty
import signal
import threading
import time

import pytest

from tests.commands import refusal, run, start, write

LONG = "a b c d e, " * 6 + "f e d"


@pytest.fixture(scope="module")
def model(reversing):
    return reversing.path


@pytest.fixture(scope="module")
def copier(copying):
    return copying.path


def unwarned(outcome):
    """What stderr says of lines and sentences, but for the warnings about translations."""
    return [line for line in outcome.err.splitlines() if "warning:" not in line]


def test_a_line_is_a_text(model):
    outcome = run("translate", model, stdin="a b?  c d\n\ne f\n")
    alone = run("translate", model, stdin="a b?\nc d\n").lines
    assert outcome.lines == ["  ".join(alone), "", "f e"]
    assert run("translate", model, "--no-split", stdin="a b?  c d\n").lines != outcome.lines[:1]
    whole, single = map(json.loads, run("translate", model, "--json", stdin="a b?  c d\ne f\n").lines)
    assert [part["source"] for part in whole["parts"]] == ["a b?", "c d"]
    assert (whole["text"], single["text"], single["parts"]) == (outcome.lines[0], "f e", [])


def test_a_named_language(model):
    text = "Er kam am 3. Mai an.\n"
    one, other = (
        json.loads(run("translate", model, "--json", "--language", code, stdin=text).out) for code in ("de", "en")
    )
    assert (one["parts"], len(other["parts"])) == ([], 2)
    assert "language is 'German'" in refusal(run("translate", model, "--language", "German", stdin=text), status=2)


def test_over_long_sentences_are_counted_once(model):
    text = f"a b\n{LONG}\n{LONG}? {LONG}\nc d\n"
    split, skipped, failed = (run("translate", model, "--long", how, stdin=text) for how in ("split", "skip", "fail"))
    tokens = len(LONG.replace(" ", "").replace(",", "")) + LONG.count(",") + 1  # a letter or a comma each, and </s>
    place = "the first is standard input:2"
    assert split.status == 0
    assert unwarned(split) == [f"glassformer: 3 sentences split at clauses; {place}: more than 32 tokens"]
    assert skipped.status == 0
    [left_out] = unwarned(skipped)
    assert left_out.startswith(f"glassformer: 3 sentences left out; {place}: {tokens} tokens, but the model admits 32")
    assert skipped.out == "b a\n\n\nd c\n"
    assert failed.status == 1 and failed.out == skipped.out
    assert [line.split(": ")[1] for line in unwarned(failed)] == [
        "standard input:2", "standard input:3, sentence 1"
    ]  # fmt: skip
    lines = split.lines
    assert len(lines) == 4 and all(lines)
    assert run("translate", model, stdin=text) == split  # the default


def test_a_line_from_a_pipe_is_answered_while_the_pipe_is_open(model):
    with start("translate", model) as process:
        for line, answer in ((b"a b\n", b"b a\n"), (b"c d\n", b"d c\n"), (b"\n", b"\n")):
            process.stdin.write(line)
            process.stdin.flush()
            assert process.stdout.readline() == answer  # were it to wait for more, this would never end
        process.stdin.write(b"e f")  # no line end
        out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (0, b"f e\n")
    assert all(b"warning:" in line for line in err.splitlines())


def test_a_line_typed_is_answered(model):
    controller, terminal = pty.openpty()
    with start("translate", model, stdin=terminal) as process:
        os.close(terminal)
        for line, answer in ((b"a b\n", b"b a\n"), (b"c d\n", b"d c\n")):
            os.write(controller, line)
            assert process.stdout.readline() == answer
        os.write(controller, b"\x04")  # Ctrl-D
        assert process.wait(120) == 0
    os.close(controller)


def test_a_pipe_and_a_file_give_the_same_in_order(copier, tmp_path):
    lines = [" ".join(f"{n:b}".replace("0", "a").replace("1", "b")) for n in range(8, 31)] * 40
    text = "".join(f"{line}\n" for line in lines)
    from_file = run("translate", copier, write(tmp_path / "a.txt", text), "--beam", 1)
    assert from_file.status == 0 and len(from_file.lines) == len(lines)
    assert from_file.lines[:23] * 40 == from_file.lines  # the same lines, the same answers
    assert run("translate", copier, "--beam", 1, stdin=text) == from_file


def test_ctrl_c_keeps_complete_lines(copier):
    """Also of a reader that is slow, while lines are being written."""
    with start("translate", copier, "--beam", 1) as process:
        writer = threading.Thread(target=feed, args=(process.stdin, b"a b c\n" * 60_000))
        writer.start()
        out = process.stdout.readline()
        time.sleep(1)  # nobody reads: the pipe fills
        process.send_signal(signal.SIGINT)
        out += process.stdout.read()
        assert process.stderr.read() == b"glassformer: stopped\n"
        assert process.wait(120) == 130
        writer.join()
    assert set(out.splitlines(keepends=True)) == {b"a b c\n"}
    assert out.count(b"\n") < 60_000


def feed(stream, data):
    with contextlib.suppress(BrokenPipeError):
        stream.write(data)


def test_lines_before_a_bad_one_are_answered(model, tmp_path):
    path = write(tmp_path / "a.txt", b"a b\nc d\n\xff\ne f\n")
    outcome = run("translate", model, path)
    assert (outcome.status, outcome.out) == (1, "b a\nd c\n")
    assert f"{path}:3: byte 1 of the line (0xff) is not UTF-8" in outcome.err


@pytest.mark.parametrize("redirected", [True, False])
def test_a_bar_only_where_a_file_goes_elsewhere(model, tmp_path, redirected):
    """On a terminal, and not in the way of what is printed on it."""
    path = write(tmp_path / "a.txt", "a b\n" * 3)
    controller, terminal = pty.openpty()
    settings = {"stderr": terminal} if redirected else {"stderr": terminal, "stdout": terminal}
    with start("translate", model, path, **settings) as process:
        os.close(terminal)
        shown = b""
        with contextlib.suppress(OSError):  # when the other side is closed
            while block := os.read(controller, 1000):
                shown += block
        if redirected:
            assert process.stdout.read() == b"b a\n" * 3
        assert process.wait(120) == 0
    os.close(controller)
    assert (b"3 lines" in shown) == redirected
    assert (shown.count(b"b a") == 3) != redirected


# evaluate --output


def test_evaluate_writes_its_output_whole_or_not_at_all(model, tmp_path):
    source, target = write(tmp_path / "s", "a b? c d\n"), write(tmp_path / "t", "b a\n")
    arguments = ("evaluate", model, "--source", source, "--reference", target, "--output")
    assert "is a folder" in refusal(run(*arguments, tmp_path))
    before = write(tmp_path / "kept.txt", "before\n")
    assert run(*arguments, before, "--device", "abacus").status == 2
    assert run(*arguments, before, "--source", write(tmp_path / "bad", b"\xff\n")).status == 1
    assert before.read_text() == "before\n"
    assert {path.name for path in tmp_path.iterdir()} == {"s", "t", "kept.txt", "bad"}
    assert run(*arguments, before).status == 0
    assert before.read_text() == run("translate", model, "--no-split", source).out  # a pair is a sentence


def test_copied_spans_and_terms(model, tmp_path):
    terms = write(tmp_path / "terms.tsv", "b\tf\tff\nkept\n")
    text = "a b c 😀\na kept https://x.org\n"
    outcome = run("translate", model, "--terms", terms, stdin=text)
    assert outcome.lines[0] == "c f a 😀"
    assert "kept" in outcome.lines[1] and "https://x.org" in outcome.lines[1]
    records = [json.loads(line) for line in run("translate", model, "--json", stdin=text).lines]
    assert [record["inserted"] for record in records] == [["😀"], ["https://x.org"]]
    assert "https" not in run("translate", model, "--no-copy", stdin=text).lines[1]


def test_markup(model):
    text = "<p>a <b>b</b> c d</p>\n\n"
    assert run("translate", model, "--markup", stdin=text).lines == ["<p>d c <b>b</b> a</p>", ""]
    long = run("translate", model, "--markup", stdin=f"<b>{LONG}</b>\n")
    assert "1 sentence split at clauses" in long.err


def test_wrong_terms_are_refused(model, tmp_path):
    terms = write(tmp_path / "terms.tsv", "a\t\n")
    assert f"{terms}:1: column 2 is empty" in refusal(run("translate", model, "--terms", terms, stdin="a\n"))
    assert "terms.tsv does not exist" in refusal(
        run("translate", model, "--terms", tmp_path / "no-terms.tsv", stdin="a\n")
    )
    assert "cannot both be standard input" in refusal(run("translate", model, "--terms", "-", stdin="a\n"), status=2)
    assert "markup takes neither" in refusal(
        run("translate", model, "--markup", "--n-best", "2", stdin="a\n"), status=2
    )


def test_warnings_are_said_grouped_and_strict_fails(model):
    """The model knows the letters a to f."""
    text = "a b\nz b\nz y\n"
    outcome = run("translate", model, stdin=text)
    unknown = [line for line in outcome.err.splitlines() if "not trained on" in line]
    assert outcome.status == 0
    assert unknown == [
        'glassformer: warning: 2 of 3 lines have words that the model was not trained on: line 2 "z", line 3 "z", "y"'
    ]
    assert run("translate", model, "--strict", stdin=text).status == 1
    assert run("translate", model, "--strict", stdin="\n").status == 0  # nothing to warn of
    values = [json.loads(line) for line in run("translate", model, "--json", stdin=text).lines]
    assert {"kind": "unknown", "words": ["z", "y"]} in values[2]["warnings"]
    assert values[0]["confidence"] > values[2]["confidence"]
