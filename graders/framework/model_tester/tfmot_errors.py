"""What tfmot's exceptions mean: some do not name the mistake, or hide it at the end of a long message."""

from __future__ import annotations

from graders.core.errors import RunError

# For tfmot 0.8: a part of the message, and the text to show instead.
MEANINGS = (
    (
        "requires the UpdatePruningStep callback",
        "the wrapped model was fitted without UpdatePruningStep() among the callbacks",
    ),
    (
        "no weights to cluster",
        "{message} Its layers are frozen (trainable = False): set model.trainable = True before cluster_weights",
    ),
    (
        "'_DictWrapper' object is not callable",
        "the parameters were passed to prune_low_magnitude as one dict; unpack them with **pruning_params",
    ),
    ("must be in range [0,1)", "{message}: sparsity is a fraction, 0.5 and not 50"),
)


def explained(error: RunError | None) -> RunError | None:
    """The same error, with an explanation in place of a known message of tfmot's."""
    if error is None:
        return None
    for known, meaning in MEANINGS:
        if known in error.message:
            original = error.message.removeprefix(f"{error.exception}: ")
            message = f"{error.exception}: {meaning.replace('{message}', original)}"
            return error.restated(message)
    return error
