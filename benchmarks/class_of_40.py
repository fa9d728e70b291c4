"""A class of 40 for lab 2, made from the corpus: ``python benchmarks/class_of_40.py FOLDER``.

Whole submissions by strangers (`fixtures/submissions/taught`), cases of the corpus, right and wrong, and two copies:
one verbatim, one with other names, comments and layout. The folder is graded as any other class is.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from graders.selftest.corpus.cases import build, load_all  # noqa: E402
from graders.selftest.corpus.taught import all_taught, build_taught  # noqa: E402
from tests.cohort.copies import rename_in  # noqa: E402

LAB = "l02"
COUNT = 40
NAMES = (
    "Ada", "Alan", "Amara", "Anaïs", "Bjørn", "Chidi", "Dalia", "Đorđe", "Edsger", "Emre", "Fatima",
    "Grace", "Hana", "Ines", "Jürgen", "Kofi", "Łucja", "Maryam", "Ngozi", "Olga", "Pádraig", "Quinn",
    "Radia", "Sofía", "Taro", "Ursula", "Vint", "Wisława", "Xavier", "Yara", "Zoë", "Ольга", "王小明",
    "Αλέξης", "Barbara", "Claude", "Donald", "Frances", "Katherine", "Leslie",
)  # fmt: skip
# Who copied from whom: the copies' owners, and the submissions that they have.
VERBATIM, RENAMED = ("Leslie", "prose_pl"), ("Katherine", "helpers")


def make_class(folder: Path) -> dict[str, str]:
    """Writes the class; where each student's submission is from."""
    names = iter(NAMES)
    made = {}
    for taught in all_taught():
        if any(lab.short == LAB for lab in taught.labs):
            name = next(names)
            with tempfile.TemporaryDirectory() as work:
                _copy(build_taught(taught, Path(work) / "built"), folder / name)
            made[name] = taught.path.stem
    # Not those that wait for a time limit.
    cases = [case for case in load_all(LAB) if "hangs" not in case.id]
    count = COUNT - len(made) - 2
    for case in cases[:: max(1, len(cases) // count)][:count]:
        name = next(names)
        with tempfile.TemporaryDirectory() as work:
            _copy(build(case, Path(work) / "built"), folder / name)
        made[name] = case.id
    for name, original in (VERBATIM, RENAMED):
        _copy(folder / next(who for who, where in made.items() if where == original), folder / name)
        made[name] = f"copy of {original}"
        for summary in (folder / name / "summaries").rglob("*.md"):
            summary.write_text("# Summary\n\nMine, and nobody else's.\n", encoding="utf-8")
        if (name, original) == RENAMED:
            rename_in(folder / name)
    return made


def _copy(source: Path, target: Path) -> None:
    shutil.copytree(source, target, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))


if __name__ == "__main__":
    for student, origin in make_class(Path(sys.argv[1])).items():
        print(f"{student:10} {origin}")
