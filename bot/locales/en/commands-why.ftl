# Names and descriptions of commands, as Discord shows them.
command-why =
    .name = why
    .description = Why somebody of the cast answered, or nobody did.
command-why-option-message =
    .name = message
    .description = Link or id of a message of this channel. Default: the last ones.
command-why-this-reply =
    .name = Why this reply?
