"""A person and the concierge, over real records. It is Monday, 23 November 2026, 14:30."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from agents.base import Document
from agents.brain import BrainConfig, make_brain
from agents.brain.concierge import Concierge
from agents.records.base import Query, Records, TaskKind, TaskState
from tests.agents.brain.stage import Clock, Person

pytestmark = pytest.mark.anyio


async def test_without_a_key_the_concierge_serves(records: Records, clock: Clock) -> None:
    assert isinstance(make_brain(BrainConfig(), records, clock), Concierge)


async def test_an_answer_streams_in_pieces_that_join_to_it(ann: Person) -> None:
    heard = await ann.says("hello")
    assert len(heard.pieces) > 3
    assert heard.text.startswith("Hello!")


async def test_a_reminder_is_set_and_promised(ann: Person) -> None:
    heard = await ann.says("remind me in 2 minutes to call the bank")
    assert heard.text == "I'll remind you in 2 minutes (at 14:32): **Call the bank**."
    [promise] = heard.promises
    task = await ann.records.task(promise)
    assert (task.kind, task.title) == (TaskKind.REMINDER, "Call the bank")
    assert task.due_at is not None
    assert f"{task.due_at:%H:%M}" == "14:32"
    assert (task.a2a_task, task.context, task.locale) == ("turn", "ctx", "en-GB")


async def test_a_task_is_added_with_its_date(ann: Person) -> None:
    heard = await ann.says("add a task: renew the passport by Friday")
    assert heard.text == ("Added as number 1: **Renew the passport**, due on Friday 27 November.")
    [task] = await ann.records.open_tasks("ann")
    assert f"{task.due_at:%Y-%m-%d %H:%M}" == "2026-11-27 23:59"


async def test_the_list_tells_numbers_and_times(ann: Person) -> None:
    await ann.says("add a task: renew the passport by Friday")
    await ann.says("remind me tomorrow at 9 to call the bank")
    assert (await ann.says("what's on my list")).text == (
        "On your list:\n\n"
        "**1.** Renew the passport — Friday 27 November  \n"
        "**2.** Call the bank — ⏰ tomorrow at 9:00"
    )


async def test_overdue_things_say_so(ann: Person, clock: Clock) -> None:
    await ann.says("add task pay rent by today")
    clock.pass_(days=2)
    assert "overdue since" in (await ann.says("my list")).text


async def test_an_empty_list_says_how_to_fill_it(ann: Person) -> None:
    assert "empty" in (await ann.says("what's on my list")).text


async def test_things_are_done_by_number_and_by_words(ann: Person) -> None:
    await ann.says("add tasks:\nmilk\nbread\nthe quarterly report")
    assert (await ann.says("done with 1")).text == "Done: **Milk**. ✅"
    assert (await ann.says("I finished the report")).text.startswith("Done: **The quarterly")
    assert "last one" in (await ann.says("2 is done")).text
    assert (await ann.says("what have I done today")).text.count("- ") == 3


async def test_several_things_are_done_at_once(ann: Person) -> None:
    await ann.says("add tasks:\nmilk\nbread\ntea")
    await ann.says("done with 1, 2 and 3")
    assert await ann.titles() == []


async def test_several_requests_in_one_message_are_all_carried_out(ann: Person) -> None:
    heard = await ann.says("add task milk\nremind me in 5 minutes to eat\nwhatever\nmy list")
    assert await ann.titles() == ["Milk", "Eat"]
    assert 'I did not understand "whatever".' in heard.text
    assert len(heard.promises) == 1


async def test_the_newest_thing_is_it(ann: Person) -> None:
    await ann.says("add task milk")
    await ann.says("add task bread")
    assert "Bread" in (await ann.says("delete that")).text
    assert await ann.titles() == ["Milk"]


async def test_done_means_the_only_thing_there_is(ann: Person) -> None:
    await ann.says("add task milk")
    assert "**Milk**" in (await ann.says("done")).text
    await ann.says("add tasks:\nbread\ntea")
    assert (await ann.says("done")).question is not None


async def test_an_ambiguous_title_is_asked_and_the_answer_understood(ann: Person) -> None:
    await ann.says("add task renew the passport")
    await ann.says("add task buy a passport cover")
    question = (await ann.says("done with passport")).question
    assert question is not None
    assert question.choices == (
        ("1 · Renew the passport", "done with 1"),
        ("2 · Buy a passport cover", "done with 2"),
    )
    assert (await ann.says("2")).text == "Done: **Buy a passport cover**. ✅"


async def test_the_answer_may_arrive_at_another_process(
    ann: Person, records: Records, clock: Clock
) -> None:
    await ann.says("add task renew the passport")
    await ann.says("add task buy a passport cover")
    await ann.says("cancel passport")
    ann.brain = Concierge(records, clock)
    await ann.says("the cover")
    assert await ann.titles() == ["Renew the passport"]


async def test_a_question_may_be_left_for_something_else(ann: Person) -> None:
    await ann.says("add task milk")
    await ann.says("clear my list")
    assert "14:30" in (await ann.says("what time is it")).text
    assert await ann.titles() == ["Milk"]


@pytest.mark.parametrize("answer", ["yes", "ok", "yes, clear my list"])
async def test_the_list_is_emptied_only_after_a_yes(ann: Person, answer: str) -> None:
    await ann.says("add tasks:\nmilk\nbread")
    question = (await ann.says("clear my list")).question
    assert question is not None
    assert "(2)" in question.text
    assert await ann.titles() == ["Milk", "Bread"]
    await ann.says(answer)
    assert await ann.titles() == []


async def test_a_no_changes_nothing(ann: Person) -> None:
    await ann.says("add task milk")
    await ann.says("clear my list")
    assert "nothing was changed" in (await ann.says("no")).text
    assert await ann.titles() == ["Milk"]


async def test_a_yes_to_nothing_empties_nothing(ann: Person) -> None:
    await ann.says("add task milk")
    await ann.says("yes")
    assert await ann.titles() == ["Milk"]


async def test_a_reminder_without_a_time_is_asked_for_it(ann: Person) -> None:
    question = (await ann.says("remind me to feed the cat")).question
    assert question is not None
    assert question.choices[0] == ("in 10 minutes", "remind me in 10 minutes: feed the cat")
    heard = await ann.says("tomorrow at 9")
    assert heard.text == "I'll remind you tomorrow at 9:00: **Feed the cat**."


async def test_a_tapped_time_is_a_whole_request(ann: Person) -> None:
    question = (await ann.says("remind me to feed the cat")).question
    assert question is not None
    heard = await ann.says(question.choices[1][1])
    assert "**Feed the cat**" in heard.text
    assert "15:30" in heard.text


async def test_a_timer_needs_no_title(ann: Person) -> None:
    assert (await ann.says("set a timer for 5 minutes")).text == (
        "I'll remind you in 5 minutes (at 14:35): **Reminder**."
    )


async def test_a_time_that_has_passed_is_refused(ann: Person) -> None:
    assert "passed already" in (await ann.says("remind me at 9am today to run")).text
    assert await ann.titles() == []


async def test_a_repeated_reminder_is_honestly_set_once(ann: Person) -> None:
    heard = await ann.says("remind me every Monday to run")
    assert "**Run**" in heard.text
    assert "comes once" in heard.text


async def test_reminders_are_listed_and_canceled(ann: Person) -> None:
    await ann.says("add task milk")
    assert "no reminders" in (await ann.says("what are my reminders")).text
    await ann.says("remind me in 5 minutes to eat")
    heard = await ann.says("what are my reminders")
    assert "Eat" in heard.text
    assert "Milk" not in heard.text
    assert (await ann.says("cancel the reminder")).text == "The reminder is canceled: **Eat**."
    assert await ann.titles() == ["Milk"]


async def test_things_are_renamed_and_moved(ann: Person) -> None:
    await ann.says("add task buy milk by Friday")
    await ann.says("remind me tomorrow at 9 to run")
    assert "**Buy oat milk**" in (await ann.says("rename 1 to buy oat milk")).text
    assert (await ann.says("move 1 to Monday")).text == (
        "Number 1, **Buy oat milk**, is now due on Monday 30 November."
    )
    assert "Wednesday 2 December" in (await ann.says("postpone 1 by 2 days")).text
    assert "Thursday 26 November at 9:00" in (await ann.says("move 2 to Thursday")).text
    assert "tomorrow at 18:00" in (await ann.says("change 2 to tomorrow at 6pm")).text
    assert "I don't understand" in (await ann.says("move 2 to the moon")).text


async def test_what_is_not_on_the_list_is_told(ann: Person) -> None:
    await ann.says("add task milk")
    assert 'nothing like "17"' in (await ann.says("done with 17")).text
    assert 'nothing like "bread"' in (await ann.says("cancel bread")).text


async def test_what_was_answered_is_written_down_and_sent(ann: Person) -> None:
    await ann.says("add task milk")
    await ann.says("what's on my list")
    heard = await ann.says("write that down as a note and send it to me")
    [file] = heard.files
    assert file.name == "On-your-list.md"
    assert file.media_type == "text/markdown"
    assert b"Milk" in file.data
    assert (await ann.records.artifacts(Query(person="ann"))).items[0].a2a_task == "turn"


async def test_what_was_not_understood_can_be_written_down(ann: Person) -> None:
    await ann.says("The wifi code is 1234")
    [file] = (await ann.says("write that down")).files
    assert file.data == b"The wifi code is 1234\n"


async def test_nothing_said_before_leaves_nothing_to_write(ann: Person) -> None:
    heard = await ann.says("write that down")
    assert "nothing to write down" in heard.text
    assert heard.files == []


async def test_notes_are_kept_and_sent_again(ann: Person) -> None:
    await ann.says("note: the wifi code is 1234")
    await ann.says("note: the door code is 99")
    assert "the-door-code" in (await ann.says("my notes")).text
    [file] = (await ann.says("send me the note wifi")).files
    assert b"1234" in file.data
    assert 'nothing called "safe"' in (await ann.says("send me the note safe")).text


async def test_the_list_comes_as_a_file(ann: Person) -> None:
    await ann.says("add task milk by Friday")
    [file] = (await ann.says("send me my list")).files
    assert file.name == "My-list-Monday-23-November-2026.md"
    assert b"- [ ] 1. Milk (Friday 27 November)" in file.data


async def test_a_file_is_kept_and_given_back(ann: Person) -> None:
    heard = await ann.says("", Document("contract.pdf", "application/pdf", b"%PDF"))
    assert heard.text.startswith("I got **contract.pdf** and keep it")
    [file] = (await ann.says("send me the file contract")).files
    assert file.data == b"%PDF"


async def test_a_file_with_words_is_kept_and_the_words_are_obeyed(ann: Person) -> None:
    scan = Document("scan.png", "image/png", b"png")
    heard = await ann.says("remind me tomorrow at 9 to sign this", scan)
    assert "keep it" in heard.text
    assert "**Sign this**" in heard.text


async def test_a_file_that_did_not_arrive_is_not_claimed(ann: Person) -> None:
    heard = await ann.says("", Document("a.pdf", "application/pdf", url="https://x.example/a"))
    assert "cannot keep it" in heard.text


async def test_not_understood_is_said_with_examples_of_the_person_s_own(ann: Person) -> None:
    heard = await ann.says("buy milk")
    assert heard.question is None
    assert '"add a task: buy milk"' in heard.text


async def test_an_empty_message_is_answered(ann: Person) -> None:
    assert "empty" in (await ann.says("")).text


async def test_the_person_is_greeted_by_name(ann: Person) -> None:
    ann.caller = replace(ann.caller, name="Ann Miller")
    assert (await ann.says("hi")).text.startswith("Hello Ann!")


async def test_people_do_not_see_each_other_s_lists(ann: Person) -> None:
    await ann.says("add task milk")
    ann.caller = replace(ann.caller, person="bob")
    assert "empty" in (await ann.says("my list")).text
    assert "empty" in (await ann.says("done with 1")).text


async def test_a_voice_hears_plain_sentences(ann: Person) -> None:
    ann.caller = replace(ann.caller, modality="voice")
    await ann.says("add a task: renew the passport by Friday")
    for line in ("hello", "my list", "help", "what can you do", "blah", "done with 1"):
        assert not re.search(r"[*_#`\n✅⏰👋]", (await ann.says(line)).text)
    await ann.says("add task milk")
    assert (await ann.says("my list")).text == "You have one thing on your list. 1: Milk."


@pytest.mark.parametrize(
    ("locale", "lines", "words"),
    [
        ("de", ("erinnere mich in 10 Minuten an die Bank", "Aufgabe: Pass bis Freitag",
                "was steht auf meiner Liste?"),
         ("in 10 Minuten (um 14:40 Uhr)", "am Freitag, 27. November", "⏰ heute um 14:40 Uhr")),
        ("fr", ("rappelle-moi dans 10 minutes d'appeler la banque",
                "tâche : passeport d'ici vendredi", "ma liste"),
         ("dans 10 minutes (à 14:40)", "pour vendredi 27 novembre", "⏰ aujourd\u2019hui à 14:40")),
        ("es", ("recuérdame en 10 minutos llamar al banco",
                "tarea: pasaporte para el viernes", "mi lista"),
         ("en 10 minutos (a las 14:40)", "para el viernes 27 de noviembre",
          "⏰ hoy a las 14:40")),
    ],
)  # fmt: skip
async def test_other_languages_are_spoken(
    ann: Person, locale: str, lines: tuple[str, ...], words: tuple[str, ...]
) -> None:
    ann.speaking(locale)
    for line, told in zip(lines, words, strict=True):
        assert told in (await ann.says(line)).text


@pytest.mark.parametrize(
    ("locale", "line", "answer"),
    [
        ("de", "lösche meine Liste", "ja"),
        ("fr", "vide ma liste", "oui"),
        ("es", "vacía mi lista", "sí"),
    ],
)
async def test_confirming_works_in_every_language(
    ann: Person, locale: str, line: str, answer: str
) -> None:
    for reply in ("", answer):
        await ann.says("add task milk")
        ann.speaking(locale)
        question = (await ann.says(line)).question
        assert question is not None
        await ann.says(reply or question.choices[0][1])
        assert await ann.titles() == []


async def test_somebody_is_answered_in_the_language_they_write(ann: Person) -> None:
    assert (await ann.says("was kannst du?")).text.startswith("Das kann ich")


async def test_ended_things_stay_in_the_records(ann: Person) -> None:
    await ann.says("add task milk")
    await ann.says("cancel 1")
    page = await ann.records.tasks(Query(person="ann"))
    assert [task.state for task in page.items] == [TaskState.CANCELED]


async def test_a_number_answers_which_reminder_is_to_go(ann: Person) -> None:
    await ann.says("remind me tomorrow at 9 to run")
    await ann.says("remind me tomorrow at 10 to eat")
    assert (await ann.says("cancel the reminder")).question
    assert (await ann.says("2")).text == "The reminder is canceled: **Eat**."
    assert await ann.titles() == ["Run"]


async def test_an_answer_that_tells_no_time_is_asked_about_again(ann: Person) -> None:
    await ann.says("remind me to run")
    again = await ann.says("after the rain")
    assert "after the rain" in again.text
    assert again.question is not None
    assert "run" in again.question.text
    assert "rain" not in again.question.text
    assert (await ann.says("at 5pm")).text == "I'll remind you today at 17:00: **Run**."


async def test_what_was_quoted_is_written_down_or_reminded_of(ann: Person) -> None:
    note = await ann.says("> Bob: the code is 5\nwrite that down")
    assert note.files[0].data.decode().strip().endswith("Bob: the code is 5")
    heard = await ann.says("> the code is 5\nremind me of this in 10 seconds")
    assert heard.text == "I'll remind you in 10 seconds: **The code is 5**."


async def test_a_question_that_is_beyond_it_is_said_to_be(ann: Person) -> None:
    assert "no language model" in (await ann.says("what's the weather like?")).text
    assert "What can I do" in (await ann.says("\N{THUMBS UP SIGN}")).text


async def test_that_is_never_a_question_about_the_list(ann: Person) -> None:
    await ann.says("add a task: milk")
    await ann.says("what's on my list")
    await ann.says("clear my list")
    await ann.says("no")
    assert "Milk" in (await ann.says("write that down")).files[0].data.decode()


@pytest.mark.parametrize("caption", ["our holidays", "keep this please", ""])
async def test_what_is_said_with_a_file_is_about_the_file(ann: Person, caption: str) -> None:
    heard = await ann.says(caption, Document("sea.jpg", "image/jpeg", b"blue"))
    assert heard.text.count("\n") == 0
    assert heard.text.startswith("I got **sea.jpg**")


async def test_a_request_with_a_file_is_carried_out(ann: Person) -> None:
    heard = await ann.says("add a task: print it", Document("sea.jpg", "image/jpeg", b"blue"))
    assert "Print it" in heard.text


async def test_a_reminder_that_came_is_put_off(ann: Person, clock: Clock) -> None:
    assert "No reminder has come" in (await ann.says("snooze")).text
    [promise] = (await ann.says("remind me in 1 minute to call Bob")).promises
    clock.pass_(minutes=1)
    await ann.records.end_task(promise, TaskState.DONE, "Reminder: Call Bob")
    assert (await ann.says("snooze")).text.startswith("I'll remind you in 10 minutes")
    heard = await ann.says("remind me again tomorrow at 9")
    assert heard.text == "I'll remind you tomorrow at 9:00: **Call Bob**."


async def test_a_title_loses_the_quotes_around_it(ann: Person) -> None:
    await ann.says('add "call the plumber" to my to do list')
    await ann.says('add a task: read "Emma" and "Persuasion"')
    assert await ann.titles() == ["Call the plumber", 'Read "Emma" and "Persuasion"']


@pytest.mark.parametrize(
    ("locale", "line"),
    [("en", "add a task"), ("de", "Aufgabe:"), ("fr", "tâche"), ("es", "nueva tarea")],
)
async def test_a_task_without_a_word_is_asked_for(ann: Person, locale: str, line: str) -> None:
    ann.speaking(locale)
    heard = await ann.says(line)
    assert await ann.titles() == []
    assert "“" in heard.text or '"' in heard.text or "«" in heard.text or "„" in heard.text
