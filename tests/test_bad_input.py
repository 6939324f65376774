"""What a user can do wrong with files, text, configs and models: one clear line, and nothing is lost."""

import gzip
import json
import os
import shutil
import subprocess
import zlib
from dataclasses import replace
from itertools import chain
from pathlib import Path

import pytest
from sacrebleu.metrics import BLEU

from glassformer.translator import Translator
from tests.commands import options, refusal, run, start, write
from tests.letters import QUICK, letters, tsv, write_tsv

GOOD = tsv(letters(12))


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """Relative names, so that messages can be given in full."""
    monkeypatch.chdir(tmp_path)
    write(Path("good.tsv"), GOOD)
    write_tsv(Path("valid.tsv"), letters(16)[12:])


def train(*arguments, **settings):
    return run("train", *arguments, "--out", "run", "--device", "cpu", *options(QUICK | settings))


def refused(*arguments, status=1, **settings):
    """The line with which training refuses, having left no run behind."""
    line = refusal(train(*arguments, **settings), status)
    assert not Path("run").exists()
    return line


# Text files: each kind of fault, wherever text is read

LINES = {
    "missing": (None, "{} does not exist; check the path"),
    "directory": ("directory", "{} is a directory; give a file in it"),
    "not UTF-8": (
        b"a b\nc \xffd\n",
        "{}:2: byte 3 of the line (0xff) is not UTF-8; convert the file to UTF-8 (from Western Europe's old encoding: "
        "iconv -f WINDOWS-1252 -t UTF-8) or mend the line",
    ),
    "UTF-16": (
        "a b\n".encode("utf-16"),
        "{0}:1: the file is UTF-16; convert UTF-16 to UTF-8 (iconv -f UTF-16 -t UTF-8 {0} > NEW)",
    ),
    "NUL": (b"a b\nc\0d\n", "{}:2: character 2 is a NUL; remove it, text has none"),
    "gzip cut off": (gzip.compress(GOOD.encode())[:-9], "{} is not a whole gzip file"),
}


def make(path, content):
    if content == "directory":
        Path(path).mkdir()
    elif content is not None:
        write(Path(path), content)


def good_part(path):
    """What stands in the whole lines before the bad one."""
    if not Path(path).is_file():
        return b""
    content = Path(path).read_bytes()
    if content[:2] == b"\x1f\x8b":
        content = zlib.decompressobj(wbits=31).decompress(content)
        return content[: content.rindex(b"\n") + 1]
    return content[: content.index(b"\n") + 1] if content.startswith(b"a b") else b""


@pytest.fixture(params=LINES, ids=str)
def bad_file(request):
    """A bad file, and how the refusal of it begins."""
    content, message = LINES[request.param]
    make("bad.txt", content)
    return "bad.txt", message.format("bad.txt")


def test_train_refuses_a_bad_file(bad_file):
    path, message = bad_file
    write(Path("other.txt"), "a b\nc d\n")
    assert refused("--source", path, "--target", "other.txt").startswith(message)
    assert refused("--source", "other.txt", "--target", path).startswith(message)
    assert refused("--pairs", "good.tsv", "--valid-source", path, "--valid-target", "other.txt").startswith(message)


def test_other_commands_refuse_a_bad_file(bad_file, reversing):
    path, message = bad_file
    write(Path("other.txt"), "a b\nc d\n")
    model = reversing.path
    translated = run("translate", model, path)  # the lines before the bad one are translated
    assert refusal(replace(translated, out="")).startswith(message)
    assert translated.lines == run("translate", model, stdin=good_part(path)).lines
    scored = run("score", model, "--source", "other.txt", "--target", path)  # and so are the lines scored
    assert refusal(replace(scored, out="")).startswith(message)
    assert refusal(run("evaluate", model, "--source", path, "--reference", "other.txt")).startswith(message)
    assert refusal(run("check-data", "--source", path, "--target", "other.txt")).startswith(message)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("bad.tsv", None, "bad.tsv does not exist; check the path"),
        ("bad.tsv", "directory", "bad.tsv is a directory; give a file in it"),
        ("bad.tsv", "", "no pairs in bad.tsv: it is empty; give at least one line"),
        ("bad.tsv", "a b\tb a\nc d\n", "bad.tsv:2: 1 column, expected 2 (source, tab, target); put a tab between them"),
        ("bad.tsv", "a b\tb a\nc\td\te\n", "bad.tsv:2: 3 columns, expected 2 (source, tab, target); remove the"),
        ("bad.tsv", "a b\tb a\n\nc\td\n", "bad.tsv:2: the line is blank; remove it"),
        ("bad.tsv", b"a\tb\nc\t\xe9\n", "bad.tsv:2: byte 3 of the line (0xe9) is not UTF-8"),
        ("bad.tsv", b"a\tb\nc\t\0\n", "bad.tsv:2: character 3 is a NUL"),
        ("bad.doc", "a,b\n", "cannot tell the format of bad.doc by its name; rename it to .tsv"),
        ("bad.csv", "a,b\n", "bad.csv:1: columns a, b; say which is source and which is target"),
        ("bad.jsonl", '{"source": "a"}\n', 'bad.jsonl:1: no key "target"'),
        ("bad.jsonl", '{"source": "a", "target": "b"}\nhello\n', "bad.jsonl:2: not JSON"),
        ("bad.jsonl", "", "no pairs in bad.jsonl: it is empty"),
    ],
    ids=lambda value: repr(value)[:30],
)
@pytest.mark.parametrize("role", ["training", "validation", "check-data"])
def test_a_bad_file_of_pairs_is_refused_by_line(name, content, message, role):
    make(name, content)
    if role == "training":
        line = refused("--pairs", "good.tsv", name)
    elif role == "validation":
        line = refused("--pairs", "good.tsv", "--valid-pairs", name)
    else:
        line = refusal(run("check-data", "--pairs", name))
    assert line.startswith(message)


def test_unequal_line_counts_are_both_named(reversing):
    write(Path("three.txt"), "a b\nc d\ne f\n")
    write(Path("two.txt"), "b a\nd c\n")
    message = "{} has {} lines but {} has {} lines; line n of one must translate line n of the other: align them"
    fewer = message.format("three.txt", 3, "two.txt", 2)
    assert refused("--source", "three.txt", "--target", "two.txt") == fewer
    assert refused("--source", "two.txt", "--target", "three.txt") == message.format("two.txt", 2, "three.txt", 3)
    assert refusal(run("evaluate", reversing.path, "--source", "three.txt", "--reference", "two.txt")) == fewer
    scored = run("score", reversing.path, "--source", "three.txt", "--target", "two.txt")
    assert refusal(replace(scored, out="")) == fewer and len(scored.lines) == 2


# Too little text, or the wrong one


@pytest.mark.parametrize("valid", [(), ("--valid-pairs", "valid.tsv")], ids=["held out", "given"])
@pytest.mark.parametrize(
    ("content", "found"),
    [
        ("a b\tb a\n", "one pair only (1 read)"),
        ("a b\tb a\n" * 5, "one pair only (5 read)"),
        ("a b\tb a\n" + "c\t\n" * 5, "one pair only (6 read)"),
        ("\t\n" * 5, "no pair with text on both sides (5 read)"),
    ],
)
def test_a_corpus_of_one_pair_or_none(content, found, valid):
    write(Path("one.tsv"), content)
    line = refused("--pairs", "one.tsv", *valid)
    assert line == f"one.tsv: {found}; training needs at least two: give more"


def test_two_pairs_leave_none_to_validate_on():
    write(Path("two.tsv"), "a b\tb a\nc d\td c\n")
    assert refused("--pairs", "two.tsv").startswith("two.tsv: 2 pairs; training needs at least two, and one more")


def test_a_corpus_that_the_check_empties():
    write_tsv(Path("long.tsv"), letters(12))
    line = refused("--pairs", "long.tsv", "--valid-pairs", "valid.tsv", max_length=2)
    assert line.startswith("no usable pair in long.tsv (12 read; dropped: 12 too_long)")


def test_the_validation_set_is_the_training_set():
    shutil.copy("good.tsv", "copy.tsv")
    for valid in ("good.tsv", "copy.tsv"):
        line = refused("--pairs", "good.tsv", "--valid-pairs", valid)
        assert line.startswith(f"the validation set is the training set: {valid} has the same pairs as good.tsv")


def test_a_validation_set_without_a_usable_pair():
    write(Path("empty_sides.tsv"), "a\t\n\tb\n")
    line = refused("--pairs", "good.tsv", "--valid-pairs", "empty_sides.tsv")
    assert line.startswith("empty_sides.tsv: no usable validation pair")


def test_a_vocabulary_larger_than_the_text_allows():
    line = refused("--pairs", "good.tsv", "--valid-pairs", "valid.tsv", vocab_size=9000)
    most = int(line.removeprefix("vocab_size = 9000 is more than the text allows; set it to at most "))
    arguments = ("--pairs", "good.tsv", "--valid-pairs", "valid.tsv")
    assert train(*arguments, vocab_size=most, max_steps=1).status == 0  # the advice is good


@pytest.mark.parametrize("source_vocabulary", [{}, {"source_vocab_size": 270, "tie_embeddings": False}])
def test_the_default_vocabulary_is_no_larger_than_the_text_allows(source_vocabulary):
    arguments = ("--pairs", "good.tsv", "--valid-pairs", "valid.tsv", *options(source_vocabulary))
    asked = {key: value for key, value in QUICK.items() if key != "vocab_size"}
    line = refused(*arguments, vocab_size=8000)
    most = int(line.removeprefix("vocab_size = 8000 is more than the text allows; set it to at most "))
    command = ("train", *arguments, "--out", "run", "--device", "cpu", *options(asked))
    trained = run(*command)
    assert trained.status == 0, trained.err
    assert f"vocab_size = {most}, chosen to suit the text\n" in trained.err
    assert f"\nvocab_size: {most}\n" in Path("run/config.yaml").read_text()
    assert Translator.load(Path("run/last")).target_tokenizer.vocab_size == most
    assert run(*command, "--resume", "--max-steps", 6).status == 0


def test_a_vocabulary_with_no_room_for_the_bytes():
    line = refused("--pairs", "good.tsv", status=2, vocab_size=200)
    assert line == "vocab_size = 200 has no room for the 4 control tokens and 256 bytes; use 262 or more"


# Configs


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("d_modle=64", "unknown config key 'd_modle'; did you mean 'd_model'?"),
        ("num_heads=3", "num_heads = 3 does not divide d_model = 16"),
        ("preset=glas", "unknown preset 'glas'; did you mean 'glass'?"),
        ("precision=float16", "precision = 'float16' should be one of auto, float32, bfloat16"),
        ("norm_position=middle", "norm_position = 'middle' should be one of post, pre"),
        ("dropout=1.5", "dropout = 1.5 must be at least 0 and below 1"),
        ("max_steps=many", "max_steps = 'many' should be a whole number"),
        ("max_steps=0", "max_steps = 0 must be at least 1"),
        ("learning_rate=nan", "learning_rate = 'nan' should be a number or null"),
        ("learning_rate=.inf", "learning_rate = inf should be"),
        ("learning_rate=-1", "learning_rate = -1.0 must be above 0"),
        ("max_minutes=0", "max_minutes = 0.0 must be above 0"),
        ("drop=[emtpy]", "unknown problem 'emtpy'; did you mean 'empty'?"),
        ("seed=18446744073709551616", "seed = 18446744073709551616 must be at least 0 and below 2**63"),
        ("vocab_size=3000000000", "vocab_size = 3000000000 must be at least 1 and at most 16,777,216"),
        ("average_last=9", "average_last = 9 needs as many checkpoints, but keep_checkpoints = 5"),
        ("columns=[en]", "columns = ['en'] must be two that differ: source, target"),
        ("columns=[2, 2]", "columns = [2, 2] must be two that differ: source, target"),
        ("columns=2", "columns = 2 should be a list of text or a whole number"),
        ("dropout=[", "--set dropout=[: the value is not valid YAML"),
        ("seed=2024-99-99", "--set seed=2024-99-99: the value is not valid YAML"),
    ],
)
def test_a_bad_setting_is_refused_by_name(setting, message):
    line = refusal(run("train", "--pairs", "good.tsv", "--out", "run", *options(QUICK), "--set", setting), 2)
    assert message in line
    assert not Path("run").exists()


def test_an_unknown_preset_gives_the_nearest():
    line = refusal(run("train", "--pairs", "good.tsv", "--out", "run", "--preset", "bsae"), 2)
    assert line == "unknown preset 'bsae'; did you mean 'base'?"


@pytest.mark.parametrize(
    ("content", "status", "message"),
    [
        (None, 1, "c.yaml: cannot read the config: No such file or directory"),
        ("directory", 1, "c.yaml: cannot read the config: Is a directory"),
        ("d_model: 64\n  num_heads: [\n", 1, "c.yaml:2: not valid YAML; mend the config"),
        ("- d_model\n", 1, "c.yaml: a config is `key: value` lines, not a list"),
        (b"# caf\xe9\n", 1, "c.yaml: not UTF-8 (byte 5); save the config as UTF-8"),
        (b"seed: \0\n", 1, "c.yaml: not valid YAML; mend the config"),
        ("seeed: 3\n", 2, "config: unknown config key 'seeed'; did you mean 'seed'?"),
    ],
)
def test_a_bad_config_file(content, status, message):
    make("c.yaml", content)
    assert refused("--pairs", "good.tsv", "--config", "c.yaml", status=status) == message


def test_a_model_too_large_for_the_memory():
    # In a process of its own, with a limit, so that nothing is really taken.
    arguments = (
        "train",
        "--pairs",
        "good.tsv",
        "--out",
        "run",
        "--device",
        "cpu",
        *options(QUICK | {"d_ff": 2**20, "d_model": 2**12}),
    )
    process = start(*arguments, preexec_fn=lambda: _limit_memory(16 << 30))
    out, err = process.communicate(timeout=300)
    assert (process.returncode, out) == (1, b"")
    assert err.decode().startswith("glassformer: not enough memory")
    assert err.count(b"\n") == 1


def _limit_memory(size):
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (size, size))


# Output directories: nothing already there is lost


def contents(folder):
    return {path: path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.is_file()}


def test_an_output_directory_that_holds_a_run():
    assert train("--pairs", "good.tsv", max_steps=1).status == 0
    before = contents("run")
    line = refusal(train("--pairs", "good.tsv"))
    assert line.startswith("run: already holds a run (config.yaml, checkpoints, best, last); choose another --out")
    assert "--resume" in line
    assert contents("run") == before


@pytest.mark.parametrize("name", ["best", "last", "average", "checkpoints"])
def test_an_output_directory_with_what_is_left_of_a_run(name):
    kept = write(Path("run") / name / "config.json", "{}")
    assert refusal(train("--pairs", "good.tsv")).startswith(f"run: already holds a run ({name})")
    assert kept.read_text() == "{}"


def test_an_output_directory_with_other_files_is_taken_and_they_stay():
    mine = write(Path("run/notes.txt"), "mine")
    assert train("--pairs", "good.tsv", max_steps=1).status == 0
    assert mine.read_text() == "mine"


def test_an_output_that_is_a_file():
    write(Path("run"), "mine")
    assert refusal(train("--pairs", "good.tsv")) == "run: is a file; --out wants a directory"
    assert Path("run").read_text() == "mine"


def test_an_output_below_a_file():
    line = refusal(run("train", "--pairs", "good.tsv", "--out", "good.tsv/run", *options(QUICK)))
    assert line.startswith("good.tsv/run: cannot save: Not a directory")
    assert Path("good.tsv").read_text() == GOOD


def test_resume_where_there_is_no_run():
    assert refused("--resume") == "run: no run to resume (no config.yaml); start one without --resume"


def test_resume_where_there_is_no_checkpoint():
    assert train("--pairs", "good.tsv", max_steps=1).status == 0
    before = Path("run/last/model.safetensors").read_bytes()
    shutil.rmtree("run/checkpoints")
    outcome = run("train", "--out", "run", "--resume", "--device", "cpu")
    assert outcome.status == 0 and "going on from the beginning" in outcome.err
    assert Path("run/last/model.safetensors").read_bytes() == before


# Text to translate


LONG = "a" * 40  # without a place to split it
TOO_LONG = "41 tokens, but the model admits 32 (max_length); split the sentence"


def failed(outcome):
    """What a command says of each line that it could not do, all others done."""
    assert outcome.status == 1 and "Traceback" not in outcome.err
    return [line for line in outcome.err.splitlines() if not line.startswith("glassformer: warning:")]


def test_a_sentence_too_long_leaves_its_line_empty(reversing):
    write(Path("s.txt"), f"a b\n{LONG}\nc d\n\n{LONG}\n")
    messages = [f"glassformer: s.txt:{number}: {TOO_LONG}" for number in (2, 5)]
    outcome = run("translate", reversing.path, "s.txt")
    assert failed(outcome) == messages
    assert outcome.out == "b a\n\nd c\n\n\n"
    outcome = run("translate", reversing.path, "s.txt", "--n-best", 2)
    assert failed(outcome) == messages
    groups = [[True, True, False], [False], [True, True, False], [True, False], [False]]  # the fourth line is blank
    assert [bool(line) for line in outcome.lines] == list(chain.from_iterable(groups))
    outcome = run("translate", reversing.path, "s.txt", "--json")
    assert failed(outcome) == messages
    lines = list(map(json.loads, outcome.lines))
    assert [sorted(line) for line in (lines[1], lines[4])] == [["error", "source"]] * 2
    assert lines[1]["error"] == f"s.txt:2: {TOO_LONG}"
    assert [line.get("text") for line in lines] == ["b a", None, "d c", "", None]


def test_a_pair_too_long_leaves_its_score_empty(reversing):
    write(Path("s.txt"), f"a b\n{LONG}\nc d\n")
    write(Path("t.txt"), f"b a\nx\n{LONG}\n")
    arguments = ("score", reversing.path, "--source", "s.txt", "--target", "t.txt")
    messages = [f"glassformer: s.txt:2: {TOO_LONG}", f"glassformer: s.txt:3, target: {TOO_LONG}"]
    outcome = run(*arguments)
    assert failed(outcome) == messages
    assert float(outcome.lines[0]) > -1 and outcome.lines[1:] == ["", ""]
    outcome = run(*arguments, "--json")
    assert failed(outcome) == messages
    assert ["error" in json.loads(line) for line in outcome.lines] == [False, True, True]


def test_evaluate_counts_a_sentence_too_long_as_an_empty_translation(reversing):
    write(Path("s.txt"), f"a b\n{LONG}\nc d\n{LONG}\n")
    write(Path("t.txt"), "b a\na a\nd c\na a a\n")
    arguments = ("evaluate", reversing.path, "--source", "s.txt", "--reference", "t.txt", "--output", "out.txt")
    outcome = run(*arguments, "--json")
    message = f"glassformer: 2 of 4 not translated, scored as empty; the first is s.txt:2: {TOO_LONG}"
    assert failed(outcome) == [message]
    assert Path("out.txt").read_text() == "b a\n\nd c\n\n"
    values = json.loads(outcome.out)
    assert (values["sentences"], values["failed"], values["exact_match"]) == (4, 2, 50.0)
    assert values["bleu"]["score"] == round(
        BLEU().corpus_score(["b a", "", "d c", ""], [["b a", "a a", "d c", "a a a"]]).score, 2
    )
    assert failed(run(*arguments)) == [message]


def test_the_place_is_right_in_later_chunks_too(reversing):
    text = "a b\n" * 300 + f"{LONG}\na b\n"
    outcome = run("translate", reversing.path, "--beam", 1, stdin=text)
    assert failed(outcome) == [f"glassformer: standard input:301: {TOO_LONG}"]
    assert outcome.lines == ["b a"] * 300 + ["", "b a"]
    write(Path("s.txt"), text)
    write(Path("t.txt"), "b a\n" * 302)
    outcome = run("score", reversing.path, "--source", "s.txt", "--target", "t.txt")
    assert failed(outcome) == [f"glassformer: s.txt:301: {TOO_LONG}"]
    assert [index for index, line in enumerate(outcome.lines) if not line] == [300] and len(outcome.lines) == 302


def test_a_prefix_that_leaves_no_room(reversing):
    outcome = run("translate", reversing.path, "--prefix", " ".join("a" * 24), stdin="\na b c d e f\na b c d e f a\n")
    [line] = failed(outcome)
    assert line.startswith(
        "glassformer: standard input:2: the prefix has 24 tokens, but the translation may have 24 with </s>"
    )
    assert outcome.lines[:2] == ["", ""] and outcome.lines[2].startswith("a a a")
    assert run("translate", reversing.path, "--prefix", " ".join("a" * 23), stdin="\na b c d e f\n").status == 0


@pytest.mark.parametrize("rate", [1e30, 1e300], ids=["in the loss", "in the weights"])
def test_a_training_that_leaves_the_numbers(rate):
    outcome = train("--pairs", "good.tsv", learning_rate=rate, warmup_steps=1, max_steps=50, checkpoint_every=1)
    line = refusal(outcome, notes=True)
    assert line.startswith("training gives no numbers any more at step ")
    assert "lower learning_rate" in line
    for path in Path("run").glob("checkpoints/*"):  # none was saved, or what was saved can be loaded
        assert run("info", path).status == 0


@pytest.mark.parametrize("number", ["abc", "0", "-1", "2"])
def test_an_environment_that_torchrun_did_not_make(number, monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", number)
    for name in ("RANK", "MASTER_ADDR", "MASTER_PORT"):
        monkeypatch.delenv(name, raising=False)
    assert "WORLD_SIZE is " in refused("--pairs", "good.tsv", status=2)


def test_a_rank_that_no_process_has(monkeypatch):
    """It waited for the others without end."""
    for name, value in {"WORLD_SIZE": 2, "RANK": 2, "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": 1}.items():
        monkeypatch.setenv(name, str(value))
    assert "WORLD_SIZE is 2, but RANK is 2: ranks are 0 to 1" in refused("--pairs", "good.tsv", status=2)


def test_a_name_that_no_file_has():
    assert "start_from is 'xxx" in refused("--pairs", "good.tsv", status=2, start_from="x" * 300)


def test_a_variable_that_torch_does_not_understand(copying):
    """It raises errors of its own while it is imported."""
    command = ("translate", copying.path / "best", "--engine", "eager")
    process = start(*command, env=os.environ | {"TORCH_LOGS": "nonsense"}, stdin=subprocess.DEVNULL)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out, err.count(b"\n")) == (1, b"", 1)
    assert err.startswith(b"glassformer: torch cannot be loaded: Invalid log settings: nonsense")
    assert b"; mend or unset what the environment has for it: " in err
    assert err.endswith(b"TORCH_LOGS\n")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ("evaluate model --source text --reference other --output text", "--output text: this command reads that file"),
        ("evaluate model --source text --reference other --output ./other", "--output other: this command reads"),
        ("evaluate model --pairs link.tsv --output good.tsv", "--output good.tsv: this command reads that file"),
        ("evaluate model --source text --reference other --output model/card.json", "that file is a model's"),
        ("explain model a --json model/config.json", "--json model/config.json: that file is a model's"),
        ("explain model a --json new --html new", "--html new and --json new are one file"),
        ("lecture --svg text --html ../HERE/text", "are one file"),
        ("explain saved.json --json saved.json", "this command reads that file"),
    ],
)
def test_an_output_that_is_an_input_of_the_model_or_another_output(copying, tmp_path, words, says):
    """Nothing is written, and nothing lost."""
    shutil.copytree(copying.path / "best", "model")
    for name in ("text", "other", "saved.json"):
        write(Path(name), "a b\n")
    Path("link.tsv").symlink_to("good.tsv")
    before = {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()}
    assert says in refusal(run(*words.replace("HERE", tmp_path.name).split()), status=2)
    assert {path: path.read_bytes() for path in Path().rglob("*") if path.is_file()} == before


def test_outputs_that_nothing_is_lost_by(copying):
    """A sentence may be the name of a file, and a device may be named twice; a file of the user's is replaced."""
    write(Path("a"), "old")
    assert (
        run("explain", copying.path, "a", "--json", "a.json", "--html", "/dev/null", "--svg", "/dev/null").status == 0
    )
    assert run("explain", copying.path, "a b", "--json", "a").status == 0 and Path("a").read_text() != "old"


def test_a_run_in_the_place_of_a_model(copying):
    """The model would stand for the run, whatever was trained."""
    model = shutil.copytree(copying.path / "best", "model")
    before = sorted(path.name for path in Path(model).iterdir())
    said = refusal(run("train", "--pairs", "good.tsv", "--out", model, "--device", "cpu", *options(QUICK)))
    assert "model: is a model" in said and sorted(path.name for path in Path(model).iterdir()) == before


def test_a_working_directory_that_was_removed(copying, tmp_path):
    """Torch's libraries end the process there, with a line about themselves."""
    (gone := tmp_path / "gone").mkdir()

    def leave_nothing():
        os.chdir(gone)
        gone.rmdir()

    process = start("info", copying.path, preexec_fn=leave_nothing, stdin=subprocess.DEVNULL)
    out, err = process.communicate(timeout=120)
    assert (process.returncode, out) == (1, b"")
    assert err == b"glassformer: the working directory: No such file or directory; change to another folder\n"
