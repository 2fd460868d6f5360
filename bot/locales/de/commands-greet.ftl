# Names and descriptions of commands, as Discord shows them.
command-greet =
    .name = grüßen
    .description = Lass eine Persona jemanden begrüßen.
command-greet-option-member =
    .name = mitglied
    .description = Wen. Sonst: dich.
command-greet-option-persona =
    .name = persona
    .description = Wer grüßt. Sonst: wer hier antwortet.
