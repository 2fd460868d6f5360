# Names and descriptions of commands, as Discord shows them.
command-rag =
    .name = rag
    .description = Look into the lore the personas draw on.
command-rag-query =
    .name = query
    .description = Find what the lore says about something.
command-rag-query-option-query =
    .name = query
    .description = What to look for, in your own words.
command-rag-sources =
    .name = sources
    .description = Which documents the lore is made of.
