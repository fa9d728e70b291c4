"""A workflow's job, run step by step as GitHub's runner would: its shell, its files, its expressions.

Steps with ``uses`` are replaced by what these actions do: a checkout clones, a cache restores an environment that was
made before, an upload copies files. ``sudo`` is there and refuses, as for an unprivileged user.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
EXPRESSION = re.compile(r"\$\{\{(.*?)\}\}")
KEPT = ("PATH", "HOME", "LANG")


def read(path: Path) -> dict[str, Any]:
    """The workflow; YAML 1.1 takes the word ``on`` for true."""
    workflow: dict[Any, Any] = yaml.safe_load(path.read_text(encoding="utf-8"))
    workflow["on"] = workflow.pop(True)
    return workflow


@dataclass
class Job:
    """One run of a workflow's only job in a folder of its own."""

    workflow: dict[str, Any]
    folder: Path
    submission: Path
    context: dict[str, str]
    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    logs: dict[str, str] = field(default_factory=dict)
    codes: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.workspace = self.folder / "workspace"
        self.artifact = self.folder / "artifact"
        tools = self.folder / "tools"
        for each in (self.workspace, self.artifact, tools):
            each.mkdir(parents=True)
        (tools / "sudo").write_text("#!/bin/sh\necho 'sudo: a password is required' >&2\nexit 1\n", encoding="utf-8")
        (tools / "sudo").chmod(0o755)
        self.path = f"{tools}:{os.environ['PATH']}"
        self.env = {name: self.filled(value) for name, value in self.workflow["env"].items()}

    @property
    def job(self) -> dict[str, Any]:
        (job,) = self.workflow["jobs"].values()
        return job

    def value(self, expression: str) -> str:
        """An expression's value: names of the context, the first of several that is not empty, or a text."""
        for part in map(str.strip, expression.split("||")):
            if part.startswith("'"):
                return part.strip("'")
            if found := re.fullmatch(r"env\.(\w+)", part):
                told = self.env[found[1]]
            elif found := re.fullmatch(r"steps\.(\w+)\.outputs\.([\w-]+)", part):
                told = self.outputs.get(found[1], {}).get(found[2], "")
            elif part.startswith("hashFiles("):
                told = "0123abcd"
            else:
                told = self.context[part]
            if told:
                return told
        return ""

    def filled(self, text: Any) -> str:
        """A text with its expressions replaced."""
        return EXPRESSION.sub(lambda found: self.value(found[1].strip()), str(text))

    def run(self, steps: list[str] | None = None) -> None:
        """Runs the steps of these names, or all: after one that failed, only those that ask for it."""
        failed = False
        for step in self.job["steps"]:
            if steps is not None and step["name"] not in steps:
                continue
            condition = step.get("if", "")
            assert condition in ("", "${{ !cancelled() }}")
            if failed and not condition:
                continue
            failed = self._step(step) != 0 or failed

    def _step(self, step: dict[str, Any]) -> int:
        if "uses" in step:
            self._use(step)
            return 0
        name = step["name"]
        files = {each: self.folder / f"{each}-{len(self.codes)}" for each in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY")}
        for file in files.values():
            file.touch()
        environment = {
            **{each: os.environ[each] for each in KEPT if each in os.environ},
            **{each: str(file) for each, file in files.items()},
            **{each: value for each, value in self.context.items() if each.isupper()},
            **self.env,
            "PATH": self.path,
        }
        done = subprocess.run(
            ["bash", "-e", "-c", self.filled(step["run"])],
            cwd=self.workspace, env=environment, capture_output=True, text=True, timeout=300, check=False,
        )  # fmt: skip
        self.logs[name] = done.stdout + done.stderr
        self.codes[name] = done.returncode
        lines = files["GITHUB_OUTPUT"].read_text(encoding="utf-8").splitlines()
        self.outputs[step.get("id", name)] = dict(line.split("=", 1) for line in lines)
        self.logs[f"{name}: summary"] = files["GITHUB_STEP_SUMMARY"].read_text(encoding="utf-8")
        return done.returncode

    def _use(self, step: dict[str, Any]) -> None:
        action = step["uses"].partition("@")[0]
        given = {name: self.filled(value) for name, value in step.get("with", {}).items()}
        if action == "actions/checkout":
            assert given["persist-credentials"] == "False"
            clone(ROOT if "repository" in given else self.submission, self.workspace / given["path"])
        elif action == "actions/setup-python":
            self.outputs[step.get("id", "")] = {"python-version": given["python-version"]}
        elif action == "actions/cache":
            environment(self.workspace / given["path"])
        else:
            assert action == "actions/upload-artifact"
            for file in given["path"].split():
                if (self.workspace / file).is_file():
                    shutil.copy(self.workspace / file, self.artifact)


def clone(source: Path, target: Path) -> None:
    """A clone; of this repository, with what is not committed yet laid over it."""
    subprocess.run(["git", "clone", "--quiet", str(source), str(target)], check=True)
    listed = ["git", "ls-files", "--modified", "--others", "--exclude-standard", "-z"]
    done = subprocess.run(listed, cwd=source, check=True, capture_output=True)
    for name in filter(None, done.stdout.decode().split("\0")):
        if (source / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(source / name, target / name)


def environment(folder: Path) -> None:
    """An environment that was made before: this test's own Python under the names that scripts look for."""
    (folder / "bin").mkdir(parents=True)
    python = folder / "bin" / "python"
    python.write_text(f'#!/bin/sh\nexec {sys.executable} "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    (folder / ".ready").touch()
    os.utime(folder / ".ready", (1, 1))
