# Names and descriptions of commands, as Discord shows them.
command-help =
    .name = help
    .description = How to talk to the cast, and what you can do here.
command-help-option-command =
    .name = command
    .description = Only this command, with all that can be given to it.
