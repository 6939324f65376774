"""The numbers that the lecture prints, with the decimals it prints, and where they are wrong.

Nothing here is computed. `RIGHT` values were computed in float64 from the lecture's own formulas.
"""

from dataclasses import dataclass

Matrix = list[list[float]]

WORDS = ("Apple", "Innovative", "Company")
# What the example starts from; `--set NAME=...` replaces any of them.
EMBEDDING: Matrix = [[1, 2, 1, 2], [3, 2, 1, 2], [4, 1, 2, 1]]
W_Q: Matrix = [[1, 2, 3, 1], [4, 1, 2, 3], [1, 1, 2, 2], [1, 2, 1, 1]]
W_K: Matrix = [[1, 2, 2, 1], [1, 2, 2, 3], [1, 3, 4, 2], [1, 2, 3, 1]]
W_V: Matrix = [[1, 2, 1, 1], [4, 1, 2, 1], [1, 2, 1, 2], [1, 2, 1, 1]]
MASKED_SCORES: Matrix = [[2, 4, 6], [3, 5, 7], [4, 6, 8]]
ENCODER_OUTPUT: Matrix = [[1, 0, 1, 0], [0, 1, 0, 1], [1, 1, 0, 0]]
DECODER_STATE: Matrix = [[1, 0, 0, 1], [0, 1, 1, 0]]

DECODED = ("<SOS>", "I", "love", "you", "very", "much", "<EOS>")
FEED_FORWARD_WIDTHS = {  # d_model and d_ff of published models
    "Transformer": (512, 2048),
    "BERT Base": (768, 3072),
    "BERT Large": (1024, 4096),
    "GPT-2 Small": (768, 3072),
}


@dataclass(frozen=True)
class Printed:
    """A printed matrix: its name, the tensor of the replay that it shows, and its decimals.

    Where it is wrong, `erratum` says why and `right` has the right values (to 10 decimals).
    """

    name: str
    tensor: str
    decimals: int
    value: Matrix
    erratum: str | None = None
    right: Matrix | None = None


PRINTED = (
    Printed("PE", "positions", 10, [
        [0.0, 1.0, 0.0, 1.0],
        [0.8414709848, 0.5403023059, 0.0099998333, 0.9999500004],
        [0.9092974268, -0.4161468365, 0.0199986667, 0.9998000067],
    ]),
    Printed("X + PE", "input", 10, [
        [1.0, 3.0, 1.0, 3.0],
        [3.8414709848, 2.5403023059, 1.0099998333, 2.9999500004],
        [4.9092974268, 0.5838531635, 2.0199986667, 1.9998000067],
    ]),
    Printed(
        "W_Q", "W_Q", 0, [*W_Q, [1, 3, 4, 2]],  # which of the five it is in the order shown decides nothing
        erratum="five rows are shown for W_Q, where d_model is 4; without 1 3 4 2, a row of W_K, it gives Q",
        right=W_Q,
    ),
    Printed("W_K", "W_K", 0, W_K),
    Printed(
        "W_V", "W_V", 0, W_K,
        erratum="the matrix shown for W_V is W_K once more; only this one, of small whole numbers, gives the printed V",
        right=W_V,
    ),
    Printed("Q", "Q", 10, [
        [17.0, 12.0, 14.0, 15.0],
        [18.0126300420, 17.2331441097, 21.6249672332, 16.4823275695],
        [11.2645087540, 16.4220466971, 21.9353959474, 12.7006542572],
    ]),
    Printed("K", "K", 10, [
        [8.0, 17.0, 21.0, 15.0],
        [10.3917231244, 21.7934460822, 25.8033959159, 16.4823275695],
        [9.5129492636, 21.0458971940, 25.0656958673, 12.7006542572],
    ]),
    Printed("V", "V", 10, [
        [17.0, 13.0, 11.0, 9.0],
        [18.0126300420, 18.2431439430, 12.9320254303, 11.4017229578],
        [11.2645087540, 18.4420453638, 10.0968024271, 11.5329479303],
    ]),
    Printed("QKᵀ/√d_k", "scaled", 10, [
        [429.5, 523.3315512336, 477.8502299053],
        [569.2118578205, 696.2082872083, 642.7107052897],
        [510.2219963190, 625.1473476883, 581.9539944344],
    ]),
    Printed("softmax", "weights", 4, [[0, 1, 0], [0, 1, 0], [0, 1, 0]]),
    Printed(
        "softmax · V", "attention", 4, [[10.3917, 21.7934, 25.8034, 16.4823]] * 3,
        erratum="the weights pick the second row, but of K; the formula says of V",
        right=[[18.0126300420, 18.2431439430, 12.9320254303, 11.4017229578]] * 3,
    ),
    Printed(
        "add", "add", 4, [
            [10.3917, 22.7934, 25.8034, 17.4823],
            [11.2332, 22.3337, 25.8134, 17.4823],
            [11.3010, 21.3773, 25.8234, 17.4821],
        ],
        erratum="PE alone is added to the row of K; the residual is X + PE, and the row is of V",
        right=[
            [19.0126300420, 21.2431439430, 13.9320254303, 14.4017229578],
            [21.8541010268, 20.7834462489, 13.9420252636, 14.4016729582],
            [22.9219274689, 18.8269971064, 14.9520240970, 13.4015229644],
        ],
    ),
    Printed(
        "layer norm", "norm", 4, [
            [-1.4909, 0.6280, 1.1423, -0.2794],
            [-1.4575, 0.5693, 1.2047, -0.3165],
            [-1.4427, 0.4465, 1.2801, -0.2838],
        ],
        erratum="follows from the two before; the norm of the printed sum is computed right",
        right=[
            [0.6041215131, 1.3265457624, -1.0413970246, -0.8892702508],
            [1.1422412768, 0.8445998339, -1.0573114592, -0.9295296515],
            [1.4626706195, 0.3527390517, -0.6975730384, -1.1178366328],
        ],
    ),
    Printed(
        "masked softmax", "masked.weights", 2, [[1, 0, 0], [0.12, 0.88, 0], [0.02, 0.12, 0.86]],
        erratum="0.8668 rounds to 0.87; with 0.86 the row's printed numbers add up to 1.00",
        right=[[1, 0, 0], [0.1192029220, 0.8807970780, 0], [0.0158762400, 0.1173104278, 0.8668133322]],
    ),
    Printed("cross scores", "cross.scores", 0, [[1, 1, 1], [1, 1, 1]]),
    Printed("cross softmax", "cross.weights", 2, [[0.33, 0.33, 0.33], [0.33, 0.33, 0.33]]),
)  # fmt: skip

# Once the lecture writes the formula with V inside the softmax. That is no number, but it can be held to one: each
# row would add up to 1, and no row of the printed softmax · V does.
FORMULA_AS_WRITTEN = "softmax((QKᵀ/√d_k) V)"
FORMULA = "softmax(QKᵀ/√d_k) V"
FORMULA_ERRATUM = (
    f"once written {FORMULA_AS_WRITTEN}; it is {FORMULA}: softmax makes weights, and V is weighted by them"
)
