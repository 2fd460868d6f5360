/** Ids, names, times, sizes and avatars, as text and small nodes. */
import { h } from "./dom.js";

const EPOCH = 1420070400000n;

/** Order of two snowflakes held as strings. */
export function compareIds(a, b) {
  return a.length - b.length || (a < b ? -1 : a > b ? 1 : 0);
}

export function newNonce() {
  const random = BigInt(Math.floor(Math.random() * 2 ** 22));
  return String(((BigInt(Date.now()) - EPOCH) << 22n) | random);
}

export function displayName(user, member) {
  return member?.nick || user?.global_name || user?.username || "Unknown";
}

const timeFormat = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const dateFormat = new Intl.DateTimeFormat(undefined, { day: "numeric", month: "long", year: "numeric" });
const shortDate = new Intl.DateTimeFormat(undefined, { day: "2-digit", month: "2-digit", year: "numeric" });
const fullFormat = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

export const time = (date) => timeFormat.format(date);
export const day = (date) => dateFormat.format(date);
export const full = (date) => fullFormat.format(date);

function midnight(date) {
  return new Date(date.getFullYear(), date.getMonth(), date.getDate()).getTime();
}

export const sameDay = (a, b) => midnight(a) === midnight(b);

export function stamp(date) {
  const days = Math.round((midnight(new Date()) - midnight(date)) / 86400000);
  if (days === 0) return `Today at ${time(date)}`;
  if (days === 1) return `Yesterday at ${time(date)}`;
  return `${shortDate.format(date)} ${time(date)}`;
}

export function ago(date) {
  const seconds = (date.getTime() - Date.now()) / 1000;
  const steps = [
    ["year", 31536000],
    ["month", 2592000],
    ["day", 86400],
    ["hour", 3600],
    ["minute", 60],
  ];
  for (const [unit, size] of steps) {
    if (Math.abs(seconds) >= size) return relative.format(Math.round(seconds / size), unit);
  }
  return relative.format(Math.round(seconds), "second");
}

/** The text of a <t:seconds:style> mark. */
export function timestampMark(date, style) {
  const format = (options) => new Intl.DateTimeFormat(undefined, options).format(date);
  switch (style) {
    case "t":
      return time(date);
    case "T":
      return format({ timeStyle: "medium" });
    case "d":
      return shortDate.format(date);
    case "D":
      return day(date);
    case "F":
      return full(date);
    case "R":
      return ago(date);
    default:
      return `${day(date)} ${time(date)}`;
  }
}

export function fileSize(bytes) {
  if (bytes < 1024) return `${bytes} B`;
  if (bytes < 1024 * 1024) return `${(bytes / 1024).toFixed(1)} KB`;
  return `${(bytes / 1024 / 1024).toFixed(1)} MB`;
}

export function colour(number) {
  return number ? `#${number.toString(16).padStart(6, "0")}` : null;
}

function hue(text) {
  let value = 7;
  for (const c of text) value = (value * 31 + c.codePointAt(0)) % 360;
  return value;
}

/** An avatar: the picture if there is one, else initials on a colour that belongs to the name. */
export function avatar(user, { size = 40, guildId = null, member = null, status = null } = {}) {
  const name = user?.global_name || user?.username || "?";
  const letters = [...name.trim()].length
    ? name
        .trim()
        .split(/\s+/)
        .slice(0, 2)
        .map((w) => [...w][0])
        .join("")
    : "?";
  const node = h(
    "span",
    {
      class: "avatar",
      "aria-hidden": "true",
      style: { "--size": `${size}px`, "--hue": hue(name), "font-size": `${Math.round(size * 0.38)}px` },
    },
    letters.toUpperCase(),
  );
  let path = null;
  if (member?.avatar && guildId) path = `guilds/${guildId}/users/${user.id}/avatars/${member.avatar}`;
  else if (user?.avatar) path = `avatars/${user.id}/${user.avatar}`;
  if (path) {
    const image = h("img", {
      src: `/cdn/${path}.png?size=${size > 64 ? 256 : 80}`,
      alt: "",
      loading: "lazy",
      draggable: "false",
    });
    image.addEventListener("error", () => image.remove());
    node.append(image);
  }
  if (status) node.append(h("i", { class: `status ${status}` }));
  return node;
}
