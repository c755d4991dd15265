// Create an opportunity, make a mistake, and show what came of it.

import { createClient, FutureTrackerError, type NewOpportunity } from "@futuretracker/client";

const [baseUrl = "", token = ""] = location.hash.slice(1).split("|");
const client = createClient({ baseUrl, token: async () => token });

async function main(): Promise<string> {
  const wanted: NewOpportunity = { title: "From a browser", category: "internship" };
  await client.createOpportunity(wanted);
  const titles: string[] = [];
  for await (const { title } of client.allOpportunities()) titles.push(title);
  const failed = await client.getOpportunity("1").catch((error: unknown) => error);
  if (!(failed instanceof FutureTrackerError)) throw failed;
  const unknown = await client.getOpportunity(crypto.randomUUID()).catch((error) => error.code);
  return [...titles, failed.fields["id"]?.message, failed.requestId?.length, unknown].join("; ");
}

const result = document.createElement("output");
result.textContent = await main().catch(String);
document.body.append(result);
