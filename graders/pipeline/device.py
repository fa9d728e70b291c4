"""What a submission's files cost on a microcontroller: measured once for each distinct file, cached by its bytes."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

from graders.caching import Fingerprint
from graders.caching.fingerprints import environment_digest
from graders.caching.sources import source_files, sources_digest
from graders.core.errors import OptgradeError
from graders.framework.model_files import ModelFile
from graders.framework.result_cache import AFTERWARDS, ResultCache
from graders.measure.device import client, micro
from graders.measure.device.boards import BoardTable, board_table
from graders.measure.device.results import DeviceCost
from graders.pipeline.execution import RunResults
from graders.pipeline.labs import OpenGrading, OpenLab
from graders.scoring.device import DeviceFile, DeviceSetup
from graders.submission import Artifact

# Of a lab: one that writes more gets the first ones measured.
MOST_FILES = 60
# An attacker's many slow files must not hold up a grading: what is not measured by then is not.
MOST_SECONDS = 60.0
MODULES = (Path(client.__file__), client.DRIVER)


@dataclass(frozen=True)
class DeviceCosts:
    """The files by lab, and what they were measured with; None if no lab has any file."""

    by_lab: Mapping[str, tuple[DeviceFile, ...]] = field(default_factory=dict)
    setup: DeviceSetup | None = None
    seconds: float = 0.0


def device_costs(grading: OpenGrading, results: RunResults) -> DeviceCosts:
    """The costs of all files that runs wrote; none if measuring them fails: no grading ends because of this."""
    try:
        return _device_costs(grading, results)
    except (OptgradeError, OSError, RecursionError):
        return DeviceCosts()


def _device_costs(grading: OpenGrading, results: RunResults) -> DeviceCosts:
    started = time.monotonic()
    files = {lab.id: _files(lab, results) for lab in grading.labs}
    owners = {each.artifact.sha256: (lab, each.artifact) for lab in grading.labs for each in files[lab.id]}
    if not owners:
        return DeviceCosts()
    costs = _measured(grading, owners)
    table = board_table()
    by_lab = {
        lab: tuple(_device_file(each, costs[each.artifact.sha256], table) for each in found)
        for lab, found in files.items()
    }
    runtime = micro.installed()
    setup = DeviceSetup(runtime=f"{micro.PACKAGE} {runtime}" if runtime else "", boards=table.boards, rest=table.rest)
    return DeviceCosts(by_lab, setup, time.monotonic() - started)


def _files(lab: OpenLab, results: RunResults) -> Sequence[ModelFile]:
    """A lab's files in the order of its runs, whichever ended first."""
    of_lab = results.of(lab.id)
    in_order = {name: of_lab[name] for name in lab.plugin.run_names if name in of_lab}
    return lab.plugin.model_files(in_order)[:MOST_FILES]


def _measured(grading: OpenGrading, owners: Mapping[str, tuple[OpenLab, Artifact]]) -> dict[str, DeviceCost]:
    """The cost of each file by its sha256."""
    cache = ResultCache(grading.config.store, _basis(), grading.staged.work / "device")
    keys = {sha256: cache.key(device_cost_of=sha256) for sha256 in owners}
    cached: dict[str, DeviceCost | None] = {sha256: cache.get(key) for sha256, key in keys.items()}
    costs = {sha256: cost for sha256, cost in cached.items() if cost is not None}
    missing = [sha256 for sha256 in owners if sha256 not in costs]
    if not missing:
        return costs
    # Here, and not in a thread of the pool: the server ends with the thread that started it.
    grading.servers.scorers.start()
    for sha256, cost in zip(missing, _measure_all(grading, [owners[each] for each in missing]), strict=True):
        costs[sha256] = cost
        if cost.conclusive:
            cache.put(keys[sha256], cost)
    return costs


def _measure_all(grading: OpenGrading, files: Iterable[tuple[OpenLab, Artifact]]) -> list[DeviceCost]:
    deadline = time.monotonic() + MOST_SECONDS

    def one(owner: tuple[OpenLab, Artifact]) -> DeviceCost:
        lab, artifact = owner
        if time.monotonic() > deadline:
            return client.unknown(artifact, f"the files of this grading took over {MOST_SECONDS:.0f} s")
        return client.measure(lab.context.scorer, artifact)

    with ThreadPoolExecutor(max_workers=grading.config.workers) as pool:
        return list(pool.map(one, files))


def _basis() -> Fingerprint:
    """What a file's cost depends on beside its bytes."""
    code = sources_digest(source_files(MODULES, without=AFTERWARDS))
    return Fingerprint({"environment": environment_digest(), "code": code, "runtime": micro.installed()})


def _device_file(file: ModelFile, cost: DeviceCost, table: BoardTable) -> DeviceFile:
    arena, known = cost.arena, cost.file
    fits = {each.name: table.fit(each, cost.flash, None if arena is None else arena.total) for each in table.boards}
    return DeviceFile(
        run=file.run,
        name=file.name,
        sha256=file.artifact.sha256,
        flash=cost.flash,
        macs=None if known is None else known.cost.macs,
        parameters=None if known is None else known.cost.parameters,
        uncounted=() if known is None else known.cost.uncounted,
        missing_kernels=() if known is None else known.missing_kernels,
        arena=arena,
        reason=cost.reason,
        agreement=cost.agreement,
        untried=cost.untried,
        accuracy=file.accuracy,
        # What the runtime can't run fits on no board.
        boards={} if cost.refused else fits,
    )
