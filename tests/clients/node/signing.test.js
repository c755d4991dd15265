// Requests that the TypeScript client signs with an API key, against the real service.

import assert from "node:assert/strict";
import { createHash, createHmac, generateKeyPairSync } from "node:crypto";
import { test } from "node:test";

import {
  createClient,
  FutureTrackerError,
  signWithPrivateKey,
  signWithSecret,
} from "@futuretracker/client";

const { API_URL, AUTHORITY: authority, TOKEN } = process.env;
const SCOPES = ["opportunities:read", "opportunities:write", "account:read"];
const SECRET = `ft_live_0123456789Ab_${"s".repeat(43)}000000`;

/** Make an API key over HTTP, as its owner. */
async function createKey(fields) {
  const response = await fetch(`${API_URL}/api/v1/api-keys`, {
    method: "POST",
    headers: { Authorization: `Bearer ${TOKEN}`, "Content-Type": "application/json" },
    body: JSON.stringify({ name: "Script", scopes: SCOPES, ...fields }),
  });
  assert.equal(response.status, 201);
  return response.json();
}

function newPair() {
  return generateKeyPairSync("ed25519", {
    publicKeyEncoding: { type: "spki", format: "pem" },
    privateKeyEncoding: { type: "pkcs8", format: "pem" },
  });
}

async function withSecret() {
  return signWithSecret((await createKey({ signedOnly: true })).secret, { authority });
}

async function withPem() {
  const { publicKey, privateKey } = newPair();
  return signWithPrivateKey((await createKey({ publicKey })).id, privateKey, { authority });
}

async function withCryptoKey() {
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]);
  const { kty, crv, x } = await crypto.subtle.exportKey("jwk", pair.publicKey);
  const { id } = await createKey({ publicKey: { kty, crv, x } });
  return signWithPrivateKey(id, pair.privateKey, { authority });
}

for (const make of [withSecret, withPem, withCryptoKey]) {
  test(`the client signs every kind of request: ${make.name}`, async () => {
    const client = createClient({ baseUrl: API_URL, sign: await make() });

    const { id } = await client.createOpportunity({ title: `Ünïcode & ${make.name}` });
    const found = [];
    for await (const one of client.allOpportunities({ q: make.name, status: ["applied"] })) {
      found.push(one.id);
    }
    assert.deepEqual(found, [id]);
    assert.equal((await client.updateOpportunity(id, { status: "ghosted" })).status, "ghosted");
    assert.equal((await client.getOpportunity(id)).title, `Ünïcode & ${make.name}`);
    assert.match(await (await client.exportOpportunities()).text(), /Ünïcode/);
    const imported = await client.importOpportunities(`title\n${make.name}\n`, "text/csv");
    assert.equal(imported.created, 1);
    assert.equal((await client.deleteOpportunity(id)).success, true);
    assert.equal((await client.getMe()).email, null);
  });

  test(`a request is accepted once: ${make.name}`, async () => {
    const sent = [];
    const recording = (...request) => (sent.push(request), fetch(...request));
    const client = createClient({ baseUrl: API_URL, sign: await make(), fetch: recording });

    await client.createOpportunity({ title: "Once" });

    const again = await fetch(...sent[0]);
    assert.equal(again.status, 401);
    assert.equal((await again.json()).code, "unauthorized");
  });
}

test("a signature with another key is a 401", async () => {
  const { id } = await createKey({ publicKey: newPair().publicKey });
  const sign = signWithPrivateKey(id, newPair().privateKey, { authority });

  const error = await createClient({ baseUrl: API_URL, sign }).getMe().catch((reason) => reason);

  assert.ok(error instanceof FutureTrackerError);
  assert.equal(error.status, 401);
});

test("a key may be sent as a token", async () => {
  const { secret } = await createKey({});

  const client = createClient({ baseUrl: API_URL, token: () => secret });

  assert.ok((await client.getMe()).userId);
});

test("each attempt has its own signature and no token, and public requests have none", async () => {
  const sent = [];
  const respond = async (url, { headers }) => {
    sent.push(headers);
    const status = sent.length === 1 ? 503 : 200;
    return new Response("{}", { status, headers: { "Retry-After": "0" } });
  };
  const options = { sign: signWithSecret(SECRET), fetch: respond };
  const client = createClient({ baseUrl: "https://api.example.com", ...options });

  await client.getMe();
  await client.getHealth();

  const inputs = sent.map((headers) => headers.get("Signature-Input"));
  assert.notEqual(inputs[0], inputs[1]);
  assert.equal(sent[0].get("Authorization"), null);
  assert.equal(inputs[2], null);
});

test("the host has a port unless it is the default", async () => {
  const key = createHash("sha256").update("s".repeat(43)).digest();
  for (const [url, host] of [
    ["https://API.example.com:443/x?", "api.example.com"],
    ["http://api.example.com:443/x", "api.example.com:443"],
    ["http://[::1]:3001/x", "[::1]:3001"],
  ]) {
    const headers = new Headers();
    await signWithSecret(SECRET)({ method: "GET", url, headers });

    const [, parameters] = /^sig=(.*)$/.exec(headers.get("Signature-Input"));
    const base =
      `"@method": GET\n"@authority": ${host}\n"@path": /x\n"@query": ?\n` +
      `"@signature-params": ${parameters}`;
    const signature = createHmac("sha256", key).update(base).digest("base64");
    assert.equal(headers.get("Signature"), `sig=:${signature}:`);
    assert.match(parameters, /;nonce="[A-Za-z0-9_-]{22}";tag="futuretracker"$/);
  }
});

test("what is no key is refused", () => {
  for (const key of ["", "ft_live_x", SECRET.slice(1), `${SECRET}0`, `${SECRET}\n`]) {
    assert.throws(() => signWithSecret(key), /not an API key/);
    assert.throws(() => signWithPrivateKey(key, newPair().privateKey), /not the id/);
  }
  assert.throws(() => signWithPrivateKey("0123456789Ab", "PEM"), /not a private key/);
});
