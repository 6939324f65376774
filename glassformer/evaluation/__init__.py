"""How good translations are: the scores of sacreBLEU, each with the signature that makes it comparable."""

from glassformer.evaluation.scores import Score, exact_match, score_corpus
from glassformer.evaluation.tokenizers import check_tokenizer

__all__ = ["Score", "check_tokenizer", "exact_match", "score_corpus"]
