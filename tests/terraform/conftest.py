from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.terraform.offline import Workspace, copy, missing, provide


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Workspace:
    """The stack, initialised; others copy it."""
    if why := missing():
        pytest.skip(why)
    folder = tmp_path_factory.mktemp("terraform")
    provide(folder)
    return copy(folder / "stack", folder)


@pytest.fixture(scope="session")
def fresh(stack: Workspace, tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Workspace]:
    """Makes copies, each with a state of its own."""

    def one() -> Workspace:
        folder: Path = tmp_path_factory.mktemp("copy") / "stack"
        return copy(folder, stack.providers, stack.folder)

    return one
