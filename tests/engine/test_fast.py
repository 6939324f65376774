"""The fast engine held to the eager one, and to itself: instruction sets, threads and batches change nothing.

Without its library, which needs a C++ compiler, all of this is skipped.
"""

import ctypes
import random
import subprocess
import sys

import numpy as np
import pytest
import torch

from glassformer.data.shortlist import NONE, Shortlist
from glassformer.engine import EagerEngine, generate, packing
from glassformer.engine.fast import FastEngine, linear, reason_against
from glassformer.engine.native import library
from glassformer.errors import GlassformerError, InputError, UsageError
from glassformer.model import ModelConfig
from glassformer.model.int8 import Int8Linear, quantized
from glassformer.model.quantization import quantize_rows, quantize_weights
from glassformer.model_directory import parameters_of
from glassformer.search import SearchOptions
from glassformer.special import EOS, PAD
from tests.engine.test_engine import Stepwise, every_search
from tests.model.helpers import VOCABULARY, WORDS, make, named

pytestmark = pytest.mark.skipif(
    not library.instruction_sets(),
    reason="the fast engine's library is not built: python -m glassformer.engine.native.build",
)
SETS = library.instruction_sets()
CONFIGS = [
    {},
    {"norm_position": "pre", "norm": "rmsnorm", "positions": "rotary", "num_kv_heads": 2},
    {"positions": "learned", "activation": "gelu", "bias": False},
    {"activation": "swiglu", "tie_embeddings": False, "output_bias": True},
    {"source_vocab_size": 17, "d_model": 20, "num_heads": 2, "activation": "geglu", "position_layout": "halves"},
    {"position_layout": "halves", "position_exponent": "tensor2tensor", "first_position": 2},
    {"activation": "reglu", "norm": "rmsnorm", "embedding_scale": False, "decoder_start_id": EOS},
    {"d_model": 200, "d_ff": 333, "num_heads": 4, "encoder_layers": 1, "vocab_size": 700, "activation": "silu"},
    {"decoder_layers": 1, "encoder_layers": 3, "num_kv_heads": 1, "final_norm": True, "max_length": 8},
]
every_config = pytest.mark.parametrize("options", CONFIGS, ids=named)
every_set = pytest.mark.parametrize("instructions", SETS)
precisions = pytest.mark.parametrize("int8", [False, True], ids=["float32", "int8"])


def test_an_option_that_it_has_not_is_named():
    assert "embedding_norm" in reason_against(ModelConfig(vocab_size=20, embedding_norm=True))


def weights_of(model, int8):
    weights = {name: weight.numpy() for name, weight in parameters_of(model).items()}
    return quantize_weights(weights.items()) if int8 else weights


def fast(model, int8=False, **more):
    return FastEngine(model.config, weights_of(model, int8), **more)


def sources(lengths, seed=1):
    generator = random.Random(seed)
    return [[*generator.choices(WORDS, k=length - 1), EOS] for length in lengths]


def walk(engine, batch, steps=6, seed=2):
    """log_probs_NV of each of some steps, rows repeated, reordered and dropped in between, as numpy."""
    generator = np.random.default_rng(seed)
    state, last_N, found = engine.encode(batch), np.full(len(batch), engine.start_id), []
    for step in range(steps):
        following, state = engine.step(last_N, state)
        found.append(following.log_probs())
        rows_N = generator.integers(0, len(last_N), len(last_N) + (step < 2) - (step > 3))
        state = state.select(rows_N)
        last_N = generator.integers(WORDS.start, WORDS.stop, len(rows_N))
    return found


# Beside the eager engine


@every_config
@every_set
@precisions
def test_it_gives_the_numbers_of_the_eager_engine(options, instructions, int8):
    """Nothing but the order of float32 sums differs. Where that tips a number that lies between two integers to the
    other side, a whole row is off by what an integer is worth: seldom, and not by much.
    """
    model = make(**options)
    eager = EagerEngine(quantized(model) if int8 else model)
    engine = fast(model, int8, instructions=instructions)
    assert (engine.instructions, engine.int8) == (instructions, int8)
    batch = sources([4, 1, 7, model.config.max_length])
    for found, expected in zip(walk(engine, batch), walk(eager, batch), strict=True):
        errors = np.abs(found - expected)
        assert np.median(errors) < 2e-5
        assert errors.max() < (0.05 if int8 else 2e-5)


@every_set
@pytest.mark.parametrize("shape", [(1, 1, 1), (3, 5, 7), (13, 64, 64), (7, 130, 511), (250, 65, 20), (81, 70, 192)])
def test_a_linear_map_is_int8linear(instructions, shape):
    """Rows, outputs and inputs that fill no tile, no panel and no group of four; and inputs that do."""
    rows, outputs, inputs = shape
    generator = np.random.default_rng(rows)
    x_NI, weight, bias = (
        generator.standard_normal(size).astype(np.float32) for size in ((rows, inputs), (outputs, inputs), outputs)
    )
    x_NI[0] = 0
    exact = quantize_rows(weight)
    expected = Int8Linear(exact, torch.from_numpy(bias))(torch.from_numpy(x_NI)).numpy()
    np.testing.assert_allclose(linear(exact, bias, x_NI, 2, instructions), expected, rtol=3e-7, atol=1e-6)
    np.testing.assert_allclose(
        linear(weight, bias, x_NI, 2, instructions), x_NI @ weight.T + bias, rtol=1e-4, atol=1e-4
    )


@every_set
def test_integers_are_summed_exactly(instructions):
    """The largest sums that there are, of either sign: no instruction may saturate. All scales are 1."""
    signs = np.array([[1.0, -1.0], [1.0, 1.0]]).repeat(512, axis=1).astype(np.float32)
    for pairs in (1, 20):
        found = linear(quantize_rows(127 * signs), None, np.tile(127 * signs, (pairs, 1)), 1, instructions)
        assert found.tolist() == [[127 * 127 * 1024, 0], [0, 127 * 127 * 1024]] * pairs


def test_all_instruction_sets_round_alike():
    generator = np.random.default_rng(5)
    x_NI, weight = (generator.standard_normal(size).astype(np.float32) for size in ((50, 320), (100, 320)))
    found = [linear(quantize_rows(weight), None, x_NI, 1, instructions) for instructions in SETS]
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=3e-7, atol=1e-7)


# The same bits


@every_set
@pytest.mark.parametrize("inputs", [70, 128])
def test_a_row_is_the_same_among_any_number_of_rows(instructions, inputs):
    """However they are cut into tiles."""
    generator = np.random.default_rng(6)
    x_NI, weight = (generator.standard_normal((rows, inputs)).astype(np.float32) for rows in (40, 100))
    for kind in (weight, quantize_rows(weight)):
        whole = linear(kind, None, x_NI, 1, instructions)
        for rows in range(1, 40):
            assert np.array_equal(linear(kind, None, x_NI[:rows], 1, instructions), whole[:rows]), rows


@every_set
@precisions
@pytest.mark.parametrize("options", CONFIGS[1:7:5], ids=named)
def test_threads_change_no_bit(options, instructions, int8):
    """Of a model that is large enough to be shared out."""
    model, batch = make(**options | {"d_ff": 1500, "vocab_size": 2000}), sources([4, 9, 3, 7, 24, 1] * 12)
    one, three = (walk(fast(model, int8, instructions=instructions, threads=threads), batch, 3) for threads in (1, 3))
    assert all(map(np.array_equal, one, three))


@every_set
@precisions
@every_config
def test_a_row_does_not_depend_on_its_batch(options, instructions, int8):
    model = make(**options)
    engine, batch = fast(model, int8, instructions=instructions), sources([4, 1, 7, 6, 5, 3, 8, 2, 8])
    read = [5, 6, 7, 8]

    def forced(some):
        state, found = engine.encode(some), []
        for token in [engine.start_id, *read]:
            following, state = engine.step(np.full(len(some), token), state)
            found.append(following.log_probs())
        return np.stack(found)

    together = forced(batch)
    for row, source in enumerate(batch):
        assert np.array_equal(forced([source])[:, 0], together[:, row])


# Whole translations

WAYS = {
    "greedy": SearchOptions(beam=1),
    "beam": SearchOptions(beam=3, n_best=2),
    "sample": SearchOptions(sample=True, n_best=2, seed=5),
    "top k": SearchOptions(sample=True, top_k=3),
    "rules": SearchOptions(beam=3, repetition_penalty=1.4, no_repeat_ngram=2, min_length=3),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@every_config
def test_it_translates_as_the_eager_engine(options, way):
    """The same search, so the same tokens, and log-probabilities up to rounding."""
    model = make(**options)
    batch = sources([4, 1, 7, 8, 6, 5])
    prefixes = [[], [5, 6], [], [], [7], []]
    expected = generate(EagerEngine(model), batch, way, prefixes=prefixes)
    for found, same in zip(generate(fast(model), batch, way, prefixes=prefixes), expected, strict=True):
        assert [one.tokens for one in found] == [one.tokens for one in same]
        for one, other in zip(found, same, strict=True):
            assert one.token_log_probs == pytest.approx(other.token_log_probs, abs=2e-5)


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
@precisions
@pytest.mark.parametrize("options", CONFIGS[:3], ids=named)
def test_no_translation_depends_on_its_batch(options, int8, way, monkeypatch):
    """Not a bit of it, over batches of many compositions."""
    engine, generator = fast(make(**options), int8), random.Random(3)
    known = sources([4, 1, 7, 6, 5, 3, 8, 2, 8, 12, 24])
    alone = [generate(engine, [source], way)[0] for source in known]
    for _ in range(20):
        rows = generator.choices(range(len(known)), k=generator.randint(2, 30))
        monkeypatch.setattr("glassformer.engine.fast.BATCH_TOKENS", generator.choice([20, 100, 4096]))
        assert generate(engine, [known[row] for row in rows], way) == [alone[row] for row in rows]


@every_config
@every_search
@precisions
def test_the_library_searches_as_search_does(options, way, int8):
    """To the last bit: the same steps, so the same numbers. A bias towards `</s>` makes short translations too."""
    model = make(**options)
    if model.generator.bias is not None:
        model.generator.bias.data[EOS] += 2
    engine, batch = fast(model, int8), sources([4, 1, 7, 8, 6, 5])
    assert generate(engine, batch, way) == generate(Stepwise(engine), batch, way)


@pytest.mark.parametrize("beam", [1, 2])
def test_what_the_library_cannot_search_is_left_to_search(beam):
    """With a shortlist of a suppressed token alone nothing may come: `search` then asks for all tokens."""
    none = Shortlist(np.full((VOCABULARY, 1), NONE, dtype=np.int32), np.array([PAD], dtype=np.int32))
    engine, way = fast(make(), shortlist=none), SearchOptions(beam=beam)
    assert engine.search(sources([3]), [20], EOS, [PAD], way) is None
    assert generate(engine, sources([3]), way) == generate(fast(make()), sources([3]), way)


@every_config
@every_set
@precisions
def test_scores_and_alignments_are_those_of_the_eager_engine(options, instructions, int8, monkeypatch):
    """Of sources and targets of all lengths, in one batch or several."""
    model = make(**options)
    most = model.config.max_length
    batch, targets = sources([4, most, 7, 1, 5, 2]), sources([most, 2, 3, 3, 1, 6], seed=2)
    expected = EagerEngine(quantized(model) if int8 else model).score(batch, targets, align=True)
    engine, close = fast(model, int8, instructions=instructions), {"abs": 0.05 if int8 else 2e-5}
    for budget in (4096, 8):
        monkeypatch.setattr("glassformer.engine.fast.SCORED_TOKENS", budget)
        found, plain = engine.score(batch, targets, align=True), engine.score(batch, targets)
        for one, unaligned, same in zip(found, plain, expected, strict=True):
            assert one.token_log_probs == pytest.approx(same.token_log_probs, **close)
            assert (unaligned.token_log_probs, unaligned.alignment_TS) == (one.token_log_probs, None)
            assert one.alignment_TS.shape == same.alignment_TS.shape
            np.testing.assert_allclose(one.alignment_TS, same.alignment_TS, rtol=0, atol=close["abs"])


def test_scores_of_nothing_and_of_the_impossible():
    engine = fast(make())
    assert engine.score([], []) == []
    with pytest.raises(InputError, match="25 tokens, but the model admits 24"):
        engine.score([[5, EOS]], [[5] * 25])
    with pytest.raises(UsageError, match=f"a target must have tokens, ids from 0 to {VOCABULARY - 1}"):
        engine.score([[5, EOS]], [[VOCABULARY, EOS]])


# Candidates


@every_set
@precisions
@pytest.mark.parametrize("count", [1, 8, 697, 1000])
def test_candidates_are_the_best_of_all_tokens(instructions, int8, count):
    """Equal ones by id; what is suppressed is left out, and counts in log Z all the same."""
    model = make(vocab_size=700)
    with torch.no_grad():
        model.generator.weight[100:400:3] = model.generator.weight[50]  # equal ones
    engine = fast(model, int8, instructions=instructions, threads=2)
    following, _ = engine.step(np.array([2, 2, 2]), engine.encode(sources([3, 5, 2])))
    ids_NM, log_probs_NM = following.best(count, (0, 1, 2))
    log_probs_NV = following.log_probs()
    assert np.exp(log_probs_NV.astype(float)).sum(1) == pytest.approx(1, abs=1e-5)
    allowed_NV = log_probs_NV.copy()
    allowed_NV[:, :3] = -np.inf
    expected = np.argsort(-allowed_NV, axis=1, kind="stable")[:, : min(count, 697)]
    assert ids_NM.tolist() == expected.tolist()
    assert np.array_equal(log_probs_NM, np.take_along_axis(log_probs_NV, expected, 1))


@every_config
@every_set
@precisions
def test_a_shortlist_allows_what_it_allows_in_the_eager_engine(options, instructions, int8):
    """The best of its tokens, with their probabilities among these alone; what else is in the batch changes no bit."""
    model = make(**options)
    likely_SK = np.random.default_rng(6).integers(-1, VOCABULARY, (VOCABULARY, 2), dtype=np.int32)
    shortlist = Shortlist(likely_SK, np.array([EOS, 9], dtype=np.int32))
    engine = fast(model, int8, instructions=instructions, shortlist=shortlist)
    eager = EagerEngine(quantized(model) if int8 else model, shortlist=shortlist)
    batch, rows_N, count = sources([4, 2, 7]), np.array([0, 2, 2, 1, 0]), 5

    def answers(one, some, rows_N):
        _, state = one.step(np.full(len(some), one.start_id), one.encode(some))
        following, _ = one.step(np.full(len(rows_N), 6), state.select(rows_N))
        return following.best(count, (9,))

    found, expected = answers(engine, batch, rows_N), answers(eager, batch, rows_N)
    finite_NM = np.isfinite(expected[1])
    assert np.array_equal(np.isfinite(found[1]), finite_NM)
    if not int8:
        assert np.array_equal(found[0][finite_NM], expected[0][finite_NM])
    np.testing.assert_allclose(found[1][finite_NM], expected[1][finite_NM], rtol=0, atol=0.05 if int8 else 2e-5)
    for row, source in enumerate(rows_N):
        assert set(found[0][row][finite_NM[row]]) <= set(shortlist.of(batch[source]).tolist()) - {9}
        alone = answers(engine, [batch[source]], np.array([0]))
        assert all(np.array_equal(one[0], both[row]) for one, both in zip(alone, found, strict=True))


def test_a_shortlist_of_all_tokens_changes_nothing():
    model = make()
    every = Shortlist(np.full((VOCABULARY, 1), -1, dtype=np.int32), np.arange(VOCABULARY, dtype=np.int32))
    batch, prefixes = sources([4, 1, 7]), [[], [5, 6], [7]]
    for way in WAYS.values():
        plain = generate(fast(model), batch, way, prefixes=prefixes)
        listed = generate(fast(model, shortlist=every), batch, way, prefixes=prefixes)
        for one, other in zip(plain, listed, strict=True):
            assert [each.tokens for each in one] == [each.tokens for each in other]


# What it refuses


@pytest.mark.parametrize(("ids", "message"), [([5, 4], "not sorted"), ([VOCABULARY], "vocabulary"), ([], "length")])
def test_shortlists_are_checked(ids, message, monkeypatch):
    shortlist = Shortlist(np.full((VOCABULARY, 1), -1, dtype=np.int32), np.array([EOS], dtype=np.int32))
    monkeypatch.setattr(Shortlist, "of", lambda *_: np.array(ids, dtype=np.int32))
    with pytest.raises(UsageError, match=message):
        fast(make(), shortlist=shortlist).encode([[5, EOS]])


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [("outputs", 1, "no output"), ("outputs", -1, "range"), ("inputs", 3, "shape"), ("numbers", None, "no numbers")],
)
def test_the_outputs_of_shortlists_are_checked(name, value, message, monkeypatch):
    usual = packing.PackedWeights.generator_of

    def damaged(*given):
        matrix, memory = usual(*given)
        setattr(matrix, name, value)
        return matrix, memory

    monkeypatch.setattr(packing.PackedWeights, "generator_of", damaged)
    shortlist = Shortlist(np.full((VOCABULARY, 1), -1, dtype=np.int32), np.array([EOS, 5], dtype=np.int32))
    with pytest.raises(UsageError, match=message):
        fast(make(), shortlist=shortlist).encode([[5, EOS]])


def test_ids_lengths_and_rows_are_checked(monkeypatch):
    """Before anything is read: the library does so itself, whatever Python has checked."""
    engine = fast(make())
    for wrong in ([[VOCABULARY]], [[-1]], [[5], []], [[2**40]], [[2**63]], []):
        with pytest.raises(UsageError, match=r"a source must have tokens|there are no sources"):
            engine.encode(wrong)
    monkeypatch.setattr("glassformer.engine.fast.refuse_wrong_ids", lambda *_: None)
    with pytest.raises(InputError, match="25 tokens, but the model admits 24"):
        engine.encode([[5] * 25])
    for wrong in ([[VOCABULARY]], [[-1]], [[5], []], [[2**31 - 1]]):
        with pytest.raises(UsageError, match=r"fast engine: a (token|source)"):
            engine.encode(wrong)
    _, state = engine.step(np.array([2, 2]), engine.encode(sources([3, 2])))
    for tokens in ([VOCABULARY, 5], [-5, 5]):
        with pytest.raises(UsageError, match="outside the vocabulary"):
            engine.step(np.array(tokens), state)
    for field, value, message in (
        ("sources_N", 2, "no such source"),
        ("slots_NT", 2, "no such past"),
        ("slots_NT", -1, "no such past"),
    ):
        wrong = state.select(np.array([0, 1]))
        getattr(wrong, field)[...] = value
        with pytest.raises(UsageError, match=message):
            engine.step(np.array([5, 5]), wrong)


@pytest.mark.parametrize(
    ("limits", "end", "message"),
    [
        ([5, 0], EOS, "limit"),
        ([25, 5], EOS, "admits"),
        ([5, 5], VOCABULARY, "vocabulary"),
        ([5, 5], -1, "vocabulary"),
        ([5], EOS, "limits"),
    ],
)
def test_what_is_to_be_searched_is_checked(limits, end, message):
    with pytest.raises((UsageError, InputError), match=message):
        fast(make()).search([[5, EOS], [EOS]], limits, end, [PAD], SearchOptions(beam=2))


def test_no_more_tokens_than_the_model_admits():
    engine = fast(make())
    state, tokens = engine.encode([[5, EOS]]), 0
    with pytest.raises(InputError, match="25 tokens"):
        while True:
            _, state = engine.step(np.array([5]), state)
            tokens += 1
    assert tokens == 24


def test_weights_are_checked():
    model = make()
    weights = weights_of(model, False)
    name = "decoder.1.cross_attention.key.weight"
    for wrong, message in (
        ({key: value for key, value in weights.items() if key != name}, "is missing"),
        (weights | {name: np.zeros((3, 16), np.float32)}, "has another shape"),
        (weights | {name: quantize_rows(weights[name])}, "is of another type"),
        (weights | {"decoder.0.feed_forward.outer.bias": np.zeros(17, np.float32)}, "has another shape"),
    ):
        with pytest.raises(GlassformerError, match=message):
            FastEngine(model.config, wrong)


def _wrong(weights, where, name, value):
    """`weights`, a struct, with a wrong value in one of the structs within it."""
    part = getattr(weights.encoder[1] if where in dict(library.Layer._fields_) else weights, where)
    setattr(part, name, value)


@pytest.mark.parametrize("int8", [False, True])
@pytest.mark.parametrize("where", ["query_key_value", "inner", "outer", "generator", "attention_norm", "target"])
def test_the_library_checks_what_it_is_handed(where, int8, monkeypatch):
    """Sizes that are not the config's, and numbers that are not there, through the C interface."""
    from glassformer.engine import fast as module

    sizes = {"attention_norm": [], "target": ["rows", "columns"]}.get(where, ["outputs", "inputs"])
    numbers = {"attention_norm": ["gain", "bias"], "target": ["integers" if int8 else "floats"]}
    wrong = [(name, value) for name in sizes for value in (-1, 0, 1, 2**31 - 1)]
    wrong += [(name, None) for name in numbers.get(where, ["numbers", "bias", *(["sums", "scales"] if int8 else [])])]
    for name, value in wrong:

        def damaged(*given, name=name, value=value):
            packed = packing.PackedWeights(*given)
            _wrong(packed.struct, where, name, value)
            return packed

        monkeypatch.setattr(module, "PackedWeights", damaged)
        with pytest.raises(UsageError, match=r"has another shape|has no numbers"):
            fast(make(), int8)


def test_nan_is_an_error():
    model = make()
    with torch.no_grad():
        model.decoder[0].feed_forward.outer.bias[0] = float("nan")
    engine = fast(model)
    following, _ = engine.step(np.array([2]), engine.encode([[5, EOS]]))
    with pytest.raises(InputError, match="NaN"):
        following.best(2, ())


def test_an_instruction_set_that_is_not_there_is_refused(monkeypatch):
    with pytest.raises(GlassformerError, match=r"cannot run 'avx1024', but .*portable"):
        fast(make(), instructions="avx1024")
    monkeypatch.setenv("GLASSFORMER_INSTRUCTIONS", "portable")
    assert fast(make()).instructions == "portable"


REFUSING_TILES = """
import ctypes, errno, struct
class Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]
load, equal, answer, arch_prctl, allow, refuse = 0x20, 0x15, 0x06, 158, 0x7FFF0000, 0x50000
steps = [(load, 0, 0, 0), (equal, 0, 1, arch_prctl), (answer, 0, 0, refuse | errno.EPERM), (answer, 0, 0, allow)]
program = Program(len(steps), b"".join(struct.pack("HBBI", *step) for step in steps))
prctl = ctypes.CDLL(None, use_errno=True).prctl
assert prctl(38, 1, 0, 0, 0) == 0 and prctl(22, 2, ctypes.byref(program)) == 0, "no filter of system calls"
from glassformer.engine.native import library
print(*library.instruction_sets())
"""


@pytest.mark.skipif("amx" not in SETS, reason="this processor has no AMX, or Linux does not lend its registers")
def test_without_the_registers_of_tiles_there_are_no_tiles():
    """A filter refuses arch_prctl, by which a process asks Linux for them: the next best instruction set is taken."""
    found = subprocess.run([sys.executable, "-c", REFUSING_TILES], capture_output=True, text=True, check=True)
    assert found.stdout.split() == [name for name in SETS if name != "amx"]


def test_anything_that_python_may_hand_over(engine_of_eight=8):
    """Random lengths, ids and rows, many of them wrong: an error or an answer, and the engine goes on."""
    engine, generator = fast(make(max_length=engine_of_eight)), random.Random(4)
    answers = 0
    for _ in range(300):
        batch = [
            generator.choices(range(-1, VOCABULARY + 1), weights=[1, *[20] * VOCABULARY, 1], k=generator.randint(0, 9))
            for _ in range(3)
        ]
        try:
            state = engine.encode(batch)
            for _ in range(generator.randint(1, 10)):
                rows = generator.choices(range(len(state.sources_N)), k=generator.randint(1, 5))
                state = state.select(np.array(rows))
                following, state = engine.step(np.array(generator.choices(range(VOCABULARY), k=len(rows))), state)
                assert following.best(3, ())[0].shape == (len(rows), 3)
                answers += 1
        except GlassformerError:
            continue
    assert answers > 100


def test_threads_that_the_system_does_not_give():
    """A thousand threads have more stacks than this process may have memory; those that there are do."""
    code = (
        "import resource, sys; sys.path.insert(0, '.')\n"
        "from tests.engine.test_fast import fast, make, walk, sources\n"
        "import numpy as np\n"
        "few = walk(fast(make(), threads=1), sources([4, 6]))\n"
        "used = int(open('/proc/self/statm').read().split()[0]) * resource.getpagesize()\n"
        "resource.setrlimit(resource.RLIMIT_AS, (used + (1 << 30), -1))\n"
        "engine = fast(make(), threads=1000)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (-1, -1))\n"
        "many = walk(engine, sources([4, 6]))\n"
        "assert all(np.array_equal(a, b) for a, b in zip(few, many))\n"
    )
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert outcome.returncode == 0, outcome.stderr[-500:]


def test_a_process_may_end_while_its_threads_translate():
    code = (
        "import sys, threading; sys.path.insert(0, '.')\n"
        "from glassformer.engine import generate\n"
        "from glassformer.search import SearchOptions\n"
        "from tests.engine.test_fast import fast, make, sources\n"
        "engine, begun, long = fast(make()), threading.Barrier(3), SearchOptions(beam=4, min_length=20)\n"
        "def translate():\n"
        "    generate(engine, sources([4, 6] * 8), long)\n"
        "    begun.wait(50)\n"
        "    while True: generate(engine, sources([4, 6] * 8), long)\n"
        "for _ in range(2): threading.Thread(target=translate, daemon=True).start()\n"
        "begun.wait(50)\n"
    )
    outcome = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert outcome.returncode == 0, outcome.stderr[-500:]


@pytest.mark.parametrize("value", [-(2**31), -1, 0, 2, 3, 2**16, 2**30 - 1, 2**30, 2**31 - 1])
def test_sizes_that_the_library_is_given(value, monkeypatch):
    """Whatever they are: a message, or a model that works. (Of max_length the memory is asked for: no large ones.)"""
    from glassformer.engine import fast as module

    model, usual = make(), module._native_config
    for name, kind in library.Config._fields_:
        if kind is not ctypes.c_int32:
            continue
        if name == "max_length" and value > 2**20:
            continue

        def hostile(config, name=name):
            made = usual(config)
            setattr(made, name, value)
            return made

        with monkeypatch.context() as patch:
            patch.setattr(module, "_native_config", hostile)
            patch.setattr(packing, "_positions", lambda *_: None)
            try:
                engine = FastEngine(model.config, weights_of(model, False))
            except UsageError as error:
                assert str(error).startswith("fast engine: ")
                continue
        if name != "max_length":
            engine.step(np.array([2]), engine.encode([[5, EOS]]))
