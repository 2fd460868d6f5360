# /ai
ai-filtered = I do not talk about that here. Ask me something else.
ai-withheld = I would rather not say that here. Ask me something else.
ai-no-models = This bot reaches no model directly. /persona ask works.
ai-status-title = How everything is
ai-models-title = Which models serve
ai-adapters = Adapters
ai-no-adapters = none loaded
ai-state-ready = is ready
ai-state-idle = sleeps and loads with the first request
ai-state-starting = is starting
ai-state-failed = has failed
ai-state-waiting = is not there yet
