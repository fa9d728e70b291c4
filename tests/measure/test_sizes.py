"""The sizes that the labs speak of."""

import io
import subprocess
import zipfile
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graders.measure.sizes import deflate_size, deflation, raw_size
from tests.programs import requires

SAMPLES = sorted((Path(__file__).resolve().parents[1] / "data" / "tflite").glob("*.tflite"))


def clustered(count: int) -> bytes:
    generator = np.random.default_rng(0)
    centroids = np.linspace(-1, 1, 16, dtype=np.float32)
    return centroids[generator.integers(0, 16, count)].tobytes()


def pruned(count: int) -> bytes:
    generator = np.random.default_rng(1)
    weights = generator.normal(size=count).astype(np.float32)
    return (weights * (generator.random(count) < 0.5)).tobytes()


@pytest.mark.parametrize("data", [path.read_bytes() for path in SAMPLES], ids=[path.stem for path in SAMPLES])
def test_size_is_that_of_a_zipfile_member(data: bytes) -> None:
    """The compressed size is what Python's zipfile writes at level 6."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as writing:
        writing.writestr("model.tflite", data)
    with zipfile.ZipFile(archive) as reading:
        assert deflate_size(data) == reading.getinfo("model.tflite").compress_size


@requires("zip")
@pytest.mark.parametrize(
    "data", [SAMPLES[0].read_bytes(), clustered(200_000), pruned(200_000), bytes(100_000), b"a", b""]
)
def test_size_is_that_of_the_zip_tool(data: bytes, tmp_path: Path) -> None:
    """The compressed size is within 0.2 % of what the zip tool reports."""
    (tmp_path / "model").write_bytes(data)
    subprocess.run(["zip", "-q", "model.zip", "model"], cwd=tmp_path, check=True)
    with zipfile.ZipFile(tmp_path / "model.zip") as archive:
        assert deflate_size(data) == pytest.approx(archive.getinfo("model").compress_size, rel=0.002)


def test_data_longer_than_a_chunk_is_one_stream() -> None:
    """Compressing piece by piece gives the size of compressing at once."""
    data = clustered(700_000)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as writing:
        writing.writestr("model.tflite", data)
    assert deflate_size(data) == zipfile.ZipFile(archive).getinfo("model.tflite").compress_size


def test_deflation_of_known_data() -> None:
    """Deflation is the share taken off: nearly all of zeros, nothing of noise, about half of half zeros."""
    assert deflation(bytes(100_000)) > 0.99
    assert deflation(np.random.default_rng(2).bytes(100_000)) == 0.0
    assert 0.4 < deflation(pruned(100_000)) < 0.5


@given(st.binary(max_size=2000))
def test_deflation_is_a_share(data: bytes) -> None:
    """Whatever the data, 0 <= deflation < 1, and it agrees with the two sizes."""
    share = deflation(data)
    assert 0.0 <= share < 1.0
    assert round((1.0 - share) * raw_size(data)) == deflate_size(data)
