"""`make up`: the stack with a company and a warehouse in it, left running until Ctrl-C."""

import argparse
import signal
import sys
import threading

from local.deployment import DeploymentError
from local.desk import Desk
from local.process import DidNotStartError
from local.stack import Stack, StackInUseError, running_stack


def main() -> int:
    """Start, say how to sign in, wait for SIGINT or SIGTERM, stop."""
    parser = argparse.ArgumentParser(prog="local.up", description="Starts the stack and leaves it running.")
    parser.add_argument("--name", default="up", help="of its folder under build/stack, when several run at once")
    arguments = parser.parse_args()
    done = threading.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda _number, _frame: done.set())
    print("Starting the stack; the first time takes a minute.", flush=True)
    try:
        with running_stack(name=arguments.name) as stack, Desk(stack) as desk:
            print(how_to_use(stack, desk.url), flush=True)
            done.wait()
            print("Stopping.", flush=True)
    except (DidNotStartError, DeploymentError, StackInUseError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def how_to_use(stack: Stack, desk_url: str) -> str:
    """What a person needs to try the product; all of it is invented and lives only while this runs."""
    return f"""
  The integration    {stack.base_url}/
                     System nordlager, Username fortnox-api, Password gul-truck-17
  Fortnox            {desk_url}/fortnox   invoices, with rows and VAT
                     admin@nordlager.example / admin-pass   (system administrator)
                     anna@nordlager.example / anna-pass     (not an administrator)
                     fel@foretag.example / fel-pass         (another company)
  Ongoing WMS        {desk_url}/ongoing   invoices: add a charge, export again, new invoice
  Mails              {desk_url}/mails
  AWS                AWS_ENDPOINT_URL={stack.aws.url} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test \\
                     AWS_DEFAULT_REGION=eu-north-1 INVOICING_STACK=invoicing .venv/bin/invoicing integrations
  Logs               {stack.folder}

  Ctrl-C stops it all.
"""


if __name__ == "__main__":
    sys.exit(main())
