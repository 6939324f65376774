"""What a caller from Python may hand over by mistake: an error of ours that says what was meant, never another one."""

import json
import os
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import glassformer
from glassformer import (
    EagerEngine,
    Glossary,
    InputError,
    ModelConfig,
    SearchOptions,
    Trace,
    Translator,
    UsageError,
    cause,
    generate,
    trace,
    translate_markup,
    translate_texts,
)
from glassformer.errors import is_out_of_memory
from glassformer.glass.causes.interventions import cut, force, hide, replace, scale


def nested(depth, width=1):
    """A list of `width` times the same list, which is one of the same kind, and so on."""
    value = ["a"]
    for _ in range(depth):
        value = [value] * width
    return value


class Mute:
    """What cannot be shown."""

    def __repr__(self):
        raise RuntimeError("no words")


class PathOfBytes:
    def __fspath__(self):
        return b"/"


MISTAKES = {
    "one text": (lambda t: t.translate("a b"), "sentences is 'a b': it must be a list of texts"),
    "bytes": (lambda t: t.translate([b"a"]), r"sentences\[0\] is b'a': it must be a text"),
    "no text": (lambda t: t.translate(["a", None]), r"sentences\[1\] is None"),
    "nothing": (lambda t: t.translate(None), "sentences is None"),
    "one source": (lambda t: t.score("a", ["a"]), "sources is 'a'"),
    "one target": (lambda t: t.score(["a"], "a"), "targets is 'a'"),
    "a target short": (lambda t: t.score(["a", "b"], ["a"]), "targets has 1, but there are 2 sources"),
    "a prefix more": (lambda t: t.translate(["a"], prefixes=["a", "b"]), "prefixes has 2, but there are 1 sentences"),
    "one prefix": (lambda t: t.translate(["a"], prefixes="b"), "prefixes is 'b'"),
    "a place short": (lambda t: t.translate(["a", "b"], places=["x"]), "places has 1, but there are 2"),
    "a number to translate to": (lambda t: t.translate(["a"], to=5), "to is 5"),
    "an unknown option": (lambda t: t.translate(["a"], beem=4), "did you mean 'beam'"),
    "options in a dict": (lambda t: t.translate(["a"], {"beam": 4}), "give single ones by name"),
    "beam of text": (lambda t: t.translate(["a"], beam="4"), "beam is '4': it must be a whole number"),
    "half a beam": (lambda t: t.translate(["a"], beam=2.5), "beam is 2.5"),
    "true as a beam": (lambda t: SearchOptions(beam=True), "beam is True"),
    "too wide a beam": (lambda t: SearchOptions(beam=10**12), "beam is 1000000000000: its size must be at most 10000"),
    "one text in texts": (lambda t: translate_texts(t, "a b"), "texts is 'a b'"),
    "no text in texts": (lambda t: translate_texts(t, [None]), r"texts\[0\] is None"),
    "prefixes of texts": (lambda t: translate_texts(t, ["a", "b"], prefixes=["x"]), "prefixes has 1"),
    "a language": (lambda t: translate_texts(t, ["a"], language=5), "language is 5"),
    "copying": (lambda t: translate_texts(t, ["a"], copying="x"), "must be a Copying"),
    "long": (lambda t: translate_texts(t, ["a"], long="cut"), "set it to split, skip, fail"),
    "a list of targets": (lambda t: translate_texts(t, ["a"], to=["x"]), "to is"),
    "one markup": (lambda t: translate_markup(t, "<b>a</b>"), "texts is '<b>a</b>'"),
    "a list to trace": (lambda t: trace(t, ["a"]), "source is"),
    "a number as target": (lambda t: trace(t, "a", target=5), "target is 5"),
    "an engine": (lambda t: Translator.load("x", engine="quick"), "engine is 'quick'; set it to auto"),
    "a precision": (lambda t: Translator.load("x", precision="half"), "precision is 'half'"),
    "no path": (lambda t: Translator.load(None), "path is None: it must be a path"),
    "bytes for a path": (lambda t: Translator.load(PathOfBytes()), "path is .*: it must be a path"),
    "half a character as a language": (lambda t: translate_texts(t, ["a"], language="\ud800"), r"language is '.ud800'"),
    "a penalty that overflows": (lambda t: t.translate(["a"], repetition_penalty=1e-300), "must be at least 1e-06"),
    "no place to save": (lambda t: t.save(None), "directory is None"),
    "no place to train": (lambda t: glassformer.train(None, pairs=["x.tsv"]), "out is None"),
    "no trace": (lambda t: Trace.load(None), "path is None"),
    "no glossary": (lambda t: Glossary.read(None), "path is None"),
    "a size of text": (lambda t: ModelConfig(vocab_size="x"), "vocab_size is 'x': it must be a whole number"),
    "no size": (lambda t: ModelConfig(vocab_size=9, d_model=None), "d_model is None"),
    "a long mistake": (lambda t: t.translate(["a"], beam="x" * 10**6), r"beam is 'x{39}\.\.\.: it must"),
    "ids of no token": (lambda t: generate(EagerEngine(t.model), [[10**6, 3]]), "ids from 0 to"),
    "no ids": (lambda t: generate(EagerEngine(t.model), [[]]), "a source must have tokens"),
    "no number as an id": (lambda t: generate(EagerEngine(t.model), [["x"]]), r"sources\[0\]\[0\] is 'x'"),
    "no number in a prefix": (lambda t: generate(EagerEngine(t.model), [[5]], prefixes=[[1.5]]), r"\[0\]\[0\] is 1.5"),
    "a prefix of no token": (lambda t: generate(EagerEngine(t.model), [[5]], prefixes=[[10**6]]), "id 1000000, but"),
    "no engine": (lambda t: generate(t, [[5]]), "it must be an Engine"),
    "no translator": (lambda t: translate_texts("runs/x", ["a"]), "translator is 'runs/x': it must be a Translator"),
    "a number to compare with": (lambda t: cause(t, "a b", versus=5), "versus is 5: it must be a text or None"),
    "a place of text": (lambda t: cause(t, "a b", step="2"), "step is '2': it must be a whole number or None"),
    "a measure": (lambda t: cause(t, "a b", measure="loss"), "measure"),
    "one intervention": (lambda t: trace(t, "a", interventions=5), "interventions is 5: it must be a list of"),
    "a name as one": (lambda t: trace(t, "a", interventions=["x"]), r"interventions\[0\] is 'x'"),
    "a factor": (lambda t: scale("logits", "2"), "factor is '2': it must be a number"),
    "no numbers": (lambda t: replace("logits", "x"), "value is 'x': it must be a number or an array"),
    "no such place": (lambda t: trace(t, "a b", interventions=[hide(99)]), "place 99 of the source: its places are 0"),
    "no such head": (lambda t: trace(t, "a", interventions=[cut("encoder.0.self_attention", heads=9)]), "heads 0 to"),
    "a half step": (lambda t: force(0.5, "a"), "step is 0.5"),
    "a number as a cell": (lambda t: trace(t, "a").cell(5), "name is 5: it must be a text"),
    "no file's name": (lambda t: trace(t, "a").save(""), "is no name of a file"),
    "no number as a file": (lambda t: trace(t, "a").save(5), "path is 5: it must be a text or a path"),
    "a number without end": (lambda t: t.translate(["a"], beam=10**5000), r"a number of 16,610 bits: .* below 2\*\*63"),
    "its negative": (lambda t: t.score(["a"], ["a"], -(10**5000)), "a negative number of 16,610 bits"),
    "no list but one number": (lambda t: t.translate(np.array(3)), "it must be a list of texts"),
    "lists within lists": (lambda t: translate_texts(t, nested(10**5)), r"is \[{40}\.\.\.: it must be a text"),
    "a list of itself": (lambda t: t.translate(nested(60, 2)), r"sentences\[0\] is \[{40}\.\.\.: it must be a text"),
    "lists as ids": (lambda t: generate(EagerEngine(t.model), [nested(60, 2)]), r"sources\[0\]\[0\] is \[{40}"),
    "half a character": (lambda t: translate_texts(t, ["\ud800"]), "is half of a surrogate pair"),
    "half a character in markup": (lambda t: translate_markup(t, ["<b>\ud800"]), "is half of a surrogate pair"),
    "half a character in a path": (lambda t: t.save("\ud800"), "no file has such a name"),
    "NUL in a path": (lambda t: Glossary.read("a\0b"), "no file has such a name"),
    "a name without end": (
        lambda t: trace(t, "a").save("x" * 256),
        r"is 'x{39}.*such a name; .* at most 255 bytes",
    ),
    "several choices": (lambda t: Translator.load("x", engine=np.array(["a", "b"], dtype=object)), "set it to auto"),
    "a tensor to align": (lambda t: t.translate(["a"], align=np.ones(2)), "align is array.*it must be true or false"),
    "a tensor as a place": (lambda t: trace(t, "a").cell("logits", row=np.ones(2), column=0), "row is array"),
    "no text of its own": (lambda t: t.translate(["a"], beam=Mute()), "beam is a Mute: it must be"),
    "a device": (lambda t: glassformer.train("runs/x", device=5), "device is 5"),
    "no embeddings": (lambda t: glassformer.embedding_map(t, side="both"), "set it to source, target"),
    "prefixes of ids": (lambda t: generate(EagerEngine(t.model), [[5, 3]], prefixes=[[4], [4]]), "prefixes has 2"),
}


@pytest.fixture(scope="module")
def translator(copying):
    return Translator.load(copying.path)


@pytest.mark.parametrize(("mistake", "message"), MISTAKES.values(), ids=MISTAKES.keys())
def test_a_mistake_is_named(translator, mistake, message):
    with pytest.raises(UsageError, match=message):
        mistake(translator)


def test_what_is_as_good_as_a_list_is_taken(translator):
    (expected,) = translator.translate(["a b"])
    for one in (("a b",), iter(["a b"]), {"a b": 1}, np.array(["a b"])):
        assert translator.translate(one) == [expected]
    assert translator.translate(["a b"], beam=np.int64(4), length_penalty=np.float32(0.6))[0].text == expected.text
    assert translator.translate([]) == translate_texts(translator, []) == translator.score([], []) == []


# What `save` must never replace


def test_a_pipe_is_written_to_and_not_replaced_by_a_trace(translator, tmp_path):
    record = trace(translator, "a")
    os.mkfifo(tmp_path / "pipe")
    with ThreadPoolExecutor(1) as reader:
        read = reader.submit((tmp_path / "pipe").read_text)
        record.save(tmp_path / "pipe")
        assert json.loads(read.result(timeout=120)) == json.loads(record.to_json())
    assert (tmp_path / "pipe").is_fifo()


def test_a_file_is_not_replaced_by_a_model(translator, tmp_path):
    (tmp_path / "thesis.txt").write_text("years")
    (tmp_path / "link").symlink_to(tmp_path)
    for name in ("thesis.txt", "link"):
        with pytest.raises(InputError, match=r"is no folder, and would be lost|holds other files"):
            translator.save(tmp_path / name)
    assert (tmp_path / "thesis.txt").read_text() == "years"


def test_a_folder_of_other_things_is_not_replaced_by_a_model(translator, tmp_path):
    (tmp_path / "home").mkdir()
    translator.save(tmp_path / "home")  # empty as it was
    translator.save(tmp_path / "home")  # its own
    (tmp_path / "home" / "thesis.txt").write_text("years")
    with pytest.raises(InputError, match=r"holds other files \('thesis.txt'\)"):
        translator.save(tmp_path / "home")
    assert (tmp_path / "home" / "thesis.txt").read_text() == "years"


def test_a_run_is_not_replaced_by_a_model(translator, copying):
    with pytest.raises(InputError, match="holds other files"):
        translator.save(copying.path)
    assert (copying.path / "checkpoints").is_dir()


@pytest.mark.parametrize(
    "error",
    [MemoryError(), RuntimeError("std::bad_alloc"), OSError(12, "Cannot allocate memory"),
     ImportError("libtorch_cpu.so: failed to map segment from shared object"),
     RuntimeError("[enforce fail at alloc_cpu.cpp:118] . DefaultCPUAllocator: can't allocate memory")],
    ids=str,
)  # fmt: skip
def test_too_little_memory_is_told_whoever_notices(error):
    assert is_out_of_memory(error)
    assert not is_out_of_memory(RuntimeError("shapes do not fit"))


def test_a_message_is_one_line_whatever_a_name_holds(translator):
    with pytest.raises(UsageError) as told:
        translator.translate(["a"], to="x\ny\u2028z" * 10_000)
    assert len(str(told.value).splitlines()) == 1 and len(str(told.value)) < 6000
