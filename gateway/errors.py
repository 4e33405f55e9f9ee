"""Our exception hierarchy.

* FrontDoorError
  x SettingsError          a setting is missing or wrong; names it and the remedy
  x StoreError             the database cannot be used as it is
    + StoreUnavailable     it cannot be reached for now: try again
      - StoreBusy          somebody else does not let go of what is to be written
  x AgentError             the agent did not do what was asked
    + AgentUnreachable     nothing answered, or too late: try again
    + AgentRefused         it answered that it will not: trying again is no use
    + AgentDenied          it does not let us in; the operator can put that right
    + AgentBroken          it answered something that is not A2A 1.0
    + TaskUnknown          it does not know the task any more
  x TooEarly               a preview may not open yet
  x SpeechError            speech could not be recognised or made
    + SpeechUnreachable    nothing answered, too late, or too busy: try another provider
    + SpeechRefused        the provider will not take this, or not from us
    + SpeechMissing        what it needs is not installed or not configured

What a channel raises is in `channels.base`.
"""

from __future__ import annotations

from channels.base import StoreAway


class FrontDoorError(Exception):
    """Base of everything we raise; the message is plain words for the operator."""


class SettingsError(FrontDoorError):
    """A setting is missing or wrong."""


class StoreError(FrontDoorError):
    """The database cannot be used as it is."""


class StoreUnavailable(StoreError, StoreAway):
    """The database cannot be reached, or has no room, for now."""


class StoreBusy(StoreUnavailable):
    """What is to be written is being written by somebody else, who does not come to an end."""


class AgentError(FrontDoorError):
    """The agent did not do what was asked."""

    retryable: bool = False
    """Whether the same request may succeed later."""


class AgentUnreachable(AgentError):
    """Nothing answered, or too late."""

    retryable = True


class AgentRefused(AgentError):
    """The agent answered that it will not do this."""


class AgentDenied(AgentError):
    """The agent does not let us in, until the operator puts the access right."""

    retryable = True


class AgentBroken(AgentError):
    """The agent answered something that is not A2A 1.0."""

    retryable = True


class TaskUnknown(AgentError):
    """The agent does not know the task; it can be asked afresh."""

    retryable = True


class SpeechError(FrontDoorError):
    """Speech could not be recognised or made."""


class SpeechUnreachable(SpeechError):
    """The provider did not answer, not in time, or is too busy."""

    def __init__(self, message: str, *, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after
        """Seconds the provider asked us to leave it alone; None when it did not say."""


class SpeechRefused(SpeechError):
    """The provider answered that it will not do this, or not for us."""

    def __init__(self, message: str, *, lasting: bool = False) -> None:
        super().__init__(message)
        self.lasting = lasting
        """Whether it will refuse everything, until the operator puts the access right."""


class SpeechMissing(SpeechError):
    """A library, a model or a key is missing; the message says which and how to get it."""


class TooEarly(FrontDoorError):
    """A preview may not open yet: something before it is still to be sent."""
