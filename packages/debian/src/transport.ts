import { readFile, stat } from "node:fs/promises";
import { Agent as HttpAgent, type IncomingMessage, request as httpRequest } from "node:http";
import { Agent as HttpsAgent, request as httpsRequest } from "node:https";
import { setTimeout as delay } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { LockframeError } from "@lockframe/architecture";
import { failure } from "./errors.ts";

/** How to fetch over the network. */
export interface TransportOptions {
  /** Its `http_proxy`, `https_proxy` and `no_proxy` (or their upper-case forms) are honoured. */
  readonly environment: NodeJS.ProcessEnv;
  /** A proxy to use where the environment names none. */
  readonly aptProxy?: string | undefined;
  /** A connection that stays silent for so many milliseconds counts as unreachable; default 20 s. */
  readonly silence?: number | undefined;
  /** Milliseconds before a second try, twice that before the third and last; default 500. */
  readonly pause?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** What one file may be. */
export interface Expectation {
  /** Exact length in bytes, if it is known. */
  readonly size?: number | undefined;
  /** Greatest length in bytes that is accepted. */
  readonly limit: number;
  readonly onBytes?: ((received: number, total: number | undefined) => void) | undefined;
}

/** Fetches whole files by http, https and file URLs. Nothing is trusted here: callers verify what they get. */
export class Transport {
  readonly #options: TransportOptions;
  readonly #http: HttpAgent;
  readonly #https: HttpsAgent;

  constructor(options: TransportOptions) {
    this.#options = options;
    const proxyEnv = proxySettings(options.environment, options.aptProxy);
    this.#http = new HttpAgent({ proxyEnv });
    this.#https = new HttpsAgent({ proxyEnv });
  }

  /**
   * The file's bytes, or undefined if there is none under this URL.
   * @throws LockframeError LF-DEBIAN-010 unreachable, -011 refused, -012 wrong length, -013 too long, -015 mirror error.
   */
  async get(url: URL, expectation: Expectation): Promise<Uint8Array | undefined> {
    const { signal, pause = 500 } = this.#options;
    for (let attempt = 1; ; attempt++) {
      try {
        return await (url.protocol === "file:" ? readLocal(url, expectation) : this.#fetch(url, expectation));
      } catch (error) {
        signal?.throwIfAborted();
        if (attempt >= TRIES || !mayPass(error)) throw named(url, error);
      }
      await delay(pause * attempt, undefined, signal === undefined ? {} : { signal });
    }
  }

  async #fetch(start: URL, expectation: Expectation): Promise<Uint8Array | undefined> {
    let url = start;
    for (let redirects = 0; redirects <= 5; redirects++) {
      const response = await this.#open(url);
      const { statusCode: status = 0, headers } = response;
      if (status === 200) return readBody(response, show(url), expectation);
      response.destroy();
      if (status === 404 || status === 410) return undefined;
      if (status >= 500) throw failure.busy(show(url), status);
      if (status < 300 || headers.location === undefined || !URL.canParse(headers.location, url.href))
        throw failure.refused(show(url), `status ${status}`);
      url = new URL(headers.location, url);
      if (!/^https?:$/.test(url.protocol))
        throw failure.refused(show(start), `a redirection to ${url.protocol}`);
    }
    throw failure.refused(show(start), "more than 5 redirections");
  }

  #open(url: URL): Promise<IncomingMessage> {
    const { signal, silence = 20_000 } = this.#options;
    const secure = url.protocol === "https:";
    const options = {
      agent: secure ? this.#https : this.#http,
      headers: { "user-agent": "lockframe" },
      ...(signal === undefined ? {} : { signal }),
    };
    return new Promise((resolve, reject) => {
      const request = (secure ? httpsRequest : httpRequest)(url, options, resolve);
      request.setTimeout(silence, () =>
        request.destroy(new Error(`nothing was heard for ${silence / 1000} s`)),
      );
      request.on("error", reject);
      request.end();
    });
  }
}

/** Tries for one file, where the failure may pass. */
const TRIES = 3;

/** The failure that means: no network, or no such host. What was fetched before may serve then. */
export const UNREACHABLE = "LF-DEBIAN-010";

function proxySettings(environment: NodeJS.ProcessEnv, aptProxy: string | undefined): NodeJS.ProcessEnv {
  const names = ["http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY"];
  if (aptProxy === undefined || !/^https?:/.test(aptProxy) || names.some((name) => environment[name]))
    return environment;
  return { ...environment, http_proxy: aptProxy, https_proxy: aptProxy };
}

async function readBody(
  response: IncomingMessage,
  url: string,
  { size, limit, onBytes }: Expectation,
): Promise<Uint8Array> {
  const header = response.headers["content-length"];
  const announced = header === undefined ? undefined : Number(header);
  if (size !== undefined && announced !== undefined && announced !== size)
    throw failure.wrongLength(url, announced, size);
  const total = size ?? announced;
  const chunks: Buffer[] = [];
  let received = 0;
  onBytes?.(0, total);
  for await (const chunk of response as AsyncIterable<Buffer>) {
    chunks.push(chunk);
    received += chunk.length;
    if (received > Math.min(limit, total ?? limit))
      throw failure.tooLong(url, Math.min(limit, total ?? limit));
    onBytes?.(received, total);
  }
  if (total !== undefined && received !== total) throw failure.wrongLength(url, received, total);
  return Buffer.concat(chunks);
}

async function readLocal(url: URL, { size, limit, onBytes }: Expectation): Promise<Uint8Array | undefined> {
  const found = await stat(url).catch(() => undefined);
  if (found === undefined || !found.isFile()) return undefined;
  if (size !== undefined && found.size !== size)
    throw failure.wrongLength(fileURLToPath(url), found.size, size);
  if (found.size > limit) throw failure.tooLong(fileURLToPath(url), limit);
  const bytes = await readFile(url);
  onBytes?.(bytes.length, bytes.length);
  return bytes;
}

/** Name resolution, refused connections and certificates do not mend within a second; other network errors may. */
const LASTING = /^(?:ENOTFOUND|ECONNREFUSED|ENETUNREACH|EHOSTUNREACH|EAI_AGAIN|EACCES|ERR_.*|.*CERT.*)$/;

function mayPass(error: unknown): boolean {
  if (error instanceof LockframeError) return ["LF-DEBIAN-012", "LF-DEBIAN-015"].includes(error.code);
  return !LASTING.test(errorCode(error));
}

function named(url: URL, error: unknown): unknown {
  if (error instanceof LockframeError || !(error instanceof Error)) return error;
  return failure.unreachable(
    show(url),
    error.message === "" ? new Error(errorCode(error), { cause: error }) : error,
  );
}

function errorCode(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/** A URL for messages: without the password that it may carry. */
export function show(url: URL): string {
  const copy = new URL(url);
  copy.password = "";
  return copy.href;
}
