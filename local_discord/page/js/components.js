/** Buttons, selects, layout components and modals: what a bot lets a person press, choose or fill in. */
import { fill, h, safeUrl } from "./dom.js";
import { avatar, colour, displayName } from "./format.js";
import { icon } from "./icons.js";
import { customEmoji, markdown } from "./markdown.js";
import { dialog, popover } from "./overlay.js";
import { attachment, picture } from "./rich.js";

const BUTTON_STYLES = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "secondary", 6: "primary" };
const SELECTS = new Set([3, 5, 6, 7, 8]);

function emojiNode(emoji) {
  return emoji && (emoji.id ? customEmoji(emoji) : h("span", { class: "button-emoji" }, emoji.name));
}

function button(app, message, data) {
  const content = [emojiNode(data.emoji), data.label && h("span", {}, data.label)];
  const label = data.label ?? data.emoji?.name;
  if (data.style === 5) {
    const href = safeUrl(data.url);
    return h(
      "a",
      {
        class: "button secondary",
        href,
        target: "_blank",
        rel: "noopener noreferrer",
        "aria-label": `${label} (opens a page)`,
        dataset: { testid: "component-button" },
      },
      content,
      icon("external", 14),
    );
  }
  return h(
    "button",
    {
      type: "button",
      class: `button ${BUTTON_STYLES[data.style] ?? "secondary"}`,
      disabled: data.disabled,
      "aria-label": label,
      dataset: { testid: "component-button", customId: data.custom_id },
      onclick: (e) => app.interactions.component(message, data, null, e.currentTarget),
    },
    content,
    h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")),
  );
}

/** The choices of a select of any type: {value, label, description?, node?}. */
function choices(app, data, channel) {
  const { store } = app.session;
  const guild = store.guilds.get(channel?.guild_id);
  if (data.type === 3)
    return data.options.map((o) => ({
      value: o.value,
      label: o.label,
      description: o.description,
      node: emojiNode(o.emoji),
    }));
  const people = guild
    ? [...guild.members.values()].map((m) => ({
        value: m.user.id,
        label: displayName(store.user(m.user.id), m),
        node: avatar(store.user(m.user.id), { size: 22, guildId: guild.id, member: m }),
      }))
    : [store.me, store.recipient(channel)]
        .filter(Boolean)
        .map((u) => ({ value: u.id, label: displayName(u), node: avatar(u, { size: 22 }) }));
  const roles = [...(guild?.roles.values() ?? [])]
    .filter((r) => r.id !== guild.id)
    .map((r) => ({
      value: r.id,
      label: r.name,
      node: h("i", { class: "role-dot", style: { "--role": colour(r.color) ?? "var(--muted)" } }),
    }));
  if (data.type === 5) return people;
  if (data.type === 6) return roles;
  if (data.type === 7) return [...people, ...roles];
  const types = data.channel_types;
  return [...store.channels.values()]
    .filter((c) => c.guild_id && c.guild_id === guild?.id && (types?.length ? types.includes(c.type) : c.type !== 4))
    .map((c) => ({ value: c.id, label: c.name, node: icon("hash", 16) }));
}

/** A select control. `apply(values)` runs when a choice is final; `initial` overrides the component's defaults. */
export function selectControl(app, data, channel, apply, initial = null) {
  const max = data.max_values ?? 1;
  const min = data.min_values ?? 1;
  const defaults =
    data.type === 3
      ? data.options.filter((o) => o.default).map((o) => o.value)
      : (data.default_values ?? []).map((v) => v.id);
  let chosen = initial ?? defaults;
  const text = h("span", { class: "select-text" });
  const control = h(
    "button",
    {
      type: "button",
      class: "select",
      disabled: data.disabled,
      "aria-haspopup": "listbox",
      "aria-label": data.placeholder ?? "Make a selection",
      dataset: { testid: "component-select", customId: data.custom_id },
    },
    text,
    icon("down", 16),
    h("span", { class: "dots", "aria-hidden": "true" }, h("i"), h("i"), h("i")),
  );
  const show = () => {
    const labels = chosen.map((v) => choices(app, data, channel).find((o) => o.value === v)?.label).filter(Boolean);
    text.textContent = labels.length ? labels.join(", ") : (data.placeholder ?? "Make a selection");
    text.classList.toggle("placeholder", !labels.length);
  };
  const finish = (values) => {
    chosen = values;
    show();
    apply(values, control);
  };
  control.addEventListener("click", () => {
    const picked = new Set(chosen);
    const all = choices(app, data, channel);
    const box = h("div", { class: "options", role: "listbox", "aria-multiselectable": max > 1 });
    const done = h(
      "button",
      {
        type: "button",
        class: "button primary small",
        onclick: () => {
          pop.close();
          finish([...picked]);
        },
      },
      "Apply",
    );
    const filter =
      data.type === 3
        ? null
        : h("input", { type: "search", placeholder: "Search", "aria-label": "Search choices", oninput: () => draw() });
    const draw = () => {
      const q = filter?.value.toLowerCase() ?? "";
      fill(
        box,
        all
          .filter((o) => o.label.toLowerCase().includes(q))
          .slice(0, 50)
          .map((o) =>
            h(
              "button",
              {
                type: "button",
                class: "option",
                role: "option",
                "aria-selected": String(picked.has(o.value)),
                dataset: { testid: "select-option", value: o.value },
                onclick: () => {
                  if (max === 1) {
                    pop.close();
                    return finish([o.value]);
                  }
                  if (picked.has(o.value)) picked.delete(o.value);
                  else if (picked.size < max) picked.add(o.value);
                  const at = [...box.children].indexOf(document.activeElement);
                  draw();
                  return box.children[at]?.focus();
                },
              },
              o.node,
              h("span", {}, h("b", {}, o.label), o.description && h("small", {}, o.description)),
              max > 1 ? h("i", { class: "tick" }, icon("check", 14)) : picked.has(o.value) && icon("check", 16),
            ),
          ),
      );
      done.disabled = picked.size < min;
    };
    draw();
    const hint =
      max > 1 &&
      h(
        "div",
        { class: "options-foot" },
        h("small", {}, min === max ? `Choose ${max}` : min ? `Choose ${min} to ${max}` : `Choose up to ${max}`),
        done,
      );
    const pop = popover(control, [filter, box, hint], { className: "select-pop", prefer: "below" });
    pop.node.style.minWidth = `${control.offsetWidth}px`;
    pop.place();
    pop.node.addEventListener("keydown", (e) => {
      const items = [...box.children];
      const at = items.indexOf(document.activeElement);
      const step = { ArrowDown: 1, ArrowUp: -1 }[e.key];
      if (!step) return;
      e.preventDefault();
      items[(at + step + items.length) % items.length]?.focus();
    });
    (filter ?? box.firstElementChild)?.focus({ preventScroll: true });
  });
  show();
  return control;
}

/** One component of a message, of any type this page knows. */
export function component(app, message, data) {
  const channel = app.session.store.channels.get(message.channel_id);
  const nested = (list) => (list ?? []).map((c) => component(app, message, c));
  if (SELECTS.has(data.type))
    return selectControl(app, data, channel, (values, control) =>
      app.interactions.component(message, data, values, control),
    );
  switch (data.type) {
    case 1:
      return h("div", { class: "action-row" }, nested(data.components));
    case 2:
      return button(app, message, data);
    case 9:
      return h(
        "div",
        { class: "section" },
        h("div", {}, nested(data.components)),
        data.accessory && component(app, message, data.accessory),
      );
    case 10:
      return h("div", { class: "content" }, markdown(data.content, app.names(channel)));
    case 11:
      return picture(data.media, { name: data.description ?? "thumbnail", max: 85, className: "thumbnail" });
    case 12:
      return h(
        "div",
        { class: "gallery" },
        data.items.map((i) => picture(i.media, { name: i.description ?? "image" })),
      );
    case 13:
      return attachment({ ...data.file, filename: data.name ?? "file" });
    case 14:
      return h("hr", { class: data.divider === false ? "gap" : "" });
    case 17:
      return h(
        "div",
        { class: "embed container", style: data.accent_color ? { "--stripe": colour(data.accent_color) } : {} },
        nested(data.components),
      );
    default:
      return null;
  }
}

/** Show a bot's modal; `submit(components)` resolves when the server has taken it and rejects to keep it open. */
export function modal(app, data, channel, submit) {
  const answers = [];
  const field = (item, label, description) => {
    if (item.type === 4) {
      const id = `modal-${item.custom_id}`;
      const limits = {
        id,
        name: item.custom_id,
        placeholder: item.placeholder,
        maxlength: item.max_length ?? 4000,
        required: item.required !== false,
        value: item.value ?? "",
      };
      const input =
        item.style === 2
          ? h("textarea", { rows: 5, ...limits })
          : h("input", { type: "text", autocomplete: "off", ...limits });
      const note = h("small", { class: "field-note", id: `${id}-note` });
      input.setAttribute("aria-describedby", note.id);
      const check = () => {
        const { length } = input.value;
        let problem = "";
        if (input.required && !input.value.trim()) problem = "This field is required.";
        else if (length && length < (item.min_length ?? 0)) problem = `At least ${item.min_length} characters.`;
        note.textContent = problem || (item.max_length ? `${length} / ${item.max_length}` : "");
        note.classList.toggle("bad", Boolean(problem));
        input.setAttribute("aria-invalid", String(Boolean(problem)));
        return !problem;
      };
      input.addEventListener("input", check);
      answers.push({
        id: item.custom_id,
        check,
        focus: () => input.focus(),
        value: () => ({ type: 4, custom_id: item.custom_id, value: input.value }),
      });
      return h(
        "div",
        { class: "modal-field" },
        h(
          "label",
          { for: id },
          label ?? item.label,
          item.required !== false && h("span", { class: "required", "aria-label": "required" }, " *"),
        ),
        description && h("small", {}, description),
        input,
        note,
      );
    }
    if (SELECTS.has(item.type)) {
      let values = null;
      const note = h("small", { class: "field-note" });
      const control = selectControl(app, item, channel, (v) => {
        values = v;
      });
      const check = () => {
        const ok = item.required === false || values?.length >= (item.min_values ?? 1);
        note.textContent = ok ? "" : "Make a selection.";
        note.classList.toggle("bad", !ok);
        return ok;
      };
      answers.push({
        id: item.custom_id,
        check,
        focus: () => control.focus(),
        value: () => ({ type: item.type, custom_id: item.custom_id, values: values ?? [] }),
      });
      return h(
        "div",
        { class: "modal-field" },
        h("label", {}, label),
        description && h("small", {}, description),
        control,
        note,
      );
    }
    return null;
  };
  const rows = data.components.map((row) => {
    if (row.type === 18) return field(row.component, row.label, row.description);
    if (row.type === 10) return h("div", { class: "content" }, markdown(row.content, app.names(channel)));
    return (row.components ?? []).map((item) => field(item));
  });
  const shape = (row) => {
    const answer = (item) => answers.find((a) => a.id === item.custom_id)?.value();
    if (row.type === 18) return { type: 18, id: row.id, component: answer(row.component) };
    if (row.type === 1) return { type: 1, components: row.components.map(answer) };
    return null;
  };
  const problem = h("p", { class: "form-problem", role: "alert" });
  const send = h("button", { type: "submit", class: "button primary" }, "Submit");
  const form = h(
    "form",
    {
      novalidate: true,
      onsubmit: async (e) => {
        e.preventDefault();
        const wrong = answers.filter((a) => !a.check());
        if (wrong.length) return wrong[0].focus();
        send.disabled = true;
        problem.textContent = "";
        try {
          await submit(data.components.map(shape).filter(Boolean));
          node.close();
        } catch (error) {
          problem.textContent = error.message;
          send.disabled = false;
        }
      },
    },
    h(
      "header",
      {},
      avatar(data.application?.bot ?? { username: data.application?.name ?? "?" }, { size: 32 }),
      h("h2", {}, data.title),
      h(
        "button",
        { type: "button", class: "ghost", "aria-label": "Close", onclick: () => node.close() },
        icon("close"),
      ),
    ),
    h("div", { class: "modal-body" }, rows, problem),
    h(
      "footer",
      { class: "dialog-actions" },
      h("button", { type: "button", class: "button secondary", onclick: () => node.close() }, "Cancel"),
      send,
    ),
  );
  const node = dialog(form, { className: "form", label: data.title, testid: "modal" });
  node.querySelector(".modal-body input, .modal-body textarea")?.focus();
}
