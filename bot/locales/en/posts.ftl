# What jobs post by themselves
post-scene-reveal = The answer
post-scene-footer = Play along: answer the cast, or ask them.
post-reveal = The curtain falls on “{ $title }”. This is the answer:
post-digest-title = The last 24 hours
post-digest-intro = Here is what the last day brought. Much of it had to do with { $topic }.
post-digest-intro-plain = Here is what the last day brought.
post-digest-footer = Only channels that everybody can read, and nobody who wants to be left out (/memory off).
post-counted =
    { $lines ->
        [one] One line
       *[other] { $lines } lines
    } by { $people ->
        [one] one person
       *[other] { $people } people
    }
post-topics = Talked about: { $topics }
post-channel =
    #{ $channel } · { $lines ->
        [one] one line
       *[other] { $lines } lines
    }
post-other-channels = others
post-leaders = Ahead on points
post-points =
    { $points ->
        [one] one point
       *[other] { $points } points
    }
post-activity-alt = A bar chart of the last 24 hours: { $lines } lines in all, most of them ({ $most }) in the hour from { $hour }.
post-summary-title = Today in #{ $channel }
post-summary-footer =
    { $lines ->
        [one] one line
       *[other] { $lines } lines
    } by { $people ->
        [one] one person
       *[other] { $people } people
    }. /memory off leaves you out.
post-media-title = What was shared
post-media-intro = I have picked up what you left lying around: { $links ->
        [0] no link
        [one] one link
       *[other] { $links } links
    } and { $pictures ->
        [0] no picture
        [one] one picture
       *[other] { $pictures } pictures
    }.
post-media-links =
    { $count ->
        [one] One link
       *[other] { $count } links
    }
post-media-pictures =
    { $count ->
        [one] One picture
       *[other] { $count } pictures
    }
post-media-times =
    { $count ->
        [one] by
       *[other] { $count } times, first by
    }
post-media-footer =
    { $hours ->
        [one] The last hour.
       *[other] The last { $hours } hours.
    } Nobody has opened the links.
post-expansion-footer = Because you talked about { $topic } · from { $source }
post-game-trivia = Who knows our world? Three questions, and the fastest right answer wins.
post-game-riddle = I have three riddles for you. Take your time, but not too much of it.
post-game-story = Come closer: a story begins, and you decide how it goes on.
post-chapter = Chapter { $number }: { $title }
post-chapter-footer = The next chapter comes at the next telling.
post-world-intro = I have dreamed up something for our world. Shall it be true?
post-world-title =
    { $count ->
        [one] Proposed: a piece of lore
       *[other] Proposed: { $count } pieces of lore
    }
post-data-intro =
    { $count ->
        [one] I have read the one passage of our lore, and this is what it made me think of.
       *[other] I have read the { $count } passages of our lore, and this is what they made me think of.
    }
post-data-title = Proposed this week
post-data-persona = A persona: { $name }
post-data-scenario = A scenario: { $title }
post-data-greetings =
    { $count ->
        [one] A greeting
       *[other] { $count } greetings
    }
post-proposal-footer = Nothing of it is live until somebody with Manage Server approves.
proposal-button-approve = Approve
proposal-button-reject = Reject
proposal-approved = Approved: it is part of the world of this server now.
proposal-rejected = Rejected: nothing of it becomes part of this server's world.
proposal-left-out = Some of it could not be added: { $reasons }
