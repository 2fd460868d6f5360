/** The slash commands that may be used here, and finding one by what was typed. */
const FRESH_MS = 15000;

/**
 * Commands of a guild or a DM, each leaf (command, subcommand) as one entry: `path` are the names as the server knows
 * them, `shown` is what the person reads, in their language. Options have `label`, `about`, and choices `label` for that.
 */
export class CommandIndex {
  #cache = new Map();

  async entries(session, channel) {
    const key = `${session.user.id}:${session.store.me.locale}:${channel.guild_id ?? channel.id}`;
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

/** What a person reads of a command, an option or a choice. */
function read(node) {
  node.label = node.name_localized ?? node.name;
  node.about = node.description_localized ?? node.description;
  for (const inner of [...(node.options ?? []), ...(node.choices ?? [])]) read(inner);
}

function flatten({ applications, application_commands }) {
  const apps = new Map(applications.map((a) => [a.id, a]));
  const entries = [];
  const walk = (node, command, app, path, labels) => {
    const children = (node.options ?? []).filter((o) => o.type === 1 || o.type === 2);
    if (children.length)
      for (const child of children) walk(child, command, app, [...path, child.name], [...labels, child.label]);
    else entries.push({ app, command, path, shown: labels.join(" "), about: node.about, options: node.options ?? [] });
  };
  for (const command of application_commands) {
    const app = apps.get(command.application_id);
    if (!app || (command.type ?? 1) !== 1) continue;
    read(command);
    walk(command, command, app, [command.name], [command.label]);
  }
  return entries.sort((a, b) => a.shown.localeCompare(b.shown));
}

/** The names by which somebody may type a command: that of their language, and the one in the manual. */
const names = (e) => [e.shown.toLowerCase(), e.path.join(" ")];

/** Entries for what was typed after the slash, best first. */
export function matchEntries(entries, query) {
  const q = query.toLowerCase().trimStart();
  const score = (e) => {
    if (names(e).some((name) => name.startsWith(q))) return 0;
    if (names(e).some((name) => name.includes(q))) return 1;
    return q.length > 2 && e.about?.toLowerCase().includes(q) ? 2 : 3;
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
  const hits = entries.flatMap((entry) => names(entry).map((name) => ({ entry, name })));
  const typed = hits.filter(({ name }) => lower.startsWith(`${name} `)).sort((a, b) => b.name.length - a.name.length);
  return typed[0] && { entry: typed[0].entry, rest: text.slice(typed[0].name.length + 1) };
}
