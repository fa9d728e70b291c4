"""Which of the run's files is which: by the notebook's constants, and without one, by what a file is.

A constant is only a name. The original lab saves initial weights under the first of them and trains afterwards, and
other notebooks name their files without constants. So what counts as the trained baseline is a file whose weights are
trained, and a required file that is not where its constant says is looked for among the others: each is measured, and
one that does not show what is required is no candidate.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TypeVar

from graders.core.errors import GraderError, RunError
from graders.core.result import Result, failure, measured
from graders.core.text import captured_output
from graders.core.verdicts import Verdict
from graders.labs.mnist_compression import files
from graders.labs.mnist_compression.checks import DENSE, INT8, SPARSE, activations_of
from graders.labs.mnist_compression.evidence import ArchiveSize, KerasModel, LiteFile, Origin
from graders.measure.digits import Digits

T = TypeVar("T", LiteFile, KerasModel)
MOST_OTHERS = 10
HALF = 0.4
STAGES = {
    files.NON_QUANTISED: "tflite",
    files.POST_TRAINING: "ptq",
    files.AWARE: "qat_tflite",
    files.PRUNED: "pruned",
    files.PRUNED_QUANTISED: "pruned_quantized",
}
COMPRESSED = ("PRUNED", "QAT", "PT_QUANT")


def _is_float(file: LiteFile) -> bool:
    return all(kernel.dtype == "float32" for kernel in file.kernels.values()) and file.layers.sparsest() < SPARSE


def _is_dynamic(file: LiteFile) -> bool:
    return file.kernels[DENSE].dtype in INT8 and _has_float(file) and file.layers.sparsest() < SPARSE


def _is_integer(file: LiteFile) -> bool:
    return file.kernels[DENSE].dtype in INT8 and not _has_float(file)


def _is_sparse_int8(file: LiteFile) -> bool:
    return file.kernels[DENSE].dtype in INT8 and file.layers.sparsest() >= HALF


def _has_float(file: LiteFile) -> bool:
    return any("float" in dtype for dtype in activations_of(file.file))


def _is_pruned(file: KerasModel) -> bool:
    return file.layers.sparsest() >= SPARSE or bool(file.wrapped)


LITE_ROLES: Mapping[str, Callable[[LiteFile], bool]] = {
    files.NON_QUANTISED: _is_float,
    files.POST_TRAINING: _is_dynamic,
    files.AWARE: _is_integer,
    files.PRUNED_QUANTISED: _is_sparse_int8,
}


@dataclass(frozen=True)
class Roles:
    """The files of each role, by the role's constant, and where they are, by paths from the working directory.

    ``saved``: the Keras files of the plain network, in the order of the notebook's constants.
    """

    lite: Mapping[str, Result[LiteFile]]
    pruned: Result[KerasModel]
    saved: tuple[KerasModel, ...]
    names: Mapping[str, str]
    archives: tuple[ArchiveSize, ...]


def assign_roles(
    workdir: files.Workdir,
    digits: Digits,
    origins: Mapping[str, Origin],
    ignored: Sequence[str],
    explain: Callable[[RunError, str, str], RunError],
) -> Roles:
    """Measures the run's files. :param ignored: files that the grader had written.

    :param explain: why a file was not written, from the error for it, its constant and its path.
    """
    return _Assignment(workdir, digits, origins, frozenset(map(os.path.normpath, ignored)), explain).roles()


@dataclass(frozen=True)
class _Assignment:
    workdir: files.Workdir
    digits: Digits
    origins: Mapping[str, Origin]
    ignored: frozenset[str]
    explain: Callable[[RunError, str, str], RunError]

    def roles(self) -> Roles:
        names: dict[str, str] = {}
        lite = {role: self._role(role, self.lite, files.LITE, fits, names) for role, fits in LITE_ROLES.items()}
        pruned = self._role(files.PRUNED, self.keras, files.KERAS, _is_pruned, names)
        saved = {name: model for name, model in self._models(names[files.PRUNED]) if not _is_pruned(model)}
        plain = tuple(model for model in saved.values() if not model.aware)
        return Roles(lite, pruned, plain, names, tuple(self._archives(names, list(saved))))

    def lite(self, name: str, expected: str) -> LiteFile:
        """A ``.tflite`` file by its path."""
        artifact = self.workdir.take_path(name, expected)
        file = files.lite_file(self.workdir.context, artifact, self.digits)
        return replace(file, name=captured_output(name), origin=self.origins.get(artifact.sha256))

    def keras(self, name: str, expected: str) -> KerasModel:
        """A Keras file by its path."""
        artifact = self.workdir.take_path(name, expected)
        model = files.keras_model(self.workdir.context, artifact, self.digits)
        return replace(model, name=captured_output(name), origin=self.origins.get(artifact.sha256))

    def _role(
        self,
        role: str,
        measure: Callable[[str, str], T],
        expected: str,
        fits: Callable[[T], bool],
        names: dict[str, str],
    ) -> Result[T]:
        """The file at the role's constant; if there is none, another file that is what the role requires."""
        name = names[role] = self.workdir.name(role)
        found = measured(partial(measure, name, expected))
        missing = found.error
        if not isinstance(missing, RunError) or missing.verdict is not Verdict.MISSING:
            return found
        for other in self._others(files.LITE_ENDINGS if expected == files.LITE else files.KERAS_ENDINGS):
            candidate = measured(partial(measure, other, expected))
            if candidate.value is not None and other not in names.values() and fits(candidate.value):
                names[role] = other
                return candidate
        return failure(self.explain(missing, self.workdir.called(role), name))

    def _others(self, endings: tuple[str, ...]) -> list[str]:
        """Files that no constant of a required file names."""
        named = {os.path.normpath(self.workdir.name(role)) for role in STAGES}
        found = files.written_files(self.workdir.context.workdir(self.workdir.run), endings)
        return [name for name in found if name not in named | self.ignored][:MOST_OTHERS]

    def _models(self, pruned: str) -> Iterator[tuple[str, KerasModel]]:
        """Every other Keras file of the lab's network; those that a constant names come first."""
        constants = [os.path.normpath(name) for name in self.workdir.constants.values()]
        first = [name for name in constants if name.endswith(files.KERAS_ENDINGS)]
        for name in list(dict.fromkeys((*first, *self._others(files.KERAS_ENDINGS))))[:MOST_OTHERS]:
            if name == os.path.normpath(pruned):
                continue
            found = measured(partial(self.keras, name, files.KERAS))
            if isinstance(found.error, GraderError):
                raise found.error
            if found.value is not None:
                yield name, found.value

    def _archives(self, names: Mapping[str, str], saved: Sequence[str]) -> Iterator[ArchiveSize]:
        """Of each role's file, and of the baseline's other float files."""
        staged = [(STAGES[role], name) for role, name in names.items()]
        staged += [("baseline", name) for name in saved]
        for constant, name in self.workdir.constants.items():
            if "PRUNED_MODEL" in constant:
                staged.append(("pruned", name))
            elif not any(word in constant for word in COMPRESSED) and name.endswith(files.KERAS_ENDINGS):
                staged.append(("baseline", name))
        places = {os.path.normpath(name): (stage, name) for stage, name in reversed(staged)}
        for stage, name in list(reversed(places.values()))[: 2 * MOST_OTHERS]:
            size = files.archive_size(self.workdir, stage, name)
            if size is not None:
                yield size
