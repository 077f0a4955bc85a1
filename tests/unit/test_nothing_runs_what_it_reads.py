"""No code of this package runs what it reads: no eval, no pickle, no YAML but the safe one, no shell."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCES = Path(__file__).parents[2] / "src" / "id3c_data"
MODULES = sorted(SOURCES.rglob("*.py"))

FORBIDDEN_CALLS = {"eval", "exec", "compile", "__import__", "os.system", "os.popen"}
FORBIDDEN_MODULES = {"pickle", "marshal", "shelve", "dill", "cloudpickle", "joblib", "multiprocessing"}
SAFE_YAML = {"safe_load", "safe_load_all", "safe_dump", "SafeLoader", "compose", "dump"}
MAY_UNPICKLE = {
    "following/_unpickling.py": "finds no class but those of data; see its tests",
    "doctor/_making.py": "reads what the process says that started it",
    "doctor/_signal_checks.py": "is that process",
    "h5api/_looker.py": "hears from a process that it started",
    "h5api/_looker_child.py": "is that process",
}


def dotted(node: ast.expr) -> str:
    """The name that an expression is, or nothing."""
    return ast.unparse(node) if isinstance(node, (ast.Name, ast.Attribute)) else ""


def faults(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Call):
            name = dotted(node.func)
            if name in FORBIDDEN_CALLS:
                yield f"{node.lineno}: {name}()"
            if name.startswith("yaml.") and "load" in name and name.split(".")[1] not in SAFE_YAML:
                yield f"{node.lineno}: {name}()"
            if name in ("np.load", "numpy.load") and "allow_pickle=False" not in ast.unparse(node):
                yield f"{node.lineno}: {name}() of pickles"
            if any(word.arg == "shell" for word in node.keywords):
                yield f"{node.lineno}: shell="
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            names = (
                [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            )
            if not str(module).endswith(tuple(MAY_UNPICKLE)):
                yield from (
                    f"{node.lineno}: import {name}"
                    for name in names
                    if name.split(".")[0] in FORBIDDEN_MODULES
                )
        if isinstance(node, ast.ClassDef):
            bases = {dotted(base) for base in node.bases}
            yield from (
                f"{node.lineno}: {base}" for base in bases if base.endswith("Loader") and "Safe" not in base
            )


@pytest.mark.parametrize("module", MODULES, ids=lambda path: str(path.relative_to(SOURCES)))
def test_module_runs_nothing_that_it_reads(module: Path) -> None:
    assert list(faults(module)) == []


@pytest.mark.parametrize(
    "wrong",
    [
        "eval(text)",
        "import pickle",
        "from pickle import loads",
        "yaml.load(text)",
        "yaml.unsafe_load(text)",
        "subprocess.run(text, shell=True)",
        "np.load(file)",
        "class Mine(yaml.FullLoader): ...",
    ],
)
def test_what_would_is_found(wrong: str, tmp_path: Path) -> None:
    (tmp_path / "module.py").write_text(wrong)
    assert list(faults(tmp_path / "module.py"))
