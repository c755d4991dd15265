// Code that the types must accept, also with exactOptionalPropertyTypes.

import { createClient, signWithSecret } from "../src/index.js";

const nothing = undefined as undefined;
const baseUrl = "http://127.0.0.1:3001";

export const options = () => {
  createClient({ baseUrl, token: "token" });
  createClient({ baseUrl, token: async () => null });
  createClient({ baseUrl, token: nothing, sign: nothing, retries: nothing, fetch: nothing });
  createClient({ baseUrl, maxRetryDelayMs: nothing, timeoutMs: nothing, headers: nothing });
  signWithSecret("ft_live_...", { authority: nothing });
};

export const calls = async () => {
  const client = createClient({ baseUrl });
  await client.listOpportunities({ status: nothing, q: nothing, deadline_from: new Date() });
  await client.createOpportunity({ title: "Title", deadline: nothing, status: nothing });
  await client.updateOpportunity("id", { title: "Title", notes: nothing });
  await client.createApiKey({ name: "Key", scopes: [], publicKey: nothing });
  await client.getMe({ signal: nothing, headers: nothing });
  const exported: Response = await client.exportOpportunities({ format: "csv", q: nothing });
  const files = [await exported.blob(), new Uint8Array(), new ArrayBuffer(), "title\n"];
  for (const file of files) await client.importOpportunities(file, "text/csv", { dry_run: true });
  client.allUpcomingRounds({ from: new Date(), to: nothing, limit: nothing });
};
