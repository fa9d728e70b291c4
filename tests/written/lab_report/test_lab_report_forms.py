"""Reports that are no single Markdown file in the lab's folder: notebooks, a file a stage, documents, other names."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from graders.submission import notebooks
from graders.written.claims import Check, Question, read_document
from graders.written.lab_report import review_report

from .mnist_lab import ITEMS, PLACE, RULES, WANTED, find_report, report_claims

TITLE = "# Lab report\n\nWhat I did in the notebook."
STAGES = {
    "baseline": "## Baseline\n\n- Accuracy: 0.9455\n- Size: 98928 bytes",
    "convert": "## TFLite\n\n- Accuracy: 0.9455\n- Size: 85096 bytes",
    "ptq": "## Post-training quantization\n\n- Accuracy: 0.9457\n- Size: 24336 bytes",
    "qat": "## Quantization-aware training\n\n- Accuracy: 0.9477",
    "pruning": "## Pruned\n\n- Accuracy: 0.9660\n\nPruning makes zeros, which compress well.",
}
NAMES = "model_builder() convert_tflite() MODEL_SIZE ACCURACY q_aware_model baseline_model TFLiteConverter quantize_model strip_pruning model_for_export"


def cell(source: str, kind: str = "markdown") -> dict:
    return {"cell_type": kind, "metadata": {}, "source": source.splitlines(keepends=True)} | (
        {"outputs": [], "execution_count": 1} if kind == "code" else {}
    )


def wrote(root: Path, path: str, content: str | list[dict]) -> None:
    text = content if isinstance(content, str) else json.dumps({"cells": content, "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
    (root / path).parent.mkdir(parents=True, exist_ok=True)
    (root / path).write_text(text, encoding="utf-8")


def shown(root: Path, notebook: str = "lab.ipynb") -> set[str]:
    found = review_report(root, replace(RULES, place=replace(PLACE, notebook=notebook)))
    return {one.item for one in found.acceptance if one.shown}


REPORT_CELLS = [cell(TITLE), cell("import this", "code"), *map(cell, STAGES.values())]


@pytest.mark.parametrize("path", ["lab3_report_quantization.ipynb", "report.ipynb", "docs/Verslag lab 3.ipynb", "reports/quantization_and_pruning.ipynb"])
def test_a_notebook_may_be_the_report(tmp_path, path):
    """Its text cells are read as Markdown, and each is not the lab's notebook, nor the other way round."""
    wrote(tmp_path, "work/quantization_and_pruning.ipynb", [cell(NAMES, "code"), cell("# Quantization and pruning: baseline, QAT")])
    wrote(tmp_path, path, REPORT_CELLS)
    lab = notebooks.find(tmp_path, WANTED).chosen
    assert lab == Path("work/quantization_and_pruning.ipynb")
    found = find_report(tmp_path, notebook=lab.as_posix())
    assert [file.path for file in found.files] == [path]
    assert shown(tmp_path, lab.as_posix()) == {item.id for item in ITEMS}


def test_a_notebook_that_is_called_a_report_and_has_the_labs_code_is_the_labs(tmp_path):
    wrote(tmp_path, "lab3_report.ipynb", [cell(NAMES, "code"), cell("# Pruned")])
    assert notebooks.find(tmp_path, WANTED).chosen == Path("lab3_report.ipynb")
    found = find_report(tmp_path, notebook="lab3_report.ipynb")
    assert (found.files, found.pending) == ((), ("lab3_report.ipynb",))
    wrote(tmp_path, "report.md", TITLE + "\n\nPruned.")
    assert [file.path for file in find_report(tmp_path, notebook="lab3_report.ipynb").files] == ["report.md"]


@pytest.mark.parametrize("name", ["lab3_report_quantization_and_pruning.ipynb", "a_report.ipynb"])
def test_of_a_report_with_some_of_the_code_and_the_lab_the_lab_is_the_notebook(tmp_path, name):
    wrote(tmp_path, name, [cell(NAMES.partition(" base")[0], "code"), *REPORT_CELLS])
    wrote(tmp_path, "lab3.ipynb", [cell(NAMES, "code")])
    assert notebooks.find(tmp_path, WANTED).chosen == Path("lab3.ipynb")


def test_a_report_alone_is_no_notebook_of_the_lab(tmp_path):
    wrote(tmp_path, "report_quantization_and_pruning.ipynb", [cell(TITLE), *map(cell, STAGES.values())])
    found = notebooks.find(tmp_path, WANTED)
    assert found.chosen is None
    assert "no code" in found.notes[-1]


def test_places_in_a_notebook_are_cells_and_their_lines(tmp_path):
    wrote(tmp_path, "report.ipynb", [*REPORT_CELLS, cell("## Pruned again\n\n- Accuracy: 0.5\n\nTODO")])
    question = Question("zeros", 1, ("pruning", "zero*"))
    found = review_report(tmp_path, replace(RULES, questions=(question,)))
    (finding,) = found.about(Check.CONTRADICTION)
    assert [str(quote.place) for quote in finding.quotes] == ["report.ipynb, cell 7, line 3", "report.ipynb, cell 8, line 3"]
    (left,) = found.about(Check.PLACEHOLDER)
    assert str(left.quotes[0].place) == "report.ipynb, cell 8, line 5"
    assert found.answers[0].quote is not None
    assert found.answers[0].quote.place.file == "report.ipynb, cell 7"


def test_a_notebook_that_cant_be_read_is_said(tmp_path):
    wrote(tmp_path, "report.ipynb", "{")
    assert "report.ipynb" in find_report(tmp_path).notes[0]


@pytest.mark.parametrize("folder", ["reports/", "mnist_compression/", "docs/report/", "work/"])
def test_a_file_may_be_about_one_stage(tmp_path, folder):
    """Their items, numbers and answers count together."""
    wrote(tmp_path, "work/lab.ipynb", [cell(NAMES, "code")])
    for number, (name, text) in enumerate(STAGES.items()):
        wrote(tmp_path, f"{folder}{number}-{name}.md", text.replace("##", "#"))
    wrote(tmp_path, f"{folder}remarks.md", "# Remarks\n\nThe executed notebook is handed in.")
    found = find_report(tmp_path, notebook="work/lab.ipynb")
    assert [file.path for file in found.files] == [f"{folder}{number}-{name}.md" for number, name in enumerate(STAGES)]
    assert shown(tmp_path, "work/lab.ipynb") >= {"convert", "ptq", "qat", "prune"}


def test_a_report_that_holds_the_stages_together_comes_first(tmp_path):
    wrote(tmp_path, "reports/report.md", TITLE + "\n\nPruned last.")
    for name, text in STAGES.items():
        wrote(tmp_path, f"reports/{name}.md", text)
    assert find_report(tmp_path).files[0].path == "reports/report.md"
    assert shown(tmp_path) == {item.id for item in ITEMS}


def test_a_whole_report_is_not_joined_with_what_lies_beside_it(tmp_path):
    wrote(tmp_path, "reports/report.md", "\n\n".join(STAGES.values()))
    wrote(tmp_path, "reports/pruning.md", "# Pruned\n\n- Accuracy: 0.1")
    assert [file.path for file in find_report(tmp_path).files] == ["reports/report.md"]


@pytest.mark.parametrize("name", ["quantization_and_pruning.md", "lab3_quantization_pruning.md", "mnist_compression.md", "Kwantyzacja i przycinanie.md"])
def test_a_report_may_be_called_after_the_lab_in_a_folder_of_reports(tmp_path, name):
    wrote(tmp_path, f"course/reports/{name}", "# Lab 3\n\nThe pruned model is smaller.")
    assert [file.path for file in find_report(tmp_path).files] == [f"course/reports/{name}"]


def test_a_readme_beside_the_notebook_is_the_report(tmp_path):
    wrote(tmp_path, "lab3/lab.ipynb", [cell(NAMES, "code")])
    wrote(tmp_path, "lab3/README.md", "\n\n".join(STAGES.values()))
    wrote(tmp_path, "README.md", "# My labs\n\n- lab 3: quantization and pruning")
    assert [file.path for file in find_report(tmp_path, notebook="lab3/lab.ipynb").files] == ["lab3/README.md"]


@pytest.mark.parametrize(
    ("path", "pending"),
    [
        ("lab3/Lab 3.docx", True), ("lab3/quantization.pdf", True), ("reports/lab3.pdf", True), ("report.odt", True), ("a/b/verslag.docx", True),
        ("lab3/requirements.txt", False), ("lab3/report.txt", True), ("lab3/lab.html", False), ("slides/lecture.pdf", False), ("a/b/c.docx", False),
    ],
)  # fmt: skip
def test_documents_are_for_a_person(tmp_path, path, pending):
    wrote(tmp_path, "lab3/lab.ipynb", [cell(NAMES, "code")])
    wrote(tmp_path, path, "PK")
    found = find_report(tmp_path, notebook="lab3/lab.ipynb")
    assert (found.files, found.pending) == ((), (path,) if pending else ())


def test_a_document_that_is_called_a_report_counts_more_than_a_page_that_is_not(tmp_path):
    wrote(tmp_path, "README.md", "# Lab 3\n\n- Baseline: 0.94\n- Pruned: 0.95\n\nMore in the report.")
    assert [file.path for file in find_report(tmp_path).files] == ["README.md"]
    wrote(tmp_path, "report.docx", "PK")
    found = find_report(tmp_path)
    assert (found.files, found.pending) == ((), ("report.docx",))
    assert "report.docx" in found.notes[-1]


PASTED = """# Lab

```txt
gzipped model size in bytes for baseline h5: 98928
gzipped model size in bytes for pruned non quantized h5: 98928
gzipped model size in bytes for baseline h5 (gzipped): 78073
gzipped model size in bytes for pruned quantized tflite (gzipped): 8370
```
"""


def test_a_title_over_pasted_outputs_says_nothing_of_an_entry():
    claims = report_claims(read_document(PASTED)).claims
    assert [(one.variant, one.quantity.value, one.value) for one in claims] == [
        ("baseline", "bytes", 98_928), ("pruned", "bytes", 98_928), ("baseline", "zip_bytes", 78_073), ("pruned_quantized", "zip_bytes", 8_370),
    ]  # fmt: skip


def test_of_a_title_alone_nothing_is_claimed():
    lines = "\n".join(line for line in PASTED.splitlines() if "(gzipped)" not in line)
    assert report_claims(read_document(lines)).claims == ()


ARCHIVES = "| modèle | octets |\n|---|---|\n| modèle de base `.h5` | 77899 |\n| modèle élagué `.h5` | 24665 |"
FILES = "| modèle | taille (octets) |\n|---|---|\n| modèle de base `.h5` | 98968 |\n| modèle élagué `.h5` | 98928 |"


@pytest.mark.parametrize("above", ["Tailles après gzip :", "## Archives zip", "**Gzip**", "Les archives, faites avec gzip au niveau par défaut et mesurées dans le notebook :"])
def test_a_caption_calls_a_tables_sizes_archives(tmp_path, above):
    """The line or heading above a table of one column says what its numbers are."""
    wrote(tmp_path, "mnist_compression/report.md", f"# Rapport\n\n{FILES}\n\n{above}\n\n{ARCHIVES}\n")
    found = review_report(tmp_path, RULES)
    sizes = {(claim.variants[0], claim.quantity.value): claim.value for claim in found.claims.claims}
    assert sizes["baseline", "bytes"] == 98968
    assert sizes["baseline", "zip_bytes"] == 77899
    assert sizes["pruned", "zip_bytes"] == 24665
    assert not found.about(Check.CONTRADICTION)


def test_a_sentence_above_a_table_is_no_caption(tmp_path):
    """What a sentence says of archives is not about every number below it."""
    text = "Après avoir compressé les fichiers avec gzip, nous comparons les tailles des modèles sur le disque."
    wrote(tmp_path, "mnist_compression/report.md", f"# Rapport\n\n{text}\n\n{FILES}\n")
    claims = review_report(tmp_path, RULES).claims.claims
    assert {claim.quantity.value for claim in claims} == {"bytes"}


def test_the_german_for_pruned(tmp_path):
    """A model that is called "geprunt" is not the baseline, though its file is a Keras model."""
    text = "| Datei | Byte |\n|---|---|\n| Basismodell `.h5` | 98968 |\n| gepruntes Modell `.h5` | 193088 |\n"
    wrote(tmp_path, "mnist_compression/report.md", f"# Bericht\n\n{text}")
    found = review_report(tmp_path, RULES)
    assert [claim.variants for claim in found.claims.claims] == [("baseline",), ("pruned",)]
