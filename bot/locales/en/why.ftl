# /why
why-not-known = Nothing is known about that any more: only of the last messages of a channel is kept how they were decided on.
why-nothing-heard = Nothing was heard in this channel yet.
why-elsewhere = That message is in another channel. Ask there.
why-no-message = Give the link or the id of a message of this channel.
why-title = Why { $name } answered
why-title-nobody = Why nobody answered
why-because = Because { $reason }.
why-this-persona = Why this persona
why-trigger = Trigger
why-relevance = Relevance
why-from-on = { $relevance } (from { $threshold } on)
why-unknown = unknown
why-drawn = Drawn
why-conversation = Conversation
why-cooldowns = Cooldowns then
why-model = Written by
why-fallback = { $model } (a fallback: no model answered)
why-filter = Content filter
why-filtered = No model was asked: { $reason }
why-retried = Written anew, because of
why-pictures = Pictures looked at
why-passages = Passages used
why-list-title = What was decided on the last messages
why-list-footer = /why message:<link> tells more about one.
why-line = **{ $who }** answered, because { $reason }.
why-nobody = nobody
why-phase-idle = idle
why-phase-running = running
why-trigger-mention = mention
why-trigger-reply = reply
why-trigger-dm = direct message
why-trigger-keyword = keyword
why-trigger-command = command
why-trigger-job = job
why-trigger-image = image
why-trigger-relevance = relevance
why-trigger-random = chance
why-filter-minors = minors
why-filter-self_harm = self harm
why-filter-hate = hate
why-filter-sexual = sexual
why-filter-violence = violence
why-filter-threat = threat
why-filter-profanity = profanity
why-filter-personal_data = personal data
why-retried-empty = no text
why-retried-leak = the prompt's opening
why-retried-repetition = repetition
why-retried-assistant = speaking as an assistant
why-retried-prompt_leak = its instructions
why-retried-impersonation = speaking for somebody else
why-retried-third_person = telling of itself
why-retried-unsafe = the content filter
why-reason-loop_guard = a bot wrote it
why-reason-rate_limited = this person had asked too often just then
why-reason-over_quota = what this person or this server may use was used up
why-reason-replied_to = it answers one of the cast's messages
why-reason-direct_message = it is a direct message
why-reason-mentioned = the bot was mentioned
why-reason-keyword = it holds a keyword of this persona
why-reason-image = it brought a picture
why-reason-relevant = it has to do with the lore
why-reason-by_chance = chance would have it
why-reason-mention_cooldown = this person's mentions were answered a moment ago
why-reason-keyword_cooldown = a keyword was answered a moment ago
why-reason-not_addressed = it was addressed to nobody of the cast
why-reason-channel_not_allowed = the cast does not answer in this channel
why-reason-quiet_hours = in the quiet hours nobody speaks unasked
why-reason-busy = another answer was under way
why-reason-not_relevant = it was addressed to nobody, and has too little to do with the lore
why-chosen-reply-target = { $name } is the one whose message was replied to.
why-chosen-keyword = { $name } is the one whose keyword was said.
why-chosen-conversation = { $name } is the one who was in conversation.
why-chosen-nearest = { $name } is the one to whom the line is nearest.
why-chosen-set-here = { $name } is the one who is set for this channel.
why-chosen-default = { $name } is the one who answers by default.
why-adapter = Adapter
why-none = none
why-tokens = Tokens
why-tokens-told = { $read } read{ $known ->
    [0] {""}
   *[other] , { $known } of them known
 }, { $written } written
why-time = Time
why-time-told = { $queue } ms queue, { $generation } ms generation
why-memories = Memories used
why-trace = Trace { $id }
why-reason-chained_asked = it was called together with the one who spoke before
why-reason-chained_exchange = it talks on with the one who spoke before
why-chosen-called-together = { $name } is the first of those who were called together.
why-the-model = the model
why-reason-asked_by_command = it was asked by a command
why-reason-said_by_command = a command wanted it
why-reason-said_by_job = one of the server's jobs wanted it: it was said unasked
why-kept = In the prompt
why-dropped = Left out, since it did not fit
why-left-out = left out
why-part-turns = { $count ->
    [one] an earlier line
   *[other] { $count } earlier lines
 }
why-part-passage = { $count ->
    [one] a passage
   *[other] { $count } passages
 }
why-part-memory = { $count ->
    [one] a memory
   *[other] { $count } memories
 }
why-part-summary = the summary
why-part-scene = the scene
why-part-message = the end of the message
