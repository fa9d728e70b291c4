"""The servers of a grading: nothing is started or changed before it is needed, and nothing is left of it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from graders import profiles, sandbox
from graders.framework.registry import select_labs
from graders.pipeline import servers as servers_module
from graders.pipeline.config import GradingConfig
from graders.pipeline.servers import prepare_servers, readable_files, work_folder
from graders.sandbox.host.users import Users

STRICT, READABLE = 0o077, 0o022


@pytest.fixture
def config(tmp_path: Path) -> GradingConfig:
    """A grading as little isolated as can be."""
    return GradingConfig(
        submission=tmp_path,
        labs=tuple(select_labs(["l02"])),
        profile=profiles.choose("embedded", None, None),
        isolation=sandbox.choose("bare"),
    )


@pytest.fixture
def umask(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A umask that lets nobody else read, and no pool of another test's that has changed it already."""
    monkeypatch.setattr(servers_module, "_UMASK", servers_module._Umask())
    before = os.umask(STRICT)
    yield
    os.umask(before)


def current() -> int:
    mask = os.umask(STRICT)
    os.umask(mask)
    return mask


def test_the_umask_is_restored(umask: None) -> None:
    """The umask is another one only in the context."""
    with readable_files():
        assert current() == READABLE
    assert current() == STRICT


def test_the_last_context_restores_the_umask(umask: None) -> None:
    """Contexts of several pools may end in any order; the last one restores what there was."""
    first, second = readable_files(), readable_files()
    first.__enter__()
    second.__enter__()
    first.__exit__(None, None, None)
    assert current() == READABLE
    second.__exit__(None, None, None)
    assert current() == STRICT


def test_a_pool_of_runs_with_another_user(config: GradingConfig, umask: None) -> None:
    """What is made for runs is readable for the user that they get, from the pool's making to its end."""
    servers = prepare_servers(replace(config, isolation=replace(config.isolation, users=Users(os.getuid(), 1))))
    (servers.scratch / "made").mkdir()
    assert (servers.scratch / "made").stat().st_mode & 0o777 == 0o755
    servers.close()
    assert current() == STRICT
    assert not servers.scratch.exists()


def test_a_pool_of_runs_with_this_user(config: GradingConfig, umask: None) -> None:
    """The umask stays as it is where runs have the grader's own user."""
    servers = prepare_servers(replace(config, isolation=replace(config.isolation, users=None)))
    assert current() == STRICT
    servers.close()


def test_a_work_folder_is_removed(config: GradingConfig) -> None:
    """Each grading has a folder of its own below the pool's, which others pass through without listing it."""
    servers = prepare_servers(config)
    with work_folder(servers) as one, work_folder(servers) as other:
        assert one != other
        assert one.parent == servers.scratch
        assert one.stat().st_mode & 0o777 == 0o711
    assert not one.exists()
    servers.close()
