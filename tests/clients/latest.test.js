// The latest web client: axios on /api/v1, pages by cursor, a Kanban board, interview rounds.

import assert from "node:assert/strict";
import { before, test } from "node:test";

import { expired } from "./session.js";
import { assertReadable, caught, connect, latestText } from "./web.js";

const ROWS = 257;
const api = connect("/api/v1");
const internship = { title: "Data intern", category: "internship", status: "applied" };

async function create(fields) {
  return (await api.post("/opportunities", { ...internship, ...fields })).data;
}

async function fetchAll() {
  const items = [];
  const pages = [];
  let cursor;
  do {
    const query = cursor ? `limit=100&cursor=${encodeURIComponent(cursor)}` : "limit=100";
    const { data } = await api.get(`/opportunities?${query}`);
    items.push(...data.items);
    pages.push(data.items.length);
    cursor = data.nextCursor;
  } while (cursor);
  return { items, pages };
}

before(async () => {
  for (let number = 0; number < ROWS; number += 1) {
    await create({ title: `Row ${number}`, description: null, link: "", notes: null });
  }
});

test("the loop over pages meets every row once, the newest first", async () => {
  const { items, pages } = await fetchAll();

  assert.deepEqual(pages, [100, 100, 57]);
  const expected = Array.from({ length: ROWS }, (_, index) => `Row ${ROWS - 1 - index}`);
  assert.deepEqual(items.map((row) => row.title), expected);
});

test("the board sends a whole row back with a new status", async () => {
  const row = await create({ deadline: null, campus_mode: null });
  for (const name of ["id", "user_id", "created_at", "updated_at"]) assert.ok(row[name], name);
  assert.ok(Object.values(row).includes(null));

  const path = `/opportunities/${row.id}`;
  const response = await api.patch(path, { ...row, status: "shortlisted" });

  assert.equal(response.status, 200);
  assertReadable(assert, response.headers);
  const { updated_at: changedAt, ...rest } = response.data;
  const { updated_at: createdAt, ...before_ } = row;
  assert.deepEqual(rest, { ...before_, status: "shortlisted" });
  assert.ok(changedAt > createdAt);
  assert.deepEqual((await api.get(path)).data, response.data);
  await api.delete(path);
});

test("a whole row with a null status keeps its status", async () => {
  const row = await create({ status: "ghosted" });
  const { data } = await api.get("/opportunities?limit=1");
  assert.deepEqual(data.items, [row]);

  const response = await api.patch(`/opportunities/${row.id}`, { ...data.items[0], status: null });

  assert.equal(response.data.status, "ghosted");
  await api.delete(`/opportunities/${row.id}`);
});

test("a round moves its internship along", async () => {
  const row = await create({ title: "With rounds" });
  const path = `/opportunities/${row.id}/rounds`;
  const { data: added, status } = await api.post(path, {
    round_type: "technical",
    scheduled_date: "2026-12-01",
    scheduled_time: "14:30",
  });
  assert.equal(status, 201);
  assert.equal(added.opportunity.current_round_number, 1);
  assert.deepEqual((await api.get(path)).data, added.rounds);

  const days = "from=2026-12-01&to=2026-12-31";
  const { data: upcoming } = await api.get(`/opportunities/rounds/upcoming?${days}`);
  assert.deepEqual(upcoming.map((round) => round.opportunityTitle), ["With rounds"]);

  const { data: cleared } = await api.patch(`${path}/${added.round.id}`, { result: "cleared" });
  assert.equal(cleared.opportunity.status, "interviewed");
  assert.equal((await api.delete(`${path}/${added.round.id}`)).data.rounds.length, 0);
  await api.delete(`/opportunities/${row.id}`);
});

test("a card is moved back against its rounds", async () => {
  const row = await create({ title: "Moved back" });
  const path = `/opportunities/${row.id}`;
  await api.post(`${path}/rounds`, { round_type: "oa", result: "cleared", scheduled_time: "" });

  const { data: moved } = await api.patch(path, { status: "applied" });
  assert.equal(moved.status, "applied");
  assert.equal(moved.statusConflict.roundsStatus, "shortlisted");
  await api.delete(path);
});

test("the analytics know the pipeline and the ghosted", async () => {
  const { data } = await api.get("/analytics");

  assert.equal(data.total, ROWS);
  assert.equal(data.statusCounts.ghosted, 0);
  assert.equal(data.campusModeCounts.unspecified, ROWS);
  assert.equal(data.pipelineAnalytics.internshipCount, ROWS);
});

test("an error's text is its fields' messages, else its message", async () => {
  const invalid = await caught(api.post("/opportunities", { title: "", link: "nonsense" }));
  assert.equal(invalid.response.status, 400);
  assertReadable(assert, invalid.response.headers);
  assert.match(latestText(invalid), /^Title is required and cannot be empty, Link must be a /);

  const row = await create({ title: "Two rounds" });
  const path = `/opportunities/${row.id}/rounds`;
  await api.post(path, { round_type: "oa", round_number: 1 });
  const taken = await caught(api.post(path, { round_type: "hr", round_number: 1 }));
  assert.equal(taken.response.status, 409);
  assert.equal(latestText(taken), "A round with this number already exists");
  assert.equal(taken.response.data.error, latestText(taken)); // which the round dialog shows
  await api.delete(`/opportunities/${row.id}`);

  const wrongCursor = await caught(api.get("/opportunities?limit=100&cursor=nonsense"));
  assert.equal(latestText(wrongCursor), "cursor is invalid or malformed");
});

test("an expired session logs the user out", async () => {
  const old = expired();
  const refused = await caught(connect("/api/v1", old).get("/opportunities?limit=100"));

  assert.equal(refused.response.status, 401);
  assert.equal(latestText(refused), "Token has expired");
  assert.equal(old.loggedOut, 1);
});
