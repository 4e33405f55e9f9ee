"""The parts of speech that these settings and this machine have, put together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from channels.base import Inbox
from gateway.agent.base import Agent
from gateway.bus.base import Bus
from gateway.call.policy import Policy
from gateway.line.switchboard import Switchboard
from gateway.settings import Settings
from gateway.speech.base import SpeechToText, TextToSpeech
from gateway.speech.providers import recognisers, voices
from gateway.speech.recognisers import Recognisers
from gateway.speech.silero import SileroActivity
from gateway.speech.speakable import clauses_of
from gateway.speech.voices import Voices
from gateway.store.engine import Database
from gateway.store.files import FileStore
from gateway.turns.notes import Notes
from gateway.turns.voicing import Voicing
from gateway.voice import VoiceParts


@dataclass(frozen=True, slots=True)
class Speaking:
    """Ears and voice, as far as there are any."""

    recogniser: SpeechToText | None
    voice: TextToSpeech | None

    @classmethod
    def of(cls, settings: Settings) -> Speaking:
        listeners, speakers = recognisers(settings), voices(settings)
        return cls(
            Recognisers(listeners) if listeners else None, Voices(speakers) if speakers else None
        )

    def notes(self, settings: Settings, files: FileStore, database: Database) -> Notes | None:
        """Who listens to recordings that people send."""
        if self.recogniser is None:
            return None
        return Notes(self.recogniser, files, database, settings.speech_vocabulary)

    def voicing(self, settings: Settings, files: FileStore) -> Voicing | None:
        """Who speaks answers into files."""
        if self.voice is None or settings.voice_replies == "never":
            return None
        replies: Any = settings.voice_replies
        return Voicing(self.voice, files, clauses_of, replies)

    def switchboard(  # noqa: PLR0917 - all that a call needs of the house
        self,
        settings: Settings,
        database: Database,
        bus: Bus,
        inbox: Inbox,
        agent: Agent,
        files: FileStore,
    ) -> Switchboard | None:
        """Who takes calls; None where nobody could hear them or speak to them."""
        if self.recogniser is None or self.voice is None:
            return None
        policy = Policy(
            end_of_turn=settings.end_of_turn_seconds,
            speculate=settings.speculate_seconds,
            rolling=settings.rolling_seconds,
            longest_call=settings.max_call_seconds,
        )
        parts = VoiceParts(
            database,
            bus,
            inbox,
            agent,
            self.recogniser,
            self.voice,
            SileroActivity(),
            policy,
            locale=settings.voice_locale,
            greeting=settings.voice_greeting,
            vocabulary=settings.speech_vocabulary,
            can_transfer=bool(settings.transfer_number),
            wall_clock=database.clock,
        )
        preempt: Any = settings.voice_preempt
        return Switchboard(
            parts,
            files,
            settings.max_calls,
            record=settings.record_calls == "on",
            preempt=preempt,
            # Who only tries things out may never call.
            eager=settings.public,
        )
