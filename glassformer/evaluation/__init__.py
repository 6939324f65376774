"""How good translations are: the scores of sacreBLEU, each with the signature that makes it comparable."""

from glassformer.evaluation.comparison import Comparison, compare_corpora
from glassformer.evaluation.scores import Score, exact_match, score_corpus, sentence_chrf
from glassformer.evaluation.tokenizers import AUTO, check_tokenizer, choose_tokenizer

__all__ = [
    "AUTO",
    "Comparison",
    "Score",
    "check_tokenizer",
    "choose_tokenizer",
    "compare_corpora",
    "exact_match",
    "score_corpus",
    "sentence_chrf",
]
