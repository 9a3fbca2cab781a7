"""The order of the rooms is enforced, and each contract is shown to bite."""

import ast
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.repository.rooms import ROOMS, ROOT, modules, project

CONTRACTS = project()["tool"]["importlinter"]["contracts"]

# For each contract, modules that break it: file to add, what it holds.
VIOLATIONS = {
    "A room imports only from the rooms to its right": [
        ("studies/violation.py", "import inference.card"),
        ("inference/violation.py", "import reviews.record"),
        ("reviews/violation.py", "import training.events"),
        ("training/violation.py", "import widgets.theme"),
        ("widgets/violation.py", "import app.settings"),
    ],
    "Inside training, too, data walks one way": [
        ("training/plan.py", "import training.finetune"),
        ("training/learning/violation.py", "import training.proof.table"),
        ("training/proof/violation.py", "import training.candidate"),
    ],
    "Qt lives in widgets and app.gui alone": [
        (f"{folder}/violation.py", f"import {module}")
        for folder in ("training", "reviews", "inference", "studies", "app/commands")
        for module in ("PySide6.QtCore", "shiboken6", "qtawesome")
    ],
    "torch never enters widgets, reviews or studies": [
        (f"{folder}/violation.py", f"import {module}")
        for folder in ("widgets", "reviews", "studies")
        for module in ("torch.nn", "timm", "torchvision")
    ],
    "SQL stays in reviews": [
        (f"{folder}/violation.py", "from sqlalchemy import select")
        for folder in ("app", "widgets", "training", "inference", "studies")
    ],
}


def lint(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run import-linter on the tree in `folder`."""
    command = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    return subprocess.run(
        [sys.executable, "-c", command, "--no-cache"], cwd=folder, capture_output=True, text=True, timeout=100
    )


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A copy of the code, to break."""
    shutil.copy2(ROOT / "pyproject.toml", tmp_path)
    for room in ROOMS:
        shutil.copytree(
            ROOT / room,
            tmp_path / room,
            ignore=lambda folder, names: [n for n in names if n == "__pycache__"],
        )
    return tmp_path


def test_the_code_keeps_every_contract(tree: Path) -> None:
    result = lint(tree)
    assert result.returncode == 0, result.stdout


def test_every_contract_has_a_module_that_breaks_it() -> None:
    assert {contract["name"] for contract in CONTRACTS} == set(VIOLATIONS)


@pytest.mark.parametrize("contract", VIOLATIONS)
def test_a_contract_breaks_on_each_violation_and_no_other_does(contract: str, tree: Path) -> None:
    by_folder: dict[str, list[str]] = {}
    for file, statement in VIOLATIONS[contract]:
        by_folder.setdefault(file, []).append(statement)
    for file, statements in by_folder.items():
        (tree / file).write_text("\n".join(statements) + "\n", encoding="utf-8")

    result = lint(tree)

    assert result.returncode == 1
    verdicts = {
        line.rsplit(" ", 1)[0]: line.rsplit(" ", 1)[1]
        for line in result.stdout.splitlines()
        if line.endswith((" BROKEN", " KEPT"))
    }
    assert [name for name, verdict in verdicts.items() if verdict == "BROKEN"] == [contract]
    told = result.stdout.replace("\n", " ")
    for file, statement in VIOLATIONS[contract]:
        importer = file.removesuffix(".py").replace("/", ".")
        imported = statement.split()[1]
        assert f"{importer} -> {imported.split('.')[0]}" in told, f"{importer} imports {imported} unseen"


def test_contracts_name_modules_that_exist() -> None:
    """A contract on a package in which nothing lives could never break."""
    names = {name for name, _ in modules()}
    named = {
        module
        for contract in CONTRACTS
        for line in contract.get("source_modules", contract.get("layers", []))
        for module in line.split(" | ")
    }
    assert named - names == set()


def imported_roots(file: Path) -> set[str]:
    """Top-level names of everything that `file` imports, anywhere in it."""
    roots = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            roots |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
            roots.add(node.module.split(".")[0])
    return roots


@pytest.mark.parametrize(
    ("packages", "allowed"),
    [
        ({"PySide6", "shiboken6", "qtawesome"}, ("widgets", "app.gui")),
        ({"torch", "timm", "torchvision", "pytorch_grad_cam"}, ("inference", "training")),
        ({"sqlalchemy"}, ("reviews",)),
    ],
    ids=["Qt", "torch", "SQL"],
)
def test_a_heavy_package_is_imported_only_where_it_belongs(
    packages: set[str], allowed: tuple[str, ...]
) -> None:
    strays = [
        name
        for name, file in modules()
        if imported_roots(file) & packages
        and not any(name == room or name.startswith(room + ".") for room in allowed)
    ]
    assert strays == []
