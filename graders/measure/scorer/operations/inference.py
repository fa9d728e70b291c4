"""The outputs of a file for many inputs, and the ranges of its activations."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence

import numpy as np
from PIL import Image

from graders.measure.scorer.operations.answers import Answer, Array, Unmeasurable
from graders.measure.scorer.operations.interpreter import open_interpreter, resize, run

BATCH = 37


def _run_all(path: str, batches: Iterator[Array], delegates: bool) -> Array:
    outputs = []
    interpreter = open_interpreter(path, delegates=delegates)
    size = 0
    for batch in batches:
        if size != len(batch):
            whole = resize(interpreter, len(batch))
            size = len(batch) if whole else 0
            if not whole:
                interpreter = open_interpreter(path, delegates=delegates)
                if not resize(interpreter, 1):
                    raise Unmeasurable("the file's tensors can't be allocated")
        if size:
            outputs.append(run(interpreter, batch).reshape(len(batch), -1))
        else:
            outputs += [run(interpreter, batch[i : i + 1]).reshape(1, -1) for i in range(len(batch))]
    return np.concatenate(outputs)


def _encoded(path: str) -> tuple[str, float, int]:
    """The input's dtype, scale (0 if it is not quantised) and zero point."""
    details = open_interpreter(path).get_input_details()[0]
    scale, zero_point = details["quantization"]
    return np.dtype(details["dtype"]).name, float(scale), int(zero_point)


def _normalised(pictures: Array, mean: Sequence[float], std: Sequence[float]) -> Array:
    """uint8 pictures in 0..1, less the mean and divided by the deviation of each colour."""
    shares = pictures.astype(np.float32) / np.float32(255)
    real: Array = (shares - np.array(mean, np.float32)) / np.array(std, np.float32)
    return real


def _preparation(path: str, mean: Sequence[float], std: Sequence[float]) -> Callable[[Array], Array]:
    """What turns uint8 pictures (n, height, width, 3) into the file's input tensor, quantised if that is quantised.

    A colour's level has only 256 values, so quantising is a look-up, which the image library does in one pass.
    """
    dtype, scale, zero_point = _encoded(path)
    if dtype not in ("int8", "uint8") or scale == 0:
        return lambda pictures: _normalised(pictures, mean, std).astype(dtype)
    limits = np.iinfo(dtype)
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1)
    codes = np.clip(np.rint(_normalised(ramp, mean, std) / np.float32(scale)) + zero_point, limits.min, limits.max)
    table = [int(code) & 0xFF for code in codes.T.ravel()]

    def looked_up(pictures: Array) -> Array:
        sheet = Image.fromarray(pictures.reshape(-1, pictures.shape[2], 3))
        return np.asarray(sheet.point(table)).view(dtype).reshape(pictures.shape)

    return looked_up


def infer_frames(path: str, frames: str, count: int, mean: list[float], std: list[float], delegates: bool) -> Answer:
    """The raw outputs, (n, classes), for the first ``count`` frames of a uint8 .npy file (n, height, width, 3).

    :param mean: of each colour in 0..1, as the model expects its input to be normalised. :param std: the same.
    """
    prepare = _preparation(path, mean, std)
    pictures = np.load(frames, mmap_mode="r", allow_pickle=False)

    def batches() -> Iterator[Array]:
        for start in range(0, min(count, len(pictures)), BATCH):
            yield prepare(np.ascontiguousarray(pictures[start : min(start + BATCH, count)]))

    return {}, {"outputs": _run_all(path, batches(), delegates)}


def infer_tensors(path: str, tensors: Array, delegates: bool) -> Answer:
    """The raw outputs for input tensors as they are, (n, ...) in the file's own dtype."""
    return {}, {"outputs": _run_all(path, iter([tensors]), delegates)}


def activation_ranges(path: str, samples: Iterable[Array], count: int, activations: Sequence[int]) -> Answer:
    """Smallest and largest value of each activation for each sample: float32 (count, activations), twice.

    No operation of its own: labs make the ``samples``, ``count`` input tensors, in operations of theirs.

    :param activations: tensor numbers in the float file at ``path``.
    """
    interpreter = open_interpreter(path, delegates=False, keep_all=True)
    resize(interpreter, 1)
    entrance = interpreter.get_input_details()[0]["index"]
    low = np.empty((count, len(activations)), dtype=np.float32)
    high = np.empty_like(low)
    for row, sample in enumerate(samples):
        interpreter.set_tensor(entrance, sample)
        interpreter.invoke()
        for column, tensor in enumerate(activations):
            values = interpreter.get_tensor(tensor)
            low[row, column], high[row, column] = values.min(), values.max()
    return {}, {"low": low, "high": high}
