"""`serve`: a server of models."""

import argparse
import logging
from pathlib import Path

from glassformer.cli.streams import say
from glassformer.errors import InputError


def serve(options: argparse.Namespace) -> None:
    """Serve models until a signal ends it."""
    try:
        import msgspec
        import prometheus_client
        import starlette
        import uvicorn
    except ImportError as error:
        raise InputError("serve needs further packages: pip install 'glassformer[serve]'") from error
    del msgspec, prometheus_client, starlette, uvicorn
    from glassformer.serving.limits import Limits
    from glassformer.serving.models import Source
    from glassformer.serving.server import serve as serve_until_signal
    from glassformer.serving.settings import ServeSettings

    sources = [Source(Path(path)) for path in options.model]
    settings = ServeSettings(tuple(sources), limits=Limits(), host=options.host, port=options.port)
    _log_to_stderr()
    serve_until_signal(settings)


def _log_to_stderr() -> None:
    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say(f"glassformer: {record.getMessage()}")

    for name, level in (("glassformer.serving", logging.INFO), ("uvicorn.error", logging.ERROR)):
        logger = logging.getLogger(name)
        logger.addHandler(Handler())
        logger.setLevel(level)
        logger.propagate = False
