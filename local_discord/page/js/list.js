/** The message list: history in both directions, keyed rows, and a scroll position that stays where one reads. */
import { fill, h, keyed } from "./dom.js";
import { compareIds } from "./format.js";
import { icon } from "./icons.js";
import { MessageRow, authorName, isVoice, pendingRow, summary } from "./message.js";
import { confirm, toast } from "./overlay.js";
import { FLAG } from "./store.js";
import { messageTools } from "./tools.js";

const PAGE = 50;
const KEEP = 120; // messages of a channel kept in memory when one leaves it
const NEAR = 600; // px from an end at which the next page is fetched

export class MessageList {
  #rows = new Map();
  #channel = null;
  #log = null;
  #loading = new Set();
  #readUpTo = "0";
  #missed = 0;
  #pinned = true;

  constructor(app, host) {
    this.app = app;
    this.intro = h("div", { class: "intro" });
    this.items = h("ol", { class: "rows" });
    this.pending = h("ol", { class: "rows", dataset: { testid: "outbox" } });
    this.scroller = h(
      "div",
      {
        class: "scroller",
        tabindex: "0",
        role: "region",
        "aria-label": "Messages",
        dataset: { testid: "message-list" },
      },
      h("div", { class: "spring" }),
      this.intro,
      this.items,
      this.pending,
    );
    this.jump = h("button", {
      type: "button",
      class: "jump",
      hidden: true,
      dataset: { testid: "jump" },
      onclick: () => this.toNewest(),
    });
    this.live = h("div", { class: "sr-only", role: "status", "aria-live": "polite" });
    host.append(this.scroller, this.jump, this.live);
    this.scroller.addEventListener("scroll", () => this.#scrolled(), { passive: true });
    // Images and fonts arrive late: stay at the end if that is where one was.
    const watch = new ResizeObserver(() => this.#pinned && this.#toEnd());
    watch.observe(this.items);
    watch.observe(this.pending);
    watch.observe(this.scroller);
    messageTools(app, this);
  }

  /** Listen to one session; called once for each. */
  attach(session) {
    const { store } = session;
    const here = (id) => this.app.session === session && id === this.#channel?.id;
    store.on("MESSAGE_CREATE", (m) => here(m.channel_id) && this.#arrived(m));
    store.on("MESSAGE_UPDATE", (m) => here(m.channel_id) && this.#refresh(m.id));
    for (const type of ["ADD", "REMOVE", "REMOVE_ALL", "REMOVE_EMOJI"]) {
      store.on(`MESSAGE_REACTION_${type}`, (d) => here(d.channel_id) && this.#refresh(d.message_id));
    }
    store.on("removed", (d) => here(d.channel_id) && this.#removed(d.id));
    store.on("pending", (id) => here(id) && this.#drawPending());
    for (const type of ["GUILD_MEMBER_UPDATE", "GUILD_ROLE_UPDATE", "USER_UPDATE"]) {
      store.on(type, () => this.app.session === session && this.#refreshAll());
    }
  }

  async open(channel) {
    if (this.#log && this.#log.messages.length > KEEP && !this.#log.hasNewer) {
      this.#log.messages = this.#log.messages.slice(-KEEP);
      this.#log.hasOlder = true;
    } else if (this.#log?.hasNewer) this.#log.loaded = false;
    const { store } = this.app.session;
    this.#channel = channel;
    this.#log = store.log(channel.id);
    this.#readUpTo = store.lastRead(channel.id);
    this.#missed = 0;
    this.#pinned = true;
    this.#rebuild();
    this.#drawPending();
    if (!this.#log.loaded) await this.#load("latest", {});
    this.#seen();
  }

  close() {
    this.#channel = null;
    this.#log = null;
    this.#rows.clear();
    fill(this.items);
    fill(this.pending);
    fill(this.intro);
  }

  /** After a reconnect without resume: fetch what happened meanwhile. */
  async catchUp() {
    if (this.#channel && !this.#log.loaded) await this.#load("latest", {});
  }

  async #load(where, query) {
    const channel = this.#channel;
    const log = this.#log;
    const { session } = this.app;
    const key = `${session.user.id}:${channel.id}:${where}`;
    if (this.#loading.has(key)) return;
    this.#loading.add(key);
    this.scroller.setAttribute("aria-busy", "true");
    if (!log.messages.length) fill(this.intro, skeleton());
    session.store.beginLoad(channel.id);
    let problem = null;
    try {
      const page = await session.api.messages(channel.id, { limit: PAGE, ...query });
      session.store.loadPage(channel.id, page, where, PAGE);
    } catch (error) {
      problem = error;
    }
    session.store.endLoad(channel.id);
    this.#loading.delete(key);
    this.scroller.removeAttribute("aria-busy");
    if (this.#log !== log) return;
    if (!problem) this.#keepingPlace(() => this.#rebuild());
    else this.#loadFailed(problem, () => this.#load(where, query));
  }

  #loadFailed(error, again) {
    if (this.#log.messages.length) {
      toast(`More messages could not be loaded: ${error.message}`, { action: { label: "Retry", run: again } });
      return;
    }
    fill(
      this.intro,
      h(
        "div",
        { class: "blank" },
        icon("alert", 28),
        h("p", {}, `The messages could not be loaded: ${error.message}`),
        h("button", { type: "button", class: "button secondary", onclick: again }, "Try again"),
      ),
    );
  }

  // ---- drawing

  #row(message) {
    let row = this.#rows.get(message.id);
    if (!row) {
      row = new MessageRow(this.app, message);
      this.#rows.set(message.id, row);
    }
    row.message = message;
    return row;
  }

  #rebuild() {
    const { messages, loaded, hasOlder } = this.#log;
    const known = new Set(messages.map((m) => m.id));
    for (const id of [...this.#rows.keys()]) if (!known.has(id)) this.#rows.delete(id);
    let previous = null;
    let marked = false;
    keyed(
      this.items,
      messages,
      (m) => m.id,
      (m) => {
        const row = this.#row(m);
        row.update(previous);
        const first = !marked && this.#isNew(m);
        row.article.classList.toggle("first-unread", first && previous !== null);
        marked ||= first;
        previous = m;
        return row.node;
      },
    );
    if (loaded) fill(this.intro, hasOlder ? skeleton() : this.#beginning());
    else if (!messages.length) fill(this.intro);
    this.#drawJump();
    if (this.#pinned) this.#toEnd();
  }

  #isNew(message) {
    return (
      compareIds(message.id, this.#readUpTo) > 0 &&
      this.#readUpTo !== "0" &&
      message.author.id !== this.app.session.store.me.id
    );
  }

  #beginning() {
    const { store } = this.app.session;
    const channel = this.#channel;
    const name = store.channelName(channel);
    const dm = channel.type === 1;
    return h(
      "div",
      { class: "beginning" },
      h("div", { class: "beginning-icon" }, icon(dm ? "dm" : channel.thread_metadata ? "thread" : "hash", 34)),
      h("h2", {}, dm || channel.thread_metadata ? name : `Welcome to #${name}`),
      h(
        "p",
        {},
        dm
          ? `This is where your conversation with ${name} begins.`
          : channel.topic || `This is the beginning of ${name}.`,
      ),
    );
  }

  #drawPending() {
    const { store } = this.app.session;
    keyed(
      this.pending,
      this.#log.pending,
      (p) => `${p.nonce}:${p.state}`,
      (p, old) =>
        old ??
        pendingRow(this.app, p, {
          retry: p.kind === "message" ? () => this.app.outbox.retry(p.nonce) : null,
          drop: () => this.app.outbox.drop(store, this.#channel.id, p.nonce),
        }),
    );
    if (this.#pinned) this.#toEnd();
  }

  // ---- live changes

  #arrived(message) {
    const { messages, hasNewer } = this.#log;
    const mine = message.author.id === this.app.session.store.me.id;
    if (!this.#log.loaded) return undefined;
    if (hasNewer) {
      this.#missed += 1;
      return this.#drawJump();
    }
    const index = messages.findIndex((m) => m.id === message.id);
    if (this.#rows.has(message.id)) return this.#refresh(message.id);
    const row = this.#row(messages[index]);
    row.update(messages[index - 1] ?? null);
    this.items.insertBefore(row.node, this.#rows.get(messages[index + 1]?.id)?.node ?? null);
    if (messages[index + 1]) this.#rows.get(messages[index + 1].id).update(message);
    if (mine) this.#pinned = true;
    if (this.#pinned) this.#toEnd();
    else this.#missed += 1;
    if (document.hidden || !this.#pinned) {
      if (!this.items.querySelector(".first-unread") && this.#isNew(message)) row.article.classList.add("first-unread");
    }
    this.#drawJump();
    this.#seen();
    if (!mine && !(message.flags & FLAG.LOADING))
      this.live.textContent = `${authorName(this.app, message)}: ${summary(this.app, message)}`;
    return undefined;
  }

  #refresh(id) {
    const index = this.#log.messages.findIndex((m) => m.id === id);
    const row = this.#rows.get(id);
    if (index < 0 || !row || row.article.classList.contains("editing")) return;
    row.message = this.#log.messages[index];
    this.#keepingPlace(() => row.update(this.#log.messages[index - 1] ?? null));
  }

  #refreshAll() {
    if (this.#log) this.#rebuild();
  }

  #removed(id) {
    const row = this.#rows.get(id);
    if (!row) return;
    this.#rows.delete(id);
    const next = row.node.nextElementSibling?.dataset.key;
    row.node.remove();
    if (next) {
      const index = this.#log.messages.findIndex((m) => m.id === next);
      this.#rows.get(next)?.update(this.#log.messages[index - 1] ?? null);
    }
  }

  componentError(id, text) {
    const row = this.#rows.get(id);
    if (row) row.extras.append(h("p", { class: "component-error", role: "alert" }, icon("alert", 14), text));
  }

  // ---- scrolling

  /** Run a change to the rows so that the first message in view does not move. */
  #keepingPlace(change) {
    if (this.#pinned) {
      change();
      return this.#toEnd();
    }
    const top = this.scroller.getBoundingClientRect().top;
    const anchor = this.#firstVisible(top);
    const before = anchor?.getBoundingClientRect().top;
    change();
    if (anchor?.isConnected) this.scroller.scrollTop += anchor.getBoundingClientRect().top - before;
    return undefined;
  }

  #firstVisible(top) {
    // Rows are in order, so halving finds the first one whose end is below the top edge.
    const rows = this.items.children;
    let low = 0;
    let high = rows.length - 1;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (rows[middle].getBoundingClientRect().bottom > top) high = middle;
      else low = middle + 1;
    }
    return rows[low];
  }

  #toEnd() {
    this.scroller.scrollTop = this.scroller.scrollHeight;
  }

  #scrolled() {
    if (!this.#channel) return;
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    const below = scrollHeight - scrollTop - clientHeight;
    this.#pinned = below < 40 && !this.#log.hasNewer;
    const { messages, hasOlder, hasNewer, loaded } = this.#log;
    if (loaded && messages.length) {
      if (scrollTop < NEAR && hasOlder) this.#load("older", { before: messages[0].id });
      if (below < NEAR && hasNewer) this.#load("newer", { after: messages.at(-1).id });
    }
    if (this.#pinned && this.#missed) this.#missed = 0;
    this.#drawJump();
    this.#seen();
  }

  #drawJump() {
    const far = this.scroller.scrollHeight - this.scroller.scrollTop - this.scroller.clientHeight > 500;
    this.jump.hidden = this.#pinned || (!far && !this.#missed && !this.#log.hasNewer);
    if (this.jump.hidden) return;
    const count = this.#missed;
    fill(
      this.jump,
      count ? `${count} new ${count === 1 ? "message" : "messages"}` : "Jump to newest",
      icon("down", 16),
    );
    this.jump.classList.toggle("fresh", count > 0);
  }

  #seen() {
    if (this.#pinned && !document.hidden && this.#channel && this.#log.loaded)
      this.app.session.store.markRead(this.#channel);
  }

  async toNewest() {
    this.#missed = 0;
    this.#pinned = true;
    if (this.#log.hasNewer) {
      this.#log.messages = [];
      await this.#load("latest", {});
    }
    this.#toEnd();
    this.#drawJump();
    this.#seen();
  }

  async jumpTo(id) {
    if (!this.#log.find(id)) {
      this.#pinned = false;
      await this.#load("around", { around: id });
    }
    const row = this.#rows.get(id);
    if (!row) return toast("That message does not exist any more.");
    this.#pinned = false;
    const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
    row.article.scrollIntoView({ block: "center", behavior: still ? "auto" : "smooth" });
    row.article.classList.remove("flash");
    requestAnimationFrame(() => row.article.classList.add("flash"));
    return row.article.focus({ preventScroll: true });
  }

  // ---- what one can do with a message

  find(id) {
    return this.#log?.find(id);
  }

  edit(id) {
    this.#rows.get(id)?.edit(async (text) => {
      const message = this.#log.find(id);
      if (!text) return this.remove(message);
      try {
        await this.app.session.api.editMessage(message.channel_id, id, this.app.composer.toMarks(text));
      } catch (error) {
        toast(`The edit was not saved: ${error.message}`);
      }
      return undefined;
    });
  }

  /** The newest own message, for the arrow-up key. */
  editLast() {
    const { me } = this.app.session.store;
    const last = this.#log?.messages.findLast(
      (m) => m.author.id === me.id && !m.webhook_id && !(m.flags & FLAG.EPHEMERAL),
    );
    if (last) this.edit(last.id);
  }

  async remove(message) {
    if (!(await confirm("Delete this message?", summary(this.app, message).slice(0, 200), "Delete"))) return;
    try {
      await this.app.session.api.deleteMessage(message.channel_id, message.id);
    } catch (error) {
      toast(`The message was not deleted: ${error.message}`);
    }
  }

  /** Voices heard in the loaded messages: personas that speak by webhook. */
  voices() {
    const seen = new Map();
    for (const m of this.#log?.messages ?? []) if (isVoice(m)) seen.set(m.author.username, m.author);
    return [...seen.values()];
  }
}

function skeleton() {
  const line = (width) => h("i", { style: { width } });
  return h(
    "div",
    { class: "skeleton", "aria-label": "Loading messages" },
    ["62%", "38%", "74%"].map((w) => h("div", {}, h("b"), h("span", {}, line("120px"), line(w)))),
  );
}
