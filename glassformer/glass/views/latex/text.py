"""Text as LaTeX, and the document around it.

User text is escaped here and nowhere else: in a document it is letters, never a command.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence

from glassformer.glass.tokens import script_of
from glassformer.text.printable import JOINERS, is_printable

ESCAPES = {
    "\\": r"\textbackslash{}", "{": r"\{", "}": r"\}", "$": r"\$", "&": r"\&", "#": r"\#", "%": r"\%", "_": r"\_",
    "^": r"\textasciicircum{}", "~": r"\textasciitilde{}", "<": r"\textless{}",
    ">": r"\textgreater{}", "|": r"\textbar{}",
}  # fmt: skip
SYMBOLS = {
    "−": "-", "·": r"\cdot ", "→": r"\to ", "…": r"\dots ", "Σ": r"\sum", "∞": r"\infty ", "≤": r"\le ", "≥": r"\ge ",
    "×": r"\times ", "∈": r"\in ", "α": r"\alpha ", "β": r"\beta ", "γ": r"\gamma ", "ε": r"\varepsilon ",
    "θ": r"\theta ", "μ": r"\mu ", "σ": r"\sigma ", "Φ": r"\Phi ", "√": r"\surd ",
}  # fmt: skip
SUBSCRIPTS = dict(zip("₀₁₂₃₄₅₆₇₈₉₊₋ₐₑₕᵢⱼₖₗₘₙₒₚᵣₛₜᵤᵥₓ", "0123456789+-aehijklmnoprstuvx", strict=True))
SUPERSCRIPTS = dict(zip("⁰¹²³⁴⁵⁶⁷⁸⁹⁺⁻ʳ", "0123456789+-r", strict=True)) | {"ᵀ": r"\top "}
LATIN = set("ÀÁÂÃÄÅÆÇÈÉÊËÌÍÎÏÑÒÓÔÕÖØÙÚÛÜÝßàáâãäåæçèéêëìíîïñòóôõöøùúûüýÿ")  # what every pdflatex can write beyond ASCII
LIGATURES = re.compile(r"(?<=[-,'`?!])(?=[-,'`])")  # two signs that TeX would draw as one
FONTS = {  # of scripts that TeX's own fonts lack
    **{script: f"Noto Sans {script}" for script in (
        "Arabic", "Bengali", "Devanagari", "Gujarati", "Gurmukhi", "Hebrew", "Kannada", "Malayalam", "Tamil", "Telugu",
        "Thai",
    )},
    **dict.fromkeys(("Cjk", "Hiragana", "Katakana", "Hangul"), "Noto Sans CJK JP"),
    **dict.fromkeys(("Cyrillic", "Greek"), "Noto Sans"),
}  # fmt: skip


def tex_text(text: str) -> str:
    """Any text, to stand between words."""
    text = LIGATURES.sub("\0", text.replace("\0", "\ufffd"))
    return "".join(_script(script, run) for script, run in _runs(text))


def document(title: str, body: Sequence[str]) -> str:
    """A whole document: for pdflatex, or where it has other than West European letters for xelatex or lualatex."""
    text = "\n\n".join([f"\\section*{{{tex_text(title)}}}", *body])
    fonts = _unicode_fonts(text) if any(not c.isascii() and c not in LATIN for c in text) else LATIN_FONTS
    return f"{PREAMBLE[0]}\n{fonts}\n{PREAMBLE[1]}\n\\begin{{document}}\n\n{text}\n\n\\end{{document}}\n"


def _runs(text: str) -> Iterator[tuple[str, str]]:
    """The text in runs of one script; "" is what needs no font of its own."""
    script, run = "", ""
    for character in text:
        own = _script_of(character)
        if own is not None and own != script:
            yield script, run
            script, run = own, ""
        run += character
    yield script, run


def _script_of(character: str) -> str | None:
    """Its script where that needs a font; None where it goes with what stands before."""
    if character in JOINERS or unicodedata.combining(character):
        return None
    script = script_of(character)
    return script if script in FONTS and character not in SYMBOLS else ""


def _script(script: str, run: str) -> str:
    letters = "".join(_letter(character) for character in run)
    return rf"{{\script{script} {letters}}}" if script else letters


def _letter(character: str) -> str:
    if character == "\0":
        return "{}"
    if character in SYMBOLS:
        return rf"\ensuremath{{{SYMBOLS[character]}}}"
    for scripts, sign in ((SUBSCRIPTS, "_"), (SUPERSCRIPTS, "^")):
        if character in scripts:
            return rf"\ensuremath{{{sign}{{{scripts[character]}}}}}"
    if character.isspace():
        return " "
    if character == "\ufffd" or not is_printable(character):
        return f"[U+{ord(character):04X}]"
    return ESCAPES.get(character, character)


def _unicode_fonts(text: str) -> str:
    lines = ["% Compile with xelatex or lualatex: some of the text is not in Latin letters.", r"\usepackage{fontspec}"]
    for script, font in FONTS.items():
        if rf"\script{script} " in text:
            shaped = f"[Script={script}]" if font.endswith(script) else ""
            known = rf"\newfontfamily\script{script}{{{font}}}{shaped}"
            lines.append(rf"\IfFontExistsTF{{{font}}}{{{known}}}{{\newcommand\script{script}{{}}}}")
    return "\n".join(lines)


LATIN_FONTS = r"\IfFileExists{lmodern.sty}{\usepackage[T1]{fontenc}\usepackage{lmodern}}{}"
PREAMBLE = (
    r"""\documentclass[11pt,a4paper]{article}
\usepackage{amsmath}
\usepackage{graphicx}
\usepackage[margin=2.2cm]{geometry}""",
    r"""\setlength{\parindent}{0pt}
\setlength{\parskip}{0.6em}
\newcommand{\room}{\rule[-0.4ex]{0pt}{3.4ex}}
\newcommand{\blank}{\room\underline{\hspace{3.4em}}}
\newcommand{\fitted}[1]{\begin{center}\sbox0{$\displaystyle #1$}%
  \ifdim\wd0>\linewidth\resizebox{\linewidth}{!}{\usebox0}\else\usebox0\fi\end{center}}
\allowdisplaybreaks""",
)
