// Ten steps of a student's day. Each step is what the table in docs/api/clients.md counts.

const { API_URL: baseUrl = "", TOKEN } = process.env;

// 1. Connect
import { createClient, FutureTrackerError } from "@futuretracker/client";

const client = createClient({ baseUrl, token: () => TOKEN });

// 2. Save a hackathon
await client.createOpportunity({ title: "Climate hackathon", category: "hackathon", deadline: "2026-12-01" });

// 3. Save an internship
const internship = await client.createOpportunity({ title: "Backend intern", category: "internship" });

// 4. Show what is wrong with a form
try {
  await client.createOpportunity({ title: "", link: "example" });
} catch (error) {
  if (!(error instanceof FutureTrackerError)) throw error;
  console.log(error.fields.title?.message, "/", error.fields.link?.message);
}

// 5. Read everything, page by page
for await (const { title, status } of client.allOpportunities({ sort: "title" })) console.log(title, status);

// 6. Search
const { items } = await client.listOpportunities({ q: "clim", category: "hackathon" });

// 7. Plan an interview
const { round } = await client.createRound(internship.id, { round_type: "technical", scheduled_date: "2026-12-03" });

// 8. Show the rounds of the month
const upcoming = await client.listUpcomingRounds({ from: "2026-12-01", to: "2026-12-31" });

// 9. Record the result: the status follows
const { opportunity } = await client.updateRound(internship.id, round.id, { result: "cleared" });

// 10. Show the statistics
const { total, statusCounts } = await client.getAnalytics();

// End
const planned = JSON.stringify(upcoming).includes(round.id);
console.log(items.length, planned, opportunity.status, total, statusCounts.interviewed);
