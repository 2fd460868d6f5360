finetune-title = Adapter über { $base }
finetune-when-asked = ungefragt niemand
finetune-none = keine
finetune-none-yet = Es gibt keine. Wie einer entsteht, sagt /feintuning starten.
finetune-status = { $adapters ->
    [one] Ein Adapter
   *[other] { $adapters } Adapter
} über `{ $base }`; damit { $personas ->
    [one] spricht eine Persona
   *[other] sprechen { $personas } Personas
}. Ein laufendes Training wird hier noch nicht verfolgt; seinen Fortschritt zeigt es dort, wo es gestartet wurde.
finetune-start = Von Discord aus wird noch kein Training gestartet. Dort, wo der Bot läuft, lernt { $name } so aus den Dialogen des Packs:
    ```
    { "" }.venv/bin/python -m training.export --out var/dialogues
    { "" }.venv/bin/python -m training.lora --data var/dialogues/{ $id }/train.jsonl --out var/adapters/{ $id }
    troupe adapter add { $id } var/adapters/{ $id } --persona { $id }
    ```
    Nichts davon hat jemand auf einem Server geschrieben: Dem hat hier niemand zugestimmt, und es gibt noch keinen Weg dazu.
finetune-unknown = Einen Adapter „{ $name }“ gibt es nicht. Es gibt: { $names }.
finetune-promoted = { $name } spricht ab jetzt mit { $adapter }. Bewertet oder erst an wenigen Antworten erprobt wurde nichts: Das kommt mit einer späteren Version. /feintuning zurücknehmen nimmt es zurück.
finetune-speaks-plainly = { $name } spricht mit keinem Adapter, also gibt es nichts zurückzunehmen.
finetune-rolled-back = { $name } spricht wieder ohne { $adapter }.

analyze-later = Der Link führt zu einem öffentlichen Server ({ $host }), darf also gelesen werden. Zu lesen und auszuwerten, was hinter Links steht, kommt mit einer späteren Version; es wurde nichts abgerufen, und nichts wird gespeichert.
