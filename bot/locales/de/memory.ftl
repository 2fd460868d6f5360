memory-nothing = Über dich ist nichts gespeichert.
memory-title = Was über dich gespeichert ist
memory-exported = { $count ->
    [one] Eine Sache
   *[other] { $count } Sachen, die älteste zuerst
}.
memory-forget-question = { $count ->
    [one] Eine Sache über dich wird
   *[other] { $count } Sachen über dich werden
} endgültig gelöscht. Was in Discord steht, bleibt dort.
memory-forget-button = Alles vergessen
memory-forgotten = Erledigt. { $count ->
    [one] Eine Sache
   *[other] { $count } Sachen
} vergessen.
memory-off-here = Erledigt. Auf diesem Server wird nichts mehr, was du sagst, für länger behalten, und { $count ->
    [one] eine Sache ist
   *[other] { $count } Sachen sind
} vergessen. Die letzten Zeilen eines Kanals sind noch eine Weile bekannt; /gedächtnis vergessen leert auch die.
memory-off-everywhere = Erledigt. Nirgends wird mehr etwas, was du sagst, für länger behalten, und { $count ->
    [one] eine Sache ist
   *[other] { $count } Sachen sind
} vergessen. Die letzten Zeilen eines Kanals sind noch eine Weile bekannt; /gedächtnis vergessen leert auch die.
memory-on = Erledigt. Was du ab jetzt sagst, darf behalten werden.
memory-still-off = Du hast das Gedächtnis überall ausgeschaltet. `/gedächtnis an` ohne `nur_hier` nimmt das zurück.
memory-taught = Das Ensemble weiß jetzt: { $text }
memory-purge-question = Das Ensemble wird alles vergessen, was auf diesem Server gesagt wurde, von allen.
memory-purge-button = Server vergessen
memory-purged = Erledigt. { $count ->
    [one] { $count } Kanal
   *[other] { $count } Kanäle
} vergessen.
memory-newest = Das Neueste von { $count }; /gedächtnis exportieren hat alles.
memory-footer = /gedächtnis vergessen lässt es vergessen.
memory-wish-on = Mit /gedächtnis aus wird nichts für länger behalten.
memory-wish-stays = Dass nichts von dir für länger behalten werden soll, bleibt bekannt, sonst würde es das: `/gedächtnis an` nimmt es zurück.
memory-wish-opt-in = Dieser Server behält nur etwas von denen, die darum bitten: /gedächtnis an.
memory-off-on-server = Auf diesem Server wird nichts für länger behalten.
memory-wish-off = Du hast das Langzeitgedächtnis ausgeschaltet.
memory-in-setting = Die Einstellungen eines Servers
memory-kind-line = Zeile
memory-kind-reply = Antwort
memory-kind-note = Notiz
memory-kind-turn = Antwort in Arbeit
memory-kind-memory = Erinnerung
memory-kind-setting = Einstellung
memory-in-points = Deine Punkte
memory-in-usage = Was du verbraucht hast
memory-in-audit = Das Protokoll eines Servers
memory-in-access = Die Listen eines Servers
memory-in-game = Wie du in Spielen warst
memory-kind-audit = Admin-Aktion
memory-kind-usage = Verbrauch
memory-kind-access = Liste
memory-kind-drop = Drop
memory-kind-points = Punkte
memory-kind-game = Spiel
memory-kind-reminder = Erinnerung
memory-kind-answer = Antwort
memory-kind-echo = Antwort auf eine Erinnerung
memory-kind-wish = Gedächtnis ausgeschaltet
memory-kind-consent = Gedächtnis eingeschaltet
memory-in-wish = Was du möchtest
memory-in-consent = Was du möchtest
memory-kind-post = wartender Beitrag
