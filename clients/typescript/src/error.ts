import type { Error as ErrorBody, FieldError } from "./api.js";

/** The codes of errors that the client itself finds. */
export type ClientCode = "no_token" | "connection_failed" | "timeout" | "unexpected_response";

interface Failure {
  message: string;
  code: string;
  status?: number;
  fields?: Record<string, FieldError>;
  requestId?: string | undefined;
  retryAfter?: number | undefined;
  cause?: unknown;
}

/** The error of every call that fails. Only an aborted call throws the reason of its signal instead. */
export class FutureTrackerError extends Error {
  override readonly name = "FutureTrackerError";
  /** The status of the response; 0 if there was none. */
  readonly status: number;
  /** Identifies the kind of error. It never changes, so programs may compare it. */
  readonly code: ErrorBody["code"] | ClientCode | (string & {});
  /** The invalid fields by name: `error.fields.title?.message`, and `.code` for programs. */
  readonly fields: Readonly<Record<string, FieldError | undefined>>;
  /** Identifies the request in the log of the service. */
  readonly requestId: string | undefined;
  /** Send the request again after this many seconds. */
  readonly retryAfter: number | undefined;

  constructor(failure: Failure) {
    super(failure.message, { cause: failure.cause });
    this.status = failure.status ?? 0;
    this.code = failure.code;
    this.fields = failure.fields ?? {};
    this.requestId = failure.requestId;
    this.retryAfter = failure.retryAfter;
  }
}

/** Return the error that a response describes. A proxy may send a body that is not JSON. */
export function errorOf(response: Response, body: unknown): FutureTrackerError {
  const said = (typeof body === "object" && body !== null ? body : {}) as Partial<ErrorBody> & {
    details?: FieldError[];
  };
  const details = Array.isArray(said.details) ? said.details : [];
  const sentence = details.map((detail) => detail.message).join(", ") || said.message;
  return new FutureTrackerError({
    status: response.status,
    message: sentence || `Unexpected response with status ${response.status}`,
    code: said.code ?? codeOf(said.error),
    fields: Object.fromEntries(details.map((detail) => [detail.field, detail])),
    requestId: said.requestId ?? response.headers.get("X-Request-Id") ?? undefined,
    retryAfter: secondsUntil(response.headers.get("Retry-After")),
  });
}

/** Return the code of an error that has only a title: the title in snake_case. */
function codeOf(title: unknown): string {
  return typeof title === "string"
    ? title.toLowerCase().replaceAll(" ", "_")
    : "unexpected_response";
}

/** Read Retry-After: the service sends seconds, a proxy may send a date. */
function secondsUntil(header: string | null): number | undefined {
  if (!header) return undefined;
  const seconds = /^\d+$/.test(header) ? Number(header) : (Date.parse(header) - Date.now()) / 1000;
  return Number.isNaN(seconds) ? undefined : Math.max(0, Math.ceil(seconds));
}
