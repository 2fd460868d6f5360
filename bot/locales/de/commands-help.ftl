command-help =
    .name = hilfe
    .description = Wie du mit dem Ensemble sprichst, und was du hier tun kannst.
command-help-option-command =
    .name = befehl
    .description = Nur dieser Befehl, mit allem, was man ihm mitgeben kann.
