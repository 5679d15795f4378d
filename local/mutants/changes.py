"""What can be changed in a module: one mistake at a time, as somebody might make it.

Left alone are texts, types, decorators, docstrings, and numbers at the top of a module, which are settings: no
promise says that 15 seconds are not 16.
"""

import ast
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass
from typing import cast

_OTHER_COMPARISON: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
}
_OTHER_OPERATOR: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.Mult,
}
_LONGEST = 70  # of what is shown of a change


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """A module with one mistake. Its name stays the same while the code around it moves."""

    module: str
    name: str
    line: int
    end: int  # its last line
    function: str  # whose body has it: "name" or "Class.name", the outermost; "" elsewhere
    source: str


def mutants(module: str, source: str) -> list[Mutant]:
    """All of one module, in the order of its lines."""
    seen: Counter[str] = Counter()
    made = []
    tree = ast.parse(source)
    function_of = {
        node: name for name, function in _functions(tree) for part in function.body for node in ast.walk(part)
    }
    for where, node, changed in _changes(tree, module.rpartition(".")[2], top=True):
        name = f"{module.removeprefix('invoicing.')} {where}: {_short(ast.unparse(node))} → {_short(changed)}"
        seen[name] += 1
        made.append(
            Mutant(
                module=module,
                name=name if seen[name] == 1 else f"{name} ({seen[name]})",
                line=node.lineno,
                end=cast("int", node.end_lineno),
                function=function_of.get(node, ""),
                source=_replaced(source, node, changed),
            )
        )
    return sorted(made, key=lambda one: one.line)


type _Node = ast.expr | ast.stmt
type _Function = ast.FunctionDef | ast.AsyncFunctionDef


def _functions(tree: ast.Module | ast.ClassDef, prefix: str = "") -> Iterator[tuple[str, _Function]]:
    """Those that stand in no other."""
    for node in tree.body:
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield prefix + node.name, node
        elif isinstance(node, ast.ClassDef):
            yield from _functions(node, f"{prefix}{node.name}.")


def _changes(node: ast.AST, where: str, *, top: bool) -> Iterator[tuple[str, _Node, str]]:
    """Each place and what stands there instead."""
    for changed in _instead_of(node, top=top):
        yield where, cast("_Node", node), changed
    if isinstance(node, ast.ExceptHandler) and not isinstance(node.body[0], ast.Raise | ast.Pass):
        yield where, node.body[0], "raise"
    inside = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
        where = node.name
    for child in _children(node):
        yield from _changes(child, where, top=top and not inside)


def _children(node: ast.AST) -> Iterator[ast.AST]:
    skipped = {"annotation", "returns", "decorator_list", "type_params", "bases"}
    if isinstance(node, ast.TypeAlias | ast.Import | ast.ImportFrom | ast.JoinedStr):
        return
    for field, value in ast.iter_fields(node):
        if field not in skipped:
            for one in value if isinstance(value, list) else [value]:
                if isinstance(one, ast.AST):
                    yield one


def _instead_of(node: ast.AST, *, top: bool) -> Iterator[str]:
    match node:
        case ast.Compare(ops=[operator]):
            yield _with(node, ops=[_OTHER_COMPARISON[type(operator)]()])
        case ast.BoolOp(op=operator):
            yield _with(node, op=ast.Or() if isinstance(operator, ast.And) else ast.And())
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            yield f"({ast.unparse(operand)})"
        case ast.BinOp(op=operator) if type(operator) in _OTHER_OPERATOR:
            yield _with(node, op=_OTHER_OPERATOR[type(operator)]())
        case ast.Constant(value=bool() as value):
            yield str(not value)
        case ast.Constant(value=int() | float() as value) if not top:
            yield repr(value + 1)
        case ast.If(test=test) | ast.While(test=test) | ast.IfExp(test=test) if isinstance(
            test, ast.Name | ast.Attribute | ast.Call
        ):
            # Others are changed where their comparison stands.
            changed = deepcopy(node)
            changed.test = ast.UnaryOp(op=ast.Not(), operand=test)
            yield f"({ast.unparse(changed)})" if isinstance(node, ast.IfExp) else ast.unparse(changed)
        case ast.Expr(value=ast.Call() | ast.Await()) | ast.Raise() if not top:
            yield "pass"
        case ast.Continue():
            yield "break"
        case ast.Break():
            yield "continue"


def _with(node: ast.expr, **fields: object) -> str:
    changed = deepcopy(node)
    for name, value in fields.items():
        setattr(changed, name, value)
    return f"({ast.unparse(changed)})"


def _replaced(source: str, node: _Node, changed: str) -> str:
    lines = source.encode().splitlines(keepends=True)
    start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
    end = sum(map(len, lines[: cast("int", node.end_lineno) - 1])) + cast("int", node.end_col_offset)
    indented = changed.replace("\n", "\n" + " " * node.col_offset)
    return (source.encode()[:start] + indented.encode() + source.encode()[end:]).decode()


def _short(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= _LONGEST else flat[: _LONGEST - 1] + "…"
