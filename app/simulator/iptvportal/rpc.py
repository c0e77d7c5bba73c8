"""JSON-RPC 2.0 in and out: one request, or several in a list (protocols/iptvportal.md, 1)."""

from typing import Any, Final

import orjson

from app.simulator.behaviour import Behaviour
from app.simulator.gate import error_page
from app.simulator.iptvportal.fragments import QueryError
from app.simulator.iptvportal.profile import SessionRefusal
from app.simulator.wire import Call, Receive, Reply, Scope, read_body

PARSE_ERROR: Final = -32700
REQUEST_ERROR: Final = -32600
OVER: Final = "Session expired"


class RpcCall(Call, frozen=True):
    """A call with its document; `type` is the method of the first request, or `batch`, and `action` its table."""

    document: Any = None

    @property
    def requests(self) -> list[Any]:
        return self.document if isinstance(self.document, list) else [self.document]

    @property
    def session(self) -> str:
        """What the session header says."""
        return self.headers.get(b"iptvportal-authorization", b"").decode("latin-1")


async def read_rpc(scope: Scope, receive: Receive) -> RpcCall:
    """The request; one that is no JSON has no document."""
    headers = dict(scope["headers"])
    body = await read_body(receive)
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        document = None
    first = document[0] if isinstance(document, list) and document else document
    method = str(first.get("method", "")) if isinstance(first, dict) else ""
    client = headers.get(b"x-real-ip")
    return RpcCall(
        "batch" if isinstance(document, list) else method,
        _table(first) or method,
        {},
        headers,
        client.decode("latin-1") if client else (scope.get("client") or ("", 0))[0],
        scope["path"],
        document,
    )


def result(request: Any, value: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": _id(request), "result": value}


def failure(request: Any, error: QueryError, shape: str = "object") -> dict[str, Any]:
    """An error in the shape that is wanted: an object with or without a code and data, or a text."""
    told: Any = {"code": error.code, "message": error.message}
    if shape == "data":
        told |= {"data": {"hint": "see the log of the database"}}
    elif shape == "codeless":
        del told["code"]
    elif shape == "string":
        told = error.message
    elif shape == "absent":
        return {"jsonrpc": "2.0", "id": _id(request)}
    return {"jsonrpc": "2.0", "id": _id(request), "error": told}


def session_over(call: RpcCall, form: SessionRefusal) -> Reply:
    """What a request without a good session gets."""
    if form == "401":
        return error_page(401)
    request = call.requests[0] if call.requests else None
    shape = "string" if form == "string" else "object"
    return Reply(orjson.dumps(failure(request, QueryError(OVER, -32000), shape)), 403 if form == "403" else 200)


def denied(behaviour: Behaviour, table: str) -> Reply:
    """403 = no access to that table."""
    if behaviour.error_as == "string":
        return error_page(403)
    return Reply(orjson.dumps({"error": {"code": 403, "message": f"permission denied for relation {table}"}}), 403)


def _id(request: Any) -> Any:
    return request.get("id") if isinstance(request, dict) else None


def _table(request: Any) -> str:
    """The first table that a request names."""
    params = request.get("params") if isinstance(request, dict) else None
    if not isinstance(params, dict):
        return ""
    source = params.get("into") or params.get("table") or params.get("from")
    for _ in range(8):  # sub-selects in sub-selects
        first = source[0] if isinstance(source, list) and source else source
        if isinstance(first, dict):
            first = first.get("table") or (first.get("select") or {}).get("from")
        if isinstance(first, str):
            return first
        source = first
    return ""
