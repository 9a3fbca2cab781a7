"""Freeze Overread: `python build_spec/build.py` makes dist/overread with both programs and says its size.

Run with the Python of `.venv` after `python run.py test`, which installs PyInstaller. What PyInstaller says
goes to build/build.log; when it fails, the end of it is shown. The licences of everything that is bundled are
put beside the programs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from importlib import metadata
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
PROGRAM = ROOT / "dist" / "overread"
LOG = ROOT / "build" / "build.log"
REQUIREMENTS = (ROOT / "requirements.txt", ROOT / "requirements-without-dependencies.txt")
LICENCE_NAMES = ("LICEN", "NOTICE", "COPYING")


def freeze() -> None:
    """Run PyInstaller; leaves with exit status 1 and the end of its log when it fails."""
    LOG.parent.mkdir(exist_ok=True)
    shutil.rmtree(PROGRAM, ignore_errors=True)
    command = [sys.executable, "-m", "PyInstaller", "--noconfirm", "--log-level", "INFO"]
    command += ["--distpath", str(ROOT / "dist"), "--workpath", str(ROOT / "build" / "pyinstaller")]
    with LOG.open("w", encoding="utf-8") as log:
        status = subprocess.call(
            [*command, str(ROOT / "build_spec" / "overread.spec")],
            cwd=ROOT,
            stdout=log,
            stderr=subprocess.STDOUT,
            stdin=subprocess.DEVNULL,
            env=dict(os.environ, OMP_NUM_THREADS="1"),
        )
    if status != 0:
        tail = LOG.read_text(encoding="utf-8", errors="replace").splitlines()[-40:]
        sys.exit("\n".join([*tail, f"PyInstaller failed (status {status}); all it said: {LOG}"]))


def bundled_distributions() -> list[metadata.Distribution]:
    """What the requirement files bring to this system, with everything that those need in turn."""
    lines = [
        line.split("#")[0].strip() for file in REQUIREMENTS for line in file.read_text("utf-8").splitlines()
    ]
    pending = [Requirement(line) for line in lines if line]
    found: dict[str, metadata.Distribution] = {}
    while pending:
        requirement = pending.pop()
        name = canonicalize_name(requirement.name)
        if name in found or not (requirement.marker is None or requirement.marker.evaluate({"extra": ""})):
            continue
        try:
            found[name] = metadata.distribution(name)
        except metadata.PackageNotFoundError:  # grad-cam names an OpenCV that another build stands in for
            continue
        pending += [Requirement(line) for line in found[name].requires or []]
    return list(found.values())


def add_notices() -> None:
    """Put our licence and those of everything bundled beside the programs, where a person finds them."""
    for name in ("LICENSE", "NOTICE"):
        shutil.copy2(ROOT / name, PROGRAM / name)
    shutil.copytree(ROOT / "licences", PROGRAM / "licences")
    for distribution in bundled_distributions():
        for file in distribution.files or []:
            if file.name.upper().startswith(LICENCE_NAMES) and ".dist-info" in str(file):
                name = file.as_posix().split(".dist-info/", 1)[1].replace("/", "-").removeprefix("licenses-")
                target = PROGRAM / "licences" / distribution.name / name
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy2(str(file.locate()), target)


def main() -> None:
    """Build, then say where the program is, how big, and how long it took."""
    started = time.monotonic()
    print(f"Freezing Overread into {PROGRAM}: 3 to 10 minutes.", flush=True)
    freeze()
    add_notices()
    files = [file for file in PROGRAM.rglob("*") if file.is_file() and not file.is_symlink()]
    size_mb = sum(file.stat().st_size for file in files) / 1e6
    elapsed_s = time.monotonic() - started
    print(f"{PROGRAM}: {size_mb:.0f} MB in {len(files)} files, built in {elapsed_s:.0f} s.", flush=True)


if __name__ == "__main__":
    main()
