// The TypeScript client, installed as a package, against the real service.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:net";
import { test } from "node:test";

import { createClient, etagOf, FutureTrackerError } from "@futuretracker/client";

const { API_URL, FAULTS_URL, LIMITED_URL, TOKEN, EXPIRED_TOKEN } = process.env;
const token = () => TOKEN;
const client = createClient({ baseUrl: `${API_URL}/api/v1/`, token });
let number = 0;

/** Return a client whose requests fail as described in faults.py, and a count of its requests. */
function faulty(faults, options = {}) {
  const name = `node${++number}`;
  const count = async () => Number(await (await fetch(`${FAULTS_URL}/count/${name}`)).text());
  return [createClient({ baseUrl: `${FAULTS_URL}/${name}/${faults}`, token, ...options }), count];
}

/** Return the error of a call. */
async function failure(promise) {
  const error = await promise.then(() => assert.fail("there was no error"), (reason) => reason);
  assert.ok(error instanceof FutureTrackerError, String(error));
  return error;
}

async function titled(title) {
  const found = [];
  for await (const one of client.allOpportunities({ q: `"${title}"` })) found.push(one);
  return found;
}

test("an error names all fields, its code and the request", async () => {
  const error = await failure(client.createOpportunity({ title: " ", link: "nonsense" }));

  assert.equal(error.name, "FutureTrackerError");
  assert.equal(error.status, 400);
  assert.equal(error.code, "validation_error");
  assert.equal(error.fields.title.message, "Title is required and cannot be empty");
  assert.equal(error.fields.link.message, "Link must be a valid URL (http or https)");
  assert.deepEqual([error.fields.title.code, error.fields.link.code], ["empty", "bad_url"]);
  assert.equal(error.message, [error.fields.title.message, error.fields.link.message].join(", "));
  assert.match(error.requestId, /^[0-9a-f]{32}$/);
  assert.equal(error.retryAfter, undefined);
});

test("a token may be a string", async () => {
  assert.ok((await createClient({ baseUrl: API_URL, token: TOKEN }).getMe()).userId);
});

test("an address that is not one is refused at once", () => {
  for (const baseUrl of ["", "/", "api.example.com", "//api.example.com", "https://", undefined]) {
    assert.throws(() => createClient({ baseUrl, token }), {
      name: "TypeError",
      message: /^baseUrl must be .* with http:\/\/ or https:\/\//,
    });
  }
});

test("an expired token is a 401", async () => {
  const expired = createClient({ baseUrl: API_URL, token: async () => EXPIRED_TOKEN });

  const error = await failure(expired.getMe());

  assert.deepEqual([error.status, error.code], [401, "unauthorized"]);
  assert.equal(error.message, "Token has expired");
});

test("without a token no request is sent", async () => {
  for (const none of [undefined, () => null, async () => undefined, () => ""]) {
    const [signedOut, count] = faulty("pass", { token: none });

    const error = await failure(signedOut.listOpportunities());

    assert.deepEqual([error.status, error.code], [0, "no_token"]);
    assert.match(error.message, /Sign the user in first/);
    assert.equal(await count(), 0);
    assert.equal((await signedOut.getHealth()).status, "ok");
  }
});

test("an id that would be another path is refused", async () => {
  for (const id of ["", ".", "..", "rounds/upcoming"]) {
    assert.throws(() => client.getOpportunity(id), TypeError);
  }
});

test("all pages are read, with a list as a filter", async () => {
  for (const status of ["applied", "ghosted", "applied"]) {
    await client.createOpportunity({ title: `Paged ${status}`, status });
  }
  const titles = [];
  const query = { limit: 1, status: ["applied", "ghosted"], q: "paged", sort: "created_at" };
  for await (const one of client.allOpportunities(query)) titles.push(one.title);

  assert.deepEqual(titles, ["Paged applied", "Paged ghosted", "Paged applied"]);
});

test("an empty list is no filter, and undefined is left out", async () => {
  await client.createOpportunity({ title: "Unfiltered", notes: undefined });

  const found = await client.listOpportunities({ q: "unfiltered", status: [], category: undefined });

  assert.deepEqual(found.items.map((one) => one.title), ["Unfiltered"]);
});

test("a Date in a query is its day in UTC", async () => {
  const one = { title: "Dated", category: "hackathon", deadline: new Date("2031-05-01T23:59:00Z") };
  await client.createOpportunity(one);
  const count = async (day) => {
    const date = new Date(day);
    const query = { q: "dated", deadline_from: date, deadline_to: date };
    return (await client.listOpportunities(query)).items.length;
  };

  assert.equal(await count("2031-05-01T23:59:00Z"), 1);
  assert.equal(await count("2031-05-02T00:00:00Z"), 0);
});

test("all pages of upcoming rounds are read, for one range of days", async () => {
  const { id } = await client.createOpportunity({ title: "Pages", category: "internship" });
  for (const day of ["2031-02-01", "2031-02-02", "2031-02-03"]) {
    await client.createRound(id, { round_type: "oa", scheduled_date: day });
  }
  const read = async (query) => {
    const days = [];
    for await (const one of client.allUpcomingRounds(query)) days.push(one.scheduled_date);
    return days;
  };

  assert.deepEqual(await read({ from: "2031-02-01", limit: 1 }), ["2031-02-01", "2031-02-02", "2031-02-03"]);
  assert.deepEqual(await read({ to: "2031-02-02", limit: 1 }), ["2031-02-01", "2031-02-02"]);
  assert.deepEqual(await read({ from: "2031-03-01" }), []);
  await client.deleteOpportunity(id);
});

test("a request that changed nothing is sent again, with a token for each", async () => {
  let tokens = 0;
  const counted = () => (tokens++, TOKEN);
  const [busy, count] = faulty("503,503", { token: counted });

  await busy.createOpportunity({ title: "Created once" });

  assert.equal(await count(), 3);
  assert.equal(tokens, 3);
  assert.equal((await titled("Created once")).length, 1);
});

test("retries end", async () => {
  const [busy, count] = faulty("503,503,503,503");

  const error = await failure(busy.getMe());

  assert.deepEqual([error.status, error.code, error.retryAfter], [503, "overloaded", 0]);
  assert.equal(await count(), 3);
});

test("a creation whose outcome is unknown is not sent again", async () => {
  for (const [fault, code] of [["504", "outcome_unknown"], ["break", "connection_failed"]]) {
    const [unsure, count] = faulty(fault);

    const error = await failure(unsure.createOpportunity({ title: `Unknown ${fault}` }));

    assert.equal(error.code, code);
    assert.equal(await count(), 1);
    assert.equal((await titled(`Unknown ${fault}`)).length, 1);
  }
});

test("every change with a key is sent again, and made once", async () => {
  for (const fault of ["504", "break", "html"]) {
    const [unsure, count] = faulty(`${fault},pass,${fault}`);
    const title = `Key of node and ${fault}`;

    const { id } = await unsure.createOpportunity({ title }, { idempotencyKey: `create-${fault}` });
    assert.equal((await titled(title)).length, 1);
    assert.ok((await unsure.deleteOpportunity(id, {}, { idempotencyKey: `delete-${fault}` })).success);
    assert.equal((await titled(title)).length, 0);
    assert.equal(await count(), 4);
  }
});

test("reads and changes whose outcome is unknown are sent again", async () => {
  const { id } = await client.createOpportunity({ title: "Changed" });
  for (const fault of ["504", "break", "html"]) {
    const [unsure, count] = faulty(`${fault},pass,${fault}`);

    assert.equal((await unsure.updateOpportunity(id, { status: "ghosted" })).status, "ghosted");
    assert.equal((await unsure.getOpportunity(id)).title, "Changed");
    assert.equal(await count(), 4);
  }
});

test("a deletion whose outcome is unknown is not sent again", async () => {
  const { id } = await client.createOpportunity({ title: "Deleted" });
  const [unsure, count] = faulty("break");

  assert.equal((await failure(unsure.deleteOpportunity(id))).code, "connection_failed");
  assert.equal(await count(), 1);
});

test("a long wait is left to the caller", async () => {
  const [busy, count] = faulty("120");

  const error = await failure(busy.getMe());

  assert.deepEqual([error.status, error.retryAfter], [503, 120]);
  assert.equal(await count(), 1);
});

test("a rate limit says when the window ends", async () => {
  const limited = createClient({ baseUrl: LIMITED_URL, token });
  await limited.getMe();

  const error = await failure(limited.getMe());

  assert.deepEqual([error.status, error.code], [429, "rate_limit_exceeded"]);
  assert.ok(error.retryAfter > 20 && error.retryAfter <= 900, `${error.retryAfter}`);
});

test("a response that is not JSON is an error", async () => {
  const [broken] = faulty("html", { retries: 0 });

  const error = await failure(broken.getMe());

  assert.deepEqual([error.status, error.code], [502, "unexpected_response"]);
});

test("a signal ends a request, and the wait before a retry", async () => {
  const aborted = AbortSignal.abort(new Error("left the page"));
  await assert.rejects(client.getMe({ signal: aborted }), /left the page/);

  const [busy, count] = faulty("120", { maxRetryDelayMs: 1_000_000 });
  const controller = new AbortController();
  const call = busy.getMe({ signal: controller.signal });
  while ((await count()) === 0);
  controller.abort(new Error("no longer needed"));
  await assert.rejects(call, /no longer needed/);
  assert.equal(await count(), 1);
});

test("a service that is down is an error with a cause", async () => {
  const down = createClient({ baseUrl: "http://127.0.0.1:1", token, retries: 0 });

  const error = await failure(down.getMe());

  assert.deepEqual([error.status, error.code], [0, "connection_failed"]);
  assert.ok(error.cause instanceof TypeError);
});

test("a timeout is an error", async () => {
  const silent = createServer().listen(0, "127.0.0.1");
  await once(silent, "listening");
  const baseUrl = `http://127.0.0.1:${silent.address().port}`;
  const slow = createClient({ baseUrl, token, retries: 0, timeoutMs: 10 });

  assert.equal((await failure(slow.getMe())).code, "timeout");
  silent.close();
});

test("a change with an old ETag overwrites nothing", async () => {
  const one = await client.createOpportunity({ title: "Two clients" });
  const ifMatch = etagOf(one);
  const changed = await client.updateOpportunity(one.id, { notes: "first" }, { ifMatch });
  const read = await client.getOpportunity(one.id);

  assert.notEqual(ifMatch, etagOf(changed));
  assert.equal(etagOf(read), etagOf(changed));
  for (const late of [
    () => client.putOpportunity(one.id, { notes: "second" }, { ifMatch }),
    () => client.deleteOpportunity(one.id, {}, { ifMatch }),
  ]) {
    const { status, code } = await failure(late());
    assert.deepEqual([status, code], [412, "precondition_failed"]);
  }
  assert.deepEqual(await client.getOpportunity(one.id), changed);
});

test("an opportunity with an id of the client is created once", async () => {
  const [id, once] = [crypto.randomUUID(), { ifNoneMatch: "*" }];

  assert.equal((await client.putOpportunity(id, { title: "Mine" }, once)).id, id);
  assert.equal((await failure(client.putOpportunity(id, { title: "Again" }, once))).status, 412);
});

test("a file of any kind is imported, and exported", async () => {
  const bytes = new TextEncoder().encode("title,status\nFrom a file,saved\n");
  const kinds = [bytes, Buffer.from(bytes), bytes.buffer, new Blob([bytes]), String(Buffer.from(bytes))];
  for (const file of kinds) {
    const done = await client.importOpportunities(file, "text/csv", { duplicates: "keep" });
    assert.deepEqual([done.created, done.failed], [1, 0]);
  }
  const planned = await client.importOpportunities(bytes, "text/csv", { dry_run: true });
  assert.deepEqual([planned.dryRun, planned.skipped], [true, 1]);

  const response = await client.exportOpportunities({ format: "json", q: "From a file" });
  assert.match(response.headers.get("Content-Disposition"), /\.json/);
  const exported = await response.json();
  assert.deepEqual(exported.map((one) => one.status), kinds.map(() => "saved"));
});

test("an import names the line that is wrong, and an export the parameter", async () => {
  const error = await failure(client.importOpportunities("title,status\nA,odd\n", "text/csv"));
  assert.deepEqual([error.status, error.fields["lines.2.status"].code], [400, "not_one_of"]);

  const refused = await failure(client.exportOpportunities({ format: "odd" }));
  assert.deepEqual([refused.status, Object.keys(refused.fields)], [400, ["format"]]);
});

test("an import with a key is sent again, and made once", async () => {
  for (const fault of ["504", "break"]) {
    const [unsure, count] = faulty(fault);
    const options = { idempotencyKey: `import-${fault}` };

    const done = await unsure.importOpportunities(`title\nImported ${fault}\n`, "text/csv", {}, options);

    assert.deepEqual([done.created, await count()], [1, 2]);
    assert.equal((await titled(`Imported ${fault}`)).length, 1);
  }
});

test("an export is sent again until it begins, and arrives in parts", async () => {
  await client.createOpportunity({ title: "Exported in parts" });
  const [late, count] = faulty("503,html,half", { timeoutMs: 60_000 });

  const response = await late.exportOpportunities({ q: "Exported in parts" });
  const reader = response.body.getReader();
  const parts = [(await reader.read()).value];
  await fetch(`${FAULTS_URL}/continue/node${number}`);
  for (let part; !(part = await reader.read()).done; ) parts.push(part.value);

  assert.equal(await count(), 3);
  assert.ok(parts.length > 1);
  assert.match(Buffer.concat(parts).toString(), /Exported in parts/);
});

test("the timeout ends when an export begins, and a signal ends it later", async () => {
  await client.createOpportunity({ title: "Half an export" });
  const [slow] = faulty("half", { timeoutMs: 30_000 });
  const controller = new AbortController();
  const { signal } = controller;

  const reader = (await slow.exportOpportunities({}, { signal })).body.getReader();
  await reader.read();
  controller.abort(new Error("no longer needed"));

  await assert.rejects(async () => reader.read(), /no longer needed/);
  await fetch(`${FAULTS_URL}/continue/node${number}`);
});

test("the timer of an export is cleared when it begins", async () => {
  let timeout;
  const baseUrl = `${API_URL}/api/v1/`;
  const fetch = async (_url, { signal }) => {
    timeout = signal;
    return new Response("x");
  };

  await createClient({ baseUrl, token, fetch, timeoutMs: 1 }).exportOpportunities();
  await new Promise((resolve) => setTimeout(resolve, 50));

  assert.equal(timeout.aborted, false);
});

test("an export that is cut off is an error of its body", async () => {
  await client.createOpportunity({ title: "Cut off" });
  const [broken, count] = faulty("cut");

  await assert.rejects((await broken.exportOpportunities()).text(), TypeError);
  assert.equal(await count(), 1);
});

test("every operation works", async () => {
  const day = "2026-12-01";
  const one = await client.createOpportunity({ title: "Whole day", category: "internship" });
  const { round } = await client.createRound(one.id, { round_type: "oa", scheduled_date: day });

  assert.equal((await client.getOpportunity(one.id)).id, one.id);
  assert.equal((await client.putOpportunity(one.id, { notes: "n" })).notes, "n");
  assert.equal((await client.listRounds(one.id)).length, 1);
  assert.ok(await client.listUpcomingRounds({ from: day, to: day }));
  const changed = await client.updateRound(one.id, round.id, { result: "cleared" });
  assert.equal(changed.opportunity.status, "shortlisted");
  assert.equal((await client.deleteRound(one.id, round.id)).success, true);
  assert.equal((await client.deleteOpportunity(one.id)).success, true);
  assert.ok((await client.getAnalytics()).total > 0);
  assert.equal((await client.getDependencies()).status, "ok");
  assert.equal((await client.getSpecification()).openapi, "3.1.0");
  assert.ok((await client.getMe()).userId);
});
