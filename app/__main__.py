"""The one entry point: `python -m app`, and both executables of the frozen program.

Child processes of the inference worker come in here too (multiprocessing's spawn imports the main
module), so that nothing heavy may be imported at the top of this file.
"""

from __future__ import annotations

import multiprocessing
import os
import sys


def main() -> int:
    """Run the command line, or open the window when no command is given."""
    # An OpenMP worker that spins while it waits starves the other process (design: 20 times slower).
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    from app.command_line import run

    return run()


if __name__ == "__main__":
    multiprocessing.freeze_support()
    sys.exit(main())
