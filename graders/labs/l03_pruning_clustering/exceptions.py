"""What tfmot's exceptions mean: some say little of the mistake, or stand at the end of a long message."""

from __future__ import annotations

from graders.core.errors import RunError

# Of tfmot 0.8: what stands in the message, and what to say in its place.
MEANINGS = (
    (
        "requires the UpdatePruningStep callback",
        "the wrapped model was fitted without UpdatePruningStep() among the callbacks",
    ),
    (
        "no weights to cluster",
        "{message} Layers were frozen (trainable = False) before cluster_weights; leave them all trainable",
    ),
    (
        "'_DictWrapper' object is not callable",
        "prune_low_magnitude was given a dict for its schedule; write **pruning_params, with two stars",
    ),
    ("must be in range [0,1)", "{message}: a sparsity is a share, 0.5 and not 50"),
)


def explained(error: RunError | None) -> RunError | None:
    """The same error, with a message that says what to do where tfmot's own is known."""
    if error is None:
        return None
    for known, meaning in MEANINGS:
        if known in error.message:
            told = error.message.removeprefix(f"{error.exception}: ")
            message = f"{error.exception}: {meaning.replace('{message}', told)}"
            return error.restated(message)
    return error
