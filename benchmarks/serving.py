"""The server under load: is every answer right, how fast is it, and what does it bear?

    python benchmarks/serving.py MODEL --load-python VENV/bin/python [--ctranslate2 EXPORTED] [--only SECTION]...

VENV has the load's generator and what the other server needs: pip install locust ctranslate2 sentencepiece starlette
uvicorn. EXPORTED is the same model: glassformer export MODEL --to ctranslate2 --out EXPORTED.

- `endurance`: --clients clients for --seconds. Each sends a sentence, and another as soon as it has the answer; every
  answer is compared with the offline translation of its sentence, and must bear the id of its request.
- `swaps`: the same, while the model is replaced --swaps times.
- `speed`: in turns, --rounds times: offline `translate_texts`, this server and a CTranslate2 server of twenty lines,
  each by 1, 8, 64, ... clients for --turn seconds; also by the processor time that a sentence takes of the server, of
  the load, and offline, which other work on the machine disturbs less.
- `hostile`: slow, large, deep, broken and many requests (`servers/hostile.py`).

The sentences are those of the phrasebook that its training holds out, --texts a request, by beam 4. Locust generates
the load because it is what such servers are commonly measured with: its clients are greenlets of one process, whose own
work counts among what the machine has to do. Exit status 1 if an answer was wrong, lost or another's.
"""

import argparse
import shutil
import statistics
import sys
import tempfile
import time
import urllib.request
from collections import defaultdict
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import torch
from servers import hostile
from servers.process import Load, Server, cases_file, running

from glassformer.corpora.phrasebook import held_out
from glassformer.model import ModelConfig, Transformer, preset
from glassformer.translator import Translator
from glassformer.whole_texts import translate_texts

BEAM = 4
OURS, OTHER, OFFLINE = "glassformer", "CTranslate2", "offline"
CT2_SERVER = Path(__file__).parent / "servers" / "ctranslate2_server.py"
Rates = dict[tuple[str, int], list[dict[str, Any]]]  # of a server, by how many clients: what came of each round
WARM = 0.2  # of the time of a load; memory is compared with what it was then


def main() -> int:
    """Run the sections that are asked for."""
    options = parse()
    sentences = [one.source for one in held_out()][: options.sentences]
    if options.preset:
        options.model = random_model(options.model, options.preset, Path(tempfile.mkdtemp(prefix="serving-")))
    translator = Translator.load(options.model, engine="auto")
    cases = [(text, one.text) for text, one in zip(sentences, offline(translator, sentences), strict=True)]
    load = Load(options.load_python, cases_file(cases), BEAM, options.texts)
    print(f"{len(cases):,} sentences, {options.texts} a request, beam {BEAM}, {options.threads} thread(s)")
    served = [sys.executable, "-m", "glassformer", "serve", str(options.model), "--port", "{port}"]
    bad = 0
    try:
        with running(OURS, served, options.threads) as server:
            if "endurance" in options.only:
                bad += endurance(load, server, options)
            if "swaps" in options.only:
                bad += swaps(load, server, options)
            if "hostile" in options.only:
                bad += attack(server)
        if "speed" in options.only:
            bad += speed(load, served, translator, sentences, options)
    finally:
        shutil.rmtree(load.cases.parent)
        if options.preset:
            shutil.rmtree(options.model)
    return 1 if bad else 0


def parse() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("--preset", help="serve a model of this shape with random weights and MODEL's tokenizers")
    parser.add_argument("--load-python", required=True, help="a Python that has Locust")
    parser.add_argument("--ctranslate2", type=Path, help="the same model, exported; without it that server is left out")
    sections = ("endurance", "swaps", "speed", "hostile")
    parser.add_argument("--only", action="append", choices=sections, help="this section alone; may be repeated")
    parser.add_argument("--sentences", type=int, default=1369, help="different ones (%(default)s)")
    parser.add_argument("--texts", type=int, default=1, help="of a request (%(default)s)")
    parser.add_argument("--clients", type=int, default=1000, help="of endurance and swaps (%(default)s)")
    parser.add_argument("--seconds", type=float, default=600, help="of endurance (%(default)s)")
    parser.add_argument("--swaps", type=int, default=50, help="of the model (%(default)s)")
    parser.add_argument("--rounds", type=int, default=5, help="of speed (%(default)s)")
    parser.add_argument("--turn", type=float, default=20, help="seconds of a turn of speed (%(default)s)")
    parser.add_argument("--speed-clients", type=int, nargs="+", default=[1, 8, 64, 512], help="of speed (1 8 64 512)")
    parser.add_argument("--threads", type=int, default=1, help="of each server, and offline (%(default)s)")
    options = parser.parse_args()
    options.only = options.only or sections
    return options


def random_model(like: Path, name: str, folder: Path) -> Path:
    """The folder, with a model in it that takes as long as a trained one of this preset, or longer: it rarely ends."""
    torch.manual_seed(1)
    known = Translator.load(like)
    sizes = {"vocab_size": known.config.vocab_size, "source_vocab_size": known.config.source_vocab_size}
    model = Transformer(ModelConfig(**(preset(name) | sizes))).eval()  # type: ignore[arg-type]
    Translator(model, known.source_tokenizer, known.target_tokenizer, {"corpus": "phrasebook"}).save(folder)
    return folder


def offline(translator: Translator, sentences: Sequence[str]) -> list[Any]:
    """The translations as the command gives them."""
    return translate_texts(translator, sentences, beam=BEAM)


def endurance(load: Load, server: Server, options: argparse.Namespace) -> int:
    """Many clients for a long time; how many answers were bad."""
    found = load.run(server, options.clients, options.seconds)
    warm = server.rss[int(WARM * len(server.rss))]
    print(f"\nendurance, {options.clients:,} clients, {options.seconds:g} s: {told(found)}")
    end = server.rss[-1]
    print(f"  memory after warm-up {warm:.0f} MB, at the end {end:.0f} MB ({end / warm - 1:+.1%})")
    return bad_answers(found["counts"])


def swaps(load: Load, server: Server, options: argparse.Namespace) -> int:
    """The model replaced again and again under load; how many answers were bad, and replacements refused."""
    seconds = max(20.0, 0.5 * options.swaps)
    name = options.model.parent.name if options.model.name in ("best", "last", "average") else options.model.name
    refused, took = 0, []
    with load.on(server, options.clients, seconds):
        time.sleep(2)
        for _ in range(options.swaps):
            started = time.monotonic()
            request = urllib.request.Request(f"{server.address}/v1/models/{name}", method="PUT")
            with urllib.request.urlopen(request, timeout=120) as answer:
                refused += answer.status != 200
            took.append(time.monotonic() - started)
    found = load.counted()
    print(f"\nswaps, {options.swaps} of them, {options.clients:,} clients: {told(found)}")
    print(f"  a swap took {statistics.median(took):.2f} s (median), {max(took):.2f} s at most")
    return bad_answers(found["counts"]) + refused


def speed(
    load: Load, served: list[str], translator: Translator, sentences: list[str], options: argparse.Namespace
) -> int:
    """Requests a second and p95 of each server, in turns, beside offline; how many of our answers were bad."""
    rates: Rates = defaultdict(list)
    offline_rates: list[float] = []
    offline_costs: list[float] = []
    with ExitStack() as servers:
        named = [servers.enter_context(running(OURS, served, options.threads))]
        if options.ctranslate2:
            command = [options.load_python, str(CT2_SERVER), str(options.ctranslate2), "{port}"]
            named.append(servers.enter_context(running(OTHER, command, options.threads)))
        for server in named:
            load.run(server, 8, 3)  # warms up
        for _ in range(options.rounds):
            started, computed = time.perf_counter(), time.process_time()
            offline(translator, sentences)
            offline_rates.append(len(sentences) / (time.perf_counter() - started))
            offline_costs.append((time.process_time() - computed) / len(sentences))
            for clients in options.speed_clients:
                for server in named:
                    rates[server.name, clients].append(load.run(server, clients, options.turn))
    for turns in rates.values():
        for one in turns:  # by request; what follows is by sentence
            one["rate"], one["cost"] = one["rate"] * options.texts, one["cost"] / options.texts
            one["load cost"] /= options.texts
    cost = 1000 * statistics.median(offline_costs)
    print(f"\nspeed: {OFFLINE} {statistics.median(offline_rates):,.0f} sentences a second, {cost:.2f} ms each")
    print_speed(rates, offline_rates, options.speed_clients)
    return sum(bad_answers(one["counts"]) for (name, _), all_ in rates.items() if name == OURS for one in all_)


def print_speed(rates: Rates, offline_rates: list[float], all_clients: list[int]) -> None:
    """A table: the median of the rounds, and the ratio to the other server in the same round, in brackets."""
    print(
        "| clients | server | sentences a second | of offline | ms of processor, of the load's | p50, p95, p99 in ms |"
    )
    print("|---:|---|---:|---:|---:|---:|")
    for clients in all_clients:
        for name in (OURS, OTHER):
            turns, others = rates.get((name, clients), []), rates.get((OTHER, clients), [])
            if turns:
                share = statistics.median(one["rate"] / whole for one, whole in zip(turns, offline_rates, strict=True))
                times = ", ".join(f"{1000 * middle(turns, key):,.0f}" for key in ("p50", "p95", "p99"))
                costs = ", ".join(f"{1000 * middle(turns, key):.2f}" for key in ("cost", "load cost"))
                print(f"| {clients} | {name} | {beside(turns, others)} | {share:.0%} | {costs} | {times} |")


def middle(turns: list[dict[str, Any]], key: str) -> float:
    """The median of the rounds."""
    found: float = statistics.median(one[key] for one in turns)
    return found


def beside(turns: list[dict[str, Any]], others: list[dict[str, Any]]) -> str:
    """The median rate, and in brackets the ratio to the other server, where there is one."""
    ratios = [one["rate"] / other["rate"] for one, other in zip(turns, others, strict=False)]
    return f"{middle(turns, 'rate'):,.0f}" + (f" (x {statistics.median(ratios):.2f})" if ratios else "")


def attack(server: Server) -> int:
    """All attacks; 1 if the server does not answer afterwards."""
    print("\nhostile")
    for name, outcome in hostile.attacks(server):
        print(f"  {name}: {outcome}", flush=True)
    return int(server.get("/livez") != 200)


def told(found: dict[str, Any]) -> str:
    """Counts and times in one line."""
    counts = ", ".join(f"{name} {count:,}" for name, count in sorted(found["counts"].items(), key=lambda one: -one[1]))
    times = ", ".join(f"{name} {1000 * found[name]:,.0f} ms" for name in ("p50", "p95", "p99", "worst"))
    return f"{counts}; {found['rate']:,.0f} a second; {times}"


def bad_answers(counts: dict[str, int]) -> int:
    """Requests that got neither a right answer nor a refusal, or none that was counted."""
    good = sum(count for name, count in counts.items() if name == "right" or name.startswith("refused"))
    return counts["sent"] - good


if __name__ == "__main__":
    sys.exit(main())
