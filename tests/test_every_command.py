"""Every command, disturbed in every way: one clear line, the right status, nothing half written, a repeat that works.

ATTACKS_EVERY=1 tries all attacks on all commands, which takes long; by default every thirtieth, other ones for each.
"""

import argparse
import errno
import os
import shutil
import signal

import pytest

from glassformer.cli.parser import make_parser
from glassformer.files import integrity_problem
from tests.commands import write
from tests.every_command import LEFT, READ, WORKS, Disturbance, Processes, prepare

EVERY = int(os.environ.get("ATTACKS_EVERY", "30"))
OLD = b"what stood here before"
SIGNALS = [signal.SIGHUP, signal.SIGTERM, signal.SIGINT, signal.SIGXCPU]
STREAMS = {
    "full": Disturbance(out="/dev/full"),
    "left": Disturbance(out=LEFT),
    "no stdin": Disturbance(closed=(0,)),
    "no stdout": Disturbance(closed=(1,)),
    "no stderr": Disturbance(closed=(2,)),
    "no stream": Disturbance(closed=(0, 1, 2)),
}
NAMES = {  # what stands under the name of an output, or what name it has
    "a folder": lambda path: path.mkdir(),
    "a file": lambda path: path.write_bytes(OLD),
    "a folder with files": lambda path: write(path / "mine", OLD),
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a link to itself": lambda path: path.symlink_to(path.name),
    "a folder that is none": "pairs.tsv/x/y",
    "a folder that is not there": "none/x",
    "a long name": "x" * 300,
    "a full device": "/dev/full",
    "no name": "",
    "above the top": "../" * 80 + "x\0y".replace("\0", "\udcff"),
}
FAULTS = [(part, fault) for part in (0, 0.5, 1) for fault in (errno.ENOSPC, errno.EACCES, *SIGNALS)]
ATTACKS = [
    *(("stream", name) for name in STREAMS),
    *(("name", name) for name in NAMES),
    *(("fault", fault) for fault in FAULTS),
    *(("limit", part) for part in (0, 0.5)),
    ("read-only", ""),
]


@pytest.fixture(scope="module")
def processes():
    return Processes()


@pytest.fixture(scope="module")
def template(copying, tmp_path_factory):
    """The folder of `prepare`."""
    folder = tmp_path_factory.mktemp("commands").resolve() / "template"
    prepare(folder, copying.path / "best")
    return folder


@pytest.fixture(scope="module")
def undisturbed(template, processes):
    """By the number of a work, how it ends and what it wrote."""
    found = {}

    def of(number):
        if number not in found:
            folder = shutil.copytree(template, template.with_name(f"undisturbed-{number}"))
            ended = processes.run(WORKS[number].words, folder)
            assert ended.status == 0, ended.err
            found[number] = ended, written(WORKS[number], folder)
            assert bool(ended.out) == WORKS[number].prints
        return found[number]

    return of


def written(work, folder):
    """The files of a work's outputs, by name."""
    files = {}
    for output in map(folder.joinpath, work.outputs):
        for path in [output, *output.rglob("*")] if output.is_dir() else [output]:
            if path.is_file():
                files[str(path.relative_to(folder))] = path.read_bytes()
    return files


def other_files(work, folder):
    """All files of a folder but the outputs and what is hidden beside them, a cache and a store."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and path.relative_to(folder).parts[0] not in (*work.outputs, "cache", "store", "nowhere")
        and not path.relative_to(folder).parts[0].startswith(".")
    }  # fmt: skip


def whole(work, folder, before, expected, done):
    """What is wrong with the outputs: each is the old one or the new one, and all are new where it is done."""
    found = written(work, folder)
    if work.resumes:
        models = [path.parent for path in (folder / work.outputs[0]).rglob("checksums.json")]
        return [f"{one}: {problem}" for one in models if (problem := integrity_problem(one))]
    if done:
        return [] if same(work, found, expected) else [f"done, with {sizes(found)} and not {sizes(expected)}"]
    parts = [(found, before, expected)]
    if work.each or not work.made:
        parts = [tuple({name: one[name]} if name in one else {} for one in parts[0]) for name in found | before]
    return [f"half: {sizes(one)}" for one, old, new in parts if one != old and not same(work, one, new)]


def same(work, found, expected):
    """Whether the files are those; what adds has others of their size."""
    return sizes(found) == sizes(expected) if work.adds else found == expected


def sizes(files):
    return {name: len(content) for name, content in files.items()}


def problems_of(ended, statuses, heard=True):
    """What is wrong with how a command ended."""
    lines = [line for line in ended.err.splitlines() if line.startswith("glassformer: ") and "warning: " not in line]
    if "Traceback" in ended.err:
        yield ended.err[-500:]
    if ended.status not in statuses:
        yield f"status {ended.status}, not of {statuses}: {ended.err[-300:]}"
    if ended.status in (1, 2) and heard and not lines:
        yield f"status {ended.status} without a word"


def replaced(words, output, name):
    return [name if word == output else word for word in words]


def test_every_command_is_here_with_every_file_that_it_writes():
    (commands,) = (one for one in make_parser()._actions if isinstance(one, argparse._SubParsersAction))
    assert commands.choices.keys() == {work.words[0] for work in WORKS}
    for name, parser in commands.choices.items():
        parser.add_options(parser)
        words = {word for work in WORKS if work.words[0] == name for word in work.words}
        for action in parser._actions:
            options = set(action.option_strings)
            if options and str(action.metavar).partition(".")[0] in ("F", "DIR", "RUN", "NODE_MODULES"):
                assert options & (words | READ), f"{name} {options}: is it read, or written?"


@pytest.mark.parametrize("attack", ATTACKS, ids=lambda attack: " ".join(map(str, attack)))
def test_a_command_that_is_disturbed(attack, template, processes, undisturbed):
    wrong = []
    for number, work in enumerate(WORKS):
        if (number + ATTACKS.index(attack)) % EVERY == 0 and (EVERY == 1 or not work.slow):
            print(" ".join(work.words), flush=True)
            folder = shutil.copytree(template, template.with_name("attacked"))
            try:
                found = attacked(work, folder, attack, processes, *undisturbed(number))
                wrong += [f"{' '.join(work.words)}: {one}" for one in found]
            finally:
                folder.chmod(0o755)
                shutil.rmtree(folder)
    assert not wrong, "\n".join(wrong)


def attacked(work, folder, attack, processes, usual, expected):
    """What is wrong after the attack, and after the command is repeated without one."""
    kind, how = attack
    if kind == "name":
        yield from misnamed(work, folder, how, processes)
        return
    if not work.made:
        for output in work.outputs:
            if not (folder / output).exists():
                (folder / output).write_bytes(OLD)
    before, others = written(work, folder), other_files(work, folder)
    statuses, disturbance = [usual.status], Disturbance()
    if kind == "stream":
        disturbance = STREAMS[how]
        if usual.out and disturbance.out:
            statuses = [1] if how == "full" else [141]
        elif work.adds and 1 in disturbance.closed:
            statuses = [2]  # what it adds is printed, and nowhere else
    elif kind == "fault" and usual.operations:
        at, fault = int(how[0] * (usual.operations - 1)), how[1]
        if fault in SIGNALS:
            disturbance, statuses = Disturbance(at=at, signal=fault), [-fault, 128 + fault, 0]
        else:
            disturbance, statuses = Disturbance(at=at, error=fault), [0, 1]
    elif kind == "limit" and expected:
        disturbance = Disturbance(limit=int(how * max(map(len, expected.values()))), out=os.devnull)
        statuses = [1]
    elif kind == "read-only":
        disturbance, statuses = Disturbance(powerless=True), [1] if work.outputs and not work.adds else [usual.status]
        folder.chmod(0o555)
    ended = processes.run(work.words, folder, disturbance)
    folder.chmod(0o755)
    yield from problems_of(ended, statuses, heard=2 not in disturbance.closed)
    yield from whole(work, folder, before, expected, ended.status == 0)
    if other_files(work, folder) != others:
        yield "another file changed"
    if ended.status != 0:
        is_there = work.outputs and (folder / work.outputs[0]).exists()
        again = work.words + work.again if is_there else work.words
        repeated = processes.run(again, folder)
        yield from (f"repeated: {one}" for one in problems_of(repeated, [0]))
        yield from (f"repeated: {one}" for one in whole(work, folder, before, expected, True))


def misnamed(work, folder, how, processes):
    """What is wrong where an output has another name, or where something else stands there."""
    name = NAMES[how]
    for output in work.outputs:
        place = folder / output
        if callable(name):
            place.unlink(missing_ok=True)
            name(place)
            stood = place.lstat().st_ino, place.lstat().st_mode
        others = other_files(work, folder)
        words = work.words if callable(name) else replaced(work.words, output, name)
        ended = processes.run(words, folder)
        yield from problems_of(ended, [0, 1, 2])
        if how == "a folder with files" and (place / "mine").read_bytes() != OLD:
            yield f"a file in {output} is lost"
        if ended.status and callable(name) and (place.lstat().st_ino, place.lstat().st_mode) != stood:
            yield f"{output} is another, status {ended.status}"
        now = other_files(work, folder)
        if any(now.get(one) != content for one, content in others.items()):
            yield f"another file changed: {output} as {name}"
        if ended.status and now.keys() - others.keys():
            yield f"left {now.keys() - others.keys()}"
