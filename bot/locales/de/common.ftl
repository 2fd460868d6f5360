common-nobody-knows = jemand

page-back = Zurück
page-on = Weiter
page-of = Seite { $page } von { $pages }
page-not-yours = Nur wer gefragt hat, kann hier blättern. Frag selbst, dann bekommst du deine eigenen Seiten.

reply-button-stop = Stopp
reply-button-renew = Neu schreiben
reply-button-no-place = Hier kann ich nicht antworten.
reply-button-gone = Die Nachricht, auf die das antwortet, gibt es nicht mehr.
