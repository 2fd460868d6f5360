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
finetune-promote = Von Discord aus zu bewerten und zu befördern kommt mit einer späteren Version. Dort, wo der Bot läuft, spricht { $name } so sofort mit { $adapter }, ohne Neustart:
    ```
    troupe adapter add { $adapter } { $path } --persona { $id }
    ```
finetune-speaks-plainly = { $name } spricht mit keinem Adapter, also gibt es nichts zurückzunehmen.
finetune-rollback = Von Discord aus zurückzugehen kommt mit einer späteren Version. { $name } spricht mit { $adapter }; dort, wo der Bot läuft, spricht { $name } so wieder ohne ihn:
    ```
    troupe adapter add { $adapter } { $path }{ $others }
    ```

analyze-later = Der Link führt zu einem öffentlichen Server ({ $host }), darf also gelesen werden. Zu lesen und auszuwerten, was hinter Links steht, kommt mit einer späteren Version; es wurde nichts abgerufen, und nichts wird gespeichert.
