"""`/_sim/…`: how tests and benchmarks steer and read a portal that runs elsewhere."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from http import HTTPStatus
from http.client import HTTPConnection
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
import orjson

from app.domain.kinds import Kind
from app.simulator.behaviour import Behaviour
from app.simulator.portal import Portal
from app.simulator.wire import Receive, Reply, Scope, Send, parse_query, read_body, respond

PREFIX: Final = "/_sim"


async def control_all(portals: Mapping[str, Portal], path: str, scope: Scope, receive: Receive, send: Send) -> None:
    """The same for a whole site: each portal obeys, and the answers come by name."""
    body = await read_body(receive) if scope["method"] == "POST" else b""
    replies = {name: _obey(portal, path, body or scope["query_string"]) for name, portal in portals.items()}
    worst = max(status for _, status in replies.values())
    answer = {name: value for name, (value, _) in replies.items()}
    await respond(send, Reply(orjson.dumps(answer), worst))


async def control(portal: Portal, path: str, scope: Scope, receive: Receive, send: Send) -> None:
    """Answers one control request; what is wrong with it is a 400 that says so."""
    body = await read_body(receive) if scope["method"] == "POST" else b""
    value, status = _obey(portal, path, body or scope["query_string"])
    await respond(send, Reply(orjson.dumps(value), status))


def _obey(portal: Portal, path: str, body: bytes) -> tuple[Any, int]:
    command = COMMANDS.get(path)
    if command is None:
        return {"error": f"no such control: {path}"}, 404
    try:
        return command(portal, body), 200
    except KeyError as error:
        return {"error": f"missing: {error}"}, 400
    except (ValueError, msgspec.ValidationError) as error:
        return {"error": str(error)}, 400


def patched(behaviour: Behaviour, patch: Mapping[str, Any]) -> Behaviour:
    """The behaviour with some switches changed; unknown names are refused."""
    known = asdict(behaviour)
    unknown = patch.keys() - known.keys()
    if unknown:
        raise ValueError(f"no such switch: {', '.join(sorted(unknown))}")
    return msgspec.convert(known | dict(patch), Behaviour)


def _stats(portal: Portal, _: bytes) -> Any:
    return {**portal.stats.as_json(), "version": portal.catalogue.spec.version}


def _behaviour(portal: Portal, body: bytes) -> Any:
    if body:
        portal.become(patched(portal.behaviour, orjson.loads(body)))
    return asdict(portal.behaviour)


def _version(portal: Portal, body: bytes) -> Any:
    if body:
        portal.set_version(int(orjson.loads(body)["version"]))
    return {"version": portal.catalogue.spec.version, **asdict(portal.expected())}


def _steal(portal: Portal, body: bytes) -> Any:
    return {"stolen": portal.steal(str(orjson.loads(body)["mac"]))}


def _reset(portal: Portal, _: bytes) -> Any:
    portal.reset()
    return {"reset": True}


def _expected(portal: Portal, _: bytes) -> Any:
    return asdict(portal.expected())


def _ids(portal: Portal, query: bytes) -> Any:
    return sorted(portal.expected_ids(Kind(parse_query(query)["kind"])), key=lambda one: (len(one), one))


COMMANDS: Final[Mapping[str, Callable[[Portal, bytes], Any]]] = {
    "/_sim/stats": _stats,
    "/_sim/behaviour": _behaviour,
    "/_sim/version": _version,
    "/_sim/steal": _steal,
    "/_sim/reset": _reset,
    "/_sim/expected": _expected,
    "/_sim/ids": _ids,
}


def call_control(base: str, command: str, body: Mapping[str, Any] | None = None, timeout: float = 30) -> dict[str, Any]:
    """One control request to a portal elsewhere: with a body it is a POST."""
    address = urlsplit(base)
    connection = HTTPConnection(address.hostname or "127.0.0.1", address.port, timeout=timeout)
    try:
        data = None if body is None else orjson.dumps(body)
        connection.request("GET" if data is None else "POST", f"{address.path}{PREFIX}/{command}", data)
        answer = connection.getresponse()
        value = orjson.loads(answer.read())
    finally:
        connection.close()
    if answer.status != HTTPStatus.OK:
        raise ValueError(f"{command}: {value}")
    return dict(value)
