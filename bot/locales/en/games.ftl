# Games: trivia, riddles, stories.
games-kind-trivia = Trivia
games-kind-riddle = Riddles
games-kind-story = Story
games-about = about { $theme }
games-question = Question { $number } of { $total }
games-riddle = Riddle { $number } of { $total }
games-gap = What belongs in the gap?
games-worth = Worth
games-points = { $count ->
    [one] { $count } point
   *[other] { $count } points
}
games-time = Time
games-out-of-time = Time's up!
games-first = **{ $name }** was first: { $points }.
games-streak = ☄ { $count } in a row
games-nobody = Nobody had it this time.
games-stopped-here = The game was stopped here.
games-answer-is = The answer: **{ $answer }**
games-somebody = somebody
games-from-lore = From the lore
games-others-from = Where the others come from
games-hint-trivia = First right answer wins; a wrong one puts you out of this round. Press a button, or type.
games-hint-riddle = Just type your guess. Typing errors are forgiven.
games-hint-button = Hint (−{ $cost })
games-type-button = Answer
games-again-button = Play again
games-another-button = Another story
games-final = Final score
games-final-of = That was { $count ->
    [one] one round
   *[other] { $count } rounds
}. Well played!
games-final-nobody = Nobody got a point this time. The lore is patient.
games-stopped = The game was stopped.
games-asleep = Nobody chose, so the story fell asleep.
games-lost = The game cannot go on.
games-rounds-won = { $count ->
    [one] one round won
   *[other] { $count } rounds won
}
games-best-streak = longest streak { $count }
games-choose = What happens next?
games-vote-hint = Choose with a button, or type the letter. Most votes win; of equals, the first.
games-vote-ends = Votes are counted
games-chosen = Chosen
games-no-choice = Nobody chose.
games-the-end = The end
games-told-by = Told together by { $names }
games-story-points = Everybody who chose gets { $points }.
games-goes-on = The story goes on.
games-right = Right, and first! { $points }.
games-wrong = That was not it. You are out of this round; the next one comes soon.
games-wrong-left = That was not it. { $count ->
    [one] One guess left.
   *[other] { $count } guesses left.
}
games-close = Very close! Look at it again.
games-close-left = Very close! { $count ->
    [one] One guess left.
   *[other] { $count } guesses left.
}
games-locked = You have had your try in this round. The next one comes soon.
games-late = Too late: **{ $name }** was first.
games-late-time = Too late: this round is over.
games-over = This game is over. Start a new one with /game start.
games-voted = Your vote: { $text }
games-hint = ☞ { $text }
games-hint-strikes = ☞ It is not “{ $text }”.
games-hint-left = { $count ->
    [0] That was the last hint.
    [one] One more hint can be had.
   *[other] { $count } more hints can be had.
} Each costs { $cost } points if you win.
games-modal-title = Your answer
games-modal-label = What is it?
games-begins = It begins right below. Have fun!
games-ended = Stopped. The score stands in the channel.
games-none = No game is running in this channel. `/game start` begins one.
games-status = { $kind }, round { $number } of { $total }
games-status-story = The story is called “{ $title }”.
games-no-score = No points yet.
games-stats = Games in this channel
games-stats-none = Nobody has played in this channel yet. `/minigame start` begins a round.
games-stats-line = { $games ->
    [one] one game
   *[other] { $games } games
}, { $rounds }, { $streak }
games-usage = `!game trivia|riddle|story [theme]`: play a game; `!game stop`: end it
games-usage-story = `!story <theme>`: a story that you steer
games-wrong-kind = Choose one of trivia, riddle or story: `!game trivia potatoes`.
