/** What a member may do in a channel: roles, then the channel's overwrites (a thread takes its parent's). */

export const PERMISSIONS = {
  ADMINISTRATOR: 1n << 3n,
  ADD_REACTIONS: 1n << 6n,
  VIEW_CHANNEL: 1n << 10n,
  SEND_MESSAGES: 1n << 11n,
  MANAGE_MESSAGES: 1n << 13n,
  ATTACH_FILES: 1n << 15n,
  USE_APPLICATION_COMMANDS: 1n << 31n,
  SEND_MESSAGES_IN_THREADS: 1n << 38n,
};
const ALL = (1n << 60n) - 1n;

export function permissionsIn(store, channel) {
  const guild = channel.guild_id && store.guilds.get(channel.guild_id);
  if (!guild) return ALL;
  if (guild.owner_id === store.me.id) return ALL;
  const member = store.member(guild.id, store.me.id);
  const roles = new Set([guild.id, ...(member?.roles ?? [])]);
  let bits = 0n;
  for (const id of roles) bits |= BigInt(guild.roles.get(id)?.permissions ?? 0);
  if (bits & PERMISSIONS.ADMINISTRATOR) return ALL;

  const source = channel.thread_metadata ? (store.channels.get(channel.parent_id) ?? channel) : channel;
  const overwrites = new Map((source.permission_overwrites ?? []).map((o) => [o.id, o]));
  const apply = (ids) => {
    let allow = 0n;
    let deny = 0n;
    for (const id of ids) {
      const overwrite = overwrites.get(id);
      if (!overwrite) continue;
      allow |= BigInt(overwrite.allow);
      deny |= BigInt(overwrite.deny);
    }
    bits = (bits & ~deny) | allow;
  };
  apply([guild.id]);
  apply([...roles].filter((id) => id !== guild.id));
  apply([store.me.id]);
  return bits;
}

/** May the user of `store` do `name` in `channel`? */
export function may(store, channel, name) {
  if (name === "SEND_MESSAGES" && channel.thread_metadata) {
    if (channel.thread_metadata.locked) return false;
    name = "SEND_MESSAGES_IN_THREADS";
  }
  return Boolean(permissionsIn(store, channel) & PERMISSIONS[name]);
}
