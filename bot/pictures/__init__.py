"""Pictures that the bot draws: a member's card, a leaderboard."""
