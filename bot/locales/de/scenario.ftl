# /szenario and /grüßen
scenario-list-title = { $count } Szenarien
scenario-list-footer = /szenario starten beginnt eines in diesem Kanal.
scenario-no-such-tag = So ein Szenario gibt es nicht. /szenario liste ohne Schlagwort zeigt alle.
scenario-none-played = Hier wurde noch keine Szene gespielt. /szenario starten beginnt eine.
scenario-question = Die Frage
scenario-cast = Es spielen mit
scenario-started =
    { $hours ->
        [one] Eine Szene beginnt. Sie läuft eine Stunde oder bis /szenario auflösen.
       *[other] Eine Szene beginnt. Sie läuft { $hours } Stunden oder bis /szenario auflösen.
    }
scenario-runs = Sie endet { $until }.
scenario-over = Sie ist vorbei. /szenario auflösen verrät die Antwort.
scenario-stopped = Die Szene ist vorbei. /szenario auflösen verrät trotzdem die Antwort.
scenario-revealed = Der Vorhang fällt für „{ $title }“. Das ist die Antwort:
greet-done = { $name } hat gegrüßt.
