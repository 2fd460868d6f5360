/** The page itself: which user, which channel, and the sessions behind them. */
import { Api } from "./api.js";
import { Composer } from "./composer.js";
import { fill, h, stored } from "./dom.js";
import { avatar, displayName } from "./format.js";
import { Gateway, sameHost } from "./gateway.js";
import { icon } from "./icons.js";
import { Interactions } from "./interactions.js";
import { MessageList } from "./list.js";
import { Outbox } from "./outbox.js";
import { emojiPicker, toast } from "./overlay.js";
import { may } from "./permissions.js";
import { Sidebar } from "./sidebar.js";
import { CHANNEL, Store } from "./store.js";

const $ = (id) => document.getElementById(id);

class App {
  #sessions = new Map();
  users = [];
  session = null;
  channel = null;

  constructor(seed) {
    this.seed = seed;
    this.users = seed.users;
    this.main = $("main");
    this.toast = toast;
    this.header = $("channel-header");
    this.list = new MessageList(this, $("messages"));
    this.composer = new Composer(this, $("composer-host"));
    this.sidebar = new Sidebar(this, { channels: $("channels"), userPanel: $("user-panel"), members: $("members") });
    $("shade").addEventListener("click", () => this.drawer(null));
    addEventListener("popstate", () => this.#fromAddress());
    addEventListener("focus", () => this.channel && this.list.catchUp());
    addEventListener("keydown", (e) => this.#key(e));
    if (stored.get("members-hidden", false)) document.body.classList.add("members-hidden");
  }

  get outbox() {
    return this.session.outbox;
  }
  get interactions() {
    return this.session.interactions;
  }

  start() {
    this.#fromAddress();
  }

  #fromAddress() {
    const query = new URLSearchParams(location.search);
    const wanted = query.get("user") ?? stored.get("user");
    const user = this.users.find((u) => u.id === wanted || u.username === wanted) ?? this.users[0];
    this.switchUser(user.id, query.get("channel"));
  }

  // ---- users

  #open(user) {
    const store = new Store(user);
    const gateway = new Gateway(sameHost(this.seed.gateway), user.token);
    const session = { user, store, gateway, api: new Api(new URL(this.seed.api).pathname, user.token), ready: false };
    session.interactions = new Interactions(this, session);
    session.outbox = new Outbox(session);
    gateway.on("dispatch", ({ type, data }) => store.dispatch(type, data));
    gateway.on("state", () => this.session === session && this.#drawConnection());
    this.list.attach(session);
    this.sidebar.attach(session);
    store.on("READY", () => this.#ready(session));
    store.on("CHANNEL_DELETE", ({ id }) => this.#gone(session, id));
    store.on("THREAD_DELETE", ({ id }) => this.#gone(session, id));
    for (const type of ["TYPING_START", "TYPING_STOP"])
      store.on(type, (d) => this.session === session && d.channel_id === this.channel?.id && this.#drawTyping());
    for (const type of ["CHANNEL_UPDATE", "THREAD_UPDATE", "GUILD_ROLE_UPDATE", "GUILD_MEMBER_UPDATE"])
      store.on(type, () => this.session === session && this.channel && this.#refreshChannel());
    store.on("GUILD_APPLICATION_COMMAND_INDEX_UPDATE", () => this.composer.forgetCommands());
    this.#sessions.set(user.id, session);
    gateway.connect();
    return session;
  }

  /** Be another user. The session of each stays open, so coming back is instant. */
  switchUser(id, channelId = null) {
    const user = this.users.find((u) => u.id === id);
    const session = this.#sessions.get(id) ?? this.#open(user);
    this.wanted = channelId ?? (this.channel?.guild_id ? this.channel.id : stored.get(`channel:${id}`));
    if (this.session === session && session.ready)
      return channelId && this.openChannel(this.#resolve(channelId) ?? this.channel.id, { push: false });
    this.session = session;
    this.channel = null;
    stored.set("user", id);
    this.#drawConnection();
    if (session.ready) this.#show();
    return undefined;
  }

  #ready(session) {
    const again = session.ready;
    session.ready = true;
    if (this.session !== session) return;
    if (!again || !this.channel || !session.store.channels.has(this.channel.id)) return this.#show();
    this.channel = session.store.channels.get(this.channel.id);
    this.sidebar.drawChannels();
    this.sidebar.drawMembers();
    this.#refreshChannel();
    this.list.catchUp();
  }

  #show() {
    document.body.classList.remove("booting");
    this.sidebar.drawUser();
    const { store } = this.session;
    const readable = [...store.channels.values()].filter(
      (c) => (c.type === CHANNEL.TEXT || c.type === CHANNEL.NEWS) && may(store, c, "VIEW_CHANNEL"),
    );
    readable.sort((a, b) => a.position - b.position);
    const id =
      this.#resolve(this.wanted) ??
      this.#resolve(stored.get(`channel:${this.session.user.id}`)) ??
      this.#resolve(this.seed.channels?.[0]?.id) ??
      readable[0]?.id;
    if (id) this.openChannel(id, { push: false });
    else this.sidebar.drawChannels();
  }

  /** A channel id or name, as this user may see it. */
  #resolve(wanted) {
    if (!wanted) return null;
    const { store } = this.session;
    const channel =
      store.channels.get(wanted) ??
      [...store.channels.values()].find((c) => c.name === wanted && c.type !== CHANNEL.CATEGORY);
    return channel && may(store, channel, "VIEW_CHANNEL") ? channel.id : null;
  }

  #gone(session, id) {
    if (this.session !== session || this.channel?.id !== id) return;
    toast("This channel has been deleted.");
    this.channel = null;
    this.wanted = null;
    stored.set(`channel:${session.user.id}`, null);
    this.#show();
  }

  // ---- channels

  href(channelId, user = this.session.user.username) {
    return `?${new URLSearchParams({ user, ...(channelId && { channel: channelId }) })}`;
  }

  openChannel(id, { push = true } = {}) {
    const channel = this.session.store.channels.get(id);
    if (!channel) return toast("That channel is not visible to this user.");
    this.drawer(null);
    if (this.channel?.id === id) return this.composer.focus();
    this.channel = channel;
    stored.set(`channel:${this.session.user.id}`, id);
    history[push ? "pushState" : "replaceState"](null, "", this.href(id));
    this.composer.open(channel);
    this.#drawHeader();
    this.#drawTyping();
    const loading = this.list.open(channel);
    this.sidebar.drawChannels();
    this.sidebar.drawMembers();
    this.composer.focus();
    return loading.then(() => this.channel?.id === id && this.sidebar.drawMembers());
  }

  async openDm(userId) {
    try {
      const channel = await this.session.api.openDm(userId);
      this.session.store.dispatch("CHANNEL_CREATE", channel);
      this.openChannel(channel.id);
    } catch (error) {
      toast(`The conversation could not be opened: ${error.message}`);
    }
  }

  #refreshChannel() {
    this.channel = this.session.store.channels.get(this.channel.id) ?? this.channel;
    this.#drawHeader();
    this.composer.refresh(this.channel);
  }

  #drawHeader() {
    const { store } = this.session;
    const { channel } = this;
    const name = store.channelName(channel);
    const dm = channel.type === CHANNEL.DM;
    const parent = channel.thread_metadata && store.channels.get(channel.parent_id);
    fill(
      this.header,
      h(
        "button",
        {
          type: "button",
          class: "ghost only-narrow",
          "aria-label": "Channels",
          dataset: { testid: "open-channels" },
          onclick: () => this.drawer("left"),
        },
        icon("menu"),
      ),
      dm ? avatar(store.recipient(channel), { size: 26 }) : icon(parent ? "thread" : "hash", 22),
      h(
        "h1",
        {},
        parent && [
          h("button", { type: "button", class: "parent", onclick: () => this.openChannel(parent.id) }, parent.name),
          " › ",
        ],
        name,
      ),
      channel.topic && h("p", { class: "topic", title: channel.topic }, channel.topic),
      h("span", { class: "stretch" }),
      h(
        "button",
        {
          type: "button",
          class: "ghost",
          title: "Members",
          "aria-label": "Show or hide the members",
          dataset: { testid: "toggle-members" },
          onclick: () => this.#toggleMembers(),
        },
        icon("users"),
      ),
    );
    this.drawTitle();
  }

  drawTitle() {
    if (!this.channel) return;
    const { store } = this.session;
    const count = [...store.channels.values()].reduce((sum, c) => sum + store.mentions(c.id), 0);
    const place = store.guilds.get(this.channel.guild_id)?.name ?? displayName(store.me);
    document.title = `${count ? `(${count}) ` : ""}${this.channel.type === CHANNEL.DM ? "@" : "#"}${store.channelName(this.channel)} · ${place}`;
  }

  #drawTyping() {
    const { store } = this.session;
    const ids = [...(store.typing.get(this.channel?.id)?.keys() ?? [])];
    const names = ids.map((id) =>
      displayName(store.user(id), this.channel.guild_id && store.member(this.channel.guild_id, id)),
    );
    const bold = (name) => h("b", {}, name);
    const dots = h("span", { class: "dots" }, h("i"), h("i"), h("i"));
    const node = $("typing");
    if (!names.length) return fill(node);
    if (names.length === 1) return fill(node, dots, bold(names[0]), " is typing…");
    if (names.length <= 3)
      return fill(
        node,
        dots,
        names.slice(0, -1).map((n, i) => [i ? ", " : "", bold(n)]),
        " and ",
        bold(names.at(-1)),
        " are typing…",
      );
    return fill(node, dots, "Several people are typing…");
  }

  #drawConnection() {
    const { state } = this.session.gateway;
    const bar = $("connection");
    bar.hidden = state === "open" || (state === "connecting" && !this.session.ready);
    if (state === "refused")
      fill(
        bar,
        icon("alert", 16),
        "This user is not known to the server any more.",
        h("button", { type: "button", class: "link", onclick: () => location.reload() }, "Reload"),
      );
    else fill(bar, h("span", { class: "spinner" }), "Reconnecting…");
  }

  // ---- what every view uses

  /** How ids in texts are shown and what a click on them does. */
  names() {
    const { store } = this.session;
    const guildId = this.channel?.guild_id;
    return {
      me: store.me.id,
      user: (id) => store.user(id) && displayName(store.user(id), guildId && store.member(guildId, id)),
      role: (id) => store.guilds.get(guildId)?.roles.get(id),
      channel: (id) => store.channels.get(id)?.name,
      openUser: (id, anchor) => this.profile(id, anchor),
      openChannel: (id) => this.openChannel(id),
      openCommand: (name) => {
        this.composer.input.value = "";
        this.composer.insert(`/${name} `);
      },
    };
  }

  customEmoji() {
    return this.session.store.guilds.get(this.channel?.guild_id)?.emojis ?? [];
  }

  profile(userId, anchor) {
    this.sidebar.profile(userId, anchor);
  }

  async react(message, emoji, on) {
    try {
      await this.session.api.react(message.channel_id, message.id, emoji, on);
    } catch (error) {
      toast(`The reaction was not ${on ? "added" : "removed"}: ${error.message}`);
    }
  }

  pickReaction(message, anchor) {
    emojiPicker(anchor, this.customEmoji(), (emoji) => this.react(message, emoji, true));
  }

  // ---- layout

  drawer(side) {
    document.body.classList.toggle("drawer-left", side === "left");
    document.body.classList.toggle("drawer-right", side === "right");
  }
  #toggleMembers() {
    if (matchMedia("(max-width: 900px)").matches)
      return this.drawer(document.body.classList.contains("drawer-right") ? null : "right");
    return stored.set("members-hidden", document.body.classList.toggle("members-hidden"));
  }
  toggleTheme() {
    const light = getComputedStyle(document.documentElement).colorScheme === "light";
    document.documentElement.dataset.theme = light ? "dark" : "light";
    stored.set("theme", document.documentElement.dataset.theme);
  }
  #key(e) {
    if (e.key === "Escape") this.drawer(null);
    const typing = e.target.closest?.("input, textarea, dialog, .popover, [role=toolbar]");
    // Typing anywhere writes into the composer, as chat apps do.
    if (!typing && this.channel && e.key.length === 1 && e.key !== " " && !e.ctrlKey && !e.metaKey && !e.altKey)
      this.composer.focus();
    if (e.altKey && (e.key === "ArrowDown" || e.key === "ArrowUp")) {
      e.preventDefault();
      const links = [...document.querySelectorAll("#channels .channel")];
      const at = links.findIndex((a) => a.dataset.channelId === this.channel?.id);
      links[(at + (e.key === "ArrowDown" ? 1 : -1) + links.length) % links.length]?.click();
    }
  }
}

const theme = stored.get("theme");
if (theme) document.documentElement.dataset.theme = theme;

async function boot() {
  try {
    const response = await fetch("/local/seed");
    if (!response.ok) throw new Error(`/local/seed answered ${response.status}`);
    const seed = await response.json();
    if (!seed.users.length) throw new Error("the server knows no users; start it with at least one");
    new App(seed).start();
  } catch (error) {
    fill(
      $("boot"),
      icon("alert", 32),
      h("p", {}, `The chat cannot start: ${error.message}.`),
      h("button", { type: "button", class: "button primary", onclick: () => location.reload() }, "Try again"),
    );
  }
}
boot();
