"""The lab's run: the notebook is executed, its functions are tried, and what it left is measured."""

from __future__ import annotations

import importlib
import math
from functools import partial
from pathlib import PurePosixPath

from graders.core.errors import RunError, SubmissionError, bad_file
from graders.core.result import Result, failure, measured
from graders.core.text import captured_output
from graders.core.verdicts import Verdict
from graders.framework.context import LabContext
from graders.framework.definition import Lab
from graders.framework.repairer import Repairer
from graders.framework.repairs.model import CellSource
from graders.framework.runner import RunLog
from graders.labs.mnist_compression import files, probes
from graders.labs.mnist_compression.evidence import Figures, KerasModel, LiteFile, NotebookEvidence, Origin, Value
from graders.labs.mnist_compression.extras import extra_files
from graders.labs.mnist_compression.network import PARAMETERS
from graders.labs.mnist_compression.notebook_run import Execution, prepare_session
from graders.labs.mnist_compression.roles import Roles, assign_roles
from graders.measure.digits import Digits, draw
from graders.measure.sizes import deflate_size
from graders.sandbox import Session
from graders.submission import notebooks
from graders.submission.notebooks import CellCode, Gap, Notebook

MAX_NAME, MOST_ORIGINS = 300, 64


def prepare(context: LabContext) -> None:
    """Draws the digits while the runner's libraries are still being imported."""
    importlib.import_module("sklearn.metrics")
    hidden(context)


def hidden(context: LabContext) -> Digits:
    """The digits that quality is graded on."""
    held_back = context.lab.data_paths[0].with_name("held_back.npz")
    count = context.lab.settings["graded_images"]
    return context.once("digits", lambda: draw(held_back, count, context.seed))


def run_notebook(context: LabContext, log: RunLog) -> NotebookEvidence:
    """Executes the notebook, tries its functions, ends the run, and measures its files."""
    path = PurePosixPath(context.lab.student_file)
    try:
        notebook = notebooks.read(context.code / path)
    except SubmissionError as error:
        raise bad_file(str(error)) from None
    cells = notebooks.runnable(notebook)
    code = files.without_models(context.code, context.work / "code")
    repairer = Repairer(context, log, [_source(cell, notebook) for cell in cells])
    while True:
        execution = Execution(repairer.edits.of_cells(cells))
        session = context.open(log.name, code=code, edits=repairer.edits)
        try:
            prepare_session(context, session, str(context.code_folder(log.name) / path.parent))
            if execution.run(session, log, repairer.accept):
                continue
            state = measured(partial(_state, session))
            tried = probes.try_functions(context, session)
        finally:
            log.records.append(session.end())
        return _measured(context, execution, state, tried, log.name)


def _state(session: Session) -> dict[str, object]:
    return session.call("state").facts


def _source(cell: CellCode, notebook: Notebook) -> CellSource:
    return CellSource(cell.index, notebook.cells[cell.index].execution_count, cell.code)


def _measured(
    context: LabContext, execution: Execution, state: Result[dict[str, object]], tried: probes.Tried, run: str
) -> NotebookEvidence:
    facts = state.value or {}
    workdir = files.Workdir(context, run, {**execution.constants(), **_texts(facts.get("files"))})
    digits = hidden(context)
    origins = origins_of(facts.get("models"))
    own = (*tried.names, tried.own.name)
    roles = assign_roles(workdir, digits, origins, own, execution.why_missing)

    def made(name: str, called: Result[probes.Facts]) -> Result[LiteFile]:
        def take() -> LiteFile:
            tried.made.get()
            called.get()
            return files.lite_file(context, workdir.take_path(name, files.LITE), digits)

        return measured(take)

    return NotebookEvidence(
        executed=execution.executed(),
        baseline=_baseline(context.lab, roles),
        saved=roles.saved,
        non_quantised=roles.lite[files.NON_QUANTISED],
        post_training=roles.lite[files.POST_TRAINING],
        quantisation_aware=roles.lite[files.AWARE],
        pruned=roles.pruned,
        pruned_quantised=roles.lite[files.PRUNED_QUANTISED],
        fresh=Result(tried.weights),
        converted=made(tried.names[0], tried.converted),
        converted_quantised=made(tried.names[1], tried.quantised),
        evaluated=measured(lambda: _evaluated(context, tried)),
        archived=measured(lambda: _archived(tried)),
        archives=roles.archives,
        figures=failure(state.error) if state.error else Result(_figures(facts, execution)),
        parameters={name: int(value) for name, value in _numbers(facts.get("parameters")).items()},
        extras=extra_files(context, workdir, [*own, *roles.names.values()], digits),
        reached=max((each.accuracy for each in origins.values() if _is_plain(each)), default=-1.0),
        gaps=_gaps(execution, workdir),
    )


def _gaps(execution: Execution, workdir: files.Workdir) -> dict[str, tuple[Gap, ...]]:
    """The gaps of the template that are still open, by the files and functions that depend on them."""
    source = execution.source
    behind = {role: source.behind_file(workdir.called(role), workdir.name(role)) for role in files.NAMES}
    behind |= {name: source.behind_function(name) for name in probes.FUNCTIONS}
    return {name: tuple(gap for each in statements for gap in each.gaps) for name, statements in behind.items()}


def _baseline(lab: Lab, roles: Roles) -> Result[KerasModel]:
    """The file of the trained baseline: the one with the converted weights, or the last that was saved of it."""
    trained = [model for model in roles.saved if model.accuracy >= lab.thresholds["learned"]]
    converted = roles.lite[files.NON_QUANTISED].value
    if converted is not None:
        same = [model for model in trained if converted.layers.is_same(model.layers, lab.thresholds["same"])]
        trained = same or trained
    if not trained:
        return failure(RunError(Verdict.MISSING, "no Keras file of the trained baseline was saved"))
    return Result(max(trained, key=lambda model: model.origin.steps if model.origin is not None else 0))


def _is_plain(origin: Origin) -> bool:
    return not origin.wrapped and origin.parameters == PARAMETERS


def origins_of(reported: object) -> dict[str, Origin]:
    """What the run said of the models behind its files, by the files' hashes; what is none of that is left out."""
    found = {}
    for each in reported[:MOST_ORIGINS] if isinstance(reported, list) else ():
        numbers = _numbers(each)
        digest, wrapped = (each.get("sha256"), each.get("wrapped")) if isinstance(each, dict) else ("", ())
        if isinstance(digest, str) and isinstance(wrapped, list) and {"model", "steps", "accuracy"} <= numbers.keys():
            words = tuple(word for word in wrapped[:MOST_ORIGINS] if isinstance(word, str))
            found[digest] = Origin(
                model=int(numbers["model"]),
                wrapped=words,
                steps=int(numbers["steps"]),
                accuracy=min(1.0, numbers["accuracy"]),
                parameters=int(numbers.get("parameters", 0)),
            )
    return found


def _texts(reported: object) -> dict[str, str]:
    found = reported if isinstance(reported, dict) else {}
    return {str(name): value for name, value in found.items() if isinstance(value, str)}


def _numbers(reported: object) -> dict[str, float]:
    found = reported if isinstance(reported, dict) else {}
    numbers = {str(name)[:MAX_NAME]: _finite(value) for name, value in found.items()}
    return {captured_output(name): value for name, value in numbers.items() if value is not None}


def _finite(value: object) -> float | None:
    """A reported value as a float, if it is a finite number."""
    try:
        number = float(value) if isinstance(value, int | float) else math.nan
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _figures(facts: dict[str, object], execution: Execution) -> Figures:
    reported = facts.get("figures")
    dicts = reported if isinstance(reported, dict) else {}
    return Figures(_numbers(dicts.get("MODEL_SIZE")), _numbers(dicts.get("ACCURACY")), execution.numbers())


def _evaluated(context: LabContext, tried: probes.Tried) -> Value:
    """The student's accuracy of our own file, and the scorer's of the same.

    :raises GraderError: if the grader's own file is not valid.
    """
    facts = tried.evaluated.get()
    scale = 1.0 if facts.get("pixels") is True else 1 / 255
    return Value(_finite(facts.get("value")), files.accuracy_of(context, tried.own, tried.digits, scale))


def _archived(tried: probes.Tried) -> Value:
    """The student's size of an archive of our own file, and the right one."""
    return Value(_finite(tried.archived.get().get("value")), float(deflate_size(tried.content.tobytes())))
