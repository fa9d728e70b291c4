"""Grading a submission that cheats with the real plugin, and everything that the attack must not have caused."""

from __future__ import annotations

import glob
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psutil
import pytest

from graders import profiles, sandbox
from graders.cohort.engine.in_process import ServerLender
from graders.core.paths import REFERENCE, REPOSITORY
from graders.framework import registry
from graders.framework.context import LabContext
from graders.framework.definition import Lab
from graders.framework.lab_plugin import LabPlugin
from graders.pipeline.assembly import assemble
from graders.pipeline.config import GradingConfig
from graders.pipeline.execution import execute
from graders.pipeline.labs import open_grading
from graders.pipeline.output import MARKS_FILE
from graders.pipeline.review import review
from graders.pipeline.servers import start_servers
from graders.sandbox import Isolation
from graders.scoring import without_times
from graders.selftest.attacks.cases import Attack, Variant, build, pack
from graders.selftest.attacks.output import LOOT, SECRET, Graded, about_injection, about_output, looted
from graders.submission.seeds import ENVIRONMENT as SECRET_VARIABLE

SEED = 7
WORKFLOW = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY", "GITHUB_PATH", "GITHUB_STATE")
# What must not change while the suite runs, and where an attack may leave files: with `loot` in their names.
UNCHANGED = ("graders", "reference", "student_template", "fixtures/datasets", "fixtures/models")
GONE_S = 5.0
LEVELS = 2
Read = Callable[[], str]


@dataclass
class Arena:
    """The servers of one tier, and the gradings without an attack that were needed so far."""

    isolation: Isolation
    folder: Path
    bases: dict[tuple[str, ...], Graded] = field(default_factory=dict)
    alone: dict[tuple[str, ...], str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Starts the servers."""
        self.servers = start_servers(self.options(REFERENCE, tuple(registry.select_labs([]))))

    def options(self, submission: Path, labs: tuple[LabPlugin[Any], ...]) -> GradingConfig:
        """How a submission is graded without pytest."""
        profile = profiles.choose("embedded", None, None)
        return GradingConfig(submission=submission, labs=labs, profile=profile, isolation=self.isolation, seed=SEED)

    def close(self) -> None:
        """Ends the servers."""
        self.servers.close()

    def base(self, attack: Attack, variant: Variant, read: Read, monkeypatch: pytest.MonkeyPatch) -> Graded:
        """The grading of what is attacked, without the attack; once for each selection of runs."""
        key = attack.lab.id, variant.base, variant.select, variant.secret or ""
        if key not in self.bases:
            folder = self.folder / f"{len(self.bases)}"
            folder.mkdir(parents=True)
            submission = build(variant.base, (), folder / "submission", attack.path.name)
            plain = Variant(name="base", base=variant.base, select=variant.select, changes=(), secret=variant.secret)
            self.bases[key] = self.grade(attack.lab, plain, submission, folder, read, monkeypatch)
        return self.bases[key]

    def grade(
        self, lab: Lab, variant: Variant, submission: Path, folder: Path, read: Read, monkeypatch: pytest.MonkeyPatch
    ) -> Graded:
        """Grades a submission as ``pytest graders`` does, in this process. :param read: reads the terminal's output."""
        monkeypatch.chdir(REPOSITORY)
        # The tier is known to hold already.
        monkeypatch.setattr(sandbox, "choose", lambda *_: self.isolation)
        for name in WORKFLOW:
            (folder / name).touch()
            monkeypatch.setenv(name, str(folder / name))
        out = folder / "report"
        argv = ["graders", f"--submission={submission}", f"--lab={lab.id}", f"--report-dir={out}"]
        argv += _seeding(variant, folder, monkeypatch)
        # Nothing comes from the cache: what an attack leaves behind is what counts here.
        argv += ["--no-cache", "-k", variant.select, "-p", "no:cacheprovider", "-p", "no:faulthandler", "-q"]
        if variant.wall_limit is not None:
            argv.append(f"--wall-limit={variant.wall_limit}")
        read()
        code = int(pytest.main(argv, plugins=[ServerLender(self.servers)]))
        terminal = read()
        assert (out / "scorecard.json").is_file(), f"exit code {code}, no scorecard:\n{terminal}"
        scorecard = json.loads((out / "scorecard.json").read_text(encoding="utf-8"))
        marks = (out / MARKS_FILE).read_text(encoding="utf-8") if (out / MARKS_FILE).is_file() else ""
        return Graded(code, scorecard, (out / "report.html").read_text(encoding="utf-8"), terminal, marks)

    def mismatches(
        self, attack: Attack, variant: Variant, folder: Path, read: Read, monkeypatch: pytest.MonkeyPatch
    ) -> list[str]:
        """Carries out the attack; everything that it caused and must not have, a line each."""
        base = self.base(attack, variant, read, monkeypatch)
        submission = build(variant.base, variant.changes, folder / "submission", attack.path.name)
        if variant.feedback is not None:
            (folder / "first").mkdir()
            first = self.grade(attack.lab, variant, submission, folder / "first", read, monkeypatch)
            (submission / variant.feedback).parent.mkdir(parents=True, exist_ok=True)
            (submission / variant.feedback).write_text(json.dumps(first.scorecard), encoding="utf-8")
        if variant.packed is not None:
            submission = pack(submission, variant.packed)
        before, processes = _files(submission), _descendants()
        beside = self._beside(attack.lab, variant, submission) if variant.neighbour else []
        graded = self.grade(attack.lab, variant, submission, folder, read, monkeypatch)
        found = [*beside, *_about_scores(base, graded, variant), *about_output(base, graded, folder)]
        found += [*about_injection(graded), *_hidden(attack.lab, base, graded)]
        found += [f"{name} was written to" for name in WORKFLOW if (folder / name).stat().st_size]
        reached = [f"loot: {line}" for line in looted(graded)]
        left = [f"left a process: {line}" for line in self._left(processes)]
        left += [f"left a file: {path}" for path in sorted(_files(submission) - before)]
        left += [f"left a folder: {path.name}" for path in self.servers.scratch.glob("grading-*")]
        if self.isolation.tier not in variant.gaps:
            found += [*reached, *left]
        if variant.loot is False and reached and self.isolation.tier not in variant.gaps:
            found.append("a line begins with LOOT, and the variant has no loot = true")
        return found if not found else [*found, "", "terminal:", graded.terminal]

    def _beside(self, lab: Lab, variant: Variant, submission: Path) -> list[str]:
        """Measures the reference in the same servers and at the same time; what differs from doing so alone."""
        (entry,) = registry.select_labs([lab.id])
        wanted = [name for name in entry.run_names if name in variant.select]
        key = lab.id, *wanted
        if key not in self.alone:
            self.alone[key] = self._measured(entry, REFERENCE, wanted)
        with ThreadPoolExecutor(max_workers=1) as pool:
            hostile = pool.submit(self._measured, entry, submission, wanted, variant.wall_limit)
            found = [self._measured(entry, REFERENCE, wanted)]
            while not hostile.done():
                found.append(self._measured(entry, REFERENCE, wanted))
            hostile.result()
        return ["a neighbour's measurements differ from those it has alone"] if set(found) != {self.alone[key]} else []

    def _measured(
        self, entry: LabPlugin[Any], submission: Path, runs: Sequence[str], wall_limit: float | None = None
    ) -> str:
        """All results of a grading without pytest's checks, except durations, as a text."""
        options = replace(self.options(submission, (entry,)), wall_limit_s=wall_limit)
        with open_grading(options, self.servers) as grading:
            results = execute(grading, {entry.lab.id: runs})
            scorecard = assemble(grading, results, review(grading, results), {})
            return json.dumps(without_times(scorecard.to_json()), sort_keys=True)

    def _left(self, before: set[psutil.Process]) -> list[str]:
        """The processes that live on below the servers, or in a folder of theirs."""
        deadline = time.monotonic() + GONE_S
        while left := [*(_descendants() - before), *self._inside()]:
            if time.monotonic() > deadline:
                return [str(process) for process in left]
            time.sleep(0.05)
        return []

    def _inside(self) -> Iterator[psutil.Process]:
        for process in psutil.process_iter():
            try:
                if Path(process.cwd()).is_relative_to(self.servers.scratch):
                    yield process
            except (psutil.Error, OSError):
                continue


def _seeding(variant: Variant, folder: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The options that determine the hidden values."""
    if variant.secret is None:
        return [f"--seed={SEED}"]
    if variant.secret == "environment":  # noqa: S105 - where a secret comes from is not one
        monkeypatch.setenv(SECRET_VARIABLE, SECRET)
        return []
    (folder / "secret").write_text(f"{SECRET}\n", encoding="utf-8")
    return [f"--secret-file={folder / 'secret'}"]


def _about_scores(base: Graded, graded: Graded, variant: Variant) -> Iterator[str]:
    assert base.criteria.keys() == graded.criteria.keys()
    for identifier, criterion in graded.criteria.items():
        usual = base.criteria[identifier]
        got, wanted = (tuple(one[key] for key in ("verdict", "earned")) for one in (criterion, usual))
        result = f"{identifier}: {got[0]} with {got[1]:g} points; {wanted[0]} with {wanted[1]:g} without the attack"
        if got[1] > wanted[1] or (got[0] == "earned" and wanted[0] != "earned"):
            yield f"gained: {result}"
        elif got[0] == "unscored" and wanted[0] != "unscored":
            yield f"broke the grading: {result}: {criterion['reason']}"
        elif got != wanted and (variant.same or identifier.startswith(variant.intact or ("\0",))):
            yield f"different from the grading without the attack: {result}: {criterion['reason']}"
        if identifier in variant.costs and not got[1] < wanted[1]:
            yield f"not detected: {result}"
        if got[1] > variant.at_most.get(identifier, got[1]):
            yield f"not detected: {result}; it may earn {variant.at_most[identifier]:g}"
        if identifier in variant.tampered and got[0] != "tampered":
            yield f"not detected as tampering: {result}: {criterion['reason']}"
    if graded.scorecard["points"]["earned"] > base.scorecard["points"]["earned"]:
        yield f"gained: {graded.scorecard['points']} in all; {base.scorecard['points']} without the attack"


@cache
def _secrets(identifier: str, seed: int) -> Mapping[str, str]:
    """What is drawn for a grading and shown to nobody before, by what it is."""
    (entry,) = registry.select_labs([identifier])
    context: Any = SimpleNamespace(lab=entry.lab, seed=seed)
    context.drawn = lambda purpose: LabContext.drawn(context, purpose)
    return entry.drawn_values(context)


def _hidden(lab: Lab, base: Graded, graded: Graded) -> Iterator[str]:
    """Hidden values in the output, except the name of its own file, which a run has to know."""
    requested = [run["run"] for each in graded.scorecard["labs"] for run in each["runs"]]
    ours, usual = (_secrets(lab.id, each.scorecard["seed"]) for each in (graded, base))
    for name, secret in sorted(ours.items()):
        own = any(secret.startswith(f"{run}-") for run in requested)
        # A drawn value may be in the title of its run once that is over, in the output without an attack as well.
        if not own and _shows(graded, secret) and not _shows(base, usual[name]):
            yield f"the hidden value {secret} in the output"


def _shows(graded: Graded, secret: str) -> bool:
    # Without durations: a drawn number has few digits, and some time or other is as long as that.
    shown = replace(graded, scorecard=without_times(graded.scorecard)).whole
    return bool(re.search(rf"(?<![\d.]){re.escape(secret)}(?! ?m?s\b|\d)", shown))


def _descendants() -> set[psutil.Process]:
    """All processes below this one."""
    found = set()
    for process in psutil.Process().children(recursive=True):
        try:
            if process.status() != psutil.STATUS_ZOMBIE:
                found.add(process)
        except psutil.Error:
            continue
    return found


def _files(submission: Path) -> set[str]:
    """Files that must be the same before and after: with their sizes and times if nothing else may change them."""
    found = set()
    for root in (submission, *(REPOSITORY / folder for folder in UNCHANGED)):
        for path in root.rglob("*"):
            if "__pycache__" not in path.parts and not path.is_dir():
                state = path.lstat()
                exact = root.name != "graders"
                found.add(f"{path} {state.st_size} {state.st_mtime_ns}" if exact else str(path))
    # Other places are used by others as well, who may remove a folder that is just looked into.
    for place in (REPOSITORY, Path.home(), Path("/tmp"), Path("/var/tmp"), Path("/dev/shm")):  # noqa: S108 - attacks leave files there
        for pattern in ("*", "*/*")[:LEVELS]:
            paths = glob.glob(str(place / pattern))  # noqa: PTH207 - this one passes over what is gone
            found |= {path for path in paths if LOOT.lower() in Path(path).name.lower()}
    found |= {f"{name}={value}" for name, value in os.environ.items() if LOOT.lower() in name.lower()}
    return found
