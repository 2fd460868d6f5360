/** One user's gateway session: identify, heartbeats, resume, and reconnecting for as long as the page is open. */
import { Emitter } from "./dom.js";

const DISPATCH = 0,
  HEARTBEAT = 1,
  IDENTIFY = 2,
  RESUME = 6,
  RECONNECT = 7,
  INVALID = 9,
  HELLO = 10,
  ACK = 11;
const FATAL = new Set([4004, 4010, 4011, 4012, 4013, 4014]);

/** Emits "dispatch" {type, data}, "state" ("connecting" | "open" | "lost" | "refused"). */
export class Gateway extends Emitter {
  #socket = null;
  #beat = null;
  #acknowledged = true;
  #attempt = 0;
  #retry = null;
  #closed = false;
  #seq = null;
  #resumeUrl = null;
  sessionId = null;
  state = "connecting";

  constructor(url, token) {
    super();
    this.url = url;
    this.token = token;
    // A laptop that wakes up or a network that returns should not wait out the back-off.
    addEventListener("online", () => this.#hurry());
    document.addEventListener("visibilitychange", () => document.hidden || this.#hurry());
  }

  connect() {
    clearTimeout(this.#retry);
    const socket = new WebSocket(`${this.#resumeUrl ?? this.url}?v=10&encoding=json`);
    this.#socket = socket;
    socket.onmessage = (event) => socket === this.#socket && this.#receive(JSON.parse(event.data));
    socket.onclose = (event) => socket === this.#socket && this.#lost(event.code);
  }

  close() {
    this.#closed = true;
    clearInterval(this.#beat);
    clearTimeout(this.#retry);
    this.#socket?.close(1000);
  }

  #set(state) {
    if (this.state === state) return;
    this.state = state;
    this.emit("state", state);
  }

  #hurry() {
    if (this.state === "lost" && this.#socket?.readyState !== WebSocket.CONNECTING) this.connect();
  }

  #send(op, d) {
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(JSON.stringify({ op, d }));
  }

  #lost(code) {
    clearInterval(this.#beat);
    if (this.#closed) return;
    if (FATAL.has(code)) return this.#set("refused");
    if (code === 4007 || code === 4009) this.#forget();
    this.#set("lost");
    const delay = Math.min(200 * 2 ** this.#attempt, 5000) * (0.75 + Math.random() / 2);
    this.#attempt += 1;
    this.#retry = setTimeout(() => this.connect(), delay);
  }

  #forget() {
    this.sessionId = null;
    this.#seq = null;
    this.#resumeUrl = null;
  }

  #startHeart(interval) {
    clearInterval(this.#beat);
    this.#acknowledged = true;
    this.#beat = setInterval(() => {
      // No answer since the last beat: the connection is dead even if TCP has not noticed.
      if (!this.#acknowledged) return this.#drop();
      this.#acknowledged = false;
      this.#send(HEARTBEAT, this.#seq);
    }, interval);
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    socket.close(4000);
    this.#lost(4000);
  }

  #receive({ op, d, s, t }) {
    if (op === HELLO) {
      this.#startHeart(d.heartbeat_interval);
      if (this.sessionId) return this.#send(RESUME, { token: this.token, session_id: this.sessionId, seq: this.#seq });
      return this.#send(IDENTIFY, {
        token: this.token,
        capabilities: 0,
        properties: { os: "browser", browser: "chat page", device: "" },
      });
    }
    if (op === ACK) this.#acknowledged = true;
    else if (op === HEARTBEAT) this.#send(HEARTBEAT, this.#seq);
    else if (op === RECONNECT) this.#drop();
    else if (op === INVALID) {
      if (!d) this.#forget();
      this.#drop();
    } else if (op === DISPATCH) {
      this.#seq = s;
      if (t === "READY") {
        this.sessionId = d.session_id;
        this.#resumeUrl = d.resume_gateway_url ? sameHost(d.resume_gateway_url) : null;
      }
      if (t === "READY" || t === "RESUMED") {
        this.#attempt = 0;
        this.emit("dispatch", { type: t, data: d });
        return this.#set("open");
      }
      this.emit("dispatch", { type: t, data: d });
    }
  }
}

/** The gateway as seen from this page, which may sit behind a forwarded port or another host name. */
export function sameHost(url) {
  const path = new URL(url).pathname;
  return `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}${path}`;
}
