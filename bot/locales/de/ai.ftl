# /ai
ai-filtered = Darüber rede ich hier nicht. Frag mich etwas anderes.
ai-withheld = Das sage ich hier lieber nicht. Frag mich etwas anderes.
ai-no-models = Dieser Bot erreicht kein Modell direkt. /persona fragen geht.
ai-status-title = Wie es allem geht
ai-models-title = Welche Modelle antworten
ai-adapters = Adapter
ai-no-adapters = keine geladen
ai-state-ready = ist bereit
ai-state-idle = schläft und lädt mit der ersten Anfrage
ai-state-starting = startet gerade
ai-state-failed = ist ausgefallen
ai-state-waiting = ist noch nicht da
