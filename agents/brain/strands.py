"""The brain that a model drives: a Strands agent with our tools and those of MCP servers.

An agent lives for one message. What it knows of the conversation is handed to it, so any
process can answer the next message.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import cast

import anyio
import structlog
from strands import Agent
from strands.agent.conversation_manager import NullConversationManager
from strands.tools.executors import SequentialToolExecutor
from strands.types.content import Messages
from strands.types.tools import AgentTool

from agents.base import Answer, Ask, Brain, BrainError, Words
from agents.brain.briefing import history, message, system_prompt
from agents.brain.concierge import Concierge, intents_of, keep_files
from agents.brain.config import BrainConfig
from agents.brain.fallover import Fallover, NobodyAnswered
from agents.brain.listening import Listening
from agents.brain.mcp import McpTools, Server, read_servers
from agents.brain.providers import providers
from agents.brain.wielded import Patient, Wielded
from agents.records.base import Clock, Records, RecordsError
from agents.tools import wording
from agents.tools.job import Job
from agents.tools.registry import CALL_TOOLS, TOOLS

log = structlog.get_logger()


class StrandsBrain(Brain):
    """Answers with a model; with the concierge's help while no model can be reached."""

    def __init__(
        self, config: BrainConfig, records: Records, clock: Clock, concierge: Concierge
    ) -> None:
        # Their tracebacks may hold what people wrote; what matters is logged by us.
        for name in ("strands", "mcp"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._providers = providers(config)
        self._model = Fallover(self._providers)
        self._mcp = McpTools(_servers(config.mcp_servers))
        self._records = records
        self._clock = clock
        self._concierge = concierge

    async def answer(self, ask: Ask) -> AsyncIterator[Answer]:
        """Stream what the model says. Raises BrainError when no model can be reached.

        A plain request ("remind me in 10 minutes to …") is carried out by the concierge then:
        a reminder is worth more than an apology.
        """
        job = Job.of(ask, self._records, self._clock())
        listening = Listening(job)
        try:
            if ask.files:
                await ask.final()
                await keep_files(job, ask)
            agent = self._agent(ask, job, await self._mcp.tools())
            async with aclosing(listening.to(agent, message(ask))) as answers:
                async for answer in answers:
                    yield answer
        except RecordsError as error:
            raise BrainError(f"the records refused: {error}") from error
        except NobodyAnswered as error:
            if listening.touched or not _plain(ask):
                raise BrainError("no model provider answered; see model_failed") from error
            if self._concierge.acts(ask):
                await ask.final()
            yield Words(f"{wording.say('without_model', ask.caller.locale)}\n\n")
            async for answer in self._concierge.answer(replace(ask, files=())):
                yield answer

    async def aclose(self) -> None:
        """Let go of the connections to models and MCP servers."""
        with anyio.CancelScope(shield=True):
            await self._mcp.aclose()
            for provider in self._providers:
                await provider.client.close()

    def _agent(self, ask: Ask, job: Job, others: Sequence[AgentTool]) -> Agent:
        tools = TOOLS
        if ask.caller.modality == "voice":
            tools += CALL_TOOLS
        if ask.draft:
            # Nobody knows what they do.
            others = [Patient(tool, job.final) for tool in others]
        return Agent(
            model=self._model,
            messages=cast("Messages", history(ask.history, ask.heard)),
            tools=[*(Wielded(tool, job) for tool in tools), *others],
            system_prompt=system_prompt(ask.caller, job.now),
            callback_handler=None,
            # The history is bounded already, and asking the same again is `Fallover`'s decision.
            conversation_manager=NullConversationManager(),
            retry_strategy=None,
            # One after the other: what is done first is on the list for what comes next.
            tool_executor=SequentialToolExecutor(),
        )


def _plain(ask: Ask) -> bool:
    """Whether the concierge understands all of a message."""
    return all(intent.kind != "unknown" for intent in intents_of(ask))


def _servers(setting: str) -> Sequence[Server]:
    try:
        return read_servers(setting)
    except ValueError as error:
        log.warning("mcp_servers_invalid", remedy=f"correct MCP_SERVERS: {error}")
        return ()
