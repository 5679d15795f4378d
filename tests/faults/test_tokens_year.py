"""A simulated year of ten thousand integrations, with the real engine and a thousand times the usual faults."""

import random
from collections import Counter
from collections.abc import Iterable
from datetime import timedelta
from functools import partial
from itertools import batched

import pytest
from invoicing.domain.tokens import Mode

from tests.faults.findings import Findings
from tests.faults.processes import counted
from tests.faults.share import Share
from tests.faults.token_faults import Fault, faults_at
from tests.faults.token_promises import INCURABLE, PromiseBrokenError
from tests.faults.token_story import INTEGRATION, JANITOR_EVERY, Setup, Story

_SEED = 20_260_302
_SERVICE = 9_900
_PERSONAL = 100  # who decline the service account are few, and each rotation of theirs counts
_DAYS = 365
# Runs that need a new access token. The service account's can be asked for again and again without a loss, so
# that its year is the janitor's: a rotation of the spare each week.
_BETWEEN_RUNS = {Mode.SERVICE: timedelta(days=28), Mode.PERSONAL: timedelta(hours=12)}
_FAULT_RATE = 0.01  # of all calls; one in a hundred thousand is usual
# Others entering at a moment are left out here: the schedules bring them. A refusal by mistake is no accident of
# one call: test_tokens_mass_event has it.
_DRAWN = frozenset(Fault) - {
    Fault.ANOTHER_WORKER,
    Fault.JANITOR,
    Fault.CONSENT,
    Fault.PAUSE,
    Fault.LONG_PAUSE,
    Fault.REFUSED,
}
_AT_ONCE = 50  # integrations that a process is given


class _Year(Story):
    """One integration for a year; the administrator answers a notice after a day."""

    def __init__(self, setup: Setup, seed: int) -> None:
        super().__init__(setup, {})
        self._draw = random.Random(seed)
        self.humans = 0

    def pass_by(self) -> None:
        """Plays it, then lets everything come to rest."""
        self._connect_first()
        self._playing = True
        between = _BETWEEN_RUNS[self.setup.mode]
        for _ in range(timedelta(days=_DAYS) // between):
            self._janitor_until(between)
            if self._is_broken():
                self.humans += 1
                while self._is_broken():
                    self.administrator()
            self.worker()
        self._playing = False
        self._until_at_rest()
        self.promises.check_the_end(INTEGRATION, self.integrations, self.notices, given=self._given, setup=self.setup)

    def _janitor_until(self, wait: timedelta) -> None:
        """The janitor's schedule, skipping the times at which nothing is due."""
        end = self.clock.now + wait
        while (due_at := self._due_at()) is not None and due_at <= end:
            self.clock.move_to(max(self.clock.now + JANITOR_EVERY, due_at))
            self.janitor()
        self.clock.move_to(end)

    def _fault_at(self, call: str) -> Fault | None:
        if self._draw.random() >= _FAULT_RATE:
            return None
        faults = [fault for fault in faults_at(call) if fault in _DRAWN]
        return self._draw.choice(faults) if faults else None


def _years(numbers: Iterable[int], *, mode: Mode) -> Counter[str]:
    """Some integrations, one after the other. A broken promise is told with what happened before it."""
    counts = Counter[str]()
    for number in numbers:
        year = _Year(Setup(name=f"a year in {mode} mode", mode=mode), _SEED + number)
        try:
            year.pass_by()
        except PromiseBrokenError as error:
            trace = "\n  ".join(year.happened)
            raise AssertionError(f"integration {number} in {mode} mode: {error}\n  {trace}") from None
        promises = year.promises
        counts["integrations"] += 1
        counts["calls"] += len(year.calls)
        counts["faults"] += len(year.happened)
        counts["rotations"] += len(promises.pairs)
        counts["unknown outcomes"] += sum(event == "token_outcome_unknown" for event, _ in promises.reports)
        counts["humans needed"] += year.humans
        counts["mails about broken keys"] += len(year.notices.all)
        counts.update(f"healed by {cause}" for cause in promises.healed_by)
        counts.update(f"new pairs lost: {pair.fate}" for pair in promises.pairs if pair.fate in INCURABLE)
    return counts


def _a_year(mode: Mode, integrations: Iterable[int], findings: Findings) -> Counter[str]:
    counts = counted(partial(_years, mode=mode), batched(integrations, _AT_ONCE, strict=False))
    names = dict.fromkeys((*counts, "humans needed", "mails about broken keys"))
    findings.year.update({f"{mode} mode: {name}": counts[name] for name in names})
    return counts


@pytest.mark.enumerated
def test_a_year_in_service_mode_needs_no_human(share: Share, findings: Findings) -> None:
    """Client credentials heal whatever happens to the chain: no mail in a year."""
    counts = _a_year(Mode.SERVICE, range(_SERVICE)[share.number :: share.of**2], findings)

    assert counts["rotations"] > counts["integrations"] * 40
    assert counts["faults"] > counts["integrations"]
    assert counts["humans needed"] == 0
    assert counts["mails about broken keys"] == 0


@pytest.mark.enumerated
def test_a_year_in_personal_mode_needs_humans_only_for_the_incurable(share: Share, findings: Findings) -> None:
    """One mail for each human who is needed, and each explained by a loss that no protocol prevents."""
    counts = _a_year(Mode.PERSONAL, range(_PERSONAL)[share.number :: share.of], findings)
    lost = sum(count for name, count in counts.items() if name.startswith("new pairs lost"))

    assert counts["rotations"] > counts["integrations"] * _DAYS
    assert 0 < counts["humans needed"] == counts["mails about broken keys"]
    assert counts["humans needed"] <= lost


@pytest.mark.parametrize("mode", list(Mode))
def test_a_year_can_be_repeated_exactly(mode: Mode) -> None:
    """The same seed gives the same year."""
    assert _years([7], mode=mode) == _years([7], mode=mode)
