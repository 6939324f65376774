"""A survey of pairs that are all at hand."""

from collections.abc import Iterable

from glassformer.data.check.survey import Survey
from glassformer.text.pairs import Pair


def survey_of(pairs: Iterable[Pair]) -> Survey:
    survey = Survey()
    for pair in pairs:
        survey.add(pair)
    return survey
