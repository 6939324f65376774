"""What bodies of requests and answers hold. These declarations check requests, and make the OpenAPI document."""

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

Alternatives = Annotated[int, Meta(ge=0, description="Further translations of each text.")]
Spelt = Annotated[
    Literal["correct", "keep"],
    Meta(description="correct: words that it was not trained on are read as the trained word one typing error away."),
]
Language = Annotated[str, Meta(description="A language's code, such as en or hi.", max_length=35)]


class TranslateBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """What is to be translated, and how."""

    text: Annotated[str | list[str], Meta(description="A text, or several.")]
    source: Language | None = None
    target: Language | None = None
    model: Annotated[str | None, Meta(description="A name of /v1/models; else the languages choose.")] = None
    beam: Annotated[int, Meta(ge=1, description="Hypotheses kept; 1 is greedy search.")] = 4
    alternatives: Alternatives = 0
    alignment: Annotated[bool, Meta(description="Which source tokens each target token attends to.")] = False
    split: Annotated[bool, Meta(description="False: each text is one sentence, whatever it holds.")] = True
    markup: Annotated[Literal["none", "html"], Meta(description="html: tags come out around their words.")] = "none"
    spelling: Spelt = "correct"
    stream: Annotated[bool, Meta(description="Answer in server-sent events, as sentences are done.")] = False


class Corrected(Struct, kw_only=True):
    """A word of the source and what it was read as; its characters, from start to before end, unless in markup."""

    word: str
    read: str
    start: int | None
    end: int | None


class Warned(Struct, kw_only=True):
    """A reason to look at a translation again."""

    kind: str
    message: str
    words: list[str]
    corrections: list[Corrected] | UnsetType = UNSET


class Translated(Struct, kw_only=True):
    """A translation as `glassformer translate --json` has it; of one that failed, only `source` and `error`."""

    source: str
    text: str | UnsetType = UNSET
    score: float | UnsetType = UNSET
    log_prob: float | UnsetType = UNSET
    tokens: list[str] | UnsetType = UNSET
    token_log_probs: list[float] | UnsetType = UNSET
    source_tokens: list[str] | UnsetType = UNSET
    alignment: list[list[float]] | UnsetType | None = UNSET
    finished: bool | UnsetType = UNSET
    alternatives: list["Translated"] | UnsetType = UNSET
    parts: list["Translated"] | UnsetType = UNSET
    inserted: list[str] | UnsetType = UNSET
    warnings: list[Warned] | UnsetType = UNSET
    confidence: float | UnsetType | None = UNSET
    error: str | UnsetType = UNSET


class Translations(Struct, kw_only=True):
    """The answer of /v1/translate: a translation for each text, in order."""

    model: str
    source: str
    target: str
    translations: list[Translated]
    request_id: str


class ExplainBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """The sentence whose translation is to be seen through."""

    text: Annotated[str, Meta(description="One sentence.")]
    target_text: Annotated[str | None, Meta(description="This translation of it; else the one that is found.")] = None
    source: Language | None = None
    target: Language | None = None
    model: Annotated[str | None, Meta(description="A name of /v1/models; else the languages choose.")] = None
    beam: Annotated[int, Meta(ge=1, description="Of the search, without target_text.")] = 4
    spelling: Spelt = "correct"
    step: Annotated[int, Meta(ge=0, description="Say also why its token here, and not the runner-up.")] | None = None
    api_key: Annotated[str, Meta(description="For forms, which send no header.")] = ""


class JobBody(Struct, forbid_unknown_fields=True, kw_only=True):
    """A long text that is to be translated in the background."""

    text: Annotated[str, Meta(description="A text of any number of sentences.")]
    source: Language | None = None
    target: Language | None = None
    model: Annotated[str | None, Meta(description="A name of /v1/models; else the languages choose.")] = None
    beam: Annotated[int, Meta(ge=1, description="Hypotheses kept; 1 is greedy search.")] = 4
    spelling: Spelt = "correct"


class FailedSentence(Struct, kw_only=True):
    """A sentence that could not be translated, by its number in the text, from 1."""

    sentence: int
    source: str
    error: str


class JobState(Struct, kw_only=True):
    """How far a job is. `text` is there in the end, without the sentences that `failed` has."""

    id: str
    status: Literal["queued", "running", "done", "cancelled", "failed"]
    model: str
    source: str
    target: str
    sentences: Annotated[int, Meta(description="How many there are.")] = 0
    translated: Annotated[int, Meta(description="How many of them are done.")] = 0
    text: str | None = None
    score: float | None = None
    confidence: float | None = None
    warnings: list[Warned] = []
    failed: list[FailedSentence] = []
    error: str | None = None


class ErrorOf(Struct, kw_only=True):
    """What is wrong: a code for programs, and a sentence for people."""

    code: str
    message: str


class Error(Struct, kw_only=True):
    """The answer of /v1 to what cannot be."""

    error: ErrorOf
    request_id: str


class Pair(Struct):
    """A direction of translation."""

    source: str
    target: str


class ModelFacts(Struct, kw_only=True):
    """What is known of a model."""

    name: str
    pairs: list[Pair]
    loaded: bool
    max_length: int
    quantized: bool
    card: dict[str, Any]


class ModelList(Struct, kw_only=True):
    """The models that are served, the first of which translates what names none."""

    models: list[ModelFacts]


class State(Struct, kw_only=True):
    """Whether the server works."""

    status: str
