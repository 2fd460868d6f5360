/** The slash commands that may be used here, and finding one by what was typed. */
const FRESH_MS = 15000;

/** Commands of a guild or a DM, each leaf (command, subcommand) as one entry with its path. */
export class CommandIndex {
  #cache = new Map();

  async entries(session, channel) {
    const key = `${session.user.id}:${channel.guild_id ?? channel.id}`;
    const known = this.#cache.get(key);
    if (known && Date.now() - known.at < FRESH_MS) return known.entries;
    const entries = session.api.commands(channel.guild_id, channel.id).then(flatten);
    this.#cache.set(key, { at: Date.now(), entries });
    entries.catch(() => this.#cache.delete(key));
    return entries;
  }
  forget() {
    this.#cache.clear();
  }
}

function flatten({ applications, application_commands }) {
  const apps = new Map(applications.map((a) => [a.id, a]));
  const entries = [];
  const walk = (node, command, app, path) => {
    const children = (node.options ?? []).filter((o) => o.type === 1 || o.type === 2);
    if (children.length) for (const child of children) walk(child, command, app, [...path, child.name]);
    else entries.push({ app, command, path, description: node.description, options: node.options ?? [] });
  };
  for (const command of application_commands) {
    const app = apps.get(command.application_id);
    if (app && (command.type ?? 1) === 1) walk(command, command, app, [command.name]);
  }
  return entries.sort((a, b) => a.path.join(" ").localeCompare(b.path.join(" ")));
}

/** Entries for what was typed after the slash, best first. */
export function matchEntries(entries, query) {
  const q = query.toLowerCase().trimStart();
  const score = (e) => {
    const name = e.path.join(" ");
    if (name.startsWith(q)) return 0;
    if (name.includes(q)) return 1;
    return q.length > 2 && e.description?.toLowerCase().includes(q) ? 2 : 3;
  };
  return entries
    .map((e) => [score(e), e])
    .filter(([s]) => s < 3)
    .sort((a, b) => a[0] - b[0])
    .map(([, e]) => e);
}

/** The entry whose full name begins `text` ("persona ask question:hi"), and what follows it; longest name wins. */
export function typedEntry(entries, text) {
  const lower = text.toLowerCase();
  const hits = entries.filter((e) => lower.startsWith(`${e.path.join(" ")} `));
  hits.sort((a, b) => b.path.join(" ").length - a.path.join(" ").length);
  return hits[0] && { entry: hits[0], rest: text.slice(hits[0].path.join(" ").length + 1) };
}
