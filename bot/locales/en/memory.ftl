# /memory
memory-nothing = Nothing is kept about you.
memory-title = What is kept about you
memory-exported = { $count ->
    [one] One thing
   *[other] { $count } things
}, oldest first.
memory-forget-question = { $count ->
    [one] One thing
   *[other] { $count } things
} about you will be gone for good. What stands in Discord stays there.
memory-forget-button = Forget it all
memory-forgotten = Done. { $count ->
    [one] One thing
   *[other] { $count } things
} forgotten.
memory-off-here = Done. Nothing you say is remembered for long on this server any more, and { $count ->
    [one] one thing
   *[other] { $count } things
} forgotten. The last lines of a channel are still known for a while; /memory forget empties those, too.
memory-off-everywhere = Done. Nothing you say is remembered for long anywhere any more, and { $count ->
    [one] one thing
   *[other] { $count } things
} forgotten. The last lines of a channel are still known for a while; /memory forget empties those, too.
memory-on = Done. What you say from now on may be remembered.
memory-still-off = You have switched memory off everywhere. `/memory on` without `here_only` takes that back.
memory-taught = The cast knows: { $text }
memory-purge-question = The cast will forget all that was said on this server, by everybody.
memory-purge-button = Forget the server
memory-purged = Done. { $count ->
    [one] { $count } channel
   *[other] { $count } channels
} forgotten.
memory-newest = The newest of { $count }; /memory export has all.
memory-footer = /memory forget has it forgotten.
memory-wish-on = /memory off has nothing remembered for long.
memory-wish-stays = That you want nothing remembered for long stays known, or it would be: `/memory on` takes it back.
memory-wish-opt-in = This server remembers only who asks for it: /memory on.
memory-off-on-server = Nothing is remembered for long on this server.
memory-wish-off = You have switched long-term memory off.
memory-in-setting = A server's settings
memory-kind-line = line
memory-kind-reply = reply
memory-kind-note = note
memory-kind-turn = turn
memory-kind-memory = memory
memory-kind-setting = setting
memory-in-points = Your points
memory-in-usage = What you used
memory-in-audit = A server's audit log
memory-in-access = A server's lists
memory-in-game = How you did in games
memory-kind-audit = admin action
memory-kind-usage = use
memory-kind-access = list
memory-kind-drop = drop
memory-kind-points = points
memory-kind-game = game
memory-kind-reminder = reminder
memory-kind-answer = answer
memory-kind-echo = reply to a memory
memory-kind-wish = memory switched off
memory-kind-consent = memory switched on
memory-in-wish = What you want
memory-in-consent = What you want
memory-kind-post = post that waits
