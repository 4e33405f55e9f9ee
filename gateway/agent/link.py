"""The connection to an agent, through the A2A SDK. Slow to import: `a2a.py` does it when needed.

Everything the SDK and the network may raise is told in our errors here. Their messages hold
nothing of what the agent said, for that may quote the person.
"""

from __future__ import annotations

import ssl
from collections.abc import AsyncGenerator, AsyncIterator, Iterator
from contextlib import aclosing, contextmanager
from functools import cache
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import urljoin, urlsplit

import httpx
import structlog
from a2a.client import A2ACardResolver, Client, ClientCallContext, ClientConfig, ClientFactory
from a2a.client.errors import A2AClientError, A2AClientTimeoutError
from a2a.types import (
    AgentCard,
    CancelTaskRequest,
    GetTaskRequest,
    ListTasksRequest,
    StreamResponse,
    SubscribeToTaskRequest,
    Task,
)
from a2a.utils import errors as a2a_errors
from a2a.utils.constants import TransportProtocol
from google.protobuf.json_format import ParseError  # type: ignore[import-untyped]

from gateway.agent import asking
from gateway.agent.base import About, Ask
from gateway.agent.streams import Streams
from gateway.errors import (
    AgentBroken,
    AgentDenied,
    AgentError,
    AgentRefused,
    AgentUnreachable,
    TaskUnknown,
)
from gateway.seeing import tracing

if TYPE_CHECKING:
    from gateway.agent.a2a import A2AConfig

log = structlog.get_logger()

_PAGES = 5
"""How many pages of a conversation's tasks are searched; newest come first."""
_MESSAGES = 50
"""How many of each task's newest messages are searched."""

_BROKEN = (
    a2a_errors.InternalError,
    a2a_errors.InvalidAgentResponseError,
    a2a_errors.JSONParseError,
    a2a_errors.MethodNotFoundError,
)


class NeverArrived(AgentUnreachable):
    """No connection came about, so the agent surely did not get the request."""


def http_client(config: A2AConfig) -> httpx.AsyncClient:
    """The connections to an agent. Blocks for some milliseconds to load certificates."""
    return httpx.AsyncClient(
        headers={"Authorization": f"Bearer {config.token}"} if config.token else {},
        # A stream holds a connection for as long as the agent talks; the default of 100 would
        # make further conversations wait. An idle one is dropped before servers usually do; each
        # is looked at with every request, so few are kept.
        limits=httpx.Limits(max_connections=None, max_keepalive_connections=20, keepalive_expiry=3),
        timeout=httpx.Timeout(
            config.request_timeout, connect=config.connect_timeout, read=config.silence_timeout
        ),
        verify=certificates(),
        event_hooks={"request": [_joining]},
        trust_env=not _is_loopback(config.url),
    )


async def _joining(request: httpx.Request) -> None:
    """Have the agent add to the trace of whoever asks."""
    request.headers.update(tracing.headers())


@cache
def certificates() -> ssl.SSLContext:
    """Whom to trust; slow to load, so shared by all who connect."""
    return httpx.create_ssl_context()


def _is_loopback(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


async def connect(http: httpx.AsyncClient, config: A2AConfig) -> Link:
    """Read the agent's card and choose how to speak. Raises AgentError."""
    url = config.url
    try:
        card = await _card(http, config, url)
    except AgentBroken:
        home = urljoin(url, "/")
        if url.endswith(".json") or home.rstrip("/") == url.rstrip("/"):
            raise
        # The URL of an interface, perhaps: the card of a host is at its root (RFC 8615).
        card = await _card(http, config, home)
    if not card.supported_interfaces:
        raise AgentBroken(
            f"What {url} serves is no A2A agent card: it names no interface. Check AGENT_URL."
        )
    if config.keep_origin:
        for interface in card.supported_interfaces:
            interface.url = urljoin(url, urlsplit(interface.url).path)
    if config.token and url.startswith("https:"):
        bare = (i.url for i in card.supported_interfaces if i.url.startswith("http:"))
        if exposed := next(bare, None):
            raise AgentDenied(
                f"The card at {url} names {exposed}, where our token would travel unencrypted. "
                "Have the agent name an https address, or unset AGENT_TOKEN."
            )
    ways = ClientConfig(
        httpx_client=http,
        supported_protocol_bindings=[TransportProtocol.JSONRPC, TransportProtocol.HTTP_JSON],
        use_client_preference=True,
    )
    try:
        client = ClientFactory(ways).create(card)
    except ValueError:
        offered = ", ".join(sorted({i.protocol_binding for i in card.supported_interfaces}))
        raise AgentBroken(
            f"The agent at {url} offers {offered}; we speak JSONRPC and HTTP+JSON."
        ) from None
    return Link(client, _streams(http, card), card, config)


async def _card(http: httpx.AsyncClient, config: A2AConfig, url: str) -> AgentCard:
    """The card at a base URL, or at its own."""
    card_path = "/" if url.endswith(".json") else None
    with _told(url):
        return await A2ACardResolver(http, url).get_agent_card(
            relative_card_path=card_path, http_kwargs={"timeout": config.request_timeout}
        )


def _streams(http: httpx.AsyncClient, card: AgentCard) -> Streams | None:
    """Our own reading of streams, for the protocol we know."""
    for interface in card.supported_interfaces:
        spoken = interface.protocol_binding, interface.protocol_version.partition(".")[0]
        if spoken == (TransportProtocol.JSONRPC, "1"):
            return Streams(http, interface)
    return None


class Link:
    """One agent as its card describes it. Every call raises AgentError."""

    def __init__(
        self, client: Client, streams: Streams | None, card: AgentCard, config: A2AConfig
    ) -> None:
        self._client = client
        self._streams = streams if card.capabilities.streaming else None
        self._config = config
        self._url = config.url
        self._brief = ClientCallContext(timeout=config.request_timeout)
        capabilities = card.capabilities
        offered = {extension.uri for extension in capabilities.extensions}
        self._known = sorted(asking.EXTENSIONS & offered)
        self.streaming = capabilities.streaming
        self.about = About(
            card.name,
            card.version,
            capabilities.streaming,
            capabilities.push_notifications,
            # Who does not stream would answer a draft only when it is none any more.
            drafts=capabilities.streaming and asking.DRAFT_EXTENSION in offered,
        )
        self._notify = capabilities.push_notifications and bool(config.notification_url)

    async def send(self, ask: Ask) -> AsyncGenerator[StreamResponse]:
        """Hand a message over and hear the stream, or the one answer of who cannot stream.

        Who will not call our notification URL may refuse the message with it; then it is asked
        without, and the task's end is found by looking.
        """
        taken = False
        # What becomes of a draft interests nobody but who hears its stream.
        notify = self._notify and not ask.draft
        try:
            async with aclosing(self._send(ask, notify=notify)) as stream:
                async for response in stream:
                    taken = True
                    yield response
        except AgentRefused:
            if taken or not notify:
                raise
        else:
            return
        async with aclosing(self._send(ask, notify=False)) as stream:
            async for response in stream:
                if self._notify:
                    self._notify = False
                    log.warning("agent_refuses_notifications", agent=self.about.name)
                yield response

    def _send(self, ask: Ask, *, notify: bool) -> AsyncGenerator[StreamResponse]:
        request = asking.request(
            ask,
            notification_url=self._config.notification_url if notify else "",
            notification_token=self._config.notification_token,
            known=self._known,
        )
        headers = {"A2A-Extensions": ", ".join(self._known)} if self._known else {}
        if self._streams is not None:
            return self._hear(self._streams.send(request, headers))
        context = ClientCallContext(
            timeout=None if self.streaming else self._config.answer_timeout,
            service_parameters=headers,
        )
        return self._hear(self._client.send_message(request, context=context))

    def subscribe(self, task: str) -> AsyncGenerator[StreamResponse]:
        """Hear a task from where it stands: a snapshot, then what happens."""
        request = SubscribeToTaskRequest(id=task)
        if self._streams is not None:
            return self._hear(self._streams.subscribe(request))
        return self._hear(self._client.subscribe(request))

    async def task(self, task: str) -> Task:
        """A task as it stands."""
        with _told(self._url):
            return await self._client.get_task(GetTaskRequest(id=task), context=self._brief)

    async def find(self, context: str, id: str) -> str | None:
        """The task in whose history message `id` is; None when the agent cannot tell."""
        token = ""
        for _ in range(_PAGES):
            request = ListTasksRequest(
                context_id=context, page_token=token, history_length=_MESSAGES
            )
            try:
                with _told(self._url):
                    page = await self._client.list_tasks(request, context=self._brief)
            except (AgentRefused, AgentBroken):
                # Many agents keep no list. To ask twice is better than never to ask.
                return None
            for task in page.tasks:
                if any(message.message_id == id for message in task.history):
                    return str(task.id)
            if not (token := page.next_page_token):
                break
        return None

    async def cancel(self, task: str) -> None:
        """Cancel a task, unless it has ended."""
        try:
            with _told(self._url):
                await self._client.cancel_task(CancelTaskRequest(id=task), context=self._brief)
        except _Ended:
            return

    async def _hear(self, stream: AsyncIterator[StreamResponse]) -> AsyncGenerator[StreamResponse]:
        with _told(self._url):
            try:
                async for response in stream:
                    yield response
            finally:
                if isinstance(stream, AsyncGenerator):
                    await stream.aclose()


class _Ended(AgentRefused):
    """The task cannot be cancelled any more."""


_UNREADABLE = (RecursionError, OverflowError, SystemError)
"""What JSON ten thousand levels deep raises, and protobuf for a number of hundreds of digits or
half a surrogate pair."""


@contextmanager
def _told(url: str) -> Iterator[None]:
    """Tell in our words whatever goes wrong between us and the agent."""
    try:
        yield
    except (A2AClientError, httpx.HTTPError) as error:
        cause = error if isinstance(error, httpx.HTTPError) else error.__cause__
        raise _network_trouble(url, error, cause) from None
    except a2a_errors.A2AError as error:
        raise _protocol_error(url, error) from None
    except NotImplementedError:
        raise AgentRefused(f"The agent at {url} does not offer this.") from None
    except (ParseError, ValueError, KeyError, TypeError, AttributeError, *_UNREADABLE):
        # What the SDK stumbles over when an answer has another shape than the protocol says.
        raise AgentBroken(f"The agent at {url} answered something that is not A2A.") from None


def _network_trouble(url: str, error: Exception, cause: BaseException | None) -> AgentError:
    match cause:
        case httpx.ConnectError() | httpx.ConnectTimeout() | httpx.PoolTimeout():
            return NeverArrived(f"Nothing answers at {url}. Is the agent running?")
        case httpx.TimeoutException():
            return AgentUnreachable(f"The agent at {url} fell silent.")
        case httpx.HTTPStatusError():
            return _bad_status(url, cause.response.status_code)
        case httpx.RequestError():
            return AgentUnreachable(f"The connection to the agent at {url} broke.")
    if isinstance(error, A2AClientTimeoutError):
        return AgentUnreachable(f"The agent at {url} fell silent.")
    return AgentBroken(f"The agent at {url} answered something that is not A2A.")


def _bad_status(url: str, status: int) -> AgentError:
    match status:
        case 401 | 403:
            return AgentDenied(f"The agent at {url} refuses us ({status}). Check AGENT_TOKEN.")
        case 408 | 425 | 429:
            return AgentUnreachable(f"The agent at {url} has no time for us (HTTP {status}).")
        case _ if status >= 500:  # noqa: PLR2004 - HTTP server errors
            return AgentUnreachable(f"The agent at {url} is out of order (HTTP {status}).")
        case 404 | 405 | 410:
            return AgentBroken(f"No agent speaks A2A at {url} (HTTP {status}). Check AGENT_URL.")
        case _ if status < 400:  # noqa: PLR2004 - HTTP redirects
            return AgentBroken(f"{url} points elsewhere (HTTP {status}). Correct AGENT_URL.")
        case _:
            return AgentRefused(f"The agent at {url} refuses the request (HTTP {status}).")


def _protocol_error(url: str, error: a2a_errors.A2AError) -> AgentError:
    name = type(error).__name__
    match error:
        case a2a_errors.TaskNotFoundError():
            return TaskUnknown(f"The agent at {url} does not know the task.")
        case a2a_errors.TaskNotCancelableError():
            return _Ended(f"The agent at {url} cannot cancel the task any more.")
        case _ if isinstance(error, _BROKEN):
            return AgentBroken(f"The agent at {url} failed ({name}).")
        case _:
            return AgentRefused(f"The agent at {url} refuses the request ({name}).")
