"""Scenarios: the submitted ones, found by what is in them, and one of the grader's own; what each of them makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from graders.core.errors import RunError
from graders.core.result import Result, measured
from graders.core.text import plain_line
from graders.core.verdicts import Verdict
from graders.framework.context import LabContext
from graders.framework.runner import PlannedRun, RunLog
from graders.labs.kenning_compression import files, runs
from graders.labs.kenning_compression.evidence import Evidence, ModelFile, ScenarioEvidence, Step, Weights
from graders.labs.kenning_compression.images import ImageSet, accuracy, draw_images
from graders.labs.kenning_compression.problems import Made, Problem
from graders.labs.kenning_compression.runs import CLUSTERING, PRUNING
from graders.measure.compression import KerasPairs, pair_keras
from graders.sandbox import Session

# The training images of the data set that the tutorial uses: its schedules are made for as many steps.
TUTORIAL_IMAGES = 5912
HELD_BACK = 1000
MOST_STEPS = 8
TYPES = {
    PRUNING: "kenning.optimizers.tensorflow_pruning.TensorFlowPruningOptimizer",
    CLUSTERING: "kenning.optimizers.tensorflow_clustering.TensorFlowClusteringOptimizer",
}
DEFAULTS: Mapping[str, Any] = {
    "optimizer": "adam", "save_to_zip": False, "prune_dense": False, "cluster_dense": False, "preserve_sparsity": False,
    "fine_tune": False, "pruning_end": -1, "pruning_frequency": 100, "disable_from_logits": False,
}  # fmt: skip


@dataclass(frozen=True)
class Assigned:
    """A scenario that the assignment asks for: its optimizers, each with the parameters that it names."""

    title: str
    steps: tuple[Step, ...]


ASSIGNED = {
    "scenario-0.15": Assigned(
        "the scenario with sparsity 0.15",
        (
            Step(
                PRUNING,
                {"target_sparsity": 0.15, "batch_size": 128, "epochs": 3, "pruning_frequency": 20, "pruning_end": 120},
            ),
        ),
    ),
    "scenario-0.3": Assigned(
        "the scenario with sparsity 0.3",
        (
            Step(
                PRUNING,
                {
                    "target_sparsity": 0.3, "batch_size": 128, "epochs": 5, "pruning_frequency": 40, "pruning_end": 82,
                    "save_to_zip": True,
                },
            ),
        ),
    ),
    "scenario-clustered": Assigned(
        "the scenario with pruning and clustering",
        (
            Step(PRUNING, {"target_sparsity": 0.15, "epochs": 5, "pruning_frequency": 10}),
            Step(CLUSTERING, {"clusters_number": 60, "preserve_sparsity": True}),
        ),
    ),
}  # fmt: skip
Choice = Callable[[Session], tuple[str, dict[str, Any]]]
"""Finds the scenario to execute in a run: its path, empty for one of the grader's, and its content."""
OWN = "scenario-drawn"
NAMES = (OWN, *ASSIGNED)


def plan_runs() -> list[PlannedRun[Evidence]]:
    """One run for each assigned scenario, and one for the grader's own."""
    found: list[PlannedRun[Evidence]] = [
        PlannedRun(name=OWN, title="a scenario with every parameter, two optimizers", execute=run_own, weight=5)
    ]
    for name, assigned in ASSIGNED.items():
        execute = partial(run_submitted, assigned=assigned)
        found.append(PlannedRun(name=name, title=assigned.title, execute=execute, weight=6))
    return found


def own_steps(context: LabContext) -> tuple[Step, ...]:
    """Pruning, then clustering, with every parameter that a scenario can have."""
    drawn = context.drawn("own scenario")
    shared = {
        "location": "host", "epochs": 2, "batch_size": 8, "optimizer": "adam", "disable_from_logits": False,
        "save_to_zip": False, "model_framework": "keras",
    }  # fmt: skip
    pruning = {
        "prune_dense": False, "target_sparsity": drawn.randrange(22, 48) / 100, "pruning_frequency": 2,
        "pruning_end": -1,
    }  # fmt: skip
    clustering = {
        "cluster_dense": False, "clusters_number": drawn.randrange(13, 29), "preserve_sparsity": True,
        "fine_tune": False,
    }  # fmt: skip
    return Step(PRUNING, shared | pruning), Step(CLUSTERING, shared | clustering)


def run_own(context: LabContext, log: RunLog) -> ScenarioEvidence:
    """The grader's own scenario, executed."""
    steps = own_steps(context)
    optimizers = [{"type": TYPES[each.kind], "parameters": dict(each.parameters)} for each in steps]
    return _run(context, log, lambda _: ("", {"optimizers": optimizers}), None, Problem(specified=True))


def run_submitted(context: LabContext, log: RunLog, assigned: Assigned) -> ScenarioEvidence:
    """The submitted scenario that is most like an assigned one, executed with the grader's model and data."""

    def choose(session: Session) -> tuple[str, dict[str, Any]]:
        answer = session.call("scenarios", {"folder": str(context.code_folder(log.name))}).facts.get("scenarios")
        return chosen(answer if isinstance(answer, list) else [], assigned)

    return _run(context, log, choose, assigned, Problem(train=TUTORIAL_IMAGES, mixed=True, specified=True))


def chosen(found: list[Any], assigned: Assigned) -> tuple[str, dict[str, Any]]:
    """The scenario with the same optimizers and most of the parameters. :raises RunError: there is none."""
    wanted = [each.kind.casefold() for each in assigned.steps]
    fitting: list[tuple[float, str, dict[str, Any]]] = []
    broken: list[str] = []
    for each in found:
        path, content = (each.get("path"), each.get("content")) if isinstance(each, dict) else ("", None)
        shown = plain_line(str(path))[:200]
        if isinstance(each, dict) and each.get("fault"):
            broken.append(f"{shown} can't be read: {plain_line(str(each['fault']))[:200]}")
            continue
        steps = steps_of(content)
        if steps is None:
            broken.append(
                f"{shown}: expected up to {MOST_STEPS} optimizers, each with a type and an object of parameters"
            )
        elif isinstance(content, dict) and [step.kind.casefold() for step in steps] == wanted:
            fitting.append((_likeness(steps, assigned), shown, content))
    # Another scenario of the assignment is none of this one.
    key = "target_sparsity"
    fitting = [
        each for each in fitting if _same(_steps(each[2])[0].parameters.get(key), assigned.steps[0].parameters[key])
    ]
    if not fitting:
        shown = " then ".join(each.kind for each in assigned.steps)
        sparsity = assigned.steps[0].parameters["target_sparsity"]
        message = f"no JSON or YAML file has the optimizers {shown} with target_sparsity {sparsity}"
        raise RunError(Verdict.MISSING, "; ".join([message, *broken[:2]]))
    _, path, content = max(fitting, key=lambda each: each[0])
    return path, content


def steps_of(content: object) -> tuple[Step, ...] | None:
    """The optimizers of a scenario, by the last part of their types' names; None if one of them is no block."""
    described = content.get("optimizers") if isinstance(content, dict) else None
    blocks = described if isinstance(described, list) else []
    found = []
    for each in blocks:
        parameters = (each.get("parameters") or {}) if isinstance(each, dict) else None
        if not isinstance(parameters, dict) or not isinstance(each.get("type"), str) or len(blocks) > MOST_STEPS:
            return None
        found.append(Step(plain_line(each["type"].rsplit(".", 1)[-1])[:100], parameters))
    return tuple(found)


def _steps(content: object) -> tuple[Step, ...]:
    return steps_of(content) or ()


def _likeness(steps: tuple[Step, ...], assigned: Assigned) -> float:
    return -len(list(_differences(steps, assigned)))


def _differences(steps: tuple[Step, ...], assigned: Assigned) -> list[str]:
    """Each parameter that the assignment names and that is another one, in words."""
    found = []
    for step, wanted in zip(steps, assigned.steps, strict=False):
        for name, value in wanted.parameters.items():
            own = step.parameters.get(name, DEFAULTS.get(name))
            if not _same(own, value):
                found.append(f"{name} is {_shown(own)} and not {value}")
    return found


def _same(own: object, wanted: object) -> bool:
    return own == wanted and isinstance(own, bool) == isinstance(wanted, bool)


def _shown(value: object) -> str:
    return plain_line(str(value))[:60] if isinstance(value, str | int | float | None) else f"a {type(value).__name__}"


def faults_of(content: Mapping[str, Any], assigned: Assigned) -> list[str]:
    """What of a scenario is not as assigned, in words."""
    found = _differences(_steps(content), assigned)
    for key in ("model_wrapper", "dataset"):
        block = content.get(key)
        if not (isinstance(block, dict) and isinstance(block.get("type"), str)):
            found.append(f"the block {key} with its type is missing")
    return found


def _run(
    context: LabContext, log: RunLog, choose: Choice, assigned: Assigned | None, problem: Problem
) -> ScenarioEvidence:
    made = runs.problem_of(context, log, problem)
    state: dict[str, Any] = {}

    def use(session: Session) -> None:
        runs.define(session, made)
        state["path"], state["content"] = choose(session)
        content = _with_own_paths(context, log.name, state["content"], str(made.model))
        session.call("scenario", {"module": context.lab.student_module, "content": content})

    error = runs.drive(context, log, use)
    if "content" not in state:
        assert error is not None
        raise error
    steps = _steps(state["content"])
    written = [_written(context, log.name, number, made, error) for number in range(len(steps))]
    return ScenarioEvidence(
        path=state["path"],
        steps=steps,
        faults=() if assigned is None else tuple(faults_of(state["content"], assigned)),
        files=tuple(each.file for each in written),
        accuracies=tuple(each.accuracy for each in written),
        weights=tuple(each.weights for each in written),
        chained=measured(lambda: _chained(written)),
    )


@dataclass(frozen=True)
class _Written:
    """What a scenario's optimizer wrote."""

    file: Result[ModelFile]
    weights: Result[Weights]
    pairs: Result[KerasPairs]
    accuracy: Result[float]


def _written(context: LabContext, run: str, number: int, made: Made, error: RunError | None) -> _Written:
    file, pairs = files.model_file(context, run, _step_file(number), made.arrays, error)
    return _Written(
        file,
        weights=measured(lambda: files.weights(pairs.get(), made.arrays, None)),
        pairs=pairs,
        accuracy=measured(lambda: accuracy(pairs.get().arrays, held_back(made))),
    )


def held_back(made: Made) -> ImageSet:
    """Images of the same classes that no run has."""
    return draw_images(HELD_BACK, made.seed, mixed=True, draw=1)


def _chained(written: Sequence[_Written]) -> Weights:
    """The last file's weights against the first one's. :raises RunError: one of them is missing."""
    first, last = written[0].pairs.get().arrays, written[-1].pairs.get().arrays
    return files.weights(pair_keras(last, first), first, None)


def _with_own_paths(context: LabContext, run: str, content: dict[str, Any], model: str) -> dict[str, Any]:
    """A scenario with the grader's model and data, whose files go to the run's working directory."""
    optimizers = []
    for number, each in enumerate(content["optimizers"]):
        parameters = each.get("parameters", {}) if isinstance(each, dict) else None
        if isinstance(parameters, dict):
            path = str(context.workdir(run) / _step_file(number))
            optimizers.append({**each, "parameters": {**parameters, "compiled_model_path": path}})
        else:
            # What is no optimizer stays as it is, for whoever reads the scenario to refuse.
            optimizers.append(each)
    own = {
        "model_wrapper": {"type": "kenning_problem.DrawnModel", "parameters": {"model_path": model}},
        "dataset": {"type": "kenning_problem.DrawnDataset", "parameters": {"dataset_root": "."}},
        "optimizers": optimizers,
    }
    return {**content, **own}


def _step_file(number: int) -> str:
    return f"step-{number + 1}.h5"
