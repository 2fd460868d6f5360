# /finetune
finetune-title = Adapters over { $base }
finetune-when-asked = nobody unasked
finetune-none = none
finetune-none-yet = There are none. /finetune start tells how one is made.
finetune-status = { $adapters ->
    [one] One adapter
   *[other] { $adapters } adapters
} over `{ $base }`, with which { $personas ->
    [one] one persona speaks
   *[other] { $personas } personas speak
}. A training that runs is not followed here yet; it shows its progress where it was started.
finetune-start = A training is not started from Discord yet. Where the bot runs, this teaches { $name } from the pack's own dialogues:
    ```
    { "" }.venv/bin/python -m training.export --out var/dialogues
    { "" }.venv/bin/python -m training.lora --data var/dialogues/{ $id }/train.jsonl --out var/adapters/{ $id }
    troupe adapter add { $id } var/adapters/{ $id } --persona { $id }
    ```
    Nothing that people wrote on a server is in it: nobody here has agreed to that, and there is no way yet to do so.
finetune-unknown = There is no adapter “{ $name }”. There are: { $names }.
finetune-promoted = { $name } speaks with { $adapter } from now on. Nothing was evaluated or tried on a few answers first: that comes with a later version. /finetune rollback takes it back.
finetune-speaks-plainly = { $name } speaks with no adapter, so there is nothing to take back.
finetune-rolled-back = { $name } speaks without { $adapter } again.

# /analyze
analyze-later = The link leads to a public server ({ $host }), so it may be read. Reading and analysing what is behind links comes with a later version; nothing was fetched, and nothing is kept.
