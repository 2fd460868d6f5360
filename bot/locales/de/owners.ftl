owners-stats-usage = `!stats`: wie es dem Bot geht
owners-reload-usage = `!reload`: Texte, Überlieferungen und Befehle neu einlesen
owners-clearstm-usage = `!clearstm`: vergessen, was zuletzt in diesem Kanal gesagt wurde; `!clearstm all`: in allen Kanälen
owners-train-usage = `!train`: wie man eine Figur anlernt
owners-stats-title = Wie es dem Bot geht
owners-stats-servers = Dieses Gateway
owners-stats-servers-are = { $guilds } Server, { $channels } Kanäle, in { $known } aller bekannten Kanäle wurde etwas gehört. Shard { $shard } von { $shards }, Herzschlag { $heartbeat }, läuft seit { $hours } h, { $memory } MiB, { $invalid } ungültige Anfragen in zehn Minuten.
owners-stats-turns = Antworten
owners-stats-turns-are = { $open } in Arbeit, { $answered } gegeben; Zeit bis zur ganzen Antwort: Median { $median }, p95 { $p95 }.
owners-stats-refused = Abgelehnt
owners-stats-none = keine
owners-stats-health = Teile
owners-stats-no-health = Sie lassen sich gerade nicht fragen.
owners-reload-texts = Neu eingelesen: was der Bot selbst sagt, in { $languages }.
owners-reload-texts-failed = Die Texte des Bots bleiben, wie sie waren: { $error }
owners-reload-lore = Neu eingelesen: die Überlieferungen von { $pack }. { $embedded } Abschnitte sind neu oder geändert, { $deleted } weg.
owners-reload-lore-failed = Die Überlieferungen bleiben, wie sie waren: { $error }
owners-reload-commands = Mit Discord verglichen: { $count } Befehle, neu angemeldet, wo sie abwichen.
owners-reload-not = Nicht neu eingelesen, denn dafür braucht es einen Neustart: die Dateien der Figuren selbst, Einstellungen und Programm.
owners-clearstm-done = Vergessen: was zuletzt in { $count ->
    [one] einem Kanal
   *[other] { $count } Kanälen
} gesagt wurde. Was auf Dauer gemerkt ist, bleibt.
owners-clearstm-question = Was zuletzt in { $count ->
    [one] einem Kanal
   *[other] allen { $count } Kanälen
} gesagt wurde, wird für alle vergessen.
owners-clearstm-button = Vergessen
owners-train = Von Discord aus lässt sich das Anlernen noch nicht starten. Auf dem Rechner selbst geht es: `python -m training.export --out var/dialogues` schreibt die Dialoge jeder Figur, `python -m training.lora --data <Datei> --out var/adapters/<Name>` lernt daraus, und mit `troupe adapter add <Name> var/adapters/<Name> --persona <Id>` spricht die Figur damit. Nachrichten aus Discord werden nie zum Anlernen benutzt.
