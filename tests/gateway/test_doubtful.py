"""What a recogniser guessed and what would be lost by it: asked first, all the way to the agent."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from agents.app import AgentConfig, running
from agents.base import Ask as Asked
from agents.base import Caller as Told
from agents.brain import BrainConfig
from agents.brain.briefing import message as briefed
from channels.events import Message, Transcript
from channels.loopback import serving
from gateway.agent.a2a import A2AAgent, A2AConfig
from gateway.agent.scripted import ScriptedAgent
from gateway.speech.sphinx import SphinxRecogniser
from prompts import languages, sentence
from tests.gateway.doubles import message, sender
from tests.gateway.rig import Rig, rig
from tests.waiting import until

pytestmark = pytest.mark.anyio

GUESSES = [phrase.text for phrase in SphinxRecogniser().book if phrase.destructive]
OWN = {
    "en": ("delete task one", "cancel my reminder", "clear my list"),
    "de": ("lösche 1", "lösche die Erinnerung", "lösche alles"),
    "fr": ("supprime 1", "annule le rappel", "efface tout"),
    "es": ("borra 1", "cancela el recordatorio", "borra todo"),
}


def said(event: str, text: str, locale: str, *, doubtful: bool = False) -> Message:
    parts = (Transcript(text, doubtful=doubtful),)
    return replace(message(event, parts=parts), sender=sender(locale=locale))


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[Rig]:
    """A door with the shipped agent behind it, that knows no model."""
    config = AgentConfig(
        base_url="http://localhost",
        database_url=f"sqlite:///{folder / 'agent.db'}",
        brain=BrainConfig(),
    )
    async with running(config) as app, serving(app) as url, rig(folder, url) as door:
        # Its card names a public address.
        door.chat.player.agent = agent = A2AAgent(A2AConfig(url=url, keep_origin=True))
        yield door
        await agent.close()


async def answered(door: Rig, event: str, text: str, locale: str, **more: bool) -> dict[str, Any]:
    """The last thing that was sent in answer to words that were said on a line."""
    count = len(door.channel.sent)
    await door.accept(said(event, text, locale, **more))
    await door.channel.until_sent(count + 1)
    await until(lambda: not door.chat._holds)
    return door.channel.sent[-1]


@pytest.mark.parametrize("locale", languages())
async def test_on_a_call_nothing_is_lost_before_the_caller_said_yes(
    tmp_path: Path, locale: str
) -> None:
    async with house(tmp_path) as door:
        await answered(door, "a", "add buy milk", "en")
        await answered(door, "b", "remind me in two hours to call the bank", "en")
        for number, text in enumerate([*GUESSES[:1], *GUESSES[9:], *OWN[locale]]):
            asked = await answered(door, f"{number}", text, locale, doubtful=True)
            assert asked.get("choices"), (text, asked)
            kept = await answered(door, f"{number}no", sentence("concierge", "no", locale), locale)
            assert "choices" not in kept, (text, kept)
        assert "Buy milk" in (await answered(door, "c", "what is on my list", "en"))["text"]
        assert "bank" in (await answered(door, "r", "what are my reminders", "en"))["text"]

        await answered(door, "d", OWN[locale][2], locale, doubtful=True)
        await answered(door, "e", sentence("concierge", "yes", locale), locale)
        empty = sentence("concierge", "list_empty", "en")
        assert (await answered(door, "f", "what is on my list", "en"))["text"] == empty


@pytest.mark.parametrize("doubtful", [True, False])
async def test_any_agent_is_told_that_it_is_a_guess(tmp_path: Path, *, doubtful: bool) -> None:
    agent = ScriptedAgent("say:Hello.")
    async with agent.serving() as url, rig(tmp_path, url) as door:
        await door.accept(said("e", "delete everything", "en", doubtful=doubtful))
        await door.channel.until_sent(1)
    [received] = agent.received
    assert received.caller.get("doubtful", False) is doubtful


@pytest.mark.parametrize("locale", languages())
def test_a_model_is_told_to_ask_first(locale: str) -> None:
    caller = Told("ann", modality="voice", locale=locale, doubtful=True)
    ask = Asked("delete everything", "c", "t", caller)
    assert briefed(ask) == f"{sentence('agent', 'doubtful', locale)}\n\ndelete everything"
    assert briefed(replace(ask, caller=replace(caller, doubtful=False))) == "delete everything"
