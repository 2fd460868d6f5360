/** What the apps here can do with one message: their message commands, in a menu. */
import { fill, h } from "./dom.js";
import { avatar } from "./format.js";
import { popover, toast } from "./overlay.js";

const MESSAGE_COMMAND = 3;

/** Open the menu of a message at `anchor`. */
export async function messageMenu(app, message, anchor) {
  const menu = h("div", { role: "menu", class: "menu", "aria-label": "Apps", dataset: { testid: "app-menu" } });
  fill(menu, h("h3", {}, "Apps"), h("p", { class: "menu-note" }, "One moment…"));
  menu.addEventListener("keydown", (e) => {
    const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
    const all = [...menu.querySelectorAll(".menu-item")];
    if (!step || !all.length) return;
    e.preventDefault();
    all[(all.indexOf(document.activeElement) + step + all.length) % all.length].focus();
  });
  const pop = popover(anchor, menu);
  const { session, channel } = app;
  try {
    const { applications, application_commands } = await session.api.commands(channel.guild_id, channel.id);
    const items = application_commands
      .filter((command) => command.type === MESSAGE_COMMAND)
      .map((command) => ({ command, owner: applications.find((a) => a.id === command.application_id) }))
      .filter(({ owner }) => owner)
      .map(({ command, owner }) =>
        h(
          "button",
          {
            type: "button",
            role: "menuitem",
            class: "menu-item",
            dataset: { testid: "app-menu-item" },
            onclick: () => {
              pop.close();
              run(app, message, command, owner);
            },
          },
          avatar(owner.bot ?? { username: owner.name }, { size: 24 }),
          h("span", {}, h("b", {}, command.name), h("small", {}, owner.name)),
        ),
      );
    fill(
      menu,
      h("h3", {}, "Apps"),
      items.length ? items : h("p", { class: "menu-note" }, "No app here has anything for messages."),
    );
  } catch (error) {
    fill(menu, h("h3", {}, "Apps"), h("p", { class: "menu-note" }, error.message));
  }
  if (anchor.isConnected) pop.place(); // the toolbar may have gone on to another message meanwhile
  menu.querySelector(".menu-item")?.focus();
}

function run(app, message, command, owner) {
  const { id, name, version } = command;
  app.interactions
    .send(
      { type: 2, application_id: owner.id, data: { id, name, type: MESSAGE_COMMAND, version, target_id: message.id } },
      message.channel_id,
      { failure: () => toast(`${owner.name} did not respond to “${name}”. Try again.`) },
    )
    .catch((error) => toast(error.message));
}
