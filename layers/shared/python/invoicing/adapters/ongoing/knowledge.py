"""What is known of one system while a client works with it, and the writing down of what is new."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from invoicing.adapters.ongoing.things import UnknownName
from invoicing.application.ports import ChangedMeanwhileError, Report, WmsMemory
from invoicing.domain.errors import RetryLaterError
from invoicing.domain.wms_knowledge import WmsFilter, WmsKnowledge

_MOST_NAMES = 300  # an answer with more is no interface, and each is told once


class ProcessMemory:
    """The port WmsMemory for the life of a process."""

    def __init__(self) -> None:
        self._known: dict[str, WmsKnowledge] = {}

    def recall(self, warehouse: str) -> WmsKnowledge:
        """Never fails."""
        return self._known.get(warehouse, WmsKnowledge())

    def remember(self, warehouse: str, knowledge: WmsKnowledge) -> None:
        """Never fails."""
        self._known[warehouse] = knowledge


def confirm_empty(warehouse: str, memory: WmsMemory) -> None:
    """A person says that a result without any list is an empty one in this system. Raises RetryLaterError."""
    memory.remember(warehouse, replace(memory.recall(warehouse), empty_without_list=True))


class SystemKnowledge:
    """The knowledge of one system. Losing a write of it costs calls, so no read fails for it."""

    def __init__(self, warehouse: str, memory: WmsMemory, report: Report) -> None:
        self._warehouse = warehouse
        self._memory = memory
        self._report = report
        self.known = self._stored = memory.recall(warehouse)

    def learn(self, **seen: Any) -> None:
        """Takes what was seen; it is written by `keep`."""
        self.known = replace(self.known, **seen)

    def find_useless(self, *filters: WmsFilter) -> None:
        """Takes filters without their effect, and tells of those that were not known."""
        new = [one for one in filters if one not in self.known.useless]
        for one in new:
            self._report("wms_filter_useless", {"integration": self._warehouse, "filter": one})
        if new:
            self.learn(useless=(*self.known.useless, *new))

    def find_unknown(self, unknown: Mapping[UnknownName, int]) -> None:
        """Takes names that no model has, and tells of each of them once per system."""
        times: Counter[str] = Counter()
        for one, count in unknown.items():
            times[str(one)] += count
        new = sorted(times.keys() - set(self.known.names))[: _MOST_NAMES - len(self.known.names)]
        for name in new:
            self._report("wms_name_unknown", {"integration": self._warehouse, "element": name, "times": times[name]})
        if new:
            self.learn(names=(*self.known.names, *new))

    def keep_of_each[Page](self, pages: Iterator[Page]) -> Iterator[Page]:
        """Writes down what a page taught before it is handed on: who stops reading there may never say so."""
        while True:
            try:
                page = next(pages, None)
            finally:
                self.keep()
            if page is None:
                return
            yield page

    def keep(self) -> None:
        """Writes down what is new, if anything is."""
        if self.known == self._stored:
            return
        self._stored = self.known
        try:
            self._memory.remember(self._warehouse, self.known)
        except (RetryLaterError, ChangedMeanwhileError) as error:
            self._report("wms_knowledge_not_kept", {"integration": self._warehouse, "reason": type(error).__name__})
