// Mistakes that the types must catch: the check fails if one of these lines compiles.

import { createClient, type NewOpportunity, type Opportunity } from "../src/index.js";

const client = createClient({ baseUrl: "http://127.0.0.1:3001", token: () => "token" });

export const noTitle = (): NewOpportunity => (
  // @ts-expect-error a new opportunity needs a title
  { category: "internship" }
);

export const unknownStatus = (opportunity: Opportunity): boolean =>
  // @ts-expect-error no opportunity has this status
  opportunity.status === "hired";

export const noId = () =>
  // @ts-expect-error an opportunity is read by its id
  client.getOpportunity();

export const unknownSort = () =>
  // @ts-expect-error nothing is sorted by notes
  client.listOpportunities({ sort: "notes" });

export const unknownParameter = () =>
  // @ts-expect-error the days are from and to
  client.listUpcomingRounds({ after: "2026-12-01" });

export const unknownChange = () =>
  // @ts-expect-error an opportunity has no field of this name
  client.updateOpportunity("id", { headline: "New" });

export const noType = () =>
  // @ts-expect-error a file needs a type
  client.importOpportunities("title\n");

export const unknownType = () =>
  // @ts-expect-error a file is not plain text
  client.importOpportunities("title\n", "text/plain");

export const unknownFormat = () =>
  // @ts-expect-error there is no such format
  client.exportOpportunities({ format: "pdf" });

export const noToken = () =>
  // @ts-expect-error a token is a string or a function
  createClient({ baseUrl: "http://127.0.0.1:3001", token: 3001 });

export const noSigner = () =>
  // @ts-expect-error a secret must become a function that signs
  createClient({ baseUrl: "http://127.0.0.1:3001", sign: "ft_live_..." });
