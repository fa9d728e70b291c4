"""Every entry of the table of repairs: what it repairs, how, and what it leaves alone."""

from __future__ import annotations

import sys
import types

import pytest

from graders.core.errors import SourceLine
from graders.framework.repairs import Failure, Repair, Surroundings, find_repair
from graders.framework.repairs.absent_modules import SOURCE, STAND_INS
from graders.framework.repairs.cell_order import binds
from graders.framework.repairs.model import CellSource, Given
from graders.framework.repairs.source import statement_at

FILE = "lab/work.py"
GIVEN = Given(model="/given/pets.h5", dataset="/given/pets")


def around(code: str, *, folders: tuple[str, ...] = (), modules: tuple[str, ...] = ()) -> Surroundings:
    """A submission of one file."""
    return Surroundings(
        read=lambda file: code if file == FILE else None,
        folder_exists=folders.__contains__,
        submitted=modules.__contains__,
        given=GIVEN,
    )


def repair_of(exception: str, message: str, code: str, line: int = 1, **there: tuple[str, ...]) -> Repair | None:
    """The repair of what this line of the code raised."""
    return find_repair(Failure(exception, message, SourceLine(FILE, line, "")), around(code, **there))


def repaired(exception: str, message: str, code: str, line: int = 1) -> str:
    """The code after its repair."""
    found = repair_of(exception, message, code, line)
    assert found is not None
    text = found.edits.apply(FILE, code)
    assert text.count("\n") == code.count("\n")
    return text


NO_FILE = "[Errno 2] No such file or directory: '{}'"

H5_FILE = (
    "[Errno 2] Unable to synchronously create file (unable to open file: name = 'm/w.h5', errno = 2, error "
    "message = 'No such file or directory', flags = 13, o_flags = 242)"
)


@pytest.mark.parametrize(
    ("exception", "message", "code", "folder"),
    [
        ("FileNotFoundError", NO_FILE.format("lab/logs/log.txt"), "h = logging.FileHandler(LOG)", "lab/logs"),
        ("FileNotFoundError", NO_FILE.format("out/log.txt"), "with open('out/log.txt', 'w') as file:", "out"),
        ("FileNotFoundError", NO_FILE.format("out/a.txt"), "Path('out/a.txt').open('a').write(x)", "out"),
        ("FileNotFoundError", NO_FILE.format("(workdir)/plots/a.png"), "    plt.savefig(name)", "plots"),
        ("FileNotFoundError", NO_FILE.format("a/b/c"), "Path('a/b/c').mkdir()", "a/b"),
        ("NotFoundError", "nod/a.txt; No such file or directory", "GFile('nod/a.txt', 'w').write('x')", "nod"),
        (
            "FileNotFoundError",
            H5_FILE,
            "export(model)",
            "m",
        ),
    ],
)
def test_a_folder_that_is_missing_for_writing_is_made(exception: str, message: str, code: str, folder: str) -> None:
    """Whoever reports it, and wherever the code is about writing."""
    found = repair_of(exception, message, code)
    assert found is not None
    assert found.edits.folders == (folder,)
    assert f'makedirs("{folder}"' in found.instead
    assert found.edits.apply(FILE, code) == code


@pytest.mark.parametrize(
    ("message", "code"),
    [
        (NO_FILE.format("config/settings.json"), "SETTINGS = open('config/settings.json').read()"),
        (NO_FILE.format("config/settings.json"), "SETTINGS = open('config/settings.json', 'rb').read()"),
        (NO_FILE.format("log.txt"), "open('log.txt', 'w')"),
        (NO_FILE.format("../out/log.txt"), "open('../out/log.txt', 'w')"),
        (NO_FILE.format("/etc/out/log.txt"), "open('/etc/out/log.txt', 'w')"),
        (NO_FILE.format("a/" * 12 + "x"), "open(name, 'w')"),
        (NO_FILE.format("a" * 200 + "/x"), "open(name, 'w')"),
        ("out/log.txt is missing", "open('out/log.txt', 'w')"),
    ],
)
def test_no_folder_is_made_for_anything_else(message: str, code: str) -> None:
    """Reading, a file beside, a path that leads out, a path that no folder has, another message."""
    assert repair_of("FileNotFoundError", message, code) is None


def test_a_folder_that_is_there_is_not_made() -> None:
    """A file that can't be written to for another reason stays a failure."""
    code = "open('out/log.txt', 'w')"
    assert repair_of("FileNotFoundError", NO_FILE.format("out/log.txt"), code, folders=("out",)) is None


UNRECOGNIZED = "Unrecognized keyword arguments: ['{}']"


@pytest.mark.parametrize(
    ("exception", "message", "code", "expected"),
    [
        ("ValueError", UNRECOGNIZED.format("shape"), "InputLayer(shape=(28, 28))", "InputLayer(input_shape=(28, 28))"),
        (
            "ValueError",
            UNRECOGNIZED.format("batch_shape"),
            "    m.add(keras.layers.InputLayer(batch_shape = (None, 28)))",
            "    m.add(keras.layers.InputLayer(batch_input_shape = (None, 28)))",
        ),
        (
            "TypeError",
            "Input() got an unexpected keyword argument 'input_shape'",
            "x = keras.Input(input_shape=(4,))",
            "x = keras.Input(shape=(4,))",
        ),
        (
            "ValueError",
            "Argument(s) not recognized: {'lr': 0.001}",
            "o = keras.optimizers.Adam(lr=1e-3)",
            "o = keras.optimizers.Adam(learning_rate=1e-3)",
        ),
        (
            "TypeError",
            "Model.save_weights() got an unexpected keyword argument 'save_format'",
            "m.save_weights('w.weights.h5', save_format='h5')",
            "m.save_weights('w.weights.h5')",
        ),
        (
            "ValueError",
            "The following argument(s) are not supported with the native TF-Keras format: ['include_optimizer']",
            "tf.keras.models.save_model(m, 'ü.keras', include_optimizer=False, overwrite=True)",
            "tf.keras.models.save_model(m, 'ü.keras', overwrite=True)",
        ),
        (
            "ValueError",
            "Invalid `filepath` argument: expected a `.keras` extension. Received: filepath=m.h5",
            "m.save('m.h5',\n       save_format='keras')",
            "m.save('m.h5'\n)",
        ),
    ],
)
def test_a_keyword_of_the_other_keras_is_renamed(exception: str, message: str, code: str, expected: str | None) -> None:
    """Or left out, if the file's ending says the same."""
    assert repaired(exception, message, code) == expected


@pytest.mark.parametrize(
    ("exception", "message", "code"),
    [
        ("TypeError", UNRECOGNIZED.format("shape"), "InputLayer(shape=(28, 28))"),
        ("ValueError", UNRECOGNIZED.format("shape"), "my_layer(shape=(28, 28))"),
        ("ValueError", UNRECOGNIZED.format("shape") + " and more", "InputLayer(shape=(28, 28))"),
        ("ValueError", UNRECOGNIZED.format("units"), "InputLayer(units=3)"),
        ("ValueError", UNRECOGNIZED.format("shape"), "f(InputLayer(shape=(28,)), InputLayer(shape=(4,)))"),
        ("ValueError", UNRECOGNIZED.format("shape"), "raise ValueError('InputLayer(shape=1)')"),
        ("ValueError", UNRECOGNIZED.format("shape"), "InputLayer(**{'shape': 3})"),
    ],
)
def test_other_keywords_stay(exception: str, message: str, code: str) -> None:
    """Only the calls of the table, once in the statement, with exactly Keras's message."""
    assert repair_of(exception, message, code) is None


def test_a_statement_of_several_lines_stays_as_long() -> None:
    """So that every line of the student's keeps its number."""
    code = "import x\nm = Sequential([\n    InputLayer(\n        shape=(28, 28)),\n    Dense(2),\n])\nlast()\n"
    for line in (2, 3, 4):
        text = repaired("ValueError", UNRECOGNIZED.format("shape"), code, line)
        assert text == code.replace(" shape=", " input_shape=")


def test_the_ending_of_weights_is_changed_wherever_the_name_is_written() -> None:
    """As a whole literal only: not in a comment's words, not as a part of another name."""
    code = 'W = "base.h5"  # base.h5\nm.save_weights(W)\nm.load_weights(\'base.h5\')\nx = "my base.h5"\n'
    message = "The filename must end in `.weights.h5`. Received: filepath=base.h5"
    expected = (
        "W = 'base.weights.h5'  # base.h5\nm.save_weights(W)\nm.load_weights('base.weights.h5')\nx = \"my base.h5\"\n"
    )
    assert repaired("ValueError", message, code, 2) == expected
    assert repair_of("ValueError", message, "m.save_weights(name)") is None


NO_MODULE = "No module named '{}'"


@pytest.mark.parametrize(
    ("name", "code", "expected"),
    [
        ("torch", "import torch", "import {0}; torch = {0}.Absent('torch')"),
        ("torch", "    import torch.nn as nn", "    import {0}; nn = {0}.Absent('torch')"),
        ("torch", "import os, torch", "import {0}; import os; torch = {0}.Absent('torch')"),
        ("google.colab", "from google.colab import drive", "import {0}; drive = {0}.Absent('google.colab')"),
        ("nni", "from nni import *", "import {0}"),
        ("nni", "import os; import nni; x = 1", "import os; import {0}; nni = {0}.Absent('nni'); x = 1"),
        (
            "seaborn",
            "from seaborn import (\n    heatmap,\n    set_theme as st,\n)",
            "import {0}; heatmap = {0}.Absent('seaborn'); st = {0}.Absent('seaborn')\n\n\n",
        ),
    ],
)
def test_an_import_of_what_is_not_installed_becomes_a_stand_in(name: str, code: str, expected: str) -> None:
    """In as many lines; other imports of the statement stay."""
    assert repaired("ModuleNotFoundError", NO_MODULE.format(name), code) == expected.format(STAND_INS)


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("json", "import json"),
        ("numpy", "import numpy"),
        ("pandas", "import seaborn"),
        ("torch", "raise ModuleNotFoundError(\"No module named 'torch'\")"),
        ("helpers", "import helpers"),
        ("dl_in_iot_course.nothing", "from dl_in_iot_course.nothing import FP32Model"),
        ("torch", "importlib.import_module('torch')"),
    ],
)
def test_other_imports_stay(name: str, code: str) -> None:
    """What is installed, what the submission itself has, what another library needs, what is no import."""
    own = ("helpers", "dl_in_iot_course")
    assert repair_of("ModuleNotFoundError", NO_MODULE.format(name), code, modules=own) is None


@pytest.fixture
def absent() -> object:
    """A stand-in for torch."""
    module = types.ModuleType(STAND_INS)
    exec(SOURCE, module.__dict__)
    return module.Absent("torch")


@pytest.mark.parametrize(
    "use",
    [
        "torch.nn", "torch()", "torch[0]", "list(torch)", "bool(torch)", "len(torch)", "torch.__version__",
        "type('Own', (torch,), {})", "exec('class Own(torch): pass')", "exec('with torch: pass')",
        "setattr(torch, 'x', 1)", "hasattr(torch, 'nn')", "isinstance(1, torch.Tensor)",
    ],
)  # fmt: skip
def test_a_stand_in_raises_where_it_is_used(absent: object, use: str) -> None:
    """And names the module; so no code that needs it earns anything."""
    with pytest.raises((ModuleNotFoundError, TypeError)) as raised:
        eval(use, {"torch": absent})
    assert "torch is not installed" in str(raised.value) or use.startswith("type(")


def test_an_error_is_at_the_line_that_uses_the_module(absent: object) -> None:
    """Not in the stand-in, which is no file of the student's."""
    with pytest.raises(ModuleNotFoundError) as raised:
        _ = absent.nn  # type: ignore[attr-defined]
    files = [entry.path for entry in raised.traceback]
    assert str(files[0]) == __file__
    assert {str(file) for file in files[1:]} == {f"<{STAND_INS}>"}


def test_a_stand_in_can_be_held() -> None:
    """Looking through names, as drivers do, uses none of them."""
    module = types.ModuleType(STAND_INS)
    exec(SOURCE, module.__dict__)
    made = module.Absent("torch")
    assert isinstance(made, module.Absent)
    assert not isinstance(made, types.ModuleType)
    assert not hasattr(type(made), "count_params")
    assert not callable(getattr(sys.modules[__name__], "nothing", None))


@pytest.mark.parametrize(
    ("exception", "message", "code", "expected"),
    [
        (
            "OSError",
            "No file or directory found at /content/drive/MyDrive/pets.h5",
            'm = tf.keras.models.load_model("/content/drive/MyDrive/pets.h5")',
            "m = tf.keras.models.load_model('/given/pets.h5')",
        ),
        (
            "OSError",
            r"No file or directory found at C:\Users\jan\pets.h5",
            r'm = load_model(r"C:\Users\jan\pets.h5")',
            "m = load_model('/given/pets.h5')",
        ),
        (
            "FileNotFoundError",
            NO_FILE.format("/home/jan/pets/annotations/trainval.txt"),
            "d = PetDataset(Path('/home/jan/pets'))",
            "d = PetDataset(Path('/given/pets'))",
        ),
        (
            "FileNotFoundError",
            "/content/pets/annotations/list.txt is missing: expected the data set's folder, with images/ in it",
            "d = PetDataset(Path('/content/pets'))",
            "d = PetDataset(Path('/given/pets'))",
        ),
        (
            "OSError",
            "[Errno 30] Read-only file system: '/content'",
            "D = '/content/out'; F = '/content/out/a.h5'\nos.makedirs(D, exist_ok=True)",
            "D = 'out'; F = 'out/a.h5'\nos.makedirs(D, exist_ok=True)",
        ),
        (
            "FileNotFoundError",
            NO_FILE.format("/content/drive/MyDrive"),
            "os.chdir('/content/drive/MyDrive')",
            "os.chdir('.')",
        ),
        (
            "PermissionError",
            "[Errno 13] Permission denied: '/content/images/a.png'",
            "plt.savefig('/content/images/a.png')",
            "plt.savefig('a.png')",
        ),
        (
            "FileNotFoundError",
            NO_FILE.format("/content/a.tflite"),
            "A = '/content/a.tflite'; B = '/content/b.h5'\nM = load_model('/content/b.h5')\nPath(A).write_bytes(x)",
            "A = 'a.tflite'; B = 'b.h5'\nM = load_model('/content/b.h5')\nPath(A).write_bytes(x)",
        ),
        (
            "FileNotFoundError",
            NO_FILE.format("/content/out/m.tflite"),
            "open('/content/out/m.tflite', 'wb').write(x)",
            "open('m.tflite', 'wb').write(x)",
        ),
        (
            "PermissionError",
            "[Errno 13] Permission denied: '/content/out/m.tflite'",
            "OUT = '/content/out/'\nopen(OUT + 'm.tflite', 'wb').write(x)",
            "OUT = './'\nopen(OUT + 'm.tflite', 'wb').write(x)",
        ),
    ],
)
def test_a_path_of_another_machine_becomes_the_given_one(
    exception: str, message: str, code: str, expected: str
) -> None:
    """The model's, the data set's, or the working folder's."""
    assert repaired(exception, message, code, code.count("\n") + 1) == expected


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ("No file or directory found at build/pets.h5", 'load_model("build/pets.h5")'),
        ("No file or directory found at /content/pets.h5", "load_model(PATH)"),
        ("No file or directory found at /content/pets.h5", 'print("/content/pets.h5")'),
        ("No file or directory found at /content/w.h5", 'm.load_weights("/content/w.h5")'),
        (NO_FILE.format("/content/labels.csv"), 'open("/content/labels.csv").read()'),
        (NO_FILE.format("/proc/1/x.h5"), 'load_model("/proc/1/x.h5")'),
        ("[Errno 13] Permission denied: '/etc'", "os.makedirs('/etc/passwd.d')"),
    ],
)
def test_other_paths_stay(message: str, code: str) -> None:
    """Relative ones, ones that are no literal in the code, a student's own weights or tables."""
    exception = "OSError" if message.startswith("No file") else "FileNotFoundError"
    assert repair_of(exception, message, code) is None


def cells(*found: tuple[int | None, str]) -> Surroundings:
    """A notebook's cells, by their counts and code."""
    sources = tuple(CellSource(index, count, code) for index, (count, code) in enumerate(found))
    by_name = {f"cell {cell.index + 1}": cell.code for cell in sources}
    return Surroundings(by_name.get, lambda _: False, lambda _: False, GIVEN, sources)


def order_of(name: str, cell: int, *found: tuple[int | None, str]) -> tuple[int, ...] | None:
    """The order in which a notebook is executed after this name was not defined in this cell."""
    failure = Failure("NameError", f"name '{name}' is not defined", SourceLine(f"cell {cell}", 1, ""))
    repair = find_repair(failure, cells(*found))
    return None if repair is None else repair.edits.order


def test_cells_are_executed_in_the_order_of_their_counts() -> None:
    """If the definition stands below its use and was executed before; cells without code come last."""
    found = order_of("model", 2, (1, "import x"), (3, "model.fit()"), (None, ""), (2, "model = build()"))
    assert found == (0, 3, 1, 2)


@pytest.mark.parametrize(
    "notebook",
    [
        [(1, "x = 1"), (2, "f()"), (3, "def f(): pass")],
        [(1, "x = 1"), (None, "f()"), (2, "def f(): pass")],
        [(1, "x = 1"), (2, "f()"), (2, "def f(): pass")],
        [(3, "x = 1"), (2, "f()"), (1, "def g(): pass")],
        [(3, "x = 1"), (2, "f()"), (1, "    f = 2")],
    ],
)
def test_cells_keep_their_order(notebook: list[tuple[int | None, str]]) -> None:
    """If counts rise, are missing or are there twice, or if no cell defines the name."""
    assert order_of("f", 2, *notebook) is None


@pytest.mark.parametrize(
    "code", ["f = 1", "f: int = 1", "a, f = 1, 2", "(a, f) = 1, 2", "def f(): pass", "class f:\n    pass",
             "import a.f", "from a import f", "import b as f", "x = 1\nf = 2"]
)  # fmt: skip
def test_code_binds_a_name(code: str) -> None:
    """By assigning, defining or importing it at the top level."""
    assert binds(code, "f")


@pytest.mark.parametrize(
    "code", ["f == 1", "f(x=1)", "g = f", "# f = 1", "'''\nf = 1\n'''", "def ff(): pass", "if x:\n    f = 1"]
)
def test_code_does_not_bind_a_name(code: str) -> None:
    """By using it, or inside of anything."""
    assert not binds(code, "f")


@pytest.mark.parametrize(
    "code", ["(" * 3000, "x = " + "-" * 3000 + "1", "x" + ".a" * 1900, "x = '" + "a" * 5000 + "'", "\0"]
)
def test_code_that_is_hard_to_parse_is_left_alone(code: str) -> None:
    """It never ends the grader."""
    statement = statement_at(code, 1)
    assert statement is None or list(statement.calls()) == []
