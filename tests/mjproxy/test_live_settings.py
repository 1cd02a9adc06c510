"""A change of the settings is live in every process within two seconds.

A change by another process sends no signal here. `QuerySet.update` is the same: it
writes the row, and no memory of this process is dropped.
"""

from __future__ import annotations

import ast
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from django.apps import apps
from django.conf import settings
from solo.models import SingletonModel

from accounts.choice.pool_settings import pool
from accounts.models import (
    AccessSettings,
    MailSettings,
    PaymentSettings,
    PoolSettings,
    ProtectionSettings,
    RetentionSettings,
    VerificationSettings,
)
from accounts.protection.rules import protection
from accounts.selectors import access_settings
from gateway.discord import clients
from gateway.models import GatewaySettings
from gateway.sockets import manager
from mjproxy.lib.db import snapshot
from mjproxy.lib.process import event_loop
from tasks.models import (
    DrawingSettings,
    StorageSettings,
    SwapSettings,
    TranslationSettings,
)
from tasks.snapshots import (
    drawing_settings,
    storage_settings,
    translation_settings,
)
from tasks.webhooks import signing

ROOT: Final = Path(__file__).parents[2]
CODE: Final = ("mjproxy", "accounts", "tasks", "gateway")
LIVE: Final = 2.0  # seconds
MODELS: Final = [m for m in apps.get_models() if issubclass(m, SingletonModel)]

# Settings that are kept in memory: how they are read, and a change of them.
Reader = Callable[[], object]
KEPT: Final[dict[Any, tuple[Reader, dict[str, object]]]] = {
    AccessSettings: (
        lambda: access_settings().announcement,
        {"announcement": "Closed."},
    ),
    PoolSettings: (lambda: pool().rule, {"rule": "Weight"}),
    ProtectionSettings: (
        lambda: protection().limits is not None,
        {"limits_on": True, "limits_address": {"*": {"60": 1}}, "changed_at": None},
    ),
    DrawingSettings: (
        lambda: drawing_settings().notify_hook,
        {"notify_hook": "https://hook.example"},
    ),
    StorageSettings: (lambda: storage_settings().link_minutes, {"link_minutes": 7}),
    TranslationSettings: (
        lambda: translation_settings().gpt_model,
        {"gpt_model": "another"},
    ),
    GatewaySettings: (
        lambda: event_loop.run(clients.current_addresses(), timeout=10).server,
        {"server": "https://d.example"},
    ),
}
# These are read from the row each time.
UNKEPT: Final = {
    *(MailSettings, PaymentSettings, RetentionSettings, SwapSettings),
    VerificationSettings,
}


def test_all_settings_are_looked_at() -> None:
    assert KEPT.keys() | UNKEPT == set(MODELS)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("model", KEPT, ids=lambda m: m.__name__)
def test_a_change_by_another_process_is_live(
    memory: None, monkeypatch: pytest.MonkeyPatch, model: Any
) -> None:
    from django.utils import timezone

    read, change = KEPT[model]
    model.get_solo()
    before = read()

    if "changed_at" in change:
        change = change | {"changed_at": timezone.now()}
    model.objects.update(**change)
    real = time.monotonic
    monkeypatch.setattr(time, "monotonic", lambda: real() + LIVE)

    assert read() != before


def test_no_memory_of_settings_is_older() -> None:
    kept = [s for s in snapshot.every if set(s.models) & set(MODELS)]

    assert len(kept) >= 6
    assert max(each.kept_for for each in kept) <= LIVE
    assert clients.ADDRESSES_KEPT <= LIVE
    assert manager.TICK + manager.REST <= LIVE
    assert signing.KEPT <= LIVE
    assert getattr(settings, "SOLO_CACHE", None) is None


def early_calls(tree: ast.Module) -> Iterator[int]:
    """Yield the lines that call get_solo when the module is imported."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            # Its body runs later; decorators and defaults run now.
            waiting += [*node.decorator_list, *node.args.defaults]
            waiting += [each for each in node.args.kw_defaults if each]
            continue
        if isinstance(node, ast.Lambda):
            waiting += node.args.defaults
            continue
        if isinstance(node, ast.Call) and ast.unparse(node.func).endswith(".get_solo"):
            yield node.lineno
        waiting += ast.iter_child_nodes(node)


def kept_for_ever(tree: ast.Module) -> Iterator[str]:
    """Yield functions that read settings and whose results are cached."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            marks = " ".join(ast.unparse(each) for each in node.decorator_list)
            if "cache" in marks and "get_solo" in ast.unparse(node):
                yield node.name


def modules() -> Iterator[tuple[Path, ast.Module]]:
    for folder in CODE:
        for path in (ROOT / folder).rglob("*.py"):
            yield path, ast.parse(path.read_text())


def test_no_module_keeps_a_setting_that_it_read_at_its_import() -> None:
    found = [(path, n) for path, tree in modules() for n in early_calls(tree)]
    cached = [(path, n) for path, tree in modules() for n in kept_for_ever(tree)]

    assert found == []
    assert cached == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("row = Some.get_solo()", 1),
        ("class A:\n    days = Some.get_solo().days", 1),
        ("def f(x=Some.get_solo()): ...", 1),
        ("def f(): return Some.get_solo()", 0),
        ("f = lambda: Some.get_solo()", 0),
        ("s = Snapshot(Some.get_solo, Some)", 0),
    ],
)
def test_the_look_at_imports_finds_them(text: str, count: int) -> None:
    assert len(list(early_calls(ast.parse(text)))) == count
