"""A simulated year of many integrations, with the real engine and a thousand times the usual faults."""

import random
from collections import Counter
from datetime import timedelta

from invoicing.domain.tokens import Mode

from tests.faults.findings import Findings
from tests.faults.token_faults import Fault, faults_at
from tests.faults.token_story import INTEGRATION, JANITOR_EVERY, Setup, Story

_SEED = 20_260_302
_EACH_MODE = 10  # integrations; what fits into half a minute
_DAYS = 365
_RUNS_A_DAY = 2  # that need Fortnox, hours apart: each needs a new access token
_FAULT_RATE = 0.01  # of all calls; one in a hundred thousand is usual
# Others entering at a moment are left out here: the schedules bring them.
_DRAWN = frozenset(Fault) - {
    Fault.ANOTHER_WORKER,
    Fault.JANITOR,
    Fault.CONSENT,
    Fault.PAUSE,
    Fault.LONG_PAUSE,
}


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
        for _ in range(_DAYS * _RUNS_A_DAY):
            self._janitor_until(timedelta(days=1) / _RUNS_A_DAY)
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


def _a_year(mode: Mode, integrations: int) -> tuple[Counter[str], int]:
    counts = Counter[str]()
    humans = 0
    for number in range(integrations):
        year = _Year(Setup(name=f"a year in {mode} mode", mode=mode), _SEED + number)
        year.pass_by()
        humans += year.humans
        counts["integrations"] += 1
        counts["calls"] += len(year.calls)
        counts["faults"] += len(year.happened)
        counts["rotations"] += len(year.promises.pairs)
        counts["unknown outcomes"] += sum(event == "token_outcome_unknown" for event, _ in year.promises.reports)
        counts["mails about broken keys"] += len(year.notices.all)
        counts.update(f"healed by {cause}" for cause in year.promises.healed_by)
    return counts, humans


def test_a_year_in_service_mode_needs_no_human(one_in: int, findings: Findings) -> None:
    """Client credentials heal whatever happens to the chain: no mail in a year."""
    counts, humans = _a_year(Mode.SERVICE, _EACH_MODE // one_in)
    findings.year.update({f"service mode: {name}": count for name, count in counts.items()})
    findings.year["service mode: humans needed"] = humans

    assert counts["faults"] > 10
    assert humans == 0
    assert counts["mails about broken keys"] == 0


def test_a_year_in_personal_mode_needs_humans_only_for_the_incurable(one_in: int, findings: Findings) -> None:
    """One mail for each human who is needed, and each explained by a loss that no protocol prevents."""
    counts, humans = _a_year(Mode.PERSONAL, _EACH_MODE // one_in)
    findings.year.update({f"personal mode: {name}": count for name, count in counts.items()})
    findings.year["personal mode: humans needed"] = humans

    assert counts["rotations"] > counts["integrations"] * _DAYS
    assert humans == counts["mails about broken keys"]
    assert humans < counts["faults"] / 5
