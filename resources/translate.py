"""Brings the translations up to date with the texts of the window, and makes what Qt loads of them.

    python resources/translate.py            write new texts into every overread_*.ts, make every .qm
    python resources/translate.py --check    change nothing; fail when a text has no finished translation
    python resources/translate.py --add fr   the same, and begin overread_fr.ts with every text untranslated

A translator works on resources/translations/overread_LANGUAGE.ts, with Qt Linguist or any editor.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TRANSLATIONS = ROOT / "resources" / "translations"
SOURCES = ("widgets", "app/gui")


def tool(name: str) -> str:
    """Path of one of Qt's translation tools, as PySide6 brings them."""
    import PySide6

    return str(Path(PySide6.__file__).parent / name)


def extract(into: Path) -> None:
    """Merge the texts of the sources into a .ts file; what is no longer said is dropped from it."""
    sources = [str(path) for folder in SOURCES for path in sorted((ROOT / folder).rglob("*.py"))]
    languages = ["-source-language", "en", "-target-language", into.stem.removeprefix("overread_")]
    subprocess.run(
        [
            *(tool("lupdate"), "-silent", "-no-obsolete", "-locations", "none"),
            *(*languages, *sources, "-ts", str(into)),
        ],
        check=True,
        cwd=ROOT,
    )


def compile_to(source: Path, target: Path) -> None:
    """Make the .qm of a .ts; unfinished texts stay English."""
    subprocess.run([tool("lrelease"), "-silent", str(source), "-qm", str(target)], check=True)


def unfinished(path: Path) -> list[str]:
    """The texts of a .ts file that have no finished translation."""
    from xml.etree import ElementTree

    missing = []
    for context in ElementTree.parse(path).getroot().iter("context"):
        for message in context.iter("message"):
            translation = message.find("translation")
            said = "" if translation is None else "".join(translation.itertext()).strip()
            if translation is None or translation.get("type") or not said:
                missing.append(f"{context.findtext('name')}: {message.findtext('source')}")
    return missing


def check(path: Path) -> list[str]:
    """What is missing in a .ts file, measured against the sources as they are now."""
    with tempfile.TemporaryDirectory() as folder:
        merged = Path(folder) / path.name
        merged.write_bytes(path.read_bytes())
        extract(merged)
        return unfinished(merged)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--check", action="store_true", help="change nothing, fail when something is missing")
    parser.add_argument("--add", metavar="LANGUAGE", help="begin a language, by its code")
    asked = parser.parse_args()
    wants_check, missing = asked.check, 0
    paths = set(TRANSLATIONS.glob("overread_*.ts"))
    if asked.add and not asked.check:
        paths.add(TRANSLATIONS / f"overread_{asked.add}.ts")
    for path in sorted(paths):
        if not wants_check:
            extract(path)
            compile_to(path, path.with_suffix(".qm"))
        texts = check(path)
        missing += len(texts)
        for text in texts:
            sys.stdout.write(f"{path.name}: {text}\n")
        sys.stdout.write(f"{path.name}: {len(texts)} texts without a finished translation\n")
    return 1 if wants_check and missing else 0


if __name__ == "__main__":
    sys.exit(main())
