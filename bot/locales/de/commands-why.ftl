command-why =
    .name = warum
    .description = Warum jemand aus dem Ensemble geantwortet hat, oder niemand.
command-why-option-message =
    .name = nachricht
    .description = Link oder ID einer Nachricht dieses Kanals. Sonst: die letzten.
command-why-this-reply =
    .name = Warum diese Antwort?
