// Mistakes that the types must catch: the check fails if one of these lines compiles.

import type { NewOpportunity, Opportunity } from "./api.js";
import { connect } from "./example.js";

const api = connect("http://127.0.0.1:3001", async () => "token");

export const noTitle = (): NewOpportunity => (
  // @ts-expect-error a new opportunity needs a title
  { category: "internship" }
);

export const unknownStatus = (row: Opportunity): boolean =>
  // @ts-expect-error no opportunity has this status
  row.status === "hired";

// @ts-expect-error there is no such path
export const unknownPath = () => api.GET("/api/v2/opportunities");

export const unknownSort = () =>
  // @ts-expect-error nothing is sorted by notes
  api.GET("/api/v1/opportunities", { params: { query: { sort: "notes" } } });
