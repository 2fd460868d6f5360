# Was Jobs von selbst schreiben
post-scene-reveal = Die Auflösung
post-scene-footer = Spiel mit: Antworte den Figuren oder frag sie aus.
post-reveal = Der Vorhang fällt über „{ $title }“. Das ist die Auflösung:
post-digest-title = Die letzten 24 Stunden
post-digest-intro = Das hat der letzte Tag gebracht. Oft ging es um { $topic }.
post-digest-intro-plain = Das hat der letzte Tag gebracht.
post-digest-footer = Nur Kanäle, die alle lesen können, und niemand, der außen vor bleiben will (/gedächtnis aus).
post-counted =
    { $lines ->
        [one] Eine Zeile
       *[other] { $lines } Zeilen
    } von { $people ->
        [one] einer Person
       *[other] { $people } Personen
    }
post-topics = Worum es ging: { $topics }
post-channel =
    #{ $channel } · { $lines ->
        [one] eine Zeile
       *[other] { $lines } Zeilen
    }
post-other-channels = andere
post-leaders = Nach Punkten vorn
post-points =
    { $points ->
        [one] ein Punkt
       *[other] { $points } Punkte
    }
post-activity-alt = Ein Balkendiagramm der letzten 24 Stunden: insgesamt { $lines } Zeilen, die meisten ({ $most }) in der Stunde ab { $hour }.
post-summary-title = Heute in #{ $channel }
post-summary-footer =
    { $lines ->
        [one] eine Zeile
       *[other] { $lines } Zeilen
    } von { $people ->
        [one] einer Person
       *[other] { $people } Personen
    }. Mit /gedächtnis aus bleibst du außen vor.
post-media-title = Was geteilt wurde
post-media-intro = Ich habe aufgesammelt, was hier herumlag: { $links ->
        [0] keinen Link
        [one] einen Link
       *[other] { $links } Links
    } und { $pictures ->
        [0] kein Bild
        [one] ein Bild
       *[other] { $pictures } Bilder
    }.
post-media-links =
    { $count ->
        [one] Ein Link
       *[other] { $count } Links
    }
post-media-pictures =
    { $count ->
        [one] Ein Bild
       *[other] { $count } Bilder
    }
post-media-times =
    { $count ->
        [one] von
       *[other] { $count }-mal, zuerst von
    }
post-media-footer =
    { $hours ->
        [one] Die letzte Stunde.
       *[other] Die letzten { $hours } Stunden.
    } Geöffnet hat die Links niemand.
post-expansion-footer = Weil ihr über { $topic } gesprochen habt · aus { $source }
post-game-trivia = Wer kennt unsere Welt? Drei Fragen, und die schnellste richtige Antwort gewinnt.
post-game-riddle = Ich habe drei Rätsel für euch. Lasst euch Zeit, aber nicht zu viel.
post-game-story = Kommt näher: Eine Geschichte beginnt, und ihr entscheidet, wie sie weitergeht.
post-chapter = Kapitel { $number }: { $title }
post-chapter-footer = Das nächste Kapitel kommt beim nächsten Erzählen.
post-world-intro = Ich habe mir etwas für unsere Welt ausgedacht. Soll es wahr sein?
post-world-title =
    { $count ->
        [one] Vorschlag: ein Stück Weltwissen
       *[other] Vorschlag: { $count } Stücke Weltwissen
    }
post-data-intro =
    { $count ->
        [one] Ich habe das eine Stück unseres Weltwissens gelesen, und das ist mir dabei eingefallen.
       *[other] Ich habe die { $count } Stücke unseres Weltwissens gelesen, und das ist mir dabei eingefallen.
    }
post-data-title = Vorschläge dieser Woche
post-data-persona = Eine Figur: { $name }
post-data-scenario = Ein Szenario: { $title }
post-data-greetings =
    { $count ->
        [one] Eine Begrüßung
       *[other] { $count } Begrüßungen
    }
post-proposal-footer = Nichts davon gilt, bis jemand mit „Server verwalten“ zustimmt.
proposal-button-approve = Annehmen
proposal-button-reject = Ablehnen
proposal-approved = Angenommen: Es gehört jetzt zur Welt dieses Servers.
proposal-rejected = Abgelehnt: Nichts davon wird Teil der Welt dieses Servers.
proposal-left-out = Ein Teil davon ging nicht: { $reasons }
