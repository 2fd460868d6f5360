points-amount = { $points ->
    [one] { $points } Punkt
   *[other] { $points } Punkte
}
points-nobody = Such dir einen Menschen aus; Bots sammeln keine Punkte.
points-not-here = { $name } ist nicht auf diesem Server, also gibt es auch kein Punktekonto.
points-own = Du hast { points-amount } und bist auf Level { $level }. { $left ->
    [one] Noch ein Punkt
   *[other] Noch { $left } Punkte
} bis Level { $next }.
points-of = **{ $name }** hat { points-amount } und ist auf Level { $level }.
points-streak = { $days ->
    [0] Noch keine Serie: Komm morgen wieder.
    [one] Ein Tag in Folge; dein Rekord sind { $best }.
   *[other] { $days } Tage in Folge; dein Rekord sind { $best }.
}
points-last = Die letzten Einträge
points-reason-talk = mit dem Ensemble geredet
points-reason-drop = ein Drop
points-reason-trivia = eine Frage beantwortet
points-reason-riddle = ein Rätsel gelöst
points-reason-story = eine Geschichte
points-given = **{ $by }** schenkt **{ $name }** { points-amount }: { $reason }
points-taken = **{ $by }** zieht **{ $name }** { points-amount } ab: { $reason }
points-now = Das macht { points-amount }.
points-too-few = { $name } hat nur { points-amount }. Mehr kannst du nicht abziehen.
profile-level = Level { $level }
profile-progress = { $points } von { $next } Punkten
profile-place = Platz auf dem Server
profile-no-place = noch keiner
profile-streak = Tage in Folge
profile-week = Punkte diese Woche
profile-best = Längste Serie
profile-badges = Abzeichen · { $count } von { $all }
profile-no-badges = Das erste gibt es mit dem ersten Punkt.
profile-friends = Redet am liebsten mit
profile-no-friends = bisher niemandem
profile-alt = { $name }: Level { $level }, { points-amount }; Platz { $place }; { $days ->
    [one] ein Tag in Folge
   *[other] { $days } Tage in Folge
}. Abzeichen: { $badges }.
profile-no-badge-alt = keine
profile-earned = Abzeichen
profile-public-on = Erledigt. Deine Punkte von allen Servern werden zusammengezählt, und du stehst in der Bestenliste aller Server als **{ $name }** oder so, wie du dort heißt, wo sie jemand ansieht. `/profil öffentlich:nein` nimmt dich wieder heraus.
profile-public-off = Erledigt. Du stehst nicht mehr in der Bestenliste aller Server, und nichts wird zusammengezählt. Die Bestenlisten der Server, auf denen du bist, bleiben, wie sie sind.
leaderboard-everywhere = Alle Server
leaderboard-all = Bestenliste aller Zeiten
leaderboard-week = Bestenliste dieser Woche
leaderboard-page = { $title } · Seite { $page } von { $pages }
leaderboard-empty = Hier hat noch niemand Punkte. Rede mit dem Ensemble, spiel mit, schnapp dir einen Drop!
leaderboard-empty-everywhere = Hier steht noch niemand. Wer gesehen werden will: /profil öffentlich:ja
leaderboard-no-server = In einer Direktnachricht gibt es keinen Server. Nimm den Bereich „alle Server“, oder frag auf einem Server.
leaderboard-line = { $place }. { $name }, { points-amount }
leaderboard-points = { $points }
leaderboard-you = **{ $name }**: Platz { $place } mit { points-amount }
leaderboard-back = Zurück
leaderboard-next = Weiter
leaderboard-to-week = Diese Woche
leaderboard-to-all = Insgesamt
drop-title = Ein Drop: { points-amount }
drop-claim = Schnappen
drop-first-wins = Wer zuerst drückt, bekommt sie. Vorbei { $when }.
drop-won-by = { $name } war am schnellsten.
drop-somebody = jemand
drop-nobody-came = Die Zeit ist um, und niemand war da.
drop-was-cancelled = Dieser Drop wurde zurückgenommen.
drop-is-over = Dieser Drop ist vorbei.
drop-you-won = Du warst am schnellsten: { points-amount } für dich!
drop-too-late = Zu spät, { $name } war schneller.
drop-posted = Erledigt. Wer zuerst drückt, bekommt { points-amount }.
drop-none-open = Auf diesem Server ist gerade kein Drop offen.
drop-open = Offene Drops
drop-open-line = { points-amount } in { $channel }, vorbei { $when }
drop-too-many = Auf diesem Server sind schon { $most } Drops offen. Warte, bis einer vorbei ist, oder nimm einen zurück.
drop-no-place = Dort kann ich nichts schreiben. Nimm einen Textkanal.
drop-unknown = Diesen Drop gibt es hier nicht. Nimm einen aus der Liste.
drop-cancelled = Erledigt. Der Drop ({ points-amount }) ist zurückgenommen.
drop-not-open = Dieser Drop ist nicht mehr offen, also bleibt alles, wie es ist.

badge-first-spark = Erster Funke
badge-first-spark-for = Die allerersten Punkte.
badge-pocketful = Volle Taschen
badge-pocketful-for = Hundert Punkte.
badge-treasure-map = Schatzkarte
badge-treasure-map-for = Tausend Punkte.
badge-dragon-hoard = Drachenhort
badge-dragon-hoard-for = Zehntausend Punkte.
badge-stair-climber = Treppensteiger
badge-stair-climber-for = Level 5.
badge-tower-keeper = Turmwacht
badge-tower-keeper-for = Level 10.
badge-skywalker = Dach des Himmels
badge-skywalker-for = Level 25.
badge-kindling = Zunder
badge-kindling-for = Drei Tage in Folge.
badge-campfire = Lagerfeuer
badge-campfire-for = Sieben Tage in Folge.
badge-beacon = Leuchtfeuer
badge-beacon-for = Dreißig Tage in Folge.
badge-everburning = Ewige Flamme
badge-everburning-for = Hundert Tage in Folge.
badge-good-company = Gute Gesellschaft
badge-good-company-for = Zehn Gespräche mit dem Ensemble.
badge-regular = Stammgast
badge-regular-for = Hundert Gespräche mit dem Ensemble.
badge-part-of-the-furniture = Inventar
badge-part-of-the-furniture-for = Fünfhundert Gespräche mit dem Ensemble.
badge-well-met = Angenehm!
badge-well-met-for = Mit dreien aus dem Ensemble geredet.
badge-life-of-the-party = Partylöwe
badge-life-of-the-party-for = Mit zehn aus dem Ensemble geredet.
badge-quick-hands = Flinke Finger
badge-quick-hands-for = Einen Drop geschnappt.
badge-magpie = Elster
badge-magpie-for = Zehn Drops geschnappt.
badge-night-lamp = Nachtlicht
badge-night-lamp-for = Zehnmal Punkte zwischen Mitternacht und vier Uhr.
badge-first-bird = Früher Vogel
badge-first-bird-for = Zehnmal Punkte zwischen fünf und sieben Uhr morgens.
badge-long-way-home = Der lange Heimweg
badge-long-way-home-for = Nach mehr als zwei Wochen zurück.
badge-know-it-some = Weißviel
badge-know-it-some-for = Zehn Fragen beantwortet.
badge-know-it-all = Alleswisser
badge-know-it-all-for = Hundert Fragen beantwortet.
badge-knot-cutter = Knotenlöser
badge-knot-cutter-for = Zehn Rätsel gelöst.
badge-page-turner = Leseratte
badge-page-turner-for = Fünf Geschichten bis zum Ende erlebt.
badge-spotless = Makellos
badge-spotless-for = Ein Spiel ohne Fehler.
badge-podium = Siegertreppchen
badge-podium-for = Zehn Spiele gegen andere gewonnen.
