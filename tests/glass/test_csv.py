"""CSV: every bit of every tensor, and labels that no spreadsheet runs."""

import csv
import io

import numpy as np
import pytest

from glassformer.errors import InputError, UsageError
from glassformer.glass.trace import trace
from glassformer.glass.views.table import to_csv

from .exported import CROSS, HOSTILE, with_words
from .models import SENTENCE, cached


@pytest.mark.parametrize("which", ["record", "lecture"])
def test_csv_gives_back_every_bit_of_every_tensor(which, request):
    record = request.getfixturevalue(which)
    for name, tensor in record.tensors.items():
        values = record.values(name)
        rows = list(csv.reader(io.StringIO(to_csv(record, name))))
        leading = values.ndim - 1
        numbers = np.array([[float(cell) for cell in row[leading:]] for row in rows[1:]], values.dtype)
        np.testing.assert_array_equal(numbers.reshape(values.shape), values)
        assert all(len(row) == len(rows[0]) for row in rows), tensor.name


def test_csv_names_rows_and_columns_by_their_tokens(record):
    header, *rows = csv.reader(io.StringIO(to_csv(record, f"{CROSS}.weights")))
    source = [token["text"] for token in record.axes["source"]["tokens"]]
    target = [f"{step['read']['text']} → {step['chosen']['text']}" for step in record.decode["steps"]]
    assert header == ["head", "query: target", "key: source", *source][:2] + source
    assert [row[:2] for row in rows] == [[str(head), word] for head in range(4) for word in target]


def test_csv_of_logits_names_the_columns_that_are_carried(record):
    header = next(csv.reader(io.StringIO(to_csv(record, "logits"))))
    pieces = record.vocabulary["target"]
    assert header[1:] == [pieces[i] for i in record.tensor("logits").columns]


def test_csv_writes_masked_scores_as_minus_infinity(record):
    name = "decoder.0.self_attention.masked"
    rows = list(csv.reader(io.StringIO(to_csv(record, name))))[1:]
    hidden = [cell == "-inf" for row in rows for cell in row[2:]]
    np.testing.assert_array_equal(hidden, np.isneginf(record.values(name)).ravel())
    assert any(hidden)


def test_csv_labels_are_no_formulas(record):
    hostile = with_words(record, HOSTILE)
    for name in (f"{CROSS}.weights", "decoder.0.self_attention.masked", "log_probs"):
        header, *rows = csv.reader(io.StringIO(to_csv(hostile, name)))
        heads = record.tensor(name).shape[:-2]
        labels = [*header, *(label for row in rows for label in row[: 1 + len(heads)])]
        assert not [label for label in labels if label[:1] in ("=", "+", "-", "@", "\t", "\r")]
        assert "'=SUM(A1)" in labels


def test_csv_errors_say_what_to_do(record):
    with pytest.raises(UsageError, match=f"did you mean '{CROSS}.weights'"):
        to_csv(record, f"{CROSS}.weight")
    bare = trace(cached(), SENTENCE, detail="full")
    with pytest.raises(InputError, match=r"--detail full\+weights"):
        to_csv(bare, f"{CROSS}.query.weight")
