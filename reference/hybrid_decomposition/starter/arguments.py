"""The command line."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

from .settings import COMPRESSION_TYPES, METHODS, STRUCTURES, Settings, Structure

SMALLEST_DATASET = 40


class OneLineParser(argparse.ArgumentParser):
    """A parser with one-line error messages."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and exit with code 2."""
        self.exit(2, f"error: {message}\n")


def block_size(text: str) -> tuple[int, int]:
    """Two positive whole numbers with a comma between them."""
    numbers = [int(part) if part.strip().isdecimal() else 0 for part in text.split(",")]
    if len(numbers) != 2 or min(numbers) < 1:
        raise argparse.ArgumentTypeError(f"must be two positive whole numbers such as 2,4, not {text!r}")
    return numbers[0], numbers[1]


def number(accepts: Callable[[float], bool], expected: str) -> Callable[[str], float]:
    """A type of arguments: a number in a range."""

    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            value = float("nan")
        if not accepts(value):
            raise argparse.ArgumentTypeError(f"must be {expected}, not {text!r}")
        return value

    return parse


def dataset_size(text: str) -> int:
    """A whole number of images that can be split in three."""
    if not text.isdecimal() or int(text) < SMALLEST_DATASET:
        raise argparse.ArgumentTypeError(f"must be a whole number of at least {SMALLEST_DATASET}, not {text!r}")
    return int(text)


def make_parser() -> OneLineParser:
    """All options."""
    parser = OneLineParser(
        prog="python -m hybrid_decomposition.compress",
        description="Compresses the convolutions of a Keras model and converts it to TensorFlow Lite.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("--input_path", type=Path, required=True, metavar="FILE", help="the trained Keras model")
    add("--output_path", type=Path, required=True, metavar="FILE", help="the .tflite file to write")
    add("--pruning_structure", choices=STRUCTURES, default="unstructured", help="of the sparse part")
    add("--block_size", type=block_size, metavar="A,B", help="input channels and filters of a block")
    add("--method", choices=METHODS, default="fixed_loss", help="what is given: a loss of accuracy, or a size")
    loss = number(lambda value: 0 <= value <= 1, "from 0 to 1")
    add("--max_acc_loss", type=loss, default=0.02, metavar="LOSS", help="by how much accuracy may fall (default: 0.02)")
    factor = number(lambda value: 0 < value < 1, "between 0 and 1")
    add("--compression_factor", type=factor, metavar="SHARE", help="the share of the cost that may be left")
    weight = number(lambda value: 0 < value < float("inf"), "above 0")
    add("--sparsity_weight", type=weight, default=4.0, metavar="W", help="cost of a kept weight (default: 4.0)")
    add("--compression_type", choices=COMPRESSION_TYPES, default="hybrid", help="which parts a layer becomes")
    add("--dataset_path", type=Path, metavar="PATH", help="labelled images that the model was not trained on")
    add("--dataset_size", type=dataset_size, metavar="N", help="how many of these images to use (default: all)")
    return parser


def problem(args: argparse.Namespace) -> str | None:
    """What is wrong with arguments that are right on their own."""
    output: Path = args.output_path
    checks = {
        "--block_size is required with --pruning_structure block": args.pruning_structure == "block"
        and args.block_size is None,
        "--block_size goes with --pruning_structure block only": args.pruning_structure != "block"
        and args.block_size is not None,
        "--compression_factor is required with --method fixed_params": args.method == "fixed_params"
        and args.compression_factor is None,
        "--compression_factor goes with --method fixed_params only": args.method == "fixed_loss"
        and args.compression_factor is not None,
        "--dataset_path is required with --method fixed_loss": args.method == "fixed_loss"
        and args.dataset_path is None,
        "--dataset_size needs --dataset_path": args.dataset_size is not None and args.dataset_path is None,
        f"--input_path {args.input_path} does not exist": not args.input_path.exists(),
        f"--output_path {output} does not end in .tflite": output.suffix != ".tflite",
        f"--output_path {output} is a folder": output.is_dir(),
        f"--output_path {output} is in a folder that does not exist": not output.parent.is_dir(),
        f"--dataset_path {args.dataset_path} does not exist": args.dataset_path is not None
        and not args.dataset_path.exists(),
    }
    return next((message for message, wrong in checks.items() if wrong), None)


def parse_arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line. If it is wrong, one line says so and the program exits with 2."""
    parser = make_parser()
    args = parser.parse_args(argv)
    message = problem(args)
    if message is not None:
        parser.error(message)
    return args


def settings_of(args: argparse.Namespace) -> Settings:
    """The settings that arguments stand for."""
    return Settings(
        structure=Structure(args.pruning_structure, args.block_size),
        compression_type=args.compression_type,
        sparsity_weight=args.sparsity_weight,
        max_acc_loss=args.max_acc_loss,
        compression_factor=args.compression_factor,
    )
