"""Grading a submission that cheats with the real plugin, and everything that must not have come of it."""

from __future__ import annotations

import json
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import jsonschema
import psutil
import pytest

from graders import profiles, sandbox
from graders.cohort.corpus.cases import REFERENCE
from graders.cohort.grading import Lender
from graders.grade import Options, start_servers
from graders.labs import catalogue
from graders.labs.definition import Lab
from graders.labs.grading import Grading
from graders.labs.l02_quantization.baseline import drawn_share
from graders.labs.testers import file_name
from graders.sandbox import Isolation

from .cases import Attack, Variant, build

REPOSITORY = Path(__file__).resolve().parents[2]
SEED = 7
EXIT_CODES = (0, 1, 3)
TRACEBACK = "Traceback (most recent call last)"
LOOT = "LOOT"
# Where runners of workflows take commands from a line.
COMMAND = re.compile(r"^\s*::|##\[|^\s*\x1b\]", re.MULTILINE)
WORKFLOW = ("GITHUB_OUTPUT", "GITHUB_ENV", "GITHUB_STEP_SUMMARY", "GITHUB_PATH", "GITHUB_STATE")
# What nobody changes while the suite runs, and where an attack may leave files: with `loot` in their names.
KEPT = ("graders", "reference", "student_template", "fixtures/datasets", "fixtures/models")
GONE_S = 5.0
LEVELS = 2
Read = Callable[[], str]


@dataclass(frozen=True)
class Graded:
    """What a grading left: exit code, scorecard, report and terminal."""

    exit_code: int
    scorecard: Mapping[str, Any]
    report: str
    terminal: str

    @property
    def criteria(self) -> dict[str, Mapping[str, Any]]:
        """All criteria by id."""
        return {criterion["id"]: criterion for lab in self.scorecard["labs"] for criterion in lab["criteria"]}

    @property
    def whole(self) -> str:
        """All that came out, as one text."""
        return "\n".join([json.dumps(self.scorecard, ensure_ascii=False), self.report, self.terminal])


@dataclass
class Arena:
    """The servers of one tier, and the gradings without an attack that were needed so far."""

    isolation: Isolation
    folder: Path
    bases: dict[tuple[str, str, str], Graded] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Starts the servers."""
        options = Options(
            submission=REFERENCE,
            labs=tuple(catalogue.chosen([])),
            profile=profiles.choose("embedded", None, None),
            isolation=self.isolation,
        )
        self.servers = start_servers(options)

    def close(self) -> None:
        """Ends the servers."""
        self.servers.close()

    def base(self, attack: Attack, variant: Variant, read: Read, monkeypatch: pytest.MonkeyPatch) -> Graded:
        """The grading of what is attacked, without the attack; once for each selection of runs."""
        key = attack.lab.id, variant.base, variant.select
        if key not in self.bases:
            folder = self.folder / f"{len(self.bases)}"
            folder.mkdir(parents=True)
            submission = build(variant.base, (), folder / "submission", attack.path.name)
            plain = Variant(name="base", base=variant.base, select=variant.select, changes=())
            self.bases[key] = self.grade(attack.lab, plain, submission, folder, read, monkeypatch)
        return self.bases[key]

    def grade(
        self, lab: Lab, variant: Variant, submission: Path, folder: Path, read: Read, monkeypatch: pytest.MonkeyPatch
    ) -> Graded:
        """Grades a submission as ``pytest graders`` does, in this process. :param read: what the terminal got."""
        monkeypatch.chdir(REPOSITORY)
        # The tier is known to hold already.
        monkeypatch.setattr(sandbox, "choose", lambda *_: self.isolation)
        for name in WORKFLOW:
            (folder / name).touch()
            monkeypatch.setenv(name, str(folder / name))
        out = folder / "report"
        argv = ["graders", f"--submission={submission}", f"--lab={lab.id}", f"--report-dir={out}", f"--seed={SEED}"]
        # Everything is carried out: what an attack leaves behind is what counts here.
        argv += ["--no-cache", "-k", variant.select, "-p", "no:cacheprovider", "-p", "no:faulthandler", "-q"]
        if variant.wall_limit is not None:
            argv.append(f"--wall-limit={variant.wall_limit}")
        read()
        code = int(pytest.main(argv, plugins=[Lender(self.servers)]))
        terminal = read()
        assert (out / "scorecard.json").is_file(), f"exit code {code}, no scorecard:\n{terminal}"
        scorecard = json.loads((out / "scorecard.json").read_text(encoding="utf-8"))
        return Graded(code, scorecard, (out / "report.html").read_text(encoding="utf-8"), terminal)

    def complaints(
        self, attack: Attack, variant: Variant, folder: Path, read: Read, monkeypatch: pytest.MonkeyPatch
    ) -> list[str]:
        """Carries out the attack; everything that came of it and must not have, a line each."""
        base = self.base(attack, variant, read, monkeypatch)
        submission = build(variant.base, variant.changes, folder / "submission", attack.path.name)
        before, processes = _files(submission), _descendants()
        graded = self.grade(attack.lab, variant, submission, folder, read, monkeypatch)
        found = [*_about_scores(base, graded, variant), *_about_output(base, graded, folder)]
        found += _hidden(attack.lab, base, graded)
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


def looted(graded: Graded) -> list[str]:
    """What the code says that it could reach."""
    everywhere = [*texts(graded.scorecard), graded.terminal]
    lines = [line for text in everywhere for line in text.splitlines()]
    return list(dict.fromkeys(line[:200] for line in lines if line.startswith(LOOT)))


def texts(value: Any, *, output: bool = True) -> Iterator[str]:
    """Every text in a scorecard. :param output: also what runs printed."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for key, each in value.items():
            if output or key != "output_tail":
                yield from texts(each, output=output)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each, output=output)


def _about_scores(base: Graded, graded: Graded, variant: Variant) -> Iterator[str]:
    assert base.criteria.keys() == graded.criteria.keys()
    for identifier, criterion in graded.criteria.items():
        usual = base.criteria[identifier]
        got, wanted = (tuple(one[key] for key in ("verdict", "earned")) for one in (criterion, usual))
        told = f"{identifier}: {got[0]} with {got[1]:g} points; {wanted[0]} with {wanted[1]:g} without the attack"
        if got[1] > wanted[1] or (got[0] == "earned" and wanted[0] != "earned"):
            yield f"gained: {told}"
        elif got[0] == "unscored" and wanted[0] != "unscored":
            yield f"broke the grading: {told}: {criterion['reason']}"
        elif got != wanted and (variant.same or identifier.startswith(variant.intact or ("\0",))):
            yield f"not as without the attack: {told}: {criterion['reason']}"
        if identifier in variant.costs and not got[1] < wanted[1]:
            yield f"not seen through: {told}"
        if identifier in variant.tampered and got[0] != "tampered":
            yield f"not noticed: {told}: {criterion['reason']}"
    if graded.scorecard["points"]["earned"] > base.scorecard["points"]["earned"]:
        yield f"gained: {graded.scorecard['points']} in all; {base.scorecard['points']} without the attack"


def _about_output(base: Graded, graded: Graded, folder: Path) -> Iterator[str]:
    try:
        jsonschema.validate(graded.scorecard, schema(), cls=jsonschema.Draft202012Validator)
    except jsonschema.ValidationError as error:
        yield f"the scorecard is not valid: {error.message[:300]}"
    if graded.exit_code not in EXIT_CODES or (graded.exit_code == 0 and base.exit_code != 0):
        yield f"exit code {graded.exit_code}; {base.exit_code} without the attack"
    # A traceback that the student's code printed is its output; one anywhere else is ours.
    of_grader = "\n".join(texts(graded.scorecard, output=False))
    printed = TRACEBACK in "\n".join(texts(graded.scorecard)) and TRACEBACK not in of_grader
    for place, text in (("terminal", graded.terminal), ("scorecard", of_grader), ("report", graded.report)):
        if "INTERNALERROR" in text:
            yield f"INTERNALERROR in the {place}"
        if TRACEBACK in text and not (printed and place == "report"):
            yield f"a traceback in the {place}"
        for path in (str(folder / "submission"), f"{tempfile.gettempdir()}/optgrade-", str(REPOSITORY)):
            if place == "scorecard" and path in text:
                yield f"{path} in the {place}"
    for place, text in (("terminal", graded.terminal), ("report", graded.report)):
        for found in COMMAND.finditer(text):
            yield f"a command to a workflow's runner in the {place}: {text[found.start() :][:80]!r}"
    if "\x1b" in graded.whole:
        yield "an escape sequence in the output"


@cache
def schema() -> dict[str, Any]:
    """The scorecard's JSON Schema."""
    found: dict[str, Any] = json.loads((REPOSITORY / "docs" / "scorecard.schema.json").read_text(encoding="utf-8"))
    return found


@cache
def _secrets(identifier: str) -> frozenset[str]:
    """What is drawn for a grading and told to nobody before: a share, and the names of files."""
    (entry,) = catalogue.chosen([identifier])
    lab = entry.lab
    grading: Any = SimpleNamespace(lab=lab, seed=SEED)
    grading.drawn = lambda purpose: Grading.drawn(grading, purpose)
    names = {file_name(grading, run) for run in entry.run_names}
    return frozenset(names | ({str(drawn_share(grading))} if "drawn_share" in lab.settings else set()))


def _hidden(lab: Lab, base: Graded, graded: Graded) -> Iterator[str]:
    """Hidden values in the output, but for the name of its own file, which a run has to know."""
    asked = [run["run"] for each in graded.scorecard["labs"] for run in each["runs"]]
    for secret in sorted(_secrets(lab.id)):
        told = re.compile(rf"(?<![\d.]){re.escape(secret)}(?!\d)")
        own = any(secret.startswith(f"{run}-") for run in asked)
        if not own and told.search(graded.whole) and not told.search(base.whole):
            yield f"the hidden value {secret} in the output"


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
    """Files that must be the same before and after: with their sizes and times where nobody else may change them."""
    found = set()
    for root in (submission, *(REPOSITORY / folder for folder in KEPT)):
        for path in root.rglob("*"):
            if "__pycache__" not in path.parts and not path.is_dir():
                state = path.lstat()
                exact = root.name != "graders"
                found.add(f"{path} {state.st_size} {state.st_mtime_ns}" if exact else str(path))
    # Other places are used by others as well.
    for place in (REPOSITORY, Path.home(), Path("/tmp"), Path("/var/tmp"), Path("/dev/shm")):
        for pattern in ("*", "*/*")[:LEVELS]:
            found |= {str(path) for path in place.glob(pattern) if LOOT.lower() in path.name.lower()}
    found |= {f"{name}={value}" for name, value in os.environ.items() if LOOT.lower() in name.lower()}
    return found
