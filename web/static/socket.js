// The live link of a page: subscribe, catch up, stream; after any cut, resume exactly where it stopped.
const FIRST_WAIT = 200; // milliseconds; doubles at each failure, with full jitter
const LONGEST_WAIT = 5_000;
const SILENCE = 1.5; // heartbeats without a word: the link is dead, whatever TCP believes

export class Live {
  #socket = null;
  #topics = new Map(); // topic -> the position that we hold
  #heard = 0;
  #heartbeat = 20;
  #failures = 0;
  #timer = 0;
  #beat = 0;
  #over = false;
  #handlers;

  // handlers: fact(frame), presence(frame), resync(topic) -> Promise<position>, state("live" | "lost" | "over")
  constructor(topics, handlers) {
    this.#topics = new Map(Object.entries(topics));
    this.#handlers = handlers;
    addEventListener("pageshow", (event) => event.persisted && this.#wake());
    addEventListener("pagehide", () => this.#drop());
    addEventListener("online", () => this.#wake());
    document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && this.#wake());
    this.#open();
  }

  send(frame) {
    if (this.#socket?.readyState !== WebSocket.OPEN) return false;
    this.#socket.send(JSON.stringify(frame));
    return true;
  }

  watch(topic, position) {
    this.#topics.set(topic, position);
    this.send({ op: "watch", topic, since: position });
  }

  #open() {
    clearTimeout(this.#timer);
    if (this.#over || this.#socket) return;
    const scheme = location.protocol === "https:" ? "wss:" : "ws:";
    const socket = (this.#socket = new WebSocket(`${scheme}//${location.host}/live`, "relais.v1"));
    this.#heard = performance.now();
    socket.onmessage = (event) => this.#socket === socket && this.#hear(JSON.parse(event.data));
    socket.onclose = (event) => this.#socket === socket && this.#closed(event.code);
    clearInterval(this.#beat);
    this.#beat = setInterval(() => this.#check(), 5_000);
  }

  #hear(frame) {
    this.#heard = performance.now();
    switch (frame.op) {
      case "hello":
        this.#heartbeat = frame.heartbeat;
        for (const [topic, since] of this.#topics) this.send({ op: "watch", topic, since });
        break;
      case "watching":
        this.#topics.set(frame.topic, frame.position);
        this.#failures = 0;
        this.#handlers.state("live");
        break;
      case "fact":
        this.#topics.set(frame.topic, frame.position);
        this.#handlers.fact(frame);
        break;
      case "resync":
        this.#resync(frame.topic);
        break;
      case "presence":
        this.#handlers.presence?.(frame);
        break;
      case "refused":
        if (frame.code === "bad_position" && frame.topic) this.#resync(frame.topic);
        break;
    }
  }

  async #resync(topic) {
    try {
      this.watch(topic, await this.#handlers.resync(topic));
    } catch {
      this.#drop(); // the page could not be read again: try the whole once more
      this.#closed(1006);
    }
  }

  #closed(code) {
    this.#socket = null;
    clearInterval(this.#beat);
    if (code === 4401) {
      this.#over = true;
      return this.#handlers.state("over");
    }
    this.#handlers.state("lost");
    const most = Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** this.#failures++);
    this.#timer = setTimeout(() => this.#open(), Math.random() * most);
  }

  #check() {
    const silence = performance.now() - this.#heard;
    if (silence > this.#heartbeat * SILENCE * 1000) {
      this.#drop();
      this.#closed(1006);
    } else if (silence > this.#heartbeat * 1000) this.send({ op: "ping" });
  }

  // A machine that slept has an open socket that nobody holds at the other end: ask, and do not wait long.
  #wake() {
    if (this.#over) return;
    if (!this.#socket) {
      this.#failures = 0;
      return this.#open();
    }
    const before = this.#heard;
    if (performance.now() - before < 5_000) return;
    this.send({ op: "ping" });
    setTimeout(() => {
      if (this.#heard !== before) return;
      this.#drop();
      this.#failures = 0;
      this.#closed(1006);
    }, 3_000);
  }

  #drop() {
    const socket = this.#socket;
    this.#socket = null;
    clearInterval(this.#beat);
    clearTimeout(this.#timer);
    socket?.close();
  }
}

// Says how the link is, in a few words; a cut of less than a second says nothing.
export function linkState(element) {
  let timer = 0;
  const show = (state) => {
    element.hidden = false;
    element.dataset.state = state;
    element.textContent = element.dataset[`words${state[0].toUpperCase()}${state.slice(1)}`];
  };
  return (state) => {
    document.documentElement.dataset.live = state;
    clearTimeout(timer);
    if (state === "lost") timer = setTimeout(() => show(state), 1_000);
    else show(state);
  };
}
