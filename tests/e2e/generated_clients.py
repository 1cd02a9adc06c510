"""Clients that a generator makes of the product's schema, built and ready to run.

The generators are packages: `make generators` installs them and locks their versions.
"""

from __future__ import annotations

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, Final

import pytest

from tests.e2e.calls import call
from tests.e2e.harness import ROOT, Product

PROGRAMS: Final = ROOT / "tests" / "generated"
TYPESCRIPT: Final = Path(sys.prefix) / "typescript" / "node_modules"
_TSC: Final = TYPESCRIPT / "typescript" / "bin" / "tsc"
# A generator's own words about documents of this version, and about nulls in them.
_HARMLESS: Final = ("OpenAPI 3.1 support is still in beta", "schema name: null")


def need_generators() -> None:
    """Skip the test where they are not installed; where CI runs they must be."""
    missing = not (importlib.util.find_spec("openapi_generator_cli") and _TSC.exists())
    if missing and os.environ.get("CI"):
        pytest.fail("`make generators` has not run")
    if missing:
        pytest.skip("run `make generators` first: it brings generators, Java and Node")


def generate(product: Product, language: str, to: Path, **options: str) -> Path:
    """Return the folder of a client of the product, in a generator's language."""
    schema = to.parent / f"{language}.json"
    schema.write_bytes(call("GET", f"{product.url}/api/schema")[1])
    more = ",".join(f"{name}={value}" for name, value in options.items())
    said = run(
        Path(sys.executable).with_name("openapi-generator-cli"),
        *("generate", "-g", language, "-i", schema, "-o", to),
        *(("--additional-properties", more) if more else ()),
    )
    warned = [line for line in said.splitlines() if " WARN " in line]
    warned = [w for w in warned if not any(known in w for known in _HARMLESS)]
    assert not warned, warned
    return to


def run(*command: Any, **environment: str) -> str:
    """Run a program to its end and return what it says. It must succeed."""
    done = subprocess.run(
        [str(word) for word in command],
        env=os.environ | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout[-4000:]
    return done.stdout


def draw_in_python(product: Product, folder: Path, prompt: str) -> dict[str, Any]:
    """Generate a Python package, install it, and draw with it."""
    client = generate(product, "python", folder / "client", packageName="mjclient")
    # Nothing is fetched: what it needs is there.
    run(
        *(sys.executable, "-m", "pip", "install", "--quiet", "--no-index", "--no-deps"),
        *("--no-build-isolation", "--target", folder / "installed", client),
    )
    shutil.rmtree(client)
    program = PROGRAMS / "draw.py"
    given = (product.url, product.api_key, prompt)
    return _last_line(
        run(sys.executable, program, *given, PYTHONPATH=str(folder / "installed"))
    )


def draw_in_typescript(product: Product, folder: Path, prompt: str) -> dict[str, Any]:
    """Generate a TypeScript client, compile it strictly, and draw with it."""
    options = {"importFileExtension": ".js"}
    generate(product, "typescript-fetch", folder / "client", **options)
    shutil.copy(PROGRAMS / "draw.ts", folder)
    (folder / "package.json").write_text('{"type": "module"}')
    (folder / "node_modules").symlink_to(TYPESCRIPT)
    node = Path(sys.executable).with_name("node")
    run(
        *(node, _TSC, "--strict", "--target", "es2022", "--module", "nodenext"),
        *(
            "--types",
            "node",
            "--typeRoots",
            TYPESCRIPT / "@types",
            "--outDir",
            folder / "built",
            folder / "draw.ts",
        ),
    )
    given = (product.url, product.api_key, prompt)
    return _last_line(run(node, folder / "built" / "draw.js", *given))


def _last_line(said: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(said.strip().splitlines()[-1])
    return found
