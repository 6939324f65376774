"""`glassformer explain` and `glassformer lecture` as a user meets them."""

import json
import os

import pytest

from glassformer.glass.numbers import show
from glassformer.glass.record import Trace
from glassformer.translator import Translator
from tests.commands import refusal, run, start, write


def test_explain_tells_the_translation(reversing):
    outcome = run("explain", reversing.path, "a b c d", "--steps")
    (text,) = run("translate", reversing.path, "--beam", 1, stdin="a b c d\n").lines
    assert outcome.status == 0 and outcome.err == ""
    assert text in outcome.lines
    assert "Cross-attention" in outcome.out and "\x1b" not in outcome.out


@pytest.mark.parametrize("beam", [1, 4])
def test_the_saved_record_is_that_of_the_translation(reversing, tmp_path, beam):
    path = tmp_path / "trace.json"
    assert run("explain", reversing.path, "a b c", "--beam", beam, "--json", path).status == 0
    best = Translator.load(reversing.path).translate(["a b c"], beam=beam)[0]
    record = Trace.load(path)
    assert record.decode["text"] == best.text and (record.beam is None) == (beam == 1)
    again = run("explain", path)
    assert again.status == 0 and again.out == run("explain", reversing.path, "a b c", "--beam", beam).out


def test_files_are_written_side_by_side(reversing, tmp_path):
    names = {name: tmp_path / f"f.{name}" for name in ("html", "json", "svg", "csv", "latex")}
    files = [word for name, path in names.items() for word in (f"--{name}", path)]
    which = ["--tensor", "decoder.1.cross_attention.weights", "--cell", "decoder.1.cross_attention.weights[0,1,2]"]
    outcome = run("explain", reversing.path, "a b c", *files, *which)
    assert outcome.status == 0 and outcome.out == ""
    assert all(path.stat().st_size > 200 for path in names.values())
    assert outcome.err.startswith("glassformer: ") and "opens in any browser" in outcome.err


def test_two_models_are_compared(reversing, copying, tmp_path):
    outcome = run("explain", reversing.path, copying.path, "a b c d")
    assert outcome.status == 0
    assert "they part at step" in outcome.out
    assert run("explain", reversing.path, copying.path, "a b c d", "--html", tmp_path / "p.html").status == 0
    text = (tmp_path / "p.html").read_text(encoding="utf-8")
    content = json.loads(text.split('id="document">')[1].split("</script")[0])
    assert content["kind"] == "compare" and len(content["traces"]) == 2


def test_one_number(reversing):
    outcome = run("explain", reversing.path, "a b c", "--cell", "decoder.1.cross_attention.scores[0,1,2]")
    assert outcome.status == 0 and "Σₖ" in outcome.out


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["MODEL"], 2, 'say what to translate: glassformer explain MODEL "a sentence"'),
        (["MODEL", "MODEL", "MODEL", "a"], 2, "explain shows one, or compares two"),
        (["MODEL", ""], 1, "blank"),
        (["MODEL", "a " * 60], 1, "tokens, but the model admits 32"),
        (["nowhere", "a"], 1, "nowhere: no such model"),
        (["MODEL", "a", "--beam", "0"], 2, "beam is 0"),
        (["MODEL", "a", "--detail", "all"], 2, "detail is 'all'; set it to attention"),
        (["MODEL", "a", "--layer", "7"], 2, "layer"),
        (["MODEL", "a", "--head", "x"], 2, "--head"),
        (["MODEL", "a", "--attention", "croos"], 2, "cross"),
        (["MODEL", "a", "--cell", "decoder.1.cross_atention.scores[0,1,2]"], 2, "decoder.1.cross_attention.scores"),
        (["MODEL", "a", "--cell", "log_probs[0"], 2, "log_probs"),
        (["MODEL", "a", "--tensor", "encoder.0.self_attention.weight"], 2, "encoder.0.self_attention.weights"),
        (["MODEL", "a", "--csv", "f.csv"], 2, "--tensor NAME"),
        (["MODEL", "a", "--html", "no/such/folder/f.html"], 1, "folder"),
        (["nowhere.json"], 1, "nowhere.json: no such trace"),
        (["MODEL", "a", "--html", ""], 2, "argument --html: names no file or folder"),
        (["MODEL", "a", "--svg", "b.png"], 2, "b.png: --svg writes SVG; name it b.svg"),
        (["MODEL", "a", "--svg", "b.PDF"], 2, "b.PDF: --svg writes SVG; name it b.svg"),
        (["MODEL", "a", "--html", "b.svg"], 2, "b.svg: --html writes HTML; name it b.html"),
        (["MODEL", "a", "--csv", "b.xlsx", "--tensor", "logits"], 2, "b.xlsx: --csv writes CSV; name it b.csv"),
        (["MODEL", "a", "--latex", "b.pdf"], 2, "b.pdf: --latex writes LaTeX; name it b.tex"),
        (["MODEL", "a", "--json", "b.csv"], 2, "b.csv: --json writes JSON; name it b.json"),
        (["MODEL", "a", "--svg", "."], 1, ".: is a folder; name a file"),
        (["MODEL", "MODEL", "a", "--csv", "f.csv", "--tensor", "logits"], 2, "--tensor is of one trace"),
        (["MODEL", "MODEL", "a", "--steps"], 2, "--steps is of one trace"),
    ],
)
def test_mistakes(reversing, arguments, status, message, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    outcome = run("explain", *(str(reversing.path) if word == "MODEL" else word for word in arguments))
    assert message.replace("MODEL", str(reversing.path)) in refusal(outcome, status)


@pytest.mark.parametrize("command", ["explain", "translate"])
def test_options_may_stand_between_the_words(reversing, tmp_path, command):
    second = write(tmp_path / "in.txt", "a b c\n") if command == "translate" else "a b c"
    between = run(command, reversing.path, "--beam", 2, second)
    assert between.status == 0 and between.out == run(command, reversing.path, second, "--beam", 2).out


@pytest.mark.parametrize("option", [["--beam", "2"], ["--target", "a"], ["--pad", "1"], ["--length-penalty", "1"]])
def test_a_saved_trace_cannot_be_traced_otherwise(reversing, tmp_path, option):
    path = tmp_path / "t.json"
    assert run("explain", reversing.path, "a", "--json", path).status == 0
    assert "is traced already" in refusal(run("explain", path, *option), 2)


def test_a_pipe_is_written_to_and_a_link_followed(reversing, tmp_path):
    pipe, link = tmp_path / "pipe", tmp_path / "link.csv"
    os.mkfifo(pipe)
    link.symlink_to(tmp_path / "real.csv")
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    which = ("--tensor", "encoder.0.self_attention.weights")
    for path in (pipe, link):
        assert run("explain", reversing.path, "a", *which, "--csv", path).status == 0
    assert pipe.is_fifo() and link.is_symlink()
    assert os.read(reader, 10_000).decode() == (tmp_path / "real.csv").read_text(encoding="utf-8")
    os.close(reader)


def test_a_reader_that_goes_away(reversing):
    with start("explain", reversing.path, "a b c", "--beam", 4, "--steps") as process:
        process.stdout.close()
        assert process.wait() == 141 and process.stderr.read() == b""


def test_a_saved_trace_that_is_broken(tmp_path):
    assert "truncated or not JSON" in refusal(run("explain", write(tmp_path / "t.json", '{"schema"')))
    other = write(tmp_path / "other.json", json.dumps({"schema": "glassformer-trace/99"}))
    assert "not a trace of this version" in refusal(run("explain", other))


def test_the_lecture_is_told_and_checked():
    told, checked = run("lecture"), run("lecture", "--check")
    assert told.status == checked.status == 0
    assert "Apple" in told.out and "\x1b" not in told.out
    assert "erratum" in checked.out


def test_the_lecture_with_other_numbers():
    outcome = run("lecture", "--set", "W_Q=1,0,0,0;0,1,0,0;0,0,1,0;0,0,0,1", "--json")
    record = Trace.from_dict(json.loads(outcome.out))
    assert outcome.status == 0
    assert record.tensor("Q").values.tolist() == record.tensor("input").values.tolist()
    assert run("lecture", "--set", "W_Q=1,0,0,0;0,1,0,0;0,0,1,0;0,0,0,1", "--check").status == 1


@pytest.mark.parametrize(
    ("assignment", "message"),
    [("W_Z=1", "W_Z"), ("W_Q=1,2", "W_Q"), ("W_Q", "W_Q"), ("W_Q=a,b", "W_Q")],
)
def test_mistakes_in_the_lecture(assignment, message):
    assert message in refusal(run("lecture", "--set", assignment), 2)


def test_the_lecture_as_files(tmp_path):
    assert run("lecture", "--html", tmp_path / "l.html", "--latex", tmp_path / "l.tex").status == 0
    assert "\\documentclass" in (tmp_path / "l.tex").read_text(encoding="utf-8")
    given, blank = tmp_path / "l.tex", tmp_path / "b.tex"
    assert run("lecture", "--latex", blank, "--no-answers").status == 0
    assert "429.5" in given.read_text(encoding="utf-8") and "429.5" not in blank.read_text(encoding="utf-8")


def test_one_number_of_the_lecture():
    """X W_Q in its first row and column, as the lecture works it out, with the numbers that made it."""
    record = Trace.from_dict(json.loads(run("lecture", "--json").out))
    cell = run("lecture", "--cell", "Q[0,0]")
    assert cell.status == 0 and cell.lines[0] == "Q[0,0]"
    value, rows = record.tensor("Q").values[0, 0], record.tensor("input").values.shape[1]
    assert f"= {show(float(value))}" in cell.lines and f"{2 * rows} numbers" in cell.out
    matrix = run("lecture", "--tensor", "Q")
    assert matrix.status == 0 and all(show(float(number)) in matrix.out for number in record.tensor("Q").values.flat)


def test_a_run_without_traces(reversing, tmp_path):
    (tmp_path / "probes").mkdir()
    write(tmp_path / "config.yaml", "")
    assert "holds no trace; train with --probe" in refusal(run("explain", tmp_path))
