"""The model-driven brain over a real chat-completions wire."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import aclosing
from dataclasses import replace
from typing import Any, cast

import anyio
import pytest

from agents.base import Ask, BrainError, Document, Said, Wish
from agents.brain import BrainConfig, make_brain
from agents.brain.strands import StrandsBrain
from agents.records.base import Records
from tests.agents.brain.chat_server import Call, ChatServer, Fail, Say, chat_server
from tests.agents.brain.stage import Clock, Person

pytestmark = pytest.mark.anyio


@pytest.fixture
async def groq() -> AsyncIterator[ChatServer]:
    async with chat_server() as server:
        yield server


@pytest.fixture
async def openai() -> AsyncIterator[ChatServer]:
    async with chat_server() as server:
        yield server


async def _brain(
    config: BrainConfig, records: Records, clock: Clock
) -> AsyncIterator[StrandsBrain]:
    brain = make_brain(config, records, clock)
    assert isinstance(brain, StrandsBrain)
    yield brain
    await brain.aclose()


@pytest.fixture
async def bob(records: Records, clock: Clock, groq: ChatServer) -> AsyncIterator[Person]:
    """Somebody whose brain has Groq alone."""
    config = BrainConfig(groq_key="gsk", groq_url=groq.url)
    async for brain in _brain(config, records, clock):
        yield Person(brain, records)


@pytest.fixture
async def eve(
    records: Records, clock: Clock, groq: ChatServer, openai: ChatServer
) -> AsyncIterator[Person]:
    """Somebody whose brain has Groq and OpenAI."""
    config = BrainConfig(
        groq_key="gsk", groq_url=groq.url, openai_key="sk", openai_url=f"{openai.url}/v1"
    )
    async for brain in _brain(config, records, clock):
        yield Person(brain, records)


async def test_words_stream_as_the_model_says_them(bob: Person, groq: ChatServer) -> None:
    groq.plays(Say(("Hel", "lo ", "there.")))
    heard = await bob.says("hi")
    assert heard.pieces == ["Hel", "lo ", "there."]


async def test_groq_is_asked_at_its_address_with_its_key_and_model(
    bob: Person, groq: ChatServer
) -> None:
    groq.plays(Say(("ok",)))
    await bob.says("hi")
    assert groq.paths == ["/openai/v1/chat/completions"]
    assert groq.keys == ["gsk"]
    request = groq.requests[0]
    assert request["model"] == "openai/gpt-oss-20b"
    assert request["reasoning_effort"] == "low"
    assert request["include_reasoning"] is False
    assert request["stream"] is True


async def test_the_model_is_told_the_person_s_hour_language_and_way(
    bob: Person, groq: ChatServer
) -> None:
    groq.plays(Say(("Bien sûr.",)))
    bob.caller = replace(
        bob.caller, locale="fr-FR", zone="Europe/Paris", modality="voice", name="Zoé"
    )
    await bob.says("salut")
    system = groq.told()[0]
    assert system["role"] == "system"
    assert "Monday 2026-11-23 15:30" in system["content"]
    assert "Europe/Paris" in system["content"]
    assert "Zoé" in system["content"]
    assert "Vous êtes le bras droit" in system["content"]


async def test_the_conversation_so_far_is_told_in_turns(bob: Person, groq: ChatServer) -> None:
    groq.plays(Say(("Yes.",)))
    bob.history = [
        Said("agent", "Reminder: call the bank"),
        Said("user", "hello"),
        Said("agent", "Hi!"),
        Said("agent", "And welcome."),
    ]
    await bob.says("do you remember?")
    assert [line["role"] for line in groq.told()] == ["system", "user", "assistant", "user"]


async def test_a_tool_is_used_and_what_it_did_is_real(bob: Person, groq: ChatServer) -> None:
    groq.plays(
        Call((("add_task", {"title": "renew the passport", "due": "by Friday"}),)),
        Say(("Added ", "it.")),
    )
    heard = await bob.says("put the passport on my list, due friday")
    assert await bob.titles() == ["Renew the passport"]
    assert heard.progress == ["Updating your list…"]
    assert heard.text == "Added it."
    result = groq.told()[-1]
    assert result["role"] == "tool"
    assert "1: Renew the passport (due Friday 27 November)" in result["content"]


async def test_several_tools_in_one_answer_are_used_in_order(bob: Person, groq: ChatServer) -> None:
    calls = tuple(("add_task", {"title": title}) for title in ("milk", "bread", "tea"))
    groq.plays(Call(calls), Say(("Done.",)))
    await bob.says("milk, bread and tea")
    assert await bob.titles() == ["Milk", "Bread", "Tea"]


async def test_a_reminder_is_a_promise_after_the_words(bob: Person, groq: ChatServer) -> None:
    groq.plays(
        Call((("set_reminder", {"text": "call the bank", "when": "in 2 minutes"}),)),
        Say(("I will.",)),
    )
    heard = await bob.says("remind me in 2 minutes to call the bank")
    [promise] = heard.promises
    task = await bob.records.task(promise)
    assert (task.title, task.a2a_task) == ("Call the bank", "turn")
    assert heard.progress == ["Setting the reminder…"]


async def test_a_note_arrives_as_a_file(bob: Person, groq: ChatServer) -> None:
    groq.plays(
        Call((("write_note", {"title": "Wifi", "text": "The code is 1234"}),)), Say(("Sent.",))
    )
    heard = await bob.says("note the wifi code 1234")
    [file] = heard.files
    assert file.name == "Wifi.md"
    assert b"The code is 1234" in file.data


async def test_a_question_ends_the_turn_without_another_call(bob: Person, groq: ChatServer) -> None:
    groq.plays(Call((("ask_person", {"question": "Which?", "choices": ["A", "B"]}),)))
    heard = await bob.says("cancel it")
    assert heard.question is not None
    assert heard.question.choices == (("A", "A"), ("B", "B"))
    assert len(groq.requests) == 1


async def test_a_wrong_call_is_told_to_the_model_and_changes_nothing(
    bob: Person, groq: ChatServer
) -> None:
    groq.plays(
        Call((("finish_task", {"task": "99"}), ("set_reminder", {"text": "x", "when": "blorp"}))),
        Say(("Sorry.",)),
    )
    await bob.says("done with 99")
    first, second = groq.told()[-2:]
    assert "Your list is empty" in first["content"]
    assert "blorp" in second["content"]
    assert await bob.titles() == []


async def test_words_after_a_tool_begin_a_new_paragraph(bob: Person, groq: ChatServer) -> None:
    groq.plays(Call((("list_tasks", {}),), words="Let me look."), Say(("It is empty.",)))
    heard = await bob.says("what is on my list?")
    assert heard.text == "Let me look.\n\nIt is empty."


@pytest.mark.parametrize(
    "scene",
    [
        Say(("Yes.",), thought="The user wants a yes."),
        Say(("<think>The user ", "wants</th", "ink>Yes.")),
    ],
)
async def test_thoughts_are_not_said(bob: Person, groq: ChatServer, scene: Say) -> None:
    groq.plays(scene)
    assert (await bob.says("is it?")).text == "Yes."


async def test_a_voice_hears_no_markup(bob: Person, groq: ChatServer) -> None:
    bob.caller = replace(bob.caller, modality="voice")
    groq.plays(Say(("**Done**: `milk`",)))
    assert (await bob.says("done with milk")).text == "Done: milk"


async def test_a_text_file_is_kept_and_shown_to_the_model(bob: Person, groq: ChatServer) -> None:
    groq.plays(Say(("It says hello.",)))
    await bob.says("what does it say?", Document("a.txt", "text/plain", b"hello from the file"))
    assert "hello from the file" in groq.told()[-1]["content"][0]["text"]
    assert groq.told()[-1]["role"] == "user"


@pytest.mark.parametrize(
    "failure",
    [Fail(429, "30"), Fail(500), Fail(401), Fail(498), Say((), then="drop"), Say(())],
    ids=["429", "500", "401", "498", "dropped", "empty"],
)
async def test_the_second_is_asked_when_the_first_fails_before_a_word(
    eve: Person, groq: ChatServer, openai: ChatServer, failure: Any
) -> None:
    groq.plays(failure)
    openai.plays(Say(("From the second.",)))
    assert (await eve.says("tell me a joke")).text == "From the second."
    assert openai.paths == ["/v1/chat/completions"]
    assert openai.keys == ["sk"]
    assert openai.requests[0]["model"] == "gpt-5-mini"
    assert len(groq.requests) == 1


async def test_one_that_failed_is_asked_last_for_a_while(
    eve: Person, groq: ChatServer, openai: ChatServer
) -> None:
    groq.plays(Fail(500))
    openai.plays(Say(("one",)), Say(("two",)))
    await eve.says("tell me a joke")
    await eve.says("tell me another")
    assert len(groq.requests) == 1


async def test_a_tool_is_not_used_twice_when_the_first_fails_after_it(
    eve: Person, groq: ChatServer, openai: ChatServer
) -> None:
    groq.plays(Call((("add_task", {"title": "milk"}),)), Fail(500))
    openai.plays(Say(("Added milk.",)))
    heard = await eve.says("milk on the list please")
    assert await eve.titles() == ["Milk"]
    assert heard.text == "Added milk."


@pytest.mark.parametrize("then", ["drop", "end", "length"])
async def test_an_answer_that_breaks_off_says_so_and_is_not_repeated(
    eve: Person, groq: ChatServer, openai: ChatServer, then: str
) -> None:
    groq.plays(Say(("Once upon ", "a time"), then=then))
    heard = await eve.says("tell me a story")
    assert heard.text.startswith("Once upon a time\n\nSorry, I was cut off")
    assert openai.requests == []


async def test_with_nobody_to_ask_plain_requests_are_carried_out_by_the_concierge(
    eve: Person, groq: ChatServer, openai: ChatServer
) -> None:
    groq.plays(Fail(500))
    openai.plays(Fail(500))
    heard = await eve.says("remind me in 2 minutes to call the bank")
    assert "language model cannot be reached" in heard.text
    assert await eve.titles() == ["Call the bank"]
    assert len(heard.promises) == 1


async def test_with_nobody_to_ask_anything_else_fails_plainly(
    eve: Person, groq: ChatServer, openai: ChatServer
) -> None:
    groq.plays(Fail(500))
    openai.plays(Fail(500))
    with pytest.raises(BrainError):
        await eve.says("tell me a joke")


async def test_leaving_the_answer_stops_the_model_call(bob: Person, groq: ChatServer) -> None:
    groq.plays(Say(("Once ",), then="hang"))
    ask = Ask("a story", "ctx", "turn", bob.caller)
    async with aclosing(cast("Any", bob.brain.answer(ask))) as answers:
        async for _ in answers:
            break
    with anyio.fail_after(2):
        await groq.hung_up.wait()


async def test_cancelling_a_turn_stops_the_model_call(bob: Person, groq: ChatServer) -> None:
    groq.plays(Say(("Once ",), then="hang"))
    started = anyio.Event()

    async def turn() -> None:
        ask = Ask("a story", "ctx", "turn", bob.caller)
        async with aclosing(cast("Any", bob.brain.answer(ask))) as answers:
            async for _ in answers:
                started.set()

    async with anyio.create_task_group() as group:
        group.start_soon(turn)
        with anyio.fail_after(2):
            await started.wait()
        group.cancel_scope.cancel()
    with anyio.fail_after(2):
        await groq.hung_up.wait()


async def test_two_conversations_are_answered_at_once(bob: Person, groq: ChatServer) -> None:
    groq.plays(Say(("a",)), Say(("b",)))
    cat = Person(bob.brain, bob.records, replace(bob.caller, person="cat"))
    heard: list[str] = []

    async def says(person: Person) -> None:
        heard.append((await person.says("hi")).text)

    async with anyio.create_task_group() as group:
        group.start_soon(says, bob)
        group.start_soon(says, cat)
    assert sorted(heard) == ["a", "b"]


async def test_without_the_extra_the_concierge_serves(
    records: Records, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("agents.brain.find_spec", lambda _: None)
    brain = make_brain(BrainConfig(groq_key="gsk"), records, clock)
    heard = await Person(brain, records).says("hello")
    assert heard.text.startswith("Hello!")


async def test_on_a_call_the_model_can_end_it_and_hand_it_over(
    bob: Person, groq: ChatServer
) -> None:
    bob.caller = replace(bob.caller, modality="voice")
    groq.plays(Call((("end_call", {}),)), Say(("Good-bye!",)))
    heard = await bob.says("that was all")
    assert heard.wishes == [Wish("hang_up")]
    groq.plays(Call((("transfer_call", {"summary": "Bob, an invoice"}),)), Say(("One moment.",)))
    heard = await bob.says("give me a human")
    assert heard.wishes == [Wish("transfer", summary="Bob, an invoice")]


async def test_in_writing_there_is_no_call_to_end(bob: Person, groq: ChatServer) -> None:
    groq.plays(Say(("ok",)))
    await bob.says("hi")
    offered = {tool["function"]["name"] for tool in groq.requests[0]["tools"]}
    assert "add_task" in offered
    assert not offered & {"end_call", "transfer_call"}


async def test_the_model_knows_only_what_was_heard(bob: Person, groq: ChatServer) -> None:
    groq.plays(Say(("Sorry.",)), Say(("Yes?",)))
    bob.history = [Said("user", "my list"), Said("agent", "You have milk, bread and tea.")]
    await bob.says("wait", heard="You have milk,")
    _, _, answer, interrupted = groq.told()
    assert answer["content"] in ("You have milk,", [{"type": "text", "text": "You have milk,"}])
    assert 'they heard only: "You have milk,"' in str(interrupted["content"])
    bob.history[-1] = Said("agent", "Unheard.")
    await bob.says("hello?", heard="")
    assert "Unheard." not in str(groq.told())
    assert "heard nothing of it" in str(groq.told()[-1]["content"])


async def test_a_draft_looks_and_talks_but_writes_only_what_is_final(
    bob: Person, groq: ChatServer
) -> None:
    final = anyio.Event()
    groq.plays(
        Call((("list_tasks", {}),)),
        Call((("add_task", {"title": "milk"}),)),
        Say(("Added.",)),
    )
    ask = Ask("add milk", "ctx", "turn", bob.caller, draft=True, final=final.wait)
    said: list[str] = []

    async def answer() -> None:
        async for one in bob.brain.answer(ask):
            said.append(type(one).__name__)  # noqa: PERF401 - looked at meanwhile

    async with anyio.create_task_group() as group:
        group.start_soon(answer)
        with anyio.fail_after(5):
            while len(said) < 2:  # noqa: ASYNC110 - the model is another program
                await anyio.sleep(0.002)
        await anyio.wait_all_tasks_blocked()
        assert len(groq.requests) == 2
        assert await bob.titles() == []
        final.set()
    assert await bob.titles() == ["Milk"]
    assert said[-1] == "Words"
