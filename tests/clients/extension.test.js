// The Chrome extension: fetch on /api/v1 from its own origin, a preflight before each request.

import assert from "node:assert/strict";
import { test } from "node:test";

import { EXTENSION, ORIGIN, Session, expired } from "./session.js";
import { assertReadable } from "./web.js";

const OPPORTUNITIES = `${ORIGIN}/api/v1/opportunities`;
const page = {
  title: "Software Engineering Intern",
  link: "https://jobs.example.com/postings/4711?utm_source=extension",
  description: "Responsibilities: ".padEnd(4900, "build, test, ship. "),
  category: "internship",
  status: "ghosted",
  campus_mode: "off_campus",
};

const names = (text) => text.toLowerCase().split(",").map((name) => name.trim());

// As a browser asks before it lets a page send JSON and a token to another origin.
async function preflight(method, url, origin = EXTENSION) {
  return fetch(url, {
    method: "OPTIONS",
    headers: {
      Origin: origin,
      "Access-Control-Request-Method": method,
      "Access-Control-Request-Headers": "authorization,content-type",
    },
  });
}

async function send(method, url, body, session = new Session()) {
  const asked = await preflight(method, url);
  assert.equal(asked.status, 204);
  assert.ok(asked.headers.get("access-control-allow-methods").split(", ").includes(method));
  const response = await fetch(url, {
    method,
    headers: {
      "Content-Type": "application/json",
      Authorization: `Bearer ${await session.getToken()}`,
      Origin: EXTENSION,
    },
    body: JSON.stringify(body),
  });
  assertReadable(assert, response.headers, EXTENSION);
  return response;
}

async function textOf(response) {
  const data = await response.json();
  if (data.details?.length) return data.details.map((detail) => detail.message).join(", ");
  return data.message || data.error;
}

test("the preflight allows the extension its method and its two headers", async () => {
  const response = await preflight("POST", OPPORTUNITIES);

  assert.equal(response.status, 204);
  assert.equal(await response.text(), "");
  assertReadable(assert, response.headers, EXTENSION);
  assert.ok(names(response.headers.get("access-control-allow-methods")).includes("post"));
  const headers = names(response.headers.get("access-control-allow-headers"));
  assert.ok(headers.includes("authorization") && headers.includes("content-type"));
  assert.ok(Number(response.headers.get("access-control-max-age")) > 0);
  assert.ok(names(response.headers.get("vary")).includes("origin"));
});

test("another extension may read nothing", async () => {
  const other = `chrome-extension://${"a".repeat(32)}`;
  const response = await preflight("POST", OPPORTUNITIES, other);

  assert.equal(response.headers.get("access-control-allow-origin"), null);
});

test("a job's page is saved with its long description", async () => {
  assert.equal(page.description.length, 4900);
  const response = await send("POST", OPPORTUNITIES, page);

  assert.equal(response.status, 201);
  const row = await response.json();
  for (const [name, value] of Object.entries(page)) assert.equal(row[name], value.trim(), name);
  const exposed = names(response.headers.get("access-control-expose-headers"));
  assert.ok(exposed.includes("location"));
  assert.equal(response.headers.get("location"), `/api/v1/opportunities/${row.id}`);
});

test("a text that is too long is told by its field", async () => {
  const response = await send("POST", OPPORTUNITIES, { ...page, description: "x".repeat(5001) });

  assert.equal(response.status, 400);
  assert.equal(await textOf(response), "Description cannot exceed 5000 characters");
});

test("every wrong field has its message in the text", async () => {
  const response = await send("POST", OPPORTUNITIES, { ...page, title: "", category: "job" });

  const category = 'Category must be either "internship" or "hackathon"';
  assert.equal(await textOf(response), `Title is required and cannot be empty, ${category}`);
});

test("an expired session can be read as such", async () => {
  const response = await send("POST", OPPORTUNITIES, page, expired());

  assert.equal(response.status, 401);
  assert.equal(await textOf(response), "Token has expired");
});
