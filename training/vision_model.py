"""The architecture of the bundled vision model, its tokenizer, and how both are written to disk.

A small ResNet sees, two transformer layers relate what is where (together transformers' hybrid DPT), and a small GPT-2
with cross-attention answers: a `VisionEncoderDecoderModel`. A conversation with it is one line of tokens:

    <ask> What does it say? <say> It says "LAMP". <end>
"""

from __future__ import annotations

import copy
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    DPTConfig,
    GenerationConfig,
    GPT2Config,
    PreTrainedTokenizerFast,
    ResNetConfig,
    VisionEncoderDecoderConfig,
    VisionEncoderDecoderModel,
)
from transformers.models.vit.image_processing_pil_vit import ViTImageProcessorPil

from training.pictures import SIDE

PAD, ASK, SAY, END = "<pad>", "<ask>", "<say>", "<end>"
CHAT_TEMPLATE = f"{{% for message in messages %}}{ASK}{{{{ message.content }}}}{SAY}{{% endfor %}}"
VOCABULARY = 800
WINDOW = 96  # tokens of a question and its answer
CELL = 16  # pixels of the picture behind one token of the encoder
WIDTH = 192
STAGES = (48, 96, WIDTH)


def train_tokenizer(texts: Iterable[str]) -> Tokenizer:
    """A byte-level BPE whose words stay words while capitals in a row are letters: words are read letter by letter."""
    tokenizer = Tokenizer(models.BPE())
    words = Regex(r"(?<=[A-Z ])[A-Z](?=[A-Z\"])|[A-Z](?=[A-Z\"])|(?<=[A-Z])[A-Z]| ?[A-Z]?[a-z]+|[\s\S]")
    tokenizer.pre_tokenizer = pre_tokenizers.Sequence(
        [pre_tokenizers.Split(words, "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)]
    )
    tokenizer.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[PAD, ASK, SAY, END],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    tokenizer.train_from_iterator(texts, trainer)
    return tokenizer


def new_model(tokenizer: Tokenizer, *, seed: int, width: int = WIDTH, stages: tuple[int, int, int] = STAGES) -> Any:
    """A fresh model, about 2.5M parameters at the default size."""
    torch.manual_seed(seed)
    encoder = DPTConfig(
        is_hybrid=True,
        image_size=SIDE,
        patch_size=CELL,
        hidden_size=width,
        num_hidden_layers=2,
        num_attention_heads=width // 64,
        intermediate_size=2 * width,
        hidden_act="relu",
        layer_norm_eps=1e-6,
        pooler_output_size=1,  # not used here, so as small as it gets
        backbone_featmap_shape=[1, stages[-1], SIDE // CELL, SIDE // CELL],
        backbone_config=ResNetConfig(
            embedding_size=32,
            hidden_sizes=list(stages),
            depths=[1, 1, 1],
            layer_type="basic",
            out_features=["stage1", "stage2", "stage3"],
        ),
    )
    decoder = GPT2Config(
        vocab_size=tokenizer.get_vocab_size(),
        n_positions=WINDOW,
        n_embd=width,
        n_layer=2,
        n_head=width // 64,
        n_inner=2 * width,
        activation_function="relu",
        resid_pdrop=0.0,
        embd_pdrop=0.0,
        attn_pdrop=0.0,
        is_decoder=True,
        add_cross_attention=True,
        tie_word_embeddings=False,
        bos_token_id=tokenizer.token_to_id(ASK),
        eos_token_id=tokenizer.token_to_id(END),
        pad_token_id=tokenizer.token_to_id(PAD),
    )
    config = VisionEncoderDecoderConfig.from_encoder_decoder_configs(encoder, decoder)
    config.decoder_start_token_id = tokenizer.token_to_id(ASK)
    config.eos_token_id = tokenizer.token_to_id(END)
    config.pad_token_id = tokenizer.token_to_id(PAD)
    model = VisionEncoderDecoderModel(config).to(memory_format=torch.channels_last)
    model.set_attn_implementation("eager")  # on a CPU and for sequences this short much faster than fused kernels
    return model


def save_model(model: Any, tokenizer: Tokenizer, folder: Path) -> None:
    """Write what transformers loads: weights as bfloat16, tokenizer, image processor, and greedy generation."""
    folder.mkdir(parents=True, exist_ok=True)
    saved = copy.deepcopy(model).eval().to(torch.bfloat16, memory_format=torch.contiguous_format)
    saved.config.dtype = torch.bfloat16
    saved.generation_config = GenerationConfig(
        decoder_start_token_id=tokenizer.token_to_id(ASK),
        eos_token_id=tokenizer.token_to_id(END),
        pad_token_id=tokenizer.token_to_id(PAD),
        do_sample=False,
        max_length=WINDOW,
    )
    saved.save_pretrained(folder)
    (folder / "model.safetensors").chmod(0o644)  # it is written for its owner alone
    fast = PreTrainedTokenizerFast(
        tokenizer_object=tokenizer, pad_token=PAD, eos_token=END, bos_token=ASK, model_max_length=WINDOW
    )
    fast.chat_template = CHAT_TEMPLATE
    fast.save_pretrained(folder)
    ViTImageProcessorPil(
        size={"height": SIDE, "width": SIDE}, image_mean=[0.5, 0.5, 0.5], image_std=[0.5, 0.5, 0.5]
    ).save_pretrained(folder)
