"""Building a case's submission: a copy of the reference, with the case's changes made to it in their order."""

from __future__ import annotations

import importlib.util
import marshal
import shutil
from collections.abc import Iterable
from pathlib import Path

from graders.core.paths import REFERENCE, TEMPLATE
from graders.selftest.corpus.changes import EMBEDDED, Change
from graders.selftest.corpus.notebooks import change_notebook
from graders.selftest.corpus.repositories import make_repository
from graders.selftest.corpus.tables import CaseError, shown

IN_NOTEBOOKS = ("old", "printed", "outputs", "cell", "prepend", "append", "counts", "notebook", "cells")
FUTURE = "from __future__ import annotations\n"


def build_submission(changes: Iterable[Change], folder: Path, where: str) -> Path:
    """Writes a changed copy of the reference to ``folder``, and returns where in it the submission is.

    :param where: what errors name: the case's file.
    :raises CaseError: if a change does not apply.
    """
    shutil.copytree(REFERENCE, folder, ignore=shutil.ignore_patterns("__pycache__"))
    for change in changes:
        if change.history is not None:
            folder = make_repository(change.history, folder, where)
        else:
            apply(change, folder, where)
    return folder


def apply(change: Change, folder: Path, where: str) -> None:
    """Makes a change that is not a history. :raises CaseError: if it does not apply."""
    target = folder / change.file
    if change.copies > 1 and change.content is not None:
        for number in range(change.copies):
            _replace(change, folder / change.file.replace("#", str(number)))
        return
    if _replace(change, target):
        return
    if not (target.exists() if change.to is not None else target.is_file()):
        raise CaseError(f"{where}: there is no {change.file} to change")
    if target.suffix == ".ipynb" and any(getattr(change, kind) for kind in IN_NOTEBOOKS):
        change_notebook(change, target, where)
    elif change.to is not None:
        (folder / change.to).parent.mkdir(parents=True, exist_ok=True)
        target.rename(folder / change.to)
    elif change.delete:
        target.unlink()
    elif change.windows:
        target.write_text(target.read_text(encoding="utf-8"), encoding="utf-8-sig", newline="\r\n")
    else:
        target.write_text(_edited(change, target.read_text(encoding="utf-8"), where), encoding="utf-8")


def _replace(change: Change, target: Path) -> bool:
    """Writes the whole file, if that is what the change is."""
    if change.compiled is not None:
        data = _bytecode(change.compiled, target.stem)
    elif change.embedded is not None:
        data = (EMBEDDED / change.embedded).read_bytes()
    elif change.content is not None:
        data = (change.content * change.times).encode()
    elif change.template is not None:
        data = (TEMPLATE / change.template).read_bytes()
    else:
        return False
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(data)
    return True


def _edited(change: Change, content: str, where: str) -> str:
    """The content of a file with a text replaced, or code added at its beginning or end."""
    if change.prepend is not None or change.append is not None:
        # Nothing may come before an import from the future.
        head, future, rest = content.partition(FUTURE) if FUTURE in content else ("", "", content)
        return f"{head}{future}\n{change.prepend or ''}\n{rest}\n{change.append or ''}"
    assert change.old is not None
    assert change.new is not None
    found = content.count(change.old)
    if found != 1:
        raise CaseError(f"{where}: {change.file} has {found} places, not 1, that read {shown(change.old)}")
    return content.replace(change.old, change.new)


def _bytecode(code: str, name: str) -> bytes:
    """A ``.pyc`` file that Python loads whatever the source beside it."""
    flags = (1).to_bytes(4, "little")
    return importlib.util.MAGIC_NUMBER + flags + bytes(8) + marshal.dumps(compile(code, f"{name}.py", "exec"))
