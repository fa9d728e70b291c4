"""Fine-tuning with less tracing: the graph, weights and random numbers that Keras and tfmot give, in half of the time.

``tf.function`` traces a training step twice if the first trace made variables, which that of a fresh optimizer does.
Keras makes them outside of the graph, so they can be made at once, and then TensorFlow keeps the first trace. And
autograph rewrites the code of tfmot's wrappers, which has nothing in it to be rewritten.

Outside of the libraries that shows only in how often Python code runs while a graph is made, and in the random numbers
drawn meanwhile. So both are done only if nothing but the libraries' own code is involved and nothing in the step is
random; all else is left to TensorFlow's own way.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterable, Mapping
from types import BuiltinFunctionType, FunctionType, MethodType, MethodWrapperType, ModuleType
from typing import Any

# Versions of TensorFlow, tf_keras and tfmot for which tests/sandbox/test_fast_training.py has compared the bytes.
COMPARED_VERSIONS = {"tensorflow": "2.21.", "tf_keras": "2.21.", "tensorflow_model_optimization": "0.8."}
LIBRARIES = frozenset(("tf_keras", "keras", *COMPARED_VERSIONS))
HARMLESS = LIBRARIES | {
    "builtins",
    "numpy",
    "collections",
    "_thread",
    "threading",
    "weakref",
    "wrapt",
    "enum",
    "abc",
    "typing",
}
# More than any network has: one that has more is trained in Keras' own way.
MAX_OBJECTS = 100_000
# Parts of the names of operations that draw random numbers, or run somebody's Python.
RANDOM = ("Random", "Multinomial", "Truncated", "Rng", "Seed", "PyFunc")


def install(versions: Mapping[str, str]) -> bool:
    """Makes training trace less.

    :param versions: of the packages in ``COMPARED_VERSIONS``.
    :returns: whether it was installed: only for versions whose bytes were compared.
    """
    if not all(versions.get(name, "").startswith(known) for name, known in COMPARED_VERSIONS.items()):
        return False
    try:
        _trace_once()
        _leave_to_python()
    except (ImportError, AttributeError):
        return False
    return True


def _trace_once() -> None:
    """Lets Keras' own training step make its variables at once."""
    import tensorflow as tf
    from tf_keras.src.engine import training

    plain = training.Model.train_step

    @functools.wraps(plain)
    def train_step(self: Any, data: Any) -> Any:
        if not _can_trace_once(self, train_step):
            return plain(self, data)
        with tf.variable_creator_scope(_creator(tf)):
            return plain(self, data)

    training.Model.train_step = train_step


def _creator(tf: Any) -> Callable[..., Any]:
    """What makes variables at once where Keras makes them outside of the graph, unless the step draws numbers."""

    @functools.cache
    def draws_numbers() -> bool:
        types = {operation.type for operation in tf.compat.v1.get_default_graph().get_operations()}
        return any(each in name for name in types for each in RANDOM)

    def at_once(next_creator: Callable[..., Any], **options: Any) -> Any:
        # Within init_scope alone; what is made in the graph itself needs the second trace.
        if tf.executing_eagerly() and not draws_numbers():
            options["experimental_enable_variable_lifting"] = False
        return next_creator(**options)

    return at_once


def _can_trace_once(model: Any, train_step: Callable[..., Any]) -> bool:
    """Whether a second trace of this model's training step would do nothing but make the same graph again."""
    import tensorflow as tf
    from tensorflow.python.framework.func_graph import FuncGraph

    try:
        graph = tf.compat.v1.get_default_graph()
        return (
            not tf.executing_eagerly()
            and isinstance(graph, FuncGraph)
            # Neither a step within a loop of steps nor one that is compiled on its own.
            and not isinstance(graph.outer_graph, FuncGraph)
            and not model.jit_compile
            and not tf.distribute.has_strategy()
            and type(model).train_step is train_step
            and is_of_libraries(model)
        )
    except Exception:  # noqa: BLE001 - whatever is unusual about this model, TensorFlow's own way knows it
        return False


def _leave_to_python() -> None:
    """Has autograph leave alone the calls of tfmot's wrappers, if what they wrap is the libraries' own."""
    from tensorflow.python.autograph.core import ag_ctx
    from tensorflow.python.autograph.impl.api import autograph_artifact, tf_convert
    from tensorflow_model_optimization.python.core.clustering.keras import cluster_wrapper
    from tensorflow_model_optimization.python.core.sparsity.keras import pruning_wrapper

    def unconverted(plain: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(plain)
        def call(self: Any, inputs: Any, training: Any = None, **options: Any) -> Any:
            try:
                converts = not is_of_libraries(self)
            except Exception:  # noqa: BLE001 - a layer that can't be looked into gets what it always got
                converts = True
            if converts:
                return tf_convert(plain, ag_ctx.control_status_ctx())(self, inputs, training=training, **options)
            with ag_ctx.ControlStatusCtx(status=ag_ctx.Status.DISABLED):
                return plain(self, inputs, training=training, **options)

        return autograph_artifact(call)  # type: ignore[no-any-return]

    for wrapper in (pruning_wrapper.PruneLowMagnitude, cluster_wrapper.ClusterWeights):
        wrapper.call = unconverted(wrapper.call)


def is_of_libraries(thing: Any) -> bool:
    """Whether nothing that a model, a layer or what it is trained with consists of is anybody's own, or random.

    Layers may hold functions of anybody's: activations, losses, schedules, the functions of Lambda layers.
    """
    seen: set[int] = set()
    waiting = [thing]
    while waiting:
        each = waiting.pop()
        if id(each) in seen:
            continue
        seen.add(id(each))
        parts = _parts(each)
        if parts is None or len(seen) > MAX_OBJECTS:
            return False
        waiting.extend(parts)
    return True


def _parts(thing: Any) -> Iterable[Any] | None:
    """What else to look at within an object; None if it is not the libraries' own, or draws random numbers."""
    if isinstance(thing, (list, tuple, set, frozenset)):
        return list(thing)
    if isinstance(thing, Mapping):
        return list(thing.values())
    if isinstance(thing, (BuiltinFunctionType, MethodWrapperType, ModuleType)):
        return ()
    if isinstance(thing, MethodType):
        return (thing.__func__, thing.__self__)
    if isinstance(thing, functools.partial):
        return (thing.func, *thing.args, *thing.keywords.values())
    if isinstance(thing, FunctionType):
        return _parts_of_function(thing)
    if isinstance(thing, type):
        return () if _package(thing.__module__) in HARMLESS else None
    return _parts_of_instance(thing)


def _parts_of_function(function: FunctionType) -> Iterable[Any] | None:
    # Where it was written, not its __module__: a decorator may have given it another function's.
    if _package(function.__globals__.get("__name__")) not in HARMLESS:
        return None
    return [cell.cell_contents for cell in function.__closure__ or ()]


def _parts_of_instance(thing: Any) -> Iterable[Any] | None:
    from tensorflow.python.eager.polymorphic_function.polymorphic_function import Function
    from tf_keras import callbacks, initializers
    from tf_keras.src.backend import RandomGenerator
    from tf_keras.src.engine.keras_tensor import KerasTensor
    from tf_keras.src.engine.node import Node

    if isinstance(thing, Function):
        return (thing.python_function,)
    package = _package(type(thing).__module__)
    if package not in HARMLESS or isinstance(thing, RandomGenerator):
        return None
    # Initializers are done before training, callbacks are called between the steps, nodes lead to other layers.
    if isinstance(thing, (initializers.Initializer, callbacks.Callback, Node, KerasTensor)):
        return ()
    return list(vars(thing).values()) if package in LIBRARIES - {"tensorflow"} and hasattr(thing, "__dict__") else ()


def _package(module: object) -> str:
    return str(module).partition(".")[0]
