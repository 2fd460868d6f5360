# What owners may write anywhere.
owners-stats-usage = `!stats`: how the bot does
owners-reload-usage = `!reload`: read texts, lore and commands again
owners-clearstm-usage = `!clearstm`: forget what was said in this channel lately; `!clearstm all`: in every channel
owners-train-usage = `!train`: how a persona is taught
owners-stats-title = How the bot does
owners-stats-servers = This gateway
owners-stats-servers-are = { $guilds } servers, { $channels } channels, in { $known } of all known channels something was heard. Shard { $shard } of { $shards }, heartbeat { $heartbeat }, up { $hours } h, { $memory } MiB, { $invalid } invalid requests in ten minutes.
owners-stats-turns = Answers
owners-stats-turns-are = { $open } under way, { $answered } given; time to the whole answer: median { $median }, p95 { $p95 }.
owners-stats-refused = Refused
owners-stats-none = none
owners-stats-health = Parts
owners-stats-no-health = They cannot be asked just now.
owners-reload-texts = Read again: what the bot itself says, in { $languages }.
owners-reload-texts-failed = The bot's texts stay as they were: { $error }
owners-reload-lore = Read again: the lore of { $pack }. { $embedded } passages are new or changed, { $deleted } gone.
owners-reload-lore-failed = The lore stays as it was: { $error }
owners-reload-commands = Compared with Discord: { $count } commands, and registered where they differed.
owners-reload-not = Not read again, since that takes a restart: the personas' own files, settings and code.
owners-clearstm-done = Forgotten: what was said lately in { $count ->
    [one] one channel
   *[other] { $count } channels
}. What is remembered for long stays.
owners-clearstm-question = What was said lately in { $count ->
    [one] one channel
   *[other] all { $count } channels
} will be forgotten, for everybody.
owners-clearstm-button = Forget it
owners-train = Training cannot be started from Discord yet. On the machine itself it works: `python -m training.export --out var/dialogues` writes each persona's dialogues, `python -m training.lora --data <file> --out var/adapters/<name>` teaches from them, and `troupe adapter add <name> var/adapters/<name> --persona <id>` has that persona speak with it. Messages from Discord are never used for training.
