# /persona
persona-not-in-channel = The cast does not answer in this channel. Ask in another one.
persona-no-place = Nobody can speak in this place. Use a channel of a server.
persona-no-pictures = Nobody looks at pictures on this server. Ask without one.
persona-not-a-picture = This is no picture. Send a PNG, JPEG, WebP, GIF or BMP file.
persona-picture-too-large = This picture is too large. Send one of at most { $limit } MiB.
persona-list-footer = The word in quotes brings that persona into a conversation.
persona-list-guests = A star stands behind those that this server made itself.
persona-says = Says
persona-comes = Comes when you say
persona-is-guest = Made by this server.
persona-set = **{ $name }** answers here from now on.
persona-set-server = **{ $name }** answers on this server from now on, where a channel has nobody of its own.
persona-reset = This channel inherits again: **{ $name }** answers here.
persona-reset-server = This server inherits again: **{ $name }** answers.
persona-inherited = inherited
persona-show-title = { $name } answers here
persona-show-channel = This channel: { $who }
persona-show-server = This server: { $who }
persona-show-operator = The operator: { $who }
persona-show-cast = Who speaks in this channel
persona-show-exchange = Talk among themselves
persona-everybody = everybody
persona-lines =
    { $count ->
        [one] one line, where two are called together
       *[other] { $count } lines, where two are called together
    }
# /persona cast
persona-cast-only = In this channel only { $who } speak.
persona-cast-everybody = In this channel everybody speaks.
persona-cast-exchange =
    { $count ->
        [one] Two who are called together then exchange one line more.
       *[other] Two who are called together then exchange { $count } lines more.
    }
persona-everybody-speaks = Everybody speaks here already. /persona cast set names those who alone do.
persona-somebody-left = Somebody has to be left who speaks here. * is everybody.
# /persona create, edit, delete, import, export
persona-form-create = A new persona
persona-form-edit = Change { $name }
persona-form-name = Name
persona-form-title = Who is that? (“a keeper of the light”)
persona-form-description = About the persona
persona-form-voice = How does it speak?
persona-form-greeting = How does it say hello?
persona-created = **{ $name }** is here now and comes when somebody says “{ $keyword }”.
persona-changed = **{ $name }** is changed and comes when somebody says “{ $keyword }”.
persona-imported = **{ $name }** has been taken up and comes when somebody says “{ $keyword }”.
persona-lore-kept =
    { $count ->
        [one] One passage of lore came along.
       *[other] { $count } passages of lore came along.
    }
persona-lore-lost = The lore of the card could not be taken up just now. Delete the persona and import the card once more in a few minutes.
persona-may-not-speak = It may not speak yet, since this server names who may: /config set personas +{ $id }
persona-indecent = The content filter of this server does not let a persona be or say that: “{ $text }”.
persona-deleted = **{ $name }** has left, and the lore went along.
persona-exported = Here is **{ $name }**.
persona-no-picture = { $name } has no picture for a PNG. Export it as JSON.
persona-card-too-large = This file is too large. A card has at most 4 MiB.
persona-none-yet = none yet; /persona create or /persona import makes one
persona-unknown-own = This server has made no persona “{ $name }”. There are: { $known }.
