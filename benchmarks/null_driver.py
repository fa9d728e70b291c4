"""A driver that does nothing: what is left is the cost of the sandbox."""


def nothing() -> tuple[dict[str, object], dict[str, object]]:
    """Answers at once."""
    return {}, {}


OPERATIONS = {"nothing": nothing}
