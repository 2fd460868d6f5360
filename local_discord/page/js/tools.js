/** The toolbar of the message under the pointer or the focus, and walking through messages with the arrow keys. */
import { fill, h } from "./dom.js";
import { icon } from "./icons.js";
import { messageMenu } from "./menu.js";
import { toast } from "./overlay.js";
import { may } from "./permissions.js";
import { FLAG } from "./store.js";

/** Serve all messages of `list` with one toolbar: two thousand rows of buttons would cost more than the messages. */
export function messageTools(app, list) {
  const bar = h("div", { class: "tools", role: "toolbar", "aria-label": "Message actions" });
  let at = null;
  const action = (name, label, run) =>
    h(
      "button",
      {
        type: "button",
        title: label,
        "aria-label": label,
        dataset: { testid: `action-${name}` },
        onclick: (e) => run(e.currentTarget),
      },
      icon(name === "react" ? "smile" : name, 18),
    );
  const show = (article) => {
    if (article === at) return;
    at = article;
    bar.remove();
    const message = article && list.find(article.dataset.messageId);
    if (!message || article.classList.contains("system")) return;
    const { store } = app.session;
    const mine = message.author.id === store.me.id && !message.webhook_id;
    const hidden = message.flags & FLAG.EPHEMERAL;
    const can = (name) => may(store, app.channel, name);
    fill(
      bar,
      !hidden && can("ADD_REACTIONS") && action("react", "Add a reaction", (b) => app.pickReaction(message, b)),
      !hidden && can("SEND_MESSAGES") && action("reply", "Reply", () => app.composer.replyTo(message)),
      !hidden && action("more", "Apps", (b) => messageMenu(app, message, b)),
      mine && action("edit", "Edit", () => list.edit(message.id)),
      message.content && action("copy", "Copy text", () => copy(message.content)),
      !hidden &&
        (mine || (app.channel.guild_id && can("MANAGE_MESSAGES"))) &&
        action("trash", "Delete", () => list.remove(message)),
    );
    article.append(bar);
  };
  list.scroller.addEventListener("mouseover", (e) => show(e.target.closest(".message")));
  list.scroller.addEventListener("mouseleave", () => !bar.contains(document.activeElement) && show(null));
  list.scroller.addEventListener("focusin", (e) => e.target.closest(".message") && show(e.target.closest(".message")));
  list.scroller.addEventListener("keydown", (e) => {
    if (e.target.closest("textarea, input")) return;
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    if (!step) return;
    const rows = [...list.items.children];
    const index = rows.indexOf(e.target.closest(".row"));
    const next = rows[index < 0 ? rows.length - 1 : index + step];
    if (!next) return;
    e.preventDefault();
    next.querySelector(".message").focus();
  });
}

async function copy(text) {
  try {
    await navigator.clipboard.writeText(text);
    toast("Copied", { kind: "good", seconds: 2 });
  } catch {
    toast("The browser did not allow copying.");
  }
}
