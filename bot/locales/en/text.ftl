# Text commands, in direct messages.
text-unknown = There is no command !{ $name }. There are:
text-help = Write to me as you would to anybody, and a persona answers. Commands here begin with an exclamation mark:
text-usage-persona = `!persona <name>`: who answers you here; without a name, who does now
text-usage-clear = `!clear`: forget this conversation
text-usage-status = `!status`: how the cast is, who answers, and what is kept about you
text-usage-help = `!help`: this list
text-persona-set = **{ $name }** answers you here from now on.
text-persona-now = **{ $name }** answers you here. There are: { $names }. Choose with `!persona <name>`.
text-persona-near = Nobody is called “{ $name }”. Did you mean { $names }?
text-persona-unknown = Nobody is called “{ $name }”. There are: { $names }.
text-cleared = Done. Forgotten: { $lines ->
    [one] one line of this conversation
   *[other] { $lines } lines of this conversation
}{ $remembered ->
    [0] {""}
    [one] , and one thing that was remembered of it for long
   *[other] , and { $remembered } things that were remembered of it for long
}. What stands in Discord stays there.
text-nothing-to-clear = Nothing of this conversation was kept, so there is nothing to forget.
text-status-persona = **{ $name }** answers you here.
text-status-models = Models: { $states }.
text-status-unknown = How the models are is not known just now.
text-status-memory-on = Memory is on: { $here ->
    [one] one line
   *[other] { $here } lines
} of this conversation, { $long ->
    [one] one thing
   *[other] { $long } things
} remembered for long. `/memory off` changes that.
text-status-memory-off = Long-term memory is off for you: { $here ->
    [one] one line
   *[other] { $here } lines
} of this conversation, { $long ->
    [one] one thing
   *[other] { $long } things
} remembered for long. `/memory on` changes that.
text-status-kept = Kept about you in all: { $count ->
    [one] one thing
   *[other] { $count } things
}. `/memory view` shows it, `/memory forget` empties it.
text-state-ready = ready
text-state-idle = asleep, wakes with the first question
text-state-starting = starting
text-state-waiting = waiting
text-state-failed = failed
