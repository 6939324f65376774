"""A tensor as CSV, for spreadsheets and data frames."""

import csv
import io

import numpy as np

from glassformer.glass.record import Trace
from glassformer.glass.views.labels import axis_title, place_labels

FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what a spreadsheet takes for the beginning of a formula


def to_csv(trace: Trace, name: str) -> str:
    """The tensor of that name as CSV text.

    A row for each row of each head: first the labels of its head and row, then its numbers. The first
    line names the axes and the columns. Numbers are written in full, so that reading them gives the
    same bits; what is masked is `-inf`. A label that a spreadsheet would run as a formula begins with
    an apostrophe. Of logits only the columns that the trace carries are there.

    Raises UsageError for an unknown tensor, InputError for one whose numbers the trace does not carry.
    """
    tensor, values = trace.tensor(name), trace.values(name)
    labels = [[_inert(label) for label in place_labels(trace, tensor, axis)] for axis in range(values.ndim)]
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([axis_title(tensor, axis) for axis in range(values.ndim - 1)] + labels[-1])
    for index in np.ndindex(values.shape[:-1]):
        heading = [labels[axis][place] for axis, place in enumerate(index)]
        writer.writerow(heading + [repr(number) for number in values[index].tolist()])
    return text.getvalue()


def _inert(label: str) -> str:
    return f"'{label}" if label.startswith(FORMULA) else label
