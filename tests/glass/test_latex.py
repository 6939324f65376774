"""LaTeX: worked solutions that compile, with the record's numbers."""

import re
import shutil
import subprocess

import numpy as np
import pytest

from glassformer.errors import InputError, UsageError
from glassformer.glass.lecture.replay import replay
from glassformer.glass.numbers import show
from glassformer.glass.trace import trace
from glassformer.glass.views.latex import cell_solution, worked_solution
from glassformer.glass.views.latex.formulas import tex_math
from glassformer.glass.views.latex.text import tex_text

from .exported import CROSS, HOSTILE, OPTIONS, with_words
from .models import SENTENCE, cached

needs_pdflatex = pytest.mark.skipif(not shutil.which("pdflatex"), reason="no pdflatex: LaTeX is not compiled")
needs_xelatex = pytest.mark.skipif(not shutil.which("xelatex"), reason="no xelatex: LaTeX in Hindi is not compiled")


def compiled(text, folder, program="pdflatex"):
    """Compile, or fail with TeX's complaint; returns the files that were read."""
    (folder / "a.tex").write_text(text, encoding="utf-8")
    (folder / "marker.tex").write_text("stolen", encoding="utf-8")
    command = [program, "-interaction=nonstopmode", "-halt-on-error", "-no-shell-escape", "-recorder", "a.tex"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False)
    output = done.stdout.decode(errors="replace")
    assert done.returncode == 0, output[output.find("\n!") :][:600]
    assert "Missing character" not in (folder / "a.log").read_text(encoding="utf-8", errors="replace")
    return (folder / "a.fls").read_text(encoding="utf-8")


def inside(document):
    return re.search(r"\\begin\{document\}(.*)\\end\{document\}", document, re.DOTALL)[1]


def test_special_characters_are_letters():
    assert tex_text("50% & a_b #1 $x {y} \\z") == r"50\% \& a\_b \#1 \$x \{y\} \textbackslash{}z"
    assert tex_text("a\x1bb") == "a[U+001B]b"
    assert tex_text("--") == "-{}-"
    for word in HOSTILE:
        assert not re.search(r"(?<!\\)[%&#$]|\\input|\^", tex_text(word))
        assert tex_text(word).count("{") - tex_text(word).count(r"\{") == tex_text(word).count("}") - tex_text(
            word
        ).count(r"\}")


def test_formulas_become_mathematics():
    assert tex_math("1.234e−5") == r"1.234\cdot 10^{-5}"
    assert tex_math("√(a + b)") == r"\sqrt{a + b}{}"
    assert tex_math("e^(−2)") == "e^{-2}{}"
    assert tex_math("W_Q[0,k]") == "W_{Q}{}[0,k]"
    assert tex_math("Σₖ Q · Kᵀ") == r"\sum_{k}{}\,Q \cdot  K^{\top }{}"


def number(text):
    """A number as the solution writes it."""
    digits, _, exponent = text.replace("−", "-").strip("() ").partition(r"\cdot 10^{")
    return float(digits) * 10.0 ** int(exponent.rstrip("}") or 0)


def test_the_terms_of_a_product_add_up_to_its_value(lecture):
    lines = re.search(r"align\*\}\n(.*?)\n\\end", cell_solution(lecture, "Q[1,0]", depth=0), re.DOTALL)[1].split(
        "\\\\\n"
    )
    terms = [term.split(r"\cdot ") for term in lines[1].strip(" &=").split(" + ")]
    assert len(terms) == 4
    assert sum(number(a) * number(b) for a, b in terms) == pytest.approx(18.0126300420, abs=1e-3)
    assert number(lines[2].strip(" &=")) == 18.0126


def test_the_solution_has_the_lecture_s_numbers_and_the_exercise_only_what_is_given(lecture):
    solution, exercise = worked_solution(lecture), worked_solution(lecture, answers=False)
    given = {
        show(float(v))
        for t in lecture.tensors.values()
        if not t.operands and t.op != "positions"
        for v in t.values.ravel()
    }
    for name, tensor in lecture.tensors.items():
        if tensor.operands or tensor.op == "positions":
            for value in tensor.values[np.isfinite(tensor.values)]:
                text = tex_math(show(float(value)))
                assert text in solution, name
                assert show(float(value)) in given or len(text) < 6 or text not in exercise, name
    for name in ("embedding", "W_Q", "W_K", "W_V"):
        for row in lecture.values(name):
            assert " & ".join(str(int(value)) for value in row) in exercise
    assert solution.count("The lecture differs here") == len([c for c in lecture.checks if c["erratum"]])
    assert exercise.count("\\blank") > 50 and "differs" not in exercise


def test_errata_are_the_lecture_s_not_those_of_one_s_own_matrices():
    own = worked_solution(replay({"embedding": [[1, 2], [3, 4]], **{f"W_{x}": [[1, 0], [0, 1]] for x in "QKV"}}))
    assert "of the printed sum" not in own


@needs_pdflatex
@pytest.mark.parametrize("answers", [True, False])
def test_the_worked_solution_compiles(lecture, answers, tmp_path):
    compiled(worked_solution(lecture, answers), tmp_path)


@needs_pdflatex
def test_the_derivation_of_every_operation_compiles(tmp_path):
    bodies = {}
    for options in OPTIONS:
        record = trace(cached(**options), "a b c d", "b a")
        for name, tensor in record.tensors.items():
            index = [0 if size == 1 else 1 for size in tensor.shape]
            if tensor.columns:
                index[-1] = tensor.columns[0]
            document = cell_solution(record, f"{name}[{','.join(map(str, index))}]", depth=0)
            bodies[tensor.op] = bodies.get(tensor.op, "") or inside(document)
    assert len(bodies) >= 19
    compiled(document.replace(inside(document), "\n".join(bodies.values())), tmp_path)


@needs_pdflatex
def test_words_cannot_be_commands(record, tmp_path):
    words = [word for word in HOSTILE if word.isascii() and word.isprintable()]
    document = cell_solution(with_words(record, words), f"{CROSS}.weights[0,1,2]", depth=3)
    assert "marker" not in compiled(document, tmp_path)
    latin = with_words(record, ["Àéîõü", "Straße Øre Æ ÿ", *words])
    compiled(cell_solution(latin, f"{CROSS}.weights[0,1,2]"), tmp_path)


def test_only_letters_that_need_it_ask_for_xelatex(lecture, record):
    hindi = with_words(record, ["हम दोस्त हैं"])
    name = f"{CROSS}.weights[0,0,0]"
    assert "fontspec" not in worked_solution(lecture) and "fontspec" not in cell_solution(
        with_words(record, ["é"]), name
    )
    assert "fontspec" in cell_solution(hindi, name) and "Noto Sans Devanagari" in cell_solution(hindi, name)


@needs_xelatex
def test_hindi_compiles_with_xelatex(record, tmp_path):
    hostile = with_words(record, ["हम दोस्त हैं", "\\input{marker}%", "क्\u200dष"])
    assert "marker" not in compiled(cell_solution(hostile, f"{CROSS}.weights[0,0,0]"), tmp_path, "xelatex")


def test_latex_errors_say_what_to_do(record, lecture):
    with pytest.raises(UsageError, match="of the lecture's example"):
        worked_solution(record)
    with pytest.raises(UsageError, match="names no cell; write NAME"):
        cell_solution(lecture, "Q 1 0")
    with pytest.raises(UsageError, match="there is no cell"):
        cell_solution(lecture, "Q[1]")
    bare = trace(cached(), SENTENCE, detail="full")
    with pytest.raises(InputError, match=r"--detail full\+weights"):
        cell_solution(bare, f"{CROSS}.query[0,0]")
