"""The style budget, for app and workers. What goes over it stands in ALLOWED with its reason."""

import ast
from collections.abc import Iterator
from pathlib import Path

from tests.support.repository import ROOT

FUNCTION_LINES = 80
FILE_LINES = 300
HANDLER_LINES = 10
ROUTES = frozenset({"get", "post", "put", "patch", "delete", "head", "options", "api_route", "websocket"})
BROAD = frozenset({"Exception", "BaseException"})
BROAD_EXCEPT_FILES = frozenset({"workers/runtime.py", "app/api/errors.py"})

# "file" or "file:function" → why it is better over the budget than cut.
ALLOWED: dict[str, str] = {}

Function = ast.FunctionDef | ast.AsyncFunctionDef


def sources() -> Iterator[tuple[str, str]]:
    for folder in ("app", "workers"):
        for path in sorted((ROOT / folder).rglob("*.py")):
            yield path.relative_to(ROOT).as_posix(), path.read_text(encoding="utf-8")


def functions() -> Iterator[tuple[str, Function]]:
    for file, source in sources():
        for node in ast.walk(ast.parse(source)):
            if isinstance(node, Function):
                yield file, node


def body_lines(function: Function) -> int:
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def is_handler(function: Function) -> bool:
    calls = (decorator.func for decorator in function.decorator_list if isinstance(decorator, ast.Call))
    return any(isinstance(call, ast.Attribute) and call.attr in ROUTES for call in calls)


def is_broad(kind: ast.expr | None) -> bool:
    names = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(name is None or (isinstance(name, ast.Name) and name.id in BROAD) for name in names)


def swallows_everything(node: ast.AST) -> bool:
    if isinstance(node, ast.ExceptHandler):
        return is_broad(node.type)
    if isinstance(node, ast.Call):
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        return name == "suppress" and any(is_broad(argument) for argument in node.args)
    return False


def beyond(found: Iterator[str]) -> list[str]:
    """What was found and is not allowed; `found` are "place: what"."""
    return [text for text in found if text.partition(": ")[0] not in ALLOWED]


def test_functions_are_short() -> None:
    long = ((f"{file}:{node.name}", body_lines(node)) for file, node in functions())
    assert not beyond(f"{place}: {lines} lines" for place, lines in long if lines > FUNCTION_LINES)


def test_files_are_short() -> None:
    long = ((file, len(source.splitlines())) for file, source in sources())
    assert not beyond(f"{file}: {lines} lines" for file, lines in long if lines > FILE_LINES)


def test_handlers_say_what_and_features_say_how() -> None:
    asked = ((file, node) for file, node in functions() if file.startswith(("app/api/", "app/pages/")))
    handlers = ((file, node) for file, node in asked if is_handler(node))
    long = ((f"{file}:{node.name}", body_lines(node)) for file, node in handlers)
    assert not beyond(f"{place}: {lines} lines" for place, lines in long if lines > HANDLER_LINES)


def test_imports_stand_at_the_top() -> None:
    importing = (
        f"{file}:{node.name}: line {inner.lineno}"
        for file, node in functions()
        for inner in ast.walk(node)
        if isinstance(inner, ast.Import | ast.ImportFrom)
    )
    assert not beyond(importing)


def test_every_function_is_annotated() -> None:
    def bare(node: Function) -> list[str]:
        given = node.args
        every = [*given.posonlyargs, *given.args, *given.kwonlyargs, given.vararg, given.kwarg]
        missing = [one.arg for one in every if one and one.annotation is None and one.arg not in ("self", "cls")]
        return missing if node.returns else [*missing, "return"]

    assert not beyond(f"{file}:{node.name}: {', '.join(bare(node))}" for file, node in functions() if bare(node))


def test_only_two_places_catch_everything() -> None:
    broad = (
        f"{file}: line {node.lineno}"
        for file, source in sources()
        if file not in BROAD_EXCEPT_FILES
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.ExceptHandler | ast.Call) and swallows_everything(node)
    )
    assert not beyond(broad)


def test_what_is_allowed_exists_and_has_a_reason() -> None:
    places = {file for file, _ in sources()} | {f"{file}:{node.name}" for file, node in functions()}
    assert not [place for place, reason in ALLOWED.items() if place not in places or not reason.strip()]


def test_the_budget_sees_what_it_should() -> None:
    tree = ast.parse("@router.get('/')\nasync def read() -> None:\n    '''Says.'''\n    one()\n\n    two()\n")
    handler = tree.body[0]
    assert isinstance(handler, Function)
    assert is_handler(handler)
    assert body_lines(handler) == 3
    for text in (
        "try: pass\nexcept Exception: pass",
        "try: pass\nexcept: pass",
        "try: pass\nexcept (A, Exception): pass",
    ):
        assert any(map(swallows_everything, ast.walk(ast.parse(text))))
    assert any(map(swallows_everything, ast.walk(ast.parse("contextlib.suppress(Exception)"))))
    assert not any(map(swallows_everything, ast.walk(ast.parse("try: pass\nexcept OSError: pass"))))


def test_the_budget_covers_both_packages() -> None:
    assert {Path(file).parts[0] for file, _ in sources()} == {"app", "workers"}
