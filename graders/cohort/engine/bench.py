"""What a worker keeps between submissions."""

from __future__ import annotations

from graders import sandbox
from graders.cohort.engine.options import GradingOptions
from graders.core.paths import REFERENCE
from graders.pipeline.config import GradingConfig
from graders.pipeline.servers import ServerPool, prepare_servers


class Workbench:
    """The preloaded servers of a worker, which it keeps between submissions."""

    def __init__(self) -> None:
        self._pool: ServerPool | None = None
        self._options: GradingOptions | None = None

    def servers(self, options: GradingOptions) -> ServerPool:
        """The servers for gradings with these options. Whoever calls this must outlive them."""
        if self._pool is None or self._options != options:
            self.close()
            config = GradingConfig(
                submission=REFERENCE,
                labs=tuple(options.plugins()),
                profile=options.chosen_profile(),
                isolation=sandbox.choose(options.isolation),
            )
            self._pool, self._options = prepare_servers(config), options
        return self._pool

    def close(self) -> None:
        """Ends the servers; the next grading gets others."""
        pool, self._pool, self._options = self._pool, None, None
        if pool is not None:
            pool.close()
