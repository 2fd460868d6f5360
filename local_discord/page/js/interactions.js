/** Sending interactions and following each by its nonce until the bot has answered, or has not. */
import { modal } from "./components.js";
import { newNonce } from "./format.js";
import { toast } from "./overlay.js";

// The server reports a failure after three seconds; this is for when the report itself is lost.
const GIVE_UP_MS = 12000;
const NO_ANSWER = "The application did not respond";

export class Interactions {
  #waiting = new Map();

  constructor(app, session) {
    this.app = app;
    this.session = session;
    const { store } = session;
    store.on("INTERACTION_SUCCESS", ({ nonce }) => this.#settle(nonce, "success"));
    store.on("INTERACTION_FAILURE", ({ nonce }) => this.#settle(nonce, "failure"));
    store.on("INTERACTION_MODAL_CREATE", (data) => this.#modal(data));
    store.on("APPLICATION_COMMAND_AUTOCOMPLETE_RESPONSE", ({ nonce, choices }) =>
      this.#settle(nonce, "choices", choices),
    );
    store.on("MESSAGE_CREATE", (m) => m.nonce && this.#settle(String(m.nonce), "success"));
  }

  #settle(nonce, outcome, detail) {
    const waiting = this.#waiting.get(String(nonce));
    if (!waiting) return;
    clearTimeout(waiting.timer);
    this.#waiting.delete(String(nonce));
    waiting[outcome]?.(detail);
    waiting.done?.();
  }

  /** Send one interaction. `handlers`: success, failure, choices, modal, done. Rejects if the server refuses it. */
  async send(body, channelId, handlers, files = []) {
    const nonce = newNonce();
    const channel = this.session.store.channels.get(channelId);
    const timer = setTimeout(() => this.#settle(nonce, "failure"), GIVE_UP_MS);
    this.#waiting.set(nonce, { ...handlers, timer });
    handlers.start?.(nonce);
    try {
      await this.session.api.interact(
        {
          ...body,
          nonce,
          channel_id: channelId,
          session_id: this.session.gateway.sessionId,
          ...(channel?.guild_id && { guild_id: channel.guild_id }),
        },
        files,
      );
    } catch (error) {
      clearTimeout(timer);
      this.#waiting.delete(nonce);
      handlers.done?.();
      throw error;
    }
  }

  /** A slash command; a placeholder stands in the channel until the bot's first sign of life. */
  async command(channelId, entry, options, files) {
    const { store } = this.session;
    let nonce = null;
    const note = { kind: "command", name: entry.shown, app: entry.app, state: "sending" };
    await this.send(
      {
        type: 2,
        application_id: entry.app.id,
        data: {
          id: entry.command.id,
          name: entry.command.name,
          type: 1,
          version: entry.command.version,
          options,
          attachments: files.map((f, id) => ({ id: String(id), filename: f.name })),
        },
      },
      channelId,
      {
        start: (n) => {
          nonce = n;
          store.addPending(channelId, { ...note, nonce });
        },
        success: () => store.removePending(channelId, nonce),
        modal: () => store.removePending(channelId, nonce),
        failure: () => {
          store.removePending(channelId, nonce);
          store.addPending(channelId, { ...note, nonce, state: "failed", error: NO_ANSWER });
        },
      },
      files,
    ).catch((error) => {
      store.removePending(channelId, nonce);
      throw error;
    });
  }

  /** The choices a bot offers for the option marked `focused`. Resolves to null when it does not answer. */
  autocomplete(channelId, entry, options) {
    return new Promise((resolve) => {
      this.send(
        {
          type: 4,
          application_id: entry.app.id,
          data: { id: entry.command.id, name: entry.command.name, type: 1, version: entry.command.version, options },
        },
        channelId,
        { choices: resolve, failure: () => resolve(null) },
      ).catch(() => resolve(null));
    });
  }

  /** A press on a button or a choice in a select of a message. */
  component(message, data, values, control) {
    const row = control.closest("[data-message-id]");
    row?.querySelector(".component-error")?.remove();
    control.classList.add("busy");
    const failed = (text) => this.app.list.componentError(message.id, text);
    this.send(
      {
        type: 3,
        application_id: message.application_id ?? message.author.id,
        message_id: message.id,
        message_flags: message.flags ?? 0,
        data: { component_type: data.type, custom_id: data.custom_id, ...(values && { values }) },
      },
      message.channel_id,
      { failure: () => failed("This interaction failed"), done: () => control.classList.remove("busy") },
    ).catch((e) => failed(e.message));
  }

  #modal(data) {
    const waiting = this.#waiting.get(String(data.nonce));
    waiting?.modal?.();
    this.#settle(data.nonce, "success");
    if (this.app.session !== this.session) return;
    const channel = this.session.store.channels.get(data.channel_id);
    modal(this.app, data, channel, (components) =>
      this.send(
        {
          type: 5,
          application_id: data.application?.id ?? data.application_id,
          data: { id: data.id, custom_id: data.custom_id, components },
        },
        data.channel_id,
        {
          failure: () =>
            toast(`${data.application?.name ?? "The application"} did not respond to “${data.title}”. Try again.`),
        },
      ),
    );
  }
}
