rag-title = Lore: { $query }
rag-nothing = Darüber sagt die Lore nichts. Versuch es mit anderen Worten.
rag-source = { $source } · Wertung { $score }
rag-passages = { $count ->
    [one] eine Stelle
   *[other] { $count } Stellen
}
rag-sources-title = Woraus die Lore von { $pack } besteht
rag-no-sources = Dieses Pack hat keine Lore. Wer den Bot betreibt, kann welche in den Ordner lore des Packs legen.
