"""`serve`: a server of models."""

import argparse
import os
import signal
import sys
from importlib.util import find_spec
from pathlib import Path

from glassformer.cli.streams import say
from glassformer.errors import InputError, UsageError
from glassformer.system import STOPPING, leave

COUNTED_IN = "PROMETHEUS_MULTIPROC_DIR", "prometheus_multiproc_dir"
PACKAGES = ("msgspec", "prometheus_client", "starlette", "uvicorn")  # of the extra `serve`


def serve(options: argparse.Namespace) -> None:
    """Serve models until a signal ends it; or make an API key."""
    import socket
    from tempfile import TemporaryDirectory

    if options.new_key is not None:
        _make_key(options)
        return
    if not (options.model or options.pair):
        raise UsageError("name a model to serve: glassformer serve MODEL")
    if options.workers < 1:
        raise UsageError(f"--workers is {options.workers}: it must be at least 1")
    if options.workers > 1 and not hasattr(socket, "send_fds"):
        raise UsageError("--workers: this system has no way to share connections; use 1")
    if not 0 < options.memory < 1e6:
        raise UsageError(f"--memory is {options.memory}: it must be GB, above 0")
    _refuse_without_packages()
    _close_at_signals()
    with TemporaryDirectory(prefix="glassformer-serve-", ignore_cleanup_errors=True) as folder:  # a job may write there
        for name in COUNTED_IN:  # prometheus_client reads it when it is imported
            os.environ.pop(name, None)
        if options.workers > 1:  # they count together
            os.environ[COUNTED_IN[0]] = folder
        _serve(options, Path(folder))
    leave()


def _close_at_signals() -> None:
    """Have a signal that comes before the server hears it end this process, too, with its folder removed."""
    for number in STOPPING:
        if signal.getsignal(number) is signal.SIG_DFL:  # not one that nohup keeps away
            signal.signal(number, lambda number, _: sys.exit(128 + number))


def _serve(options: argparse.Namespace, folder: Path) -> None:
    from dataclasses import replace

    from glassformer.serving.limits import Limits
    from glassformer.serving.models import Source
    from glassformer.serving.server import serve as serve_until_signal
    from glassformer.serving.settings import ServeSettings
    from glassformer.settings import build, keys_of, refuse_unknown
    from glassformer.yaml_config import parse_assignment

    limits = dict(map(parse_assignment, options.set))
    refuse_unknown(limits, keys_of(Limits), "--set")
    sources = [*(Source(Path(path)) for path in options.model), *map(Source.parse, options.pair)]
    run = {"device": options.device, "engine": options.engine, "precision": options.precision}
    serve_until_signal(
        ServeSettings(
            sources=tuple(replace(source, **run) for source in sources),
            folder=folder,
            memory=int(options.memory * 1e9),
            limits=build(Limits, limits, "--set"),
            host=options.host,
            port=options.port,
            host_names=tuple(options.host_name),
            workers=options.workers,
            keys=Path(options.keys) if options.keys else None,
            terms=Path(options.terms) if options.terms else None,
            cors=tuple(options.cors),
            log=options.log,
        ),
        _log_to_stderr,
    )


def _make_key(options: argparse.Namespace) -> None:
    """Print a new key, and add its hash to the file of keys."""
    _refuse_without_packages()
    from glassformer.serving.keys import add_key

    if not options.keys:
        raise UsageError("--new-key wants the file to add it to: --keys FILE")
    if sys.__stdout__ is None:
        raise UsageError("--new-key prints the key, but standard output is closed")
    add_key(Path(options.keys), options.new_key, lambda key: print(key, flush=True))


def _refuse_without_packages() -> None:
    missing = [name for name in PACKAGES if not find_spec(name)]
    if missing:
        raise InputError(f"serve needs further packages ({', '.join(missing)}): pip install 'glassformer[serve]'")


def _log_to_stderr() -> None:
    """The server's own lines, and errors of uvicorn, as lines of this program."""
    import logging

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            for line in record.getMessage().splitlines():
                say(f"glassformer: {line}")

    for name, level in (("glassformer.serving", logging.INFO), ("uvicorn.error", logging.ERROR)):
        logger = logging.getLogger(name)
        logger.handlers = [Handler()]
        logger.setLevel(level)
        logger.propagate = False
