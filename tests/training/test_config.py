"""What a config resolves to."""

import re
from pathlib import Path

import pytest
import yaml

from glassformer.errors import UsageError
from glassformer.training.config import RunConfig

PAIRS = {"pairs": ["train.tsv"]}


@pytest.mark.parametrize(("preset", "size"), [("glass", 1280), ("tiny", 1280), ("small", 4096), ("big", 4096)])
def test_presets_for_few_pairs_train_in_small_batches(preset, size):
    assert RunConfig.from_flat(PAIRS | {"preset": preset}).training.batch_tokens == size
    assert RunConfig.from_flat(PAIRS | {"preset": preset, "batch_tokens": 7}).training.batch_tokens == 7


def test_a_resolved_config_is_read_back_as_it_was(tmp_path):
    config = RunConfig.from_flat(PAIRS | {"preset": "base", "pair_weights": [2], "probe": ["a ß"], "r_drop": "5e-1"})
    config.write(tmp_path / "config.yaml")
    again = RunConfig.from_flat(yaml.safe_load((tmp_path / "config.yaml").read_text(encoding="utf-8")))
    assert again.flat() == config.flat()
    assert config.fit_vocabulary and not again.fit_vocabulary  # settled when it was written


def test_no_vocabulary_size_is_that_which_the_text_wants():
    assert RunConfig.from_flat(PAIRS | {"vocab_size": None}) == RunConfig.from_flat(PAIRS)
    assert RunConfig.from_flat(PAIRS).vocabulary == (None, None)
    assert RunConfig.from_flat(PAIRS | {"vocab_size": 900}).vocabulary == (900, None)


def test_the_documented_config_is_one():
    text = (Path(__file__).parents[2] / "docs/how_to/low_resource.md").read_text(encoding="utf-8")
    documented = yaml.safe_load(re.search(r"```yaml\n(.*?)```", text, re.DOTALL)[1])
    assert documented.pop("preset") == "tiny"
    resolved = RunConfig.from_flat(PAIRS | documented).flat()
    assert {key: resolved[key] for key in documented} == documented


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"probe": ["a", " "]}, "probe: a sentence is blank"),
        ({"r_drop": -1}, "r_drop = -1.0 must be at least 0"),
        ({"label_smoothing": 1}, "label_smoothing = 1.0 must be at least 0 and below 1"),
        ({"subword_dropout": 1}, "subword_dropout = 1.0 must be at least 0 and below 1"),
        ({"valid_pairs": ["v.tsv"], "valid_source": "v.en", "valid_target": "v.hi"}, "not both"),
    ],
)
def test_values_beyond_their_range_are_refused_by_name(settings, message):
    with pytest.raises(UsageError, match=re.escape(message)):
        RunConfig.from_flat(PAIRS | settings)
