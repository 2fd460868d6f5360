/** One message as a keyed row. An update touches only the part that changed, so streaming edits do not flicker. */
import { fill, h } from "./dom.js";
import { component } from "./components.js";
import { avatar, colour, displayName, full, sameDay, day, stamp, time } from "./format.js";
import { icon } from "./icons.js";
import { customEmoji, isJumbo, markdown, plainText } from "./markdown.js";
import { attachment, embed } from "./rich.js";
import { FLAG } from "./store.js";

const GROUP_MS = 7 * 60 * 1000;
const DEFAULT = 0,
  PINNED = 6,
  JOIN = 7,
  THREAD = 18,
  REPLY = 19,
  COMMAND = 20,
  CONTEXT = 23;
const CHAT_COMMAND = 1;
const SPOKEN = new Set([DEFAULT, REPLY, COMMAND, CONTEXT]);

/** Does a webhook speak here under a name of its own? An app's answer to a command carries its own id as the webhook's. */
export const isVoice = (message) => Boolean(message.webhook_id) && message.webhook_id !== message.application_id;
export const isApp = (message) => Boolean(message.author.bot || message.webhook_id);

/** Does `message` go under the heading of `previous`? Personas share one webhook, so the name counts too. */
function continues(message, previous) {
  if (!previous || !SPOKEN.has(message.type) || !SPOKEN.has(previous.type)) return false;
  if (message.type === REPLY || interactionOf(message) || message.message_reference) return false;
  if (message.author.id !== previous.author.id || message.author.username !== previous.author.username) return false;
  if ((message.flags ^ previous.flags) & FLAG.EPHEMERAL) return false;
  const [a, b] = [new Date(previous.timestamp), new Date(message.timestamp)];
  return b - a < GROUP_MS && sameDay(a, b);
}

function interactionOf(message) {
  const data = message.interaction ?? message.interaction_metadata;
  // A component's answer carries metadata too, but nobody typed a command for it.
  return data?.user && data.type === 2 ? data : null;
}

function commandName(interaction, message) {
  const kind = message.interaction_metadata?.command_type ?? CHAT_COMMAND;
  return kind === CHAT_COMMAND ? `/${interaction.name ?? "command"}` : interaction.name;
}

export function authorName(app, message) {
  const member = message.guild_id && !isVoice(message) && app.session.store.member(message.guild_id, message.author.id);
  const user = isVoice(message) ? message.author : (app.session.store.user(message.author.id) ?? message.author);
  return displayName(user, member);
}

export function nameNode(app, message) {
  const name = authorName(app, message);
  if (isVoice(message)) return h("span", { class: "name voice", style: { "--hue": voiceHue(name) } }, name);
  const number = message.guild_id && app.session.store.nameColour(message.guild_id, message.author.id);
  const open = (e) => app.profile(message.author.id, e.currentTarget);
  return h(
    "button",
    {
      type: "button",
      class: number ? "name coloured" : "name",
      style: number ? { "--role": colour(number) } : {},
      onclick: open,
    },
    name,
  );
}

export function voiceHue(name) {
  let value = 7;
  for (const c of name) value = (value * 31 + c.codePointAt(0)) % 360;
  return value;
}

export const appTag = () => h("span", { class: "tag" }, "APP");

function messageAvatar(app, message, size) {
  const { store } = app.session;
  const member = message.guild_id && !isVoice(message) ? store.member(message.guild_id, message.author.id) : null;
  const user = isVoice(message) ? message.author : (store.user(message.author.id) ?? message.author);
  return avatar(user, { size, guildId: message.guild_id, member });
}

/** What a message says in one line, for reply previews and for screen readers. */
export function summary(app, message) {
  const text = message.content && plainText(message.content, app.names());
  if (text) return text;
  if (message.attachments?.length)
    return `sent ${message.attachments.length === 1 ? message.attachments[0].filename : `${message.attachments.length} files`}`;
  if (message.embeds?.length) return message.embeds[0].title ?? message.embeds[0].description ?? "sent an embed";
  return message.flags & FLAG.LOADING ? "is thinking…" : "sent a message";
}

export class MessageRow {
  #signatures = {};

  constructor(app, message) {
    this.app = app;
    this.message = message;
    this.context = h("div", { class: "context" });
    this.gutter = h("div", { class: "gutter" });
    this.header = h("header");
    this.content = h("div", { class: "content", dataset: { testid: "message-content" } });
    this.extras = h("div", { class: "extras" });
    this.reactions = h("div", { class: "reactions" });
    this.foot = h("div", { class: "foot" });
    this.article = h(
      "article",
      {
        class: "message",
        tabindex: "-1",
        dataset: { testid: "message", messageId: message.id, author: message.author.username },
      },
      this.context,
      this.gutter,
      h("div", { class: "main" }, this.header, this.content, this.extras, this.reactions, this.foot),
    );
    this.divider = h("div", { class: "day", role: "separator" });
    this.node = h("li", { class: "row", dataset: { key: message.id } }, this.article);
  }

  #changed(part, value) {
    const text = JSON.stringify(value);
    if (this.#signatures[part] === text) return false;
    this.#signatures[part] = text;
    return true;
  }

  /** Bring the row up to date with its message and with the message above it. */
  update(previous) {
    const { app, message: m } = this;
    const grouped = continues(m, previous);
    const date = new Date(m.timestamp);
    const newDay = !previous || !sameDay(new Date(previous.timestamp), date);
    if (this.#changed("day", newDay && day(date))) {
      if (newDay) this.node.prepend(fill(this.divider, h("span", {}, day(date))));
      else this.divider.remove();
    }
    this.article.classList.toggle("grouped", grouped);
    this.article.classList.toggle("mentions-me", app.session.store.mentionsMe(m));
    this.article.classList.toggle("ephemeral", Boolean(m.flags & FLAG.EPHEMERAL));
    if (!SPOKEN.has(m.type)) return this.#system(date);
    const interaction = interactionOf(m);
    if (
      this.#changed("context", [
        interaction,
        m.message_reference,
        m.referenced_message?.content,
        m.referenced_message?.id,
      ])
    )
      this.#drawContext(interaction);
    if (this.#changed("header", [grouped, m.author, m.timestamp, authorName(app, m)])) this.#drawHeader(grouped, date);
    if (this.#changed("content", [m.content, m.edited_timestamp, m.flags & FLAG.LOADING])) this.#drawContent();
    if (this.#changed("extras", [m.attachments, m.embeds, m.components, m.thread?.id])) this.#drawExtras();
    if (this.#changed("reactions", m.reactions ?? [])) this.#drawReactions();
    if (this.#changed("foot", m.flags & FLAG.EPHEMERAL)) this.#drawFoot();
    return undefined;
  }

  #drawContext(interaction) {
    const { app, message: m } = this;
    fill(this.context);
    this.article.classList.toggle("has-context", Boolean(interaction || m.type === REPLY));
    if (interaction) {
      const user = app.session.store.user(interaction.user.id) ?? interaction.user;
      this.context.append(
        h("span", { class: "spine" }),
        avatar(user, { size: 16 }),
        h("b", {}, displayName(user)),
        " used ",
        h("span", { class: "command-name" }, commandName(interaction, m)),
      );
    } else if (m.type === REPLY) {
      const original = m.referenced_message;
      this.context.append(h("span", { class: "spine" }));
      if (!original)
        this.context.append(
          h("i", {}, m.message_reference ? "Original message was deleted" : "Original message is not here"),
        );
      else
        this.context.append(
          messageAvatar(app, original, 16),
          h("b", {}, authorName(app, { guild_id: m.guild_id, ...original })),
          h(
            "button",
            {
              type: "button",
              class: "quote",
              dataset: { testid: "reply-preview" },
              "aria-label": `Jump to the message by ${authorName(app, original)}`,
              onclick: () => app.list.jumpTo(original.id),
            },
            summary(app, original),
          ),
        );
    }
  }

  #drawHeader(grouped, date) {
    const { app, message: m } = this;
    const clock = h("time", { datetime: m.timestamp, title: full(date) }, grouped ? time(date) : stamp(date));
    if (grouped) {
      fill(this.gutter, clock);
      fill(this.header, h("span", { class: "sr-only" }, authorName(app, m)));
    } else {
      fill(this.gutter, messageAvatar(app, m, 40));
      fill(this.header, nameNode(app, m), isApp(m) && appTag(), clock);
    }
  }

  #drawContent() {
    const { app, message: m } = this;
    if (m.flags & FLAG.LOADING) {
      fill(
        this.content,
        h(
          "span",
          { class: "thinking", dataset: { testid: "thinking" } },
          h("span", { class: "dots" }, h("i"), h("i"), h("i")),
          `${authorName(app, m)} is thinking…`,
        ),
      );
      return;
    }
    fill(this.content, markdown(m.content ?? "", app.names()));
    this.content.classList.toggle("jumbo", isJumbo(m.content ?? ""));
    if (m.edited_timestamp)
      this.content.append(h("span", { class: "edited", title: full(new Date(m.edited_timestamp)) }, "(edited)"));
  }

  #drawExtras() {
    const { app, message: m } = this;
    const names = app.names();
    fill(
      this.extras,
      (m.attachments ?? []).map(attachment),
      (m.embeds ?? []).map((e) => embed(e, names)),
      (m.components ?? []).map((c) => component(app, m, c)),
      m.thread &&
        h(
          "button",
          { type: "button", class: "thread-card", onclick: () => app.openChannel(m.thread.id) },
          icon("thread", 18),
          h("b", {}, m.thread.name),
          "Open thread",
        ),
    );
  }

  #drawReactions() {
    const { app, message: m } = this;
    const list = m.reactions ?? [];
    fill(
      this.reactions,
      list.map((r) =>
        h(
          "button",
          {
            type: "button",
            class: r.me ? "reaction mine" : "reaction",
            "aria-pressed": String(Boolean(r.me)),
            "aria-label": `${r.emoji.name}, ${r.count} ${r.count === 1 ? "reaction" : "reactions"}`,
            dataset: { testid: "reaction", emoji: r.emoji.name },
            onclick: () => app.react(m, r.emoji, !r.me),
          },
          r.emoji.id ? customEmoji(r.emoji) : h("span", { class: "glyph" }, r.emoji.name),
          h("span", { class: "count" }, r.count),
        ),
      ),
      list.length > 0 &&
        h(
          "button",
          {
            type: "button",
            class: "reaction add",
            "aria-label": "Add a reaction",
            onclick: (e) => app.pickReaction(m, e.currentTarget),
          },
          icon("smile", 16),
        ),
    );
  }

  #drawFoot() {
    const { app, message: m } = this;
    fill(
      this.foot,
      Boolean(m.flags & FLAG.EPHEMERAL) && [
        icon("eye", 14),
        "Only you can see this · ",
        h(
          "button",
          { type: "button", class: "link", onclick: () => app.session.store.dropMessage(m.channel_id, m.id) },
          "Dismiss",
        ),
      ],
    );
  }

  #system(date) {
    const { app, message: m } = this;
    const texts = {
      [PINNED]: " pinned a message to this channel.",
      [JOIN]: " joined. Say hello!",
      [THREAD]: ` started a thread: ${m.content}`,
    };
    this.article.classList.add("system");
    fill(this.gutter, icon(m.type === THREAD ? "thread" : m.type === JOIN ? "bolt" : "more", 18));
    fill(
      this.content,
      nameNode(app, m),
      texts[m.type] ?? ` ${m.content || "did something here."}`,
      h("time", { datetime: m.timestamp }, stamp(date)),
    );
  }

  /** Put an editor in the place of the text. Resolves through `save(text)`; Escape leaves the text as it was. */
  edit(save) {
    const { app, message: m } = this;
    if (this.article.classList.contains("editing")) return;
    const input = h("textarea", {
      class: "edit-box",
      "aria-label": "Edit message",
      rows: 1,
      maxlength: 2000,
      value: app.composer.toText(m.content),
      dataset: { testid: "edit-box" },
    });
    const close = () => {
      this.article.classList.remove("editing");
      this.#signatures.content = null;
      this.#drawContent();
      app.composer.focus();
    };
    input.addEventListener("keydown", async (e) => {
      if (e.key === "Escape") close();
      else if (e.key === "Enter" && !e.shiftKey && !e.isComposing) {
        const text = input.value.trim();
        close();
        if (text !== app.composer.toText(m.content)) await save(text);
      } else return;
      e.preventDefault();
      e.stopPropagation();
    });
    this.article.classList.add("editing");
    fill(this.content, input, h("small", {}, "Escape to cancel · Enter to save"));
    input.focus();
    input.setSelectionRange(input.value.length, input.value.length);
  }
}

/** What this page is still sending, or could not send. */
export function pendingRow(app, entry, actions) {
  const { store } = app.session;
  const failed = entry.state === "failed";
  const buttons =
    failed &&
    h(
      "div",
      { class: "foot bad", role: "alert" },
      icon("alert", 14),
      entry.error,
      " ",
      actions.retry &&
        h("button", { type: "button", class: "link", dataset: { testid: "retry" }, onclick: actions.retry }, "Retry"),
      h(
        "button",
        { type: "button", class: "link", onclick: actions.drop },
        entry.kind === "command" ? "Dismiss" : "Delete",
      ),
    );
  if (entry.kind === "command") {
    return h(
      "li",
      { class: "row" },
      h(
        "article",
        { class: `message has-context ${failed ? "failed" : "sending"}`, dataset: { testid: "pending" } },
        h(
          "div",
          { class: "context" },
          h("span", { class: "spine" }),
          avatar(store.me, { size: 16 }),
          h("b", {}, displayName(store.me)),
          " used ",
          h("span", { class: "command-name" }, `/${entry.name}`),
        ),
        h("div", { class: "gutter" }, avatar(entry.app.bot ?? { username: entry.app.name }, { size: 40 })),
        h(
          "div",
          { class: "main" },
          h("header", {}, h("span", { class: "name" }, entry.app.name), appTag()),
          failed ? null : h("div", { class: "content" }, h("span", { class: "thinking" }, "Sending command…")),
          buttons,
        ),
      ),
    );
  }
  return h(
    "li",
    { class: "row" },
    h(
      "article",
      { class: `message ${failed ? "failed" : "sending"}`, dataset: { testid: "pending" } },
      h("div", { class: "gutter" }, avatar(store.me, { size: 40 })),
      h(
        "div",
        { class: "main" },
        h("header", {}, h("span", { class: "name" }, displayName(store.me))),
        h("div", { class: "content" }, markdown(entry.content, app.names())),
        entry.files.map((f) => h("div", { class: "file-card" }, icon("file", 22), f.name)),
        buttons,
      ),
    ),
  );
}
