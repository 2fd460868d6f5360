text-unknown = Den Befehl !{ $name } gibt es nicht. Es gibt:
text-help = Schreib mir wie irgendjemandem, und eine Persona antwortet. Befehle beginnen hier mit einem Ausrufezeichen:
text-usage-persona = `!persona <Name>`: wer dir hier antwortet; ohne Namen, wer es gerade tut
text-usage-clear = `!clear`: dieses Gespräch vergessen
text-usage-status = `!status`: wie es dem Ensemble geht, wer antwortet, und was über dich gespeichert ist
text-usage-help = `!help`: diese Liste
text-persona-set = Ab jetzt antwortet dir hier **{ $name }**.
text-persona-now = Hier antwortet dir **{ $name }**. Es gibt: { $names }. Wähl mit `!persona <Name>`.
text-persona-near = „{ $name }“ heißt hier niemand. Meinst du { $names }?
text-persona-unknown = „{ $name }“ heißt hier niemand. Es gibt: { $names }.
text-cleared = Erledigt. Vergessen: { $lines ->
    [one] eine Zeile dieses Gesprächs
   *[other] { $lines } Zeilen dieses Gesprächs
}{ $remembered ->
    [0] {""}
    [one] {" "}und eine Sache, die davon für länger behalten war
   *[other] {" "}und { $remembered } Sachen, die davon für länger behalten waren
}. Was in Discord steht, bleibt dort.
text-nothing-to-clear = Von diesem Gespräch war nichts gespeichert, also gibt es nichts zu vergessen.
text-status-persona = Hier antwortet dir **{ $name }**.
text-status-models = Modelle: { $states }.
text-status-unknown = Wie es den Modellen geht, ist gerade nicht bekannt.
text-status-memory-on = Das Gedächtnis ist an: { $here ->
    [one] eine Zeile
   *[other] { $here } Zeilen
} dieses Gesprächs, { $long ->
    [one] eine Sache
   *[other] { $long } Sachen
} für länger behalten. `/gedächtnis aus` ändert das.
text-status-memory-off = Das Langzeitgedächtnis ist für dich aus: { $here ->
    [one] eine Zeile
   *[other] { $here } Zeilen
} dieses Gesprächs, { $long ->
    [one] eine Sache
   *[other] { $long } Sachen
} für länger behalten. `/gedächtnis an` ändert das.
text-status-kept = Insgesamt über dich gespeichert: { $count ->
    [one] eine Sache
   *[other] { $count } Sachen
}. `/gedächtnis ansehen` zeigt es, `/gedächtnis vergessen` leert es.
text-state-ready = bereit
text-state-idle = schläft, erwacht mit der ersten Frage
text-state-starting = startet
text-state-waiting = wartet
text-state-failed = ausgefallen
