# /scenario and /greet
scenario-list-title = { $count } scenarios
scenario-list-footer = /scenario start begins one in this channel.
scenario-no-such-tag = There is no such scenario. /scenario list without a tag shows all.
scenario-none-played = No scene was played here yet. /scenario start begins one.
scenario-question = The question
scenario-cast = In it
scenario-started =
    { $hours ->
        [one] A scene begins. It runs for an hour, or until /scenario reveal.
       *[other] A scene begins. It runs for { $hours } hours, or until /scenario reveal.
    }
scenario-runs = It ends { $until }.
scenario-over = It is over. /scenario reveal tells the answer.
scenario-stopped = The scene is over. /scenario reveal still tells the answer.
scenario-revealed = The curtain falls on “{ $title }”. This is the answer:
greet-done = { $name } has said hello.
