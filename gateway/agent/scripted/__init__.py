"""An A2A agent that plays scripts: the double for tests, benchmarks and `frontdoor sim agent`.

It speaks the real wire, through the SDK's own server routes, and is as unreliable as its script
(see `scripts`) and its traits say. Slow to import, as the SDK's server is.
"""

from gateway.agent.scripted.agent import ScriptedAgent, run
from gateway.agent.scripted.plays import Received, by_keyword
from gateway.agent.scripted.stage import Traits

__all__ = ["Received", "ScriptedAgent", "Traits", "by_keyword", "run"]
