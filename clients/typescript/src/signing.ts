/** The parts of a request that a signature covers. */
export interface Signable {
  method: string;
  url: string;
  /** The signature is added to these headers. */
  headers: Headers;
  body?: string | Uint8Array | undefined;
}

/** Signs a request. It runs again for each attempt, because a signature is accepted once. */
export type Sign = (request: Signable) => Promise<void>;

export interface SignOptions {
  /** The host of the API, if it is not the host that the requests are sent to. */
  authority?: string | undefined;
}

const KEY = /^ft_[a-z]+_([0-9A-Za-z]{12})_([0-9A-Za-z]{43})[0-9A-Za-z]{6}$/;
const KEY_ID = /^[0-9A-Za-z]{12}$/;
const PEM = /^\s*-----BEGIN PRIVATE KEY-----([A-Za-z0-9+/=\s]+)-----END PRIVATE KEY-----\s*$/;

/** Sign with the secret of an API key that was made with `signedOnly`: the whole key, `ft_live_...`. */
export function signWithSecret(key: string, options: SignOptions = {}): Sign {
  const [, keyId, secret] = KEY.exec(key) ?? [];
  if (keyId === undefined || secret === undefined) {
    throw new TypeError("This is not an API key. A key has the form ft_live_<id>_<secret>");
  }
  return signer(keyId, options, () => importSecret(secret));
}

/**
 * Sign with an ed25519 private key, whose public key is stored in the API key with this id. The
 * private key is a PEM of PKCS #8, or a CryptoKey that may sign.
 */
export function signWithPrivateKey(
  keyId: string,
  privateKey: string | CryptoKey,
  options: SignOptions = {},
): Sign {
  if (!KEY_ID.test(keyId)) {
    throw new TypeError("This is not the id of an API key. An id has 12 letters and digits");
  }
  const load = typeof privateKey === "string" ? pemLoader(privateKey) : async () => privateKey;
  return signer(keyId, options, load);
}

/** Return what signs with a key, which is loaded at the first request. */
function signer(keyId: string, options: SignOptions, load: () => Promise<CryptoKey>): Sign {
  let loaded: Promise<CryptoKey> | undefined;
  return async (request) => sign(request, keyId, options, await (loaded ??= load()));
}

/** Add the headers of RFC 9421 and RFC 9530 to a request. */
async function sign(
  request: Signable,
  keyId: string,
  options: SignOptions,
  key: CryptoKey,
): Promise<void> {
  const covered = await coveredBy(request, options);
  const names = covered.map(([name]) => `"${name}"`).join(" ");
  const created = Math.floor(Date.now() / 1000);
  const parameters =
    `(${names});created=${created};keyid="${keyId}";nonce="${nonce()}";tag="futuretracker"`;
  const lines = [...covered, ["@signature-params", parameters]];
  const base = lines.map(([name, value]) => `"${name}": ${value}`).join("\n");
  const signature = await crypto.subtle.sign(key.algorithm.name, key, bytes(base));
  request.headers.set("Signature-Input", `sig=${parameters}`);
  request.headers.set("Signature", `sig=:${base64(new Uint8Array(signature))}:`);
}

/** Return what the signature covers, and add the headers that describe the body. */
async function coveredBy(request: Signable, options: SignOptions): Promise<[string, string][]> {
  const { host, pathname, search } = new URL(request.url);
  const covered: [string, string][] = [
    ["@method", request.method],
    ["@authority", options.authority ?? host],
    ["@path", pathname],
    ["@query", search || "?"],
  ];
  if (!request.body?.length) return covered;
  const { headers } = request;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes(request.body)));
  headers.set("Content-Digest", `sha-256=:${base64(digest)}:`);
  if (!headers.has("Content-Type")) headers.set("Content-Type", "application/json");
  for (const name of ["content-type", "content-digest"]) {
    covered.push([name, headers.get(name) ?? ""]);
  }
  return covered;
}

async function importSecret(secret: string): Promise<CryptoKey> {
  const raw = await crypto.subtle.digest("SHA-256", bytes(secret));
  return crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
}

function pemLoader(pem: string): () => Promise<CryptoKey> {
  const text = PEM.exec(pem)?.[1];
  if (text === undefined) {
    throw new TypeError("This is not a private key as PEM (-----BEGIN PRIVATE KEY-----)");
  }
  const raw = Uint8Array.from(atob(text.replace(/\s/g, "")), (each) => each.charCodeAt(0));
  return () => crypto.subtle.importKey("pkcs8", raw, "Ed25519", false, ["sign"]);
}

function nonce(): string {
  const text = base64(crypto.getRandomValues(new Uint8Array(16)));
  return text.replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
}

function bytes(content: string | Uint8Array): Uint8Array<ArrayBuffer> {
  return typeof content === "string" ? new TextEncoder().encode(content) : new Uint8Array(content);
}

function base64(raw: Uint8Array): string {
  return btoa(String.fromCharCode(...raw));
}
