"""Makes the notebooks in tests/data/notebooks/: ``python -m tests.submission.notebooks.make_samples``. Each has one fault."""

from __future__ import annotations

import json
from pathlib import Path

from .making import code, error, markdown, notebook, result, stream

SAMPLES = Path(__file__).resolve().parents[2] / "data" / "notebooks"
ACCURACIES = "{'baseline Keras model': 0.9455, 'post training quantized tflite': 0.9457, 'pruned model h5': 0.966}"
SIZES = "{'baseline h5': 98928, 'non quantized tflite': 85096, 'post training quantized tflite': 24336}"


def cells(*counts: int | None, sizes: str = SIZES, pruned: str = "0.9660", gap: str = "pruning.fit(x_train, y_train)") -> list:
    return [
        markdown("# Quantization and pruning"),
        code("!pip install -q tensorflow-model-optimization\nimport tensorflow as tf", counts[0]),
        code("baseline_model = model_builder()\nprint('Baseline test accuracy:', acc)", counts[1], stream("Baseline test accuracy: 0.9455\n")),
        code("MODEL_SIZE", counts[2], result(sizes)),
        code(f"{gap}\nprint('Pruned test accuracy:', acc)", counts[3], stream(f"Pruned test accuracy: {pruned}\n")),
        code("ACCURACY", counts[4], result(ACCURACIES)),
        code("print('Size of gzipped pruned Keras model:', size)", counts[5], stream("Size of gzipped pruned Keras model: 25659.00 bytes\n")),
    ]


def made() -> dict[str, list]:
    plain = [{**cell, "outputs": [], "execution_count": None} if "outputs" in cell else cell for cell in cells(*[None] * 6)]
    failing = cells(1, 2, 3, 4, 5, 6)
    failing[4]["outputs"] = [error("NameError", "name 'pruning' is not defined")]
    other = cells(1, 2, 3, 4, 5, 6, pruned="0.8120")
    holes = cells(1, 2, 3, 4, 5, 6, gap="model_for_pruning = ...  # your code\n# TODO: fit it")
    holes.append(markdown("## What do you see?\n\n*Your answer here*"))
    return {
        "sound": cells(1, 2, 3, 4, 5, 6),
        "out_of_order": cells(1, 2, 7, 4, 5, 6),
        "never_executed": plain,
        "errors": failing,
        "of_another_run": other,
        "placeholders": holes,
    }


if __name__ == "__main__":
    for name, content in made().items():
        text = json.dumps(notebook(*content), indent=1, ensure_ascii=False)
        (SAMPLES / f"{name}.ipynb").write_text(text + "\n", encoding="utf-8")
