"""Every command, from its arguments to what it prints."""

import gzip
import json
import math
import re
import signal
import subprocess
import sys
from dataclasses import replace

import pytest
from sacrebleu.metrics import BLEU, CHRF, TER

from glassformer.cli import main
from glassformer.corpora import Corpus, load_corpus
from glassformer.text.pairs import Pair, read_lines
from glassformer.translator import Translator
from tests.commands import options, refusal, run, start, write
from tests.letters import QUICK, letters, tsv, write_tsv

TRANSLATION = {
    "source", "text", "score", "log_prob", "tokens", "token_log_probs", "source_tokens", "alignment", "finished",
    "alternatives", "parts", "inserted", "warnings", "confidence",
}  # fmt: skip


@pytest.fixture(scope="module")
def model(reversing):
    return reversing.path


@pytest.fixture
def held_out(reversing, tmp_path):
    """The pairs the model was not trained on, as two files."""
    source = write(tmp_path / "source.txt", "".join(f"{pair[0]}\n" for pair in reversing.held_out))
    target = write(tmp_path / "target.txt", "".join(f"{pair[1]}\n" for pair in reversing.held_out))
    return source, target


# The tool itself


def test_help_and_version_import_nothing_heavy():
    code = (
        "import sys\n"
        "from glassformer.cli import main\n"
        "for arguments in (['--help'], ['--version'], ['train', '--help'], ['translate', '--help']):\n"
        "    try:\n"
        "        main(arguments)\n"
        "    except SystemExit as ended:\n"
        "        assert not ended.code\n"
        "heavy = {'torch', 'numpy', 'sentencepiece', 'rich', 'yaml', 'sacrebleu', 'tensorboard', 'safetensors'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert "usage: glassformer" in done.stdout


def test_version():
    [line] = run("--version").lines
    assert re.fullmatch(r"glassformer 0\.1\.0 \((fast engine: \w+|no fast engine)\)", line)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ([], "COMMAND"),
        (["trnslate"], "'trnslate'"),
        (["translate"], "MODEL"),
        (["translate", "m", "--bean", "3"], "--bean"),
        (["translate", "m", "--beam", "three"], "--beam: invalid int value: 'three'"),
        (["train", "--pairs", "a.tsv"], "--out"),
        (["train", "--out", "r"], "--pairs"),
        (["train", "--out", "r", "--source", "a"], "--target"),
        (["train", "--out", "r", "--source", "a", "--target", "b", "--pairs", "c.tsv"], "one of"),
        (["train", "--out", "r", "--pairs", "c.tsv", "--valid-source", "d"], "--valid-target"),
        (["train", "--out", "r", "--corpus", "names", "--valid-pairs", "d.tsv"], "its own validation"),
        (["train", "--out", "r", "--pairs", "c.tsv", "--device", "abacus"], "--device abacus"),
        (["train", "--out", "r", "--pairs", "c.tsv", "--set", "dropout"], "--set dropout: expected key=value"),
        (["train", "--out", "r", "--corpus", "phrasbook"], "did you mean 'phrasebook'?"),
        (["corpus", "phrasbook", "--out", "d"], "did you mean 'phrasebook'?"),
        (["check-data"], "--pairs"),
        (["quickstart", "--corpus", "gettext"], "'gettext'"),
        (["translate", "m", "--beam", "0"], "beam is 0"),
        (["translate", "m", "--n-best", "5"], "n_best is 5 but beam is 4"),
        (["translate", "m", "--top-k", "5"], "set sample too"),
        (["translate", "m", "--sample", "--top-p", "1.5"], "top_p is 1.5"),
        (["translate", "m", "--min-length", "9", "--max-length", "9"], "min_length is 9"),
        (["translate", "m", "--length-penalty", "nan"], "length_penalty is nan"),
        (["evaluate", "m", "--source", "a", "--reference", "b", "--tokenize", "13b"], "did you mean '13a'?"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_wrong_usage_is_one_line_and_status_2(arguments, named, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert named in refusal(run(*arguments), status=2)
    assert list(tmp_path.iterdir()) == []  # no run was begun


# translate


@pytest.mark.parametrize(
    "words",
    [
        ("translate", "model", "--terms", ""),
        ("translate", "model", ""),
        ("evaluate", "model", "--source", "a", "--reference", "b", "--against", ""),
        ("evaluate", "model", "--source", "a", "--reference", "b", "--reference", ""),
        ("explain", "model", "a", "--html", ""),
        ("explain", "model", "a", "--glosses="),
        ("check-data", "--pairs", "a.tsv", ""),
        ("train", "--corpus", "names", "--out", "x", "--config", ""),
        ("export", "model", "--to", "torch", "--out", "x", "--sentences", ""),
        ("info", ""),
    ],
)
def test_an_empty_name_is_not_taken_for_none(words):
    """As of a variable of the shell that is not set: a comparison or a glossary would be left out, with status 0."""
    assert "names no file or folder" in refusal(run(*words), status=2)


def test_a_line_for_a_line_empty_ones_too(model):
    outcome = run("translate", model, stdin="a b\n\n   \nc d e\nf a c")
    assert (outcome.status, outcome.err) == (0, "")
    assert outcome.out == "b a\n\n\ne d c\nc a f\n"


def test_a_line_for_a_line_whatever_the_model_says(model, tmp_path, monkeypatch):
    """Its bytes may be any."""
    translate = Translator.translate

    def translated(self, *arguments, **options):
        return [replace(one, text="a\n\0b\u2028c\rd") for one in translate(self, *arguments, **options)]

    monkeypatch.setattr(Translator, "translate", translated)
    outcome = run("translate", model, stdin="a b\nc d\n")
    assert outcome.out == "a \ufffdb c d\n" * 2
    assert len(list(read_lines(write(tmp_path / "again.txt", outcome.out)))) == 2


def test_no_line_for_no_line(model):
    assert run("translate", model, stdin="") == run("translate", model, "-", stdin="")
    assert run("translate", model, stdin="").out == ""


def test_file_dash_and_gzip_give_the_same(model, tmp_path):
    text = "".join(f"{source}\n" for source, _ in letters(300, seed=7))  # more than one chunk
    plain = run("translate", model, write(tmp_path / "a.txt", text), "--beam", 1)
    assert len(plain.lines) == 300
    assert run("translate", model, "-", "--beam", 1, stdin=text) == plain
    assert run("translate", model, write(tmp_path / "a.gz", gzip.compress(text.encode())), "--beam", 1) == plain


def test_json_has_stable_keys(model):
    outcome = run("translate", model, "--json", "--n-best", 2, stdin="a b c\n\n")
    first, blank = map(json.loads, outcome.lines)
    assert first.keys() == blank.keys() == TRANSLATION
    assert (first["source"], first["text"], first["finished"]) == ("a b c", "c b a", True)
    assert first["tokens"] == ["▁c", "▁b", "▁a", "</s>"]
    assert first["source_tokens"] == ["▁a", "▁b", "▁c", "</s>"]
    assert first["log_prob"] == pytest.approx(math.fsum(first["token_log_probs"]))
    assert [len(row) for row in first["alignment"]] == [4, 4, 4, 4]
    assert [other.keys() for other in first["alternatives"]] == [TRANSLATION]
    assert (blank["text"], blank["tokens"], blank["alternatives"]) == ("", [], [])


def test_n_best_gives_scores_and_a_blank_line_after_each_group(model):
    outcome = run("translate", model, "--n-best", 3, stdin="a b\nc d\n")
    groups = outcome.out.split("\n\n")
    assert groups.pop() == ""
    assert [len(group.splitlines()) for group in groups] == [3, 3]
    for group, expected in zip(groups, ("b a", "d c"), strict=True):
        rows = [line.split("\t") for line in group.splitlines()]
        scores = [float(score) for score, _ in rows]
        assert scores == sorted(scores, reverse=True)
        assert rows[0][1] == expected


def test_prefix_begins_every_translation(model):
    outcome = run("translate", model, "--prefix", "f f", stdin="a b\nc d\n\n")
    assert [line[:3] for line in outcome.lines] == ["f f", "f f", ""]


def test_samples_depend_on_the_seed_and_on_nothing_else(model):
    hot = ("translate", model, "--sample", "--temperature", 3)
    text = "a b c d e\nb c d e f\n"
    first = run(*hot, "--seed", 1, stdin=text)
    assert run(*hot, "--seed", 1, stdin=text) == first
    assert run(*hot, "--seed", 2, stdin=text).out != first.out
    alone = [run(*hot, "--seed", 1, stdin=line).out for line in text.splitlines()]
    assert "".join(alone) == first.out
    assert len(set(run(*hot, "--n-best", 5, stdin="a b c d e\n").out.split("\n"))) > 2


def test_what_is_cut_off_is_said_with_its_line(model):
    outcome = run("translate", model, "--max-length", 3, "--beam", 1, stdin="a b\nb c d e f\n")
    assert outcome.status == 0
    assert outcome.lines[0] == "b a"
    assert outcome.lines[1] == "f e d"
    said = outcome.err.splitlines()
    assert said[0] == "glassformer: standard input:2: cut off at the length limit; raise --max-length"
    assert all("warning:" in line for line in said[1:])


def test_a_reader_that_goes_away_is_no_error(model, tmp_path):
    source = write(tmp_path / "many.txt", "a b c\n" * 3000)
    with start("translate", model, source, "--beam", 1) as process:
        assert process.stdout.readline() == b"c b a\n"
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait(120) == 141


def test_a_full_disk_behind_standard_output_is_one_line(model):
    with open("/dev/full", "wb") as full:  # noqa: PTH123
        process = start("translate", model, stdin=subprocess.PIPE, stdout=full)
        _, err = process.communicate(b"a b\n", timeout=120)
    assert process.returncode == 1
    assert err.decode().startswith("glassformer: standard output: No space left on device; ")
    assert err.count(b"\n") == 1


def test_a_closed_standard_output_is_no_error(model, monkeypatch):
    """As in `glassformer info model >&-`: Python then has no stream at all."""
    monkeypatch.setattr(sys, "stdout", None)
    status = main(["info", str(model)])
    sys.stdout.close()
    assert status == 0


def test_ctrl_c_while_translating_says_stopped(model):
    process = start("translate", model)
    process.stdin.write(b"a b c\n" * 256)
    process.stdin.flush()
    assert process.stdout.readline() == b"c b a\n"
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=120)
    assert (process.returncode, err) == (130, b"glassformer: stopped\n")


def test_output_is_utf8_in_any_locale(model, tmp_path):
    text = "नमस्ते é\n"
    process = subprocess.run(
        [sys.executable, "-m", "glassformer", "translate", model, "--json"],
        input=text.encode(), capture_output=True, env={"PYTHONIOENCODING": "ascii", "OMP_NUM_THREADS": "1"},
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    assert json.loads(process.stdout)["source"] == text.strip()


# evaluate and score


def test_evaluate_gives_sacrebleus_own_scores(model, held_out, tmp_path):
    source, target = held_out
    arguments = ("evaluate", model, "--source", source, "--reference", target, "--beam", 1, "--max-length", 4)
    outcome = run(*arguments, "--json", "--output", tmp_path / "out.txt")
    assert outcome.status == 0
    values = json.loads(outcome.out)
    texts, references = (path.read_text().splitlines() for path in (tmp_path / "out.txt", target))
    assert texts == run("translate", model, source, "--beam", 1, "--max-length", 4).lines
    metrics = {"bleu": BLEU(), "chrf": CHRF(), "chrf++": CHRF(word_order=2), "ter": TER()}
    for name, metric in metrics.items():
        score = metric.corpus_score(texts, [references]).score
        assert values[name] == {"score": round(score, 2), "signature": str(metric.get_signature())}
    equal = sum(text == reference for text, reference in zip(texts, references, strict=True))
    assert 0 < equal < 100  # some are longer than the limit
    assert values["exact_match"] == equal
    assert (values["sentences"], values["failed"]) == (100, 0)
    assert values.keys() == {*metrics, "exact_match", "sentences", "failed"}
    cut = sum(len(reference.split()) > 3 for reference in references)
    assert outcome.err == f"glassformer: {cut} of 100 cut off at the length limit; raise --max-length\n"
    table = run(*arguments)
    assert [line.split()[0] for line in table.lines] == ["BLEU", "chrF2", "chrF2++", "TER", "exact"]
    assert f"{values['bleu']['score']:.2f}  {values['bleu']['signature']}" in table.lines[0]


def test_evaluate_checks_all_it_needs_before_the_work(model, held_out, tmp_path):
    source, target = held_out
    missing = tmp_path / "no" / "out.txt"
    line = refusal(run("evaluate", model, "--source", source, "--reference", target, "--output", missing))
    assert line == f"{missing}: its folder is not there; make it, or choose another place"


def test_score_equals_what_translate_says(model, held_out, tmp_path):
    source, _ = held_out
    found = [json.loads(line) for line in run("translate", model, source, "--json").lines]
    target = write(tmp_path / "found.txt", "".join(f"{one['text']}\n" for one in found))
    forced = [json.loads(line) for line in run("score", model, "--source", source, "--target", target, "--json").lines]
    assert len(forced) == 100
    for one, other in zip(found, forced, strict=True):
        assert other.keys() == TRANSLATION
        assert one["tokens"] == other["tokens"]
        assert one["log_prob"] == pytest.approx(other["log_prob"], abs=1e-4)
        assert other["score"] == other["log_prob"]
    plain = run("score", model, "--source", source, "--target", target, "--length-penalty", 0.6)
    assert [float(line) for line in plain.lines] == pytest.approx([one["score"] for one in found], abs=2e-4)


def test_score_tells_right_from_wrong(model, tmp_path):
    source, target = write(tmp_path / "s", "a b c\na b c\n\n"), write(tmp_path / "t", "c b a\na b c\n\n")
    right, wrong, blank = (float(line) for line in run("score", model, "--source", source, "--target", target).lines)
    assert wrong < right <= 0
    assert math.isfinite(blank)


# check-data, corpus, info


def test_check_data_counts_what_is_wrong(tmp_path):
    path = write(tmp_path / "a.tsv", "a b\tb a\na b\tb a\n\tb\nc\tc d\nc d\td c\n")
    valid = write(tmp_path / "v.tsv", "c d\td c\n")
    report = json.loads(run("check-data", "--pairs", path, "--valid-pairs", valid, "--json").out)
    assert (report["pairs"], report["kept"], report["unit"]) == (5, 2, "words")
    found = {name: problem["count"] for name, problem in report["problems"].items() if problem["count"]}
    assert found == {"empty": 1, "duplicate": 1, "in_validation": 1}
    assert report["problems"]["duplicate"]["examples"][0]["line"] == 2
    text = run("check-data", "--pairs", path, "--valid-pairs", valid).out
    assert "5 read, 2 kept" in text
    assert f"{path}:2: same as {path}:1" in text


def test_columns_of_each_format_are_chosen(tmp_path):
    csv = write(tmp_path / "a.csv", 'en,hi\n"a, b",c\nd,e\n')
    tsv = write(tmp_path / "a.tsv", "1\ta b\t2\tc\n3\td\t4\te\n")
    for path, columns in ((csv, ("en", "hi")), (tsv, (2, 4))):
        report = json.loads(run("check-data", "--pairs", path, "--columns", *columns, "--json").out)
        assert (report["kept"], report["source_tokens"], report["target_tokens"]) == (2, 3, 2)
    refused = run("check-data", "--corpus", "phrasebook", "--columns", "en", "hi")
    assert refused.status == 2 and "columns goes with files of --pairs" in refused.err


def test_check_data_limits_the_length_in_words(tmp_path):
    path = write_tsv(tmp_path / "a.tsv", letters(50))
    report = json.loads(run("check-data", "--pairs", path, "--max-length", 3, "--json").out)
    assert report["problems"]["too_long"]["count"] == sum(len(source.split()) > 3 for source, _ in letters(50))


def test_corpus_writes_what_the_library_gives(tmp_path):
    outcome = run("corpus", "names:eo", "--out", tmp_path / "names", "--seed", 3)
    assert outcome.lines == [str(tmp_path / "names" / f"{part}.tsv") for part in ("train", "valid", "test")]
    corpus = load_corpus("names:eo", 3)
    for part in ("train", "valid", "test"):
        pairs = [(pair.source, pair.target) for pair in getattr(corpus, part)]
        assert (tmp_path / "names" / f"{part}.tsv").read_text() == tsv(pairs)


def test_corpus_writes_each_pair_once(tmp_path, monkeypatch):
    """Though it is trained on several times."""
    pairs = [Pair("Yes", "हाँ", "c", row) for row in (1, 2)] + [Pair("No", "नहीं", "c", 3)]
    monkeypatch.setattr("glassformer.corpora.load_corpus", lambda name, seed: Corpus(name, pairs, pairs[:1], pairs[2:]))
    assert run("corpus", "phrasebook", "--out", tmp_path / "out").status == 0
    assert (tmp_path / "out" / "train.tsv").read_text() == "Yes\tहाँ\nNo\tनहीं\n"


def test_corpus_never_overwrites(tmp_path):
    mine = write(tmp_path / "valid.tsv", "my own\tpairs\n")
    assert f"{mine}: is there already" in refusal(run("corpus", "names:eo", "--out", tmp_path))
    assert mine.read_text() == "my own\tpairs\n"
    assert not (tmp_path / "train.tsv").exists()


def test_info_says_what_the_model_is(reversing):
    outcome = run("info", reversing.path / "last")
    values = json.loads(outcome.out)
    assert values.keys() == {"model", "weights", "config", "normalization", "targets", "engine", "card"}
    assert values["model"] == str(reversing.path / "last")
    assert (values["config"]["d_model"], values["config"]["vocab_size"]) == (64, 273)
    assert values["card"]["steps"] == 450
    assert values["card"]["validation"]["signatures"]["bleu"].startswith("nrefs:1|")
    model = Translator.load(reversing.path / "last").model
    assert values["weights"] == sum(weight.numel() for weight in set(model.parameters()))


# train: the rest is in training/test_trainer.py


def test_train_prints_the_run_and_nothing_else(small_corpus, tmp_path):
    out = tmp_path / "runs" / "first"
    outcome = run("train", "--pairs", small_corpus / "train.tsv", "--out", out, "--max-steps", 2, *options(QUICK))
    assert (outcome.status, outcome.out) == (0, f"{out}\n")
    assert "no validation pairs given: 1 of the 60 pairs are held out, the same for every seed" in outcome.err
