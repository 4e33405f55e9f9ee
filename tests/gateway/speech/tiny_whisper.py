"""A Whisper that fits in a few hundred kilobytes and knows nothing: real format, random weights."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

_WIDTH, _MELS, _HEADS = 16, 80, 2
_TIMES = 1501
_SPECIAL = [
    "<|endoftext|>",
    "<|startoftranscript|>",
    "<|en|>",
    "<|de|>",
    "<|translate|>",
    "<|transcribe|>",
    "<|startoflm|>",
    "<|startofprev|>",
    "<|nospeech|>",
    "<|notimestamps|>",
    *(f"<|{step * 0.02:.2f}|>" for step in range(_TIMES)),
]
_WORDS = ["Ġbuy", "Ġmilk", "Ġand", "Ġbread"]


def make(folder: Path) -> Path:
    """Write the model, as a converter would, and give its folder back."""
    import ctranslate2  # type: ignore[import-untyped]  # noqa: PLC0415 - heavy
    import tokenizers  # noqa: PLC0415 - heavy

    random = np.random.default_rng(7)
    spec = ctranslate2.specs.WhisperSpec(1, _HEADS, 1, _HEADS)
    words = [*_WORDS, *_SPECIAL]
    _fill(spec, random, len(words))
    spec.register_vocabulary(words)
    spec.config.suppress_ids = []
    spec.config.suppress_ids_begin = []
    spec.config.lang_ids = [words.index("<|en|>"), words.index("<|de|>")]
    spec.config.alignment_heads = [(0, 0)]
    spec.validate()
    folder.mkdir(parents=True, exist_ok=True)
    spec.save(str(folder))
    tokenizer = tokenizers.Tokenizer(
        tokenizers.models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="Ġand")
    )
    tokenizer.decoder = tokenizers.decoders.ByteLevel()
    tokenizer.add_special_tokens(_SPECIAL)
    tokenizer.save(str(folder / "tokenizer.json"))
    (folder / "preprocessor_config.json").write_text(json.dumps({"feature_size": _MELS}))
    return folder


def _fill(spec: Any, random: np.random.Generator, words: int) -> None:
    def weights(*shape: int) -> np.ndarray[Any, np.dtype[np.float32]]:
        return (random.standard_normal(shape) * 0.1).astype(np.float32)

    def linear(layer: Any, out: int, into: int) -> None:
        layer.weight, layer.bias = weights(out, into), weights(out)

    def norm(layer: Any) -> None:
        layer.gamma, layer.beta = np.ones(_WIDTH, np.float32), np.zeros(_WIDTH, np.float32)

    def attention(layer: Any, *, itself: bool) -> None:
        norm(layer.layer_norm)
        shapes = [3 * _WIDTH, _WIDTH] if itself else [_WIDTH, 2 * _WIDTH, _WIDTH]
        for part, out in zip(layer.linear, shapes, strict=True):
            linear(part, out, _WIDTH)

    def feed_forward(layer: Any) -> None:
        norm(layer.layer_norm)
        linear(layer.linear_0, 4 * _WIDTH, _WIDTH)
        linear(layer.linear_1, _WIDTH, 4 * _WIDTH)

    encoder, decoder = spec.encoder, spec.decoder
    encoder.conv1.weight, encoder.conv1.bias = weights(_WIDTH, _MELS, 3), weights(_WIDTH)
    encoder.conv2.weight, encoder.conv2.bias = weights(_WIDTH, _WIDTH, 3), weights(_WIDTH)
    encoder.position_encodings.encodings = weights(1500, _WIDTH)
    norm(encoder.layer_norm)
    for layer in encoder.layer:
        attention(layer.self_attention, itself=True)
        feed_forward(layer.ffn)
    decoder.embeddings.weight = weights(words, _WIDTH)
    decoder.position_encodings.encodings = weights(448, _WIDTH)
    decoder.projection.weight = weights(words, _WIDTH)
    norm(decoder.layer_norm)
    for layer in decoder.layer:
        attention(layer.self_attention, itself=True)
        attention(layer.attention, itself=False)
        feed_forward(layer.ffn)
