/** Small DOM helpers. Content always arrives as text nodes: nothing in this page assigns innerHTML. */

/** Build an element. Props: class, dataset, style (object), on<Event> handlers, anything else is an attribute. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [key, value] of Object.entries(props ?? {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key === "class") node.className = value;
    else if (key === "dataset") Object.assign(node.dataset, value);
    else if (key === "style") for (const [k, v] of Object.entries(value)) node.style.setProperty(k, v);
    else if (key.startsWith("on")) node.addEventListener(key.slice(2).toLowerCase(), value);
    else if (key === "value" || key === "checked" || key === "disabled") node[key] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  append(node, children);
  return node;
}

export function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === undefined || child === null || child === false) continue;
    node.append(child instanceof Node ? child : document.createTextNode(String(child)));
  }
  return node;
}

/** Replace all children at once. */
export function fill(node, ...children) {
  node.textContent = "";
  return append(node, children);
}

/**
 * Make `parent`'s children match `items` by key, moving and creating as few nodes as possible.
 * `render(item, old)` returns the node for an item; it may return `old` after patching it.
 */
export function keyed(parent, items, key, render) {
  const old = new Map([...parent.children].map((node) => [node.dataset.key, node]));
  let cursor = parent.firstElementChild;
  for (const item of items) {
    const k = String(key(item));
    const previous = old.get(k);
    const node = render(item, previous);
    node.dataset.key = k;
    old.delete(k);
    if (previous && previous !== node) {
      if (cursor === previous) cursor = node;
      previous.replaceWith(node);
    }
    if (node === cursor) cursor = cursor.nextElementSibling;
    else parent.insertBefore(node, cursor);
  }
  for (const node of old.values()) node.remove();
}

/** A URL that is safe to load or to link to, or null: only http and https pass. */
export function safeUrl(text) {
  try {
    const url = new URL(text, location.origin);
    return url.protocol === "https:" || url.protocol === "http:" ? url.href : null;
  } catch {
    return null;
  }
}

export class Emitter {
  #handlers = new Map();
  on(type, handler) {
    if (!this.#handlers.has(type)) this.#handlers.set(type, new Set());
    this.#handlers.get(type).add(handler);
    return () => this.#handlers.get(type).delete(handler);
  }
  emit(type, detail) {
    for (const handler of [...(this.#handlers.get(type) ?? [])]) handler(detail);
  }
}

/** localStorage that never throws (private windows, full disk). */
export const stored = {
  get(key, fallback = null) {
    try {
      const text = localStorage.getItem(`chat:${key}`);
      return text === null ? fallback : JSON.parse(text);
    } catch {
      return fallback;
    }
  },
  set(key, value) {
    try {
      if (value === null) localStorage.removeItem(`chat:${key}`);
      else localStorage.setItem(`chat:${key}`, JSON.stringify(value));
    } catch {
      // The page works without it; only preferences and drafts are forgotten.
    }
  },
};
