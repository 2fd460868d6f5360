/** Things above the page: toasts, popovers, dialogs, the lightbox and the emoji picker. */
import { fill, h } from "./dom.js";
import { EMOJI_GROUPS, searchEmoji } from "./emoji.js";
import { icon } from "./icons.js";
import { customEmoji } from "./markdown.js";

const layer = document.getElementById("overlays");
const toasts = document.getElementById("toasts");

/** A short notice that goes by itself. `action` is {label, run}. */
export function toast(text, { kind = "error", action = null, seconds = 6 } = {}) {
  const node = h(
    "div",
    { class: `toast ${kind}`, role: kind === "error" ? "alert" : "status", dataset: { testid: "toast" } },
    icon(kind === "error" ? "alert" : "check", 18),
    h("span", {}, text),
    action &&
      h(
        "button",
        {
          type: "button",
          class: "link",
          onclick: () => {
            node.remove();
            action.run();
          },
        },
        action.label,
      ),
    h(
      "button",
      { type: "button", class: "ghost", "aria-label": "Dismiss", onclick: () => node.remove() },
      icon("close", 16),
    ),
  );
  toasts.append(node);
  while (toasts.children.length > 4) toasts.firstChild.remove();
  setTimeout(() => node.remove(), seconds * 1000);
}

let closePopover = null;

/** Show `content` beside `anchor`; a click outside, Escape or a scroll of the page's size closes it. */
export function popover(anchor, content, { className = "", onClose = null, prefer = "above" } = {}) {
  closePopover?.();
  const node = h("div", { class: `popover ${className}` }, content);
  layer.append(node);
  const place = () => {
    const a = anchor.getBoundingClientRect();
    const { offsetWidth: w, offsetHeight: height } = node;
    const above = a.top - height - 6;
    const below = a.bottom + 6;
    const fitsBelow = below + height < innerHeight - 8;
    const top = (prefer === "above" && above >= 8) || !fitsBelow ? above : below;
    node.style.top = `${Math.max(8, Math.min(top, innerHeight - height - 8))}px`;
    node.style.left = `${Math.max(8, Math.min(a.left, innerWidth - w - 8))}px`;
  };
  place();
  const before = document.activeElement;
  const close = () => {
    if (closePopover !== close) return;
    closePopover = null;
    node.remove();
    removeEventListener("pointerdown", outside, true);
    removeEventListener("keydown", key, true);
    removeEventListener("resize", close);
    if (document.activeElement === document.body && before?.isConnected) before.focus({ preventScroll: true });
    onClose?.();
  };
  const outside = (e) => {
    if (node.contains(e.target)) return;
    // The click that closes must not open the same popover again.
    if (anchor.contains(e.target))
      anchor.addEventListener("click", (c) => c.stopImmediatePropagation(), { capture: true, once: true });
    close();
  };
  const key = (e) => {
    if (e.key !== "Escape") return;
    e.stopPropagation();
    e.preventDefault();
    close();
  };
  addEventListener("pointerdown", outside, true);
  addEventListener("keydown", key, true);
  addEventListener("resize", close);
  closePopover = close;
  return { node, close, place };
}

/** A modal dialog over a dimmed page. The browser's own <dialog> keeps the focus inside. */
export function dialog(content, { className = "", label, testid = null, onClose = null } = {}) {
  closePopover?.();
  const node = h(
    "dialog",
    { class: `dialog ${className}`, "aria-label": label, dataset: testid ? { testid } : {} },
    content,
  );
  node.addEventListener("click", (e) => e.target === node && node.close());
  node.addEventListener("close", () => {
    node.remove();
    onClose?.();
  });
  layer.append(node);
  node.showModal();
  return node;
}

/** Ask before something that cannot be undone. Resolves to true or false. */
export function confirm(title, text, action) {
  return new Promise((resolve) => {
    let answer = false;
    const node = dialog(
      [
        h("h2", {}, title),
        h("p", {}, text),
        h(
          "div",
          { class: "dialog-actions" },
          h("button", { type: "button", class: "button secondary", onclick: () => node.close() }, "Cancel"),
          h(
            "button",
            {
              type: "button",
              class: "button danger",
              autofocus: true,
              onclick: () => {
                answer = true;
                node.close();
              },
            },
            action,
          ),
        ),
      ],
      { label: title, className: "confirm", onClose: () => resolve(answer) },
    );
  });
}

export function lightbox(url, name) {
  const node = dialog(
    [
      h("img", { src: url, alt: name }),
      h(
        "div",
        { class: "lightbox-bar" },
        h("span", {}, name),
        h("a", { href: url, target: "_blank", rel: "noopener noreferrer" }, icon("external", 18), "Open original"),
        h(
          "button",
          { type: "button", class: "ghost", "aria-label": "Close", onclick: () => node.close() },
          icon("close"),
        ),
      ),
    ],
    { className: "lightbox", label: name },
  );
}

/** Pick one emoji; `pick({name, id?, text})`. `custom` are the guild's own. */
export function emojiPicker(anchor, custom, pick) {
  const grid = h("div", { class: "emoji-grid", role: "listbox", "aria-label": "Emoji" });
  const search = h("input", { type: "search", placeholder: "Find an emoji", "aria-label": "Find an emoji" });
  const choose = (chosen) => {
    pop.close();
    pick(chosen);
  };
  const cell = (name, emoji) =>
    h(
      "button",
      {
        type: "button",
        role: "option",
        title: `:${name}:`,
        "aria-label": name,
        onclick: () => choose({ name: emoji, text: emoji }),
      },
      emoji,
    );
  const own = (e) =>
    h(
      "button",
      {
        type: "button",
        role: "option",
        title: `:${e.name}:`,
        "aria-label": e.name,
        onclick: () => choose({ name: e.name, id: e.id, text: `<${e.animated ? "a" : ""}:${e.name}:${e.id}>` }),
      },
      customEmoji(e),
    );
  const draw = () => {
    const q = search.value.trim().toLowerCase();
    if (q) {
      const hits = [
        ...custom.filter((e) => e.name.toLowerCase().includes(q)).map(own),
        ...searchEmoji(q, 60).map((e) => cell(e.name, e.emoji)),
      ];
      return fill(
        grid,
        hits.length ? h("div", { class: "emoji-row" }, hits) : h("p", { class: "empty" }, "Nothing by that name"),
      );
    }
    return fill(
      grid,
      custom.length > 0 && [h("h3", {}, "This server"), h("div", { class: "emoji-row" }, custom.map(own))],
      EMOJI_GROUPS.map((g) => [
        h("h3", {}, g.title),
        h(
          "div",
          { class: "emoji-row" },
          g.items.map((e) => cell(e.name, e.emoji)),
        ),
      ]),
    );
  };
  search.addEventListener("input", draw);
  const panel = h("div", { class: "emoji-picker", dataset: { testid: "emoji-picker" } }, search, grid);
  panel.addEventListener("keydown", (e) => {
    const cells = [...grid.querySelectorAll("button")];
    const at = cells.indexOf(document.activeElement);
    const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 8, ArrowUp: -8 }[e.key];
    if (e.key === "Enter" && document.activeElement === search) {
      e.preventDefault();
      cells[0]?.click();
    } else if (step && (at >= 0 || e.key === "ArrowDown")) {
      e.preventDefault();
      (cells[Math.max(0, at < 0 ? 0 : at + step)] ?? search).focus();
    }
  });
  draw();
  const pop = popover(anchor, panel);
  search.focus({ preventScroll: true });
}
