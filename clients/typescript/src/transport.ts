import { errorOf, FutureTrackerError } from "./error.js";
import type { Sign } from "./signing.js";

type Token = string | null | undefined;

export interface ClientOptions {
  /** The address of the service, with or without `/api/v1`. */
  baseUrl: string;
  /**
   * The session token or an API key, or a function that returns it. The function runs before each
   * request. Use one for session tokens, because they expire after a minute.
   */
  token?: string | (() => Token | Promise<Token>) | undefined;
  /** Signs the requests in place of a token: `signWithSecret(...)` or `signWithPrivateKey(...)`. */
  sign?: Sign | undefined;
  /** How often a request is sent again, if it is safe to; 2 by default. */
  retries?: number | undefined;
  /** Fail at once if the service asks for a longer wait; 20,000 by default. */
  maxRetryDelayMs?: number | undefined;
  /**
   * The time for one request, until its response is complete; 30,000 by default. For a file, it is
   * the time until the response begins.
   */
  timeoutMs?: number | undefined;
  /** Headers of every request. */
  headers?: Record<string, string> | undefined;
  /** Used in place of the global `fetch`. */
  fetch?: typeof globalThis.fetch | undefined;
}

export interface CallOptions {
  /** Ends the call, also while it waits before a retry. The call throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Headers of this request. */
  headers?: Record<string, string> | undefined;
  /** Change the opportunity only if this, from `etagOf`, is still its ETag. Else the error is a 412. */
  ifMatch?: string | undefined;
  /** `"*"` with `putOpportunity`: create the opportunity. If there is one already, it is a 412. */
  ifNoneMatch?: string | undefined;
  /**
   * A text that you make for this change, such as `crypto.randomUUID()`. However often the request is
   * sent with it, also by another process of yours, the change is made once.
   */
  idempotencyKey?: string | undefined;
}

const etags = new WeakMap<object, string>();

/** Return the ETag with which a method has returned this; undefined if it had none. */
export function etagOf(body: object): string | undefined {
  return etags.get(body);
}

/** A query in which the parameters with these names may be a `Date`. */
export type WithDates<Query, Names> = {
  [Name in keyof Query]: Query[Name] | (Name extends Names ? Date : never);
};

/** The content of a file. A `File` of a web page is a `Blob`. */
export type FileBody = Blob | ArrayBuffer | Uint8Array | string;

interface Request {
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  path: string;
  query?: object;
  body?: unknown;
  file?: { content: FileBody; contentType: string };
  isPublic?: boolean;
  /** Return the response as soon as it begins, and let the caller read its body. */
  isDownload?: boolean;
  /** The statuses that return a result; by default 200 to 299. */
  statuses?: readonly number[];
}

interface Reply<T> {
  body: T;
  /** The query of the next page, if there is one. */
  next: object | undefined;
}

// The service has changed nothing. A slow search is not sent again: it would be slow again.
const UNCHANGED = new Set([429, 503]);
const POINTLESS = new Set(["no_token", "search_timeout"]);
// A change may have been saved. 0: no response.
const UNKNOWN = new Set([0, 502, 504]);
// The request with this key that was sent before.
const RUNNING = "request_in_progress";
// Without a key, a second POST may create a second opportunity, and a second DELETE return 404.
const REPEATABLE = new Set(["GET", "PUT", "PATCH"]);
const FIRST_DELAY_MS = 500;

/** Sends requests with a token, and sends them again if that is safe. */
export class Transport {
  readonly #options: ClientOptions;
  readonly #base: string;

  constructor(options: ClientOptions) {
    this.#options = options;
    this.#base = originOf(options.baseUrl);
  }

  async send<T>(request: Request, options?: CallOptions): Promise<T> {
    return (await this.#retried<T>(request, options)).body;
  }

  /** Yield the items of all pages. Each page is a bare array, and its Link header names the next. */
  async *items<T>(request: Request, options?: CallOptions): AsyncGenerator<T, void, undefined> {
    let query: object | undefined = request.query ?? {};
    while (query) {
      const page: Reply<T[]> = await this.#retried<T[]>({ ...request, query }, options);
      yield* page.body;
      query = page.next;
    }
  }

  async #retried<T>(request: Request, options: CallOptions = {}): Promise<Reply<T>> {
    const { retries = 2, maxRetryDelayMs = 20_000 } = this.#options;
    for (let attempt = 0; ; attempt++) {
      try {
        return await this.#attempt<T>(request, options);
      } catch (error) {
        if (!(error instanceof FutureTrackerError) || attempt >= retries) throw error;
        const repeatable = options.idempotencyKey !== undefined || REPEATABLE.has(request.method);
        const delay = delayBefore(repeatable, error, attempt);
        if (delay === undefined || delay > maxRetryDelayMs) throw error;
        await sleep(delay, options.signal);
      }
    }
  }

  async #attempt<T>(request: Request, options: CallOptions): Promise<Reply<T>> {
    options.signal?.throwIfAborted();
    const headers = await this.#headers(request, options);
    const { response, text } = await this.#exchange(request, options, headers);
    if (text === undefined) return { body: response as T, next: undefined };
    const body = parse(text);
    const good = request.statuses?.includes(response.status) ?? response.ok;
    if (!good || (text !== "" && body === undefined)) throw errorOf(response, body);
    const etag = response.headers.get("ETag");
    if (etag && typeof body === "object" && body !== null) etags.set(body, etag);
    return { body: body as T, next: nextQuery(response.headers.get("Link")) };
  }

  async #headers(request: Request, options: CallOptions): Promise<Headers> {
    const headers = new Headers({ ...this.#options.headers, ...options.headers });
    headers.set("Accept", request.isDownload ? "*/*" : "application/json");
    if (options.ifMatch !== undefined) headers.set("If-Match", options.ifMatch);
    if (options.ifNoneMatch !== undefined) headers.set("If-None-Match", options.ifNoneMatch);
    if (options.idempotencyKey !== undefined) {
      headers.set("Idempotency-Key", options.idempotencyKey);
    }
    if (request.body !== undefined) headers.set("Content-Type", "application/json");
    if (request.file) headers.set("Content-Type", request.file.contentType);
    if (request.isPublic || this.#options.sign) return headers;
    const token = await this.#token();
    if (!token) {
      const message =
        "No request was sent, because there is no session token. Sign the user in first; " +
        "the `token` option of createClient must be or return the token of the session.";
      throw new FutureTrackerError({ message, code: "no_token" });
    }
    headers.set("Authorization", `Bearer ${token}`);
    return headers;
  }

  async #token(): Promise<Token> {
    const { token } = this.#options;
    return typeof token === "function" ? token() : token;
  }

  async #exchange(
    request: Request,
    { signal }: CallOptions,
    headers: Headers,
  ): Promise<{ response: Response; text?: string }> {
    const { method, isPublic, isDownload } = request;
    const url = this.#base + request.path + queryString(request.query);
    const body = await bodyOf(request);
    if (!isPublic) await this.#options.sign?.({ method, url, headers, ...body });
    const timeout = new AbortController();
    const timer = setTimeout(() => timeout.abort(), this.#options.timeoutMs ?? 30_000);
    const fetch = this.#options.fetch ?? globalThis.fetch;
    const init: RequestInit = {
      method,
      headers,
      ...body,
      signal: signal ? AbortSignal.any([signal, timeout.signal]) : timeout.signal,
    };
    try {
      const response = await fetch(url, init);
      if (isDownload && response.ok) return { response };
      return { response, text: await response.text() };
    } catch (cause) {
      signal?.throwIfAborted();
      if (timeout.signal.aborted) {
        throw new FutureTrackerError({ message: "No response in time", code: "timeout", cause });
      }
      const message = `No connection to ${this.#base}: it is down, or refuses this origin (CORS)`;
      throw new FutureTrackerError({ message, code: "connection_failed", cause });
    } finally {
      clearTimeout(timer);
    }
  }
}

/** Return the body as bytes or JSON. A request that is sent again needs it once more. */
async function bodyOf(request: Request): Promise<{ body?: string | Uint8Array<ArrayBuffer> }> {
  const { body, file } = request;
  if (!file) return body === undefined ? {} : { body: JSON.stringify(body) };
  if (file.content instanceof Uint8Array) return { body: new Uint8Array(file.content) };
  return { body: new Uint8Array(await new Response(file.content).arrayBuffer()) };
}

/** Return how long to wait before sending again, or undefined if that is not safe. */
function delayBefore(
  repeatable: boolean,
  error: FutureTrackerError,
  attempt: number,
): number | undefined {
  if (POINTLESS.has(error.code)) return undefined;
  const unchanged = UNCHANGED.has(error.status) || error.code === RUNNING;
  if (unchanged && error.retryAfter !== undefined) return error.retryAfter * 1000;
  const safe = unchanged || UNKNOWN.has(error.status);
  return safe && repeatable ? FIRST_DELAY_MS * 2 ** attempt : undefined;
}

function sleep(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = (): void => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener("abort", stop, { once: true });
  });
}

/** Return the JSON in a text, or undefined. */
function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Return the query with its question mark. A list becomes `applied,ghosted`. */
function queryString(query: object = {}): string {
  const pairs = Object.entries(query)
    .filter(([, value]) => value !== undefined && value !== null)
    .filter(([, value]) => !(Array.isArray(value) && value.length === 0))
    .map(([name, value]) => [name, value instanceof Date ? day(value) : String(value)]);
  return pairs.length ? `?${new URLSearchParams(pairs)}` : "";
}

/** Return the day in UTC, as the service accepts only days in a query. */
function day(date: Date): string {
  return date.toISOString().slice(0, 10);
}

/** Return the address of the service without `/api/v1`. */
function originOf(baseUrl: string): string {
  if (!/^https?:\/\/[^/\s]/i.test(baseUrl)) {
    throw new TypeError(
      "baseUrl must be the address of the service with http:// or https://, for example " +
        `"https://api.example.com", not ${JSON.stringify(baseUrl)}`,
    );
  }
  return baseUrl.replace(/\/+$/, "").replace(/\/api\/v1$/, "");
}

/** Return the query of the next page. The path stays: a token is never sent anywhere else. */
function nextQuery(link: string | null): object | undefined {
  const target = /<[^>]*\?([^>]*)>; *rel="?next"?/.exec(link ?? "")?.[1];
  return target === undefined ? undefined : Object.fromEntries(new URLSearchParams(target));
}

/** Return an id as part of a path. An empty one, or a slash, would lead to another operation. */
export function segment(id: string): string {
  if (/^\.{0,2}$|\//.test(id)) throw new TypeError(`${JSON.stringify(id)} is not an id`);
  return encodeURIComponent(id);
}

/** Yield the items of all pages. The first page is read without a cursor. */
export async function* items<T>(
  page: (next: { cursor?: string }) => Promise<{ items: T[]; nextCursor: string | null }>,
): AsyncGenerator<T, void, undefined> {
  let next: string | null = null;
  do {
    const { items, nextCursor } = await page(next ? { cursor: next } : {});
    yield* items;
    next = nextCursor;
  } while (next);
}
