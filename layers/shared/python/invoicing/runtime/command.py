"""The service operator's command: customer ids, integrations and their health, syncs, tokens, dead letters.

    invoicing --stack-name invoicing-prod integrations

It asks the stack for the names of tables and queues, so the AWS credentials and region of the environment are
all that it needs; AWS_ENDPOINT_URL leads it to a local stack. It prints no sealed value, no key and no password.
Exit code 0: done. 1: not done, and the error says why. 2: it was called wrongly.
"""

import argparse
import base64
import json
import os
import sys
import tomllib
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from getpass import getpass
from importlib.metadata import version
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, AliasPath, AwareDatetime, BeforeValidator, Field

from invoicing.application.ports import DeadLetters, JournalEntry
from invoicing.domain.errors import InvoicingError, UpstreamContractError
from invoicing.domain.integration import Integration, UnreadableIntegration
from invoicing.domain.system import CustomerId, NotASystemError, Warehouse, is_warehouse_name, parse_system
from invoicing.domain.wms_invoice import WmsLogin
from invoicing.runtime import operate, operate_one
from invoicing.runtime.bootstrap import Bootstrap, describe_stack
from invoicing.runtime.check_fortnox import rows_of, write_shape
from invoicing.runtime.check_stack import check_outside
from invoicing.runtime.forget import forget
from invoicing.runtime.log_queries import QUERIES
from invoicing.runtime.order import Order, RefusedError, fields_of, printable, shown_time, table_of
from invoicing.runtime.settings import CheckSettings, CommandSettings, ForgetSettings
from invoicing.runtime.verify import verify
from invoicing.wire import Key, Message, NotJsonError, Text, parse_json, read

_SHOWN_LETTERS = 100
PASSWORD_VARIABLE = "INVOICING_WMS_PASSWORD"  # noqa: S105  # the name of a variable
MENDED_IN = "layers/shared/python/invoicing/adapters/ongoing/beliefs.py"
_ONLY_OF_ONE = frozenset({"connected", "address"})  # too wide for the table of all
_REDRIVEN_LETTERS = 10_000
_QUEUES: Mapping[str, Callable[[Bootstrap], DeadLetters]] = {
    "sync": Bootstrap.sync_dead_letters,
    "notices": Bootstrap.notice_dead_letters,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Carries out one call; gives the exit code. `arguments` are those of the process unless given."""
    parser = parser_of_all()
    asked = parser.parse_args(arguments)
    stack_name = asked.stack_name or os.environ.get("INVOICING_STACK") or _stack_of_checkout(Path.cwd())
    if not stack_name:
        parser.error("which stack? Give --stack-name, set INVOICING_STACK, or stand in a folder with a samconfig.toml")
    try:
        outputs, parameters = describe_stack(stack_name)
        parts = Bootstrap(asked.settings.of_stack(stack_name, outputs, parameters), report=_tell_aside)
        asked.act(Order(asked=asked, parts=parts, stack_name=stack_name, outputs=outputs, parameters=parameters))
    except (InvoicingError, RefusedError) as error:
        for line in str(error).split("\n"):
            print(f"invoicing: {printable(line)}", file=sys.stderr)
        return 1
    return 0


def _tell_aside(event: str, fields: Mapping[str, str | int]) -> None:
    """What a function would log. A key that can be stored nowhere is in such a line, so none is dropped."""
    print(json.dumps({"message": event, **fields}, ensure_ascii=False), file=sys.stderr)


# ---- customer ids


def list_customer_ids(order: Order) -> None:
    """invoicing customer-ids list"""
    found = sorted(order.parts.integrations.customer_ids(), key=lambda pair: (len(pair[0]), pair[0]))
    rows = [{"customer id": customer_id, "system": warehouse} for customer_id, warehouse in found]
    order.show(rows, nothing="The directory is empty: systems are known by their address alone.")


def add_customer_id(order: Order) -> None:
    """invoicing customer-ids add CUSTOMER_ID SYSTEM"""
    customer_id, warehouse = order.asked.customer_id, order.asked.system
    before = order.parts.integrations.warehouse_of(customer_id)
    if before not in {None, warehouse} and not order.asked.replace:
        # Whoever writes this id on the start page has the password sent to the system behind it.
        raise RefusedError(
            f"customer id {customer_id} leads to {before} already; with --replace it will lead to {warehouse}"
        )
    order.parts.integrations.set_customer_id(customer_id, warehouse)
    print(f"Customer id {customer_id} leads to {warehouse}.")


def remove_customer_id(order: Order) -> None:
    """invoicing customer-ids remove CUSTOMER_ID"""
    if not order.parts.integrations.remove_customer_id(order.asked.customer_id):
        raise RefusedError(f"customer id {order.asked.customer_id} is not in the directory")
    print(f"Customer id {order.asked.customer_id} is removed. Its integration, if there is one, goes on.")


# ---- integrations


def show_integrations(order: Order) -> None:
    """invoicing integrations [ID]"""
    wanted = order.asked.integration_id
    found = (
        [operate_one.integration_of(order)]
        if wanted
        else sorted(order.parts.integrations.all(), key=lambda one: one.id)
    )
    rows = [_health(one, _keys_of(order, one.id), order.parts.clock()) for one in found if isinstance(one, Integration)]
    for one in found:
        if isinstance(one, UnreadableIntegration):
            print(f"invoicing: {one.id} cannot be read: {one.why}", file=sys.stderr)
    if order.asked.json:
        order.show(rows, nothing="")
    elif wanted:
        print(fields_of(rows[0]))
        changes = [
            {"at": shown_time(change.at), "what": change.kind, "by": change.by}
            for one in found
            if isinstance(one, Integration)
            for change in one.changes
        ]
        if changes:
            print()
            print(table_of(changes))
    else:
        short = [{name: value for name, value in row.items() if name not in _ONLY_OF_ONE} for row in rows]
        order.show(short, nothing="No system is connected yet.")


def show_history(order: Order) -> None:
    """invoicing history ID INVOICE"""
    integration_id, invoice_id = order.asked.integration_id, order.asked.invoice_id
    export = order.parts.exports.get(integration_id, invoice_id)
    if export is None:
        raise RefusedError(
            f"{integration_id} has no record of invoice {invoice_id}. The number is Ongoing's id of the invoice; "
            "one that was never due has no record."
        )
    facts = {
        "state": export.state,
        "WMS number": export.wms_number,
        "goods owner": export.goods_owner,
        "amount": f"{export.amount} {export.currency}".strip(),
        "Fortnox number": export.fortnox_number,
        "Fortnox net": "" if export.fortnox_net is None else str(export.fortnox_net),
        "issue": export.issue.code if export.issue else "",
    }
    rows = [{"at": shown_time(one.at), "event": one.kind, "by": one.by, "detail": one.detail} for one in export.history]
    if order.asked.json:
        print(json.dumps({**facts, "history": rows}, indent=2, ensure_ascii=False))
        return
    print(fields_of(facts))
    print()
    print(table_of(rows))


# ---- tokens


def restore_token(order: Order) -> None:
    """invoicing tokens restore FILE: docs/runbooks/token-third-sink.md"""
    try:
        text = order.asked.line.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise RefusedError(f"{order.asked.line} cannot be read: {error}") from None
    for line in [read_third_sink(text) for text in _lines_of(text)]:
        entry = JournalEntry(attempt_id=line.attempt, blob=line.ciphertext, received_at=line.received_at)
        order.parts.journal.record(line.integration, line.chain, line.version, entry)
        print(
            f"Version {line.version} of the keys of {line.integration} is in the journal; keep_tokens adopts it from "
            "there."
        )


def _lines_of(text: str) -> list[str]:
    """One line as CloudWatch shows it, or all that `invoicing logs third-sink --json` found."""
    try:
        found = parse_json(text)
    except NotJsonError:
        return [text]
    if not isinstance(found, list) or not found:
        return [text]
    return [str(row.get("@message", "")) if isinstance(row, dict) else "" for row in found]


def _unsealed(value: object) -> bytes:
    return base64.b64decode(str(value), validate=True)


def _third_sink_only(value: object) -> object:
    if value != "token_third_sink":
        raise ValueError("is not a token_third_sink")
    return value


def _part_of_key(value: str) -> str:
    if "/" in value:
        raise ValueError("is no part of a key of the journal")
    return value


type _KeyPart = Annotated[Key, AfterValidator(_part_of_key)]


class _ThirdSink(Message):
    """One line of the log. Whether its ciphertext is good is found out by whoever can open it."""

    message: Annotated[str, BeforeValidator(_third_sink_only)]
    integration: _KeyPart
    chain: _KeyPart
    attempt: _KeyPart
    version: int
    received_at: AwareDatetime
    ciphertext: Annotated[bytes, BeforeValidator(_unsealed)]


def read_third_sink(text: str) -> _ThirdSink:
    """Raises RefusedError, which names the field and shows no text."""
    try:
        return read(_ThirdSink, parse_json(text), what="that is no line of the log")
    except (NotJsonError, UpstreamContractError) as error:
        raise RefusedError(
            f"{error}. It must be the whole line: one JSON object, as CloudWatch shows @message"
        ) from None


# ---- before the first customer


def check_stack(order: Order) -> None:
    """invoicing check stack: docs/first-contact.md"""
    url = order.outputs["ApiUrl"]
    outside = check_outside(url, transport=order.parts.transport, oauth=order.parts.oauth(url), clock=order.parts.clock)
    checks = order.parts.stack_checks(order.stack_name, order.outputs, order.parameters)
    findings = [*checks.all(), *outside]
    rows = [
        {"": "ok" if one.good else "WRONG", "what": one.subject, "seen": one.seen, "mend": one.mend} for one in findings
    ]
    order.show(rows, nothing="")
    if wrong := sum(not one.good for one in findings):
        raise RefusedError(f"{wrong} of {len(findings)} lines are wrong; each says how to mend it")


def check_fortnox(order: Order) -> None:
    """invoicing check fortnox ID [--write TENANT_ID]: docs/first-contact.md"""
    integration = operate_one.integration_of(order)
    write = order.asked.write
    if write and write != integration.company.tenant_id:
        raise RefusedError(
            f"{integration.id} is connected to company {integration.company.tenant_id} and not to {write}: nothing is "
            "written. --write takes the tenant id of a test company."
        )
    order.parts.invoked(operate_one.Unhurried())
    contact = order.parts.first_contact(integration)
    learned = contact.learn(write=bool(write), today=order.parts.clock().date().isoformat())
    order.show(rows_of(learned), nothing="")
    try:
        write_shape(contact.shape.report(), order.asked.shape)
    except OSError as error:
        raise RefusedError(f"the shape report cannot be written: {error}") from None
    print(f"invoicing: the shape of the answers, without any value, is in {order.asked.shape}", file=sys.stderr)
    if any(one.stops for one in learned):
        raise RefusedError("this Fortnox differs from what is believed: see the lines with NEW and STOP")


def check_wms(order: Order) -> None:
    """invoicing check wms SYSTEM [--write INVOICE]: docs/first-contact.md"""
    asked = order.asked
    password = os.environ.get(PASSWORD_VARIABLE) or getpass(f"Password of {asked.username} in {asked.system}: ")
    login = WmsLogin(warehouse=asked.system, username=asked.username, password=password)
    if asked.confirm_empty:
        order.parts.wms_confirm_empty(login)
    found = order.parts.examine_wms(login, write=asked.write, may_be_empty=asked.confirm_empty)
    order.show(rows_of(found.learned), nothing="")
    try:
        write_shape(found.shape, asked.shape)
    except OSError as error:
        raise RefusedError(f"the shape report cannot be written: {error}") from None
    print(f"invoicing: the shape of the answers, without any value, is in {asked.shape}", file=sys.stderr)
    if not found.is_understood:
        lines = "".join(f"\n  {line}" for line in found.mends)
        mended = f". Lines to add in {MENDED_IN}:{lines}" if lines else ": see the lines with STOP"
        raise RefusedError(f"{asked.system} is not understood yet, and nothing of it is sent before it is{mended}")
    print("This system is understood.")


# ---- dead letters


def show_dead_letters(order: Order) -> None:
    """invoicing dead-letters show"""
    rows: list[Mapping[str, Any]] = []
    for name in _asked_queues(order):
        letters = _QUEUES[name](order.parts)
        shown = letters.show(limit=_SHOWN_LETTERS)
        rows += [{"queue": name, "since": shown_time(one.sent_at), "id": one.id, "body": one.body} for one in shown]
        if (count := letters.count()) > len(shown):
            print(f"invoicing: {name}: {len(shown)} of about {count} are shown", file=sys.stderr)
    hidden = sum(_QUEUES[name](order.parts).count() for name in _asked_queues(order))
    order.show(
        rows,
        nothing=f"None can be shown: somebody else is looking at {hidden}. Look again in two minutes."
        if hidden
        else "There are no dead letters.",
    )


def redrive_dead_letters(order: Order) -> None:
    """invoicing dead-letters redrive"""
    for name in _asked_queues(order):
        done = _QUEUES[name](order.parts).redrive(limit=_REDRIVEN_LETTERS)
        print(f"{name}: {done} given back.")


def _asked_queues(order: Order) -> Iterable[str]:
    return [order.asked.queue] if order.asked.queue else _QUEUES


# ---- how it is asked


def parser_of_all() -> argparse.ArgumentParser:
    """Every command; what documents print is tried with it."""
    parser = argparse.ArgumentParser(prog="invoicing", description="For whoever runs the service.")
    parser.set_defaults(settings=CommandSettings)
    parser.add_argument("--version", action="version", version=f"invoicing {version('ongoing-fortnox-invoicing')}")
    parser.add_argument("--stack-name", default="", help="default: INVOICING_STACK, else that of samconfig.toml")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    as_json = argparse.ArgumentParser(add_help=False)
    as_json.add_argument("--json", action="store_true", help="for programs")

    directory = commands.add_parser("customer-ids", help="the directory of customer ids of systems")
    directory_commands = directory.add_subparsers(required=True, metavar="COMMAND")
    listed = directory_commands.add_parser("list", parents=[as_json], help="show all")
    listed.set_defaults(act=list_customer_ids)
    added = directory_commands.add_parser("add", help="let a customer id lead to a system")
    added.add_argument("customer_id", type=_customer_id, metavar="CUSTOMER_ID")
    added.add_argument("system", type=_warehouse, metavar="SYSTEM", help="its address, or the name in it")
    added.add_argument("--replace", action="store_true", help="even if it leads to another system now")
    added.set_defaults(act=add_customer_id)
    removed = directory_commands.add_parser("remove", help="forget a customer id")
    removed.add_argument("customer_id", type=_customer_id, metavar="CUSTOMER_ID")
    removed.set_defaults(act=remove_customer_id)

    _add_daily(commands, as_json)

    shown = commands.add_parser("integrations", parents=[as_json], help="all integrations and their health, or one")
    shown.add_argument("integration_id", nargs="?", default="", metavar="ID")
    shown.set_defaults(act=show_integrations)

    _add_of_one(commands, as_json)
    _add_looks(commands, as_json)

    started = commands.add_parser("sync", help="queue a run of one integration")
    started.add_argument("integration_id", metavar="ID")
    started.set_defaults(act=operate_one.sync)

    history = commands.add_parser("history", parents=[as_json], help="what was done with one invoice")
    history.add_argument("integration_id", metavar="ID")
    history.add_argument("invoice_id", type=int, metavar="INVOICE", help="Ongoing's id of the invoice")
    history.set_defaults(act=show_history)

    tokens = commands.add_parser(
        "tokens", help="keys to Fortnox: whether they work, and those that only a log line has"
    )
    token_commands = tokens.add_subparsers(required=True, metavar="COMMAND")
    restored = token_commands.add_parser("restore", help="put the ciphertext of a token_third_sink into the journal")
    restored.add_argument("line", type=Path, metavar="FILE", help="holds the line of the log")
    restored.set_defaults(act=restore_token)
    tried = token_commands.add_parser("check", parents=[as_json], help="ask Fortnox with the keys of one integration")
    tried.add_argument("integration_id", metavar="ID")
    tried.set_defaults(act=operate_one.check_tokens, settings=CheckSettings)

    _add_checks(commands, as_json)

    letters = commands.add_parser("dead-letters", help="runs and notices that failed for good")
    letter_commands = letters.add_subparsers(required=True, metavar="COMMAND")
    looked_at = letter_commands.add_parser("show", parents=[as_json], help="look at them; they stay")
    looked_at.set_defaults(act=show_dead_letters)
    redriven = letter_commands.add_parser("redrive", help="try all of them again")
    redriven.set_defaults(act=redrive_dead_letters)
    for command in (looked_at, redriven):
        command.add_argument("queue", nargs="?", choices=[*_QUEUES], default=None, help="default: both")
    return parser


def _add_daily(commands: Any, as_json: argparse.ArgumentParser) -> None:
    seen = commands.add_parser("status", parents=[as_json], help="only what is not as it should be, worst first")
    seen.add_argument("--watch", action="store_true", help="again every half minute, until Ctrl-C")
    seen.set_defaults(act=operate.status)

    stopped = commands.add_parser("pause-all", help="no run and no renewal of keys, until resume-all")
    stopped.set_defaults(act=operate.pause_all)
    resumed = commands.add_parser("resume-all", help="go on after pause-all")
    resumed.set_defaults(act=operate.resume_all)

    brought = commands.add_parser("restore", help="bring back what a table lacks from one made of a backup")
    brought.add_argument("table", choices=[*operate.TABLES])
    brought.add_argument("--from", dest="restored", required=True, metavar="NAME", help="of the table made of a backup")
    brought.add_argument("--only", default="", metavar="ID", help="only items of this key")
    brought.set_defaults(act=operate.restore)


def _add_of_one(commands: Any, as_json: argparse.ArgumentParser) -> None:
    paused = commands.add_parser("pause", help="let one integration rest; its page says who did it")
    paused.set_defaults(act=operate_one.pause_one)
    resumed = commands.add_parser("resume", help="let it go on")
    resumed.add_argument("--anyway", action="store_true", help="even if somebody else paused it")
    resumed.set_defaults(act=operate_one.resume_one)
    for command in (paused, resumed):
        command.add_argument("integration_id", metavar="ID")
    stopped = commands.add_parser("issues", parents=[as_json], help="what is held, since when, and who mends it")
    stopped.add_argument("integration_id", nargs="?", default="", metavar="ID", help="default: all, by kind")
    stopped.set_defaults(act=operate_one.issues)

    mailed = commands.add_parser("notices", parents=[as_json], help="what was mailed about one, to whom, and is due")
    mailed.add_argument("integration_id", type=_warehouse, metavar="ID")
    mailed.set_defaults(act=operate_one.notices)

    months = commands.add_parser("months", help="what months came to")
    month_commands = months.add_subparsers(required=True, metavar="MONTHS_COMMAND")
    anew = month_commands.add_parser("rebuild", help="count them anew from the records of one integration")
    anew.add_argument("integration_id", metavar="ID")
    anew.set_defaults(act=operate_one.rebuild_months)
    proven = commands.add_parser("verify", parents=[as_json], help="prove that nothing of a history was changed")
    proven.add_argument("integration_id", nargs="?", default="", metavar="ID", help="default: all")
    proven.add_argument("--acknowledge", metavar="WHY", help="write down what is broken and why, and go on from there")
    proven.set_defaults(act=verify)

    gone = commands.add_parser("forget", help="take an integration out, but for the history that bookkeeping needs")
    gone.add_argument("integration_id", metavar="ID")
    gone.set_defaults(act=forget, settings=ForgetSettings)


def _add_looks(commands: Any, as_json: argparse.ArgumentParser) -> None:
    asked = commands.add_parser("logs", parents=[as_json], help="ask the logs; without a name: what can be asked")
    asked.add_argument("query", nargs="?", choices=[*QUERIES], metavar="NAME")
    asked.add_argument("--of", type=_warehouse, metavar="ID", help="only of this integration")
    asked.add_argument("--hours", default=24, type=int, help="how far back; default: 24")
    asked.set_defaults(act=operate.logs)
    outputs = commands.add_parser("outputs", parents=[as_json], help="names and addresses of the stack's parts")
    outputs.add_argument("name", nargs="?", default="", metavar="NAME", help="only the value of this one")
    outputs.set_defaults(act=operate.show_outputs)
    begun = commands.add_parser("start", help="invoke what a schedule invokes, now")
    begun.add_argument("function", choices=[*operate.SCHEDULED])
    begun.set_defaults(act=operate.start)


def _add_checks(commands: Any, as_json: argparse.ArgumentParser) -> None:
    checks = commands.add_parser("check", help="what must be true before the first customer")
    checks.set_defaults(settings=CheckSettings)
    check_commands = checks.add_subparsers(required=True, metavar="COMMAND")
    of_stack = check_commands.add_parser(
        "stack", parents=[as_json], help="mail, alarms, schedules, keys, Fortnox's app"
    )
    of_stack.set_defaults(act=check_stack)
    of_fortnox = check_commands.add_parser("fortnox", parents=[as_json], help="the first half hour with a company")
    of_fortnox.add_argument("integration_id", metavar="ID")
    of_fortnox.add_argument("--write", default="", metavar="TENANT_ID", help="make invoices in this test company")
    of_fortnox.add_argument("--shape", type=Path, default=Path("fortnox-shape.json"), metavar="FILE")
    of_fortnox.set_defaults(act=check_fortnox)
    of_wms = check_commands.add_parser("wms", parents=[as_json], help="the first half hour with a system of Ongoing")
    of_wms.add_argument("system", type=_warehouse, metavar="SYSTEM", help="its address, or the name in it")
    of_wms.add_argument("--username", required=True, help="of its Automation user; the password is asked for")
    of_wms.add_argument("--write", type=int, metavar="INVOICE", help="also write to this invoice, and put it back")
    of_wms.add_argument("--confirm-empty", action="store_true", help="a result without any list means no invoices")
    of_wms.add_argument("--shape", type=Path, default=Path("wms-shape.json"), metavar="FILE")
    of_wms.set_defaults(act=check_wms)


def _customer_id(text: str) -> str:
    try:
        parsed = parse_system(text)
    except NotASystemError:
        parsed = None
    if not isinstance(parsed, CustomerId):
        raise argparse.ArgumentTypeError(f"{text!r} is no customer id: at most ten digits")
    return parsed.value


def _warehouse(text: str) -> str:
    if is_warehouse_name(text) and not text.isdigit():
        return text
    try:
        parsed = parse_system(text)
    except NotASystemError:
        parsed = None
    if not isinstance(parsed, Warehouse):
        raise argparse.ArgumentTypeError(f"{text!r} is no system: an address such as demo.ongoingsystems.se")
    return parsed.name


class _Samconfig(Message):
    stack_name: Text = Field(default="", validation_alias=AliasPath("default", "global", "parameters", "stack_name"))


def _stack_of_checkout(folder: Path) -> str:
    """The stack that `sam deploy` makes from this folder; empty where there is no samconfig.toml."""
    try:
        return _Samconfig.model_validate(tomllib.loads((folder / "samconfig.toml").read_text())).stack_name
    except (OSError, ValueError):
        return ""


# ---- what is shown


def _keys_of(order: Order, integration_id: str) -> str:
    try:
        keys = order.parts.tokens.get(integration_id)
    except UpstreamContractError:
        return "UNREADABLE"
    return f"{keys.status}, {keys.mode}" if keys else "none"


def _health(integration: Integration, keys: str, now: datetime) -> Mapping[str, Any]:
    run = integration.last_run
    return {
        "id": integration.id,
        "status": _status(integration, now),
        "company": integration.company.name,
        "keys": keys,
        "last run": shown_time(run.finished_at) if run else "",
        "sent": run.sent + run.updated if run else 0,
        "waiting": integration.held_up.count,
        "held": run.held if run else 0,
        "failed": run.failed if run else 0,
        "problem": run.problem.code if run and run.problem else "",
        "connected": shown_time(integration.connected_at),
        "address": integration.settings.problem_address if integration.settings else "",
    }


def _status(integration: Integration, now: datetime) -> str:
    if integration.broken_since:
        return "broken"
    return "late" if integration.late_since(now) else integration.status
