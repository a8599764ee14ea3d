import type { ConfigurationField, VirtioDeviceParts, VirtioRequest, Virtqueue } from "@lockframe/plugin-api";
import { HEADER } from "./message.ts";
import { LARGEST_MESSAGE, type Server } from "./server.ts";

const MOUNT_TAG = 1n;
const QUEUE_SIZE = 128;

/** A file server whose client is the guest. */
export class FolderFunction implements VirtioDeviceParts {
  readonly features = MOUNT_TAG;
  readonly queueSizes = [QUEUE_SIZE];
  readonly #server: Server;
  readonly #tag: Uint8Array;
  readonly #close: () => void;

  constructor(server: Server, tag: string, close: () => void) {
    this.#server = server;
    this.#tag = Buffer.from(tag);
    this.#close = close;
  }

  configuration(): readonly ConfigurationField[] {
    return [{ size: 2, value: this.#tag.length }, { bytes: this.#tag }];
  }

  reset(): void {
    this.#server.reset();
  }

  async dispose(): Promise<void> {
    this.#server.reset();
    this.#close();
  }

  available(queue: Virtqueue): void {
    for (let request = queue.next(); request !== undefined; request = queue.next()) this.#serve(request);
  }

  #serve(request: VirtioRequest): void {
    if (request.readable < HEADER || request.readable > LARGEST_MESSAGE) return request.complete(0);
    const reply = this.#server.answer(request.read(0, request.readable));
    if (reply instanceof Promise) void reply.then((bytes) => finish(request, bytes));
    else finish(request, reply);
  }
}

/** A reply that has no room is not given in part. */
function finish(request: VirtioRequest, reply: Uint8Array): void {
  if (reply.length > request.writable) return request.complete(0);
  request.write(0, reply);
  request.complete(reply.length);
}
