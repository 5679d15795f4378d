"""Makes a mistake in a function that is there already: whoever has imported it calls the wrong one from then on."""

import functools
import inspect
import sys
from collections.abc import Iterator
from types import CodeType, FunctionType
from typing import Any

from local.mutants.changes import Mutant


def make(mutant: Mutant, path: str) -> bool:
    """False: it cannot be made so, and the module has to be imported anew."""
    function = _live(mutant.module, mutant.function) if mutant.function else None
    if function is None:
        return False
    wrong = _code_of(compile(mutant.source, path, "exec"), mutant.function)
    if wrong is None or wrong.co_freevars != function.__code__.co_freevars:
        return False
    # What types.coroutine did to it is in its flags.
    kept = function.__code__.co_flags & inspect.CO_ITERABLE_COROUTINE
    function.__code__ = wrong.replace(co_flags=wrong.co_flags | kept)
    return True


def _live(module: str, name: str) -> FunctionType | None:
    found: Any = sys.modules.get(module)
    for part in name.split("."):
        if part not in getattr(found, "__dict__", {}):
            return None
        found = vars(found)[part]
    while not isinstance(found, FunctionType) or hasattr(found, "__wrapped__"):
        inner = _within(found)
        if inner is None:
            return None
        found = inner
    return found


def _within(found: Any) -> Any:
    if isinstance(found, property):
        return found.fget
    if isinstance(found, functools.cached_property):
        return found.func
    return getattr(found, "__wrapped__", None)


def _code_of(code: CodeType, name: str) -> CodeType | None:
    """None if there is none of that name, or more than one."""
    for part in name.split("."):
        inside = list(_of_name(code, part))
        if len(inside) != 1:
            return None
        code = inside[0]
    return code


def _of_name(code: CodeType, name: str) -> Iterator[CodeType]:
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            if constant.co_name == name:
                yield constant
            elif constant.co_name.startswith("<generic parameters of"):
                yield from _of_name(constant, name)
