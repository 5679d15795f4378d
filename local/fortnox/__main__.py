"""Run the simulator as a process: `python -m local.fortnox --port 0 --port-file FILE`."""

from __future__ import annotations

import argparse
import os
from datetime import UTC, datetime
from pathlib import Path

from local.fortnox.oauth import Client
from local.fortnox.seed import CLIENT_ID, default_company, other_company
from local.fortnox.simulator import FortnoxSimulator
from local.http import serve, serve_until_terminated


def main() -> None:
    """Serve the default companies until SIGTERM."""
    parser = argparse.ArgumentParser(prog="python -m local.fortnox", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="port to listen on; 0 picks a free one")
    parser.add_argument("--port-file", type=Path, help="file that gets the port once it listens")
    parser.add_argument("--client-id", default=os.environ.get("FORTNOX_CLIENT_ID", CLIENT_ID))
    parser.add_argument(
        "--client-secret",
        default=os.environ.get("FORTNOX_CLIENT_SECRET", "local-secret"),
        help="also FORTNOX_CLIENT_SECRET",
    )
    parser.add_argument("--redirect-uri", action="append", default=[], help="registered redirect URI; may be repeated")
    arguments = parser.parse_args()
    client = Client(
        client_id=arguments.client_id,
        secret=arguments.client_secret,
        redirect_uris=tuple(arguments.redirect_uri),
    )
    simulator = FortnoxSimulator(
        clock=lambda: datetime.now(UTC),
        clients=[client],
        companies=[default_company(), other_company()],
    )
    server = serve(simulator.handle, port=arguments.port)
    serve_until_terminated(server, name="The Fortnox simulator", port_file=arguments.port_file)


if __name__ == "__main__":
    main()
