"""What is cached comes back as it was, and nothing is constructed from it but what may be cached."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.caching import cacheable, decode, encode
from graders.core.errors import GraderError, RunError, RunErrorKind, SandboxError, SourceLine
from graders.core.result import Result
from graders.core.verdicts import Verdict
from graders.measure.evaluation import Evaluation
from graders.measure.quantization import Encoding
from graders.submission import Artifact


class NoFiles:
    """Values without files."""

    def put(self, path: Path) -> str:
        raise AssertionError(path)

    def get(self, sha256: str, name: str) -> Path:
        raise AssertionError(name)


class Files:
    """Files that stay where they are."""

    def __init__(self) -> None:
        self.cached: dict[str, Path] = {}

    def put(self, path: Path) -> str:
        self.cached["hash"] = path
        return "hash"

    def get(self, sha256: str, name: str) -> Path:
        return self.cached[sha256]


def there_and_back(value: Any) -> Any:
    """A value through JSON text."""
    return decode(json.loads(json.dumps(encode(value, NoFiles()))), NoFiles())


leaves = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(allow_nan=False),
    st.text(),
    st.binary(),
    st.sampled_from(list(Verdict)),
    st.builds(Encoding, st.sampled_from(["int8", "float32"]), st.floats(allow_nan=False), st.integers()),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner),
        st.lists(inner).map(tuple),
        st.dictionaries(st.one_of(st.text(), st.integers(), st.tuples(st.text(), st.integers())), inner),
        inner.map(Result),
    ),
    max_leaves=20,
)


@given(values)
def test_values_come_back(value: Any) -> None:
    """Any evidence comes back equal, of the same types."""
    found = there_and_back(value)
    assert found == value
    assert repr(found) == repr(value)


def test_numbers_that_json_has_no_word_for() -> None:
    """Infinities and NaN come back."""
    assert there_and_back(float("inf")) == float("inf")
    assert there_and_back((-float("inf"),)) == (-float("inf"),)
    assert math.isnan(there_and_back(float("nan")))


@pytest.mark.parametrize("dtype", ["float32", "float64", "int8", "uint8", "bool", "int64"])
def test_arrays_come_back(dtype: str) -> None:
    """Arrays keep their numbers, shape and type; so do numpy's scalars."""
    array = np.arange(12).reshape(3, 4).astype(dtype)
    found = there_and_back(array)
    assert found.dtype == array.dtype
    assert np.array_equal(found, array)
    scalar = there_and_back(array[1, 2])
    assert type(scalar) is type(array[1, 2])
    assert scalar == array[1, 2]


def test_arrays_of_objects_are_refused() -> None:
    """Nothing is pickled."""
    with pytest.raises(ValueError, match="allow_pickle"):
        encode(np.array([object()]), NoFiles())


@pytest.mark.parametrize("kind", [None, *RunErrorKind])
def test_errors_come_back(kind: RunErrorKind | None) -> None:
    """A student's error keeps its verdict, its kind, its exception's name and its lines; one of ours its class."""
    places = [SourceLine("a.py", 3, "x = 1")]
    error = RunError(Verdict.FAILED, "ValueError: no", places, kind=kind, exception="ValueError")
    found = there_and_back(Result(None, error)).error
    assert vars(found) == vars(error)
    assert found.kind is kind
    assert str(found) == str(error)
    ours = there_and_back(SandboxError("broke"))
    assert type(ours) is SandboxError
    assert str(ours) == "broke"


def test_files_come_back(tmp_path: Path) -> None:
    """A file in evidence is cached by its bytes."""
    path = tmp_path / "model.tflite"
    path.write_bytes(b"TFL3")
    files = Files()
    artifact = Artifact(path, 4, "abc")
    assert decode(json.loads(json.dumps(encode(artifact, files))), files) == artifact


@dataclass(frozen=True)
class Foreign:
    """A dataclass that is none of optgrade's."""

    value: int


@pytest.mark.parametrize("value", [Foreign(1), object(), ValueError("x"), lambda: 1, 1j])
def test_other_things_are_not_kept(value: Any) -> None:
    """What has no place in the form is refused, not guessed at."""
    with pytest.raises(TypeError):
        encode(value, NoFiles())


@pytest.mark.parametrize(
    "text",
    [
        {"class": "os:system", "fields": {"command": "true"}},
        {"class": "graders.caching.store:Store", "fields": {"folder": "/"}},
        {"class": "graders.pipeline.servers:start_servers", "fields": {}},
        {"class": "graders.nothing:Here", "fields": {}},
        {"enum": "graders.core.errors:RunError", "value": 1},
        {"error": "graders.core.verdicts:Verdict", "with": {"message": "x"}},
        {"error": "builtins:SystemExit", "with": {"message": "x"}},
        {"something": 1},
        {},
    ],
)
def test_nothing_else_is_made(text: dict[str, Any]) -> None:
    """Only dataclasses, enumerations and errors of optgrade's own are made of what was cached."""
    with pytest.raises((ValueError, ImportError)):
        decode(text, NoFiles())


QUALITY = Evaluation(1, 1.0, 1.0, 1.0, 1.0, 1.0, ((1,),))


@pytest.mark.parametrize(
    ("value", "cached"),
    [
        (Result(QUALITY), True),
        (Result(None, RunError(Verdict.FAILED, "ValueError")), True),
        (Result(None, RunError(Verdict.MISSING, "not written yet")), True),
        (Result(None, RunError(Verdict.TIMEOUT, "slow")), False),
        (Result(None, RunError(Verdict.OUT_OF_MEMORY, "large")), False),
        (Result(None, RunError(Verdict.CRASHED, "gone")), False),
        (Result(None, GraderError("ours")), False),
        (SandboxError("ours"), False),
        (({"a": [Result(None, GraderError("ours"))]},), False),
        (({"a": [Result(QUALITY)]}, frozenset({1})), True),
    ],
)
def test_what_may_be_kept(value: Any, cached: bool) -> None:
    """Faults of ours and what a busy machine can do to a submission are tried again each time."""
    assert cacheable(value) is cached
