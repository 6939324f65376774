"""The losses of a run, read back from its log."""

import json

from glassformer.training.report.losses import read_losses


def log(run, *events):
    (run / "log.jsonl").write_text("".join(json.dumps(one) + "\n" for one in events))


def test_losses_are_read_by_their_kind(tmp_path):
    log(
        tmp_path,
        {"event": "note", "text": "7 parameters"},
        {"event": "train", "step": 50, "loss": 3.5, "learning_rate": 0.1},
        {"event": "validation", "step": 60, "loss": 2.5},
        {"event": "train", "step": 100, "loss": 3.0},
    )
    assert read_losses(tmp_path) == {"train": [[50, 3.5], [100, 3.0]], "validation": [[60, 2.5]]}


def test_a_line_that_was_cut_off_is_none(tmp_path):
    log(tmp_path, {"event": "train", "step": 50, "loss": 3.5})
    with (tmp_path / "log.jsonl").open("a") as file:
        file.write('{"event": "train", "step": 100, "lo')
    assert read_losses(tmp_path) == {"train": [[50, 3.5]], "validation": []}


def test_a_run_without_a_log_has_none(tmp_path):
    assert read_losses(tmp_path) is None
