"""Questions: which two tokens are compared, and where."""

import pytest
import torch

from glassformer.errors import InputError, UsageError
from glassformer.glass.causes.asking import ask
from glassformer.glass.causes.contrast import Contrast
from glassformer.glass.causes.patching import align
from glassformer.glass.tokens import axis
from glassformer.special import BOS, EOS, PAD, UNK
from tests.glass.models import SENTENCE, cached
from tests.letters import letter_tokenizer


def test_a_contrast_measures():
    logits = torch.tensor([[2.0, 0.5, -1.0]])
    total = torch.tensor([2.0, 0.5, -1.0]).exp().sum()
    assert Contrast(0, 0, 2)(logits).tolist() == [3.0]
    assert Contrast(0, 0, 2, "probability")(logits)[0] == pytest.approx(float(torch.tensor(2.0).exp() / total))
    assert Contrast(0, 0, 2, "log_probability")(logits)[0] == pytest.approx(float(2 - total.log()))


def test_the_runner_up_is_the_likeliest_other_word_of_all_steps():
    question = ask(cached(), SENTENCE)
    translated = cached().translate([SENTENCE], beam=1)[0]
    assert [one["piece"] for one in question.target["tokens"]] == list(translated.tokens)
    model, ids = cached().model, [one["id"] for one in question.target["tokens"]]
    with torch.no_grad():
        logits = model(torch.tensor([question.reading.source]), torch.tensor([[BOS, *ids[:-1]]]))
    log_probs = logits[0].log_softmax(-1)
    best = max(
        (float(log_probs[step, other]), step, other)
        for step, chosen in enumerate(ids)
        for other in range(model.config.vocab_size)
        if other not in (chosen, PAD, UNK, BOS)
    )
    assert (question.contrast.step, question.contrast.b) == best[1:]
    assert question.contrast.a == ids[question.contrast.step]
    assert question.reading.read == (BOS, *ids[: question.contrast.step])


def test_a_given_word_in_the_place_of_a_given_word():
    piece = letter_tokenizer().piece
    question = ask(cached(), SENTENCE, target="a b a", word="b", against="c")
    assert (question.contrast.step, piece(question.contrast.a), piece(question.contrast.b)) == (1, "▁b", "▁c")
    for step in (0, 2):
        assert ask(cached(), SENTENCE, target="a b a", word="a", step=step, against="c").contrast.step == step
    assert ask(cached(), SENTENCE, target="a b a", against="c").contrast.step in (0, 1, 2)


def test_words_of_several_tokens_are_compared_where_they_first_differ():
    tokenizer = letter_tokenizer()
    ab, ac = tokenizer.encode("ab"), tokenizer.encode("ac")
    assert len(ab) == 2 and ab[0] == ac[0]
    question = ask(cached(), SENTENCE, target="c ab", word="ab", against="ac")
    assert (question.contrast.step, question.contrast.a, question.contrast.b) == (2, ab[1], ac[1])
    shorter = ask(cached(), SENTENCE, target="c ab d", word="ab", against="a").contrast
    assert (shorter.step, shorter.a, shorter.b) == (2, ab[1], tokenizer.encode("d")[0])
    longer = ask(cached(), SENTENCE, target="c a", word="a", against="ab").contrast
    assert (longer.step, longer.a, longer.b) == (2, EOS, ab[1])


def test_a_second_sentence_gives_the_other_word():
    """The translations of these begin with different words: that of the second stands against that of the first."""
    one, two = (cached(norm_position="pre").translate([text], beam=1)[0].tokens for text in ("a b c", "e d f"))
    assert one[0] != two[0]
    question = ask(cached(norm_position="pre"), "a b c", versus="e d f", step=0)
    assert (question.a["piece"], question.b["piece"]) == (one[0], two[0])
    assert question.other.reading.read == question.reading.read == (BOS,) and question.other.text == "e d f"
    assert question.other.places == ((0, 0), (1, 1), (2, 2), (3, 3))
    with pytest.raises(InputError, match="the same word there"):
        ask(cached(norm_position="pre"), "a b c", versus="a b c")


def words(text):
    return axis(text, letter_tokenizer().tokens(text))


@pytest.mark.parametrize(
    ("first", "second", "pairs"),
    [
        ("a b c", "a d c", [(0, 0), (1, 1), (2, 2)]),
        ("a b c", "a c", [(0, 0), (2, 1)]),
        ("a b c d", "e c d", [(0, 0), (2, 1), (3, 2)]),  # in their order, as far as both sides have some
        ("ab c", "d c", [(2, 1)]),  # two tokens against one
        ("ab c d", "ac c", [(0, 0), (1, 1), (2, 2)]),
    ],
)
def test_alignment(first, second, pairs):
    assert align(words(first), words(second)) == tuple(pairs)


def test_sentences_without_anything_in_common():
    with pytest.raises(InputError, match="no words that correspond"):
        align(words("ab"), words("c"))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"measure": "logit"}, UsageError, "measure is 'logit'; set it to"),
        ({"step": 99}, UsageError, "the translation has the steps 0 to 3"),
        ({"word": "zebra"}, InputError, "the translation has no word 'zebra'"),
        ({"word": "b", "step": 0}, UsageError, "step 0 does not write 'b', but step 1 does"),
        ({"word": "b", "against": "b"}, InputError, "says 'b' there itself"),
        ({"versus": " "}, InputError, "blank"),
    ],
)
def test_mistakes(options, error, message):
    with pytest.raises(error, match=message):
        ask(cached(), SENTENCE, **{"target": "a b a", **options})
