"""Make the sample studies, or a set of phantoms to train the phantom model on.

    python resources/make_samples.py --out resources/samples --seed 0
    python resources/make_samples.py --training-set 400 --out DIR --seed 1

The samples' seed is 0: use another for training.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from studies.phantom import write_samples, write_training_set


def main() -> int:
    """Read the command line and write the files."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to write to")
    parser.add_argument("--seed", type=int, default=None, help="0 for the samples, 1 for a training set")
    parser.add_argument(
        "--training-set", type=int, metavar="N", help="write N further phantoms and labels.csv"
    )
    parser.add_argument("--rows", type=int, default=320, help="height of a training phantom in pixels")
    choice = parser.parse_args()
    if choice.training_set is None:
        paths = write_samples(choice.out, choice.seed or 0)
    else:
        seed = 1 if choice.seed is None else choice.seed
        if seed == 0:
            parser.error("seed 0 is that of the samples; a training set needs another")
        paths = list(write_training_set(choice.out, choice.training_set, seed, choice.rows))
    size = sum(path.stat().st_size for path in paths) / 1e6
    sys.stdout.write(f"{len(paths)} files, {size:.1f} MB, in {choice.out.resolve()}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
