// A typed client in a few lines: paths, parameters, bodies and answers come from api.d.ts.

import createClient, { type Client } from "openapi-fetch";

import type { Invalid, NewOpportunity, Opportunity, paths } from "./api.js";

type Api = Client<paths>;
type List = paths["/api/v1/opportunities"]["get"];
type Filters = NonNullable<List["parameters"]["query"]>;

/** Connect to the service; `getToken` is Clerk's, and is asked before each request. */
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

/** Walk over every opportunity that passes the filters, page by page. */
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

/** Create an opportunity; what is wrong with the fields is thrown as one text. */
export async function create(api: Api, body: NewOpportunity): Promise<Opportunity> {
  const { data, error } = await api.POST("/api/v1/opportunities", { body });
  if (error) throw new Error(textOf(error));
  return data;
}

/** Return what to show of an error: its fields' messages where there are some. */
export function textOf(error: { message: string } | Invalid): string {
  if ("details" in error && error.details?.length) {
    return error.details.map((detail) => detail.message).join(", ");
  }
  return error.message;
}
