"""The test set of `evaluate`: two files aligned by line, or files of pairs as `train` reads them."""

import argparse

from glassformer.errors import UsageError
from glassformer.text.pairs import Pair


def read_test_pairs(options: argparse.Namespace) -> list[Pair]:
    """The pairs to translate and compare with, each with its direction, where the options or a column give any.

    Raises UsageError where the options name no text, or two, or two directions for one.
    """
    from glassformer.data.config import DataConfig
    from glassformer.data.texts import open_texts
    from glassformer.settings import build
    from glassformer.text.pair_text import PairText

    if bool(options.pairs) == bool(options.source) or bool(options.source) != bool(options.reference):
        raise UsageError("give the test set as --source with --reference, or as --pairs")
    named = {name: getattr(options, name) for name in ("pairs", "columns", "directions", "source")}
    values = {name: value for name, value in (named | {"target": (options.reference or [""])[0]}).items() if value}
    texts, _ = open_texts(build(DataConfig, values, "command line"), seed=1)
    pairs = list(PairText.concatenated(texts))
    if options.to and any(pair.direction for pair in pairs):
        raise UsageError("--to and the directions of --pairs both say what to translate to; leave one out")
    return [pair._replace(direction=options.to) for pair in pairs] if options.to else pairs
