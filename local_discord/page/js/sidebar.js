/** The left column (servers' channels, threads, direct messages, who one is) and the member list on the right. */
import { fill, h, keyed } from "./dom.js";
import { avatar, colour, compareIds, displayName } from "./format.js";
import { icon } from "./icons.js";
import { appTag, voiceHue } from "./message.js";
import { popover } from "./overlay.js";
import { may } from "./permissions.js";
import { CHANNEL } from "./store.js";

const TEXTUAL = new Set([CHANNEL.TEXT, CHANNEL.NEWS]);
const LANGUAGES = ["en-US", "de", "es-ES", "fr", "it", "ja", "nl", "pl", "pt-BR", "tr", "uk"];
const ONLINE = new Set(["online", "idle", "dnd"]);

export class Sidebar {
  constructor(app, { channels, userPanel, members }) {
    this.app = app;
    this.channels = channels;
    this.userPanel = userPanel;
    this.members = members;
    this.icons = new Map();
  }

  attach(session) {
    const here = () => this.app.session === session;
    const { store } = session;
    const soon = (draw) => {
      let due = false;
      return () => {
        if (due || !here()) return;
        due = true;
        requestAnimationFrame(() => {
          due = false;
          if (here()) draw();
        });
      };
    };
    const channels = soon(() => this.drawChannels());
    const members = soon(() => this.drawMembers());
    for (const type of [
      "CHANNEL_CREATE",
      "CHANNEL_UPDATE",
      "CHANNEL_DELETE",
      "THREAD_CREATE",
      "THREAD_UPDATE",
      "THREAD_DELETE",
      "GUILD_UPDATE",
      "GUILD_CREATE",
      "GUILD_DELETE",
      "unread",
      "PRESENCE_UPDATE",
    ])
      store.on(type, channels);
    for (const type of [
      "GUILD_MEMBER_ADD",
      "GUILD_MEMBER_REMOVE",
      "GUILD_MEMBER_UPDATE",
      "PRESENCE_UPDATE",
      "GUILD_ROLE_UPDATE",
      "GUILD_ROLE_CREATE",
      "GUILD_ROLE_DELETE",
      "USER_UPDATE",
      "GUILD_CREATE",
    ])
      store.on(type, members);
    store.on("MESSAGE_CREATE", (m) => m.webhook_id && m.channel_id === this.app.channel?.id && members());
  }

  drawChannels() {
    const { store } = this.app.session;
    const rows = [];
    const all = [...store.channels.values()];
    const visible = (c) => may(store, c, "VIEW_CHANNEL");
    const place = (a, b) => a.position - b.position || compareIds(a.id, b.id);
    for (const guild of store.guilds.values()) {
      rows.push({ key: `g${guild.id}`, guild });
      const mine = all.filter((c) => c.guild_id === guild.id);
      const list = (parent) => {
        for (const channel of mine
          .filter((c) => TEXTUAL.has(c.type) && (c.parent_id ?? null) === parent && visible(c))
          .sort(place)) {
          rows.push({ key: channel.id, channel });
          const threads = mine.filter(
            (t) => t.parent_id === channel.id && t.thread_metadata && !t.thread_metadata.archived,
          );
          for (const thread of threads.sort((a, b) => compareIds(a.id, b.id)))
            rows.push({ key: thread.id, channel: thread, thread: true });
        }
      };
      list(null);
      for (const category of mine.filter((c) => c.type === CHANNEL.CATEGORY).sort(place)) {
        rows.push({ key: category.id, title: category.name });
        list(category.id);
      }
    }
    const dms = all
      .filter((c) => c.type === CHANNEL.DM)
      .sort((a, b) => compareIds(b.last_message_id ?? b.id, a.last_message_id ?? a.id));
    if (dms.length) rows.push({ key: "dms", title: "Direct messages" });
    for (const channel of dms) rows.push({ key: channel.id, channel, dm: true });
    keyed(
      this.channels,
      rows,
      (r) => r.key,
      (r, old) => this.#channelRow(r, old),
    );
    this.app.drawTitle();
  }

  #channelRow(row, old) {
    const { store } = this.app.session;
    const { channel } = row;
    const state = row.guild
      ? [row.guild.name, row.guild.icon]
      : row.title
        ? [row.title]
        : [
            store.channelName(channel),
            store.unread(channel),
            store.mentions(channel.id),
            channel.id === this.app.channel?.id,
            row.dm && store.status(store.recipient(channel)?.id),
            row.dm && store.recipient(channel)?.avatar,
          ];
    const signature = JSON.stringify(state);
    if (old?.dataset.signature === signature) return old;
    let node;
    if (row.guild) node = h("li", { class: "guild-title" }, this.guildIcon(row.guild, 28), h("h2", {}, row.guild.name));
    else if (row.title) node = h("li", { class: "category" }, h("h3", {}, row.title));
    else {
      const [name, unread, mentions, current, status] = state;
      const other = row.dm && store.recipient(channel);
      node = h(
        "li",
        {},
        h(
          "a",
          {
            class: `channel${row.thread ? " thread" : ""}${unread && !current ? " unread" : ""}`,
            href: this.app.href(channel.id),
            "aria-current": current ? "page" : null,
            "aria-label": `${row.dm ? "Direct message with" : row.thread ? "Thread" : "Channel"} ${name}${mentions ? `, ${mentions} mentions` : unread ? ", unread" : ""}`,
            dataset: { testid: `channel-${name}`, channelId: channel.id },
            onclick: (e) => {
              if (e.ctrlKey || e.metaKey || e.shiftKey) return;
              e.preventDefault();
              this.app.openChannel(channel.id);
            },
          },
          row.dm ? avatar(other, { size: 26, status }) : icon(row.thread ? "thread" : "hash", 18),
          h("span", { class: "channel-name" }, name),
          row.dm && other?.bot && appTag(),
          mentions > 0 && h("span", { class: "badge" }, mentions),
        ),
      );
    }
    node.dataset.signature = signature;
    return node;
  }

  guildIcon(guild, size) {
    const node = avatar({ id: guild.id, username: guild.name }, { size });
    node.classList.add("square");
    if (guild.icon) {
      const image = h("img", { src: `/cdn/icons/${guild.id}/${guild.icon}.png`, alt: "" });
      image.addEventListener("error", () => image.remove());
      node.append(image);
    }
    return node;
  }

  drawUser() {
    const { session, users } = this.app;
    const me = session.store.me;
    const button = h(
      "button",
      {
        type: "button",
        class: "user-switcher",
        "aria-haspopup": "menu",
        "aria-label": `You are ${displayName(me)}. Switch user`,
        dataset: { testid: "user-switcher" },
        onclick: () => this.#userMenu(button, users),
      },
      avatar(me, { size: 34, status: "online" }),
      h("span", {}, h("b", {}, displayName(me)), h("small", {}, me.username)),
      icon("up", 16),
    );
    const theme = h(
      "button",
      {
        type: "button",
        class: "ghost",
        title: "Light or dark",
        "aria-label": "Switch between light and dark",
        dataset: { testid: "theme" },
        onclick: () => this.app.toggleTheme(),
      },
      icon("theme", 18),
    );
    fill(this.userPanel, button, theme);
  }

  #userMenu(anchor, users) {
    const current = this.app.session.user.id;
    const items = users.map((user) =>
      h(
        "div",
        { class: "menu-row" },
        h(
          "button",
          {
            type: "button",
            role: "menuitemradio",
            "aria-checked": String(user.id === current),
            class: "menu-item",
            dataset: { testid: `user-${user.username}` },
            onclick: () => {
              pop.close();
              this.app.switchUser(user.id);
            },
          },
          avatar(this.app.session.store.user(user.id) ?? user, { size: 28 }),
          h(
            "span",
            {},
            h("b", {}, displayName(this.app.session.store.user(user.id) ?? user)),
            h("small", {}, user.username),
          ),
          user.id === current && icon("check", 18),
        ),
        h(
          "a",
          {
            class: "ghost",
            href: this.app.href(this.app.channel?.guild_id ? this.app.channel.id : "", user.username),
            target: "_blank",
            rel: "noopener",
            title: "Open in a new window",
            "aria-label": `Open a window as ${user.username}`,
          },
          icon("external", 16),
        ),
      ),
    );
    const menu = h("div", { role: "menu", class: "menu" }, h("h3", {}, "Be someone else"), items);
    menu.addEventListener("keydown", (e) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
      if (!step) return;
      e.preventDefault();
      const all = [...menu.querySelectorAll(".menu-item")];
      all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
    });
    const pop = popover(anchor, menu);
    menu.querySelector("[aria-checked=true]")?.focus();
  }

  drawMembers() {
    const { session, channel, list } = this.app;
    const { store } = session;
    const guild = store.guilds.get(channel?.guild_id);
    const rows = [];
    const add = (title, items) => {
      if (items.length) rows.push({ key: `t:${title}`, title, count: items.length }, ...items);
    };
    const voices = list.voices();
    add(
      "Voices here",
      voices.map((v) => ({ key: `v:${v.username}`, voice: v })),
    );
    if (guild) {
      const people = [...guild.members.values()].map((m) => ({
        key: m.user.id,
        member: m,
        user: store.user(m.user.id),
        status: guild.presences.get(m.user.id) ?? "offline",
      }));
      people.sort((a, b) => displayName(a.user, a.member).localeCompare(displayName(b.user, b.member)));
      const rest = new Set(people);
      for (const role of [...guild.roles.values()]
        .filter((r) => r.hoist && r.id !== guild.id)
        .sort((a, b) => b.position - a.position)) {
        const group = [...rest].filter((p) => p.member.roles.includes(role.id) && ONLINE.has(p.status));
        for (const p of group) rest.delete(p);
        add(role.name, group);
      }
      add(
        "Online",
        [...rest].filter((p) => ONLINE.has(p.status)),
      );
      add(
        "Offline",
        [...rest].filter((p) => !ONLINE.has(p.status)),
      );
    } else if (channel) {
      add(
        "In this conversation",
        [store.me, store.recipient(channel)].filter(Boolean).map((user) => ({
          key: user.id,
          user: store.user(user.id) ?? user,
          status: user.id === store.me.id ? "online" : store.status(user.id),
        })),
      );
    }
    keyed(
      this.members,
      rows,
      (r) => r.key,
      (r, old) => this.#memberRow(r, old, guild),
    );
  }

  #memberRow(row, old, guild) {
    const { store } = this.app.session;
    const number = guild && row.user ? store.nameColour(guild.id, row.user.id) : null;
    const signature = JSON.stringify([row.title, row.count, row.user, row.member?.nick, row.status, number, row.voice]);
    if (old?.dataset.signature === signature) return old;
    let node;
    if (row.title) node = h("li", { class: "category" }, h("h3", {}, `${row.title} — ${row.count}`));
    else if (row.voice) {
      node = h(
        "li",
        {},
        h(
          "button",
          {
            type: "button",
            class: "member",
            title: `Mention ${row.voice.username} by name`,
            dataset: { testid: `voice-${row.voice.username}` },
            onclick: () => this.app.composer.insert(`${row.voice.username} `),
          },
          avatar(row.voice, { size: 32 }),
          h("span", { class: "name voice", style: { "--hue": voiceHue(row.voice.username) } }, row.voice.username),
          h("span", { class: "tag soft" }, "PERSONA"),
        ),
      );
    } else {
      node = h(
        "li",
        {},
        h(
          "button",
          {
            type: "button",
            class: `member${ONLINE.has(row.status) ? "" : " away"}`,
            dataset: { testid: `member-${row.user.username}` },
            onclick: (e) => this.app.profile(row.user.id, e.currentTarget),
          },
          avatar(row.user, { size: 32, guildId: guild?.id, member: row.member, status: row.status }),
          h(
            "span",
            { class: number ? "name coloured" : "name", style: number ? { "--role": colour(number) } : {} },
            displayName(row.user, row.member),
          ),
          row.user.bot && appTag(),
        ),
      );
    }
    node.dataset.signature = signature;
    return node;
  }

  /** A small card about a user, with a way to write to them. */
  profile(userId, anchor) {
    const { session, channel } = this.app;
    const { store } = session;
    const user = store.user(userId);
    if (!user) return;
    const guild = store.guilds.get(channel?.guild_id) ?? [...store.guilds.values()][0];
    const member = guild?.members.get(userId);
    const roles = (member?.roles ?? [])
      .map((id) => guild.roles.get(id))
      .filter(Boolean)
      .sort((a, b) => b.position - a.position);
    const write =
      userId !== store.me.id &&
      h(
        "button",
        {
          type: "button",
          class: "button primary",
          dataset: { testid: "open-dm" },
          onclick: () => {
            pop.close();
            this.app.openDm(userId);
          },
        },
        icon("dm", 16),
        "Message",
      );
    const pop = popover(
      anchor,
      h(
        "div",
        { class: "profile", role: "dialog", "aria-label": `About ${displayName(user, member)}` },
        avatar(user, {
          size: 72,
          guildId: guild?.id,
          member,
          status: userId === store.me.id ? "online" : store.status(userId),
        }),
        h("h2", {}, displayName(user, member), user.bot && appTag()),
        h("p", {}, user.username),
        roles.length > 0 &&
          h(
            "div",
            { class: "roles" },
            roles.map((r) =>
              h(
                "span",
                { class: "role" },
                h("i", { class: "role-dot", style: { "--role": colour(r.color) ?? "var(--muted)" } }),
                r.name,
              ),
            ),
          ),
        userId === store.me.id && this.#language(session),
        write,
      ),
    );
    (write || pop.node).focus?.();
  }

  /** In which language one's own client is: commands are shown in it, and bots are told of it. */
  #language({ api, store }) {
    const choose = async (e) => {
      const { locale } = await api.setLanguage(e.target.value);
      store.me = { ...store.me, locale };
    };
    return h(
      "label",
      { class: "language" },
      "Language of commands",
      h(
        "select",
        { dataset: { testid: "language" }, onchange: choose },
        LANGUAGES.map((locale) =>
          h(
            "option",
            { value: locale, selected: locale === store.me.locale },
            new Intl.DisplayNames([locale], { type: "language" }).of(locale),
          ),
        ),
      ),
    );
  }
}
