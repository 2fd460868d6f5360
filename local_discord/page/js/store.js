/**
 * Everything one user's session knows, changed only by gateway dispatches and by the history that the page loads.
 * Views listen to its events and patch the one node that an event is about.
 */
import { Emitter, stored } from "./dom.js";
import { compareIds, displayName } from "./format.js";

const TYPING_MS = 10000;
export const CHANNEL = { TEXT: 0, DM: 1, VOICE: 2, CATEGORY: 4, NEWS: 5 };
export const FLAG = { EPHEMERAL: 64, LOADING: 128, COMPONENTS_V2: 1 << 15 };

/** The loaded stretch of one channel's messages, oldest first, plus what this page is still sending. */
class Log {
  messages = [];
  pending = [];
  loaded = false;
  hasOlder = true;
  hasNewer = false;
  loading = 0;
  meanwhile = []; // dispatches that came while a page was on its way, to be applied on top of it

  find(id) {
    return this.messages.find((m) => m.id === id);
  }
  insert(message) {
    let at = this.messages.length;
    while (at > 0 && compareIds(this.messages[at - 1].id, message.id) > 0) at -= 1;
    this.messages.splice(at, 0, message);
  }
}

export class Store extends Emitter {
  me = null;
  guilds = new Map();
  channels = new Map();
  users = new Map();
  typing = new Map();
  #logs = new Map();
  #reads;

  constructor(user) {
    super();
    this.me = user;
    this.#reads = stored.get(`reads:${user.id}`);
    this.users.set(user.id, user);
  }

  // ---- reading

  log(channelId) {
    if (!this.#logs.has(channelId)) this.#logs.set(channelId, new Log());
    return this.#logs.get(channelId);
  }
  member(guildId, userId) {
    return this.guilds.get(guildId)?.members.get(userId);
  }
  user(id) {
    return this.users.get(id);
  }
  channelName(channel) {
    if (channel.type !== CHANNEL.DM) return channel.name;
    return displayName(this.recipient(channel));
  }
  recipient(channel) {
    const { id } = channel.recipients?.[0] ?? {};
    return this.users.get(id) ?? channel.recipients?.[0];
  }
  status(userId) {
    for (const guild of this.guilds.values()) {
      const status = guild.presences.get(userId);
      if (status) return status;
    }
    return "offline";
  }
  /** The highest role with a colour, as the name colour. */
  nameColour(guildId, userId) {
    const guild = this.guilds.get(guildId);
    const ids = guild?.members.get(userId)?.roles ?? [];
    const roles = ids.map((id) => guild.roles.get(id)).filter((r) => r?.color);
    roles.sort((a, b) => b.position - a.position);
    return roles[0]?.color ?? null;
  }

  // ---- read state

  lastRead(channelId) {
    return this.#reads?.[channelId]?.last ?? "0";
  }
  mentions(channelId) {
    return this.#reads?.[channelId]?.mentions ?? 0;
  }
  unread(channel) {
    return Boolean(channel.last_message_id) && compareIds(channel.last_message_id, this.lastRead(channel.id)) > 0;
  }
  markRead(channel) {
    const last = channel.last_message_id ?? "0";
    const before = this.#reads?.[channel.id];
    if (before?.last === last && !before.mentions) return;
    this.#setRead(channel.id, last, 0);
  }
  #setRead(channelId, last, mentions) {
    this.#reads = { ...this.#reads, [channelId]: { last, mentions } };
    stored.set(`reads:${this.me.id}`, this.#reads);
    this.emit("unread", channelId);
  }

  // ---- history loaded by the page

  /** Announce a page to come. A message may be dispatched after the page was read and arrive before it. */
  beginLoad(channelId) {
    this.log(channelId).loading += 1;
  }
  endLoad(channelId) {
    const log = this.log(channelId);
    log.loading = Math.max(0, log.loading - 1);
    if (log.loading) return;
    const { meanwhile } = log;
    log.meanwhile = [];
    if (log.loaded) for (const [type, data] of meanwhile) this.#apply(log, type, data);
  }
  #apply(log, type, data) {
    if (type === "create") {
      if (log.hasNewer) return;
      const known = log.find(data.id);
      if (known) Object.assign(known, data);
      else log.insert(data);
    } else if (type === "update") {
      const known = log.find(data.id);
      // `me` on reactions belongs to whoever the event was made for, so this session's own count stays.
      const { reactions, ...rest } = data;
      if (known) Object.assign(known, rest);
    } else {
      const index = log.messages.findIndex((m) => m.id === data.id);
      if (index >= 0) log.messages.splice(index, 1);
    }
  }
  #change(channelId, type, data) {
    const log = this.log(channelId);
    if (log.loading) log.meanwhile.push([type, data]);
    if (log.loaded) this.#apply(log, type, data);
  }

  /** Put a fetched page (any order) into the log; `where` is "latest", "older", "newer" or "around". */
  loadPage(channelId, page, where, limit) {
    const log = this.log(channelId);
    const messages = [...page].sort((a, b) => compareIds(a.id, b.id));
    for (const message of messages) this.#learn(message);
    if (where === "latest") {
      const first = messages[0];
      // After a reconnect without resume the new page may overlap what is known; a gap would hide lost messages.
      const overlaps = first && log.messages.some((m) => m.id === first.id);
      const kept = overlaps ? log.messages.filter((m) => compareIds(m.id, first.id) < 0) : [];
      const ephemeral = log.messages.filter((m) => m.flags & FLAG.EPHEMERAL);
      log.hasOlder = kept.length ? log.hasOlder : messages.length >= limit;
      log.hasNewer = false;
      log.messages = [...kept, ...messages];
      for (const m of ephemeral) if (!log.find(m.id)) log.insert(m);
    } else if (where === "older") {
      log.hasOlder = messages.length >= limit;
      log.messages = [...messages.filter((m) => !log.find(m.id)), ...log.messages];
    } else if (where === "newer") {
      log.hasNewer = messages.length >= limit;
      log.messages = [...log.messages, ...messages.filter((m) => !log.find(m.id))];
    } else {
      log.messages = messages;
      log.hasOlder = true;
      log.hasNewer = true;
    }
    log.loaded = true;
  }
  dropMessage(channelId, id) {
    this.#remove(channelId, id);
  }

  // ---- what this page is sending

  addPending(channelId, entry) {
    this.log(channelId).pending.push(entry);
    this.emit("pending", channelId);
  }
  removePending(channelId, nonce) {
    const log = this.log(channelId);
    const index = log.pending.findIndex((p) => p.nonce === nonce);
    if (index < 0) return false;
    log.pending.splice(index, 1);
    this.emit("pending", channelId);
    return true;
  }
  findPending(nonce) {
    for (const [channelId, log] of this.#logs) {
      const entry = log.pending.find((p) => p.nonce === nonce);
      if (entry) return { channelId, entry };
    }
    return null;
  }

  // ---- dispatches

  dispatch(type, data) {
    this[`on_${type}`]?.(data);
    this.emit(type, data);
  }

  #learn(message) {
    if (!message.webhook_id) this.#user(message.author);
    for (const user of message.mentions ?? []) this.#user(user);
    if (message.referenced_message && !message.referenced_message.webhook_id)
      this.#user(message.referenced_message.author);
  }
  #user(user) {
    if (user?.id) this.users.set(user.id, { ...this.users.get(user.id), ...user });
  }
  #channel(channel, guildId) {
    const id = guildId ?? channel.guild_id;
    for (const user of channel.recipients ?? []) this.#user(user);
    this.channels.set(channel.id, { ...this.channels.get(channel.id), ...channel, ...(id && { guild_id: id }) });
  }
  #member(guild, member) {
    this.#user(member.user);
    guild.members.set(member.user.id, { ...guild.members.get(member.user.id), ...member });
  }

  on_READY(data) {
    this.me = data.user;
    this.guilds.clear();
    this.channels.clear();
    for (const user of data.users ?? []) this.#user(user);
    this.#user(data.user);
    for (const guild of data.guilds) if (!guild.unavailable) this.on_GUILD_CREATE(guild);
    for (const channel of data.private_channels ?? []) this.#channel(channel);
    for (const log of this.#logs.values()) log.loaded = false;
    if (!this.#reads) {
      // The first visit of this user: what was said before counts as read.
      const entries = [...this.channels.values()].map((c) => [c.id, { last: c.last_message_id ?? "0", mentions: 0 }]);
      this.#reads = Object.fromEntries(entries);
      stored.set(`reads:${this.me.id}`, this.#reads);
    }
  }
  on_GUILD_CREATE(data) {
    const guild = {
      ...data,
      roles: new Map(data.roles.map((r) => [r.id, r])),
      members: new Map(),
      presences: new Map(),
    };
    delete guild.channels;
    delete guild.threads;
    this.guilds.set(guild.id, guild);
    for (const member of data.members ?? []) this.#member(guild, member);
    for (const presence of data.presences ?? []) guild.presences.set(presence.user.id, presence.status);
    for (const channel of [...(data.channels ?? []), ...(data.threads ?? [])]) this.#channel(channel, guild.id);
  }
  on_GUILD_UPDATE(data) {
    const guild = this.guilds.get(data.id);
    if (!guild) return;
    for (const key of ["name", "icon", "owner_id", "description"]) if (key in data) guild[key] = data[key];
    for (const role of data.roles ?? []) guild.roles.set(role.id, role);
  }
  on_GUILD_DELETE({ id }) {
    this.guilds.delete(id);
    for (const channel of [...this.channels.values()]) if (channel.guild_id === id) this.channels.delete(channel.id);
  }
  on_GUILD_ROLE_CREATE({ guild_id, role }) {
    this.guilds.get(guild_id)?.roles.set(role.id, role);
  }
  on_GUILD_ROLE_UPDATE(data) {
    this.on_GUILD_ROLE_CREATE(data);
  }
  on_GUILD_ROLE_DELETE({ guild_id, role_id }) {
    this.guilds.get(guild_id)?.roles.delete(role_id);
  }
  on_GUILD_MEMBER_ADD(data) {
    const guild = this.guilds.get(data.guild_id);
    if (guild) this.#member(guild, data);
  }
  on_GUILD_MEMBER_UPDATE(data) {
    this.on_GUILD_MEMBER_ADD(data);
  }
  on_GUILD_MEMBER_REMOVE({ guild_id, user }) {
    this.guilds.get(guild_id)?.members.delete(user.id);
  }
  on_PRESENCE_UPDATE({ guild_id, user, status }) {
    this.guilds.get(guild_id)?.presences.set(user.id, status);
  }
  on_USER_UPDATE(user) {
    this.#user(user);
    if (user.id === this.me.id) this.me = { ...this.me, ...user };
  }
  on_CHANNEL_CREATE(channel) {
    this.#channel(channel);
  }
  on_CHANNEL_UPDATE(channel) {
    this.#channel(channel);
  }
  on_CHANNEL_DELETE({ id }) {
    this.channels.delete(id);
    this.#logs.delete(id);
  }
  on_THREAD_CREATE(thread) {
    this.#channel(thread);
  }
  on_THREAD_UPDATE(thread) {
    this.#channel(thread);
  }
  on_THREAD_DELETE(thread) {
    this.on_CHANNEL_DELETE(thread);
  }

  on_TYPING_START({ channel_id, user_id, member }) {
    if (user_id === this.me.id) return;
    if (member?.user) this.#user(member.user);
    if (!this.typing.has(channel_id)) this.typing.set(channel_id, new Map());
    const people = this.typing.get(channel_id);
    clearTimeout(people.get(user_id));
    people.set(
      user_id,
      setTimeout(() => this.#stopTyping(channel_id, user_id), TYPING_MS),
    );
  }
  #stopTyping(channelId, userId) {
    const people = this.typing.get(channelId);
    if (!people?.has(userId)) return;
    clearTimeout(people.get(userId));
    people.delete(userId);
    this.emit("TYPING_STOP", { channel_id: channelId });
  }

  on_MESSAGE_CREATE(message) {
    this.#learn(message);
    if (message.member && message.guild_id && !message.webhook_id) {
      const guild = this.guilds.get(message.guild_id);
      if (guild) this.#member(guild, { ...message.member, user: message.author });
    }
    const mine = message.author.id === this.me.id;
    if (mine && message.nonce) this.removePending(message.channel_id, String(message.nonce));
    this.#change(message.channel_id, "create", message);
    this.#stopTyping(message.channel_id, message.author.id);
    // A persona speaks by webhook while the bot's own typing mark is still up.
    if (message.webhook_id && message.application_id) this.#stopTyping(message.channel_id, message.application_id);
    const channel = this.channels.get(message.channel_id);
    if (!channel || message.flags & FLAG.EPHEMERAL) return;
    if (!channel.last_message_id || compareIds(message.id, channel.last_message_id) > 0)
      channel.last_message_id = message.id;
    if (mine) this.#setRead(channel.id, message.id, 0);
    else if (this.mentionsMe(message) || channel.type === CHANNEL.DM) {
      this.#setRead(channel.id, this.lastRead(channel.id), this.mentions(channel.id) + 1);
    } else this.emit("unread", channel.id);
  }
  mentionsMe(message) {
    if (message.author.id === this.me.id) return false;
    if (message.mention_everyone || message.mentions?.some((u) => u.id === this.me.id)) return true;
    const roles = message.guild_id ? (this.member(message.guild_id, this.me.id)?.roles ?? []) : [];
    return (message.mention_roles ?? []).some((id) => roles.includes(id));
  }
  on_MESSAGE_UPDATE(data) {
    this.#change(data.channel_id, "update", data);
    if (data.author) this.#learn(data);
  }
  on_MESSAGE_DELETE({ channel_id, id }) {
    this.#remove(channel_id, id);
  }
  on_MESSAGE_DELETE_BULK({ channel_id, ids }) {
    for (const id of ids) this.#remove(channel_id, id);
  }
  #remove(channelId, id) {
    this.#change(channelId, "delete", { id });
    this.emit("removed", { channel_id: channelId, id });
  }

  #react(data, change) {
    const message = this.log(data.channel_id).find(data.message_id);
    if (!message) return;
    message.reactions ??= [];
    const same = (r) =>
      data.emoji.id ? r.emoji.id === data.emoji.id : r.emoji.name === data.emoji.name && !r.emoji.id;
    let reaction = message.reactions.find(same);
    if (!reaction) {
      if (change < 0) return;
      reaction = { emoji: data.emoji, count: 0, me: false };
      message.reactions.push(reaction);
    }
    if (data.user_id === this.me.id) {
      if (reaction.me === change > 0) return;
      reaction.me = change > 0;
    }
    reaction.count += change;
    if (reaction.count <= 0) message.reactions.splice(message.reactions.indexOf(reaction), 1);
  }
  on_MESSAGE_REACTION_ADD(data) {
    this.#react(data, 1);
  }
  on_MESSAGE_REACTION_REMOVE(data) {
    this.#react(data, -1);
  }
  on_MESSAGE_REACTION_REMOVE_ALL({ channel_id, message_id }) {
    const message = this.log(channel_id).find(message_id);
    if (message) message.reactions = [];
  }
  on_MESSAGE_REACTION_REMOVE_EMOJI({ channel_id, message_id, emoji }) {
    const message = this.log(channel_id).find(message_id);
    if (message)
      message.reactions = (message.reactions ?? []).filter((r) =>
        emoji.id ? r.emoji.id !== emoji.id : r.emoji.name !== emoji.name,
      );
  }
}
