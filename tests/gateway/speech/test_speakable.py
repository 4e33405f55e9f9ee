"""A growing reply, clause by clause."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.speech.clauses import EARLY
from gateway.speech.speakable import LONGEST_LIST, LONGEST_TABLE, Speakable, clauses_of, unspoken
from prompts import sentence


def streamed(text: str, locale: str = "en", step: int = 1) -> list[str]:
    speakable = Speakable(locale)
    clauses: list[str] = []
    for end in range(0, len(text) + step, step):
        clauses += speakable.so_far(text[:end])
    return clauses + speakable.finish()


# -- where it is cut ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("locale", "text", "clauses"),
    [
        ("en", "Hello. How are you? Fine!", ["Hello.", "How are you?", "Fine!"]),
        ("en", "Yes. Ask Dr. Smith, e.g. today. Ok.",
         ["Yes.", "Ask Doctor Smith, for example today.", "Ok."]),
        ("en", "Yes. It is 3.5 or 4. Then stop.",
         ["Yes.", "It is three point five or four.", "Then stop."]),
        ("en", "Well... maybe. J. Doe came.", ["Well... maybe.", "J. Doe came."]),
        ("en", 'He said "no." Then he left.', ['He said "no."', "Then he left."]),
        ("en", "Yes. Two things: milk and bread.", ["Yes.", "Two things: milk and bread."]),
        ("de", "Gut. Am 3. Mai kommt z.B. Herr Dr. Müller. Ende.",
         ["Gut.", "Am dritten Mai kommt zum Beispiel Herr Doktor Müller.", "Ende."]),
        ("fr", "Oui. Voyez M. Dupont, p. ex. demain. Fin.",
         ["Oui.", "Voyez Monsieur Dupont, par exemple demain.", "Fin."]),
        ("es", "Sí. Vea al Sr. Pérez. Fin.", ["Sí.", "Vea al señor Pérez.", "Fin."]),
    ],
)  # fmt: skip
def test_sentences_are_told_from_abbreviations(locale: str, text: str, clauses: list[str]) -> None:
    assert clauses_of(text, locale) == clauses
    assert streamed(text, locale) == clauses


@pytest.mark.parametrize(
    ("locale", "text", "first"),
    [
        ("en", "I have looked at your calendar, and there are", "I have looked at your calendar,"),
        ("en", "I have looked at your calendar and there are", "I have looked at your calendar"),
        ("de", "Ich habe im Kalender nachgesehen und finde", "Ich habe im Kalender nachgesehen"),
        ("fr", "J'ai bien regardé ton agenda ici et je", "J'ai bien regardé ton agenda ici"),
        ("es", "He mirado tu agenda de hoy y mañana y veo", "He mirado tu agenda de hoy"),
    ],
)  # fmt: skip
def test_the_first_clause_comes_before_its_sentence_ends(
    locale: str, text: str, first: str
) -> None:
    assert Speakable(locale).so_far(text) == [first]


def test_a_short_first_clause_waits_for_its_sentence() -> None:
    assert Speakable("en").so_far("Well, yes, of course, and") == []


def test_later_clauses_are_whole_sentences() -> None:
    speakable = Speakable("en")

    assert speakable.so_far("Yes. I") == ["Yes."]
    assert speakable.so_far("Yes. I have looked at your calendar, and there are") == []


def test_a_sentence_without_end_is_cut_all_the_same() -> None:
    clauses = clauses_of("Yes. " + "and then we went on and on, " * 30, "en")

    assert max(map(len, clauses)) < 250


def test_a_number_is_not_cut_before_it_is_whole() -> None:
    speakable = Speakable("en")

    assert speakable.so_far("It is 3.") == []
    assert speakable.so_far("It is 3.5") == []
    assert speakable.so_far("It is 3.5. N") == ["It is three point five."]


def test_a_question_waits_for_nothing() -> None:
    assert Speakable("en").so_far("Really?") == ["Really?"]


def test_nothing_is_cut_within_a_link_or_stress() -> None:
    text = "Ok! See [the page. The one](https://a.b/c. d) or **this. Or that**, please."

    assert streamed(text) == ["Ok!", "See the page. The one or this. Or that, please."]


# -- Markdown ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("markdown", "said"),
    [
        (
            "**Bold** and *soft* and `code_name` and ~~gone~~",
            "Bold and soft and code name and gone.",
        ),
        ("## A heading ##", "A heading."),
        ("> Quoted", "Quoted."),
        ("A [link](https://x.com/y_z) here", "A link here."),
        ("<b>Tag</b> &amp; sign", "Tag and sign."),
        ("2 \\* 3", "two times three."),
        ("snake_case_name", "snake case name."),
        ("A line\nwrapped", "A line wrapped."),
        ("- [x] done", "done."),
        ("1. first", "one: first."),
    ],
)
def test_signs_of_markdown_are_not_read(markdown: str, said: str) -> None:
    assert " ".join(clauses_of(markdown, "en")) == said
    assert " ".join(streamed(markdown)) == said


def test_list_items_are_clauses() -> None:
    text = "You have:\n\n- milk\n- bread\n\nThat is all."

    assert clauses_of(text, "en") == ["You have:", "milk.", "bread.", "That is all."]
    assert streamed(text) == clauses_of(text, "en")


TABLE = "| a | b |\n|---|---|\n| 1 | 2 |\n"
BARE = "a | b\n--|--\n1 | 2\n"
CODE = "```python\nprint(1)\n\n# no\n```\n"


@pytest.mark.parametrize(
    ("key", "spilled"),
    [
        ("table", TABLE),
        ("table", BARE),
        ("code", CODE),
        ("image", "![a cat](https://c.at/1.png)\n"),
    ],
)
@pytest.mark.parametrize("locale", ["en", "de", "fr", "es"])
def test_what_is_not_for_the_ear_is_announced(locale: str, key: str, spilled: str) -> None:
    text = f"Look!\n\n{spilled}\nOk!"
    expected = ["Look!", sentence("speakable", key, locale), "Ok!"]

    assert clauses_of(text, locale) == expected
    assert streamed(text, locale) == expected


def test_it_is_announced_once() -> None:
    clauses = clauses_of(f"{TABLE}\n{CODE}\n{TABLE}", "en")

    assert clauses == [sentence("speakable", "table", "en")]


def test_where_nothing_can_be_shown_it_says_so() -> None:
    assert clauses_of(CODE, "en", shown=False) == [sentence("speakable", "unshown", "en")]


HOURS = "| Day | opens | closes |\n|:---|---|---:|\n"


def test_where_nothing_can_be_shown_a_small_table_is_read() -> None:
    text = f"We are open:\n\n{HOURS}| Monday | 9 | 17 |\n| Friday | 8 | |\n\nCome by."
    expected = ["We are open:", "Monday: opens nine; closes seventeen.", "Friday: opens eight."]
    assert clauses_of(text, "en", shown=False) == [*expected, "Come by."]


@pytest.mark.parametrize("step", [1, 7])
def test_of_a_long_table_the_rest_is_left_out(step: int) -> None:
    rows = [f"| Room {chr(65 + n)} | free | taken |" for n in range(LONGEST_TABLE + 2)]
    text = HOURS + "\n".join(rows) + "\n"
    speakable = Speakable("en", shown=False)
    said = [c for end in range(step, len(text), step) for c in speakable.so_far(text[:end])]
    said += [*speakable.so_far(text), *speakable.finish()]

    assert said[0] == "Room A: opens free; closes taken."
    assert said[LONGEST_TABLE:] == [sentence("speakable", "unshown", "en")]
    assert speakable.left_out == rows[LONGEST_TABLE:]


def test_two_tables_have_their_own_heads() -> None:
    text = f"{HOURS}| Monday | 9 | 17 |\n\n| Who | age |\n|---|---|\n| Bob | 5 |\n"
    assert clauses_of(text, "en", shown=False)[1] == "Bob: age five."


@pytest.mark.parametrize(
    ("text", "lost"),
    [
        ("Plain *words*, and `code`.", ""),
        (f"{HOURS}| Monday | 9 | 17 |\n", ""),
        ("Run this:\n\n```sh\nls -l\n```\nDone.", "```sh\nls -l\n```"),
        (
            "See [the page](https://a.example/x) or https://b.example/y.",
            "[the page](https://a.example/x)\nhttps://b.example/y",
        ),
        ("![a cat](https://c.example/cat.png) Look!", "![a cat](https://c.example/cat.png)"),
        ("".join(f"- item {n}\n" for n in range(LONGEST_LIST + 1)), f"- item {LONGEST_LIST}"),
    ],
)
def test_what_is_lost_on_who_only_hears_is_known(text: str, lost: str) -> None:
    assert unspoken(text, "en") == lost


def test_the_end_of_a_long_list_is_left_out() -> None:
    text = "Many:\n" + "".join(f"- item {n}\n" for n in range(LONGEST_LIST + 5)) + "\nOk!"
    clauses = streamed(text)

    assert len(clauses) == LONGEST_LIST + 3
    assert clauses[-2:] == [sentence("speakable", "list", "en"), "Ok!"]


@pytest.mark.parametrize(
    ("text", "spilled"),
    [("Plain.", False), (TABLE, True), ("[x](https://y.z)", True), ("https://y.z", True)],
)
def test_what_is_worth_sending_is_known(text: str, spilled: bool) -> None:  # noqa: FBT001 - a case
    speakable = Speakable("en")
    speakable.so_far(text)
    speakable.finish()

    assert speakable.spilled is spilled


# -- growing and taking back -------------------------------------------------------------

PIECES = (
    "Sure, that is done. ", "I will call at 14:05, and then ", "**bold words** ", "\n\n",
    "- an item\n", "- [ ] another\n", "1. a number\n", TABLE, CODE, "[a link](https://x.y/z) ",
    "3.5 ", "Dr. Smith ", "# Head\n", "> quote\n", "`code` ", "Really? ", "\n", "---\n", "5 - 3 ",
)  # fmt: skip


@given(st.lists(st.sampled_from(PIECES), max_size=12).map("".join), st.integers(1, 9))
def test_the_same_is_said_however_it_comes(text: str, step: int) -> None:
    assert " ".join(streamed(text, step=step)) == " ".join(streamed(text, step=1))


@given(st.text(alphabet="ab .,!?:-*_`|#>[]()\n1234567890.€\\~", max_size=60))
def test_no_text_is_too_strange(text: str) -> None:
    streamed(text)


def test_the_first_clause_is_early() -> None:
    text = "I have looked at all of your calendars for the week, and the first slot is on Monday."
    speakable = Speakable("en")
    needed = next(end for end in range(len(text)) if speakable.so_far(text[:end]))

    assert EARLY < needed < 60


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("It is open.", ["It is open."]),
        ("It is *open.*", ["It is open."]),
        ("It is open", []),
        ("Ask Dr.", []),
        ("- an item.", []),
        ("", []),
    ],
)
def test_a_sentence_settles_when_nothing_follows_for_a_while(text: str, said: list[str]) -> None:
    speakable = Speakable("en")
    speakable.so_far(text)
    assert speakable.settle() == said
    assert speakable.settle() == []


def test_what_follows_a_settled_sentence_is_said_whole() -> None:
    speakable = Speakable("en")
    speakable.so_far("It is open.")
    speakable.settle()
    assert speakable.so_far("It is open.Until nine. ") == []
    assert speakable.finish() == ["Until nine."]


def test_a_text_told_again_says_nothing_twice() -> None:
    speakable = Speakable("en")

    assert speakable.so_far("One. Two. Thr") == ["One.", "Two."]
    assert speakable.so_far("One. T") == []
    assert speakable.so_far("One. Two. Three. F") == ["Three."]


def test_what_was_taken_back_is_said_anew() -> None:
    speakable = Speakable("en")
    speakable.so_far("One. Two. Three. ")

    assert speakable.so_far("One. Two, no, four. ") == []
    assert speakable.finish() == ["Two, no, four."]


def test_a_restart_begins_at_the_beginning() -> None:
    speakable = Speakable("en")
    speakable.so_far(f"{TABLE}One! Two!")
    speakable.restart()

    assert speakable.so_far("One! Two!") == ["One!", "Two!"]
    assert not speakable.spilled
