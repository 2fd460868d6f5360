/** The list above the composer: mentions, emoji, commands and option values, all driven from the keyboard. */
import { fill, h } from "./dom.js";

export class Suggestions {
  #items = [];
  #active = 0;
  #pick = null;

  constructor(host) {
    this.head = h("div", { class: "suggest-head" });
    this.box = h("div", { class: "suggest-items", role: "listbox", id: "suggestions", "aria-label": "Suggestions" });
    this.node = h("div", { class: "suggest", hidden: true }, this.head, this.box);
    // A press must not take the focus from the field that is being filled in.
    this.node.addEventListener("pointerdown", (e) => e.preventDefault());
    host.append(this.node);
  }

  get open() {
    return !this.node.hidden;
  }
  get hasItems() {
    return this.open && this.#items.length > 0;
  }

  /** Show `items` ({label, detail?, note?, node?, group?, testid?, ...}); `pick(item)` runs on a choice. */
  show(items, { head = null, empty = null, testid = "suggestions", pick }) {
    if (!items.length && !head && !empty) return this.hide();
    this.#items = items;
    this.#pick = pick;
    this.#active = 0;
    this.node.hidden = false;
    this.node.dataset.testid = testid;
    fill(this.head, head);
    this.head.hidden = !head;
    let group = null;
    fill(
      this.box,
      items.map((item, i) => {
        const title =
          item.group && item.group !== group && h("div", { class: "suggest-group" }, item.groupNode, item.group);
        group = item.group;
        return [
          title,
          h(
            "div",
            {
              class: "suggestion",
              role: "option",
              id: `suggestion-${i}`,
              dataset: { testid: item.testid ?? "suggestion", index: i },
              onclick: () => this.choose(i),
              onpointermove: () => this.#mark(i),
            },
            item.node,
            h("span", { class: "suggestion-main" }, h("b", {}, item.label), item.detail && h("small", {}, item.detail)),
            item.note && h("span", { class: "suggestion-note" }, item.note),
          ),
        ];
      }),
      !items.length && empty && h("p", { class: "empty" }, empty),
    );
    this.#mark(0);
    return undefined;
  }

  hide() {
    this.node.hidden = true;
    this.#items = [];
  }

  #mark(index) {
    this.#active = index;
    for (const node of this.box.querySelectorAll(".suggestion")) {
      const on = Number(node.dataset.index) === index;
      node.setAttribute("aria-selected", String(on));
      if (on) node.scrollIntoView({ block: "nearest" });
    }
  }

  move(step) {
    if (this.#items.length) this.#mark((this.#active + step + this.#items.length) % this.#items.length);
  }

  choose(index = this.#active) {
    const item = this.#items[index];
    if (item) this.#pick(item);
    return Boolean(item);
  }

  /** Arrow keys, and Tab or Enter to choose. True when the key was used. */
  key(e) {
    if (!this.hasItems) return false;
    if (e.key === "ArrowDown") this.move(1);
    else if (e.key === "ArrowUp") this.move(-1);
    else if (e.key === "Enter" || (e.key === "Tab" && !e.shiftKey)) this.choose();
    else return false;
    e.preventDefault();
    return true;
  }
}
