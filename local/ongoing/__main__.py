"""`python -m local.ongoing --port N --port-file FILE`: the simulator as an ordinary process."""

import argparse
from datetime import UTC, datetime
from pathlib import Path

from local.http import serve, serve_until_terminated
from local.ongoing.seed import default_warehouse
from local.ongoing.simulator import OngoingSimulator
from local.ongoing.soap import STOCKHOLM


def main() -> None:
    """Serves until SIGTERM."""
    parser = argparse.ArgumentParser(prog="local.ongoing", description=__doc__)
    parser.add_argument("--port", type=int, default=0, help="0 picks a free one")
    parser.add_argument("--port-file", type=Path, help="gets the port that was picked")
    parser.add_argument("--seed", action="store_true", help="start with the warehouse of the demo")
    arguments = parser.parse_args()
    today = datetime.now(STOCKHOLM).date()
    simulator = OngoingSimulator(
        clock=lambda: datetime.now(UTC),
        warehouses=[default_warehouse(today)] if arguments.seed else [],
    )
    serve_until_terminated(
        serve(simulator.handle, port=arguments.port), name="Ongoing simulator", port_file=arguments.port_file
    )


if __name__ == "__main__":
    main()
