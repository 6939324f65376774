"""How good the quickstart's model is on what was held out."""

from rich.console import Console

from glassformer.corpora.phrasebook import Sentence, agreement, held_out, unseen_names, unseen_patterns
from glassformer.evaluation import exact_match, score_corpus
from glassformer.search import SearchOptions
from glassformer.text.pairs import Pair
from glassformer.translator import Translator

GREEDY = SearchOptions(beam=1)


def report_phrasebook(console: Console, translator: Translator) -> None:
    """Exact match on the held-out sets, and whether the because-clauses agree with what "it" or "they" refers to.

    A name may be spelt well in more than one way, so that chrF says more there.
    """
    sentences = held_out()
    texts, exact = _exact(translator, sentences)
    referring = [(s, text) for s, text in zip(sentences, texts, strict=True) if s.reference]
    agreed = 100 * sum(agreement(s, text) for s, text in referring) / len(referring)
    console.print(f"\nOn {len(sentences):,} sentences with words that it never saw together:")
    console.print(f"  exactly right              {exact:5.1f} %")
    console.print(
        f'  "it" and "they" understood {agreed:5.1f} %  (gender and number, {len(referring):,} because-clauses)'
    )
    unseen = unseen_patterns()
    console.print(f"On {len(unseen):,} sentences of {len({s.pattern for s in unseen})} patterns that it never saw:")
    console.print(f"  exactly right              {_exact(translator, unseen)[1]:5.1f} %")
    named = unseen_names()
    texts, exact = _exact(translator, named)
    chrf = score_corpus(texts, [sentence.target for sentence in named], metrics=["chrf"])["chrf"].value
    console.print(f"On {len(named):,} sentences about names that it never saw:")
    console.print(f"  exactly right              {exact:5.1f} %, chrF2 {chrf:.1f}")


def _exact(translator: Translator, sentences: list[Sentence]) -> tuple[list[str], float]:
    """The translations, and how many of a hundred are exactly right."""
    texts = translated(translator, [sentence.source for sentence in sentences])
    return texts, exact_match(texts, [sentence.target for sentence in sentences])


def report_pairs(console: Console, translator: Translator, pairs: list[Pair]) -> None:
    """Exact match and chrF."""
    texts, references = translated(translator, [pair.source for pair in pairs]), [pair.target for pair in pairs]
    chrf = score_corpus(texts, references, metrics=["chrf"])["chrf"]
    console.print(f"\nOn {len(pairs):,} names held out:")
    console.print(f"  exactly right {exact_match(texts, references):5.1f} %")
    console.print(f"  chrF          {chrf.value:5.1f}    {chrf.signature}")


def translated(translator: Translator, sources: list[str]) -> list[str]:
    """The greedy translations."""
    return [translation.text for translation in translator.translate(sources, GREEDY)]
