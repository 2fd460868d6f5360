/** REST calls with a user's token. Errors carry Discord's code and a sentence a person can act on. */

export class ApiError extends Error {
  constructor(status, body) {
    super(explain(status, body));
    this.status = status;
    this.code = body?.code ?? 0;
  }
}

function firstFieldError(errors, path = []) {
  if (errors?._errors?.length) return `${path.join(".")}: ${errors._errors[0].message}`;
  for (const [key, value] of Object.entries(errors ?? {})) {
    const found = typeof value === "object" && firstFieldError(value, [...path, key]);
    if (found) return found;
  }
  return null;
}

function explain(status, body) {
  if (status === 0) return "The server cannot be reached. Is it still running?";
  const field = firstFieldError(body?.errors);
  const text = field ?? body?.message ?? `HTTP ${status}`;
  if (status === 401) return "This user's token is not known to the server any more. Reload the page.";
  if (status === 413) return "That file is too large.";
  return text;
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

export class Api {
  constructor(base, token) {
    this.base = base;
    this.token = token;
  }

  /** One call. Waits out rate limits (up to four times); everything else that fails is an ApiError. */
  async request(method, path, body = undefined, files = []) {
    const headers = { Authorization: this.token };
    let payload;
    if (files.length) {
      payload = new FormData();
      payload.append("payload_json", JSON.stringify(body));
      files.forEach((file, i) => payload.append(`files[${i}]`, file, file.name));
    } else if (body !== undefined) {
      headers["Content-Type"] = "application/json";
      payload = JSON.stringify(body);
    }
    for (let attempt = 0; ; attempt += 1) {
      let response;
      try {
        response = await fetch(this.base + path, { method, headers, body: payload });
      } catch {
        throw new ApiError(0, null);
      }
      if (response.status === 204) return null;
      const data = await response.json().catch(() => null);
      if (response.ok) return data;
      if (response.status === 429 && attempt < 4) {
        await sleep(1000 * Math.min(data?.retry_after ?? 1, 30));
        continue;
      }
      throw new ApiError(response.status, data);
    }
  }

  messages(channelId, query) {
    return this.request("GET", `/channels/${channelId}/messages?${new URLSearchParams(query)}`);
  }
  createMessage(channelId, body, files = []) {
    const attachments = files.map((file, id) => ({ id: String(id), filename: file.name }));
    return this.request(
      "POST",
      `/channels/${channelId}/messages`,
      files.length ? { ...body, attachments } : body,
      files,
    );
  }
  editMessage(channelId, id, content) {
    return this.request("PATCH", `/channels/${channelId}/messages/${id}`, { content });
  }
  deleteMessage(channelId, id) {
    return this.request("DELETE", `/channels/${channelId}/messages/${id}`);
  }
  react(channelId, id, emoji, on) {
    const key = encodeURIComponent(emoji.id ? `${emoji.name}:${emoji.id}` : emoji.name);
    return this.request(on ? "PUT" : "DELETE", `/channels/${channelId}/messages/${id}/reactions/${key}/@me`);
  }
  typing(channelId) {
    return this.request("POST", `/channels/${channelId}/typing`);
  }
  openDm(userId) {
    return this.request("POST", "/users/@me/channels", { recipient_id: userId });
  }
  commands(guildId, channelId) {
    const scope = guildId ? `/guilds/${guildId}` : `/channels/${channelId}`;
    return this.request("GET", `${scope}/application-command-index`);
  }
  setLanguage(locale) {
    return this.request("PATCH", "/users/@me/settings", { locale });
  }
  interact(body, files = []) {
    return this.request("POST", "/interactions", body, files);
  }
}
