"""Summaries in which everything is true: quotients, differences and settings beside figures are not taken for them."""

from __future__ import annotations

from pathlib import Path

import pytest

from graders.written.claims import ALWAYS, Check, Claims, Finding, Quantity, SummaryRules, find_claims, review_summary

from .writing import BOTH, LANGUAGES, VARIANTS_L03, number, table

Q = Quantity
PARAMETERS = 32_021
RULES = SummaryRules(
    folder="summaries/l03",
    variants=BOTH,
    quantities=(*ALWAYS, Q.BYTES, frozenset({Q.ZIP_BYTES, Q.DEFLATION})),
    parameters=PARAMETERS,
)
# Accuracy, precision, sensitivity, G-mean, milliseconds; archive.
TRUE: dict[str, tuple[float, float, float, float, float, int]] = {
    "clustered-2-fp32": (0.0135, 0.0007, 0.0135, 0.0, 0.1091, 28_736),
    "clustered-4-fp32": (0.0428, 0.0529, 0.0428, 0.0, 0.1066, 30_815),
    "clustered-8-fp32": (0.5878, 0.6986, 0.5878, 0.0, 0.1070, 41_508),
    "clustered-16-fp32": (0.7680, 0.8112, 0.7680, 0.7305, 0.1071, 53_488),
    "clustered-32-fp32": (0.8986, 0.9077, 0.8986, 0.8898, 0.1076, 65_996),
    "pruned-0.2-fp32": (0.9054, 0.9118, 0.9054, 0.8972, 0.1061, 100_071),
    "pruned-0.4-fp32": (0.8333, 0.8516, 0.8333, 0.8214, 0.1026, 83_860),
    "pruned-0.5-fp32": (0.7185, 0.7689, 0.7185, 0.0, 0.1029, 75_436),
}
FILE, FP32_ARCHIVE, FP32_ACCURACY, FP32_TIME = 126_504, 112_918, 0.9032, 0.1069
SIZES = {
    "en": ("File (bytes)", "Archive (bytes)", "Deflation (%)"),
    "de": ("Dateigröße (Byte)", "Archiv (Byte)", "Deflation (%)"),
    "pl": ("Rozmiar [B]", "Rozmiar archiwum [B]", "Deflacja [%]"),
    "es": ("Tamaño (bytes)", "Tamaño comprimido (bytes)", "Deflación (%)"),
    "fr": ("Taille (octets)", "Taille compressée (octets)", "Déflation (%)"),
    "ru": ("Размер, байт", "Размер архива, байт", "Дефляция, %"),
    "zh": ("大小 (字节)", "压缩后大小 (字节)", "Deflation (%)"),
    "ja": ("サイズ (バイト)", "圧縮後サイズ (バイト)", "Deflation (%)"),
}


def figures(language: str) -> str:
    """The tables that a lab asks for."""
    words = LANGUAGES[language]
    quality = [
        [name, *(number(value, 4, words) for value in values[:4]), number(values[4], 4, words)]
        for name, values in TRUE.items()
    ]
    sizes = [
        [name, str(FILE), str(values[5]), number(100 - 100 * values[5] / FILE, 1, words)]
        for name, values in TRUE.items()
    ]
    header = [words.model, *words.words[:4], f"{words.words[4]} (ms)"]
    return f"{table(header, quality)}\n{table([words.model, *SIZES[language]], sizes)}\n"


def quotients(language: str, *headings: str, rows: int = 8) -> str:
    """A table of how many times smaller each file is: against the FP32 file, and against its archive."""
    words = LANGUAGES[language]
    found = [
        [name, *(number(whole / values[5], 2, words) for whole in (FILE, FP32_ARCHIVE)[: len(headings)])]
        for name, values in list(TRUE.items())[3 : 3 + rows]
    ]
    return table([words.model, *headings], found)


def problems(text: str, claims: Claims, root: Path, rules: SummaryRules = RULES) -> tuple[Finding, ...]:
    """What is found wrong with a summary, images left aside; ``claims`` are there to be shown where a test fails."""
    assert claims
    folder = root / rules.folder
    folder.mkdir(parents=True)
    (folder / "summary.md").write_text(text, encoding="utf-8")
    names = {variant.name for variant in VARIANTS_L03}
    return tuple(
        finding
        for finding in review_summary(root, rules).findings
        if finding.check is not Check.IMAGE and (finding.check is not Check.MISSING or finding.variant in names)
    )


QUOTIENTS = {
    "en": [("times smaller",), ("how many times smaller",), ("Times smaller than FP32", "times smaller (zip)"),
           ("against the FP32 file", "against its archive"), ("factor", "zip factor"), ("x smaller", "x smaller (archive)"),
           ("×", "× (zip)"), ("FP32 size / size", "FP32 zip / zip"), ("vs file", "vs zip"), ("ZIP",), ("Archive", "zip"),
           ("size ratio", "zip ratio"), ("file : archive", "archive : archive"), ("Compression factor", "Zipped")],
    "pl": [("razy mniejszy",), ("ile razy mniejszy",), ("ile razy mniejsze archiwum", "względem archiwum"), ("krotność",),
           ("współczynnik", "współczynnik (zip)"), ("stosunek rozmiarów", "stosunek archiwów"), ("Archiwum",)],
    "de": [("mal kleiner",), ("Wie oft kleiner", "kleiner als das Archiv"), ("Faktor", "Faktor (Archiv)"),
           ("Kompressionsfaktor", "gegenüber dem Archiv"), ("Größenverhältnis",), ("x kleiner (gezippt)",)],
    "es": [("veces más pequeño",), ("¿Cuántas veces?", "comprimido"), ("factor de compresión", "relación de tamaño")],
    "fr": [("fois plus petit",), ("combien de fois", "par rapport à l'archive"), ("facteur", "rapport des archives")],
    "ru": [("во сколько раз меньше",), ("раз", "раз (архив)"), ("отношение размеров", "коэффициент сжатия")],
    "zh": [("倍",), ("缩小倍数", "压缩后"), ("小多少倍", "压缩比"), ("比率", "比例")],
    "ja": [("倍",), ("何倍小さいか", "圧縮後"), ("倍率", "zip 倍率"), ("サイズ比", "圧縮率")],
}  # fmt: skip


@pytest.mark.parametrize("rows", [2, 5])
@pytest.mark.parametrize(
    ("language", "headings"), [(one, each) for one, several in QUOTIENTS.items() for each in several]
)
def test_quotients_are_no_figures(tmp_path: Path, language: str, headings: tuple[str, ...], rows: int) -> None:
    """How many times smaller a file is, is neither a time nor a size, in a table of two rows or of five."""
    text = f"{figures(language)}\n## 2\n\n{quotients(language, *headings, rows=rows)}"
    claims = find_claims(text, BOTH, parameters=PARAMETERS)
    assert len(claims.claims) == 8 * 8
    assert problems(text, claims, tmp_path) == ()


@pytest.mark.parametrize(
    "item",
    [
        "2.37 times (2.11)", "2.37 times", "2.37 times smaller (2.11 against the archive)", "2.37x (2.11x)", "2,37 razy (2,11)",
        "2,37 razy mniejszy", "2,37-mal kleiner (2,11)", "2,37 fois plus petit (2,11)", "2,37 veces (2,11)", "в 2,37 раза (2,11)",
        "2.37 倍（2.11）", "zip 2.37 times smaller", "archive: 2.37", "factor 2.37 (zip: 2.11)", "zip ratio: 2.11",
        "times smaller: 2.37", "0.02 ms faster than FP32", "0.02 ms faster", "12 KB less", "2.37 (2.11)",
        "batch size: 32", "learning rate: 1e-5", "2.37 = 126.5 / 53.5",
    ],
)  # fmt: skip
@pytest.mark.parametrize("heading", ["2. How many times smaller is each, in its archive?", "Archive sizes", "Answers"])
def test_quotients_in_lists_are_no_figures(item: str, heading: str) -> None:
    """The same in a list, whatever heading it stands under."""
    text = f"## {heading}\n\n- clustered-16-fp32: {item}\n- pruned-0.2-fp32: {item}\n"
    for given in (None, PARAMETERS):
        claims = find_claims(text, BOTH, parameters=given).claims
        assert not [claim for claim in claims if claim.sure], claims


RESULTS = {name: dict(zip(ALWAYS, values[:5], strict=True)) for name, values in TRUE.items()}
CHANGES = "\n".join(
    f"| {name} | {100 * (values[0] - FP32_ACCURACY):+.1f} pp | {values[0] - FP32_ACCURACY:+.4f} "
    f"| {values[4] - FP32_TIME:+.4f} | {FP32_TIME / values[4]:.2f} | {100 * values[5] / FILE:.1f} % | {(FILE - values[5]) / 1024:.1f} |"
    for name, values in list(TRUE.items())[:2]
)
MORE = {
    "differences": ("en", f"""
| variant | Δ accuracy | accuracy vs FP32 | time compared with FP32 (ms) | speed-up | zip, % of original | saved (KiB) |
|---|---|---|---|---|---|---|
{CHANGES}
"""),
    "differences, in Polish": ("pl", """
| wariant | zmiana dokładności | przyspieszenie | archiwum, % oryginału | oszczędność (KB) |
|---|---|---|---|---|
| clustered-16-fp32 | -0,1352 | 0,998 | 42,3 % | 73,0 |
| pruned-0.2-fp32 | +0,0022 | 1,008 | 79,1 % | 26,4 |
"""),
    "differences, in German": ("de", """
| Modell | Änderung der Genauigkeit | Genauigkeit ggü. FP32 (pp) | Archiv in % der Datei | gespart (KB) | mal kleiner |
|---|---|---|---|---|---|
| clustered-16-fp32 | -0,1352 | -13,52 pp | 42,3 | 73,0 | 2,37 |
| pruned-0.2-fp32 | +0,0022 | +0,22 pp | 79,1 | 26,4 | 1,26 |
"""),
    "training": ("en", """
| variant | training accuracy | validation loss | training time (s) | epochs | batch size | learning rate |
|---|---|---|---|---|---|---|
| clustered-16-fp32 | 0.812 | 0.71 | 104 | 2 | 32 | 1e-5 |
| pruned-0.2-fp32 | 0.951 | 0.31 | 98 | 2 | 32 | 1e-5 |

| variant | train acc | val acc | val loss |
|---|---|---|---|
| clustered-16-fp32 | 0.812 | 0.775 | 0.71 |
| pruned-0.2-fp32 | 0.951 | 0.912 | 0.31 |
"""),
    "training, in Spanish": ("es", """
Entrenado el 2026-01-12 en un Intel i7-8550U a 1.80GHz, 16 GB de RAM, lotes de 32, tasa de aprendizaje 1e-5.

| Modelo | Exactitud de entrenamiento | Pérdida de validación | Tiempo de entrenamiento (s) | Épocas |
|---|---|---|---|---|
| clustered-16-fp32 | 0,812 | 0,71 | 104 | 2 |
| pruned-0.2-fp32 | 0,951 | 0,31 | 98 | 2 |
"""),
    "zeros and values": ("en", """
## Deflation and zeros

| variant | zeros (%) | non-zero weights | unique values |
|---|---|---|---|
| clustered-16-fp32 | 0.1 | 31,990 | 16 |
| pruned-0.5-fp32 | 49.8 | 16,074 | 15,802 |

## Deflation

| variant | zeros (%) |
|---|---|
| pruned-0.4-fp32 | 39.9 |
| pruned-0.5-fp32 | 49.8 |
"""),
    "zeros, in Russian": ("ru", """
| модель | доля нулей, % | уникальных значений | во сколько раз меньше |
|---|---|---|---|
| clustered-16-fp32 | 0,1 | 16 | 2,37 |
| pruned-0.5-fp32 | 49,8 | 15802 | 1,68 |
"""),
    "before and after": ("en", """
| file | size before zip (KiB) | size after zip (KiB) | kept (%) |
|---|---|---|---|
| model.clustered-16-fp32.tflite | 123.5 | 52.2 | 42.3 |
| model.pruned-0.2-fp32.tflite | 123.5 | 97.7 | 79.1 |
"""),
    "before and after, in French": ("fr", """
| Fichier | Avant compression (kio) | Après compression (Ko) | Gain |
|---|---|---|---|
| model.clustered-16-fp32.tflite | 123,5 | 53,5 | 2,37× |
| model.pruned-0.2-fp32.tflite | 123,5 | 100,1 | 1,26× |
"""),
    "speed": ("en", """
Intel(R) Core(TM) i7-8550U CPU @ 1.80GHz, 2 threads, 2026-01-12, TensorFlow 2.21.0, batches of 32 images.

| variant | FPS | images/s | total time for 444 images (s) | time (µs) |
|---|---|---|---|---|
| clustered-16-fp32 | 9337 | 9337 | 0.0476 | 107.1 |
| pruned-0.2-fp32 | 9425 | 9425 | 0.0471 | 106.1 |

- clustered-16-fp32: 9,337 FPS, 107.1 µs
- pruned-0.2-fp32, time in µs: 106.1
"""),
    "speed, in Chinese": ("zh", """
| 模型 | 帧率 | 相对FP32加速 | 总耗时 (s) | 准确率变化 |
|---|---|---|---|---|
| clustered-16-fp32 | 9337 | 0.998 | 0.0476 | -0.1352 |
| pruned-0.2-fp32 | 9425 | 1.008 | 0.0471 | +0.0022 |

CPU：Intel i7-8550U 1.80GHz，批大小：32，学习率：1e-5，日期：2026年1月12日。
"""),
    "speed, in Japanese": ("ja", """
| モデル | スループット (枚/秒) | FP32 比 | 圧縮率 (%) | 正解率の差 |
|---|---|---|---|---|
| clustered-16-fp32 | 9337 | 0.998 | 42.3 | -0.1352 |
| pruned-0.2-fp32 | 9425 | 1.008 | 79.1 | +0.0022 |
"""),
    "several in a cell": ("en", """
| variant | accuracy / G-mean | accuracy (right / all) | Top-1 / Top-5 | file / zip (KB) |
|---|---|---|---|---|
| clustered-16-fp32 | 0.7680 / 0.7305 | 341 / 444 | 76.8 / 97.3 | 126.5 / 53.5 |
| pruned-0.2-fp32 | 0.9054 / 0.8972 | 402/444 | 90.54 / 99.1 | 126.5 / 100.1 |
"""),
    "on its side": ("en", """
| | clustered-16-fp32 | pruned-0.2-fp32 |
|---|---|---|
| times smaller | 2.37 | 1.26 |
| × (archive) | 2.11 | 1.13 |
| accuracy vs. FP32 | -13.5 pp | +0.2 pp |
| time vs. FP32 [ms] | +0.0002 | -0.0008 |
| zip size, % of FP32 | 42.3 | 79.1 |
| archive (KiB) | 52.2 | 97.7 |
| zeros | 12 | 6,404 |
"""),
    "against FP32": ("en", """
| variant | FP32 accuracy | accuracy | FP32 size (KB) | archive (kB) | FP32 archive (kB) |
|---|---|---|---|---|---|
| clustered-16-fp32 | 0.9032 | 0.7680 | 126.5 | 53.5 | 112.9 |
| pruned-0.2-fp32 | 0.9032 | 0.9054 | 126.5 | 100.1 | 112.9 |

## clustered-16-fp32

- accuracy: 0.768 (lower than FP32: 0.9032)
- same speed as FP32
- better than 8 clusters
- 13.5 pp worse than FP32, 2.11 times smaller
- G-mean: 0.7305, below FP32
- batch size: 32
- archive: 53.5 KB (FP32: 112.9 KB)
"""),
    "one's own words, in Polish": ("pl", """
## Pytanie 2

- clustered-16-fp32: archiwum 2,11 razy mniejsze, plik 126 504 B
- pruned-0.2-fp32: dokładność większa o 0,22 pp, archiwum 100 071 B (FP32: 112 918 B)
- czas: bez zmian, różnica 0,0002 ms

W modelu `model.clustered-16.tflite` są 32 021 parametry, uczone przez 2 epoki z krokiem 1e-5.
"""),
    "one's own words, in German": ("de", """
### clustered-16-fp32

* Genauigkeit: 76,80 % (FP32: 90,32 %)
* Genauigkeitsverlust: 13,52 %
* Zeitersparnis: 0,0 ms
* Batchgröße: 32
* 2,37-mal kleiner als die FP32-Datei (2,11-mal als ihr Archiv)
* Größe: 126,5 kB, gezippt 53,5 kB, d. h. 57,7 % gespart
"""),
    "lists, in French": ("fr", """
### clustered-16-fp32

- Exactitude : 76,80 %, soit 13,5 points de moins que FP32
- Taille : 123,5 Kio, archive 53,5 Ko
- 2,37 fois plus petit (2,11 fois)
- Temps total : 0,0476 s pour 444 images
"""),
    "headings with arrows": ("en", """
| variant | accuracy ↑ (higher is better) | time in ms ↓ (lower is better) | archive, KB (smaller is better) |
|---|---|---|---|
| clustered-16-fp32 | 0.7680 | 0.1071 | 53.5 |
| pruned-0.2-fp32 | 0.9054 | 0.1061 | 100.1 |
"""),
    "items, in Chinese": ("zh", """
- clustered-16-fp32：准确率下降 13.5%
- pruned-0.2-fp32：压缩后是原来的 79.1%
- pruned-0.4-fp32：快 0.004 ms
- pruned-0.5-fp32：2 轮，31 秒
"""),
    "savings": ("en", """
| variant | space savings (%) | savings (KB) | time savings (%) | accuracy gain |
|---|---|---|---|---|
| clustered-16-fp32 | 57.7 | 73.0 | -0.2 | -0.1352 |
| pruned-0.2-fp32 | 20.9 | 26.4 | 0.7 | 0.0022 |
"""),
}  # fmt: skip


@pytest.mark.parametrize("name", MORE)
def test_nothing_true_is_surely_wrong(tmp_path: Path, name: str) -> None:
    """Other columns that students add: no sure finding, and all that was asked for is still read."""
    language, more = MORE[name]
    text = f"{figures(language)}\n{more}"
    claims = find_claims(text, BOTH, parameters=PARAMETERS)
    assert [finding.measured for finding in problems(text, claims, tmp_path) if finding.sure] == []
    for variant, values in RESULTS.items():
        for quantity, value in values.items():
            assert claims.of(variant, quantity)[0].value == pytest.approx(value), (variant, quantity)


@pytest.mark.parametrize("name", MORE)
def test_nothing_true_is_doubted(tmp_path: Path, name: str) -> None:
    """Nor is there one that a person would have to look at."""
    language, more = MORE[name]
    text = f"{figures(language)}\n{more}"
    claims = find_claims(text, BOTH, parameters=PARAMETERS)
    assert [finding.measured for finding in problems(text, claims, tmp_path)] == []


def told(text: str, parameters: float | None = None) -> list[tuple[str, Quantity, float]]:
    claims = find_claims(text, BOTH, parameters=parameters).claims
    return [(claim.variant, claim.quantity, round(claim.value, 6)) for claim in claims]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("In batches of 111 images the native model needs far less for an image, 0.72 ms.", []),
        ("As I see it, the smallest archive by far is that of clustered-2-fp32, 28,736 bytes.",
         [("clustered-2-fp32", Q.ZIP_BYTES, 28_736)]),
        ("Depthwise kernels and biases are not clustered, some 22,000 bytes of the whole.", []),
        ("| | |\n|---|---|\n| model | MobileNet with 32,021 parameters |\n| classes | 37 |\n", [("", Q.PARAMETERS, 32_021)]),
        ("| what | value |\n|---|---|\n| Parameters | 32,021 |\n| classes | 37 |\n", [("", Q.PARAMETERS, 32_021)]),
        ("- FP32, mean time [µs]: 107.1", [("tflite-fp32", Q.TIME_MS, 0.1071)]),
        ("## Archives (KB)\n\n- clustered-16-fp32: 53.5\n", [("clustered-16-fp32", Q.ZIP_BYTES, 53_500)]),
        ("| model | times |\n|---|---|\n| FP32 | 0.107 |\n", [("tflite-fp32", Q.TIME_MS, 0.107)]),
        ("| model | inference times |\n|---|---|\n| FP32 | 0.107 |\n", [("tflite-fp32", Q.TIME_MS, 0.107)]),
        ("| model | times (µs) |\n|---|---|\n| FP32 | 107 |\n", [("tflite-fp32", Q.TIME_MS, 0.107)]),
        ("| model | zip (KB) |\n|---|---|\n| clustered-2-fp32 | 28.7 |\n", [("clustered-2-fp32", Q.ZIP_BYTES, 28_700)]),
        ("| model | zip |\n|---|---|\n| clustered-2-fp32 | 28736 |\n", [("clustered-2-fp32", Q.ZIP_BYTES, 28_736)]),
        ("| model | accuracy / G-mean |\n|---|---|\n| FP32 | 0.9032 / 0.8965 |\n",
         [("tflite-fp32", Q.ACCURACY, 0.9032), ("tflite-fp32", Q.G_MEAN, 0.8965)]),
        ("| model | accuracy |\n|---|---|\n| FP32 | 401 / 444 = 90.32 % |\n", [("tflite-fp32", Q.ACCURACY, 0.9032)]),
    ],
)  # fmt: skip
def test_what_is_still_read(text: str, expected: list[tuple[str, Quantity, float]]) -> None:
    """What a heading's or a sentence's other words leave of the figures beside them."""
    assert told(text, None if "rchive" in text else PARAMETERS) == expected


def test_sizes_without_a_unit_are_doubtful() -> None:
    """What a bare 123.5 below "Size" is counted in is a guess, and given up where a figure with a unit says otherwise."""
    guess = "| model | size |\n|---|---|\n| FP32 | 123.5 |\n| clustered-16-fp32 | 123.5 |\n"
    assert [(claim.value, claim.sure) for claim in find_claims(guess, BOTH, parameters=PARAMETERS).claims] == [
        (123_500, False), (123_500, False),
    ]  # fmt: skip
    text = f"- FP32: 211,504 bytes\n\n{guess}"
    assert [claim.value for claim in find_claims(text, BOTH, parameters=PARAMETERS).of("tflite-fp32", Q.BYTES)] == [
        211_504
    ]
