"""Measures a scenario's model: quality, speed and size."""

from __future__ import annotations

import io
import tempfile
import time
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np

from kenning.converters import converter_registry
from kenning.core.exceptions import ScenarioError
from kenning.core.measurements import Measurements
from kenning.scenarios.scenario import Scenario
from kenning.utils.batches import stack


def run_test(scenario: Scenario) -> Measurements:
    """Measures :attr:`Scenario.final_model` with the test part of the data.

    Raises:
        ScenarioError: there is no such model yet, or it does not fit the data.
    """
    path = scenario.final_model
    if not path.is_file():
        hint = ": run 'optimize' with this scenario first" if scenario.optimizers else ""
        raise ScenarioError(f"{scenario.path}: there is no model {path}{hint}")
    model = converter_registry.convert(path, "keras", "keras")
    measured = Measurements()
    measured.add_measurement("model_name", scenario.model_wrapper.model_name or path.stem)
    measured.add_measurement("optimizers", scenario.content.get("optimizers") or [])
    measured.add_measurement("class_names", scenario.dataset.get_class_names())
    for inputs, truths in scenario.dataset.iter_test():
        batch = stack(inputs)
        check_shapes(model, batch, path)
        started = time.perf_counter()
        predictions = model.predict_on_batch(batch)
        measured.add_measurements_list("target_inference_step", [time.perf_counter() - started])
        measured += scenario.dataset.evaluate(predictions, truths)
    for name, value in measure_size(path, model).items():
        measured.add_measurement(name, value)
    return measured


def check_shapes(model: Any, batch: Any, path: Path) -> None:
    """Raises ScenarioError unless the data's samples fit the model's inputs."""
    wanted = [tuple(each.shape[1:]) for each in model.inputs]
    given = [each.shape[1:] for each in (batch if isinstance(batch, tuple) else (batch,))]
    fits = len(wanted) == len(given) and all(
        len(one) == len(other) and all(size in (None, actual) for size, actual in zip(one, other, strict=True))
        for one, other in zip(wanted, given, strict=True)
    )
    if not fits:
        raise ScenarioError(f"{path} has inputs of {wanted}, the data set has samples of {given}")


def measure_size(path: Path, model: Any) -> dict[str, Any]:
    """Bytes of the model's file and of its archive, and the share of zeros in kernels."""
    content = without_optimizer(path, model)
    kernels = [np.asarray(each) for each in model.weights if each.shape.rank > 1]
    total = sum(each.size for each in kernels)
    zeros = sum(int((each == 0).sum()) for each in kernels)
    return {
        "compiled_model_size": len(content),
        "compressed_model_size": archive_size(path, content),
        "sparsity": zeros / total if total else 0.0,
    }


def without_optimizer(path: Path, model: Any) -> bytes:
    """The model's file; if it holds the state of an optimizer of training, what it is without."""
    content = path.read_bytes()
    if b"optimizer_weights" not in content:
        return content
    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder, path.name)
        model.save(str(copy), include_optimizer=False, save_format="h5")
        return copy.read_bytes()


def archive_size(path: Path, content: bytes) -> int:
    """The size of the model's archive; if it has none, of the archive that ``save_to_zip`` would write."""
    archive = Path(f"{path}.zip")
    if archive.is_file() and holds(archive, content):
        return archive.stat().st_size
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", compression=zipfile.ZIP_DEFLATED) as written:
        written.writestr(path.name, content)
    return len(buffer.getvalue())


def holds(archive: Path, content: bytes) -> bool:
    """Whether an archive holds this content, and not that of an earlier run."""
    try:
        with zipfile.ZipFile(archive) as opened:
            return [each.CRC for each in opened.infolist()] == [zlib.crc32(content)]
    except zipfile.BadZipFile:
        return False
