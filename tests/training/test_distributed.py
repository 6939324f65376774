"""Two processes, really started by torchrun: what one computes, together; killed, halted, and failing."""

import os
import shutil
import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import torch
import torch.distributed as dist
from safetensors.torch import load_file

from glassformer.errors import UsageError
from glassformer.special import PAD
from glassformer.training.config import RunConfig
from glassformer.training.distributed import Group, _fresh, _own_device
from glassformer.training.run.building import prepare_data
from glassformer.training.update.precision import agreed_precision
from tests.commands import options, run
from tests.letters import letters, write_tsv
from tests.training import together
from tests.training.runs import parameters_of, records_of, state_of

ALONE = Group(torch.device("cpu"))
ROOT = Path(__file__).parents[2]


def torchrun(*arguments):
    """Two processes of the command; `arguments` are torchrun's own and the program's."""
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen([*command, *map(str, arguments)], env=environment, stderr=subprocess.PIPE)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The corpus, the runs that two processes made of it (see together.py), and what they said, in said.txt."""
    folder = tmp_path_factory.mktemp("together")
    # The long pair comes alone: one of two processes has nothing to do in that batch.
    pairs = [*letters(68), ("a b c d e f " * 2, "f e d c b a " * 2)]
    write_tsv(folder / "train.tsv", pairs[8:])
    write_tsv(folder / "valid.tsv", pairs[:8])
    process = torchrun(Path(__file__).with_name("together.py"), folder)
    (folder / "said.txt").write_bytes(process.communicate(timeout=900)[1])
    assert (folder / "failing").exists(), (folder / "said.txt").read_text()
    return folder


@pytest.fixture(scope="module")
def alone(folder):
    """The run that one process makes of the same."""
    together.train(folder, "alone", together.UNEVEN)
    return folder / "alone"


def losses(path):
    return [(record["step"], record["loss"], record["grad_norm"]) for record in records_of(path, "train")]


# Two processes compute what one does


def test_the_updates_are_uneven(folder, alone):
    """What makes the comparison sharp: batches of one pair, odd ones, and unequal ones in one update."""
    pairs = prepare_data(RunConfig.from_flat(together.UNEVEN | together.data(folder)), ALONE).train
    batches = list(pairs.batches(40, seed=1, epoch=0))
    rows = [len(batch.rows) for batch in batches]
    assert 1 in rows
    assert any(count > 1 and count % 2 for count in rows)
    assert len({int((batch.target_BT != PAD).sum()) for batch in batches[:3]}) > 1


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_two_processes_give_the_losses_of_one(parallel, folder, alone):
    """Losses and norms are logged with four digits; float32 sums in another order, then six steps of Adam."""
    assert len(losses(alone)) == 6
    for one, two in zip(losses(alone), losses(folder / parallel), strict=True):
        assert two == pytest.approx(one, abs=5e-4)


@pytest.mark.parametrize("parallel", ["ddp", "fsdp"])
def test_two_processes_give_the_gradients_of_one(parallel, folder, alone):
    """Adam's mean of the gradient after one step is a tenth of the gradient."""
    one, two = state_of(alone, 1), state_of(folder / parallel, 1)
    means = [name for name in one if name.endswith("/exp_avg")]
    assert len(means) > 20
    for name in means:
        torch.testing.assert_close(two[name], one[name], rtol=1e-4, atol=1e-7)


# What is saved


def test_a_checkpoint_is_the_same_whoever_wrote_it(folder, alone):
    for parallel in ("ddp", "fsdp"):
        one, two = state_of(alone, 6), state_of(folder / parallel, 6)
        assert two.keys() - one.keys() == {"random.cpu.1"}
        assert {name: two[name].shape for name in one} == {name: one[name].shape for name in one}
        weights = load_file(folder / parallel / "checkpoints/step-000006/model.safetensors")
        assert weights.keys() == load_file(alone / "last/model.safetensors").keys()
    assert not torch.equal(state_of(folder / "ddp", 6)["random.cpu.0"], state_of(folder / "ddp", 6)["random.cpu.1"])


def test_only_the_first_process_speaks(folder):
    said = (folder / "said.txt").read_text()
    assert said.count("ended at step 80") == 1
    assert "float32 on 2 x cpu (ddp)" in said
    assert "float32 on 2 x cpu (fsdp)" in said


# Going on


def test_sharded_training_goes_on_bit_for_bit(folder):
    """With dropout: each process has its random state back, and its part of Adam's."""
    for name, value in state_of(folder / "straight", 7).items():
        assert torch.equal(state_of(folder / "halted", 7)[name], value), name
    assert parameters_of(folder / "halted" / "last") == parameters_of(folder / "straight" / "last")


def test_another_number_of_processes_goes_on(folder, tmp_path):
    shutil.copytree(folder / "fsdp", tmp_path / "run")
    outcome = run("train", "--out", tmp_path / "run", "--resume", "--max-steps", 8, "--device", "cpu")
    assert outcome.status == 0, outcome.err
    assert "changed: processes: 2 -> 1" in outcome.err
    assert [step for step, *_ in losses(tmp_path / "run")] == list(range(1, 9))


def test_a_killed_process_costs_nothing(folder, tmp_path):
    """torchrun --max-restarts starts all again, they go on from the last checkpoint, and end where they would have."""
    out = tmp_path / "run"
    settings = options(together.LONG)
    process = torchrun(
        "--max-restarts", 3, "-m", "glassformer", "train", "--pairs", folder / "train.tsv", "--valid-pairs",
        folder / "valid.tsv", "--out", out, "--resume", "--device", "cpu", *settings,
    )  # fmt: skip
    while not (out / "checkpoints/step-000020/training_state.json").exists():
        assert process.poll() is None, process.communicate()[1].decode()
        time.sleep(0.02)
    [victim] = [pid for pid in children(process.pid) if environment(pid)["RANK"] == "1"]
    os.kill(victim, signal.SIGKILL)
    err = process.communicate(timeout=900)[1].decode()
    assert process.returncode == 0, err
    assert "going on from" in err
    assert parameters_of(out / "last") == parameters_of(folder / "long" / "last")
    assert losses(out) == losses(folder / "long")


def children(pid):
    return map(int, Path(f"/proc/{pid}/task/{pid}/children").read_text().split())


def environment(pid):
    return dict(pair.split("=", 1) for pair in Path(f"/proc/{pid}/environ").read_text().split("\0") if pair)


def test_a_group_starts_afresh_where_dead_processes_left_their_names():
    """As in the store that torchrun keeps while it restarts them: the old group's name, and a welcome to each."""
    store = dist.HashStore()
    for key, value in {"group": "old", "old/here/1": "x", "old/welcome/1": "x", "old/here/2": "y"}.items():
        store.set(key, value)
    with ThreadPoolExecutor(3) as threads:
        found = list(threads.map(lambda rank: _fresh(store, rank, 3), (1, 2, 0)))
    found[0].set("failed", "1")
    assert [part.get("failed") for part in found] == [b"1"] * 3
    assert store.get(f"{store.get('group').decode()}/failed") == b"1"
    assert store.get("group") != b"old"


@pytest.mark.parametrize("name", ["mps", "cuda:1"])
def test_a_process_takes_no_device_that_is_everyones(name):
    with pytest.raises(UsageError, match=f"--device {name}: several processes each take a device of their own"):
        _own_device(name)
    assert _own_device("cpu") == torch.device("cpu")


def test_a_model_in_parts_is_not_measured():
    """No process may have room for it whole: the number format is known without any of them, or any data."""
    config = RunConfig.from_flat({"pairs": ["a.tsv"], "parallel": "fsdp"})
    assert agreed_precision(None, None, config, Group(torch.device("cpu"), 1, 2)) == "float32"
    assert agreed_precision(None, None, config, Group(torch.device("cuda"), 1, 2)) == "bfloat16"


# Failing


def test_what_one_process_cannot_do_ends_all_with_one_line(folder):
    lines = [line for line in (folder / "said.txt").read_text().splitlines() if line.startswith("glassformer: ")]
    assert lines == ["glassformer: process 1 cannot go on"]
