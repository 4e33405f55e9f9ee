"""What is said to the recogniser that knows only phrases: some of them, and what is none."""

from __future__ import annotations

import random

from channels.events import PHONE
from gateway.speech.base import Speech
from gateway.speech.phrases import Phrase, PhraseBook
from tests.voices import speech

OF_EACH_RULE = 3
BEFORE, AFTER = 0.3, 0.1
"""Seconds of quiet that a turn's sound has at its ends."""

FOREIGN = (
    "the weather is nice in paris",
    "i would like to order a large pizza with cheese",
    "my account number is seven four two",
    "can you tell me a joke about cats",
    "who won the football game last night",
    "please play some jazz music",
    "what is the capital of france",
    "turn on the lights in the kitchen",
    "i think we should meet next week",
    "the quick brown fox jumps over the lazy dog",
    "how much does a ticket to london cost",
    "is it going to rain this afternoon",
    "my dog is sleeping on the sofa",
    "could you check the train to boston",
    "there is a problem with my internet connection",
    "i am calling about the invoice from last month",
    "send an email to john smith",
    "how far is the airport",
    "she sells sea shells by the sea shore",
    "we are having dinner with friends",
    "the meeting was moved to another room",
    "tell my wife that i will be late",
    "open the garage door",
    "which movies are playing",
    "where did i park my car",
    "translate this into german",
    "forty two plus eighteen",
    "i lost my credit card yesterday",
    "it does not work at all",
    "what do you think about politics",
)


def sample(book: PhraseBook, of_each: int = OF_EACH_RULE) -> list[Phrase]:
    """Some phrases of each rule, the same ones every time."""
    rules: dict[str, list[Phrase]] = {}
    for phrase in book:
        rules.setdefault(phrase.rule, []).append(phrase)
    chosen = random.Random(4)  # noqa: S311 - a sample, not a secret
    return [
        phrase
        for phrases in rules.values()
        for phrase in chosen.sample(phrases, min(of_each, len(phrases)))
    ]


def said(text: str, voice: str = "en-us") -> Speech:
    """The text on a phone line with its noise, as long as a turn that was listened to."""
    clip = speech(text, voice=voice)
    start, end = clip.speech_start - BEFORE, clip.speech_end + AFTER
    rate = PHONE.bytes_per_second
    return Speech(clip.audio[round(max(start, 0) * rate) : round(end * rate)], PHONE)
