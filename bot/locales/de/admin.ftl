admin-stats-title = Was hier verbraucht wurde
admin-used = Von allen zusammen
admin-stats-top = Heute am meisten
admin-stats-channels = Kanäle, in denen die Figuren zugehört haben
admin-stats-blocked = Gesperrt
admin-stats-allowed = Auf der Liste der Zugelassenen
admin-usage-line = { $unit ->
    [tokens] Token
   *[other] Antworten
} { $per ->
    [hour] in dieser Stunde
   *[other] heute
}: **{ $used }**
admin-usage-line-of = { $unit ->
    [tokens] Token
   *[other] Antworten
} { $per ->
    [hour] in dieser Stunde
   *[other] heute
}: **{ $used } / { $limit }**
admin-usage-short = { $requests ->
    [one] eine Antwort
   *[other] { $requests } Antworten
}, { $tokens } Token
admin-limit = { $amount } { $unit ->
    [tokens] Token
   *[other] Antworten
} pro { $per ->
    [hour] Stunde
   *[other] Tag
}
admin-no-limit = keine Grenze
admin-nobody = Niemand.
admin-somebody = jemand
admin-everybody = alle
admin-whole-server = der ganze Server
admin-exported = Einstellungen, Listen, Grenzen, Verbrauch, Aufgaben, Vorschläge, Ergänzungen und Protokoll dieses Servers. Was jemand gesagt hat, gehört der Person selbst und ist nicht dabei: Dafür gibt es /gedächtnis exportieren.
admin-purge-conversations = was hier von allen gesagt wurde, samt allen Erinnerungen daran
admin-purge-usage = was hier verbraucht wurde
admin-purge-lists = wer hier gesperrt oder zugelassen ist, und alle Grenzen
admin-purge-settings = alle Einstellungen dieses Servers
admin-purge-jobs = wie die Aufgaben eingestellt sind, was daraus wurde, und die Erinnerungen aller hier
admin-purge-world = die Szenarien, Begrüßungen und das Wissen, denen hier zugestimmt wurde, und alle Vorschläge
admin-purge-question = Das löscht endgültig: { $what }. Das Protokoll, wer was getan hat, bleibt.
admin-purge-button = Löschen
admin-purged = Erledigt. Gelöscht: { $what }.
admin-audit-title = Wer was getan hat
admin-audit-empty = Bisher ist nichts geschehen.
admin-audit-more = Die letzten { $shown } von { $count }; alle gibt es mit /admin-daten exportieren.
admin-lists-title = Wer die Figuren benutzen darf
admin-list-blocked = Gesperrt
admin-list-allowed = Zugelassen, und sonst niemand
admin-blocked = { $who } bekommt keine Antworten mehr.
admin-blocked-already = { $who } ist schon gesperrt.
admin-unblocked = { $who } bekommt wieder Antworten.
admin-unblocked-already = { $who } war nicht gesperrt.
admin-allowed = { $who } steht auf der Liste. Solange jemand darauf steht, bekommt sonst niemand Antworten außer denen, die den Server verwalten.
admin-allowed-already = { $who } steht schon auf der Liste.
admin-unallowed = { $who } steht nicht mehr auf der Liste.
admin-unallowed-already = { $who } stand nicht auf der Liste.
admin-block-who = Dich selbst kannst du nicht sperren, und mich auch nicht.
admin-block-owner = Wer den Bot betreibt, lässt sich nicht sperren.
admin-block-everybody = Das wären alle. Soll niemand mehr Antworten bekommen, nimm `/einstellungen ändern setting:allowed_channels value:none`.
admin-role-everywhere = Eine Rolle gibt es nur auf ihrem eigenen Server. Wähl eine Person.
admin-owners-only = `everywhere` ist für die Leute, die den Bot betreiben. Lass es weg, dann gilt es für diesen Server.
admin-quota-title = Wie viel verbraucht werden darf
admin-quota-guild = Der ganze Server
admin-quota-everybody = Jede Person
admin-quota-others = Andere
admin-quota-set = Ab jetzt gilt für { $who }: { $limit }.
admin-quota-capped = Wer den Bot betreibt, gesteht dem Server weniger zu; das gilt.
admin-quota-who = Wähl entweder ein Ziel oder den ganzen Server.
admin-quota-role-usage = Der Verbrauch wird pro Person gezählt. Wähl eine Person, oder niemanden für alle.
admin-quota-reset-limits = Die Grenzen für { $who } sind aufgehoben; es gilt, was geerbt wird.
admin-quota-reset-usage = Der Verbrauch für { $who } zählt wieder von null an.
admin-quota-reset-nothing = Für { $who } gab es nichts zurückzusetzen.
