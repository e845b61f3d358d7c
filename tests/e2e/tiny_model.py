"""A real transformer small enough for a test: a Llama of one layer with random weights and a tokenizer trained here.

The files are written as Hugging Face lays them out, without importing torch: only the server that loads them needs it.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

TEMPLATE = "{% for m in messages %}<|{{ m.role }}|>{{ m.content }}\n{% endfor %}<|assistant|>"
WORDS = (
    "You are a retired nurse from Naples who sings in the choir, and the question is what you would do here.",
    "I would go to the harbour in the morning, mend the nets and talk with the others about the weather.",
    "Therefore, the final score is 4. Evaluation: the response is aligned with the persona.",
)
WIDTH = 16
ENDS = 10  # ids that end a reply, of about 400: a network without training speaks some forty tokens and stops
CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": WIDTH,
    "intermediate_size": 2 * WIDTH,
    "num_hidden_layers": 1,
    "num_attention_heads": 2,
    "num_key_value_heads": 2,
    "max_position_embeddings": 8192,
    "rms_norm_eps": 1e-6,
    "bos_token_id": 0,
    "eos_token_id": 0,
    "tie_word_embeddings": False,
    "torch_dtype": "float32",
}


def save_tiny_llama(folder: Path) -> Path:
    """Write the model and its tokenizer; the same weights every time."""
    from safetensors.numpy import save_file

    folder.mkdir(parents=True, exist_ok=True)
    size = _save_tokenizer(folder)
    save_file(_weights(size), folder / "model.safetensors", metadata={"format": "pt"})
    _write(folder / "config.json", CONFIG | {"vocab_size": size})
    _write(folder / "generation_config.json", {"eos_token_id": list(range(ENDS)), "pad_token_id": 0})
    return folder


def _save_tokenizer(folder: Path) -> int:
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    raw = Tokenizer(models.BPE())
    raw.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    raw.decoder = decoders.ByteLevel()
    alphabet = pre_tokenizers.ByteLevel.alphabet()
    trainer = trainers.BpeTrainer(
        vocab_size=400, special_tokens=["<end>"], initial_alphabet=alphabet, show_progress=False
    )
    raw.train_from_iterator(WORDS, trainer)
    raw.save(str(folder / "tokenizer.json"))
    known = {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<end>", "pad_token": "<end>"}
    _write(folder / "tokenizer_config.json", known | {"chat_template": TEMPLATE, "model_max_length": 8192})
    return int(raw.get_vocab_size())


def _weights(vocabulary: int) -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    square, wide = (WIDTH, WIDTH), (2 * WIDTH, WIDTH)
    shapes = {"embed_tokens": (vocabulary, WIDTH)}
    shapes |= {f"layers.0.self_attn.{name}_proj": square for name in "qkvo"}
    shapes |= {"layers.0.mlp.gate_proj": wide, "layers.0.mlp.up_proj": wide, "layers.0.mlp.down_proj": wide[::-1]}
    found = {f"model.{name}.weight": draw.normal(0, 0.02, shape).astype(np.float32) for name, shape in shapes.items()}
    for name in ("layers.0.input_layernorm", "layers.0.post_attention_layernorm", "norm"):
        found[f"model.{name}.weight"] = np.ones(WIDTH, np.float32)
    return found | {"lm_head.weight": draw.normal(0, 0.02, (vocabulary, WIDTH)).astype(np.float32)}


def _write(path: Path, data: object) -> None:
    path.write_text(json.dumps(data), encoding="utf-8")
