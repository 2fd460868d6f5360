# Names and descriptions of commands, as Discord shows them.
command-greet =
    .name = greet
    .description = Have a persona welcome somebody.
command-greet-option-member =
    .name = member
    .description = Whom. Default: you.
command-greet-option-persona =
    .name = persona
    .description = Who welcomes. Default: who answers here.
