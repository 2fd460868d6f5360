# /rag
rag-title = Lore: { $query }
rag-nothing = The lore says nothing about that. Try other words.
rag-source = { $source } · score { $score }
rag-passages = { $count ->
    [one] one passage
   *[other] { $count } passages
}
rag-sources-title = What the lore of { $pack } is made of
rag-no-sources = This pack has no lore. Whoever runs the bot can add some to the folder lore of the pack.
