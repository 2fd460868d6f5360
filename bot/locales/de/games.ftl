games-kind-trivia = Quiz
games-kind-riddle = Rätsel
games-kind-story = Geschichte
games-about = über { $theme }
games-question = Frage { $number } von { $total }
games-riddle = Rätsel { $number } von { $total }
games-gap = Was gehört in die Lücke?
games-worth = Zu holen
games-points = { $count ->
    [one] { $count } Punkt
   *[other] { $count } Punkte
}
games-time = Zeit
games-out-of-time = Die Zeit ist um!
games-first = **{ $name }** war am schnellsten: { $points }.
games-streak = ☄ { $count } in Folge
games-nobody = Diesmal wusste es niemand.
games-stopped-here = Hier wurde das Spiel beendet.
games-answer-is = Die Antwort: **{ $answer }**
games-somebody = jemand
games-from-lore = So steht es geschrieben
games-others-from = Woher die anderen Antworten stammen
games-hint-trivia = Die erste richtige Antwort gewinnt; mit einer falschen bist du für diese Runde raus. Drück einen Knopf oder schreib.
games-hint-riddle = Schreib einfach, was du vermutest. Tippfehler machen nichts.
games-hint-button = Tipp (−{ $cost })
games-type-button = Antworten
games-again-button = Noch einmal
games-another-button = Noch eine Geschichte
games-final = Endstand
games-final-of = { $count ->
    [one] Das war eine Runde.
   *[other] Das waren { $count } Runden.
} Gut gespielt!
games-final-nobody = Diesmal hat niemand gepunktet. Das Wissen läuft euch nicht weg.
games-stopped = Das Spiel wurde beendet.
games-asleep = Niemand hat sich entschieden, da ist die Geschichte eingeschlafen.
games-lost = Das Spiel kann nicht weitergehen.
games-rounds-won = { $count ->
    [one] eine Runde gewonnen
   *[other] { $count } Runden gewonnen
}
games-best-streak = längste Serie { $count }
games-choose = Wie geht es weiter?
games-vote-hint = Wähl mit einem Knopf oder schreib den Buchstaben. Die meisten Stimmen zählen; bei Gleichstand die erste.
games-vote-ends = Ausgezählt wird
games-chosen = Gewählt
games-no-choice = Niemand hat gewählt.
games-the-end = Ende
games-told-by = Gemeinsam erzählt von { $names }
games-story-points = Alle, die mitentschieden haben, bekommen { $points }.
games-goes-on = Die Geschichte geht weiter.
games-right = Richtig, und als Erstes! { $points }.
games-wrong = Das war es nicht. In dieser Runde bist du raus; gleich kommt die nächste.
games-wrong-left = Das war es nicht. { $count ->
    [one] Ein Versuch bleibt dir.
   *[other] { $count } Versuche bleiben dir.
}
games-close = Ganz knapp! Sieh es dir noch einmal an.
games-close-left = Ganz knapp! { $count ->
    [one] Ein Versuch bleibt dir.
   *[other] { $count } Versuche bleiben dir.
}
games-locked = In dieser Runde hattest du deinen Versuch. Gleich kommt die nächste.
games-late = Zu spät: **{ $name }** war schneller.
games-late-time = Zu spät: Diese Runde ist vorbei.
games-over = Dieses Spiel ist vorbei. Mit /spiel start beginnst du ein neues.
games-voted = Deine Stimme: { $text }
games-hint = ☞ { $text }
games-hint-strikes = ☞ „{ $text }“ ist es nicht.
games-hint-left = { $count ->
    [0] Das war der letzte Tipp.
    [one] Einen Tipp gibt es noch.
   *[other] { $count } Tipps gibt es noch.
} Jeder kostet { $cost } Punkte, falls du gewinnst.
games-modal-title = Deine Antwort
games-modal-label = Was ist es?
games-begins = Gleich hier unten geht es los. Viel Spaß!
games-ended = Beendet. Der Punktestand steht im Kanal.
games-none = In diesem Kanal läuft gerade kein Spiel. Mit `/spiel start` beginnst du eines.
games-status = { $kind }, Runde { $number } von { $total }
games-status-story = Die Geschichte heißt „{ $title }“.
games-no-score = Noch keine Punkte.
games-stats = Spiele in diesem Kanal
games-stats-none = In diesem Kanal hat noch niemand gespielt. Mit `/minispiel start` geht es los.
games-stats-line = { $games ->
    [one] ein Spiel
   *[other] { $games } Spiele
}, { $rounds }, { $streak }
games-usage = `!game trivia|riddle|story [Thema]`: ein Spiel spielen; `!game stop`: es beenden
games-usage-story = `!story <Thema>`: eine Geschichte, die du lenkst
games-wrong-kind = Wähl trivia, riddle oder story: `!game trivia Kartoffeln`.
