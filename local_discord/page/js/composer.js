/** The composer: text with mentions, replies, files, drafts, and the doorway to slash commands. */
import { CommandIndex, matchEntries, typedEntry } from "./commands.js";
import { fill, h, stored } from "./dom.js";
import { expandShortNames, searchEmoji } from "./emoji.js";
import { avatar, displayName, fileSize } from "./format.js";
import { icon } from "./icons.js";
import { authorName, summary } from "./message.js";
import { emojiPicker, toast } from "./overlay.js";
import { may } from "./permissions.js";
import { SlashForm } from "./slash.js";
import { Suggestions } from "./suggest.js";

const MAX_TEXT = 2000;
const MAX_FILES = 10;
const TYPING_EVERY_MS = 8000;
const escapeRegExp = (text) => text.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");

export class Composer {
  #reply = null;
  #files = [];
  #typedAt = 0;
  #entries = [];
  #index = new CommandIndex();

  constructor(app, host) {
    this.app = app;
    this.input = h("textarea", {
      rows: 1,
      dataset: { testid: "composer" },
      "aria-label": "Message",
      "aria-autocomplete": "list",
      "aria-controls": "suggestions",
      autocomplete: "off",
      oninput: () => this.#changed(),
      onkeydown: (e) => this.#key(e),
      onpaste: (e) => this.#paste(e),
      onclick: () => this.#suggest(),
      onblur: () => this.suggestions.hide(),
    });
    this.file = h("input", {
      type: "file",
      multiple: true,
      hidden: true,
      dataset: { testid: "file-input" },
      onchange: (e) => {
        this.addFiles([...e.target.files]);
        e.target.value = "";
      },
    });
    this.attach = h(
      "button",
      {
        type: "button",
        class: "ghost",
        title: "Attach files",
        "aria-label": "Attach files",
        onclick: () => this.file.click(),
      },
      icon("plus"),
    );
    this.emoji = h(
      "button",
      {
        type: "button",
        class: "ghost",
        title: "Emoji",
        "aria-label": "Emoji",
        onclick: (e) => this.#emoji(e.currentTarget),
      },
      icon("smile"),
    );
    this.sendButton = h(
      "button",
      { type: "submit", class: "ghost send", title: "Send", "aria-label": "Send" },
      icon("send"),
    );
    this.counter = h("span", { class: "counter", "aria-live": "polite" });
    this.replyBar = h("div", { class: "reply-bar", hidden: true });
    this.tray = h("div", { class: "tray", hidden: true });
    this.suggestHost = h("div", { class: "suggest-host" });
    this.suggestions = new Suggestions(this.suggestHost);
    this.slash = new SlashForm(app, this.suggestions, { leave: (text) => this.#leaveSlash(text) });
    this.box = h(
      "div",
      { class: "box" },
      this.attach,
      this.input,
      this.slash.node,
      this.counter,
      this.emoji,
      this.sendButton,
    );
    this.form = h(
      "form",
      {
        class: "composer",
        onsubmit: (e) => {
          e.preventDefault();
          this.submit();
        },
      },
      this.suggestHost,
      this.replyBar,
      this.tray,
      this.slash.problem,
      this.box,
      this.file,
    );
    host.append(this.form);
    this.#dropTarget();
  }

  // ---- which channel

  open(channel) {
    this.slash.close();
    this.#setSlash(false);
    this.#setReply(null);
    this.#files = [];
    this.#drawTray();
    this.#typedAt = 0;
    this.input.value = stored.get(this.#draftKey(channel), "");
    this.refresh(channel);
    this.#grow();
    this.suggestions.hide();
    this.#index.entries(this.app.session, channel).catch(() => undefined);
  }

  /** Names and permissions may have changed. */
  refresh(channel = this.app.channel) {
    const { store } = this.app.session;
    const name = store.channelName(channel);
    const allowed = may(store, channel, "SEND_MESSAGES");
    const reason = channel.thread_metadata?.locked
      ? "This thread is locked."
      : "You do not have permission to send messages here.";
    this.input.disabled = !allowed;
    this.input.placeholder = allowed
      ? `Message ${channel.type === 1 ? "@" : channel.thread_metadata ? "" : "#"}${name}`
      : reason;
    this.input.setAttribute("aria-label", this.input.placeholder);
    this.attach.disabled = !allowed || !may(store, channel, "ATTACH_FILES");
    this.emoji.disabled = !allowed;
    this.form.classList.toggle("disabled", !allowed);
  }

  focus() {
    if (!this.input.disabled && !matchMedia("(pointer: coarse)").matches)
      (this.slash.entry ? this.slash.node.querySelector("input") : this.input)?.focus({ preventScroll: true });
  }

  #draftKey(channel = this.app.channel) {
    return `draft:${this.app.session.user.id}:${channel.id}`;
  }

  // ---- text and marks

  #nameables() {
    const { store } = this.app.session;
    const guild = store.guilds.get(this.app.channel.guild_id);
    const list = [];
    for (const id of guild ? guild.members.keys() : [store.me.id, store.recipient(this.app.channel)?.id]) {
      const user = store.user(id);
      if (!user) continue;
      const name = displayName(user, guild && store.member(guild.id, id));
      list.push({
        text: user.username,
        mark: `<@${id}>`,
        label: name,
        detail: name === user.username ? "" : user.username,
        node: avatar(user, { size: 24, guildId: guild?.id, member: guild && store.member(guild.id, id) }),
        user,
      });
      if (name !== user.username) list.push({ text: name, mark: `<@${id}>`, alias: true });
    }
    for (const role of guild?.roles.values() ?? []) {
      if (role.id !== guild.id)
        list.push({ text: role.name, mark: `<@&${role.id}>`, label: role.name, detail: "role", node: icon("at", 18) });
    }
    return list;
  }

  #linkables() {
    const { guild_id } = this.app.channel;
    return [...this.app.session.store.channels.values()].filter(
      (c) => c.guild_id && c.guild_id === guild_id && c.type !== 4,
    );
  }

  /** "@Name" and "#channel" as people type them become the marks that the protocol carries; code is left alone. */
  toMarks(text) {
    const people = new Map();
    for (const n of this.#nameables()) if (!people.has(n.text.toLowerCase())) people.set(n.text.toLowerCase(), n.mark);
    const channels = new Map(this.#linkables().map((c) => [c.name.toLowerCase(), `<#${c.id}>`]));
    const alternatives = (map) =>
      [...map.keys()]
        .sort((a, b) => b.length - a.length)
        .map(escapeRegExp)
        .join("|");
    const replace = (part, sign, map) =>
      map.size
        ? part.replace(new RegExp(`(?<![\\w<])${sign}(${alternatives(map)})(?![\\w-])`, "gi"), (all, name) =>
            map.get(name.toLowerCase()),
          )
        : part;
    return text
      .split(/(```[\s\S]*?```|`[^`\n]*`|https?:\/\/\S+)/)
      .map((part, i) => (i % 2 ? part : expandShortNames(replace(replace(part, "@", people), "#", channels))))
      .join("");
  }

  /** The reverse, for editing. */
  toText(content) {
    const { store } = this.app.session;
    const guild = store.guilds.get(this.app.channel.guild_id);
    return content
      .replace(/<@!?(\d+)>/g, (all, id) => (store.user(id) ? `@${store.user(id).username}` : all))
      .replace(/<@&(\d+)>/g, (all, id) => (guild?.roles.get(id) ? `@${guild.roles.get(id).name}` : all))
      .replace(/<#(\d+)>/g, (all, id) => (store.channels.get(id) ? `#${store.channels.get(id).name}` : all));
  }

  insert(text) {
    const { selectionStart: start, selectionEnd: end, value } = this.input;
    this.input.value = value.slice(0, start) + text + value.slice(end);
    this.input.setSelectionRange(start + text.length, start + text.length);
    this.#changed();
    this.focus();
  }

  // ---- while typing

  #changed() {
    this.#grow();
    stored.set(this.#draftKey(), this.input.value || null);
    this.#suggest();
    if (this.input.value.trim() && !this.input.value.startsWith("/") && Date.now() - this.#typedAt > TYPING_EVERY_MS) {
      this.#typedAt = Date.now();
      this.app.session.api.typing(this.app.channel.id).catch(() => undefined);
    }
  }

  #grow() {
    this.input.style.height = "auto";
    this.input.style.height = `${Math.min(this.input.scrollHeight, innerHeight * 0.4)}px`;
    const left = MAX_TEXT - this.input.value.length;
    this.counter.textContent = left < 200 ? String(left) : "";
    this.counter.classList.toggle("bad", left < 0);
    this.form.classList.toggle("has-text", Boolean(this.input.value.trim() || this.#files.length));
  }

  async #suggest() {
    const text = this.input.value;
    if (text.startsWith("/") && !text.includes("\n")) return this.#suggestCommands(text.slice(1));
    const before = text.slice(0, this.input.selectionStart);
    const token = /(?:^|[\s(])([@#:])([^\s@#:]{0,32})$/.exec(before);
    if (!token) return this.suggestions.hide();
    const [, sign, query] = token;
    const q = query.toLowerCase();
    const complete = (insert) => {
      const start = before.length - query.length - 1;
      this.input.setSelectionRange(start, before.length);
      this.insert(`${insert} `);
      this.suggestions.hide();
    };
    let items = [];
    if (sign === "@") {
      const everyone =
        "everyone".startsWith(q) && this.app.channel.guild_id
          ? [{ label: "@everyone", detail: "all members", node: icon("at", 18), text: "everyone" }]
          : [];
      const all = this.#nameables();
      const hits = all.filter(
        (n) => !n.alias && (n.label.toLowerCase().includes(q) || n.text.toLowerCase().includes(q)),
      );
      hits.sort((a, b) => b.label.toLowerCase().startsWith(q) - a.label.toLowerCase().startsWith(q));
      items = [...hits, ...everyone].slice(0, 8).map((n) => ({ ...n, value: `@${n.text}` }));
      if (all.filter((n) => n.alias && n.text.toLowerCase() === q).length === 1 && items.length === 1) items = [];
    } else if (sign === "#") {
      items = this.#linkables()
        .filter((c) => c.name.toLowerCase().includes(q))
        .slice(0, 8)
        .map((c) => ({ label: c.name, node: icon(c.thread_metadata ? "thread" : "hash", 18), value: `#${c.name}` }));
    } else if (query.length >= 2) {
      items = [
        ...this.app
          .customEmoji()
          .filter((e) => e.name.toLowerCase().includes(q))
          .map((e) => ({ label: `:${e.name}:`, value: `<${e.animated ? "a" : ""}:${e.name}:${e.id}>` })),
        ...searchEmoji(q).map((e) => ({
          label: `:${e.name}:`,
          node: h("span", { class: "glyph" }, e.emoji),
          value: e.emoji,
        })),
      ].slice(0, 8);
    }
    // A name typed out in full needs no choosing: Enter then sends, as the writer expects.
    if (items.length === 1 && items[0].value?.toLowerCase() === `${sign}${q}`) return this.suggestions.hide();
    return this.suggestions.show(items, { testid: "mention-list", pick: (item) => complete(item.value) });
  }

  async #suggestCommands(query) {
    const channel = this.app.channel;
    try {
      this.#entries = await this.#index.entries(this.app.session, channel);
    } catch (error) {
      toast(`The commands could not be loaded: ${error.message}`);
      return;
    }
    // The text may have gone on while the index was loading.
    if (channel !== this.app.channel || this.input.value.slice(1) !== query) return;
    const typed = typedEntry(this.#entries, query);
    if (typed) return this.#enterSlash(typed.entry, typed.rest);
    const items = matchEntries(this.#entries, query)
      .slice(0, 40)
      .map((entry) => ({
        label: `/${entry.shown}`,
        detail: entry.about,
        note: entry.app.name,
        entry,
        group: entry.app.name,
        testid: `slash-command-${entry.path.join("-")}`,
        node: avatar(entry.app.bot ?? { username: entry.app.name }, { size: 28 }),
      }));
    this.suggestions.show(items, {
      testid: "slash-picker",
      empty: query ? "No command by that name" : "No app has registered a command here yet",
      pick: ({ entry }) => this.#enterSlash(entry),
    });
  }

  #setSlash(on) {
    this.input.hidden = on;
    this.attach.hidden = on;
    this.emoji.hidden = on;
    this.slash.node.hidden = !on;
    this.form.classList.toggle("slashing", on);
  }
  #enterSlash(entry, rest = "") {
    this.suggestions.hide();
    this.#setSlash(true);
    this.slash.open(entry, rest);
  }
  #leaveSlash(text) {
    this.slash.close();
    this.#setSlash(false);
    this.input.value = text;
    this.#changed();
    this.input.focus();
  }
  forgetCommands() {
    this.#index.forget();
  }

  #key(e) {
    if (e.isComposing) return;
    if (this.suggestions.key(e)) return;
    if (e.key === "Escape") {
      if (this.suggestions.open) this.suggestions.hide();
      else if (this.#reply) this.#setReply(null);
      else this.app.list.toNewest();
    } else if (e.key === "Enter" && !e.shiftKey) {
      e.preventDefault();
      this.submit();
    } else if (e.key === "ArrowUp" && !this.input.value) {
      e.preventDefault();
      this.app.list.editLast();
    }
  }

  // ---- replies and files

  replyTo(message) {
    this.#setReply({ id: message.id, ping: true, message });
    this.focus();
  }
  #setReply(reply) {
    this.#reply = reply;
    this.replyBar.hidden = !reply;
    if (!reply) return fill(this.replyBar);
    const ping = h(
      "button",
      {
        type: "button",
        class: "ping on",
        "aria-pressed": "true",
        title: "Mention the author",
        onclick: () => {
          reply.ping = !reply.ping;
          ping.classList.toggle("on", reply.ping);
          ping.setAttribute("aria-pressed", String(reply.ping));
        },
      },
      "@ on",
    );
    return fill(
      this.replyBar,
      icon("reply", 16),
      h(
        "span",
        {},
        "Replying to ",
        h("b", {}, authorName(this.app, reply.message)),
        " ",
        h("small", {}, summary(this.app, reply.message)),
      ),
      ping,
      h(
        "button",
        { type: "button", class: "ghost", "aria-label": "Cancel the reply", onclick: () => this.#setReply(null) },
        icon("close", 16),
      ),
    );
  }

  addFiles(files) {
    if (this.attach.disabled) return toast("You do not have permission to attach files here.");
    const room = MAX_FILES - this.#files.length;
    if (files.length > room) toast(`A message carries at most ${MAX_FILES} files.`);
    this.#files.push(...files.slice(0, room));
    this.#drawTray();
    this.#grow();
    return this.focus();
  }
  #drawTray() {
    this.tray.hidden = !this.#files.length;
    for (const image of this.tray.querySelectorAll("img")) URL.revokeObjectURL(image.src);
    fill(
      this.tray,
      this.#files.map((file, i) =>
        h(
          "div",
          { class: "tray-item", dataset: { testid: "upload" } },
          file.type.startsWith("image/") ? h("img", { src: URL.createObjectURL(file), alt: "" }) : icon("file", 40),
          h("b", {}, file.name),
          h("small", {}, fileSize(file.size)),
          h(
            "button",
            {
              type: "button",
              "aria-label": `Remove ${file.name}`,
              onclick: () => {
                this.#files.splice(i, 1);
                this.#drawTray();
                this.#grow();
              },
            },
            icon("trash", 16),
          ),
        ),
      ),
    );
  }
  #paste(e) {
    const files = [...(e.clipboardData?.files ?? [])];
    if (!files.length) return;
    e.preventDefault();
    this.addFiles(files);
  }
  #dropTarget() {
    const curtain = h(
      "div",
      { class: "drop-curtain", hidden: true },
      icon("download", 40),
      h("b", {}, "Drop to attach"),
    );
    this.app.main.append(curtain);
    let depth = 0;
    const carries = (e) => e.dataTransfer?.types.includes("Files");
    const show = (e, step) => {
      if (!carries(e)) return;
      e.preventDefault();
      depth = Math.max(0, depth + step);
      curtain.hidden = depth === 0;
    };
    addEventListener("dragenter", (e) => show(e, 1));
    addEventListener("dragleave", (e) => show(e, -1));
    addEventListener("dragover", (e) => carries(e) && e.preventDefault());
    addEventListener("drop", (e) => {
      if (!carries(e)) return;
      show(e, -depth);
      this.addFiles([...e.dataTransfer.files]);
    });
  }
  #emoji(anchor) {
    emojiPicker(anchor, this.app.customEmoji(), ({ text }) => this.insert(text));
  }

  // ---- sending

  async submit() {
    if (this.slash.entry) return this.slash.submit();
    const command = /^\/([\p{L}\w-][\p{L}\w -]*)$/u.exec(this.input.value.trim())?.[1];
    if (command) {
      // Enter may come before the list of commands has: a command's name must never go out as text.
      const entries = await this.#index.entries(this.app.session, this.app.channel).catch(() => []);
      const typed = typedEntry(entries, `${command} `);
      if (typed) return this.#enterSlash(typed.entry, typed.rest);
    }
    const content = this.toMarks(this.input.value.trim());
    if (!content && !this.#files.length) return undefined;
    if (content.length > MAX_TEXT)
      return toast(`A message holds at most ${MAX_TEXT} characters; this one has ${content.length}.`);
    const { id } = this.app.channel;
    const files = this.#files;
    const reply = this.#reply;
    this.#files = [];
    this.#drawTray();
    this.#setReply(null);
    this.input.value = "";
    stored.set(this.#draftKey(), null);
    this.#typedAt = 0;
    this.suggestions.hide();
    this.#grow();
    this.app.list.toNewest();
    return this.app.outbox.send(id, content, files, reply);
  }
}
