"""The page that the quickstart ends with: which sentence it opens on, and why."""

from pathlib import Path
from typing import Any

from glassformer.corpora.phrasebook import (
    FEMALE,
    FEMININE,
    MASCULINE,
    Sentence,
    gender_swaps,
    gendered_words,
    held_out,
    subject_of,
    tired_animals,
)
from glassformer.errors import InputError
from glassformer.explain import traced, write_page
from glassformer.glass.causes.asking import ask, log_probs
from glassformer.glass.causes.study.contrasts import Contrasts
from glassformer.glass.causes.study.study import study
from glassformer.glass.record import Trace
from glassformer.quickstart.recipe import LECTURE, RECIPES
from glassformer.special import EOS
from glassformer.text.pairs import Pair
from glassformer.training.run.probes import read_probes
from glassformer.translator import Translator

PAGE = "page.html"
HESITATION = 0.1  # of the probability
STUDIED = 30  # sentences: an interval of about 0.1 to each side, in a few seconds


def quickstart_page(out: Path, translator: Translator, corpus: str) -> Path:
    """Write the page of the trained model: a sentence with its cause, what its heads do, how it learnt the probe.

    Returns where it is.
    """
    probes = read_probes(out)
    if corpus == "phrasebook":
        trained, heads = _because(translator), _heads(translator)
    else:
        trained, heads = traced(translator, RECIPES[corpus]["probe"][0], beam=4), None
    write_page(out / PAGE, [*probes, ("trained", trained)], "training" if probes else "trace", run=out, study=heads)
    return out / PAGE


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
    return question.other is not None and question.other.says < 0


def _heads(translator: Translator) -> dict[str, Any]:
    """What the heads do over held-out sentences about animals: where they look, and what they carry of gender."""
    swap = Contrasts("an animal for a cat or a dog, of the other gender", gender_swaps(), gendered_words())
    pairs = [Pair(one.source, one.target) for one in held_out() if one.reference]
    return study(translator, pairs, [swap], STUDIED).to_dict()
