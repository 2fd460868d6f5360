error-defect = Da ist bei mir etwas schiefgegangen. Versuch es gleich noch einmal; wenn es so bleibt, nenn der Person, die diesen Bot betreibt, die Nummer { $incident }: Sie steht im Protokoll.
error-missing-permission = Dafür brauchst du die Berechtigung { $permissions }. Frag jemanden, der diesen Server verwaltet.
error-bot-lacks = Dafür brauche ich die Berechtigung { $permissions }. Bitte jemanden, der diesen Server verwaltet, sie mir zu geben.
error-server-only = Das geht nur auf einem Server. Benutz es in einem seiner Kanäle.
error-cooldown = Nicht so schnell. Versuch es in { $seconds ->
    [one] { $seconds } Sekunde
   *[other] { $seconds } Sekunden
} noch einmal.
error-changed = Dieser Befehl hat sich gerade geändert. Starte Discord neu oder versuch es in einer Minute noch einmal.
error-option = „{ $value }“ geht dort nicht. Wähl etwas aus der Liste, die Discord anbietet.
error-not-here = Diesen Befehl darfst du hier nicht benutzen. Welche du benutzen darfst, zeigt dir /hilfe.
error-busy = Gerade fragen zu viele auf einmal. Versuch es in { $seconds ->
    [one] { $seconds } Sekunde
   *[other] { $seconds } Sekunden
} noch einmal.
error-too-long = Das hat zu lange gedauert. Versuch es noch einmal, oder frag nach weniger auf einmal.
error-away = { $component } antwortet gerade nicht. Versuch es in einer Minute noch einmal.
error-operator = Die Einstellung { $setting } dieses Bots stimmt nicht. Sag der Person Bescheid, die ihn betreibt.
error-stale = Jemand anderes hat das im selben Augenblick geändert. Sieh es dir noch einmal an und wiederhol, was du wolltest.
error-forbidden = Discord lässt mich das hier nicht tun. Bitte jemanden, der diesen Server verwaltet, meine Berechtigungen zu prüfen.
error-gone = Das, worum es geht, gibt es auf Discord nicht mehr. Benutz den Befehl noch einmal.
error-too-late = Das kam für Discord zu spät. Benutz den Befehl noch einmal.
error-old-button = Das ist nicht mehr aktuell. Benutz den Befehl noch einmal, dann bekommst du neue Knöpfe.
error-rate-limited = Discord bittet mich, langsamer zu machen. Versuch es in einer Minute noch einmal.
error-discord-down = Discord selbst hat gerade Schwierigkeiten. Versuch es in einer Minute noch einmal.

component-actors = Das Gedächtnis der Kanäle
component-api = Die API
component-bot = Der Bot
component-database = Die Datenbank
component-embeddings = Das Embedding-Modell
component-llm = Das Sprachmodell
component-memory = Das Langzeitgedächtnis
component-persona = Das Ensemble
component-retrieval = Die Suche
component-scheduler = Der Zeitplan
component-vlm = Das Bildmodell

permission-administrator = Administrator
permission-manage_channels = Kanäle verwalten
permission-manage_guild = Server verwalten
permission-manage_messages = Nachrichten verwalten
permission-manage_roles = Rollen verwalten
permission-manage_webhooks = Webhooks verwalten
