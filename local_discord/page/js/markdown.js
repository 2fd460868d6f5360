/**
 * Chat markdown as DOM nodes. Text only ever becomes text nodes, and links only ever point to http or https.
 * `names` resolves ids: user(id), channel(id), role(id), openChannel(id), openUser(id, anchor).
 */
import { h, safeUrl } from "./dom.js";
import { ago, full, timestampMark } from "./format.js";

const MAX_DEPTH = 12;
const LINK_TAIL = /[.,:;"'!?*_~|]+$/;

/** Inline rules in order of precedence: [sticky pattern, (match, context) → node or null to let later rules try]. */
const INLINE = [
  [/\\([^\sA-Za-z0-9])/y, (m) => document.createTextNode(m[1])],
  [/(`+)([^`]|[^`][\s\S]*?[^`])\1(?!`)/y, (m) => h("code", { class: "inline" }, m[2].replace(/^ (?=`)|(?<=`) $/g, ""))],
  [/<(https?:\/\/[^\s<>]+)>/y, (m) => link(m[1], m[1])],
  [
    /\[((?:[^[\]\\]|\\.)+)\]\((?:<([^\s<>]+)>|((?:[^\s()<>]|\([^\s()<>]*\))+))(?:\s+"[^"]*")?\)/y,
    (m, c) => {
      const url = /^https?:\/\//i.test(m[2] ?? m[3]) && safeUrl(m[2] ?? m[3]);
      return url ? link(url, inline(m[1], { ...c, noLinks: true })) : null;
    },
  ],
  [
    /https?:\/\/[^\s<>]+/y,
    (m, c) => {
      if (c.noLinks) return null;
      let text = m[0].replace(LINK_TAIL, "");
      if (text.endsWith(")") && !text.includes("(")) text = text.slice(0, -1);
      return { node: link(text, text), length: text.length };
    },
  ],
  [
    /<@!?(\d+)>/y,
    (m, c) =>
      mention(
        `@${c.names.user(m[1]) ?? "unknown user"}`,
        (e) => c.names.openUser(m[1], e.currentTarget),
        m[1] === c.names.me,
      ),
  ],
  [/<@&(\d+)>/y, (m, c) => roleMention(c.names.role(m[1]))],
  [/<#(\d+)>/y, (m, c) => mention(`#${c.names.channel(m[1]) ?? "unknown"}`, () => c.names.openChannel(m[1]))],
  [/<\/([-\w ]{1,100}):(\d+)>/y, (m, c) => mention(`/${m[1]}`, () => c.names.openCommand?.(m[1]))],
  [/<t:(-?\d{1,13})(?::([tTdDfFR]))?>/y, (m) => timestamp(Number(m[1]), m[2])],
  [/<(a?):(\w{2,32}):(\d+)>/y, (m) => customEmoji({ name: m[2], id: m[3], animated: Boolean(m[1]) })],
  [/@(everyone|here)\b/y, (m) => h("span", { class: "mention" }, `@${m[1]}`)],
  [/\*\*\*([\s\S]+?)\*\*\*(?!\*)/y, (m, c) => h("strong", {}, h("em", {}, inline(m[1], c)))],
  [/\*\*([\s\S]+?)\*\*(?!\*)/y, (m, c) => h("strong", {}, inline(m[1], c))],
  [/__([\s\S]+?)__(?!_)/y, (m, c) => h("u", {}, inline(m[1], c))],
  [/\*(?!\s)((?:\*\*[^*]+\*\*|[^*])+?)(?<!\s)\*(?!\*)/y, (m, c) => h("em", {}, inline(m[1], c))],
  [/_(?!\s)((?:__[^_]+__|[^_])+?)_(?![A-Za-z0-9_])/y, (m, c) => (c.wordBefore ? null : h("em", {}, inline(m[1], c)))],
  [/~~([\s\S]+?)~~(?!~)/y, (m, c) => h("s", {}, inline(m[1], c))],
  [/\|\|([\s\S]+?)\|\|/y, (m, c) => spoiler(inline(m[1], c))],
];
const SPECIAL = /[\\`<[h@*_~|\n]/g;

function link(url, content) {
  const href = safeUrl(url);
  if (!href) return document.createTextNode(url);
  return h("a", { href, target: "_blank", rel: "noopener noreferrer nofollow" }, content);
}
function mention(text, onclick, self = false) {
  return h("button", { type: "button", class: self ? "mention self" : "mention", onclick }, text);
}
function roleMention(role) {
  const style = role?.color ? { "--role": `#${role.color.toString(16).padStart(6, "0")}` } : {};
  return h("span", { class: role?.color ? "mention role" : "mention", style }, `@${role?.name ?? "deleted role"}`);
}
function timestamp(seconds, style) {
  const date = new Date(seconds * 1000);
  if (Number.isNaN(date.getTime())) return document.createTextNode("invalid date");
  const node = h(
    "time",
    { class: "stamp", datetime: date.toISOString(), title: full(date) },
    timestampMark(date, style),
  );
  if (style === "R") node.dataset.relative = String(seconds);
  return node;
}
/** Relative stamps age while they are on the page. */
setInterval(() => {
  for (const node of document.querySelectorAll("time[data-relative]")) {
    node.textContent = ago(new Date(Number(node.dataset.relative) * 1000));
  }
}, 10000);

function spoiler(content) {
  const node = h(
    "span",
    { class: "spoiler", role: "button", tabindex: "0", "aria-label": "Spoiler, select to show" },
    h("span", {}, content),
  );
  const open = () => {
    node.classList.add("open");
    node.removeAttribute("role");
    node.removeAttribute("aria-label");
  };
  node.addEventListener("click", open);
  node.addEventListener("keydown", (e) => (e.key === "Enter" || e.key === " ") && open());
  return node;
}
export function customEmoji({ name, id, animated }) {
  const src = `/cdn/emojis/${id}.${animated ? "gif" : "png"}`;
  const image = h("img", {
    class: "emoji",
    src,
    alt: `:${name}:`,
    title: `:${name}:`,
    loading: "lazy",
    draggable: "false",
  });
  image.addEventListener("error", () => image.replaceWith(`:${name}:`));
  return image;
}

/** One run of inline text as a list of nodes. */
export function inline(text, context) {
  const depth = (context.depth ?? 0) + 1;
  if (depth > MAX_DEPTH) return [document.createTextNode(text)];
  const c = { ...context, depth };
  const nodes = [];
  let plain = 0;
  let at = 0;
  const flush = () => {
    if (plain < at) nodes.push(document.createTextNode(text.slice(plain, at)));
  };
  while (at < text.length) {
    SPECIAL.lastIndex = at;
    const next = SPECIAL.exec(text);
    if (!next) break;
    at = next.index;
    let taken = null;
    if (text[at] === "\n") taken = { node: h("br"), length: 1 };
    else {
      c.wordBefore = at > 0 && /\w/.test(text[at - 1]);
      for (const [pattern, make] of INLINE) {
        pattern.lastIndex = at;
        const match = pattern.exec(text);
        const made = match && make(match, c);
        if (made) {
          taken = made.node ? made : { node: made, length: match[0].length };
          break;
        }
      }
    }
    if (taken) {
      flush();
      nodes.push(taken.node);
      at += taken.length;
      plain = at;
    } else at += 1;
  }
  at = text.length;
  flush();
  return nodes;
}

const FENCE = /```(?:([\w+#.-]+)\n)?\n*([\s\S]+?)\n*```/;
const isOrdered = (line) => BULLET.exec(line)[2] !== undefined;
const BULLET = /^(\s*)(?:[-*]|(\d{1,9})\.)\s+(.*)$/;

function codeBlock(language, text) {
  const copy = h(
    "button",
    {
      type: "button",
      class: "code-copy",
      onclick: async (e) => {
        await navigator.clipboard?.writeText(text);
        e.target.textContent = "Copied";
      },
    },
    "Copy",
  );
  return h(
    "div",
    { class: "code-block" },
    h("pre", {}, h("code", {}, text)),
    language && h("span", { class: "code-language" }, language),
    copy,
  );
}

function blocks(text, c) {
  const nodes = [];
  const lines = text.split("\n");
  let paragraph = [];
  const flush = () => {
    if (paragraph.length) nodes.push(h("span", { class: "text" }, inline(paragraph.join("\n"), c)));
    paragraph = [];
  };
  for (let i = 0; i < lines.length; i += 1) {
    const line = lines[i];
    const heading = /^(#{1,3})\s+(.+)$/.exec(line);
    const subtext = /^-#\s+(.+)$/.exec(line);
    if (heading) {
      flush();
      nodes.push(
        h(
          "div",
          { class: `heading h${heading[1].length}`, role: "heading", "aria-level": 3 + heading[1].length },
          inline(heading[2], c),
        ),
      );
    } else if (subtext) {
      flush();
      nodes.push(h("div", { class: "subtext" }, inline(subtext[1], c)));
    } else if (!c.quoted && /^>>> /.test(line)) {
      flush();
      nodes.push(
        h("blockquote", {}, blocks([line.slice(4), ...lines.slice(i + 1)].join("\n"), { ...c, quoted: true })),
      );
      return nodes;
    } else if (!c.quoted && /^> /.test(line)) {
      flush();
      const quote = [];
      while (i < lines.length && /^> ?/.test(lines[i]) && lines[i].startsWith(">"))
        quote.push(lines[i++].replace(/^> ?/, ""));
      i -= 1;
      nodes.push(h("blockquote", {}, blocks(quote.join("\n"), { ...c, quoted: true })));
    } else if (BULLET.test(line)) {
      flush();
      const items = [];
      const kind = isOrdered(line);
      while (i < lines.length && BULLET.test(lines[i]) && (/^\s/.test(lines[i]) || isOrdered(lines[i]) === kind))
        items.push(BULLET.exec(lines[i++]));
      i -= 1;
      nodes.push(list(items, c));
    } else paragraph.push(line);
  }
  flush();
  return nodes;
}

function list(items, c) {
  const ordered = items[0][2] !== undefined;
  const base = items[0][1].length;
  const node = h(ordered ? "ol" : "ul", ordered ? { start: items[0][2] } : {});
  for (let i = 0; i < items.length;) {
    const item = h("li", {}, inline(items[i][3], c));
    const nested = [];
    i += 1;
    while (i < items.length && items[i][1].length > base) nested.push(items[i++]);
    if (nested.length) item.append(list(nested, c));
    node.append(item);
  }
  return node;
}

/** A whole message text as a fragment. */
export function markdown(text, names) {
  const fragment = document.createDocumentFragment();
  let rest = text;
  for (let match = FENCE.exec(rest); match; match = FENCE.exec(rest)) {
    const before = rest.slice(0, match.index).replace(/\n$/, "");
    if (before) fragment.append(...blocks(before, { names }));
    fragment.append(codeBlock(match[1], match[2]));
    rest = rest.slice(match.index + match[0].length).replace(/^\n/, "");
  }
  if (rest) fragment.append(...blocks(rest, { names }));
  return fragment;
}

const ONLY_EMOJI = /^(?:\s|<a?:\w+:\d+>|\p{Extended_Pictographic}|\p{Emoji_Component}(?<!\d)|[0-9#*]\uFE0F?\u20E3)+$/u;

/** Up to 27 emoji and nothing else: shown large. */
export function isJumbo(text) {
  return text.length < 200 && ONLY_EMOJI.test(text) && !/^[\d\s]*$/.test(text);
}

/** The text without its marks, for previews and for screen readers. */
export function plainText(text, names) {
  const holder = document.createElement("div");
  holder.append(markdown(text, names));
  for (const image of holder.querySelectorAll("img")) image.replaceWith(image.alt);
  for (const hidden of holder.querySelectorAll(".spoiler")) hidden.replaceWith("▮▮▮");
  for (const button of holder.querySelectorAll(".code-copy, .code-language")) button.remove();
  return holder.textContent.replace(/\s+/g, " ").trim();
}
