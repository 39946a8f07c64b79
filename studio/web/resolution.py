"""The resolver on this machine's loopback: C2PA's Soft Binding Resolution API, answered from this installation's Records.

Source: C2PA Soft Binding Resolution API 1.1.0, OpenAPI document of C2PA 2.3. `/matches/byReference`, which is optional there,
would have to fetch an address that a stranger names, and is refused.
"""

from __future__ import annotations

import json
import secrets
import socket
from collections.abc import Callable
from typing import TYPE_CHECKING

from provenance.home import Home
from provenance.resolution import ALGORITHMS, Match, NotAPictureError, QueryError, Resolver
from studio.web.errors import ServeError
from studio.web.guard import Guard
from studio.web.page import check_host, host_names

if TYPE_CHECKING:
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

API_VERSION = "1.1.0"
MAX_BODY_BYTES = 512 * 2**20
MAX_JSON_BYTES = 2**20
MOST_RESULTS = 100
MANIFEST_TYPE = "application/c2pa"


class Gate(Guard):
    """The page's guard for programs: they send the token as `Authorization: Bearer …` with each request."""

    def _is_known(self, headers: dict[str, str]) -> bool:
        kind, _, offered = headers.get("authorization", "").partition(" ")
        return (kind.lower() == "bearer" and self._same(offered.strip())) or super()._is_known(headers)


def serve(
    port: int,
    home: Home,
    host: str = "127.0.0.1",
    token: str | None = None,
    *,
    announce: Callable[[str, str], None],
) -> None:
    """Answer until Ctrl-C.

    Args:
        port: 0 picks a free one.
        home: whose Records, likenesses and credentials are asked; nothing in it is changed.
        host: address to listen on; anything but loopback asks for a `token` of at least 16 characters, and a proxy with TLS.
        token: left out, a random one is made for this run.
        announce: takes the address and the token once it is open.
    Raises: ServeError for a port that is taken or a host that would be open to others.
    """
    import uvicorn

    check_host(host, token)
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((host, port))
        listening.listen(128)   # who is told the address may call at once
    except (OSError, OverflowError) as error:
        listening.close()
        why = getattr(error, "strerror", None) or error
        raise ServeError(f"Port {port} of {host} cannot be used ({why}): pass --port with another number, or 0.") from error
    port, token = listening.getsockname()[1], token or secrets.token_urlsafe(32)
    announce(f"http://{f'[{host}]' if ':' in host else host}:{port}", token)
    config = uvicorn.Config(
        guarded(home, token=token, hosts=host_names(host, port)), log_level="warning", access_log=False, server_header=False,
        timeout_graceful_shutdown=2,
    )  # fmt: skip
    try:
        uvicorn.Server(config).run(sockets=[listening])
    except KeyboardInterrupt:
        pass  # Ctrl-C is how it is meant to end
    finally:
        listening.close()


def guarded(home: Home, *, token: str, hosts: tuple[str, ...]) -> Gate:
    """The application behind its gate."""
    return Gate(application(home), token=token, hosts=hosts, max_bytes=MAX_BODY_BYTES)


def application(home: Home) -> Starlette:
    """The routes of the API, without a gate: to be mounted by something that has one."""
    from starlette.applications import Starlette
    from starlette.concurrency import run_in_threadpool
    from starlette.responses import JSONResponse, Response
    from starlette.routing import Route

    resolver = Resolver(home)

    def answer(found: list[Match], most: int) -> Response:
        matches = [{"manifestId": match.manifest_id, "similarityScore": match.score} for match in found[:most]]
        return JSONResponse({"matches": matches})

    async def by_binding(request: Request) -> Response:
        query = request.query_params
        if request.method == "POST":
            query = _json(await _body(request, MAX_JSON_BYTES))
        algorithm, value = query.get("alg"), query.get("value")
        if not isinstance(algorithm, str) or not isinstance(value, str):
            raise QueryError("Both “alg” and “value” are needed.")
        found = await run_in_threadpool(resolver.by_binding, algorithm, value)
        return answer(found, _most(request))

    async def by_content(request: Request) -> Response:
        query, most = request.query_params, _most(request)
        data = await _body(request, MAX_BODY_BYTES)
        found = await run_in_threadpool(resolver.by_content, data, query.get("alg"))
        if not found and query.get("hintAlg") and query.get("hintValue"):
            found = await run_in_threadpool(resolver.by_binding, query["hintAlg"], query["hintValue"])
        return answer(found, most)

    async def by_reference(_request: Request) -> Response:
        return _said(501, "Nothing is fetched from elsewhere: send the file itself to /matches/byContent.")

    async def manifest(request: Request) -> Response:
        wanted = request.query_params.get("returnActiveManifest", "false").lower()
        if wanted not in ("true", "false"):
            raise QueryError("returnActiveManifest is true or false.")
        store = await run_in_threadpool(resolver.manifest, request.path_params["id"], active=wanted == "true")
        if store is None:
            return _said(404, "No credential with this identifier is kept here.")
        return Response(store, media_type=MANIFEST_TYPE)

    async def algorithms(_request: Request) -> Response:
        mark, fingerprint = ALGORITHMS
        return JSONResponse({"watermarks": [{"alg": mark}], "fingerprints": [{"alg": fingerprint}]})

    async def refused(_request: Request, error: Exception) -> Response:
        return _said(415 if isinstance(error, NotAPictureError) else 400, str(error))

    return Starlette(
        routes=[
            Route("/matches/byBinding", by_binding, methods=["GET", "POST"]),
            Route("/matches/byContent", by_content, methods=["POST"]),
            Route("/matches/byReference", by_reference, methods=["POST"]),
            Route("/manifests/{id}", manifest, methods=["GET"]),
            Route("/services/supportedAlgorithms", algorithms, methods=["GET"]),
        ],
        exception_handlers={QueryError: refused},
    )


def _said(status: int, text: str) -> Response:
    from starlette.responses import JSONResponse

    return JSONResponse({"message": text}, status_code=status)


def _most(request: Request) -> int:
    text = request.query_params.get("maxResults", "10")
    if not text.isascii() or not text.isdigit() or not 1 <= int(text[:9]) <= 10**9:
        raise QueryError("maxResults is a whole number from 1.")
    return min(int(text[:9]), MOST_RESULTS)


async def _body(request: Request, most: int) -> bytes:
    """Read a body, and no more than `most` bytes of it: the length in its head may be missing."""
    parts, size = [], 0
    async for part in request.stream():
        size += len(part)
        if size > most:
            raise QueryError(f"This is larger than the limit of {most / 1e6:,.0f} MB.")
        parts.append(part)
    return b"".join(parts)


def _json(data: bytes) -> dict:
    try:
        found = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise QueryError("The body is not JSON.") from error
    if not isinstance(found, dict):
        raise QueryError("The body is no JSON object.")
    return found
