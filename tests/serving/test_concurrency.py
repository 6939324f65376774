"""Many requests at once: each gets its own answer, and that is what the model says of its text alone."""

import random
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from glassformer import Translator, translate_texts
from glassformer.engine.native import library
from glassformer.serving.limits import Limits
from glassformer.serving.models import Source
from tests.letters import letters
from tests.serving.servers import serving

TEXTS = [text for text, _ in letters(12)] + [f"{a}. {b.title()}. {c}" for (a, _), (b, _), (c, _) in
         zip(letters(4, seed=2), letters(4, seed=3), letters(4, seed=4), strict=True)]  # fmt: skip
BUILT = pytest.mark.skipif(not library.instruction_sets(), reason="not built")
ENGINES = [("eager", None), pytest.param("fast", None, marks=BUILT), pytest.param("fast", "int8", marks=BUILT)]


@pytest.mark.parametrize(("engine", "precision"), ENGINES)
def test_no_answer_depends_on_what_it_is_batched_with(model, tmp_path, engine, precision):
    """Sixteen clients ask in random order, for beams of two widths.

    The fast engine's scores are the same to the last bit, in eight bits too; those of PyTorch agree in five digits.
    """
    alone = Translator.load(model, engine=engine, precision=precision)
    expected = {
        (text, beam): one
        for beam in (1, 3)
        for text, one in zip(TEXTS, (translate_texts(alone, [text], beam=beam)[0] for text in TEXTS), strict=True)
    }
    asked = random.Random(1).sample(sorted(expected), k=len(expected))
    with serving(tmp_path, Source(model, engine=engine, precision=precision)) as address, requests.Session() as session:

        def ask(question):
            text, beam = question
            answer = session.post(f"{address}/v1/translate", json={"text": text, "beam": beam}, timeout=120)
            assert answer.status_code == 200, answer.text
            return answer.json()["translations"][0]

        with ThreadPoolExecutor(16) as pool:
            found = list(pool.map(ask, asked))
        batches = address.service.models.first.loaded.translator.scheduler
        assert batches.waiting == 0
    for question, one in zip(asked, found, strict=True):
        assert (one["source"], one["text"]) == (question[0], expected[question].text)
        assert one["score"] == pytest.approx(expected[question].score, abs=1e-4 if engine == "eager" else 0, rel=0)


def test_requests_share_batches(model, tmp_path):
    with serving(tmp_path, model) as address:
        scheduler = address.service.models.first.loaded.translator.scheduler
        compute, sizes = scheduler._compute, []
        scheduler._compute = lambda kind, items: sizes.append(len(items)) or compute(kind, items)
        with ThreadPoolExecutor(16) as pool:
            answers = pool.map(lambda text: address.post("/v1/translate", {"text": text}).status_code, TEXTS)
            assert set(answers) == {200}
    assert max(sizes) > 1 and len(sizes) < sum(sizes)


def test_under_a_load_that_is_too_much_every_request_is_answered_rightly_or_sent_away(model, tmp_path):
    alone = Translator.load(model, engine="auto")
    expected = {text: translate_texts(alone, [text])[0].text for text in TEXTS}
    with serving(tmp_path, model, limits=Limits(concurrent=2, queued=4)) as address:

        def ask(text):
            answer = address.post("/v1/translate", {"text": text})
            return text, answer.status_code, answer.json()

        with ThreadPoolExecutor(24) as pool:
            answers = list(pool.map(ask, TEXTS * 4))
        assert {status for _, status, _ in answers} <= {200, 429}
        right = [(text, body) for text, status, body in answers if status == 200]
        assert right and all(body["translations"][0]["text"] == expected[text] for text, body in right)
        assert address.service.admission.pending == 0


def test_a_sentence_that_breaks_the_model_breaks_nobody_elses(model, tmp_path, monkeypatch):
    """Where a batch fails as a whole, each of its sentences is tried alone."""
    from glassformer.serving import shared

    generate = shared.generate

    def fails(engine, sources, *arguments, **settings):
        if any(len(source) == 6 for source in sources):
            raise RuntimeError("the machine has no more memory")
        return generate(engine, sources, *arguments, **settings)

    monkeypatch.setattr(shared, "generate", fails)
    with serving(tmp_path, model) as address, ThreadPoolExecutor(8) as pool:
        texts = ["a b", "a b c d e", "c d", "e"] * 4
        answers = pool.map(lambda text: address.post("/v1/translate", {"text": text}).status_code, texts)
        assert list(answers) == [200, 500, 200, 200] * 4
