"""Downloading a file with a progress bar."""

from __future__ import annotations

from pathlib import Path
from typing import Any


class DownloadProgressBar:
    """A tqdm bar on standard error that understands the reports of ``urllib.request.urlretrieve``.

    ``options`` go to ``tqdm`` as they are. Use it as a context manager, so that the bar is closed.
    """

    def __init__(self, **options: Any) -> None:
        from tqdm import tqdm

        self._bar = tqdm(**options)

    def __enter__(self) -> DownloadProgressBar:
        return self

    def __exit__(self, *exception: object) -> None:
        self._bar.close()

    def update_to(self, b: int = 1, bsize: int = 1, tsize: int | None = None) -> None:
        """Move the bar to ``b`` blocks of ``bsize`` bytes; ``tsize`` is the whole size in bytes where it is known."""
        if tsize is not None and tsize > 0:
            self._bar.total = tsize
        self._bar.update(b * bsize - self._bar.n)


def download_url(url: str, output_path: Path | str) -> None:
    """Store what ``url`` gives in the file ``output_path``. Raises ``OSError`` if it cannot be fetched or written."""
    import urllib.request

    with DownloadProgressBar(unit="B", unit_scale=True, miniters=1, desc=url.rpartition("/")[2]) as bar:
        urllib.request.urlretrieve(url, filename=output_path, reporthook=bar.update_to)
