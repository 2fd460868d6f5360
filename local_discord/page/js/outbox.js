/** Messages on their way: shown at once, kept when they fail, and sent again under the same nonce so that none doubles. */
import { stored } from "./dom.js";
import { newNonce } from "./format.js";

export class Outbox {
  constructor(session) {
    this.session = session;
    this.store = session.store;
    this.key = `outbox:${session.user.id}`;
    // Text that could not be sent survives a reload; files cannot.
    for (const { channelId, entry } of stored.get(this.key, []))
      this.store.addPending(channelId, { ...entry, files: [], state: "failed" });
  }

  #remember() {
    const failed = [];
    for (const channel of this.store.channels.values()) {
      for (const entry of this.store.log(channel.id).pending) {
        if (entry.kind === "message" && entry.state === "failed")
          failed.push({ channelId: channel.id, entry: { ...entry, files: [] } });
      }
    }
    stored.set(this.key, failed.length ? failed : null);
  }

  send(channelId, content, files, replyTo) {
    const entry = {
      kind: "message",
      nonce: newNonce(),
      content,
      files,
      state: "sending",
      reference: replyTo && { message_id: replyTo.id, channel_id: channelId },
      ping: replyTo?.ping ?? true,
    };
    this.store.addPending(channelId, entry);
    return this.#post(channelId, entry);
  }

  async #post(channelId, entry) {
    const body = { content: entry.content, nonce: entry.nonce, enforce_nonce: true };
    if (entry.reference) {
      body.message_reference = entry.reference;
      if (!entry.ping) body.allowed_mentions = { parse: ["users", "roles", "everyone"], replied_user: false };
    }
    try {
      const message = await this.session.api.createMessage(channelId, body, entry.files);
      // The gateway normally brings it first; when it is down, the answer itself is shown.
      if (this.store.removePending(channelId, entry.nonce) && !this.store.log(channelId).find(message.id))
        this.store.dispatch("MESSAGE_CREATE", message);
      this.#remember();
    } catch (error) {
      const found = this.store.findPending(entry.nonce);
      if (!found) return;
      entry.state = "failed";
      entry.error = `Not sent: ${error.message}`;
      this.store.emit("pending", channelId);
      this.#remember();
    }
  }

  retry(nonce) {
    const found = this.store.findPending(nonce);
    if (!found) return;
    found.entry.state = "sending";
    this.store.emit("pending", found.channelId);
    this.#post(found.channelId, found.entry);
  }

  drop(store, channelId, nonce) {
    store.removePending(channelId, nonce);
    this.#remember();
  }
}
