"""Servers in a thread of the tests' own process, over a model that was never trained: its answers differ by text."""

import json
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import requests
import torch

from glassformer.model import ModelConfig, Transformer
from glassformer.serving.app import make_app
from glassformer.serving.ending import EndingServer
from glassformer.serving.limits import Limits
from glassformer.serving.models import Source
from glassformer.serving.protocol import configure
from glassformer.serving.server import listen
from glassformer.serving.settings import ServeSettings
from glassformer.translator import Translator
from tests.letters import SMALL, letter_tokenizer


def write_model(directory, seed=1, corpus="phrasebook"):
    """A model of letters with random weights, large enough that what it says depends on what it reads."""
    torch.manual_seed(seed)
    config = ModelConfig(
        vocab_size=SMALL["vocab_size"], d_model=32, d_ff=32, num_heads=2, encoder_layers=1, decoder_layers=1,
        max_length=32, dropout=0.0,
    )  # fmt: skip
    model = Transformer(config).eval()
    with torch.no_grad():
        for weight in model.parameters():
            if weight.dim() > 1:
                weight.mul_(3)
    Translator(model, letter_tokenizer(), letter_tokenizer(), {"corpus": corpus, "steps": 0}).save(directory)
    return directory


@contextmanager
def serving(folder, *sources, limits=None, ready=True, **settings):
    """A server of these models, which it has read if it is to be `ready`; its address."""
    own = Path(folder) / f"serving-{time.monotonic_ns()}"
    own.mkdir()
    sources = tuple(source if isinstance(source, Source) else Source(source) for source in sources)
    listening = listen("127.0.0.1", 0)
    made = ServeSettings(sources, own, limits=limits or Limits(), **settings)
    app = make_app(made)
    server = EndingServer(configure(made, lambda: app), app.state.service)
    thread = threading.Thread(target=server.run, args=([listening],))
    thread.start()
    url = f"http://127.0.0.1:{listening.getsockname()[1]}"
    try:
        while not (server.started and app.state.service.ready >= ready):
            time.sleep(0.01)
        yield Address(url, server, app.state.service)
    finally:
        server.should_exit = True
        thread.join(120)  # of a busy machine
        assert not thread.is_alive()


class Address(str):
    """The address of a server, and what tests ask of it."""

    def __new__(cls, url, server, service):
        made = super().__new__(cls, url)
        made.server, made.service = server, service
        made.port = int(url.rpartition(":")[2])
        return made

    def post(self, path, body=None, **settings):
        return requests.post(self + path, json=body, timeout=120, **settings)

    def request(self, method, path, **settings):
        return requests.request(method, self + path, timeout=120, **settings)

    def get(self, path, **settings):
        return requests.get(self + path, timeout=120, **settings)


def events(response):
    """The server-sent events of an answer."""
    for block in response.text.split("\n\n"):
        if block:
            name, data = block.split("\n")
            yield name.removeprefix("event: "), json.loads(data.removeprefix("data: "))
