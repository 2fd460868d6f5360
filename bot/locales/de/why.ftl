why-not-known = Darüber ist nichts mehr bekannt: Nur von den letzten Nachrichten eines Kanals bleibt gespeichert, wie über sie entschieden wurde.
why-nothing-heard = In diesem Kanal wurde noch nichts gehört.
why-elsewhere = Diese Nachricht steht in einem anderen Kanal. Frag dort.
why-no-message = Gib den Link oder die ID einer Nachricht aus diesem Kanal an.
why-title = Warum { $name } geantwortet hat
why-title-nobody = Warum niemand geantwortet hat
why-because = Der Grund: { $reason }.
why-this-persona = Warum diese Persona
why-trigger = Auslöser
why-relevance = Relevanz
why-from-on = { $relevance } (ab { $threshold })
why-unknown = unbekannt
why-drawn = Gezogene Zahl
why-conversation = Gespräch
why-cooldowns = Wartezeiten in dem Moment
why-model = Geschrieben von
why-fallback = { $model } (ein Ersatz: kein Modell hat geantwortet)
why-filter = Inhaltsfilter
why-filtered = Kein Modell wurde gefragt: { $reason }
why-retried = Neu geschrieben, weil
why-pictures = Angesehene Bilder
why-passages = Verwendete Stellen
why-list-title = Was über die letzten Nachrichten entschieden wurde
why-list-footer = /warum nachricht:<Link> sagt mehr über eine davon.
why-line = Geantwortet hat **{ $who }**: { $reason }.
why-nobody = niemand
why-phase-idle = ruht
why-phase-running = läuft
why-trigger-mention = Erwähnung
why-trigger-reply = Antwort
why-trigger-dm = Direktnachricht
why-trigger-keyword = Stichwort
why-trigger-command = Befehl
why-trigger-job = Aufgabe
why-trigger-image = Bild
why-trigger-relevance = Relevanz
why-trigger-random = Zufall
why-filter-minors = Minderjährige
why-filter-self_harm = Selbstverletzung
why-filter-hate = Hass
why-filter-sexual = Sexuelles
why-filter-violence = Gewalt
why-filter-threat = Drohung
why-filter-profanity = Schimpfwörter
why-filter-personal_data = persönliche Daten
why-retried-empty = kein Text da war
why-retried-leak = er wie der Prompt begann
why-retried-repetition = er sich wiederholte
why-retried-assistant = er von einem Assistenten sprach
why-retried-prompt_leak = er die Anweisungen verriet
why-retried-impersonation = er für jemand anderes sprach
why-retried-third_person = er von sich selbst erzählte
why-retried-unsafe = der Inhaltsfilter es verlangte
why-reason-loop_guard = ein Bot hat sie geschrieben
why-reason-rate_limited = diese Person hatte gerade zu oft gefragt
why-reason-over_quota = verbraucht war, was diese Person oder dieser Server verbrauchen darf
why-reason-replied_to = sie antwortet auf eine Nachricht des Ensembles
why-reason-direct_message = es ist eine Direktnachricht
why-reason-mentioned = der Bot wurde erwähnt
why-reason-keyword = sie enthält ein Stichwort dieser Persona
why-reason-image = sie bringt ein Bild mit
why-reason-relevant = sie hat mit der Lore zu tun
why-reason-by_chance = der Zufall wollte es
why-reason-mention_cooldown = Erwähnungen dieser Person wurden gerade eben beantwortet
why-reason-keyword_cooldown = ein Stichwort wurde gerade eben beantwortet
why-reason-not_addressed = sie richtet sich an niemanden aus dem Ensemble
why-reason-channel_not_allowed = in diesem Kanal antwortet das Ensemble nicht
why-reason-quiet_hours = in den Ruhezeiten spricht niemand ungefragt
why-reason-busy = eine andere Antwort war in Arbeit
why-reason-not_relevant = sie richtet sich an niemanden und hat zu wenig mit der Lore zu tun
why-chosen-reply-target = Auf eine Nachricht von { $name } wurde geantwortet.
why-chosen-keyword = Ein Stichwort von { $name } ist gefallen.
why-chosen-conversation = { $name } war schon im Gespräch.
why-chosen-nearest = { $name } steht der Zeile am nächsten.
why-chosen-set-here = { $name } ist für diesen Kanal eingestellt.
why-chosen-default = { $name } antwortet, wenn niemand anderes gerufen ist.
why-adapter = Adapter
why-none = keiner
why-tokens = Token
why-tokens-told = { $read } gelesen{ $known ->
    [0] {""}
   *[other] , { $known } davon schon bekannt
 }, { $written } geschrieben
why-time = Zeit
why-time-told = { $queue } ms Warten, { $generation } ms Schreiben
why-memories = Benutzte Erinnerungen
why-trace = Spur { $id }
why-reason-chained_asked = die Persona wurde zusammen mit der vorigen gerufen
why-reason-chained_exchange = die Persona spricht mit der vorigen weiter
why-chosen-called-together = { $name } wurde von den zusammen Gerufenen zuerst genannt.
why-the-model = das Modell
why-reason-asked_by_command = es wurde mit einem Befehl gefragt
why-reason-said_by_command = ein Befehl wollte es so
why-reason-said_by_job = einer der Jobs des Servers wollte es so, ungefragt
why-kept = Im Prompt
why-dropped = Ausgelassen, weil es nicht hineinpasste
why-left-out = ausgelassen
why-part-turns = { $count ->
    [one] eine frühere Zeile
   *[other] { $count } frühere Zeilen
 }
why-part-passage = { $count ->
    [one] eine Stelle
   *[other] { $count } Stellen
 }
why-part-memory = { $count ->
    [one] eine Erinnerung
   *[other] { $count } Erinnerungen
 }
why-part-summary = die Zusammenfassung
why-part-scene = die Szene
why-part-message = das Ende der Nachricht
