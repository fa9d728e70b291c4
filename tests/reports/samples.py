"""Scorecards as grading makes them: full marks, five mistakes, code that does not import, a fault of the grader."""

from __future__ import annotations

import copy
from typing import Any

from graders.core.verdicts import RunVerdict, Verdict

from . import devices
from .labs import Json, checks, criterion, lab, pruning, quantization, reason, run, totals

VERDICTS = tuple(verdict.value for verdict in Verdict)
CODE = (
    "        return predictions",
    "",
    "    # quantises",
    "    def preprocess_input(self, X):",
    "        scale, zero_point = self.model.get_input_details()[0]['quantization']",
    "        return np.round(X / scale + zero_point).astype(np.int8)",
    "",
)
RUN_VERDICTS = tuple(verdict.value for verdict in RunVerdict)


def scorecard(submission: str, labs: list[Json], **more: Any) -> Json:
    base: Json = {
        "schema": "optgrade/scorecard/v1",
        "submission": submission,
        "profile": "embedded",
        "seed": 20251,
        "isolation": {"tier": "strict", "missing": []},
        "points": totals([item for each in labs for item in each["criteria"]]),
        "labs": labs,
        "notices": [],
        "environment": {"Python": "3.11.9", "TensorFlow": "2.21.0", "LiteRT": "2.3.0", "cores": "2"},
        "timing": {"wall_s": 18.42, "student_cpu_s": 31.07, "queue_s": 0.2},
    }
    return {**base, **more}


def full_marks() -> Json:
    lab2 = {**quantization(), "device": devices.files()}
    return scorecard("ada-lovelace", [lab2, pruning()], device=devices.setup())


def five_mistakes() -> Json:
    lab2, lab3 = quantization(), pruning()
    found = {item["id"]: item for item in lab2["criteria"] + lab3["criteria"]}
    mean = reason(
        "All 41 activation scales at share 0.08 equal those of share 0.01.",
        "The scales that the first 8 % of the samples of `calibration_dataset_generator(0.08, seed=1234)` give.",
        "`calibrationdatasetpercent` is not passed on, so that every variant calibrates on the generator's default.",
        "Pass `self.calibrationdatasetpercent` to `calibration_dataset_generator` in `optimize_model`.",
    )
    found["l02.int8.calibration"].update(
        verdict="partial",
        earned=0.3,
        reason=mean,
        checks=checks(
            {"0.01": "earned", "0.08": "lost", "0.3": "lost", "0.8": "lost", "a share drawn for this run": "lost"}, mean
        ),
    )
    found["l02.int8.preprocess"].update(
        verdict="lost",
        earned=0,
        reason=reason(
            "For the input value 3.1 the tensor held -102; 37 of 200 inputs wrapped around.",
            "127: values beyond the range are clipped to -128 … 127 before the cast.",
            "`astype(np.int8)` without `np.clip` wraps around.",
            "Use `np.clip(np.round(x / scale) + zero_point, -128, 127).astype(np.int8)`.",
        ),
        where={
            "file": "dl_in_iot_course/l02_quantization/quantization_experiments.py",
            "places": [
                {"name": "INT8Model.preprocess_input", "line": 148, "excerpt": {"first": 145, "lines": list(CODE)}},
                {"name": "INT8Model", "line": None},
            ],
        },
        evidence={"inputs_tried": 200, "wrapped": 37, "first_counterexample": {"x": 3.1, "expected": 127, "got": -102}},
    )
    raised = {"file": "quantization_experiments.py", "line": 214, "excerpt": {"first": 214, "lines": ["        yield [image]"]}}
    found["l02.imbalanced.calibration"].update(
        verdict="failed",
        earned=0,
        checks=[{"name": "imbint8", "verdict": "failed", "reason": None, "drawn": False, "places": [raised]}],
        reason=reason(
            "`ImbalancedINT8Model.optimize_model` raised `ValueError: Input 0 of node must be of rank 4`.",
            "A converter that gets `[array of shape (1, 224, 224, 3)]` for every training image of class 5.",
            "The generator yields an image without its batch dimension.",
            "Yield `[np.expand_dims(image, 0).astype(np.float32)]`.",
        ),
    )
    trace = 'Traceback (most recent call last):\n  File "quantization_experiments.py", line 214, in optimize_model\n'
    trace += "ValueError: Input 0 of node must be of rank 4, but is of rank 3\n"
    lab2["runs"][-1].update(
        verdict="failed",
        output_tail="\x1b[31mcalibrating\x1b[0m\n" + trace,
        output_bytes=48_211,
        note="Raised `ValueError`.",
    )
    found["l03.clustering.values"].update(
        verdict="timeout",
        earned=0,
        reason=reason("The run was ended after 120 s.", "An end within 120 s; the reference needs 9 s.",
                      "Fine-tuning runs for `epochs=100`.", "Keep the given `self.epochs`."),
    )  # fmt: skip
    lab3["runs"][1].update(verdict="timeout", note="Ended by the grader after 120 s.", cpu_s=119.4, wall_s=120.0)
    found["l03.git.history"].update(
        verdict="partial",
        earned=0.75,
        reason=reason(
            "3 of 4 commits are called `update`.",
            "Subjects that say what changed.",
            "",
            "Name the change, as in `Clip before the int8 cast`.",
        ),
    )
    lab2["points"], lab3["points"] = totals(lab2["criteria"]), totals(lab3["criteria"])
    missing = [
        {
            "layer": "user namespaces",
            "reason": "switched off on this machine (kernel.apparmor_restrict_unprivileged_userns)",
        }
    ]
    notices = [
        "The clone is shallow: the history was graded from the 9 commits that are there.",
        "`!pip` lines are not run.",
    ]
    isolation = {"tier": "confined", "missing": missing}
    return scorecard("grace-hopper", [lab2, lab3], isolation=isolation, notices=notices)


def broken() -> Json:
    why = reason(
        "`quantization_experiments.py`, line 12: `SyntaxError: '(' was never closed`.",
        "A file that Python can import.",
        "A bracket is missing, so that nothing in this file can run.",
        "Run `python -m dl_in_iot_course.l02_quantization.quantization_experiments --help` until it starts.",
    )
    lab2 = quantization()
    for item in lab2["criteria"]:
        if item["id"].split(".")[1] in ("native", "fp32", "int8", "imbalanced"):
            item.update(verdict="failed", earned=0, reason=copy.deepcopy(why), evidence={}, checks=[])
    nothing = reason(
        "No file in `summaries/l02_quantization`.",
        "A summary in Markdown.",
        "It was not committed.",
        "Write it, and commit it.",
    )
    lab2["criteria"][9].update(verdict="missing", earned=0, reason=nothing)
    text = """  File "quantization_experiments.py", line 12
    parser.add_argument(
                       ^
SyntaxError: '(' was never closed
"""
    lab2["runs"] = [
        run(
            "native",
            "NativeModel: summary and inference",
            verdict="failed",
            output_tail=text,
            output_bytes=len(text),
            cpu_s=0.1,
            wall_s=0.1,
        )
    ]
    lab2["figures"] = []
    lab2["points"] = totals(lab2["criteria"])
    return scorecard(
        "no-name-yet",
        [lab2],
        isolation={"tier": "bare", "missing": [{"layer": "sandbox", "reason": "not available on macOS"}]},
    )


def unscored() -> Json:
    lab2 = quantization()
    why = reason(
        "The scorer and `tf.lite.Interpreter` disagree about this file: accuracy 0.937 and 0.027.",
        "The same predictions from both runtimes.",
        "A fault of a runtime's delegate, not of the file.",
        "Whoever runs the grading: compare the two with `python -m graders doctor`, then grade again.",
    )
    for item in lab2["criteria"][5:8]:
        item.update(verdict="unscored", earned=0, reason=why)
    lab2["points"] = totals(lab2["criteria"])
    return scorecard("alan-turing", [lab2])


def every_verdict() -> Json:
    criteria = [criterion(f"x.{verdict}", f"A criterion that is {verdict}", 1, verdict=verdict) for verdict in VERDICTS]
    criteria[1]["earned"] = 0.5
    runs = [run(f"run-{verdict}", verdict, verdict=verdict) for verdict in RUN_VERDICTS]
    return scorecard("every-verdict", [lab("x", "Every verdict", criteria, runs, [])])


GOOD = {sample.__name__: sample for sample in (full_marks, five_mistakes, broken, unscored, every_verdict)}
