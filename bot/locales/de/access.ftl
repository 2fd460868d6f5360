access-blocked = Auf diesem Server darfst du mich nicht benutzen. Wenn du das für ein Versehen hältst, wende dich an die Leute, die ihn betreiben. Was über dich gespeichert ist, bleibt deins: /gedächtnis ansehen geht weiterhin.
access-blocked-everywhere = Du darfst mich nicht benutzen. Was über dich gespeichert ist, bleibt deins: /gedächtnis ansehen geht weiterhin.
access-too-fast = Nicht so schnell. Versuch es in { $seconds ->
    [one] einer Sekunde
   *[other] { $seconds } Sekunden
} noch einmal.
access-feature-off = Das ist auf diesem Server abgeschaltet. Wer ihn verwaltet, kann das ändern: `/einstellungen ändern setting:{ $feature } value:on`.
access-quota-user = Du hast deine { $unit ->
    [tokens] { $limit } Token
   *[other] { $limit ->
        [one] eine Antwort
       *[other] { $limit } Antworten
    }
} pro { $per ->
    [hour] Stunde
   *[other] Tag
} aufgebraucht. Weiter geht es { $until }.
access-quota-guild = Dieser Server hat seine { $unit ->
    [tokens] { $limit } Token
   *[other] { $limit ->
        [one] eine Antwort
       *[other] { $limit } Antworten
    }
} pro { $per ->
    [hour] Stunde
   *[other] Tag
} aufgebraucht. Weiter geht es { $until }.
lack-missing = An alle, die diesen Server betreiben: In { $channel } fehlt mir
lack-give = Gebt sie meiner Rolle in den Servereinstellungen oder in denen des Kanals. Heute sage ich das nicht noch einmal.
lack-view_channel = *Kanal ansehen*: Ich sehe nicht, was dort geschrieben wird.
lack-send_messages = *Nachrichten senden*: Ich kann dort nicht antworten.
lack-manage_webhooks = *Webhooks verwalten*: Ohne sie sprechen die Figuren als ich, ohne eigenen Namen und eigenes Gesicht.
lack-read_message_history = *Nachrichtenverlauf lesen*: Ohne sie kann ich nicht nachholen, was geschrieben wurde, als ich weg war.
lack-embed_links = *Links einbetten*: Ohne sie werden Karten und Tabellen nicht angezeigt.
lack-attach_files = *Dateien anhängen*: Ohne sie kann ich keine Bilder schicken.
lack-add_reactions = *Reaktionen hinzufügen*: Ohne sie kann ich nicht zeigen, dass ich jemanden gehört habe, dem ich noch nicht antworten kann.
presence-ready = Hört euch zu
presence-asleep = Döst; schreib mir, und ich wache auf
presence-waking = Wacht gerade auf
presence-lore-only = Spricht nur aus den Überlieferungen
presence-away = Hier wird gerade etwas repariert
