"""One translator in many threads, after a fork, pickled, stopped by Ctrl-C: the same, or an error that helps."""

import asyncio
import pickle
import random
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import torch

from glassformer import Translator, trace, translate_texts
from glassformer.engine.native import library
from glassformer.errors import InputError, UsageError
from glassformer.glass.causes.interventions import Edit
from glassformer.model.observe import Alteration, altered, observed
from glassformer.translator import FailedTranslation
from tests.model.helpers import make

TEXTS = ["a", "a b", "c d e", "a b c d", "e f g h a b", "h g f e d c b a"]
WITH_FAST = [
    "eager",
    pytest.param("fast", marks=pytest.mark.skipif(not library.instruction_sets(), reason="not built")),
]


@pytest.fixture(scope="module")
def path(copying):
    return copying.path


def answers(translator, text):
    """All that a translator says of a text, with the alignment, and whatever it says while another thread asks it."""
    (found,) = translator.translate([text], beam=2, align=True)
    (score,) = translator.score([text], [text], align=True)
    (whole,) = translate_texts(translator, [text])
    edited = trace(translator, text, interventions=[Edit("zero", "encoder.0.feed_forward.outer", (0,))])
    seen = [edited.values(name) for name in ("encoder.0.feed_forward.outer", "decoder.0.cross_attention.weights")]
    return [found.text, whole.text], [found.alignment, score.alignment, *seen, [score.log_prob]]


@pytest.mark.parametrize("engine", WITH_FAST)
def test_eight_threads_get_what_one_gets(path, engine):
    translator = Translator.load(path, engine=engine)
    alone = {text: answers(translator, text) for text in TEXTS}
    asked = random.Random(1).choices(TEXTS, k=16)
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda text: answers(translator, text), asked))
    for text, (texts, numbers) in zip(asked, together, strict=True):
        assert texts == alone[text][0]
        for one, other in zip(numbers, alone[text][1], strict=True):
            np.testing.assert_allclose(np.asarray(one), np.asarray(other), atol=1e-5)


def test_a_thread_neither_sees_nor_changes_what_another_runs():
    model = make()
    ids = torch.tensor([[5, 6, 3]])
    plain, seen, inside, done = model.encode(ids), [], threading.Event(), threading.Event()

    def run_elsewhere():
        inside.wait()
        seen.append(model.encode(ids))
        done.set()

    thread = threading.Thread(target=run_elsewhere)
    thread.start()
    with altered(model, [Alteration("encoder.0", output=torch.zeros_like)]), observed(model, ["encoder.0"]) as calls:
        inside.set()
        assert done.wait(120)
    thread.join()
    assert not calls
    assert torch.equal(seen[0].x_BSD, plain.x_BSD)


def test_a_model_is_read_once(path, monkeypatch):
    """Though many threads ask for it at the same time."""
    translator = Translator.load(path, engine="auto")
    if translator.fast is None:
        pytest.skip("the fast engine's library is not built")
    with ThreadPoolExecutor(8) as pool:
        assert len({id(one) for one in pool.map(lambda _: translator.engine.model, range(16))}) == 1


FORKING = """
import os, sys, torch
from glassformer import Translator
from glassformer.errors import UsageError
path, *engines = sys.argv[1:]

def said(work):
    try:
        return work()
    except UsageError as error:
        return "told" if "spawn" in str(error) else str(error)

translators = [Translator.load(path, engine=engine) for engine in engines]
used = [lambda one=one: one.translate(["a b"] * 50)[0].text for one in translators]
assert [work() for work in used] == ["a b"] * len(used)
child = os.fork()
if not child:
    print(*map(said, [*used, lambda: Translator.load(path).translate(["a b"])[0].text]), sep="|", flush=True)
    torch.set_num_threads(1)
    assert used[0]() == "a b"  # which is what OMP_NUM_THREADS=1 does
    del used, translators
    sys.exit(0)
_, status = os.waitpid(child, 0)
assert [work() for work in used] == ["a b"] * len(used)
sys.exit(status)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="forks of Linux")
def test_a_forked_process_is_told_instead_of_waiting(path, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "2")
    engines = ["eager", *(["fast"] if library.instruction_sets() else [])]
    command = [sys.executable, "-W", "ignore", "-c", FORKING, str(path), *engines]
    outcome = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert outcome.returncode == 0, outcome.stderr
    assert set(outcome.stdout.strip().split("|")) == {"told"}


def _translate(translator, text):
    return translator.translate([text], align=True)[0]


def test_a_translator_goes_to_another_process(path):
    """By pickle, and a translation with its alignment comes back so."""
    here = Translator.load(path)
    translate_texts(here, ["a b abc"])  # from which it remembers words
    there = pickle.loads(pickle.dumps(here))
    assert translate_texts(there, ["a b"])[0].text == "a b"
    found = pickle.loads(pickle.dumps(_translate(there, "a b")))
    assert found.text == "a b" and found.alignment.shape == (3, 3)


@pytest.mark.skipif(not library.instruction_sets(), reason="the fast engine's library is not built")
def test_the_fast_engine_is_not_pickled(path):
    with pytest.raises(UsageError, match="load the model where it is to translate"):
        pickle.dumps(Translator.load(path, engine="fast"))


def test_a_failed_translation_is_pickled(path):
    failed = pickle.loads(pickle.dumps(Translator.load(path).translate(["a " * 500])[0]))
    assert isinstance(failed, FailedTranslation) and isinstance(failed.error, InputError)


def test_asyncio(path):
    translator = Translator.load(path)

    async def all_of_them():
        return await asyncio.gather(*(asyncio.to_thread(_translate, translator, text) for text in TEXTS))

    with ThreadPoolExecutor(1) as other:  # in this thread a browser's event loop may be running
        found = other.submit(lambda: asyncio.run(all_of_them())).result()
    assert [one.text for one in found] == [_translate(translator, text).text for text in TEXTS]


def test_ctrl_c_within_a_call_leaves_the_translator_as_it_was(path):
    import _thread

    translator = Translator.load(path)
    expected, stopped = answers(translator, "a b c"), 0
    for number in range(12):
        timer = threading.Timer(0.002 * (number + 1), _thread.interrupt_main)
        try:
            timer.start()
            for _ in range(1000):
                translator.score(TEXTS, TEXTS, align=True)
        except KeyboardInterrupt:
            stopped += 1
        timer.join()
    assert stopped == 12
    assert not any(module._forward_hooks or module._forward_pre_hooks for module in translator.model.modules())
    np.testing.assert_array_equal(answers(translator, "a b c")[1][0], expected[1][0])


ENDS_WHILE_ITS_THREADS_COMPUTE = """
import sys, threading
from glassformer import Translator

translator = Translator.load(sys.argv[1], engine="fast")
begun = threading.Barrier(4)

def work():
    begun.wait()
    while True:
        translator.translate(["a b c d e f g h"] * 256, beam=16)

for _ in range(3):
    threading.Thread(target=work, daemon=True).start()
begun.wait()
threading.Event().wait(0.1)
"""


@pytest.mark.skipif(not library.instruction_sets(), reason="not built")
def test_a_process_may_end_while_its_threads_translate(path):
    """The model stays where it is: else what they compute with is freed under them, and the process dies of it."""
    for _ in range(2):
        ended = subprocess.run(
            [sys.executable, "-c", ENDS_WHILE_ITS_THREADS_COMPUTE, path], capture_output=True, timeout=120
        )
        assert (ended.returncode, ended.stderr) == (0, b"")
