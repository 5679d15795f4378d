"""The measurements as a person reads them."""

from collections.abc import Callable, Iterable, Sequence

from local.bench import prices
from local.bench.backlog import Backlog
from local.bench.comparison import (
    HISTORIES,
    ODD_PRICE_EVERY,
    PER_RUN,
    RUNS,
    RUNS_WITHOUT_CUTS,
    SHARE_CUT,
    Compared,
)
from local.bench.costs import BATCH, IDLE_BATCH_SECONDS, WAREHOUSES, Cost
from local.bench.counts import Calls, Scenario
from local.bench.memory import FUNCTION_MEGABYTES, RunCost
from local.bench.sizes import Size
from local.bench.specifications import SpecificationCost
from local.bench.starts import StartTimes
from local.bench.story import StoryStep
from local.bench.targets import Verdict

_KINDS = ("fortnox_calls", "ongoing_calls", "dynamodb_reads", "dynamodb_writes", "other_aws")
_DECIMALS = 6  # of a dollar
_MEGABYTE = 1_000_000


def starts_table(times: Iterable[StartTimes], rounds: int) -> str:
    """Cold starts beside the SDK's."""
    rows = [
        (
            "import boto3" if one.name == "sdk" else one.name,
            f"{one.import_ms:.0f}",
            f"{one.import_ratio:.2f}",
            "" if one.page_ms is None else f"{one.page_ms:.0f}",
            "" if one.page_ratio is None else f"{one.page_ratio:.2f}",
            f"{one.client_ms:.0f}",
            f"{one.ready_ratio:.2f}",
        )
        for one in times
    ]
    head = ("", "import ms", "× boto3", "first page ms", "× boto3", "first client ms", "× boto3 + client")
    return titled(
        f"Cold starts, processor time, medians of {rounds} fresh interpreters each, taking turns",
        _table(head, rows),
        "From the built artefact, after the interpreter itself. Each × is to the SDK alone doing the same:",
        "`import boto3` (for the import, and for import and first page together), and with its first DynamoDB client.",
    )


def sizes_table(sizes: Sequence[Size]) -> str:
    """Layers and functions."""
    rows = [
        (one.name, f"{one.zipped / 1000:,.1f}", f"{one.unzipped / 1000:,.1f}", str(one.uncompiled)) for one in sizes
    ]
    largest = [
        f"{one.name}: "
        + ", ".join(f"{name} {size / _MEGABYTE:.1f} MB" for name, size in one.parts.items() if size >= _MEGABYTE / 10)
        for one in sizes
        if len(one.parts) > 1
    ]
    return titled("Sizes", _table(("", "zip kB", "unzipped kB", "modules without bytecode"), rows), *largest)


def story_table(steps: Sequence[StoryStep]) -> str:
    """The demo's story."""
    if not steps:
        return titled("Calls per step of the story", "Not known: `make demo` writes build/demo/report.json.")
    rows = [
        (step.name if step.held else f"{step.name} (did not hold)", str(step.fortnox_calls), str(step.ongoing_calls))
        for step in steps
    ]
    total = ("all", str(sum(step.fortnox_calls for step in steps)), str(sum(step.ongoing_calls for step in steps)))
    return titled(
        "Calls per step of the story, from the last `make demo`", _table(("", "Fortnox", "Ongoing"), [*rows, total])
    )


def counts_table(scenarios: Sequence[Scenario]) -> str:
    """Counted calls, each with its target behind it."""
    rows = [
        (
            one.name,
            *(_counted(one, kind) for kind in _KINDS),
            f"{one.calls.read_units:g}",
            f"{one.calls.write_units:g}",
        )
        for one in scenarios
    ]
    head = ("", "Fortnox", "Ongoing", "DynamoDB reads", "DynamoDB writes", "other AWS", "read units", "write units")
    details = [f"{one.name}: {_details(one.calls)}" for one in scenarios]
    return titled(
        "Calls of one run, exact; behind a slash: at most",
        _table(head, rows),
        "Units of DynamoDB are computed from the sizes of items by its documented rules.",
        *details,
    )


def backlogs_table(backlogs: Iterable[Backlog]) -> str:
    """Drained backlogs."""
    rows = [
        (
            f"{one.invoices} invoices, calls of {one.call_seconds:.1f} s",
            str(one.fortnox_calls),
            str(one.refused),
            f"{one.seconds:.1f}",
            f"{one.share:.1%} / 95 %",
        )
        for one in backlogs
    ]
    return titled(
        "A backlog, on the simulators' clock",
        _table(("", "Fortnox calls", "429s / 0", "seconds", "of the limit / at least"), rows),
        "The limit is calls ÷ 5 per second. Lengths of calls are assumed; those to Fortnox and Ongoing take the same.",
    )


def comparison_table(compared: Sequence[Compared]) -> str:
    """Ours, first, beside the others; behind a number: how many times ours."""
    ours = compared[0]

    def line(name: str, value: Callable[[Compared], float], form: str = "g") -> tuple[str, ...]:
        def cell(one: Compared) -> str:
            times = f" ({value(one) / value(ours):.1f}×)" if one is not ours and value(ours) else ""
            return f"{value(one):{form}}{times}"

        return (name, *map(cell, compared))

    first = ours.backlog
    rows = [
        line("Fortnox calls for 1 new invoice of 3 known articles", lambda one: one.one.fortnox_calls),
        line("Ongoing calls for it", lambda one: one.one.ongoing_calls),
        line(f"backlog of {first.invoices} in one run: Fortnox calls", lambda one: one.backlog.fortnox_calls),
        line("  refused with 429", lambda one: one.backlog.refused),
        line("  seconds", lambda one: one.backlog.seconds, ".0f"),
        line("  times what the limit allows", lambda one: one.backlog.seconds / one.backlog.least_seconds, ".2f"),
        line(
            f"calls cut, {ours.lost_answers.invoices} invoices: twice in Fortnox",
            lambda one: one.lost_answers.duplicates,
        ),
        line("  not in Fortnox", lambda one: one.lost_answers.missing),
        line("  in Fortnox, not marked in Ongoing", lambda one: one.lost_answers.unmarked),
        line("  with another amount than in Ongoing", lambda one: one.lost_answers.wrong),
        line(f"  histories of {HISTORIES} that ended signed out", lambda one: one.lost_answers.signed_out),
    ]
    return titled(
        "Beside a plain script: same simulators, same invoices, on their clock",
        _table(("", *(one.name for one in compared)), rows),
        f"In the backlog each call takes {first.call_seconds:.1f} s; the limit allows one per invoice, 5 per second.",
        f"Cut: {SHARE_CUT:.0%} of all calls before and {SHARE_CUT:.0%} after they were carried out, in {HISTORIES}"
        f" histories of {RUNS} runs with {PER_RUN} new invoices each; then {RUNS_WITHOUT_CUTS} runs without.",
        f"One invoice in {ODD_PRICE_EVERY} has a price of three decimals.",
        "Signed out: a refresh token was lost; until a person approves again, nothing is sent.",
    )


def memory_table(costs: Sequence[RunCost]) -> str:
    """Memory and time of runs; each is compared with the one before it."""
    rows = [
        (
            f"{one.invoices} × {one.charges:,} charges",
            f"{one.megabytes:.0f}",
            f"{one.share:.0%}",
            "" if before is None else f"{one.megabytes / before.megabytes:.2f}",
            f"{one.seconds:.2f}",
            "" if before is None else f"{one.seconds / before.seconds:.1f}",
        )
        for before, one in zip((None, *costs), costs, strict=False)
    ]
    return titled(
        "Memory and processor time of one run, in a process of its own",
        _table(("", "peak MB", f"of {FUNCTION_MEGABYTES} MB", "× before", "seconds", "× before"), rows),
        "Invoices × charges on each. × before: to the line above.",
    )


def specifications_table(costs: Sequence[SpecificationCost]) -> str:
    """What drawing takes."""
    rows = [
        (f"{one.charges:,} charges", f"{one.megabytes:.0f}", f"{one.seconds:.2f}", f"{one.kilobytes:,.0f}")
        for one in costs
    ]
    return titled(
        "Specifications as PDF, each in a process of its own",
        _table(("", "MB more", "seconds", "kB of the file"), rows),
        "From charges that are in memory: draft, tie and drawing, the import of what draws included.",
    )


def costs_table(costs: Sequence[Cost]) -> str:
    """Estimated dollars."""
    services = list(dict.fromkeys(service for one in costs for service in one.parts))
    rows = [
        (
            one.name,
            *(f"{one.parts.get(service, 0.0):.{_DECIMALS}f}" for service in services),
            f"{one.usd:.{_DECIMALS}f}",
        )
        for one in costs
    ]
    return titled(
        f"Estimated cost in USD, from list prices of {prices.REGION} ({prices.AS_OF}) without the free tier",
        _table(("", *services, "all"), rows),
        f"{BATCH} idle runs share an invocation of {IDLE_BATCH_SECONDS} s; "
        f"{WAREHOUSES:,} warehouses share what is there once.",
    )


def targets_table(verdicts: Iterable[Verdict]) -> str:
    """What was promised, beside what was measured."""
    rows = [
        (one.what, one.wanted, one.measured, "met" if one.met else "MISSED", "" if one.is_count else "not a count")
        for one in verdicts
    ]
    return titled("Targets", _table(("", "wanted", "measured", "", ""), rows))


def titled(title: str, *paragraphs: str) -> str:
    """A section of the output."""
    indented = ("\n".join(f"  {line}" for line in paragraph.splitlines()) for paragraph in paragraphs if paragraph)
    return "\n".join([title, "", *indented, ""])


def _counted(scenario: Scenario, kind: str) -> str:
    measured = str(getattr(scenario.calls, kind))
    wanted = next((f" / {target.at_most}" for target in scenario.targets if target.kind == kind), "")
    return f"{measured}{wanted}"


def _details(calls: Calls) -> str:
    counted = [*calls.fortnox.items(), *calls.ongoing.items(), *calls.aws.items()]
    return ", ".join(f"{count} {name}" for name, count in counted)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """The first column to the left, the others to the right."""
    lines = [head, *rows]
    widths = [max(len(line[column]) for line in lines) for column in range(len(head))]
    return "\n".join(
        "  ".join(
            cell.rjust(width) if column else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )
