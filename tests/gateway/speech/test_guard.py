"""What Whisper makes up is left out, and what people say is not."""

from __future__ import annotations

import pytest

from gateway.speech.guard import Segment, segments_of, words


def test_words_are_kept_as_they_were_told() -> None:
    assert words([Segment(" Buy milk"), Segment(" and bread.")]) == "Buy milk and bread."


def test_a_segment_of_silence_is_left_out() -> None:
    silent = Segment(" And then.", no_speech_prob=0.7, avg_logprob=-1.1)
    assert words([Segment(" Buy milk."), silent]) == "Buy milk."


@pytest.mark.parametrize(("no_speech", "logprob"), [(0.7, -0.5), (0.5, -1.5)])
def test_one_doubt_alone_is_not_enough(no_speech: float, logprob: float) -> None:
    segment = Segment(" Buy milk.", no_speech_prob=no_speech, avg_logprob=logprob)
    assert words([segment]) == "Buy milk."


def test_a_segment_that_goes_round_in_circles_is_left_out() -> None:
    assert words([Segment(" no no no no no no no no", compression_ratio=2.5)]) == ""


@pytest.mark.parametrize(
    "text",
    [
        "Thank you for watching!",
        "Thanks for watching, see you in the next video.",
        "Please subscribe to my channel.",
        "Subtitles by the Amara.org community",
        "Untertitel der Amara.org-Community",
        "Untertitel im Auftrag des ZDF für funk, 2017",
        "Vielen Dank fürs Zuschauen!",
        "Sous-titres réalisés par la communauté d'Amara.org",
        "Sous-titrage Société Radio-Canada",
        "Merci d'avoir regardé cette vidéo !",
        "Subtítulos realizados por la comunidad de Amara.org",
        "¡Gracias por ver el vídeo!",
    ],
)
def test_subtitles_are_left_out(text: str) -> None:
    assert words([Segment(text)]) == ""
    assert words([Segment(" Buy milk."), Segment(text)]) == "Buy milk."


@pytest.mark.parametrize(
    "text",
    [
        "Thank you.",
        "Thank you for watching the kids, remind me to pay you.",
        "Subscribe me to the newsletter.",
        "Merci beaucoup !",
        "Was heißt Untertitel auf Englisch?",
        "Bye.",
    ],
)
def test_what_people_say_is_kept(text: str) -> None:
    assert words([Segment(text)]) == text


def test_politeness_in_noise_is_left_out() -> None:
    assert words([Segment(" Thank you.", no_speech_prob=0.5)]) == ""
    assert words([Segment(" Buy milk.", no_speech_prob=0.5)]) == "Buy milk."


def test_what_it_was_told_to_expect_is_not_parroted() -> None:
    assert words([Segment(" Scaleway, Mathilda.")], "Scaleway, Mathilda.") == ""
    assert words([Segment(" Call Mathilda.")], "Scaleway, Mathilda.") == "Call Mathilda."


def test_marks_alone_are_no_words() -> None:
    assert words([Segment(" ...")]) == ""


def test_an_answer_without_segments_is_one() -> None:
    assert segments_of({"text": "hello"}) == [Segment("hello")]
    assert segments_of({"text": "hello", "segments": []}) == [Segment("hello")]


def test_segments_are_read_with_what_they_tell() -> None:
    told = {
        "text": " hello",
        "segments": [
            {
                "text": " hello",
                "no_speech_prob": 0.1,
                "avg_logprob": -0.2,
                "compression_ratio": None,
            },
            "odd",
        ],
    }
    assert segments_of(told) == [Segment(" hello", 0.1, -0.2, 1.0)]
