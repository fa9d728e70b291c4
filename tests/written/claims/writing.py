"""Writes summaries of the same figures in many languages and layouts, as students do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from graders.written.claims import QUALITY, Claims, Quantity, Variant

QUANTITIES = (*QUALITY, Quantity.TIME_MS)
L02 = ("native", "tflite-fp32", "tflite-int8-0.01", "tflite-int8-0.08", "tflite-int8-0.3", "tflite-int8-0.8",
       "tflite-imbint8")  # fmt: skip
L03 = ("clustered-2-fp32", "clustered-4-fp32", "clustered-8-fp32", "clustered-16-fp32", "clustered-32-fp32",
       "pruned-0.2-fp32", "pruned-0.4-fp32", "pruned-0.5-fp32")  # fmt: skip
VARIANTS_L02 = tuple(Variant.named(name) for name in L02)
VARIANTS_L03 = tuple(Variant.named(name) for name in L03)
BOTH = VARIANTS_L02 + VARIANTS_L03
Figures = Mapping[str, Mapping[Quantity, float]]


def figures_of(names: tuple[str, ...]) -> dict[str, dict[Quantity, float]]:
    """Figures that could be true, another one for every variant and quantity."""
    found = {}
    for number, name in enumerate(names):
        accuracy = 0.9371 - 0.0312 * number
        values = (accuracy, accuracy + 0.0021, accuracy - 0.0013, accuracy - 0.0105, 47.03 - 3.17 * number)
        found[name] = dict(zip(QUANTITIES, values, strict=True))
    return found


@dataclass(frozen=True)
class Language:
    """Words for the five quantities, for model and metric, and the decimal sign."""

    words: tuple[str, str, str, str, str]
    model: str
    metric: str
    point: str = "."


LANGUAGES = {
    "en": Language(("Accuracy", "Mean precision", "Mean sensitivity", "G-mean", "Inference time"), "Model", "Metric"),
    "de": Language(
        ("Genauigkeit", "Mittlere Präzision", "Mittlere Sensitivität", "G-Mittel", "Inferenzzeit"), "Modell", "Größe", ","
    ),
    "pl": Language(
        ("Dokładność", "Średnia precyzja", "Średnia czułość", "Średnia geometryczna", "Czas inferencji"),
        "Wariant", "Metryka", ",",
    ),
    "nl": Language(
        ("Nauwkeurigheid", "Gemiddelde precisie", "Gevoeligheid", "G-mean", "Inferentietijd"), "Variant", "Maat", ","
    ),
    "fr": Language(
        ("Exactitude", "Précision moyenne", "Sensibilité moyenne", "Moyenne géométrique", "Temps d'inférence"),
        "Modèle", "Mesure", ",",
    ),
    "es": Language(
        ("Exactitud", "Precisión media", "Sensibilidad media", "Media geométrica", "Tiempo de inferencia"),
        "Modelo", "Métrica", ",",
    ),
    "pt": Language(
        ("Acurácia", "Precisão média", "Sensibilidade média", "Média geométrica", "Tempo de inferência"),
        "Modelo", "Métrica", ",",
    ),
    "it": Language(
        ("Accuratezza", "Precisione media", "Sensibilità media", "Media geometrica", "Tempo di inferenza"),
        "Modello", "Metrica", ",",
    ),
    "cs": Language(
        ("Správnost", "Přesnost", "Citlivost", "Geometrický průměr", "Doba inference"), "Model", "Metrika", ","
    ),
    "uk": Language(
        ("Точність", "Прецизійність", "Чутливість", "Середнє геометричне", "Час інференсу"), "Модель", "Метрика", ","
    ),
    "ru": Language(
        ("Точность", "Прецизионность", "Полнота", "Среднее геометрическое", "Время вывода"), "Модель", "Метрика", ","
    ),
    "zh": Language(("准确率", "精确率", "召回率", "几何平均", "推理时间"), "模型", "指标"),
    "ja": Language(("正解率", "適合率", "再現率", "幾何平均", "推論時間"), "モデル", "指標"),
    "unknown": Language(("Akurasyon", "Zzz", "Duyarga", "Ortamean", "Vreme"), "Xx", "Yy"),
}  # fmt: skip


def number(value: float, digits: int, language: Language) -> str:
    """A number with the language's decimal sign."""
    return f"{value:.{digits}f}".replace(".", language.point)


def written(quantity: Quantity, value: float, language: Language, *, percent: bool, unit: bool = True) -> str:
    """A value as a cell has it."""
    if quantity is Quantity.TIME_MS:
        return number(value, 2, language) + (" ms" if unit else "")
    return f"{number(value * 100, 2, language)} %" if percent else number(value, 4, language)


def table(header: list[str], rows: list[list[str]]) -> str:
    """A Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def in_rows(figures: Figures, language: Language, percent: bool) -> str:
    """A row a variant, units in the cells."""
    rows = [
        [f"`{name}`", *(written(q, values[q], language, percent=percent) for q in QUANTITIES)]
        for name, values in figures.items()
    ]
    return table([language.model, *language.words], rows)


def in_columns(figures: Figures, language: Language, percent: bool) -> str:
    """A column a variant."""
    rows = [
        [word, *(written(quantity, values[quantity], language, percent=percent) for values in figures.values())]
        for word, quantity in zip(language.words, QUANTITIES, strict=True)
    ]
    return table([language.metric, *figures], rows)


def units_in_headings(figures: Figures, language: Language, percent: bool) -> str:
    """Bare numbers, their units in the header."""
    scale, sign = (100, " [%]") if percent else (1, "")
    rows = [
        [
            name,
            *(number(values[q] * scale, 2 if percent else 4, language) for q in QUALITY),
            number(values[Quantity.TIME_MS], 2, language),
        ]
        for name, values in figures.items()
    ]
    header = [word + sign for word in language.words[:4]] + [f"{language.words[4]} [ms]"]
    return table([language.model, *header], rows)


def a_table_each(figures: Figures, language: Language, percent: bool) -> str:
    """Below a heading for each variant a table of two columns."""
    parts = []
    for name, values in figures.items():
        rows = [
            [word, written(q, values[q], language, percent=percent)]
            for word, q in zip(language.words, QUANTITIES, strict=True)
        ]
        parts.append(f"### {name}\n\n" + table([language.metric, "="], rows))
    return "\n".join(parts)


def in_lists(figures: Figures, language: Language, percent: bool) -> str:
    """Below a heading for each variant a list."""
    parts = []
    for name, values in figures.items():
        items = [
            f"* {word}: {written(q, values[q], language, percent=percent)}"
            for word, q in zip(language.words, QUANTITIES, strict=True)
        ]
        parts.append(f"#### {name}\n\n" + "\n".join(items) + "\n")
    return "\n".join(parts)


def in_nested_lists(figures: Figures, language: Language, percent: bool) -> str:
    """One list, an item a variant, its figures below it."""
    lines = []
    for name, values in figures.items():
        lines.append(f"- **{name}**")
        lines += [
            f"  - {word}: {written(q, values[q], language, percent=percent)}"
            for word, q in zip(language.words, QUANTITIES, strict=True)
        ]
    return "\n".join(lines) + "\n"


def pasted(figures: Figures, language: Language, percent: bool) -> str:
    """What the labs' script writes, pasted as it is; English whatever the rest is."""
    parts = []
    for name, values in figures.items():
        block = [f"Model type: {name}", ""]
        titles = ("Accuracy", "Mean precision", "Mean sensitivity", "G-Mean")
        block += [f"* {title}: {values[q]!r}" for title, q in zip(titles, QUALITY, strict=True)]
        block += [f"* Mean inference time: {values[Quantity.TIME_MS]!r} ms", "* Top-5 percentage: 0.9981", ""]
        parts.append("\n".join(block) if percent else "```\n" + "\n".join(block) + "```\n")
    return "\n".join(parts)


def in_html(figures: Figures, language: Language, percent: bool) -> str:
    """A table in HTML."""
    lines = ["<table>", "<tr><th>" + "</th><th>".join([language.model, *language.words]) + "</th></tr>"]
    for name, values in figures.items():
        cells = [name, *(written(q, values[q], language, percent=percent) for q in QUANTITIES)]
        lines.append("<tr><td>" + "</td><td>".join(cells) + "</td></tr>")
    return "\n".join([*lines, "</table>"]) + "\n"


LAYOUTS: dict[str, Callable[[Figures, Language, bool], str]] = {
    "rows": in_rows,
    "columns": in_columns,
    "headings": units_in_headings,
    "a table each": a_table_each,
    "lists": in_lists,
    "nested": in_nested_lists,
    "pasted": pasted,
    "html": in_html,
}


def read_back(claims: Claims) -> dict[str, dict[Quantity, float]]:
    """Claims by variant and quantity; a quantity that is claimed twice differently is an error."""
    found: dict[str, dict[Quantity, float]] = {}
    for claim in claims.claims:
        earlier = found.setdefault(claim.variant, {}).setdefault(claim.quantity, claim.value)
        assert earlier == claim.value, claim
    return found
