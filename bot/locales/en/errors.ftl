# What is said where something fails: what happened, and what to do.
error-defect = Something went wrong on my side. Please try again in a moment; if it stays so, tell whoever runs this bot the number { $incident }, which is in the log.
error-missing-permission = You need the permission { $permissions } for this. Ask someone who runs this server.
error-bot-lacks = I need the permission { $permissions } for this. Ask someone who runs this server to give it to me.
error-server-only = This works on a server only. Use it in one of its channels.
error-cooldown = Not so fast. Try again in { $seconds ->
    [one] { $seconds } second
   *[other] { $seconds } seconds
}.
error-changed = This command has just changed. Restart Discord or try again in a minute.
error-option = “{ $value }” cannot be used there. Choose something from the list that Discord offers.
error-not-here = You may not use this command here. See /help for those that you may.
error-busy = Too many people are asking at once. Try again in { $seconds ->
    [one] { $seconds } second
   *[other] { $seconds } seconds
}.
error-too-long = That took too long. Try again, or ask for less at once.
error-away = { $component } is not answering just now. Try again in a minute.
error-operator = The setting { $setting } of this bot is wrong. Tell whoever runs it.
error-stale = Somebody else changed that at the same moment. Look at it again, and repeat what you wanted.
error-forbidden = Discord does not let me do that here. Ask someone who runs this server to check my permissions.
error-gone = What this is about is gone from Discord. Use the command once more.
error-too-late = That came too late for Discord. Use the command once more.
error-old-button = This has had its time. Use the command once more, and you get new buttons.
error-rate-limited = Discord asks me to slow down. Try again in a minute.
error-discord-down = Discord itself has trouble just now. Try again in a minute.

# What can be away, at the beginning of a sentence.
component-actors = The memory of channels
component-api = The API
component-bot = The bot
component-database = Database
component-embeddings = The embeddings model
component-llm = The language model
component-memory = Long-term memory
component-persona = The cast
component-retrieval = Retrieval
component-scheduler = The scheduler
component-vlm = The vision model

# Permissions, as Discord calls them.
permission-administrator = Administrator
permission-manage_channels = Manage Channels
permission-manage_guild = Manage Server
permission-manage_messages = Manage Messages
permission-manage_roles = Manage Roles
permission-manage_webhooks = Manage Webhooks
