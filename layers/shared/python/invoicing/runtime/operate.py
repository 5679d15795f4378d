"""What the service operator asks every day, and does on a bad one: status, logs, start, pause-all, restore."""

import json
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from threading import Lock
from typing import Final, NamedTuple

from invoicing.application.ports import Copied
from invoicing.domain.errors import InvoicingError
from invoicing.domain.integration import Integration, IntegrationStatus, UnreadableIntegration
from invoicing.runtime.log_queries import QUERIES
from invoicing.runtime.order import Order, RefusedError, shown_time, table_of

TABLES: Final = {
    "integrations": "IntegrationsTable",
    "tokens": "TokensTable",
    "exports": "ExportsTable",
    "sessions": "SessionsTable",
    "notices": "NoticesTable",
}
# What schedules invoke, and may be invoked beside them.
SCHEDULED: Final = {
    "dispatch-syncs": "DispatchSyncsFunction",
    "keep-tokens": "KeepTokensFunction",
    "notify-operators": "NotifyOperatorsFunction",
}
_MOST_ROWS = 100  # of an answer of the logs
_WATCH_EVERY = 30.0  # seconds
_TOLD_EVERY = 10_000  # items


class Trouble(NamedTuple):
    """Something that is not as it should be; in the order of gravity, then of age."""

    gravity: int
    since: datetime | None
    what: str
    which: str
    mend: str


def status(order: Order) -> None:
    """invoicing status [--watch]: docs/operate.md"""
    while True:
        found, counts = _look(order)
        if order.asked.watch:
            print("\033[2J\033[H", end="")  # an empty screen
        _tell(order, found, counts)
        if not order.asked.watch:
            break
        time.sleep(_WATCH_EVERY)
    if found:
        raise RefusedError(f"{len(found)} lines need somebody; each says who and what")


def _look(order: Order) -> tuple[list[Trouble], Mapping[str, int]]:
    found = list(_of_the_stack(order))
    counts = dict.fromkeys(["integrations", *IntegrationStatus], 0)
    waiting = {"runs waiting": order.parts.queue.waiting(), "of slow systems": order.parts.slow_queue.waiting()}
    now = order.parts.clock()
    for one in order.parts.integrations.all():
        counts["integrations"] += 1
        if isinstance(one, Integration):
            counts[one.status] += 1
        found += _of_one(one, now)
    return sorted(found, key=lambda one: (one.gravity, one.since is None, one.since, one.which)), {
        **counts,
        **waiting,
    }


def _tell(order: Order, found: list[Trouble], counts: Mapping[str, int]) -> None:
    rows = [
        {
            "since": shown_time(one.since) if one.since else "",
            "what": one.what,
            "which": one.which,
            "what to do": one.mend,
        }
        for one in found
    ]
    if order.asked.json:
        print(json.dumps({"counts": counts, "troubles": rows}, indent=2, ensure_ascii=False))
        return
    print(
        f"{order.stack_name}, {shown_time(order.parts.clock())}: " + ", ".join(f"{n} {of}" for of, n in counts.items())
    )
    print(table_of(rows) if rows else "All is well.")


def _of_the_stack(order: Order) -> Iterator[Trouble]:
    if since := order.parts.integrations.stopped_since():
        yield Trouble(0, since, "THE SERVICE IS PAUSED", order.stack_name, "invoicing resume-all")
    checks = order.parts.stack_checks(order.stack_name, order.outputs, order.parameters)
    for since, name, text in checks.alarms():
        yield Trouble(0, since, "alarm", name.removeprefix(f"{order.stack_name}-"), text)
    for finding in checks.running():
        if not finding.good:
            yield Trouble(1, None, finding.subject, finding.seen, finding.mend)
    for name, letters in {
        "sync": order.parts.sync_dead_letters(),
        "notices": order.parts.notice_dead_letters(),
    }.items():
        if count := letters.count():
            mend = f"invoicing dead-letters show {name}, then redrive {name}"
            yield Trouble(4, None, "dead letters", f"{count} of {name}", mend)


def _of_one(one: Integration | UnreadableIntegration, now: datetime) -> Iterator[Trouble]:
    if isinstance(one, UnreadableIntegration):
        yield Trouble(2, None, "unreadable record", one.id, f"docs/runbooks/restore-backup.md. {one.why}")
        return
    if late := one.late_since(now):
        yield Trouble(3, late, "no run ended", one.id, f"docs/runbooks/silent-integrations.md; invoicing sync {one.id}")
    if one.broken_since:
        mend = "its administrator approves again: the link is in the mail and on its page"
        yield Trouble(5, one.broken_since, "keys to Fortnox are dead", one.id, mend)
    run = one.last_run
    if not one.runs or run is None:
        return
    if run.problem:
        yield Trouble(6, run.finished_at, f"its run was stopped: {run.problem.code}", one.id, "its operator was told")
    elif run.failed:
        mend = f"an alarm rings when it lasts six hours; invoicing issues {one.id}"
        yield Trouble(7, one.good_at, f"{run.failed} invoices are tried again", one.id, mend)
    if run.held:
        yield Trouble(8, run.finished_at, f"{run.held} invoices are held", one.id, "its operator was told")


# ---- look up


def logs(order: Order) -> None:
    """invoicing logs [NAME] [--of ID] [--hours N]"""
    asked = order.asked
    if asked.query is None:
        order.show([{"name": name, "about": query.about} for name, query in QUERIES.items()], nothing="")
        return
    query = QUERIES[asked.query]
    text = f'filter integration = "{asked.of}" | {query.text}' if asked.of else query.text
    groups = [f"/{order.stack_name}/{of}" for of in query.of]
    print(f"invoicing: {', '.join(groups)}, {asked.hours} h: {text}", file=sys.stderr)
    now = order.parts.clock()
    rows = order.parts.log_search().ask(
        groups, text, since=now - timedelta(hours=asked.hours), until=now, limit=_MOST_ROWS
    )
    names = dict.fromkeys(name for row in rows for name in row)
    found = [{name: row.get(name, "") for name in names} for row in rows]
    order.show(found, nothing=f"Nothing of that in the last {asked.hours} hours.")


def show_outputs(order: Order) -> None:
    """invoicing outputs [NAME]"""
    name = order.asked.name
    if name and name not in order.outputs:
        raise RefusedError(f"{order.stack_name} has no output {name}: `invoicing outputs` lists all")
    if name:
        print(order.outputs[name])
        return
    order.show([{"name": one, "value": value} for one, value in sorted(order.outputs.items())], nothing="")


def start(order: Order) -> None:
    """invoicing start FUNCTION: the same as its schedule does; two at once do no harm."""
    name = order.asked.function
    print(f"{name}: {order.parts.invoke_function(order.outputs[SCHEDULED[name]])}")


# ---- stop


def pause_all(order: Order) -> None:
    """invoicing pause-all: docs/runbooks/restore-backup.md"""
    order.parts.integrations.stop(at=order.parts.clock())
    print(
        "No run is begun and no key is renewed from now on. What is under way ends by itself, within 15 minutes. Pages "
        "stay open. `invoicing resume-all` lets it go on."
    )


def resume_all(order: Order) -> None:
    """invoicing resume-all"""
    since = order.parts.integrations.stopped_since()
    if since is None:
        raise RefusedError("the service is not paused")
    order.parts.integrations.go_on()
    print(f"The service goes on with the next schedule. It stood still since {shown_time(since)}.")


# ---- restore


def restore(order: Order) -> None:
    """invoicing restore TABLE --from RESTORED [--only ID]: docs/runbooks/restore-backup.md"""
    asked = order.asked
    target = order.outputs[TABLES[asked.table]]
    progress = _Progress()
    try:
        table = order.parts.restored_table(asked.restored, target)
        done = table.copy_missing(only=asked.only, told=progress.tell)
    except InvoicingError as error:
        raise RefusedError(
            f"{error}\nAt least {progress.so_far.copied} items were brought back. Run the same command again: what is "
            "there is left alone."
        ) from None
    print(f"{target}: {done.copied} items are back; {done.kept} were there already, and are as they were.")


class _Progress:
    """Tells now and then how far a long copy is."""

    def __init__(self) -> None:
        self.so_far = Copied()
        self._lock = Lock()

    def tell(self, page: Copied) -> None:
        with self._lock:
            before = self.so_far.copied + self.so_far.kept
            self.so_far += page
            after = self.so_far.copied + self.so_far.kept
            if after // _TOLD_EVERY > before // _TOLD_EVERY:
                print(f"invoicing: {self.so_far.copied} back, {self.so_far.kept} kept", file=sys.stderr)
