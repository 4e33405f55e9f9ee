"""Who wants to be answered aloud."""

from __future__ import annotations

import pytest

from channels.events import File, Text, Transcript
from gateway.turns import aloud
from tests.gateway.turns.test_question import stored, turn

ASKED = [
    "Reply by voice",
    "answer with voice please",
    "What's on my list? Answer in a voice message.",
    "can you tell me the time with your voice",
    "please read it out loud",
    "send me a voice note with my list",
    "read my list aloud",
    "Antworte bitte per Sprachnachricht",
    "Was steht auf meiner Liste? Antworte mit Stimme.",
    "lies mir vor",
    "Schick mir eine Sprachnachricht",
    "Kannst du mir das sagen? Sag es mir laut",
    "Réponds par message vocal",
    "Répondez-moi en vocal, s'il vous plaît",
    "Dis-moi l'heure à voix haute",
    "envoie-moi un vocal",
    "Responde por voz",
    "Contéstame con un mensaje de voz",
    "dime la hora en voz alta",
    "mándame una nota de voz",
]

NOT_ASKED = [
    "what's on my list",
    "remind me to reply to Bob by voice",
    "add a task: practise my voice",
    "I lost my voice",
    "don't answer by voice",
    "answer me, but not by voice",
    "tell Bob that the choir has a new voice",
    "Antworte nicht per Sprachnachricht",
    "Meine Stimme ist weg",
    "ne réponds pas par message vocal",
    "he perdido la voz",
    "no respondas por voz",
    "",
]


@pytest.mark.parametrize("text", ASKED)
def test_a_spoken_answer_can_be_asked_for(text: str) -> None:
    assert aloud.asked(text)


@pytest.mark.parametrize("text", NOT_ASKED)
def test_talking_of_voices_is_not_asking_for_one(text: str) -> None:
    assert not aloud.asked(text)


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        ("What's on my list? Answer by voice, please", "What's on my list?"),
        ("answer with voice: what's on my list?", "what's on my list?"),
        ("tell me the time with your voice", "tell me the time"),
        ("tell me the time and answer by voice", "tell me the time"),
        ("read my list aloud", "read my list"),
        ("Was steht an? Antworte per Sprachnachricht", "Was steht an?"),
        ("Quelle heure est-il ? Réponds par message vocal", "Quelle heure est-il ?"),
        ("dime la hora en voz alta", "dime la hora"),
        ("Reply by voice please", "Reply by voice please"),
    ],
)
def test_the_agent_is_left_with_the_question(text: str, rest: str) -> None:
    assert aloud.without_request(text) == rest


VOICE = File("v.ogg", "audio/ogg", id="f1", kind="voice")
NOTE = turn(stored(VOICE, Transcript("what's on my list")))
ASKING = turn(stored(VOICE, Transcript("what's on my list, answer by voice")))
TYPED = turn(stored(Text("hello")))
TYPED_ASKING = turn(stored(Text("answer by voice: hello")))
ON_THE_LINE = turn(stored(Transcript("answer by voice")))


def test_who_asks_is_answered_aloud_unless_it_is_never_done() -> None:
    for policy in ("asked", "always"):
        assert aloud.wanted(ASKING, policy)
        assert aloud.wanted(TYPED_ASKING, policy)
    assert not aloud.wanted(ASKING, "never")


def test_who_sends_voice_gets_voice_only_where_it_is_always_done() -> None:
    assert aloud.wanted(NOTE, "always")
    assert not aloud.wanted(NOTE, "asked")
    assert not aloud.wanted(TYPED, "always")


def test_on_the_line_nothing_is_spoken_twice() -> None:
    assert not aloud.wanted(ON_THE_LINE, "always")
