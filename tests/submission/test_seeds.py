"""What hidden values are drawn from: the submission, and an instructor's secret that nobody learns."""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path

import pytest

from graders.core.errors import UsageError
from graders.submission.seeds import ENVIRONMENT, find_secret, seed_of

SECRET = b"0123456789abcdef"
DIGEST = hashlib.sha256(b"everything").hexdigest()
OTHER = hashlib.sha256(b"something else").hexdigest()


def test_without_a_secret_the_files_decide() -> None:
    """The beginning of their digest, so that every earlier grading can be repeated."""
    assert seed_of(DIGEST, None) == int(DIGEST[:7], 16)
    assert seed_of(OTHER, None) != seed_of(DIGEST, None)


def test_with_a_secret_both_decide() -> None:
    """HMAC-SHA256 of the digest; another secret or other files give another seed."""
    made = hmac.new(SECRET, DIGEST.encode(), hashlib.sha256).hexdigest()
    assert seed_of(DIGEST, SECRET) == int(made[:13], 16)
    others = {seed_of(DIGEST, SECRET + b"!"), seed_of(OTHER, SECRET), seed_of(DIGEST, None)}
    assert seed_of(DIGEST, SECRET) not in others
    assert len(others) == 3


def test_the_seed_is_a_number_that_json_keeps() -> None:
    """It has more values than anybody tries, and none that a reader of JSON would round."""
    seeds = [seed_of(f"{number:064x}", SECRET) for number in range(200)]
    assert len(set(seeds)) == 200
    assert 2**48 < max(seeds) < 2**53


def test_where_a_secret_comes_from(tmp_path: Path) -> None:
    """A file goes before the environment; white space around it does not count; none is none."""
    file = tmp_path / "secret"
    file.write_bytes(SECRET + b"\r\n")
    environment = {ENVIRONMENT: " another secret of an instructor "}
    assert find_secret(file, environment) == SECRET
    assert find_secret(None, environment) == b"another secret of an instructor"
    assert find_secret(None, {}) is None
    assert find_secret(None, {ENVIRONMENT: " "}) is None


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"hunter2", "has 7 bytes; expected 16 to 4,096"),
        (b"", "has 0 bytes"),
        (b"hunter2" * 800, "has more than 4,096 bytes"),
    ],
    ids=["short", "empty", "long"],
)
def test_what_is_no_secret(content: bytes, message: str, tmp_path: Path) -> None:
    """The message says how long it is and never what it is."""
    file = tmp_path / "secret"
    file.write_bytes(content)
    with pytest.raises(UsageError) as raised:
        find_secret(file, {})
    assert message in str(raised.value)
    assert "hunter2" not in str(raised.value)


def test_a_file_that_can_not_be_read(tmp_path: Path) -> None:
    """One line that names the option."""
    with pytest.raises(UsageError, match=r"--secret-file .* can't be read: No such file"):
        find_secret(tmp_path / "none", {})


def test_a_short_secret_of_the_environment() -> None:
    """It is told by the variable's name."""
    with pytest.raises(UsageError, match=f"{ENVIRONMENT} has 5 bytes"):
        find_secret(None, {ENVIRONMENT: "short"})
