// The early web client: React and axios on /api, a bare array, `message || error`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { expired, Session } from "./session.js";
import { assertReadable, caught, connect, earlyText } from "./web.js";

const session = new Session();
const api = connect("/api", session);
const internship = { title: "Backend intern", category: "internship", status: "applied" };
const NOWHERE = "/opportunities/550e8400-e29b-41d4-a716-446655440000";

test("the list is a bare array that can be filtered", async () => {
  const { data: row } = await api.post("/opportunities", internship);
  const response = await api.get("/opportunities");

  assertReadable(assert, response.headers);
  const mine = response.data.filter((one) => one.status === "applied" && one.id === row.id);
  assert.deepEqual(mine, [row]);
});

test("the newest row comes first", async () => {
  const { data: row } = await api.post("/opportunities", internship);

  assert.equal((await api.get("/opportunities")).data[0].id, row.id);
});

test("a form with empty fields creates a row", async () => {
  const form = { description: "", link: "", notes: "", deadline: null, category: "hackathon" };
  const response = await api.post("/opportunities", { title: "Hackathon", ...form });

  assert.equal(response.status, 201);
  assertReadable(assert, response.headers);
  assert.equal(response.data.status, "applied");
  for (const name of ["description", "link", "notes", "deadline"]) {
    assert.equal(response.data[name], null, name);
  }
});

test("a row is read, changed and deleted", async () => {
  const { data: row } = await api.post("/opportunities", { ...internship, deadline: "2026-12-01" });
  const path = `/opportunities/${row.id}`;
  assert.deepEqual((await api.get(path)).data, row);
  assert.equal(row.deadline, "2026-12-01");

  const { data: changed } = await api.patch(path, { ...row, status: "interviewed" });
  assert.equal(changed.status, "interviewed");
  assert.equal(changed.title, row.title);

  assert.equal((await api.delete(path)).data.success, true);
  assert.equal((await caught(api.get(path))).response.status, 404);
});

test("the board and the edit page send back what newer clients have made", async () => {
  const made = { ...internship, description: "d".repeat(3000), status: "ghosted" };
  const { data: row } = await connect("/api/v1", session).post("/opportunities", made);
  const path = `/opportunities/${row.id}`;
  const { data: card } = await api.get(path);

  const { data: edited } = await api.patch(path, { ...card, notes: "Edited" });
  assert.deepEqual([edited.status, edited.notes], ["ghosted", "Edited"]);
  const { data: moved } = await api.patch(path, { ...card, status: "shortlisted" });
  assert.deepEqual([moved.status, moved.description], ["shortlisted", made.description]);
  await api.delete(path);
});

test("the analytics count what the list shows", async () => {
  const [{ data: rows }, { data: counts }] = await Promise.all([
    api.get("/opportunities"),
    api.get("/analytics"),
  ]);

  assert.equal(counts.total, rows.length);
  const applied = rows.filter((row) => row.status === "applied").length;
  assert.equal(counts.statusCounts.applied, applied);
  assert.equal(counts.weeklyBreakdown.length, 8);
  assert.equal(counts.monthlyBreakdown.length, 6);
  assert.equal(counts.deadlineDistribution.length, 30);
  assert.equal(counts.funnelData[0].count, rows.length);
});

test("the health of the service needs no token", async () => {
  const { data } = await connect("/api", new Session(null)).get("/health");

  assert.equal(data.status, "ok");
});

test("an error has a text to show", async () => {
  const unknown = await caught(api.get(NOWHERE));
  assert.equal(earlyText(unknown), "Opportunity not found");

  const invalid = await caught(api.post("/opportunities", { category: "internship" }));
  assert.equal(invalid.response.status, 400);
  assertReadable(assert, invalid.response.headers);
  assert.equal(earlyText(invalid), "The request data is invalid");
  assert.deepEqual(invalid.response.data.details, [
    { field: "title", message: "Title is required" },
  ]);
});

test("an expired session logs the user out, and nothing else does", async () => {
  const old = expired();
  const refused = await caught(connect("/api", old).get("/opportunities"));

  assert.equal(refused.response.status, 401);
  assertReadable(assert, refused.response.headers);
  assert.equal(earlyText(refused), "Token has expired");
  assert.equal(old.loggedOut, 1);
  assert.equal(session.loggedOut, 0);
});
