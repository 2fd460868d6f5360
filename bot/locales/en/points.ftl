# Points, profiles and leaderboards.
points-amount = { $points ->
    [one] { $points } point
   *[other] { $points } points
}
points-nobody = Pick a person; bots collect no points.
points-not-here = { $name } is not on this server, so there is no ledger to write in.
points-own = You have { points-amount } and are at level { $level }. { $left ->
    [one] One more point
   *[other] { $left } more points
} and it is level { $next }.
points-of = **{ $name }** has { points-amount } and is at level { $level }.
points-streak = { $days ->
    [0] No streak yet: come back tomorrow, too.
    [one] One day in a row; your best are { $best }.
   *[other] { $days } days in a row; your best are { $best }.
}
points-last = The last entries
points-reason-talk = talked with the cast
points-reason-drop = a drop
points-reason-trivia = a question answered
points-reason-riddle = a riddle solved
points-reason-story = a story
points-given = **{ $by }** gives **{ $name }** { points-amount }: { $reason }
points-taken = **{ $by }** takes { points-amount } from **{ $name }**: { $reason }
points-now = That makes { points-amount }.
points-too-few = { $name } has only { points-amount }. Take at most that many.
profile-level = Level { $level }
profile-progress = { $points } of { $next } points
profile-place = Place on this server
profile-no-place = none yet
profile-streak = Days in a row
profile-week = Points this week
profile-best = Longest streak
profile-badges = Badges · { $count } of { $all }
profile-no-badges = The first one comes with the first point.
profile-friends = Talks most with
profile-no-friends = nobody of the cast so far
profile-alt = { $name }: level { $level }, { points-amount }; place { $place }; { $days ->
    [one] one day in a row
   *[other] { $days } days in a row
}. Badges: { $badges }.
profile-no-badge-alt = none
profile-earned = Badges earned
profile-public-on = Done. Your points of all servers are added up, and you are on the leaderboard of all servers as **{ $name }**, or as you are called where it is looked at. `/profile public:off` takes you off it.
profile-public-off = Done. You are not on the leaderboard of all servers any more, and nothing is added up. The leaderboards of the servers on which you are stay as they are.
leaderboard-everywhere = All servers
leaderboard-all = Leaderboard of all time
leaderboard-week = Leaderboard of this week
leaderboard-page = { $title } · page { $page } of { $pages }
leaderboard-empty = Nobody has points here yet. Talk with the cast, play a game, catch a drop!
leaderboard-empty-everywhere = Nobody is here yet. Whoever wants to be seen: /profile public:on
leaderboard-no-server = In a direct message there is no server. Choose scope:global, or ask on a server.
leaderboard-line = { $place }. { $name }, { points-amount }
leaderboard-points = { $points }
leaderboard-you = **{ $name }**: place { $place } with { points-amount }
leaderboard-back = Back
leaderboard-next = Next
leaderboard-to-week = This week
leaderboard-to-all = All time
drop-title = A drop of { points-amount }
drop-claim = Claim
drop-first-wins = Whoever presses first has them. Over { $when }.
drop-won-by = { $name } was first.
drop-somebody = somebody
drop-nobody-came = Time is over, and nobody came.
drop-was-cancelled = This drop was taken back.
drop-is-over = This drop is over.
drop-you-won = You were first: { points-amount } are yours!
drop-too-late = Too late, { $name } was faster.
drop-posted = Done. Whoever presses first has { points-amount }.
drop-none-open = No drop is open on this server.
drop-open = Open drops
drop-open-line = { points-amount } in { $channel }, over { $when }
drop-too-many = There are { $most } drops open on this server already. Wait until one is over, or take one back.
drop-no-place = Nothing can be posted there. Choose a text channel.
drop-unknown = There is no such drop on this server. Pick one from the list.
drop-cancelled = Done. The drop of { points-amount } is taken back.
drop-not-open = That drop is not open any more, so it stays as it is.

badge-first-spark = First Spark
badge-first-spark-for = The first points of all.
badge-pocketful = Pocketful
badge-pocketful-for = A hundred points.
badge-treasure-map = Treasure Map
badge-treasure-map-for = A thousand points.
badge-dragon-hoard = Dragon's Hoard
badge-dragon-hoard-for = Ten thousand points.
badge-stair-climber = Stair Climber
badge-stair-climber-for = Level 5.
badge-tower-keeper = Tower Keeper
badge-tower-keeper-for = Level 10.
badge-skywalker = Roof of the Sky
badge-skywalker-for = Level 25.
badge-kindling = Kindling
badge-kindling-for = Three days in a row.
badge-campfire = Campfire
badge-campfire-for = Seven days in a row.
badge-beacon = Beacon
badge-beacon-for = Thirty days in a row.
badge-everburning = Everburning
badge-everburning-for = A hundred days in a row.
badge-good-company = Good Company
badge-good-company-for = Ten talks with the cast.
badge-regular = Regular
badge-regular-for = A hundred talks with the cast.
badge-part-of-the-furniture = Part of the Furniture
badge-part-of-the-furniture-for = Five hundred talks with the cast.
badge-well-met = Well Met
badge-well-met-for = Talked with three of the cast.
badge-life-of-the-party = Life of the Party
badge-life-of-the-party-for = Talked with ten of the cast.
badge-quick-hands = Quick Hands
badge-quick-hands-for = First at a drop.
badge-magpie = Magpie
badge-magpie-for = First at ten drops.
badge-night-lamp = Night Lamp
badge-night-lamp-for = Points between midnight and four, ten times.
badge-first-bird = First Bird
badge-first-bird-for = Points between five and seven in the morning, ten times.
badge-long-way-home = The Long Way Home
badge-long-way-home-for = Back after more than two weeks.
badge-know-it-some = Know-It-Some
badge-know-it-some-for = Ten questions answered.
badge-know-it-all = Know-It-All
badge-know-it-all-for = A hundred questions answered.
badge-knot-cutter = Knot Cutter
badge-knot-cutter-for = Ten riddles solved.
badge-page-turner = Page Turner
badge-page-turner-for = Five stories read to an end.
badge-spotless = Spotless
badge-spotless-for = A game without a mistake.
badge-podium = Podium
badge-podium-for = Ten games won against others.
