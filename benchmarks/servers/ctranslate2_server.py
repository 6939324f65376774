"""A server over an exported model, as one writes it around CTranslate2 in twenty lines: MODEL and PORT are arguments.

CTranslate2 translates in float32, with as many threads as OMP_NUM_THREADS says; requests wait in its own queue.
"""

import os
import sys

import ctranslate2
import sentencepiece
import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

directory, port = sys.argv[1], int(sys.argv[2])
threads = int(os.environ.get("OMP_NUM_THREADS", "1"))
model = ctranslate2.Translator(directory, compute_type="float32", inter_threads=1, intra_threads=threads)
source, target = (sentencepiece.SentencePieceProcessor(f"{directory}/{side}.spm") for side in ("source", "target"))


def translated(texts: list[str], beam: int) -> list[str]:
    """The translation of each sentence."""
    pieces = [[*source.encode(text, out_type=str), "</s>"] for text in texts]
    return [target.decode(found.hypotheses[0]) for found in model.translate_batch(pieces, beam_size=beam)]


async def translate(request: Request) -> JSONResponse:
    """The little of /v1/translate that the load asks for."""
    body = await request.json()
    texts = body["text"] if isinstance(body["text"], list) else [body["text"]]
    found = [{"text": text} for text in await run_in_threadpool(translated, texts, body["beam"])]
    return JSONResponse({"translations": found, "request_id": request.headers["x-request-id"]})


async def ready(request: Request) -> JSONResponse:
    """It is, as soon as it answers."""
    return JSONResponse({"status": "ok"})


app = Starlette(routes=[Route("/v1/translate", translate, methods=["POST"]), Route("/readyz", ready)])
uvicorn.run(app, host="127.0.0.1", port=port, log_level="error", access_log=False, backlog=2048)
