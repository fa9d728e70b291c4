"""``lab.toml`` of labs outside of the repository: an instructor's, but a mistake in one has to be found."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from graders.core.errors import GraderError
from graders.core.paths import LABS
from graders.framework.lab_toml import load
from tests.fuzz.mutations import combined, plain, text
from tests.fuzz.target import Target, require_one_line, scratch

TOKENS = (
    "[limits]", "[[criteria]]", "[hints.x]", "[settings]", "[thresholds]", "[summary]", "[[questions]]", "[history]", "[summary.variants]", "id = ",
    "title = ", "points = ", "wall_s = ", "memory_mib = ", "keys = ", "student_file = ", "'x'", '"', '"""', "'''", "= 1", "= true", "= []", "= {}",
    "= inf", "= nan", "= -1", "= 1e400", "= 1979-05-27", "a.b = ", "[", "]", "{", "}", "\\u0000", "= 10_000_000_000_000_000_000_000",
)  # fmt: skip


def run(data: bytes) -> None:
    folder = scratch() / "l99_lab"
    folder.mkdir(exist_ok=True)
    (folder / "lab.toml").write_bytes(data)
    try:
        lab = load(folder)
    except GraderError as error:
        require_one_line(error)
        return
    # What everybody who gets a definition takes from it.
    assert lab.folder == folder
    assert lab.root == folder
    _ = lab.paths, lab.driver, lab.short, lab.student_module, lab.is_notebook, dict(lab.all_thresholds)
    for each in lab.criteria:
        assert lab.criterion(each.id) == each


def seeds() -> Sequence[bytes]:
    whole = [(each / "lab.toml").read_bytes() for each in sorted(LABS.iterdir()) if (each / "lab.toml").is_file()]
    page = (Path(__file__).resolve().parents[3] / "docs" / "adding-a-lab.md").read_text(encoding="utf-8")
    blocks = page.split("```toml\n")[1:]
    return (*(each.partition("```")[0].encode() for each in blocks), *whole)


TARGET = Target(
    name="lab-toml", reads="`lab.toml` of labs elsewhere", run=run, seeds=seeds,
    mutate=combined(text(*TOKENS, bases=seeds), text(*TOKENS), plain), suffix=".toml", libraries=("tomllib",), max_bytes=1 << 17,
)  # fmt: skip
