"""Every setting of Troupe, validated once at start. `.env.example` is generated from this class (`make env-example`).

A setting is read from the environment, then from `.env`. Names are the field names in capitals. Anything wrong is a
`ConfigError` that names the variable and the fix; nothing is silently corrected.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import AliasChoices, Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from core import limits
from core.errors import ConfigError
from core.messages import FilterLevel
from core.profiles import load_profile

SINGLE_CHANNEL_WINDOW = 20
ROOT = Path(__file__).resolve().parent.parent


class Settings(BaseSettings):
    """All settings. Groups follow the rooms; each description is what `.env.example` prints above the variable."""

    model_config = SettingsConfigDict(
        env_file=ROOT / ".env", env_file_encoding="utf-8", extra="ignore", env_ignore_empty=True
    )

    # Discord
    discord_token: SecretStr | None = Field(
        default=None,
        validation_alias=AliasChoices("DISCORD_TOKEN", "DISCORD_BOT_TOKEN"),
        description="Bot token from Discord's developer portal. Without one, Troupe joins its own local Discord.",
    )
    discord_api_url: str | None = Field(
        default=None, description="REST base of a Discord-compatible server, e.g. http://127.0.0.1:8787/api/v10."
    )
    discord_gateway_url: str | None = Field(
        default=None, description="WebSocket base of a Discord-compatible gateway, e.g. ws://127.0.0.1:8787/gateway."
    )
    discord_cdn_url: str | None = Field(
        default=None, description="CDN base of a Discord-compatible server, e.g. http://127.0.0.1:8787/cdn."
    )
    discord_channel_id: str | None = Field(
        default=None,
        pattern=r"^\d{1,19}$",
        description="The one channel to be in. Then only mentions and replies there (and in its threads) are answered, "
        "and 20 messages are remembered unless MEMORY_WINDOW says otherwise.",
    )
    owner_ids: str | None = Field(
        default=None,
        pattern=r"^\s*\d{1,19}(\s*,\s*\d{1,19})*\s*$",
        description="Discord ids, separated by commas, of people who may do what the application's owner and team may.",
    )
    shard_count: int = Field(
        default=1,
        ge=1,
        le=256,
        description="Gateway processes, each with a share of the servers (a shard). Discord asks for one per 2,500.",
    )
    rate_mentions_per_minute: float = Field(
        default=30, ge=0, description="Messages to the cast that one person may send a minute. 0: no limit."
    )
    rate_commands_per_minute: float = Field(
        default=60, ge=0, description="Commands that one person may use a minute. 0: no limit."
    )
    quota_user: str | None = Field(
        default=None,
        description="Answers and tokens for one person on a server, such as `requests/hour=60 tokens/day=200000`; "
        "requests or tokens, an hour or a day. A server may set others. Default: no limit.",
    )
    quota_guild: str | None = Field(
        default=None, description="The same for a whole server, which may set less for itself, never more."
    )
    local_discord_host: str = Field(
        default="127.0.0.1", description="Where the local Discord listens. Anything but loopback lets others in."
    )
    local_discord_port: int = Field(
        default=8787, ge=1, le=65535, description="Port of the local Discord and chat page."
    )

    # Data
    data_dir: Path = Field(default=ROOT / "var", description="Where all state lives: database, vectors, logs, pids.")
    mongodb_uri: SecretStr | None = Field(
        default=None, description="A MongoDB server. Without one, Troupe starts an embedded database in DATA_DIR."
    )
    mongodb_database: str = Field(default="troupe", pattern=r"^[a-z][a-z0-9_]{0,37}$", description="Database name.")
    database_port: int = Field(default=27117, ge=1, le=65535, description="Port of the embedded database.")
    milvus_uri: str | None = Field(
        default=None, description="A Milvus server. Without one, Milvus Lite keeps vectors in a file in DATA_DIR."
    )
    pack: str = Field(default="communiverse", description="The persona pack: a folder in packs/, or a path to one.")

    # Models
    profile: str | None = Field(
        default=None,
        pattern=r"^[a-z0-9][a-z0-9-]*$",
        description="A set of settings for a kind of machine (`troupe profile list`). What is set here wins.",
    )
    llm_model: str = Field(
        default=str(ROOT / "models" / "troupe-small"),
        description="The language model: a Hugging Face id or a folder. The default is the small bundled model.",
    )
    llm_max_model_len: int | None = Field(
        default=None, ge=128, description="Context window in tokens. Default: the model's own."
    )
    llm_dtype: Literal["auto", "float32", "float16", "bfloat16"] = Field(
        default="auto", description="Weights' type. auto: float32 on a CPU, the model's own on a GPU."
    )
    use_8bit: bool = Field(
        default=False, description="Load LLM_MODEL with weights of 8 bits (FP8), half the memory. Needs a GPU."
    )
    use_4bit: bool = Field(
        default=False, description="Load LLM_MODEL with weights of 4 bits (bitsandbytes), for small cards. Needs a GPU."
    )
    pytorch_cuda_alloc_conf: str = Field(
        default="max_split_size_mb:256,expandable_segments:True",
        pattern=r"^([a-z_0-9]+:[A-Za-z0-9.\[\]>_-]+(,[a-z_0-9]+:[A-Za-z0-9.\[\]>_-]+)*)?$",
        description="How PyTorch divides a GPU's memory: `option:value`, separated by commas.",
    )
    llm_max_num_seqs: int = Field(default=64, ge=1, le=1024, description="Sequences the engine works on at once.")
    llm_cpu_threads: int | None = Field(
        default=None, ge=1, description="Threads of the engine on a CPU. Default: half of the cores."
    )
    llm_gpu_slice: float = Field(
        default=0.7, gt=0, le=1, description="The LLM's share of a GPU: what Ray books and what vLLM may take."
    )
    embeddings_gpu_slice: float = Field(
        default=0.1, gt=0, le=1, description="The embedding model's share of a GPU: what Ray books and torch may take."
    )
    training_gpu_slice: float = Field(
        default=0.2, ge=0, le=1, description="Training's share of a GPU. 0 leaves no room for training beside serving."
    )
    openai_base_url: str | None = Field(
        default=None,
        description="An OpenAI-compatible endpoint (Ollama, llama.cpp, OpenRouter…) to use instead of vLLM.",
    )
    openai_api_key: SecretStr | None = Field(default=None, description="Key for OPENAI_BASE_URL, where it wants one.")
    finetuned_model_enabled: bool = Field(default=False, description="Load the adapter of FINETUNED_ADAPTER_PATH.")
    finetuned_base_model: str | None = Field(
        default=None, description="The model that adapter was trained on; it takes the place of LLM_MODEL."
    )
    finetuned_adapter_path: Path | None = Field(
        default=None, description="Folder of a LoRA adapter, as `training.lora` writes it."
    )
    finetuned_use_for_personas: bool = Field(
        default=True, description="Have every persona that has no adapter of its own speak with it."
    )
    vlm_model: str | None = Field(
        default=None,
        description="A vision language model, in vLLM or at OPENAI_BASE_URL. Default: the small bundled one.",
    )
    vlm_gpu_slice: float = Field(
        default=0.2, gt=0, le=1, description="The share of a GPU of VLM_MODEL: what Ray books and what vLLM may take."
    )
    vlm_ocr: bool = Field(default=True, description="Read what is written in pictures (OCR), too.")
    embedding_model: str | None = Field(
        default=None, description="A sentence-transformers model. Default: the packaged all-MiniLM-L6-v2."
    )
    summary_model: str | None = Field(
        default=None,
        description="A summariser like BART (folder or Hugging Face id) that puts a channel's notes in fewer words.",
    )
    preload_llm: bool = Field(default=True, description="Keep the LLM loaded. false: scale to zero when idle.")
    preload_embeddings: bool = Field(default=True, description="Keep the embedding model loaded.")
    preload_vlm: bool = Field(
        default=False, description="Keep the vision model loaded. false: it loads with the first picture."
    )
    idle_unload_s: float = Field(default=600, ge=1, description="Idle seconds before an on-demand model is unloaded.")
    llm_sleep_s: float | None = Field(
        default=None,
        ge=1,
        description="Idle seconds until a loaded LLM gives its GPU memory back, to wake in a moment. Needs a GPU.",
    )
    prewarm: bool = Field(
        default=True, description="Wake a language model that sleeps when idle as soon as somebody types to the cast."
    )
    speculation: bool = Field(
        default=False,
        description="When somebody in conversation with the cast begins to type, have the language model read "
        "beforehand what the answer will be written from. Not for remote models.",
    )
    reply_max_tokens: int = Field(default=160, ge=8, le=4096, description="Longest reply of a persona, in tokens.")
    reply_temperature: float | None = Field(
        default=None,
        ge=0,
        le=2,
        description="Sampling temperature of replies. Default: what the model itself recommends.",
    )
    reply_deadline_s: float = Field(
        default=30, gt=0, description="Seconds a person waits at most; then the persona answers from the lore alone."
    )

    # Conversation
    memory_window: int = Field(default=10, ge=1, le=200, description="Messages a persona remembers per channel.")
    memory_ttl_s: float = Field(default=1800, gt=0, description="Seconds until a remembered message is forgotten.")
    memory_recall_limit: int = Field(
        default=4,
        ge=0,
        le=20,
        description="Long-term memories given to the model per reply. 0: nothing is kept for long, nothing recalled.",
    )
    memory_half_life_days: float = Field(
        default=14, gt=0, description="Days after which a long-term memory's recency counts half."
    )
    memory_weight_meaning: float = Field(
        default=0.75, ge=0, description="Weight of likeness in meaning in a long-term memory's score."
    )
    memory_weight_recency: float = Field(default=0.15, ge=0, description="Weight of recency in that score.")
    memory_weight_engagement: float = Field(
        default=0.1, ge=0, description="Weight of repetitions and replies in that score."
    )
    memory_least_cosine: float = Field(
        default=0.32,
        ge=0,
        le=1,
        description="Least likeness in meaning of a memory that is recalled. Depends on the embedding model.",
    )
    keyword_cooldown_s: float = Field(default=60, ge=0, description="Seconds between two keyword replies in a channel.")
    mention_cooldown_s: float = Field(
        default=0, ge=0, description="Seconds between two replies to mentions by one person in a channel."
    )
    auto_reply_channels: str | None = Field(
        default=None,
        description="Ids of channels, separated by commas, in which the cast also answers what nobody addressed to it; "
        "* for all.",
    )
    relevance_threshold: float = Field(
        default=0.3,
        ge=-1,
        le=1,
        description="In them a line is answered that is so near (cosine) to the lore or to a persona.",
    )
    relevance_threshold_running: float = Field(
        default=0.15, ge=-1, le=1, description="The same while a conversation with the cast runs."
    )
    random_reply_chance: float = Field(
        default=0.02, ge=0, le=1, description="Share of the other lines there that are answered by chance."
    )
    catch_up_messages: int = Field(default=50, ge=0, le=100, description="Missed messages read per channel on return.")
    catch_up_age_s: float = Field(default=900, ge=0, description="Oldest missed message that is still answered.")
    join_bursts: bool = Field(
        default=True,
        description="Answer once what one person sends in a row before the answer begins. false: each by itself.",
    )
    talk_points: bool = Field(
        default=True,
        description="Points for talking with the cast, a few a day; a server can do without. false: nowhere.",
    )
    typing_wait_s: float = Field(
        default=1.5,
        ge=0,
        le=10,
        description="Seconds that the first post of an answer waits for whoever asked to finish typing more.",
    )
    reply_buttons: bool = Field(
        default=True, description="Put Stop and Regenerate below answers, for whoever asked and for moderators."
    )
    jobs_at_once: int = Field(
        default=4, ge=1, le=64, description="Jobs that run at once, each in a process of its own."
    )
    retrieval_limit: int = Field(default=3, ge=0, le=20, description="Lore passages given to the model per reply.")
    retrieval_least_cosine: float = Field(
        default=0.37, ge=0, le=1, description="Least likeness in meaning of a passage. Depends on the embedding model."
    )
    retrieval_least_bm25: float = Field(
        default=8.0, ge=0, description="Least BM25 score of a passage that is found by its words."
    )
    retrieval_limit_lore: int | None = Field(
        default=None,
        ge=0,
        le=20,
        description="The same for questions about the cast's world. Default: two more, but not for the bundled model.",
    )
    style_hints: bool | None = Field(
        default=None,
        description="Tell the model the language and mood of what it answers, and how to better a reply that cannot be "
        "used. Default: yes, but not for the small bundled model, which was taught without.",
    )
    content_filter: FilterLevel = Field(
        default="medium",
        description="What is neither answered nor said: off (only the worst), low (slurs, threats, explicit violence), "
        "medium (more of these, and personal data), high (swear words and suggestive talk, too). Sexual talk is only "
        "for channels that Discord calls age-restricted.",
    )

    # Ray
    ray_address: str | None = Field(
        default=None, description="An existing Ray cluster. Without one, Troupe starts one."
    )
    actor_hosts: int = Field(default=2, ge=1, le=256, description="Host processes for the virtual actors.")
    api_host: str = Field(default="127.0.0.1", description="Where the HTTP API listens.")
    api_port: int = Field(default=8000, ge=1, le=65535, description="Port of the HTTP API.")
    api_keys: SecretStr | None = Field(
        default=None,
        description="Keys for the HTTP API, separated by commas, sent as bearer tokens. Without any it asks for none.",
    )
    dashboard_port: int = Field(default=8265, ge=1, le=65535, description="Port of the Ray dashboard.")
    num_gpus: float | None = Field(default=None, ge=0, description="Logical GPUs for Ray. Default: what Ray finds.")

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field(default="INFO", description="Least level logged.")

    @model_validator(mode="after")
    def _one_width(self) -> Self:
        if self.use_8bit and self.use_4bit:
            raise ValueError("USE_8BIT and USE_4BIT exclude each other: set one of them")
        return self

    @model_validator(mode="after")
    def _finetuned(self) -> Self:
        if not self.finetuned_model_enabled:
            return self
        if self.finetuned_adapter_path is None:
            raise ValueError("FINETUNED_MODEL_ENABLED needs FINETUNED_ADAPTER_PATH: set it to the adapter's folder")
        if self.finetuned_base_model is not None:
            if "llm_model" in self.model_fields_set and self.llm_model != self.finetuned_base_model:
                raise ValueError("LLM_MODEL and FINETUNED_BASE_MODEL differ: leave one of them out")
            self.llm_model = self.finetuned_base_model
        return self

    @field_validator("discord_api_url", "discord_gateway_url", "discord_cdn_url", "openai_base_url")
    @classmethod
    def _no_trailing_slash(cls, value: str | None) -> str | None:
        return value.rstrip("/") if value else value

    @field_validator("quota_user", "quota_guild")
    @classmethod
    def _limits(cls, value: str | None) -> str | None:
        limits.parsed(value)
        return value

    @field_validator("pytorch_cuda_alloc_conf")
    @classmethod
    def _as_pytorch_spells_it(cls, value: str) -> str:
        # PyTorch ends the process over a `true` in small letters, when the model takes its first memory.
        return value.replace(":true", ":True").replace(":false", ":False")

    @field_validator("data_dir", "finetuned_adapter_path")
    @classmethod
    def _path_inside_project(cls, value: Path | None) -> Path | None:
        return value if value is None or value.is_absolute() else ROOT / value

    @field_validator("llm_model", "vlm_model", "embedding_model", "summary_model", "finetuned_base_model")
    @classmethod
    def _folder_inside_project(cls, value: str | None) -> str | None:
        # A relative folder means one of this project, whatever directory a Ray worker runs in.
        return str(ROOT / value) if value and not Path(value).is_absolute() and (ROOT / value).is_dir() else value

    @cached_property
    def api_key_list(self) -> tuple[str, ...]:
        """The keys that the HTTP API takes; empty where it asks for none."""
        given = self.api_keys.get_secret_value() if self.api_keys else ""
        return tuple(key for part in given.split(",") if (key := part.strip()))

    @cached_property
    def api_headers(self) -> dict[str, str]:
        """The header by which the HTTP API knows this installation's own commands."""
        return {"Authorization": f"Bearer {self.api_key_list[0]}"} if self.api_key_list else {}

    @cached_property
    def owners(self) -> frozenset[str]:
        """Ids of those who may do what the application's owner may."""
        return frozenset(part.strip() for part in (self.owner_ids or "").split(",") if part.strip())

    @cached_property
    def auto_reply_channel_ids(self) -> frozenset[str]:
        """The channels in which the cast also speaks unasked."""
        return frozenset(part.strip() for part in (self.auto_reply_channels or "").split(",") if part.strip())

    @cached_property
    def conversation_window(self) -> int:
        """Messages remembered per channel: more where there is only one."""
        single = self.discord_channel_id is not None and "memory_window" not in self.model_fields_set
        return SINGLE_CHANNEL_WINDOW if single else self.memory_window

    @cached_property
    def llm_sleeps(self) -> bool:
        """True where the language model is unloaded or put to sleep while nobody asks."""
        return self.openai_base_url is None and (not self.preload_llm or self.llm_sleep_s is not None)

    @cached_property
    def local_discord(self) -> bool:
        """True where Troupe brings its own Discord: no token and no server given."""
        return self.discord_token is None and self.discord_api_url is None

    @cached_property
    def pack_dir(self) -> Path:
        """The folder of the pack: a name inside packs/, or a path."""
        named = ROOT / "packs" / self.pack
        return named if named.is_dir() else Path(self.pack)


def load_settings(profile: Mapping[str, Any] | None = None) -> Settings:
    """The settings from the environment, from `.env`, and below them those of PROFILE, or of the `profile` given
    (values by names in capitals). Raises ConfigError naming the first wrong variable."""
    try:
        own = Settings()
        if profile is None:
            profile = load_profile(own.profile).settings if own.profile else {}
        missing = {name: value for name, value in _fields(profile).items() if name not in own.model_fields_set}
        return Settings(**missing) if missing else own
    except ValidationError as error:
        first = error.errors()[0]
        name = str(first["loc"][0]).upper() if first["loc"] else "settings"
        given = first.get("input")
        raise ConfigError(
            f"{first['msg']} (given: {'***' if 'TOKEN' in name or 'KEY' in name or 'URI' in name else given!r}).",
            field=name,
            fix="Correct it in .env or in the environment; `.env.example` describes every setting.",
        ) from None


def _fields(profile: Mapping[str, Any]) -> dict[str, Any]:
    """A profile's values by field. Raises ConfigError for what is no setting, or none that a profile may set."""
    for name in profile:
        field = Settings.model_fields.get(name.lower())
        if name != name.upper() or field is None or field.validation_alias or "SecretStr" in str(field.annotation):
            raise ConfigError(
                f"A profile cannot set {name}.",
                field=name,
                fix="It may set what `.env.example` lists, in capitals, but for tokens, keys and URIs.",
            )
    return {name.lower(): value for name, value in profile.items() if name != "PROFILE"}
