# Why somebody may not use the bot.
access-blocked = You may not use me on this server. If you think that is a mistake, ask those who run it. What is kept about you stays yours: /memory view works.
access-blocked-everywhere = You may not use me. What is kept about you stays yours: /memory view works.
access-too-fast = Not so fast. Try again in { $seconds ->
    [one] a second
   *[other] { $seconds } seconds
}.
access-feature-off = That is switched off on this server. Whoever manages it can change it: `/config set setting:{ $feature } value:on`.
access-quota-user = You have used up your { $unit ->
    [tokens] { $limit } tokens
   *[other] { $limit ->
        [one] one answer
       *[other] { $limit } answers
    }
} { $per ->
    [hour] an hour
   *[other] a day
}. It goes on { $until }.
access-quota-guild = This server has used up its { $unit ->
    [tokens] { $limit } tokens
   *[other] { $limit ->
        [one] one answer
       *[other] { $limit } answers
    }
} { $per ->
    [hour] an hour
   *[other] a day
}. It goes on { $until }.
# What the bot lacks on a server.
lack-missing = For those who run this server: in { $channel } I lack
lack-give = Give it to my role in the server's settings, or in that channel's. I shall not say so again today.
lack-view_channel = *View Channel*: I cannot see what is written there.
lack-send_messages = *Send Messages*: I cannot answer there.
lack-manage_webhooks = *Manage Webhooks*: without it the personas speak as me, without their own names and faces.
lack-read_message_history = *Read Message History*: without it I cannot catch up on what was written while I was away.
lack-embed_links = *Embed Links*: without it cards and tables are not shown.
lack-attach_files = *Attach Files*: without it I can send no pictures.
lack-add_reactions = *Add Reactions*: without it I cannot show that I heard somebody whom I cannot answer yet.
# The bot's status.
presence-ready = Listening to you
presence-asleep = Dozing; write to me and I wake
presence-waking = Waking up
presence-lore-only = Speaking from the lore alone
presence-away = Something is being mended
