"""Long enumerations on every core of the machine."""

from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context


def counted[Part](count: Callable[[Part], Counter[str]], parts: Iterable[Part]) -> Counter[str]:
    """The sum of what each part counts. Raises what the first of them raises."""
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as processes:
        return sum(processes.map(count, parts), Counter[str]())
