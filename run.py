#!/usr/bin/env python3
"""Set Overread up on this machine and start it, or run its tests.

    python run.py                 set up, then open the window on the sample studies
    python run.py test [ARGS]     set up with the test tools, run the checks, then pytest with ARGS

Python's standard library only, because nothing else is there yet. The file has to parse on Python 3.8, so
that an old Python gets a sentence and not a syntax error. Everything is installed into ``.venv`` beside this
file; when the requirement files have not changed since, set-up is skipped. Talk about the set-up goes to
stderr, so that stdout holds what the program itself prints.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

OLDEST_PYTHON = (3, 11)
ROOT = Path(__file__).resolve().parent
VENV = ROOT / ".venv"
VENV_PYTHON = VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
STAMP = VENV / "overread-set-up.json"
LOG = VENV / "overread-set-up.log"

REQUIREMENTS = ROOT / "requirements.txt"
REQUIREMENTS_DEV = ROOT / "requirements-dev.txt"
REQUIREMENTS_WITHOUT_DEPENDENCIES = ROOT / "requirements-without-dependencies.txt"
CONSTRAINTS = ROOT / "constraints.txt"

USAGE = """usage: python run.py                set up and open the window
       python run.py test [ARGS]    set up, run the checks, then pytest with ARGS"""

FREE_GB_CPU = 3.0
FREE_GB_GPU = 9.0

# What Qt loads from the system on Linux: library, Debian package, whether only a real screen needs it.
QT_LIBRARIES = (
    ("libGL.so.1", "libgl1", False),
    ("libEGL.so.1", "libegl1", False),
    ("libglib-2.0.so.0", "libglib2.0-0", False),
    ("libdbus-1.so.3", "libdbus-1-3", False),
    ("libfontconfig.so.1", "libfontconfig1", False),
    ("libgssapi_krb5.so.2", "libgssapi-krb5-2", False),
    ("libxkbcommon.so.0", "libxkbcommon0", False),
    ("libxkbcommon-x11.so.0", "libxkbcommon-x11-0", True),
    ("libxcb-cursor.so.0", "libxcb-cursor0", True),
    ("libxcb-icccm.so.4", "libxcb-icccm4", True),
    ("libxcb-keysyms.so.1", "libxcb-keysyms1", True),
    ("libxcb-shape.so.0", "libxcb-shape0", True),
)
FONT_PACKAGE = "fonts-dejavu-core"
FONT_FOLDERS = ("/usr/share/fonts", "/usr/local/share/fonts", "~/.fonts", "~/.local/share/fonts")

# Run one after the other by `python run.py test`, before pytest.
CHECKS = (
    ("ruff check", ["-m", "ruff", "check", "--quiet", "."]),
    ("ruff format", ["-m", "ruff", "format", "--check", "--quiet", "."]),
    ("mypy --strict", ["-m", "mypy", "--strict", "--no-error-summary"]),
    (
        "import contracts",
        ["-c", "from importlinter.cli import lint_imports_command; lint_imports_command()"],
    ),
)


class SetUpError(Exception):
    """Something a person can mend; the message says what was found and what to do."""


def say(sentence: str) -> None:
    """Tell the person, at once and in order with what the programs below print."""
    sys.stdout.flush()
    print(sentence, file=sys.stderr, flush=True)


def has_screen() -> bool:
    """Whether a window can be shown: always on Windows and macOS, with X11 or Wayland on Linux."""
    return not sys.platform.startswith("linux") or any(
        os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY")
    )


def is_loadable(library: str) -> bool:
    """Whether the system's loader finds `library`."""
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True


def has_font() -> bool:
    """Whether there is any outline font; without one every letter is drawn as a box."""
    for name in FONT_FOLDERS:
        folder = Path(name).expanduser()
        if any(next(folder.rglob(pattern), None) for pattern in ("*.ttf", "*.otf", "*.ttc")):
            return True
    return False


def missing_packages(with_screen: bool) -> list[str]:
    """Debian packages that Qt needs and this Linux lacks; those for a real screen only when `with_screen`."""
    missing = [
        package
        for library, package, screen_only in QT_LIBRARIES
        if (with_screen or not screen_only) and not is_loadable(library)
    ]
    if not has_font():
        missing.append(FONT_PACKAGE)
    return missing


def ensure_system_libraries(with_screen: bool) -> None:
    """Name the libraries that Qt misses on Linux; as root in CI, install them (for a virtual screen too)."""
    if not sys.platform.startswith("linux"):
        return
    may_install = os.environ.get("CI") == "true" and os.geteuid() == 0 and shutil.which("apt-get") is not None
    with_screen = with_screen or may_install
    missing = missing_packages(with_screen)
    if not missing:
        return
    install = ["apt-get", "install", "-y", "-qq", "--no-install-recommends", *missing]
    if may_install:
        say("Installing the system libraries that Qt needs: " + " ".join(missing))
        environment = dict(os.environ, DEBIAN_FRONTEND="noninteractive")
        subprocess.run(["apt-get", "update", "-qq"], env=environment, check=False, stdout=sys.stderr)
        subprocess.run(install, env=environment, check=False, stdout=sys.stderr)
        missing = missing_packages(with_screen)
    if missing:
        raise SetUpError(
            "Qt, which draws the window, needs system libraries that this machine lacks. Install them with\n"
            "    {}apt-get install {}\n"
            "(other distributions: the packages that hold {}), then run this again.".format(
                "" if os.geteuid() == 0 else "sudo ",
                " ".join(missing),
                ", ".join([name for name, package, _ in QT_LIBRARIES if package in missing] or ["a font"]),
            )
        )


def fingerprint(development: bool) -> str:
    """Hash of everything that decides what is installed."""
    digest = hashlib.sha256()
    files = [REQUIREMENTS, CONSTRAINTS, REQUIREMENTS_WITHOUT_DEPENDENCIES]
    for file in [*files, REQUIREMENTS_DEV] if development else files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()


def read_stamp() -> dict[str, str]:
    """What was installed last: {"run": fingerprint, "test": fingerprint}, each only if it was."""
    try:
        stamp = json.loads(STAMP.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return stamp if isinstance(stamp, dict) else {}


def write_stamp(development: bool) -> None:
    """Note what is installed now, after the last package is in place."""
    stamp = {"run": fingerprint(False)}
    if development:
        stamp["test"] = fingerprint(True)
    new = STAMP.with_suffix(".new")
    new.write_text(json.dumps(stamp, indent=1), encoding="utf-8")
    new.replace(STAMP)


def venv_works() -> bool:
    """Whether `.venv` has a Python that starts, is new enough and has pip."""
    if not VENV_PYTHON.exists():
        return False
    question = f"import sys, pip; sys.exit(sys.version_info < {OLDEST_PYTHON!r})"
    try:
        return subprocess.run([str(VENV_PYTHON), "-c", question], capture_output=True).returncode == 0
    except OSError:
        return False


def make_venv() -> None:
    """Make `.venv`, in place of one that does not start."""
    if importlib.util.find_spec("ensurepip") is None:
        raise SetUpError(
            "This Python has no 'ensurepip', so it cannot make a virtual environment. On Debian and Ubuntu:\n"
            "    apt-get install python{}.{}-venv".format(*sys.version_info[:2])
        )
    if VENV.exists():
        say("The environment in .venv does not start (was the folder or Python moved?): making it anew.")
    made = subprocess.run(
        [sys.executable, "-m", "venv", "--clear", str(VENV)], capture_output=True, text=True
    )
    if made.returncode != 0:
        raise SetUpError(f"Could not make {VENV}: {explain(made.stdout + made.stderr)}")


def explain(output: str) -> str:
    """The sentence for a failed command: its likely cause, then its own last lines."""
    free_gb = shutil.disk_usage(ROOT).free / 1e9
    lines = output.strip().splitlines()
    complaints = [line for line in lines if line.startswith("ERROR")] or lines
    last = "\n".join("    " + line[:200] for line in complaints[-4:])
    if os.strerror(errno.ENOSPC) in output or free_gb < 0.1:
        return f"the disk is full ({free_gb:.1f} GB free at {ROOT}). Make room, then run this again.\n{last}"
    network = ("NewConnectionError", "Name or service not known", "ConnectTimeout", "Max retries exceeded",
               "name resolution", "getaddrinfo failed", "ProxyError", "Network is unreachable",
               "nodename nor servname", "No route to host", "ReadTimeout", "Connection refused")  # fmt: skip
    if any(word in output for word in network):
        return (
            f"the package index cannot be reached. Is there a network? Run this again once there is.\n{last}"
        )
    if "No matching distribution found" in output:
        return (
            "the package index offers no such version for Python {}.{} on this system; "
            "Python 3.11 to 3.13 on 64 bits is what the pinned versions are made for.\n{}".format(
                *sys.version_info[:2], last
            )
        )
    return f"pip said:\n{last}"


def pip(*arguments: str) -> None:
    """Run pip in `.venv`: its progress on a terminal, a line a minute elsewhere; complaints go to the log."""
    command = [str(VENV_PYTHON), "-m", "pip", "install", "--disable-pip-version-check", "--no-input"]
    on_terminal = sys.stderr.isatty()
    if not on_terminal:
        command += ["--quiet", "--progress-bar", "off"]
    started = time.monotonic()
    with LOG.open("ab") as log:
        process = subprocess.Popen(
            [*command, *arguments], cwd=str(ROOT), stdout=sys.stderr, stderr=log, stdin=subprocess.DEVNULL
        )
        try:
            while process.poll() is None:
                try:
                    process.wait(timeout=60)
                except subprocess.TimeoutExpired:
                    if not on_terminal:
                        say(f"  still installing ({time.monotonic() - started:.0f} s)")
        except BaseException:
            process.kill()
            process.wait()
            raise
    if process.returncode != 0:
        raise SetUpError(
            "Installing failed: " + explain(LOG.read_text(encoding="utf-8", errors="replace"))
            + f"\n(all of it: {LOG})"
        )  # fmt: skip


def torch_build() -> tuple[str, bool]:
    """The version of torch that pip would install here, and whether it brings the libraries for a GPU."""
    wanted = next(
        line.split("#")[0].strip()
        for line in REQUIREMENTS.read_text(encoding="utf-8").splitlines()
        if line.startswith("torch==")
    )
    quietly = ["--disable-pip-version-check", "--no-input", "--quiet"]
    ask_only = ["--dry-run", "--ignore-installed", "--no-deps", "--report", "-"]
    command = [str(VENV_PYTHON), "-m", "pip", "install", *quietly, *ask_only, wanted]
    answer = subprocess.run(command, cwd=str(ROOT), capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if answer.returncode != 0:
        raise SetUpError("Installing failed: " + explain(answer.stderr))
    metadata = json.loads(answer.stdout)["install"][0]["metadata"]
    needs = " ".join(metadata.get("requires_dist") or [])
    return metadata["version"], "+cpu" not in metadata["version"] and ("nvidia" in needs or "cuda" in needs)


def announce(development: bool) -> None:
    """Before anything is downloaded: what comes, how big it is and how long it takes."""
    say(f"Installing what Overread needs{' and its test tools' if development else ''} into {VENV}.")
    needed_gb = FREE_GB_CPU
    if sys.platform.startswith("linux"):
        say(
            "On Linux, pip's ordinary torch is the GPU build (about 5.3 GB installed), "
            "unless pip is configured for a CPU build."
        )
        version, gpu = torch_build()
        if gpu:
            needed_gb = FREE_GB_GPU
            say(
                f"Here pip will bring torch {version}, the GPU build. If this machine has no NVIDIA GPU, "
                "stop now (Ctrl+C), put the wheel of torch's CPU build into a folder, tell pip of it "
                "(pip config set global.find-links FOLDER), and run this again: about 2 GB instead."
            )
        else:
            say(f"Here pip will bring torch {version}, a CPU build.")
    free_gb = shutil.disk_usage(ROOT).free / 1e9
    if free_gb < needed_gb and not STAMP.exists():
        raise SetUpError(
            f"There is not enough room: {free_gb:.1f} GB free at {ROOT}, about {needed_gb:.0f} GB needed."
        )
    say("This takes 2 to 15 minutes, mostly the download. The next start skips it.")


def set_up(development: bool) -> None:
    """Make `.venv` hold what the requirement files say; does nothing when it already does."""
    wanted, kind = fingerprint(development), "test" if development else "run"
    works = venv_works()
    if works and read_stamp().get(kind) == wanted:
        return
    started = time.monotonic()
    if not works:
        say(f"Making a virtual environment with Python {sys.version.split()[0]}: some seconds.")
        make_venv()
    announce(development)
    LOG.unlink(missing_ok=True)
    files = ["-r", str(REQUIREMENTS)] + (["-r", str(REQUIREMENTS_DEV)] if development else [])
    pip("-c", str(CONSTRAINTS), *files)
    pip("--no-deps", "-r", str(REQUIREMENTS_WITHOUT_DEPENDENCIES))
    write_stamp(development)
    say(f"Set up in {time.monotonic() - started:.0f} s.")


def start() -> int:
    """Open the window, with the sample studies on a first start; without a screen, write what it shows."""
    with_screen = has_screen()
    ensure_system_libraries(with_screen)
    set_up(development=False)
    if with_screen:
        say("Opening Overread.")
        return subprocess.call([str(VENV_PYTHON), "-m", "app"], cwd=str(ROOT))
    out = ROOT / "out" / "first-look"
    say("There is no screen here: reading the sample studies without one, about a minute. What is written:")
    environment = dict(os.environ)
    environment.setdefault("QT_QPA_PLATFORM", "offscreen")
    command = [str(VENV_PYTHON), "-m", "app", "demo", "--out", str(out)]
    return subprocess.call(command, cwd=str(ROOT), env=environment)


def check(name: str, arguments: list[str]) -> bool:
    """Run one static check and say in a line how it went; what it found is shown only when it failed."""
    started = time.monotonic()
    result = subprocess.run(
        [str(VENV_PYTHON), *arguments],
        cwd=str(ROOT), text=True, encoding="utf-8", errors="replace", env=dict(os.environ, PYTHONUTF8="1"),
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    passed = result.returncode == 0
    if not passed:
        print(result.stdout.rstrip(), flush=True)
    print(f"{name}: {'ok' if passed else 'FAILED'} ({time.monotonic() - started:.0f} s)", flush=True)
    return passed


def test(pytest_arguments: list[str]) -> int:
    """Run the checks and pytest; the exit status is not 0 when any of them failed."""
    ensure_system_libraries(with_screen=False)
    set_up(development=True)
    say("Checking and testing: some minutes, the first time longest (mypy has no cache yet).")
    failed = [name for name, arguments in CHECKS if not check(name, list(arguments))]
    if failed:
        print(
            f"Failed: {', '.join(failed)}; so the exit status will not be 0 whatever pytest says.",
            flush=True,
        )
    chosen = [] if "-m" in pytest_arguments else ["-m", "not slow"]  # .ci/run runs the slow ones too
    if not pytest_arguments:  # all of them: by two processes, a file in one of them
        chosen += ["-n", "2", "--dist", "loadfile"]
    status = subprocess.call([str(VENV_PYTHON), "-m", "pytest", *chosen, *pytest_arguments], cwd=str(ROOT))
    return status or (1 if failed else 0)


def main(arguments: list[str]) -> int:
    """Do what was asked; returns the exit status (2 for wrong usage)."""
    if sys.version_info < OLDEST_PYTHON:
        found = sys.version.split()[0]
        say(f"Overread needs Python 3.11 or newer; this is {found} ({sys.executable}).")
        return 1
    if arguments in (["-h"], ["--help"]):
        print(USAGE)
        return 0
    if arguments and arguments[0] != "test":
        say(f"{USAGE}\nrun.py: not known: {' '.join(arguments)}")
        return 2
    try:
        return test(arguments[1:]) if arguments else start()
    except SetUpError as error:
        say(f"\n{error}")
        return 1
    except OSError as error:
        where = f" ({error.filename})" if error.filename else ""
        reason = "the disk is full" if error.errno == errno.ENOSPC else (error.strerror or str(error))
        say(f"\nSet-up stopped: {reason}{where}.")
        return 1
    except KeyboardInterrupt:
        say("\nStopped. Run it again to go on from here.")
        return 130


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
