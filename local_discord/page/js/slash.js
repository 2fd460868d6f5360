/** Filling in a slash command, option by option, by keyboard alone if one likes. */
import { fill, h } from "./dom.js";
import { avatar, displayName } from "./format.js";
import { icon } from "./icons.js";

const STRING = 3,
  INTEGER = 4,
  BOOLEAN = 5,
  USER = 6,
  CHANNEL = 7,
  ROLE = 8,
  MENTIONABLE = 9,
  NUMBER = 10,
  ATTACHMENT = 11;
const HINTS = {
  [STRING]: "text",
  [INTEGER]: "whole number",
  [BOOLEAN]: "True or False",
  [USER]: "a member",
  [CHANNEL]: "a channel",
  [ROLE]: "a role",
  [MENTIONABLE]: "a member or a role",
  [NUMBER]: "number",
  [ATTACHMENT]: "a file",
};
const DEBOUNCE_MS = 150;

/** The row of fields that replaces the composer's text while a command is being filled in. */
export class SlashForm {
  #fields = [];
  #timer = null;
  #asked = 0;

  constructor(app, suggestions, { leave, focusText }) {
    this.app = app;
    this.suggestions = suggestions;
    this.leave = leave;
    this.focusText = focusText;
    this.entry = null;
    this.pills = h("div", { class: "slash-fields" });
    this.problem = h("div", {
      class: "slash-problem",
      role: "alert",
      hidden: true,
      dataset: { testid: "slash-problem" },
    });
    this.node = h(
      "div",
      { class: "slash-form", hidden: true, dataset: { testid: "slash-form" }, onkeydown: (e) => this.#key(e) },
      this.pills,
    );
  }

  open(entry, rest = "") {
    this.entry = entry;
    this.#fields = [];
    this.node.hidden = false;
    this.#complain("");
    fill(
      this.pills,
      h(
        "span",
        { class: "slash-name" },
        avatar(entry.app.bot ?? { username: entry.app.name }, { size: 20 }),
        `/${entry.shown}`,
      ),
    );
    this.more = h("button", {
      type: "button",
      class: "slash-more",
      dataset: { testid: "slash-more" },
      onclick: () => this.#offerOptional(),
      onfocus: () => this.#offerOptional(),
    });
    this.pills.append(this.more);
    for (const option of entry.options.filter((o) => o.required)) this.#add(option);
    this.#parse(rest);
    this.#drawMore();
    // A command that only has optional fields still has to take the keyboard from the text field.
    (this.#fields.find((f) => !f.input.value)?.input ?? this.#fields.at(-1)?.input ?? this.more).focus();
  }

  close() {
    clearTimeout(this.#timer); // choices that nobody waits for any more
    this.entry = null;
    this.node.hidden = true;
    this.suggestions.hide();
    this.#complain("");
  }

  /** "question:what is it persona:elio" typed or pasted behind the name. */
  #parse(rest) {
    const { options } = this.entry;
    if (!rest.trim() || !options.length) return;
    const names = options
      .flatMap((o) => [o.label, o.name])
      .map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"))
      .join("|");
    const parts = rest.split(new RegExp(`(?:^|\\s)(${names}):`));
    const set = (option, text) => {
      const field = this.#fields.find((f) => f.option === option) ?? this.#add(option);
      field.input.value = text.trim();
    };
    if (parts[0].trim()) set(this.#fields[0]?.option ?? options[0], parts[0]);
    for (let i = 1; i < parts.length; i += 2)
      set(
        options.find((o) => o.label === parts[i] || o.name === parts[i]),
        parts[i + 1],
      );
  }

  #add(option) {
    const field = { option, picked: null, file: null };
    const file =
      option.type === ATTACHMENT &&
      h("input", {
        type: "file",
        hidden: true,
        onchange: (e) => {
          [field.file] = e.target.files;
          field.input.value = field.file?.name ?? "";
          this.#complain("");
        },
      });
    field.input = h("input", {
      type: "text",
      autocomplete: "off",
      spellcheck: "false",
      "aria-label": `${option.label}: ${option.about}`,
      "aria-required": String(Boolean(option.required)),
      placeholder: HINTS[option.type] ?? "",
      readonly: option.type === ATTACHMENT,
      dataset: { testid: `slash-option-${option.name}` },
      oninput: () => {
        field.picked = null;
        this.#complain("");
        this.#suggest(field);
      },
      onfocus: () => this.#suggest(field),
      onclick: () => file && file.click(),
    });
    field.node = h(
      "label",
      { class: option.required ? "slash-field" : "slash-field optional" },
      h("span", {}, option.label),
      field.input,
      file,
      !option.required &&
        h(
          "button",
          { type: "button", tabindex: "-1", "aria-label": `Remove ${option.label}`, onclick: () => this.#drop(field) },
          icon("close", 12),
        ),
    );
    this.#fields.push(field);
    this.more.before(field.node);
    this.#drawMore();
    return field;
  }

  #drop(field) {
    const index = this.#fields.indexOf(field);
    this.#fields.splice(index, 1);
    field.node.remove();
    this.#drawMore();
    (this.#fields[index - 1]?.input ?? this.#fields[0]?.input ?? this.more).focus();
  }

  #missing() {
    return this.entry.options.filter((o) => !this.#fields.some((f) => f.option === o));
  }

  #drawMore() {
    const count = this.#missing().length;
    // The field stays reachable without options too: Enter on it sends the command.
    this.more.textContent = count ? `+${count} optional` : this.#fields.length ? "" : "Enter to send";
    this.more.hidden = !count && this.#fields.length > 0;
  }

  #head(option) {
    const range =
      option.min_value !== undefined || option.max_value !== undefined
        ? ` (${option.min_value ?? "…"} to ${option.max_value ?? "…"})`
        : "";
    return [
      h("b", {}, option.label),
      h("span", {}, ` ${option.about}${range}`),
      !option.required && h("em", {}, " optional"),
    ];
  }

  #offerOptional() {
    const items = this.#missing().map((option) => ({
      label: option.label,
      detail: option.about,
      option,
      testid: "choice",
    }));
    this.suggestions.show(items, {
      head: [h("b", {}, `/${this.entry.shown}`), h("span", {}, ` ${this.entry.about}`)],
      pick: ({ option }) => this.#add(option).input.focus(),
    });
  }

  // ---- values

  #localChoices(option) {
    const { store } = this.app.session;
    const channel = this.app.channel;
    const guild = store.guilds.get(channel.guild_id);
    if (option.choices?.length) return option.choices.map((c) => ({ label: c.label, value: c.value }));
    if (option.type === BOOLEAN)
      return [
        { label: "True", value: true },
        { label: "False", value: false },
      ];
    const people = () =>
      (guild ? [...guild.members.keys()] : [store.me.id, store.recipient(channel)?.id]).map((id) => {
        const user = store.user(id);
        return {
          label: displayName(user, guild && store.member(guild.id, id)),
          detail: user.username,
          value: id,
          node: avatar(user, { size: 22 }),
        };
      });
    const roles = () =>
      [...(guild?.roles.values() ?? [])].map((r) => ({
        label: r.id === guild.id ? "@everyone" : r.name,
        value: r.id,
        node: icon("at", 16),
      }));
    if (option.type === USER) return people();
    if (option.type === ROLE) return roles();
    if (option.type === MENTIONABLE) return [...people(), ...roles()];
    if (option.type === CHANNEL) {
      return [...store.channels.values()]
        .filter(
          (c) =>
            c.guild_id &&
            c.guild_id === channel.guild_id &&
            (option.channel_types?.length ? option.channel_types.includes(c.type) : true),
        )
        .map((c) => ({ label: c.name, value: c.id, node: icon(c.thread_metadata ? "thread" : "hash", 16) }));
    }
    return null;
  }

  #suggest(field) {
    const { option } = field;
    const head = this.#head(option);
    clearTimeout(this.#timer);
    const asked = ++this.#asked;
    const pick = (item) => {
      field.picked = { label: item.label, value: item.value };
      field.input.value = item.label;
      this.suggestions.show([], { head, pick });
      this.#complain("");
      this.#next(field, { wrap: false });
    };
    const local = this.#localChoices(option);
    const query = field.input.value.trim().toLowerCase().replace(/^[@#]/, "");
    if (local) {
      if (field.picked) return this.suggestions.show([], { head, pick });
      const hits = local
        .filter((c) => c.label.toLowerCase().includes(query) || c.detail?.toLowerCase().includes(query))
        .slice(0, 25);
      return this.suggestions.show(
        hits.map((c) => ({ ...c, testid: "choice" })),
        { head, empty: "Nothing matches", pick },
      );
    }
    this.suggestions.show([], { head, pick });
    if (!option.autocomplete || field.picked) return undefined;
    this.suggestions.show([], { head, empty: "Loading…", pick });
    this.#timer = setTimeout(
      async () => {
        const choices = await this.app.interactions.autocomplete(
          this.app.channel.id,
          this.entry,
          this.#nest(this.#values({ focused: field })),
        );
        if (asked !== this.#asked || !this.entry) return;
        if (choices === null) this.suggestions.show([], { head, empty: "The application did not respond", pick });
        else
          this.suggestions.show(
            choices.map((c) => ({ label: c.name, value: c.value, testid: "choice" })),
            { head, empty: "No options match", pick },
          );
      },
      field.input.value ? DEBOUNCE_MS : 0,
    );
    return undefined;
  }

  /** The value of a field, or an Error whose message names what to change. */
  #value(field) {
    const { option, picked } = field;
    const text = field.input.value.trim();
    if (option.type === ATTACHMENT)
      return field.file ? { file: field.file } : new Error(`${option.label}: choose a file.`);
    if (picked) return picked.value;
    const local = this.#localChoices(option);
    if (local) {
      const exact = local.find((c) =>
        [c.label, c.detail, String(c.value)].some((t) => t?.toLowerCase() === text.toLowerCase().replace(/^[@#]/, "")),
      );
      return exact ? exact.value : new Error(`${option.label}: choose one from the list.`);
    }
    if (option.type === INTEGER || option.type === NUMBER) {
      const number = Number(text);
      if (!text || Number.isNaN(number)) return new Error(`${option.label}: enter a number.`);
      if (option.type === INTEGER && !Number.isInteger(number))
        return new Error(`${option.label}: enter a whole number.`);
      if (number < (option.min_value ?? -Infinity)) return new Error(`${option.label}: at least ${option.min_value}.`);
      if (number > (option.max_value ?? Infinity)) return new Error(`${option.label}: at most ${option.max_value}.`);
      return number;
    }
    if (text.length < (option.min_length ?? 0))
      return new Error(`${option.label}: at least ${option.min_length} characters.`);
    if (text.length > (option.max_length ?? 6000))
      return new Error(`${option.label}: at most ${option.max_length ?? 6000} characters.`);
    return this.app.composer.toMarks(text);
  }

  /** Filled-in fields as option values; while one is focused for autocomplete, unfinished ones are left out. */
  #values({ focused = null } = {}) {
    const values = [];
    for (const field of this.#fields) {
      if (field === focused)
        values.push({ type: field.option.type, name: field.option.name, value: field.input.value, focused: true });
      else if (field.input.value.trim()) {
        const value = this.#value(field);
        if (!(value instanceof Error) && !value?.file)
          values.push({ type: field.option.type, name: field.option.name, value });
      }
    }
    return values;
  }

  #nest(values) {
    const { command, path } = this.entry;
    let options = values;
    for (let i = path.length - 1; i >= 1; i -= 1) {
      let node = command;
      for (const name of path.slice(1, i + 1)) node = node.options.find((o) => o.name === name);
      options = [{ type: node.type, name: path[i], options }];
    }
    return options;
  }

  #complain(text, field = null) {
    this.problem.textContent = text;
    this.problem.hidden = !text;
    for (const f of this.#fields) {
      f.node.classList.toggle("bad", f === field);
      f.input.setAttribute("aria-invalid", String(f === field));
    }
    if (field) field.input.focus();
  }

  async submit() {
    const values = [];
    const files = [];
    for (const field of this.#fields) {
      const { option } = field;
      if (!field.input.value.trim() && option.required)
        return this.#complain(`${option.label}: this option is required.`, field);
      if (!field.input.value.trim()) continue;
      const value = this.#value(field);
      if (value instanceof Error) return this.#complain(value.message, field);
      if (value?.file) values.push({ type: option.type, name: option.name, value: String(files.push(value.file) - 1) });
      else values.push({ type: option.type, name: option.name, value });
    }
    const { entry } = this;
    const options = this.#nest(values);
    this.leave("");
    try {
      await this.app.interactions.command(this.app.channel.id, entry, options, files);
    } catch (error) {
      this.app.toast(`/${entry.shown} was not sent: ${error.message}`);
    }
    return undefined;
  }

  // ---- keyboard

  #next(field, { wrap = true } = {}) {
    const index = this.#fields.indexOf(field);
    const target = this.#fields[index + 1]?.input ?? (wrap && !this.more.hidden ? this.more : null);
    target?.focus();
    return Boolean(target);
  }

  #key(e) {
    const field = this.#fields.find((f) => f.input === e.target);
    const onMore = e.target === this.more;
    if (e.isComposing) return;
    if (e.key === "Escape") {
      e.preventDefault();
      if (this.suggestions.hasItems && field) this.suggestions.hide();
      else this.leave("");
      return;
    }
    if (e.key === "Enter" && onMore && !this.#browsing) {
      e.preventDefault();
      this.submit();
      return;
    }
    if (onMore && (e.key === "ArrowDown" || e.key === "ArrowUp")) this.#browsing = true;
    if (e.key === "Tab" && e.shiftKey) {
      const list = [...this.#fields.map((f) => f.input), this.more];
      const before = list[list.indexOf(e.target) - 1];
      if (before) {
        e.preventDefault();
        before.focus();
      }
      return;
    }
    if (this.suggestions.key(e)) {
      this.#browsing = false;
      return;
    }
    if (!field) {
      if (onMore && e.key === "Backspace") {
        e.preventDefault();
        const last = this.#fields.at(-1);
        if (last) last.input.focus();
        else this.leave(`/${this.entry.shown}`);
      }
      return;
    }
    if (e.key === "Enter") {
      e.preventDefault();
      if (field.option.type === ATTACHMENT && !field.file) field.input.click();
      else this.submit();
    } else if (e.key === "Tab") {
      if (this.#next(field)) e.preventDefault();
    } else if (e.key === "Backspace" && !field.input.value) {
      e.preventDefault();
      const index = this.#fields.indexOf(field);
      if (!field.option.required) this.#drop(field);
      else if (index > 0) this.#fields[index - 1].input.focus();
      else this.leave(`/${this.entry.shown}`);
    }
  }
  // On the "+n optional" chip Enter sends, unless the arrows have started to browse its list.
  #browsing = false;
}
