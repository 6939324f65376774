"""One model of two directions, as a user meets it: the target decides, wherever a model is used."""

import json
from dataclasses import replace

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

import glassformer
from glassformer.errors import UsageError
from glassformer.glass.record import Trace
from glassformer.training.config import TrainingConfig
from glassformer.training.report.validation import quality, validate
from glassformer.translator import Translator
from glassformer.whole_texts import translate_texts
from tests.commands import options, refusal, run, write
from tests.letters import QUICK, SMALL, letters, write_tsv
from tests.training.runs import notes_of, records_of

WAYS = ["abc-copy", "abc-turn"]
SEVERAL = "the model has the targets copy, turn; say which one (--to; in training: directions, probe_to)"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A large file to copy, a small one to reverse; the same sources stand in both."""
    folder = tmp_path_factory.mktemp("two")
    return [
        str(write_tsv(folder / "copy.tsv", letters(1600)[100:])),
        str(write_tsv(folder / "turn.tsv", letters(900, reverse=True)[100:])),
    ]


@pytest.fixture(scope="module")
def path(files, tmp_path_factory):
    """A run that has learnt to copy or to reverse letters, by the target that it is told."""
    folder = tmp_path_factory.mktemp("run")
    pairs = letters(100)
    valid = [
        str(write_tsv(folder / "copy.tsv", pairs)),
        str(write_tsv(folder / "turn.tsv", letters(100, reverse=True)[:40])),
    ]
    settings = SMALL | {"vocab_size": 275, "sampling_temperature": 5, "max_steps": 280, "validate_every": 70,
                        "validate_sentences": 40, "probe_to": "[turn]"}  # fmt: skip
    done = run("train", "--pairs", *files, "--directions", *WAYS, "--valid-pairs", *valid, "--probe", "a b c",
               "--device", "cpu", "--out", folder / "run", *options(settings))  # fmt: skip
    assert done.status == 0, done.err
    return folder / "run"


@pytest.fixture(scope="module")
def translator(path):
    return Translator.load(path)


# What the target decides


def test_the_target_decides(path, translator):
    assert translator.targets == ("copy", "turn")
    assert run("translate", path, "--to", "copy", stdin="a b c\nf e\n").lines == ["a b c", "f e"]
    assert run("translate", path, "--to", "turn", stdin="a b c\nf e\n").lines == ["c b a", "e f"]
    each = translator.translate(["a b c", "a b c", ""], to=["copy", "turn", "turn"])
    assert [one.text for one in each] == ["a b c", "c b a", ""]
    (turned,) = translator.translate(["a b c"], to="turn", align=True)
    assert turned.source_tokens == ("<2turn>", "▁a", "▁b", "▁c", "</s>")
    assert turned.alignment.shape == (len(turned.tokens), 5)
    (text,) = translate_texts(translator, ["a b?  c d"], to="copy")
    assert [part.source for part in text.parts] == ["a b?", "c d"]


def test_what_a_user_writes_is_text(translator):
    (written,) = translator.translate(["<2copy> a b c"], to="turn")
    assert written.source_tokens[0] == "<2turn>"
    assert "<2copy>" not in written.source_tokens


def test_a_target_is_asked_for_before_any_text(path, files):
    for command in (
        ("translate", path),
        ("explain", path, "a b c"),
        ("score", path, "--source", files[0], "--target", files[0]),
        ("evaluate", path, "--source", files[0], "--reference", files[0]),
    ):
        assert refusal(run(*command), status=2) == SEVERAL
        wrong = refusal(run(*command, "--to", "fr"), status=2)  # of the model
        assert wrong == "no target 'fr': the model's targets are copy, turn"


def test_a_model_without_targets_is_told_none(reversing):
    assert json.loads(run("info", reversing.path).out)["targets"] == []
    wrong = refusal(run("translate", reversing.path, "--to", "hi"), status=2)
    assert wrong == "no target 'hi': the model was trained without directions"


def test_score_and_evaluate_take_a_target(path, tmp_path):
    source, turned = (write(tmp_path / name, text) for name, text in (("s", "a b c\nf e d\n"), ("t", "c b a\nd e f\n")))
    one, other = (
        [float(line) for line in run("score", path, "--source", source, "--target", turned, "--to", to).lines]
        for to in ("turn", "copy")
    )
    assert all(right > -0.5 > -5 > wrong for right, wrong in zip(one, other, strict=True))
    scores = json.loads(run("evaluate", path, "--source", source, "--reference", turned, "--to", "turn", "--json").out)
    assert scores["exact_match"] == 100


def test_evaluate_scores_every_direction_and_the_mean(path, tmp_path):
    rows = [
        ("a b c", "a b c", "abc-copy"),
        ("f e d", "d e f", "abc-turn"),
        ("a c e", "a c e", "abc-turn"),
    ]  # one is wrong
    mixed = write(tmp_path / "mixed.tsv", "".join("\t".join(row) + "\n" for row in rows))
    columns = ("--pairs", mixed, "--columns", 1, 2, 3)
    scores = json.loads(run("evaluate", path, *columns, "--json").out)
    assert {way: own["exact_match"] for way, own in scores["directions"].items()} == {"abc-copy": 100, "abc-turn": 50}
    assert scores["mean"]["exact_match"] == 75
    own = [direction["chrf"]["score"] for direction in scores["directions"].values()]
    assert scores["mean"]["chrf"] == pytest.approx(sum(own) / 2, abs=0.01)
    lines = run("evaluate", path, *columns).lines
    assert [line for line in lines if len(line.split()) == 1] == WAYS
    assert lines[-1].split() == ["exact", "75.00"]
    # One direction is scored as a test set without directions is.
    one = [run("evaluate", path, "--pairs", write(tmp_path / "one.tsv", "a b\tb a\n"), *more).out
           for more in (("--directions", "abc-turn"), ("--to", "turn"))]  # fmt: skip
    assert one[0] == one[1] and "directions" not in one[0]


def test_a_test_set_is_given_once(path, files):
    text = "give the test set as --source with --reference, or as --pairs"
    for wrong in ([], ["--source", files[0]], ["--pairs", files[0], "--source", files[0], "--reference", files[0]]):
        assert refusal(run("evaluate", path, *wrong), status=2) == text
    twice = run("evaluate", path, "--pairs", *files, "--directions", *WAYS, "--to", "copy")
    assert refusal(twice, status=2).startswith("--to and the directions of --pairs both say")


def test_the_symbol_is_a_token_of_the_trace(path, tmp_path):
    saved = tmp_path / "t.json"
    assert run("explain", path, "a b c", "--to", "turn", "--json", saved).status == 0
    trace = Trace.load(saved)
    first, second, *_, last = trace.axes["source"]["tokens"]
    assert (first["piece"], first["text"], first["special"], first["word"]) == ("<2turn>", "<2turn>", True, None)
    assert (first["start"], first["end"]) == (0, 0)
    assert (second["text"], second["special"], second["word"], last["piece"]) == ("a", False, 0, "</s>")
    assert trace.decode["text"] == "c b a"
    assert len(trace.axes["source"]["tokens"]) == trace.tensor("encoder.0.self_attention.weights").shape[-1]
    assert "  0       5        -     -  <2turn>" in run("explain", path, "a b c", "--to", "turn").out


def test_the_length_limit_counts_the_symbol(translator):
    most = translator.model.config.max_length
    text = " ".join("a" * (most - 2))
    fits, long = translator.translate([text, f"{text} a"], to="copy", beam=1)
    assert fits.error is None
    assert f"{most + 1} tokens, but the model admits {most}" in str(long.error)
    (split,) = translate_texts(translator, [f"{text} a, b"], to="copy", beam=1)
    assert split.error is None and split.parts


def test_a_saved_model_keeps_its_targets(translator, tmp_path):
    translator.save(tmp_path / "model")
    loaded = Translator.load(tmp_path / "model")
    assert loaded.targets == ("copy", "turn")
    assert loaded.translate(["a b c"], to="turn")[0].text == "c b a"
    assert json.loads(run("info", tmp_path / "model").out)["targets"] == ["copy", "turn"]


# Validation


def test_scores_are_the_means_over_directions_and_decide_what_is_best(path):
    records = records_of(path, "validation")
    assert len(records) == 4
    best = None
    for record in records:
        assert list(record["directions"]) == WAYS
        for metric in ("loss", "bleu", "chrf"):
            own = [scores[metric] for scores in record["directions"].values()]
            assert record[metric] == pytest.approx(sum(own) / 2, abs=0.0051)
        assert record["best"] == (best is None or quality(record, "chrf") > quality(best, "chrf"))
        best = record if record["best"] else best
        assert len(record["samples"]) == 2
    card = json.loads((path / "best" / "card.json").read_text())
    assert card["validation"]["directions"] == best["directions"]
    assert card["corpus"].split(", ")[0].endswith("copy.tsv abc-copy")


def test_a_direction_is_scored_as_it_is_alone(path, translator):
    pairs = [pair for pair in _validation(path) if pair.direction == "abc-turn"]
    half = TrainingConfig(batch_tokens=512, precision="float32", validate_sentences=20)
    together = validate(translator, *_encoded(translator, _validation(path)), replace(half, validate_sentences=40))
    alone = validate(translator, *_encoded(translator, pairs), half)
    assert together.directions["abc-turn"].numbers() == alone.numbers()
    assert alone.directions == {}
    assert "directions" not in alone.numbers()


def test_the_log_the_report_and_tensorboard_have_every_direction(path, files, tmp_path):
    events = EventAccumulator(str(path)).Reload()
    drawn = {event.step: event.value for event in events.Scalars("validation/abc-turn/chrf")}
    assert drawn == {
        r["step"]: pytest.approx(r["directions"]["abc-turn"]["chrf"]) for r in records_of(path, "validation")
    }
    done = run("train", "--pairs", *files, "--directions", *WAYS, "--device", "cpu", "--out", tmp_path / "run",
               *options(QUICK | {"vocab_size": 275}))  # fmt: skip
    lines = done.err.splitlines()
    (place,) = [row for row, line in enumerate(lines) if line.startswith("validation at step 4: loss")]
    assert [line.split(":")[0] for line in lines[place + 1 : place + 3]] == [f"  {way}" for way in WAYS]


def test_a_probe_has_a_target(path):
    probe = Trace.load(path / "probes" / "0-00000280.json")
    assert probe.axes["source"]["tokens"][0]["piece"] == "<2turn>"
    assert probe.decode["text"] == "c b a"


# Training on


def test_fine_tuning_is_in_the_models_own_directions(path, files, tmp_path):
    arguments = (
        "train",
        "--pairs",
        files[1],
        "--from",
        path,
        "--device",
        "cpu",
        "--out",
        tmp_path / "fine",
        "--max-steps",
        1,
    )
    without = refusal(run(*arguments), status=1)
    assert without == f"{files[1]}:1: {SEVERAL}"
    other = refusal(run(*arguments, "--directions", "abc-fr"), status=1)
    assert other == f"{files[1]}:1: no target 'fr': the model's targets are copy, turn"
    done = run(*arguments, "--directions", "abc-turn", "--set", "batch_tokens=512")
    assert done.status == 0, done.err
    assert Translator.load(tmp_path / "fine").targets == ("copy", "turn")


def test_a_model_without_directions_is_given_none(reversing, files, tmp_path):
    done = run("train", "--pairs", files[1], "--directions", "abc-turn", "--from", reversing.path, "--device", "cpu",
               "--out", tmp_path / "fine")  # fmt: skip
    assert refusal(done) == f"{files[1]}:1: no target 'turn': the model was trained without directions"


def test_a_run_goes_on_with_its_directions(files, tmp_path):
    settings = QUICK | {"vocab_size": 275, "pairs": files, "directions": WAYS, "sampling_temperature": 3.0}
    glassformer.train(tmp_path / "whole", device="cpu", **settings)
    glassformer.train(tmp_path / "parts", device="cpu", **settings | {"max_steps": 2})
    glassformer.train(tmp_path / "parts", device="cpu", resumed=True, max_steps=4)
    one, other = ((tmp_path / name / "last" / "model.safetensors").read_bytes() for name in ("whole", "parts"))
    assert one == other
    with pytest.raises(UsageError, match=r"directions: .* -> .*; if you mean it: --allow directions"):
        glassformer.train(tmp_path / "parts", device="cpu", resumed=True, directions=WAYS[::-1])
    assert any(note.startswith("an epoch has ") for note in notes_of(tmp_path / "parts"))


def test_probes_without_a_target_are_refused(files, tmp_path):
    done = run("train", "--pairs", *files, "--directions", *WAYS, "--probe", "a b", "--device", "cpu", "--out",
               tmp_path / "run", *options(QUICK | {"vocab_size": 275}))  # fmt: skip
    assert refusal(done, status=2) == SEVERAL


def test_check_data_takes_directions(files):
    done = run("check-data", "--pairs", *files, "--directions", *WAYS, "--json")
    assert done.status == 0, done.err
    assert json.loads(done.out)["problems"]["conflict"]["count"] == 0
    plain = json.loads(run("check-data", "--pairs", *files, "--json").out)["problems"]
    assert plain["conflict"]["count"] > 700  # the same sources, to copy and to reverse


def _validation(path):
    from glassformer.data.texts import open_texts
    from glassformer.training.config import RunConfig
    from glassformer.yaml_config import read_yaml

    return open_texts(RunConfig.from_flat(read_yaml(path / "config.yaml")).data, seed=1)[1]


def _encoded(translator, pairs):
    from glassformer.data.batches import TokenizedPairs
    from glassformer.text.tokenizer import encode_pairs

    return TokenizedPairs.from_lists(zip(*encode_pairs(pairs, translator.tokenizers), strict=True)), pairs
