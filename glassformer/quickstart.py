"""The first three minutes: train on a built-in corpus, measure on what was held out, translate."""

import time
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape

from glassformer.corpora import load_corpus
from glassformer.corpora.phrasebook import (
    FEMALE,
    FEMININE,
    MASCULINE,
    Sentence,
    agreement,
    gender_swaps,
    gendered_words,
    held_out,
    subject_of,
    tired_animals,
    unseen_names,
    unseen_patterns,
)
from glassformer.errors import InputError
from glassformer.evaluation import exact_match, score_corpus
from glassformer.explain import traced, write_page
from glassformer.glass.causes.asking import ask, log_probs
from glassformer.glass.causes.study.contrasts import Contrasts
from glassformer.glass.causes.study.study import study
from glassformer.glass.record import Trace
from glassformer.search import SearchOptions
from glassformer.special import EOS
from glassformer.text.pairs import Pair
from glassformer.training import train
from glassformer.training.run.probes import read_probes
from glassformer.training.run.run import CONFIG
from glassformer.translator import Translator

PAGE = "page.html"
GREEDY = SearchOptions(beam=1)
LECTURE = (
    "We are friends",
    "I love you very much",
    "The cat sat on its mat",
    "The animal didn't cross the road because it was tired",
    "The animal didn't cross the road because it was wide",
    "The cat did not cross the road because it was tired",
    "The dog did not cross the road because it was tired",
)
HESITATION = 0.1  # of the probability
STUDIED = 30  # sentences: an interval of about 0.1 to each side, in a few seconds
NAMES = ("India", "French", "Brazilian Real", "New South Wales")

# Small, with which steps are fast; the rest is what the paper has: post-norm, sinusoids, ReLU.
RECIPE: dict[str, Any] = {
    "encoder_layers": 2,
    "decoder_layers": 2,
    "d_model": 128,
    "d_ff": 512,
    "num_heads": 4,
    "dropout": 0.0,
    "max_length": 64,
    "schedule": "cosine",
    "keep_checkpoints": 1,
    "average_last": 1,
    "metric": "loss",  # chrF reaches 100 before the model is at its best
}
RECIPES: dict[str, dict[str, Any]] = {
    # Every sentence is seen about once: no dropout.
    "phrasebook": RECIPE
    | {
        "normalize": "casefold",
        # The two languages share no letters: a vocabulary each, in which nearly every form of a word is one piece.
        "source_vocab_size": 4000,
        "vocab_size": 3500,
        "label_smoothing": 0.1,
        "batch_tokens": 640,
        "learning_rate": 0.0022,
        "warmup_steps": 400,
        "max_steps": 4000,
        "validate_every": 2000,
        "checkpoint_every": 2000,
        "probe_every": 100,
        "probe": [LECTURE[3]],
    },
    # A name is spelt rather than translated, and there are few: small pieces, dropout, and rotary positions with
    # pre-norm, which learn from fewer.
    "names": RECIPE
    | {
        "vocab_size": 1000,
        "dropout": 0.2,
        "norm_position": "pre",
        "positions": "rotary",
        "batch_tokens": 1024,
        "learning_rate": 0.004,
        "warmup_steps": 100,
        "max_steps": 1750,
        "validate_every": 850,
        "checkpoint_every": 850,
        "probe_every": 50,
        "probe": [NAMES[2]],
    },
}


def quickstart(corpus: str, out: Path) -> None:
    """Train on `corpus` into the run directory `out`, print scores and translations, and write its page.

    Where `out` holds such a run already, stopped or ended, it goes on from there.
    """
    started = time.monotonic()
    translator = train(out, resumed=(out / CONFIG).exists(), corpus=corpus, **RECIPES[corpus])
    console = Console(highlight=False, soft_wrap=True)
    if corpus == "phrasebook":
        _report_phrasebook(console, translator)
    else:
        _report_pairs(console, translator, load_corpus(corpus).test)
    _show(console, translator, LECTURE if corpus == "phrasebook" else NAMES)
    _write_page(console, out, translator, corpus)
    console.print(
        f"The model is in [bold]{escape(str(out))}[/bold], made in {time.monotonic() - started:.0f} s. Try your own:"
    )
    console.print(
        f'  echo "{LECTURE[0] if corpus == "phrasebook" else NAMES[0]}" | glassformer translate {escape(str(out))}'
    )


def _write_page(console: Console, out: Path, translator: Translator, corpus: str) -> None:
    """The page of the trained model: a sentence with its cause, what its heads do, and how it learnt the probe."""
    probes = read_probes(out)
    if corpus == "phrasebook":
        trained, heads = _because(translator), _heads(translator)
    else:
        trained, heads = traced(translator, RECIPES[corpus]["probe"][0], beam=4), None
    write_page(out / PAGE, [*probes, ("trained", trained)], "training" if probes else "trace", run=out, study=heads)
    console.print(f"See through it: open [bold]{escape(str(out / PAGE))}[/bold] in any browser.")


def _because(translator: Translator) -> Trace:
    """The trace of a sentence with थका, and why it does not say थकी: its animal is no cat.

    Of those that it translates right and that with a cat would have थकी, the shortest in which it hesitates: somewhere
    the second likeliest token has a tenth of the probability. Where there is none, the lecture's.
    """
    for sentence in tired_animals():
        if _hesitates(translator, sentence) and _would_turn(translator, sentence.source, _with_cat(sentence)):
            return traced(translator, sentence.source, {"word": MASCULINE, "versus": _with_cat(sentence)}, beam=4)
    return traced(translator, LECTURE[3], {"word": MASCULINE, "versus": LECTURE[3].replace("animal", FEMALE)}, beam=4)


def _with_cat(sentence: Sentence) -> str:
    return sentence.source.replace(subject_of(sentence), FEMALE)


def _hesitates(translator: Translator, sentence: Sentence) -> bool:
    """Whether its translation is right, and at some step the runner-up has a tenth of the probability."""
    (ids,) = translator.source_ids([sentence.source])
    target = [*translator.target_tokenizer.encode(sentence.target), EOS]
    best = log_probs(translator, ids, target).exp().topk(2)
    return best.indices[:, 0].tolist() == target and bool((best.values[:, 1] >= HESITATION).any())


def _would_turn(translator: Translator, source: str, other: str) -> bool:
    """Whether after the same words the model prefers the feminine in the other sentence."""
    try:
        question = ask(translator, source, word=MASCULINE, against=FEMININE, versus=other)
    except InputError:
        return False
    assert question.other is not None
    ids = list(question.other.reading.source)
    row = log_probs(translator, ids, [*question.reading.read[1:], question.contrast.a])[-1]
    return float(question.contrast(row)) < 0


def _heads(translator: Translator) -> dict[str, Any]:
    """What the heads do over held-out sentences about animals: where they look, and what they carry of gender."""
    swap = Contrasts("an animal for a cat or a dog, of the other gender", gender_swaps(), gendered_words())
    pairs = [Pair(one.source, one.target) for one in held_out() if one.reference]
    return study(translator, pairs, [swap], STUDIED).to_dict()


def _report_phrasebook(console: Console, translator: Translator) -> None:
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
    texts = _translated(translator, [sentence.source for sentence in sentences])
    return texts, exact_match(texts, [sentence.target for sentence in sentences])


def _report_pairs(console: Console, translator: Translator, pairs: list[Pair]) -> None:
    """Exact match and chrF."""
    texts, references = _translated(translator, [pair.source for pair in pairs]), [pair.target for pair in pairs]
    chrf = score_corpus(texts, references, metrics=["chrf"])["chrf"]
    console.print(f"\nOn {len(pairs):,} names held out:")
    console.print(f"  exactly right {exact_match(texts, references):5.1f} %")
    console.print(f"  chrF          {chrf.value:5.1f}    {chrf.signature}")


def _translated(translator: Translator, sources: list[str]) -> list[str]:
    return [translation.text for translation in translator.translate(sources, GREEDY)]


def _show(console: Console, translator: Translator, sources: tuple[str, ...]) -> None:
    console.print()
    for source, text in zip(sources, _translated(translator, list(sources)), strict=True):
        console.print(f"  {escape(source)}\n    [bold]{escape(text)}[/bold]")
    console.print()
