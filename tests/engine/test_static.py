"""Decoding in room of fixed shapes: the same translations, to the last step, as in a cache that grows.

On the CPU the steps run as they are; recorded as CUDA graphs they run in tests/device.
"""

import copy
from dataclasses import replace
from itertools import chain

import numpy as np
import pytest
import torch
from torch.fx.experimental.proxy_tensor import make_fx

from glassformer.device import Arriving
from glassformer.engine import SUPPRESSED, EagerEngine, decoding, generate
from glassformer.engine import static as static_module
from glassformer.engine.candidates import best
from glassformer.engine.decoding import Room
from glassformer.engine.static import StaticEngine
from glassformer.errors import InputError
from glassformer.search import SearchOptions, search
from glassformer.special import EOS
from tests.engine.test_engine import Stepwise, engine, every_search, every_way, sources  # noqa: F401
from tests.training.waits import Waits


@every_way
def test_translations_are_those_of_the_eager_engine(engine, options):  # noqa: F811
    """Sources of all lengths in one batch, whose rows end one after the other, and past the first room."""
    ours, theirs = (generate(one, sources(), options) for one in (StaticEngine(engine.model), engine))
    assert [[one.tokens for one in each] for each in ours] == [[one.tokens for one in each] for each in theirs]
    for one, other in zip(chain(*ours), chain(*theirs), strict=True):
        assert one.log_prob == pytest.approx(other.log_prob, rel=1e-5, abs=1e-5)


@every_search
def test_the_device_searches_as_search_does(engine, way):  # noqa: F811
    """To the last bit, though fewer and fewer sentences go on, in smaller rooms and then in longer ones."""
    static, batch = StaticEngine(engine.model), sources(12)
    assert static.search(batch, [9] * 12, EOS, SUPPRESSED, way) is not None
    assert generate(static, batch, way) == generate(Stepwise(static), batch, way)


def test_a_sentence_goes_on_in_other_room_as_it_was(engine):  # noqa: F811
    """Where half of the sentences have ended, and where there is no room for a longer one."""
    static, way, batch = StaticEngine(engine.model), SearchOptions(beam=2, n_best=2, min_length=9), sources(8)
    limits = [10, 10, 10, 21, 21, 21, 21, 10]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(static_module, "TARGET_STEP", 8)
        found = static.search(batch, limits, EOS, SUPPRESSED, way)
    rooms = {(room.rows, room.target) for room in static._free}
    assert {(16, 8), (16, 16), (8, 16)} < rooms and any(target == 24 for _, target in rooms)
    stepwise = Stepwise(StaticEngine(engine.model))
    given = {"start": static.start_id, "end": EOS, "limits": limits, "options": way, "suppress_tokens": SUPPRESSED}
    assert found == search(stepwise.step, stepwise.encode(batch), **given)


def test_a_step_is_told_of_while_the_next_one_is_taken(engine, monkeypatch):  # noqa: F811
    """The device is asked for step after step, and the search has one step more than it needs, no more."""
    events = []

    class Watched(Arriving):
        def __init__(self, numbers):
            super().__init__(numbers)
            self.step = sum(kind == "asked" for kind, _ in events)
            events.append(("asked", self.step))

        @property
        def numbers(self):
            events.append(("told", self.step))
            return super().numbers

    monkeypatch.setattr(static_module, "Arriving", Watched)
    static, source = StaticEngine(engine.model), sources(1)
    with Waits() as waits:
        [[found]] = static.search(source, [20], EOS, SUPPRESSED, SearchOptions(beam=1))
    needed = len(found.tokens)
    steps = min(needed + 1, 20)
    expected = [("asked", 0), *(each for step in range(1, steps) for each in (("asked", step), ("told", step - 1)))]
    assert events == expected
    assert len(waits.found) == 1  # at the end, for whether all was well


@pytest.mark.parametrize("beam", [1, 3])
def test_what_the_device_cannot_search_is_left_to_search(engine, beam):  # noqa: F811
    """Where nothing may come, `search` asks for all tokens; where the model gives NaN, it refuses."""
    static, way = StaticEngine(engine.model), SearchOptions(beam=beam, min_length=3)
    everything = [token for token in range(engine.model.config.vocab_size) if token != EOS]
    assert static.search(sources(2), [9, 9], EOS, everything, way) is None
    assert static.search(sources(2), [9, 9], EOS, SUPPRESSED, replace(way, no_repeat_ngram=2)) is None
    broken = copy.deepcopy(engine.model)
    broken.decoder[0].feed_forward.outer.weight.data[0, 0] = torch.nan
    assert StaticEngine(broken).search(sources(2), [9, 9], EOS, SUPPRESSED, way) is None
    with pytest.raises(InputError, match="NaN"):
        generate(StaticEngine(broken), sources(2), way)


class Replayed:
    """As a CUDA graph: run, then traced, then only the trace is run, to which no number of the program's can get."""

    replays = 0

    def __init__(self, function, device):
        self.function, self.calls, self.outputs, self.trace = function, 0, None, None

    def run(self):
        self.outputs = self.function()
        return self.outputs

    def __call__(self):
        self.calls += 1
        if self.calls == 1:
            return self.run()
        if self.calls == 2:
            self.trace = make_fx(lambda: self.run())()  # of a method it would trace the object too
            return self.outputs
        Replayed.replays += 1
        return self.trace()


def test_what_a_step_of_the_search_computes_can_be_recorded(engine, monkeypatch):  # noqa: F811
    way = SearchOptions(beam=3, n_best=2, max_length=9)
    wanted = generate(StaticEngine(engine.model), sources(3), way)
    monkeypatch.setattr(decoding, "recorded", Replayed)
    static, before = StaticEngine(engine.model), Replayed.replays
    for _ in range(2):
        assert generate(static, sources(3), way) == wanted
    assert Replayed.replays > before + 5


def test_room_is_used_again(engine):  # noqa: F811
    static = StaticEngine(engine.model)
    first = generate(static, sources(3), SearchOptions(beam=3))
    rooms = {room: len(known) for room, known in static._free.items()}
    assert generate(static, sources(3), SearchOptions(beam=3)) == first
    assert {room: len(known) for room, known in static._free.items()} == rooms
    assert all(count == 1 for count in rooms.values())


def test_two_searches_at_a_time_do_not_share_room(engine):  # noqa: F811
    """Each step of one goes between two of the other."""
    static, given = StaticEngine(engine.model), sources(2, seed=4)
    states = [static.encode([source]) for source in given]
    plain = [engine.encode([source]) for source in given]
    for token in (static.start_id, 5, 6, 7):
        for which in (0, 1):
            tokens_1 = np.array([token + which])
            ours, states[which] = static.step(tokens_1, states[which])
            theirs, plain[which] = engine.step(tokens_1, plain[which])
            np.testing.assert_allclose(ours.log_probs(), theirs.log_probs(), atol=1e-5)
    assert [len(known) for known in static._free.values()] == [2]


def test_rows_that_end_are_computed_on_until_half_of_them_have(engine):  # noqa: F811
    static = StaticEngine(engine.model)
    state = static.encode(sources(8))
    assert state.decoding.room == Room(8, 16, 24)
    fewer = state.select(np.array([7, 0, 1, 2, 4]))
    assert fewer.decoding is state.decoding and fewer.rows_M.tolist() == [7, 0, 1, 2, 4]
    _, half = static.step(np.full(4, static.start_id), fewer.select(np.array([0, 2, 3, 4])))
    assert half.decoding.room.rows == 4 and half.rows_M.tolist() == [0, 1, 2, 3]


def test_rows_of_a_source_take_over_from_each_other_where_they_are(engine):  # noqa: F811
    """A beam's rows, and fewer of them where a sentence has ended: each gets a row that reads its source."""
    static, options = StaticEngine(engine.model), SearchOptions(beam=4)
    rooms = []
    for order in ([0, 0, 1, 1, 2, 2, 3, 3], [1, 0, 3, 3, 4, 5, 7, 7], [3, 3, 2, 4, 7, 7]):
        states = [one.encode(sources(4)) for one in (static, engine)]
        for token, rows in ((static.start_id, [0, 0, 1, 1, 2, 2, 3, 3]), (5, order)):
            tokens = np.full(len(states[0].rows_M), token)
            states = [one.step(tokens, state)[1] for one, state in zip((static, engine), states, strict=True)]
            states = [state.select(np.array(rows)) for state in states]
            tokens = np.arange(len(rows)) + 4
        following = [one.step(tokens, state)[0] for one, state in zip((static, engine), states, strict=True)]
        np.testing.assert_allclose(following[0].log_probs(), following[1].log_probs(), atol=1e-5)
        rooms.append(len(static._free))
    assert rooms == [rooms[0]] * 3  # no other room was taken
    for one, other in zip(*(generate(each, sources(), options) for each in (static, engine)), strict=True):
        assert [hypothesis.tokens for hypothesis in one] == [hypothesis.tokens for hypothesis in other]


def check_that_the_lowest_of_equal_ids_comes_first(dtype, vocabulary, device):
    """As a stable sort has it: infinite ones, both zeros, subnormal ones, and many that bfloat16 makes equal."""
    scores_NV = torch.randn(6, vocabulary, generator=torch.Generator().manual_seed(1)).to(dtype)
    scores_NV[0] = 1.5
    scores_NV[1, ::2], scores_NV[1, 1::2] = 0.0, -0.0
    scores_NV[2, 3:], scores_NV[2, 1] = -torch.inf, torch.inf
    scores_NV[3] *= torch.finfo(dtype).tiny / 4
    wanted_NV = scores_NV.argsort(dim=1, descending=True, stable=True)
    none, before_NV = torch.tensor([], dtype=torch.int64, device=device), scores_NV.clone()
    for count in (1, 2, 8, 9):
        assert torch.equal(best(scores_NV.to(device), count, none)[0].cpu(), wanted_NV[:, :count])
    forbidden = wanted_NV[4, :3]
    ids_NC, found_NC = (found.cpu() for found in best(scores_NV.to(device), 4, forbidden.to(device)))
    assert ids_NC[4].tolist() == wanted_NV[4, 3:7].tolist()
    assert torch.equal(found_NC[4], scores_NV[4, ids_NC[4]].float()) and torch.equal(scores_NV, before_NV)
    scores_NV[4, 5] = torch.nan
    assert best(scores_NV.to(device), 1, none)[0][4].item() == 5


@pytest.mark.parametrize("vocabulary", [9, 40_000, 70_000])
@pytest.mark.parametrize("dtype", [torch.bfloat16, torch.float32], ids=str)
def test_of_equal_scores_the_lowest_id_comes_first(dtype, vocabulary):
    check_that_the_lowest_of_equal_ids_comes_first(dtype, vocabulary, "cpu")


def test_a_step_waits_for_nothing(engine):  # noqa: F811
    static = StaticEngine(engine.model)
    state = static.encode(sources(4))
    _, state = static.step(np.full(4, static.start_id), state)
    with Waits() as waits:
        static.step(np.full(4, 5), state)
    assert waits.found == []


def test_a_target_beyond_the_longest_is_refused(engine):  # noqa: F811
    static = StaticEngine(engine.model)
    state = static.encode(sources(1))
    with pytest.raises(InputError):
        for _ in range(static.max_length + 1):
            _, state = static.step(np.array([5]), state)


def test_bfloat16_is_a_copy_of_the_parameters(engine):  # noqa: F811
    static = StaticEngine(engine.model, bfloat16=True)
    assert static._translating.generator.weight.dtype == torch.bfloat16 != static.model.generator.weight.dtype
    ours, theirs = (
        one.step(np.full(3, one.start_id), one.encode(sources(3)))[0].log_probs()
        for one in (static, EagerEngine(engine.model))
    )
    assert np.abs(np.exp(ours) - np.exp(theirs)).max() < 0.1


def test_a_state_that_was_left_is_refused(engine):  # noqa: F811
    static = StaticEngine(engine.model)
    state = static.encode(sources(4))
    static.step(np.full(4, static.start_id), state)
    for left in (state, state.select(np.array([0, 0, 1, 1]))):
        with pytest.raises(RuntimeError, match="a state that was left is used again"):
            static.step(np.full(4, 5), left)


def test_no_more_room_is_kept_than_there_should_be(engine, monkeypatch):  # noqa: F811
    monkeypatch.setattr(static_module, "MOST_ROOMS", 2)
    static = StaticEngine(engine.model)
    for count in (1, 2, 4, 8):
        static.encode(sources(count))
    assert [room.rows for room in static._free] == [4, 8]
