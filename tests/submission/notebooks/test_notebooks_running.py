"""A notebook's code as plain Python: what IPython would do and Python can't is replaced, line for line."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graders.submission.notebooks import Cell, runnable

from .making import of_cells, ran


def plain(source: str) -> str:
    (found,) = runnable(of_cells(ran(0, source)))
    assert found.code.count("\n") == source.count("\n")
    return found.code


def skipped(source: str) -> tuple[str, ...]:
    (found,) = runnable(of_cells(ran(0, source)))
    return found.skipped


def names(source: str) -> dict[str, object]:
    """What a cell leaves behind when it is run."""
    space: dict[str, object] = {"display": print}
    exec(compile(plain(source), "cell", "exec"), space)  # the test's own code
    return space


@pytest.mark.parametrize(
    "source",
    [
        "x = 1",
        "",
        "x = 7 % 3",
        "x = 'a' if 1 else '!b'",
        'x = """\n!ls\n%cd\nwhat?\n"""',
        "x = '''\\\n!ls\n'''",
        "x = r'\\'\n",
        "x = f'{1!r:>4}'",
        "# what?\n# !ls\nx = 1",
        "x = (7\n% 3\n)",
        "x = 7 \\\n% 3",
        "x = 1 != 2",
        "x = [\n'%',\n'?',\n]",
        "def f(a, b=1):\n    return a % b\n",
        "x = {'a': 1}\nx['a'] %= 2",
        "x = 'it''s # no comment'",
        "x = 1 # it's \"\"\" a comment\ny = 2",
        "assert 1, 'why?'",
        "x: int = 1; y = 2",
        "pip = 1\npip",
        "ls = [1]",
    ],
)
def test_python_stays_as_it_is(source):
    assert plain(source) == source
    assert skipped(source) == ()


@pytest.mark.parametrize(
    "source",
    [
        "!pip install -q tensorflow",
        "!pip install a \\\n  b \\\n  c",
        "!echo \"it's",
        "!ls (",
        "!!ls",
        "%matplotlib inline",
        "%load_ext tensorboard",
        "%pip install x",
        "%tensorflow_version 2.x",
        "%%bash\nfor x in *; do echo $x; done",
        "%%html\n<b>!</b>",
        "%%unknown thing\n???",
        "\n\n%%sh\nls",
        "?print",
        "print?",
        "print??",
        "str.join?",
        "%time?",
        "/print 1",
        ",print a",
        "pip install tensorflow",
        "ls -la",
        "conda install x",
        "pwd",
    ],
)
def test_what_is_not_python_is_replaced_and_named(source):
    compile(plain(source), "cell", "exec")
    assert plain(source).strip() in ("", "# not run here")
    (told,) = skipped(source)
    assert told.startswith(f"line {source[: len(source) - len(source.lstrip())].count(chr(10)) + 1}: ")


@pytest.mark.parametrize(
    "source",
    [
        "if True:\n    !ls\nx = 1",
        "for i in [1]:\n\t%cd a\nx = 1",
        "try:\n    import nothing_there\nexcept ImportError:\n    !pip install nothing\nx = 1",
        "!pip install x\nfrom __future__ import annotations\nx = 1",
        "%%time\nfrom __future__ import annotations\nx = 1",
        "if True:\n    print?\nx = 1",
        "def f():\n    !ls\n    %cd\nx = 1",
        "!ls\n\n\nx = 1\n!ls",
        "%%time\nx = 1",
        "%%time\n\n    x = 1",
        "\n  %%time\n  x = 1",
        "%%capture\n!ls\nx = 1",
        "%%capture out\n%%time\nx = 1\nout.show()\nassert out.stdout == ''",
        "%time x = 1",
        "%prun x = 1",
        "    x = 1",
        ">>> x = 1\n>>> !ls",
        "In [3]: x = 1",
        "get_ipython().run_cell_magic('time', '', 'x = 1\\n')",
        'get_ipython().run_cell_magic("capture", "", "x = 1\\n")',
        "get_ipython().run_line_magic('time', 'x = 1')",
        "get_ipython().system('ls')\nx = 1",
        "get_ipython().system('ls')\\\n\nx = 1",
        "get_ipython().run_line_magic('matplotlib', 'inline')\nx = 1",
        "files = get_ipython().getoutput('ls')\nassert files == []\nx = 1",
        "files = !ls *.h5\nassert files == []\nx = 1",
        "files = !!ls\nx = 1",
        "t = %timeit -o f()\nassert t is None\nx = 1",
        "x = %time 1",
        "a, b = 1, 2\nx = a",
        "x = 1;\n!ls",
    ],
)
def test_the_rest_of_a_cell_still_runs(source):
    assert names(source)["x"] == 1


@pytest.mark.parametrize("command", ["!mkdir models", "!mkdir -p models/a", "!mkdir 'a b' models", "if True:\n    !mkdir models"])
def test_folders_are_made_without_a_shell(tmp_path, monkeypatch, command):
    monkeypatch.chdir(tmp_path)
    names(command)
    assert (tmp_path / "models").is_dir()
    assert skipped(command)


@pytest.mark.parametrize("command", ["!mkdir $HOME/x", "!mkdir a; rm -rf b", "!mkdir a && ls", "!mkdir `x`", "!mkdir 'a", "!mkdir", "!mkdir {a}", "!mkdirs a"])
def test_anything_that_needs_a_shell_is_not_done(command):
    assert plain(command) == "# not run here"


@pytest.mark.parametrize("command, value", [("%env OPTG_A=1", "1"), ("%env OPTG_A b c", "b c"), ("%set_env OPTG_A='1'", "'1'")])
def test_the_environment_is_set_as_asked(monkeypatch, command, value):
    import os

    monkeypatch.setenv("OPTG_A", "before")
    names(command)
    assert os.environ["OPTG_A"] == value


@pytest.mark.parametrize("command, written", [("%%writefile a.txt", "new"), ("%%writefile -a a.txt", "oldnew"), ("%%file a.txt", "new")])
def test_a_cell_that_is_a_files_text_is_written(tmp_path, monkeypatch, command, written):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.txt").write_text("old")
    names(f"{command}\nnew")
    assert (tmp_path / "a.txt").read_text() == written


def test_the_lines_of_an_error_are_the_notebooks(tmp_path):
    source = "!pip install \\\n  x\n%%ignored\nif True:\n    %cd a\nraise ValueError"
    with pytest.raises(ValueError) as caught:
        names(source)
    assert caught.traceback[-1].lineno + 1 == 6


def test_the_commands_words_never_become_code():
    assert "import" not in plain("!echo '\n").replace("__import__", "")
    assert plain("%matplotlib inline\\\nimport os") == "# not run here\n"


def test_every_code_cell_is_there_by_its_index():
    cells = (ran(0, "x"), Cell(1, "markdown", "!ls"), ran(2, ""), ran(3, "!ls"))
    assert [(one.index, one.code) for one in runnable(of_cells(*cells))] == [(0, "x"), (2, ""), (3, "# not run here")]


def test_what_is_told_of_skipped_lines_is_bounded_and_printable():
    told = skipped("\n".join(["!ls \x1b[31m" + "x" * 5_000] * 500))
    assert len(told) == 51
    assert told[-1] == "and 450 lines more"
    assert all(line.isprintable() and len(line) < 250 for line in told)


PIECES = st.sampled_from(
    ["!ls", "%cd a", "%%time\n", "%%bash\n", "x = !ls", "x?", "?x", "\n", "\n    ", "\\\n", "(", ")", "'", '"', "'''", '"""',
     "# !", "x = 1", "if x:", "f(a,\n", "{", "}", "%time x\n", ">>> x\n", "In [1]: x\n", "%%writefile a\n", "get_ipython().system('x')", "é"]
)  # fmt: skip


@settings(deadline=1_000)
@given(st.lists(PIECES, max_size=12).map("".join) | st.text(max_size=60))
def test_no_text_changes_its_number_of_lines(source):
    plain(source)


GOOD = st.sampled_from(["x = 1", "y = '!a'", 'z = """\n!b\n%c\n"""', "f = [1,\n 2]", "if True:\n    pass", "# what?", "", "w = 7 % 2", "v = 1 \\\n  + 1"])
MAGIC = st.sampled_from(["!ls", "!ls \\\n  'a", "%cd (", "a = !ls [", "print?", "?x", "%time q = 1", "%env A", "if True:\n    !ls '\n    %time r = 1", "!mkdir a"])


@settings(deadline=1_000)
@given(st.lists(GOOD | MAGIC, max_size=8), st.sampled_from(["", "%%time\n", "%%capture o\n", "\n"]))
def test_statements_of_both_kinds_in_any_order_leave_python(lines, first):
    compile(plain(first + "\n".join(lines)), "cell", "exec")


@pytest.mark.parametrize(
    "source",
    ["'\\'" * 100_000, '"' * 200_001, "(" * 200_000, "!\\\n" * 50_000, "x = " * 50_000, "\\\n" * 100_000, "%" * 200_000,
     "?\n" * 20_000, "'''\\" * 50_000, " " * 200_000 + "?", "%%time\n" * 20_000, "get_ipython" * 20_000, "x = !" * 40_000, "=" * 200_000],
)  # fmt: skip
def test_no_cell_takes_long(source):
    before = time.process_time()
    plain(source)
    assert time.process_time() - before < 2
