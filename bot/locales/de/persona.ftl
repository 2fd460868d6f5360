# /persona
persona-not-in-channel = In diesem Kanal antwortet das Ensemble nicht. Frag in einem anderen.
persona-no-place = Hier kann niemand sprechen. Nimm einen Kanal eines Servers.
persona-no-pictures = Auf diesem Server schaut niemand Bilder an. Frag ohne Bild.
persona-not-a-picture = Das ist kein Bild. Schick eine PNG-, JPEG-, WebP-, GIF- oder BMP-Datei.
persona-picture-too-large = Das Bild ist zu groß. Schick eines mit höchstens { $limit } MiB.
persona-list-footer = Das Wort in Anführungszeichen holt die Persona in ein Gespräch.
persona-list-guests = Ein Stern steht hinter denen, die dieser Server selbst gemacht hat.
persona-says = Sagt
persona-comes = Kommt, wenn du sagst
persona-is-guest = Von diesem Server gemacht.
persona-set = Ab jetzt antwortet hier **{ $name }**.
persona-set-server = Ab jetzt antwortet auf diesem Server **{ $name }**, wo ein Kanal niemand Eigenes hat.
persona-reset = Dieser Kanal übernimmt wieder die Vorgabe: Hier antwortet **{ $name }**.
persona-reset-server = Dieser Server übernimmt wieder die Vorgabe: Es antwortet **{ $name }**.
persona-inherited = übernommen
persona-show-title = Hier antwortet { $name }
persona-show-channel = Dieser Kanal: { $who }
persona-show-server = Dieser Server: { $who }
persona-show-operator = Der Betreiber: { $who }
persona-show-cast = Wer in diesem Kanal spricht
persona-show-exchange = Gespräche untereinander
persona-everybody = alle
persona-lines =
    { $count ->
        [one] eine Zeile, wenn zwei zusammen gerufen werden
       *[other] { $count } Zeilen, wenn zwei zusammen gerufen werden
    }
# /persona besetzung
persona-cast-only = In diesem Kanal sprechen nur { $who }.
persona-cast-everybody = In diesem Kanal sprechen alle.
persona-cast-exchange =
    { $count ->
        [one] Zwei, die zusammen gerufen werden, wechseln danach noch eine Zeile.
       *[other] Zwei, die zusammen gerufen werden, wechseln danach noch { $count } Zeilen.
    }
persona-everybody-speaks = Hier sprechen schon alle. Mit /persona besetzung festlegen nennst du die, die es allein tun.
persona-somebody-left = Irgendwer muss hier noch sprechen. * sind alle.
# /persona erstellen, edit, delete, import, export
persona-form-create = Eine neue Persona
persona-form-edit = { $name } ändern
persona-form-name = Name
persona-form-title = Wer ist das? („eine Leuchtturmwärterin“)
persona-form-description = Über die Persona
persona-form-voice = Wie spricht sie?
persona-form-greeting = Wie sagt sie Hallo?
persona-created = **{ $name }** ist jetzt da und kommt, wenn jemand „{ $keyword }“ sagt.
persona-changed = **{ $name }** ist geändert und kommt, wenn jemand „{ $keyword }“ sagt.
persona-imported = **{ $name }** ist aufgenommen und kommt, wenn jemand „{ $keyword }“ sagt.
persona-lore-kept =
    { $count ->
        [one] Ein Stück Hintergrundwissen kam mit.
       *[other] { $count } Stücke Hintergrundwissen kamen mit.
    }
persona-lore-lost = Das Hintergrundwissen der Karte ließ sich gerade nicht aufnehmen. Lösch die Persona und importiere die Karte in ein paar Minuten noch einmal.
persona-may-not-speak = Sie darf noch nicht sprechen, weil dieser Server festlegt, wer darf: /einstellungen ändern personas +{ $id }
persona-indecent = Der Inhaltsfilter dieses Servers lässt keine Persona das sein oder sagen: „{ $text }“.
persona-deleted = **{ $name }** ist gegangen, das Hintergrundwissen auch.
persona-exported = Hier ist **{ $name }**.
persona-no-picture = { $name } hat kein Bild für ein PNG. Exportiere als JSON.
persona-card-too-large = Die Datei ist zu groß. Eine Karte hat höchstens 4 MiB.
persona-none-yet = noch keine; /persona erstellen oder /persona importieren macht eine
persona-unknown-own = Dieser Server hat keine Persona „{ $name }“ gemacht. Es gibt: { $known }.
