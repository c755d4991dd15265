// A small typed client: api.d.ts has the types of paths, parameters, bodies and responses.

import createClient, { type Client } from "openapi-fetch";

import type { Invalid, NewOpportunity, Opportunity, paths } from "./api.js";

type Api = Client<paths>;
type List = paths["/api/v1/opportunities"]["get"];
type Filters = NonNullable<List["parameters"]["query"]>;

/** Connect to the service. `getToken` is the function of Clerk; it runs before each request. */
export function connect(baseUrl: string, getToken: () => Promise<string | null>): Api {
  const lists = { style: "form", explode: false } as const; // status=applied,ghosted
  const api = createClient<paths>({ baseUrl, querySerializer: { array: lists } });
  api.use({
    async onRequest({ request }) {
      request.headers.set("Authorization", `Bearer ${await getToken()}`);
      return request;
    },
  });
  return api;
}

/** Yield every opportunity that matches the filters, page by page. */
export async function* opportunities(api: Api, filters: Filters = {}): AsyncGenerator<Opportunity> {
  let cursor: string | undefined;
  do {
    const query = { limit: 100, ...filters, cursor };
    const { data, error } = await api.GET("/api/v1/opportunities", { params: { query } });
    if (error) throw new Error(textOf(error));
    yield* data.items;
    cursor = data.nextCursor ?? undefined;
  } while (cursor);
}

/** Create an opportunity; throw an Error with the messages of all invalid fields. */
export async function create(api: Api, body: NewOpportunity): Promise<Opportunity> {
  const { data, error } = await api.POST("/api/v1/opportunities", { body });
  if (error) throw new Error(textOf(error));
  return data;
}

/** Return the text to show for an error: the messages of its fields, if it has any. */
export function textOf(error: { message: string } | Invalid): string {
  if ("details" in error && error.details?.length) {
    return error.details.map((detail) => detail.message).join(", ");
  }
  return error.message;
}
