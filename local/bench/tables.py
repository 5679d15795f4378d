"""The measurements as a person reads them."""

from collections.abc import Iterable, Sequence

from local.bench.backlog import Backlog
from local.bench.counts import Calls, Scenario
from local.bench.sizes import Size
from local.bench.starts import StartTimes
from local.bench.story import StoryStep

_KINDS = ("fortnox_calls", "ongoing_calls", "dynamodb_reads", "dynamodb_writes", "other_aws")
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
    rows = [(one.name, *(_counted(one, kind) for kind in _KINDS)) for one in scenarios]
    head = ("", "Fortnox", "Ongoing", "DynamoDB reads", "DynamoDB writes", "other AWS")
    details = [f"{one.name}: {_details(one.calls)}" for one in scenarios]
    return titled("Calls of one run, exact; behind a slash: at most", _table(head, rows), *details)


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


def missed_targets(scenarios: Iterable[Scenario], backlogs: Iterable[Backlog]) -> list[str]:
    """One sentence per target that is not met."""
    return [f"{one.name}: {missed}" for one in scenarios for missed in one.missed] + [
        f"{one.invoices} invoices, calls of {one.call_seconds:.1f} s: {missed}"
        for one in backlogs
        for missed in one.missed
    ]


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
