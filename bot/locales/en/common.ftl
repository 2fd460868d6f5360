# Said by several commands.
common-nobody-knows = somebody

# Below what has several pages.
page-back = Back
page-on = Next
page-of = Page { $page } of { $pages }
page-not-yours = Only who asked can turn these pages. Ask yourself, and you get your own.

# Buttons below a reply.
reply-button-stop = Stop
reply-button-renew = Regenerate
reply-button-no-place = I cannot answer in this place.
reply-button-gone = The message that this answers is gone.
