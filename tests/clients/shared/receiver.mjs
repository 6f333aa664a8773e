/** A receiver of webhooks on this machine. */

import { once } from "node:events";
import { createServer } from "node:http";

/** Several times what the server lets pass before a first attempt, and before a second. */
export const PATIENCE_MS = 30_000;

/** Listens on a free port, keeps what comes in, and answers with the statuses in `answers`, then always with 200. */
export class Receiver {
  answers = [];
  #received = [];
  #waiting = [];
  #server = createServer(async (request, response) => {
    const parts = [];
    for await (const part of request) parts.push(part);
    const received = { headers: request.headers, body: Buffer.concat(parts) };
    const waiting = this.#waiting.shift();
    if (waiting) waiting(received);
    else this.#received.push(received);
    response.writeHead(this.answers.shift() ?? 200).end("thank you");
  });

  static async start() {
    const receiver = new Receiver();
    receiver.#server.listen(0, "127.0.0.1");
    await once(receiver.#server, "listening");
    return receiver;
  }

  get url() {
    return `http://127.0.0.1:${this.#server.address().port}/hook`;
  }

  /** The next request. Fails when none comes. */
  next() {
    const received = this.#received.shift();
    if (received) return Promise.resolve(received);
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error("nothing is received")), PATIENCE_MS);
      this.#waiting.push((received) => {
        clearTimeout(timer);
        resolve(received);
      });
    });
  }

  stop() {
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
