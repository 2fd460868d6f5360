# /admin-data.
admin-stats-title = What was used here
admin-used = Used by everybody
admin-stats-top = Most today
admin-stats-channels = Channels the cast has heard
admin-stats-blocked = Blocked
admin-stats-allowed = On the list of those allowed
admin-usage-line = { $unit ->
    [tokens] Tokens
   *[other] Answers
} { $per ->
    [hour] this hour
   *[other] today
}: **{ $used }**
admin-usage-line-of = { $unit ->
    [tokens] Tokens
   *[other] Answers
} { $per ->
    [hour] this hour
   *[other] today
}: **{ $used } / { $limit }**
admin-usage-short = { $requests ->
    [one] one answer
   *[other] { $requests } answers
}, { $tokens } tokens
admin-limit = { $amount } { $unit ->
    [tokens] tokens
   *[other] answers
} { $per ->
    [hour] an hour
   *[other] a day
}
admin-no-limit = no limit
admin-nobody = Nobody.
admin-somebody = somebody
admin-everybody = everybody
admin-whole-server = the whole server
admin-exported = Settings, lists, limits, usage, jobs, proposals, additions and log of this server. What people said is theirs and not in it: each has /memory export.
admin-purge-conversations = what was said here, by everybody, with all that is remembered of it
admin-purge-usage = what was used here
admin-purge-lists = who is blocked or allowed here, and all limits
admin-purge-settings = all settings of this server
admin-purge-jobs = how the jobs are set, what came of them, and everybody's reminders here
admin-purge-world = the scenarios, greetings and lore that were approved here, and all proposals
admin-purge-question = This deletes { $what }, for good. The log of who did what stays.
admin-purge-button = Delete it
admin-purged = Done. Deleted: { $what }.
admin-audit-title = Who did what
admin-audit-empty = Nothing was done yet.
admin-audit-more = The latest { $shown } of { $count }; /admin-data export has all.
admin-lists-title = Who may use the cast
admin-list-blocked = Blocked
admin-list-allowed = Allowed, and nobody else
admin-blocked = { $who } is not answered any more.
admin-blocked-already = { $who } is blocked already.
admin-unblocked = { $who } is answered again.
admin-unblocked-already = { $who } was not blocked.
admin-allowed = { $who } is on the list. As long as anybody is on it, nobody else is answered but those who manage the server.
admin-allowed-already = { $who } is on the list already.
admin-unallowed = { $who } is off the list.
admin-unallowed-already = { $who } was not on the list.
admin-block-who = You cannot block yourself, nor me.
admin-block-owner = Whoever runs the bot cannot be blocked.
admin-block-everybody = That would be everybody. To have the cast silent, use `/config set setting:allowed_channels value:none`.
admin-role-everywhere = A role is only there on its own server. Choose a person.
admin-owners-only = `everywhere` is for those who run the bot. Leave it out for this server.
admin-quota-title = How much may be used
admin-quota-guild = The whole server
admin-quota-everybody = Each person
admin-quota-others = Others
admin-quota-set = For { $who } from now on: { $limit }.
admin-quota-capped = The operator gives the server less than that, which holds.
admin-quota-who = Choose either a target or the whole server.
admin-quota-role-usage = What was used is counted per person. Choose a person, or nobody for everybody.
admin-quota-reset-limits = The limits that were set for { $who } are gone; what is inherited holds.
admin-quota-reset-usage = What { $who } used is counted from nothing again.
admin-quota-reset-nothing = There was nothing to reset for { $who }.
