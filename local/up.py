"""`make up`: the stack with a company and a warehouse in it, left running until Ctrl-C."""

import signal
import sys
import threading

from local.deployment import DeploymentError
from local.process import DidNotStartError
from local.stack import Stack, StackInUseError, running_stack


def main() -> int:
    """Start, say how to sign in, wait for SIGINT or SIGTERM, stop."""
    done = threading.Event()
    for signal_number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(signal_number, lambda _number, _frame: done.set())
    print("Starting the stack; the first time takes a minute.", flush=True)
    try:
        with running_stack(name="up") as stack:
            print(how_to_use(stack), flush=True)
            done.wait()
            print("Stopping.", flush=True)
    except (DidNotStartError, DeploymentError, StackInUseError) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def how_to_use(stack: Stack) -> str:
    """What a person needs to try the product; all of it is invented and lives only while this runs."""
    return f"""
  The integration    {stack.base_url}/
                     System nordlager, Username fortnox-api, Password gul-truck-17
  Fortnox            {stack.fortnox_url}/_simulator/state
                     admin@nordlager.example / admin-pass   (system administrator)
                     anna@nordlager.example / anna-pass     (not an administrator)
                     fel@foretag.example / fel-pass         (another company)
  Ongoing WMS        {stack.ongoing_url}/_simulator/state
  Mails              {stack.aws.url}/_ministack/ses/messages
  AWS                AWS_ENDPOINT_URL={stack.aws.url} AWS_ACCESS_KEY_ID=test AWS_SECRET_ACCESS_KEY=test \\
                     AWS_DEFAULT_REGION=eu-north-1 INVOICING_STACK=invoicing .venv/bin/invoicing integrations
  Logs               {stack.folder}

  Ctrl-C stops it all.
"""


if __name__ == "__main__":
    sys.exit(main())
