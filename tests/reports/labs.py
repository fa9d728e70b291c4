"""Two labs with full marks, and the parts that scorecards are built of."""

from __future__ import annotations

from typing import Any

from . import drawn

Json = dict[str, Any]

CLASSES = (
    "monkey_face",
    "monkey",
    "gorilla",
    "orangutan",
    "dog",
    "dog2",
    "guide_dog",
    "service_dog",
    "poodle",
    "wolf",
    "fox_face",
    "raccoon",
    "cat",
    "cat2",
    "black_cat",
    "lion_face",
    "tiger",
    "tiger2",
    "leopard",
    "horse",
    "moose",
    "donkey",
    "racehorse",
    "zebra_face",
    "deer",
    "bison",
    "cow",
    "ox",
    "water_buffalo",
    "cow2",
    "pig",
    "pig2",
    "boar",
    "ram",
    "sheep",
    "goat",
    "dromedary_camel",
)
SHARES = ("0.01", "0.08", "0.3", "0.8")


def reason(measured: str, expected: str, cause: str, step: str) -> Json:
    return {"measured": measured, "expected": expected, "cause": cause, "next": step}


def criterion(id_: str, title: str, maximum: float, **more: Any) -> Json:
    verdict = more.pop("verdict", "earned")
    earned = maximum if verdict == "earned" else 0
    base = {"id": id_, "title": title, "earned": earned, "maximum": maximum, "verdict": verdict, "reason": None}
    base["marked_by"] = "person" if verdict == "pending" else "tests"
    return {**base, "evidence": {}, "checks": [], **more}


def checks(verdicts: dict[str, str], why: Json | None = None) -> list[Json]:
    return [
        {"name": name, "verdict": verdict, "reason": None if verdict == "earned" else why}
        for name, verdict in verdicts.items()
    ]


def run(name: str, title: str, **more: Any) -> Json:
    base = {"run": name, "title": title, "verdict": "finished", "note": None, "output_tail": "", "output_bytes": 0}
    return {**base, "cpu_s": 4.21, "wall_s": 4.4, **more}


def confusion_matrix(title: str, mistakes: dict[tuple[int, int], int]) -> Json:
    matrix = [[12 if i == j else 0 for j in range(37)] for i in range(37)]
    for (truth, answer), count in mistakes.items():
        matrix[truth][truth] -= count
        matrix[truth][answer] += count
    caption = "444 images drawn for this grading run, 12 of each class."
    return {"kind": "confusion_matrix", "title": title, "caption": caption, "labels": list(CLASSES), "matrix": matrix}


def totals(criteria: list[Json]) -> Json:
    pending = sum(item["maximum"] for item in criteria if item["verdict"] == "pending")
    maximum = sum(item["maximum"] for item in criteria)
    earned = sum(item["earned"] for item in criteria)
    return {"earned": earned, "automatic": maximum - pending, "pending": pending, "maximum": maximum}


def lab(name: str, title: str, criteria: list[Json], runs: list[Json], figures: list[Json]) -> Json:
    points = totals(criteria)
    return {"lab": name, "title": title, "points": points, "criteria": criteria, "runs": runs, "figures": figures}


def quantization() -> Json:
    facts = {
        "tensors": 41,
        "dtypes": {"int8": 32, "int32": 9},
        "input": {"dtype": "int8", "scale": 0.0186584, "zero_point": -14},
    }
    criteria = [
        criterion("l02.native.summary", "The native model runs and its summary is printed", 1),
        criterion(
            "l02.fp32.converted", "The FP32 file contains the given model's weights", 2, evidence={"bytes": 131_264}
        ),
        criterion(
            "l02.fp32.inference", "FP32 inference gives the model's own predictions", 2, evidence={"accuracy": 0.9414}
        ),
        criterion(
            "l02.int8.io_dtype", "Inputs and outputs are int8, with integers all the way through", 1.5, evidence=facts
        ),
        criterion(
            "l02.int8.calibration",
            "Calibration uses the asked share of the training data",
            1.5,
            checks=checks(dict.fromkeys([*SHARES, "a share drawn for this run"], "earned")),
            evidence={
                "activations": [
                    {"tensor": f"block_{i}/add", "scale": 0.02 + i / 700, "zero_point": -i} for i in range(4)
                ]
            },
        ),
        criterion(
            "l02.int8.preprocess", "`preprocess_input` quantises any float input", 1, evidence={"inputs_tried": 200}
        ),
        criterion("l02.int8.postprocess", "`postprocess_outputs` returns real values", 1),
        criterion("l02.int8.accuracy", "INT8 accuracy stays near FP32", 1, evidence={"fp32": 0.9414, "int8": 0.9369}),
        criterion("l02.imbalanced.calibration", "The imbalanced model is calibrated on class 5 alone", 3),
        criterion("l02.summary.numbers", "The summary has every number, and they agree with the files", 2),
        criterion("l02.summary.answers", "The questions are answered", 2, verdict="pending"),
        criterion(
            "l02.git.history", "The work is spread over commits that say what they do", 2, evidence={"commits": 9}
        ),
    ]
    log = "Model: mobile_pets\nTotal params: 32021 (125.08 KB)\nAccuracy: 0.9414\n"
    runs = [
        run("native", "NativeModel: summary and inference", output_tail=log, output_bytes=len(log)),
        run("fp32", "FP32Model: convert and infer", output_tail="Saved artifact at box\n" * 6, output_bytes=132),
        *(run(f"int8-{share}", f"INT8Model, calibration share {share}") for share in SHARES),
        run("imbint8", "ImbalancedINT8Model, class 5"),
    ]
    line: Json = {
        "kind": "line",
        "title": "Accuracy by calibration share",
        "caption": "How little calibration data is enough.",
        "x_label": "share of the training data used for calibration",
        "y_label": "accuracy",
        "y_unit": "percent",
        "series": [
            {"name": "INT8", "points": [[0.01, 90.54], [0.08, 93.02], [0.3, 93.69], [0.55, 93.69], [0.8, 93.92]]},
            {"name": "FP32", "points": [[0.01, 94.14], [0.08, 94.14], [0.3, 94.14], [0.55, 94.14], [0.8, 94.14]]},
        ],
    }
    table: Json = {
        "kind": "table",
        "title": "Sizes and times",
        "caption": "Inference times are paired with the reference's file on the same machine.",
        "columns": ["model", "file, bytes", "accuracy, %", "time, ms"],
        "rows": [
            ["FP32", 131264, 94.14, 1.92],
            ["INT8 0.3", 59912, 93.69, 0.87],
            ["imbalanced INT8", 59912, 71.4, 0.86],
        ],
    }
    confused = {
        (5, 4): 4,
        (4, 5): 3,
        (12, 13): 2,
        (13, 14): 2,
        (28, 27): 2,
        (17, 16): 1,
        (30, 31): 1,
        (6, 7): 1,
        (1, 0): 1,
        (36, 20): 1,
    }
    matrices = [confusion_matrix(f"INT8, calibration share {share}", confused) for share in (0.3, 0.8)]
    figures = [line, table, *matrices, drawn.claims()]
    return lab("l02_quantization", "Lab 2: quantisation", criteria, runs, figures)


def pruning() -> Json:
    criteria = [
        criterion("l03.base.fine_tuning", "Optimised models are fine-tuned on the training data", 2),
        criterion(
            "l03.clustering.values",
            "Kernels hold at most `num_clusters` values",
            4,
            evidence={"per_channel": {"asked": 16, "most": 16}},
        ),
        criterion(
            "l03.pruning.zeros",
            "Kernels are as sparse as asked",
            4,
            evidence={"asked": 0.5, "measured": [0.5, 0.5002, 0.4999]},
        ),
        criterion("l03.summary.sizes", "Sizes and deflation agree with the files", 2),
        *(criterion(f"l03.questions.{i}", f"Question {i} is answered", 1, verdict="pending") for i in range(1, 5)),
        criterion("l03.git.history", "The work is spread over commits that say what they do", 2),
    ]
    line: Json = {
        "kind": "line",
        "title": "Accuracy and deflation by number of clusters",
        "caption": "",
        "x_label": "clusters",
        "y_label": "share",
        "y_unit": "percent",
        "series": [
            {"name": "accuracy", "points": [[2, 4.1], [4, 17.8], [8, 71.2], [16, 90.8], [32, 93.7]]},
            {"name": "deflation", "points": [[2, 83.2], [4, 74.5], [8, 65.9], [16, 56.8], [32, 46.6]]},
        ],
    }
    runs = [run(f"clustered-{k}", f"ClusteredModel, {k} clusters", cpu_s=9.3, wall_s=9.6) for k in (2, 16, 32)]
    return lab("l03_pruning_clustering", "Lab 3: pruning and clustering", criteria, runs, [drawn.scatter(), line, drawn.histograms(), drawn.history()])
