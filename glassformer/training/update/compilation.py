"""Whether the training step is compiled, and how."""

import math
import warnings
from typing import NamedTuple

import torch
from torch import nn

from glassformer.data.prepare import PreparedData, TrainingPairs
from glassformer.data.shapes import choose_widths, described, width_of
from glassformer.errors import InputError, UsageError
from glassformer.model import Transformer
from glassformer.training.config import RunConfig, TrainingConfig
from glassformer.training.distributed import Group
from glassformer.training.update.objective import WholeObjective, on_device
from glassformer.training.update.precision import autocast
from glassformer.training.update.randomness import preserved_random_state

SHAPES = 8  # of batches, where the step is compiled and nothing else is said
# To compile and record takes 30 to 50 s a shape on an H100, and takes 45 ms off a step of `base` at 25,600 positions.
STEPS_PER_SHAPE = 1000
MOST_SHAPES = 256  # that torch compiles before it goes on without; a batch that was halved has one of its own


def compiled(objective: nn.Module, how: str) -> nn.Module:
    """`objective` compiled as `how` says: `none` leaves it as it is. What `graphs` records is the replica's affair."""
    if how == "none":
        return objective
    import torch._dynamo  # takes a second

    torch._dynamo.config.recompile_limit = torch._dynamo.config.accumulated_recompile_limit = MOST_SHAPES
    torch._dynamo.config.fail_on_recompile_limit_hit = True
    # The compiler warns of what it leaves as it is, such as the complex products of rotary positions.
    warnings.filterwarnings("ignore", module=r"torch\._inductor")
    objective.compile(dynamic=False, fullgraph=True)
    return objective


def refuse_compilation(settings: TrainingConfig, group: Group) -> None:
    """Raise UsageError where `compile` or `bfloat16_weights` cannot be what they are."""
    if settings.compile == "graphs" and group.device.type != "cuda":
        raise UsageError(f"compile=graphs is for CUDA, not for {group.device.type}; take kernels or none")
    if settings.compile == "graphs" and group.size > 1:
        raise UsageError("compile=graphs is for one process; with several take kernels")
    if settings.bfloat16_weights and group.size > 1:
        raise UsageError("bfloat16_weights is for one process; with several leave it out")
    if settings.compile not in ("auto", "none") and settings.parallel == "fsdp" and group.size > 1:
        raise UsageError("parallel=fsdp trains without compiling; take compile=none")


class Compilation(NamedTuple):
    """How a run's step is compiled."""

    how: str  # a value of `compile`, but not auto
    shapes: int = 0  # a value of `batch_shapes`, but not null
    widths: tuple[int, ...] = ()  # of its batches, see `data/shapes.py`
    notes: tuple[str, ...] = ()  # lines for the reader


def agreed_compilation(model: Transformer, data: PreparedData, config: RunConfig, group: Group) -> Compilation:
    """What `compile` and `batch_shapes` come to, where they leave that open. The same in every process.

    auto compiles where the device is CUDA, the planned steps repay it, and rank 0 has compiled one batch without an
    error; a process that is alone records besides.
    """
    settings = config.training
    possible = group.device.type == "cuda" and (settings.parallel != "fsdp" or group.size == 1)
    how = settings.compile if settings.compile != "auto" or possible else "none"
    count = settings.batch_shapes
    if count is None:
        count = 0 if how == "none" else SHAPES
    notes: tuple[str, ...] = ()
    if how == "auto":
        reason = _reason_against(model, data, count, config, group)
        how = "none" if reason else "graphs" if group.size == 1 else "kernels"
        if reason:
            notes, count = (f"not compiled: {reason}",), settings.batch_shapes or 0
    if how != "none":
        notes = (f"the step is compiled ({how}) for each shape of batches when it first comes: that update is slow",)
    if not count:
        return Compilation(how, notes=notes)
    lengths = data.lengths(settings.seed)
    most, longer = config.model.max_length, lengths.max(axis=1)
    widths = choose_widths(longer, count, min(most, width_of(int(longer.max()))))
    notes = (*notes, described(lengths, widths, settings.batch_tokens))
    if widths[-1] < most:  # one more shape for a pair that is longer than those of the sample, should there be one
        widths = (*widths, most)
    return Compilation(how, count, widths, notes)


def _reason_against(model: Transformer, data: PreparedData, count: int, config: RunConfig, group: Group) -> str:
    """Why a run that can be compiled is not, in words; empty if it is."""
    if not count:
        return "batch_shapes = 0 sets no limit to the shapes of batches"
    if (planned := config.training.max_steps) < (enough := STEPS_PER_SHAPE * count):
        return f"max_steps = {planned:,} would not repay it; {enough:,} would"
    problem = _problem(model, data.train, config, group.device) if group.is_main else ""
    return group.from_main(problem.encode()).decode()


def refuse_uncompilable(error: BaseException) -> None:
    """Raise InputError if `error` says that the step could not be compiled."""
    from torch._dynamo.exc import TorchDynamoException

    if isinstance(error, TorchDynamoException):
        reason = " ".join(str(error).split())[:200]
        raise InputError(f"the step cannot be compiled here: {reason}; take compile=none") from error


def _problem(model: Transformer, data: TrainingPairs, config: RunConfig, device: torch.device) -> str:
    """Why a compiled step of a few pairs does not run, or differs from one that is not; empty if all is well."""
    settings = config.training
    batch = next(data.batches(settings.batch_tokens, settings.seed, epoch=0)).select(slice(8))
    objective = WholeObjective(model.to(device).eval(), settings.label_smoothing)
    losses = []
    try:
        for how in ("none", "kernels"):
            with preserved_random_state(device), autocast(settings.precision, device):
                loss = compiled(objective, how)(*on_device(batch, device, whole=True))
                loss.backward()
            losses.append(loss.item())
            model.zero_grad(set_to_none=True)
    except Exception as error:  # what a compiler can raise has no bounds; the run can go on without it
        return " ".join(str(error).split())[:200] or type(error).__name__
    finally:
        model.train()
    plain, ours = losses
    return "" if math.isclose(plain, ours, rel_tol=0.01) else f"its loss was {ours:.4g}, not {plain:.4g}"
