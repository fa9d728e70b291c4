"""What the graph of a model says: which parts are not integer, and which activations of two files are the same one.

Tensor names play no part: two conversions of one network name its tensors differently. Operators that only change the
form of a value (``QUANTIZE``, ``DEQUANTIZE``, ``DENSIFY``) are looked through.
"""

from __future__ import annotations

from dataclasses import dataclass

from graders.measure.tflite.model import INTEGER_DTYPES, Model, Operator, Subgraph, Tensor

FORM_OPERATORS = frozenset({"QUANTIZE", "DEQUANTIZE", "DENSIFY"})
COMMUTATIVE_OPERATORS = frozenset({"ADD", "MUL", "MAXIMUM", "MINIMUM"})


@dataclass(frozen=True)
class Violation:
    """An operator or a tensor that is not integer."""

    subgraph: int
    kind: str
    index: int
    name: str
    reason: str

    def __str__(self) -> str:
        return f"{self.kind} {self.index} ({self.name}): {self.reason}"


@dataclass(frozen=True)
class InputOutputTypes:
    """The types of a model's inputs and outputs, in order."""

    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class ActivationPair:
    """One activation of a network in two files; ``operator`` is what computes it, None for an input of the model."""

    operator: Operator | None
    first: Tensor
    second: Tensor


@dataclass(frozen=True)
class Alignment:
    """The activations of two files in pairs. ``pairs`` is None if they are two networks; ``reason`` says why."""

    pairs: tuple[ActivationPair, ...] | None
    reason: str


def integer_violations(model: Model) -> tuple[Violation, ...]:
    """Every operator and every used tensor, of all subgraphs, that keeps a model from being all integer.

    Custom and Flex operators, QUANTIZE and DEQUANTIZE from or to float, and tensors of a type that is not integer.
    Integer types of any width count as integer: int32 biases, int64 and bool shapes, a requantising QUANTIZE.
    """
    return tuple(violation for graph in model.subgraphs for violation in _violations(graph))


def _violations(graph: Subgraph) -> tuple[Violation, ...]:
    found = []
    used = {*graph.inputs, *graph.outputs}
    for operator in graph.operators:
        used.update(operator.inputs, operator.outputs)
        reason = _operator_violation(graph, operator)
        if reason:
            found.append(Violation(graph.index, "operator", operator.index, operator.label, reason))
    for index in sorted(used - {-1}):
        tensor = graph.tensors[index]
        if tensor.dtype not in INTEGER_DTYPES:
            found.append(Violation(graph.index, "tensor", index, tensor.name, f"is {tensor.dtype}"))
    return tuple(found)


def _operator_violation(graph: Subgraph, operator: Operator) -> str | None:
    if operator.is_flex:
        return "is run by TensorFlow itself"
    if operator.is_custom:
        return "is a custom operator"
    around = (*graph.tensors_of(operator.inputs), *graph.tensors_of(operator.outputs))
    floats = sorted({tensor.dtype for tensor in around if tensor.dtype not in INTEGER_DTYPES})
    return f"converts between integers and {', '.join(floats)}" if floats and operator.code in FORM_OPERATORS else None


def io_dtypes(model: Model) -> InputOutputTypes:
    """The types of the main subgraph's inputs and outputs."""
    graph = model.main
    return InputOutputTypes(
        tuple(tensor.dtype for tensor in graph.tensors_of(graph.inputs)),
        tuple(tensor.dtype for tensor in graph.tensors_of(graph.outputs)),
    )


def compute_ops(model: Model) -> tuple[Operator, ...]:
    """The main subgraph's operators in execution order, without those that only change a value's form."""
    return tuple(operator for operator in model.main.operators if operator.code not in FORM_OPERATORS)


class Wiring:
    """Who makes and who uses a subgraph's tensors, with the operators looked through that only change a form."""

    def __init__(self, graph: Subgraph) -> None:
        self.graph = graph
        self.producers = {index: operator for operator in graph.operators for index in operator.outputs if index >= 0}
        self._users: dict[int, list[Operator]] = {}
        for operator in graph.operators:
            for index in operator.inputs:
                self._users.setdefault(index, []).append(operator)

        self._origins: dict[int, int] = {}

    def origin(self, index: int) -> int:
        """The tensor that a tensor is another form of: itself, a constant, an input or a computed one."""
        passed = set()
        while index not in self._origins and index not in passed:
            passed.add(index)
            producer = self.producers.get(index)
            if producer is None or producer.code not in FORM_OPERATORS or not producer.inputs:
                break
            if producer.inputs[0] >= 0:
                index = producer.inputs[0]
        found = self._origins.get(index, index)
        self._origins.update(dict.fromkeys(passed, found))
        return found

    def inner_input(self, index: int) -> Tensor:
        """An input in the form that the network computes on: behind QUANTIZE where nothing else uses it."""
        users = self._users.get(index, [])
        if len(users) == 1 and users[0].code == "QUANTIZE" and users[0].outputs and users[0].outputs[0] >= 0:
            return self.graph.tensors[users[0].outputs[0]]
        return self.graph.tensors[index]

    def constant(self, index: int) -> Tensor | None:
        """The constant that a tensor is, or another form of; None for activations."""
        if index < 0:
            return None
        tensor = self.graph.tensors[self.origin(index)]
        return tensor if tensor.constant else None


Key = tuple[object, ...]


class _Structure:
    """A number for each activation that says how it is computed: equal numbers, equal computations.

    Numbers are shared between the models that are given the same ``numbers``.
    """

    def __init__(self, model: Model, numbers: dict[Key, int]) -> None:
        self.wiring = Wiring(model.main)
        self._numbers = numbers
        self.of_tensor: dict[int, int] = {}
        for position, index in enumerate(model.main.inputs):
            self.of_tensor[index] = self._number(("input", position, model.main.tensors[index].shape[1:]))
        self.operators = compute_ops(model)
        for operator in self.operators:
            inputs = [self.of_input(index) for index in _arguments(operator)]
            if operator.code in COMMUTATIVE_OPERATORS:
                inputs.sort()
            kind = self._number((operator.label, operator.options, len(operator.outputs), *inputs))
            for position, index in enumerate(operator.outputs):
                self.of_tensor[index] = self._number(("output", position, kind))

    def of_input(self, index: int) -> int:
        """The number of an operator's input, constants by their shape."""
        if index < 0:
            return self._number(("left out",))
        constant = self.wiring.constant(index)
        if constant is not None:
            return self._number(("constant", constant.shape))
        return self.of_tensor.get(self.wiring.origin(index)) or self._number(("undefined",))

    def activations(self, operator: Operator) -> tuple[int, ...]:
        """The tensors that an operator computes from, in an order that is the same in both models."""
        inputs = [index for index in _arguments(operator) if index >= 0 and self.wiring.constant(index) is None]
        if operator.code in COMMUTATIVE_OPERATORS:
            inputs.sort(key=self.of_input)
        return tuple(self.wiring.origin(index) for index in inputs)

    def described(self, operator: Operator) -> str:
        """An operator with the shapes of its first constants, for a reason."""
        constants = [self.wiring.constant(index) for index in operator.inputs[:4]]
        shapes = ", ".join(str(constant.shape) for constant in constants if constant is not None)
        return f"{operator.label} with constants {shapes}" if shapes else operator.label

    def same(self, mine: int, other: _Structure, theirs: int) -> bool:
        """Whether two tensors are computed alike. In a file that writes a tensor twice, connected ones may not be."""
        return mine in self.of_tensor and self.of_tensor[mine] == other.of_tensor.get(theirs)

    def _number(self, key: Key) -> int:
        return self._numbers.setdefault(key, len(self._numbers) + 1)


def _arguments(operator: Operator) -> tuple[int, ...]:
    """The inputs without optional ones left out at the end, which may also be not written at all."""
    given = len(operator.inputs)
    while given and operator.inputs[given - 1] < 0:
        given -= 1
    return operator.inputs[:given]


def aligned_activations(first: Model, second: Model) -> Alignment:
    """Pairs of the same activation in two files of one network: its inputs, and each operator's outputs.

    The graphs are followed from their outputs, by the kind and the options of operators and the shapes of their
    constants. Neither tensor names nor types count, nor the order in which independent branches are written, nor which
    operand of an addition comes first. An input is paired in the form that the network computes on.
    """
    numbers: dict[Key, int] = {}
    one, two = _Structure(first, numbers), _Structure(second, numbers)
    reason = _difference(first, second, one, two)
    return Alignment(None, reason) if reason else Alignment(_pairs(one, two), "")


def _difference(first: Model, second: Model, one: _Structure, two: _Structure) -> str:
    if len(one.operators) != len(two.operators):
        return f"{len(one.operators)} operators in the first, {len(two.operators)} in the second"
    if [one.of_input(index) for index in first.main.outputs] == [two.of_input(index) for index in second.main.outputs]:
        return ""
    for mine, other in zip(one.operators, two.operators, strict=True):
        if one.described(mine) != two.described(other):
            return f"operator {mine.index} is {one.described(mine)} in the first, {two.described(other)} in the second"
        if mine.options != other.options:
            return f"operator {mine.index} ({mine.label}) has other options: {mine.options} and {other.options}"
    return "the operators are the same, the connections between them are not"


def _pairs(one: _Structure, two: _Structure) -> tuple[ActivationPair, ...]:
    partner: dict[int, int] = {}
    waiting = [
        (one.wiring.origin(mine), two.wiring.origin(other))
        for mine, other in zip(one.wiring.graph.outputs, two.wiring.graph.outputs, strict=True)
    ]
    while waiting:
        mine, other = waiting.pop()
        producer, counterpart = one.wiring.producers.get(mine), two.wiring.producers.get(other)
        if mine in partner or producer is None or counterpart is None or not one.same(mine, two, other):
            continue
        partner.update(zip(producer.outputs, counterpart.outputs, strict=True))
        waiting.extend(zip(one.activations(producer), two.activations(counterpart), strict=True))
    inputs = zip(one.wiring.graph.inputs, two.wiring.graph.inputs, strict=False)
    pairs = [
        ActivationPair(None, one.wiring.inner_input(mine), two.wiring.inner_input(other)) for mine, other in inputs
    ]
    for operator in one.operators:
        for index in operator.outputs:
            if index in partner:
                tensors = one.wiring.graph.tensors[index], two.wiring.graph.tensors[partner[index]]
                pairs.append(ActivationPair(operator, *tensors))
    return tuple(pairs)
