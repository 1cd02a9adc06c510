"""Rules about the text of this repository, each kept by a test."""

from __future__ import annotations

import ast
import re
import subprocess
from pathlib import Path

import pytest

from tests.syntax import tree_of

ROOT = Path(__file__).resolve().parent.parent
LONGEST_FILE = 400
# Spelled in parts, so that this file does not name them.
REGISTRIES = [
    "py" + "pi.org",
    "files.python" + "hosted.org",
    "registry.npm" + "js.org",
    "deb.deb" + "ian.org",
    "registry.yarn" + "pkg.com",
]
MACHINE_PATHS = re.compile(r"(?<![\w./])/(?:root|work|home/\w+|Users/\w+)/[\w.-]+")
ENTRY_POINTS = {"admin", "api", "pages", "management", "live", "jobs.py"}
WRITERS = {
    *("save", "create", "update", "delete", "get_or_create", "update_or_create"),
    *("bulk_create", "bulk_update"),
}
PROTOCOL_FILES = ("tasks/custom_ids.py", "gateway/simulator/", "tests/")
ENV_NAME = re.compile(r"\b(?:MJPROXY_[A-Z_]+|NG_DISCORD_[A-Z_]+|[A-Z]+_URL|PORT|TZ)\b")
# Folders of tests that mirror no package of the product, and why.
OF_NO_PACKAGE = {
    "tests/access": "who may call which address, of all apps",
    "tests": "rules of the repository, and tests of the helpers",
    "tests/contract": "the API as its clients see it, whatever answers",
    "tests/e2e": "all processes together",
    "tests/texts": "texts of the pages in both languages",
}
# Composed in mjproxy/run/demo.py or read by make; explained, but no setting.
NOT_SETTINGS = {"MJPROXY_SIMULATOR_PORT"}

PRODUCT = ("accounts/*.py", "gateway/*.py", "mjproxy/*.py", "tasks/*.py")
# A docstring that begins so makes its reader guess what the module is.
RIDDLES = re.compile(
    r"(?:What|Which|Who|Whoever|Whose|Where|When|Whether|How|Nobody|Nothing|Those)\b"
)
DOCUMENTS = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "docs/*.md")
# In inline code: `a/b.py`, `tests/` left out or not, and a test's name behind it.
FILE_NAME = re.compile(r"(?<![\w./-])((?:[\w.-]+/)*[\w.-]+\.py)(?![\w/-])")
FOLDER = re.compile(r"^((?:mjproxy|accounts|tasks|gateway|tests|docs)/(?:[\w.-]+/)*)$")
MODULE = re.compile(
    r"^((?:mjproxy|accounts|tasks|gateway)(?:\.[a-z_]\w*)+)(?=$|[ (:,])"
)


def files(*patterns: str) -> list[Path]:
    """Return what git tracks or would track."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listed = subprocess.run(
        [*command, "--", *patterns],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = (ROOT / name for name in listed.split("\0") if name)
    return sorted(path for path in found if path.is_file())


def named(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


@pytest.fixture(scope="module")
def texts() -> dict[str, str]:
    found = {}
    for path in files():
        try:
            found[named(path)] = path.read_text()
        except UnicodeDecodeError:
            continue  # a picture
    return found


def test_no_file_names_a_package_registry(texts: dict[str, str]) -> None:
    wrong = [n for n, text in texts.items() if any(r in text for r in REGISTRIES)]

    assert wrong == []


def test_no_file_names_a_path_of_one_machine(texts: dict[str, str]) -> None:
    wrong = {n: m[0] for n, text in texts.items() if (m := MACHINE_PATHS.search(text))}

    assert wrong == {}


def test_the_locks_hold_versions_and_hashes_only() -> None:
    for path in files("requirements/*.txt"):
        text = path.read_text()
        assert "://" not in text
        assert "--hash=sha256:" in text
        assert not re.search(r"^-|file:| @ ", text, re.MULTILINE)


def test_both_locks_agree() -> None:
    run, dev = (
        set(re.findall(r"^[a-z][\w.-]*==\S+", path.read_text(), re.MULTILINE))
        for path in (ROOT / "requirements/run.txt", ROOT / "requirements/dev.txt")
    )

    assert run < dev


def test_no_python_file_is_too_long() -> None:
    long = {
        named(path): length
        for path in files("*.py")
        if "migrations" not in path.parts
        and (length := len(path.read_text().splitlines())) > LONGEST_FILE
    }

    assert long == {}


def test_every_test_folder_is_a_package() -> None:
    folders = {path.parent for path in files("tests/*.py")}

    assert [named(f) for f in folders if not (f / "__init__.py").exists()] == []


def test_tests_lie_where_their_code_lies() -> None:
    found = files("tests/*.py")
    folders = {named(p.parent) for p in found if p.name.startswith("test_")}
    mirrored = folders - OF_NO_PACKAGE.keys()

    packages = {named(path.parent) for path in files("*/__init__.py")}
    assert mirrored
    assert {f for f in mirrored if f.removeprefix("tests/") not in packages} == set()
    assert OF_NO_PACKAGE.keys() <= folders


def settings_names() -> set[str]:
    """Return the first argument of each `env.…("NAME")` in the settings."""
    tree = tree_of(ROOT / "mjproxy" / "settings.py")
    return {
        node.args[0].value
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and isinstance(node.func.value, ast.Name)
        and node.func.value.id == "env"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and isinstance(node.args[0].value, str)
    }


def test_every_variable_is_documented_and_every_documented_one_is_read() -> None:
    page = (ROOT / "docs" / "configuration.md").read_text()
    rows = re.findall(r"^\| `([A-Z_]+)` \|", page, re.MULTILINE)

    assert len(rows) == len(set(rows))
    assert set(rows) == settings_names()
    assert set(ENV_NAME.findall(page)) - NOT_SETTINGS <= settings_names()


def test_every_system_check_is_explained() -> None:
    ids = set(
        re.findall(r"mjproxy\.[EW]\d+", (ROOT / "mjproxy" / "checks.py").read_text())
    )
    page = (ROOT / "docs" / "operations.md").read_text()

    assert ids
    assert set(re.findall(r"mjproxy\.[EW]\d+", page)) == ids


def sleeps(tree: ast.AST) -> list[int]:
    """Return the lines that sleep for a constant time other than 0."""
    return [
        node.lineno
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute | ast.Name)
        and (getattr(node.func, "attr", "") or getattr(node.func, "id", "")) == "sleep"
        and node.args
        and isinstance(node.args[0], ast.Constant)
        and node.args[0].value
    ]


def test_no_test_sleeps_where_it_could_await_an_event() -> None:
    found = {named(p): sleeps(tree_of(p)) for p in files("tests/*.py")}

    assert {name: lines for name, lines in found.items() if lines} == {}


def test_midjourneys_button_grammar_is_in_one_module() -> None:
    wrong = [
        name
        for path in files("*.py")
        if '"MJ::' in path.read_text()
        and not (name := named(path)).startswith(PROTOCOL_FILES)
    ]

    assert wrong == []


def test_entry_points_write_no_rows() -> None:
    found = {
        named(path): calls
        for path in files("accounts/*.py", "gateway/*.py", "tasks/*.py")
        if ENTRY_POINTS & set(path.parts) and "simulator" not in path.parts
        if (calls := _writing_calls(tree_of(path)))
    }

    assert found == {}


def _writing_calls(tree: ast.AST) -> list[str]:
    """Return the calls that write rows; those of Django's own admin are not seen."""
    return [
        ast.unparse(node)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in WRITERS
    ]


def test_the_state_of_an_account_has_one_writer() -> None:
    found = {
        named(path)
        for path in files("accounts/*.py", "gateway/*.py", "tasks/*.py", "mjproxy/*.py")
        if "migrations" not in path.parts and "simulator" not in path.parts
        for call in ast.walk(tree_of(path))
        if _writes_a_standing(call)
    }

    assert found == {"accounts/state/moves.py", "accounts/state/changes.py"}


def _writes_a_standing(node: ast.AST) -> bool:
    """Tell whether a node sets one of the fields that say where an account stands."""
    own = {"state_reason", "state_since", "resume_at"}
    if isinstance(node, ast.Call):
        writer = getattr(node.func, "attr", "") in {"update", "create", "bulk_create"}
        states = {
            word.arg
            for word in node.keywords
            if word.arg == "state" and "AccountState." in ast.unparse(word.value)
        }
        return writer and bool(states | (own & {word.arg for word in node.keywords}))
    if isinstance(node, ast.Assign | ast.AugAssign):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        names = {
            part.attr
            for target in targets
            for part in ast.walk(target)
            if isinstance(part, ast.Attribute)
        }
        return bool(own & names)
    return False


def test_every_module_says_what_it_is() -> None:
    first_lines = {
        named(path): (ast.get_docstring(tree) or "").partition("\n")[0]
        for path in files(*PRODUCT)
        if "migrations" not in path.parts and (tree := tree_of(path)).body
    }

    assert {n for n, line in first_lines.items() if not line} == set()
    assert {n: line for n, line in first_lines.items() if RIDDLES.match(line)} == {}


def test_every_file_and_module_named_in_the_documents_exists() -> None:
    tracked = {named(path) for path in files()}
    folders = {f"{parent}/" for name in tracked for parent in Path(name).parents}
    there = tracked | folders | {Path(name).name for name in tracked}

    wrong = {
        (named(page), name)
        for page in files(*DOCUMENTS)
        for code in re.findall(r"`([^`\n]+)`", page.read_text())
        for name in _places(code)
        if name not in there and f"tests/{name}" not in there
    }

    assert wrong == set()


def _places(code: str) -> set[str]:
    """Return the files and folders that a piece of inline code names."""
    found = set(FILE_NAME.findall(code)) | set(FOLDER.findall(code))
    if (dotted := MODULE.match(code)) and not code.endswith((".py", ".md")):
        found.add(_path_of(dotted[1]))
    return found


def _path_of(dotted: str) -> str:
    """Return the file or folder of a dotted name, whose last part may be an object."""
    whole, _, last = dotted.replace(".", "/").rpartition("/")
    for name in (f"{whole}/{last}.py", f"{whole}/{last}/", f"{whole}.py", f"{whole}/"):
        if (ROOT / name).exists() and "/" in name.rstrip("/"):
            return name
    return f"{whole}/{last}.py"
