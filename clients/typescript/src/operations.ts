// Generated from the OpenAPI document by clients/generate.py. Do not edit.

import type { Account, AccountDeletion, Analytics, ApiKey, ApiKeyChanges, ApiKeyDeleted, ApiKeyWithSecret, Batch, BatchResults, ChangedOpportunities, CreatedOpportunity, Deleted, Dependencies, Emptied, Health, HistoryEntry, HistoryPage, ImportResult, NewApiKey, NewOpportunity, NewRound, Opportunity, OpportunityChanges, OpportunityPage, Rotation, Round, RoundChanged, RoundChanges, RoundDeleted, TrashPage, TrashedOpportunity, UpcomingRound, operations } from "./api.js";
import { type CallOptions, type FileBody, items, segment, type Transport, type WithDates } from "./transport.js";

export type { Account, AccountDeletion, AccountExport, AccountOpportunity, AccountTrash, Activity, Analytics, ApiKey, ApiKeyChanges, ApiKeyDeleted, ApiKeyWithSecret, Batch, BatchResults, CampusModeCounts, CategoryCounts, ChangedOpportunities, Checks, CreateOperation, CreatedOpportunity, DeadlineDay, DeleteOperation, Deleted, Dependencies, Emptied, ExportedAccount, ExportedOpportunity, FieldChange, FieldError, Forbidden, FunnelOfType, Health, HistoryEntry, HistoryPage, ImportResult, ImportedLine, Invalid, LastUse, Metrics, Month, NewApiKey, NewOpportunity, NewRound, NotFound, OperationError, OperationResult, Opportunity, OpportunityChanges, OpportunityPage, PipelineAnalytics, PossibleDuplicate, RateLimited, ReachOfNumber, Rejection, RejectionsOfNumber, RejectionsOfType, Rotation, Round, RoundChanged, RoundChanges, RoundDeleted, Stage, StatusConflict, StatusCounts, Titled, TrashPage, TrashedOpportunity, UpcomingRound, UpdateOperation, Week } from "./api.js";

export type GetAnalyticsQuery = WithDates<NonNullable<operations["getAnalytics"]["parameters"]["query"]>, "from" | "to">;
export type ListOpportunitiesQuery = WithDates<NonNullable<operations["listOpportunities"]["parameters"]["query"]>, "deadline_from" | "deadline_to" | "applied_on_from" | "applied_on_to">;
export type UpdateOpportunitiesQuery = WithDates<NonNullable<operations["updateOpportunities"]["parameters"]["query"]>, "deadline_from" | "deadline_to" | "applied_on_from" | "applied_on_to">;
export type DeleteOpportunitiesQuery = WithDates<NonNullable<operations["deleteOpportunities"]["parameters"]["query"]>, "deadline_from" | "deadline_to" | "applied_on_from" | "applied_on_to">;
export type ExportOpportunitiesQuery = WithDates<NonNullable<operations["exportOpportunities"]["parameters"]["query"]>, "deadline_from" | "deadline_to" | "applied_on_from" | "applied_on_to">;
export type ImportOpportunitiesQuery = NonNullable<operations["importOpportunities"]["parameters"]["query"]>;
export type ListUpcomingRoundsQuery = WithDates<NonNullable<operations["listUpcomingRounds"]["parameters"]["query"]>, "from" | "to">;
export type ListTrashQuery = NonNullable<operations["listTrash"]["parameters"]["query"]>;
export type DeleteOpportunityQuery = NonNullable<operations["deleteOpportunity"]["parameters"]["query"]>;
export type ListHistoryQuery = NonNullable<operations["listHistory"]["parameters"]["query"]>;

/** A client with one method for each operation of the API; createClient makes one. */
export class Client {
  readonly #transport: Transport;

  constructor(transport: Transport) {
    this.#transport = transport;
  }

  /**
   * Get the analytics.
   *
   * Returns totals, rates, counts by week and month, deadlines, a funnel of the stages, the campus
   * modes and the interview rounds. `from` and `to` choose the opportunities by the day on which
   * they were created. Days are in UTC, or in `time_zone`.
   */
  getAnalytics(query: GetAnalyticsQuery = {}, options?: CallOptions): Promise<Analytics> {
    return this.#transport.send({ method: "GET", path: `/api/v1/analytics`, query }, options);
  }

  /**
   * List the API keys.
   *
   * Returns all keys of the user, the newest first, without their secrets. Of the keys that have
   * expired, the last ten are kept.
   */
  listApiKeys(options?: CallOptions): Promise<ApiKey[]> {
    return this.#transport.send({ method: "GET", path: `/api/v1/api-keys` }, options);
  }

  /**
   * Create an API key.
   *
   * The response is the only one that has the `secret`. A user may have ten keys that have not
   * expired; one more is a 409 with the code `too_many_api_keys`.
   */
  createApiKey(body: NewApiKey, options?: CallOptions): Promise<ApiKeyWithSecret> {
    return this.#transport.send({ method: "POST", path: `/api/v1/api-keys`, body }, options);
  }

  /**
   * Rename or narrow an API key.
   *
   * Updates the fields that are sent and keeps the others, everywhere within two seconds. A change
   * that would give the key more rights is a 400 with the code `wider` for each of its fields.
   */
  updateApiKey(keyId: string, body: ApiKeyChanges, options?: CallOptions): Promise<ApiKey> {
    return this.#transport.send({ method: "PATCH", path: `/api/v1/api-keys/${segment(keyId)}`, body }, options);
  }

  /**
   * Revoke an API key.
   *
   * Deletes the key for good. It stops working everywhere within two seconds.
   */
  deleteApiKey(keyId: string, options?: CallOptions): Promise<ApiKeyDeleted> {
    return this.#transport.send({ method: "DELETE", path: `/api/v1/api-keys/${segment(keyId)}` }, options);
  }

  /**
   * Replace the secret of an API key.
   *
   * The former secret stays valid for `keepFormerFor` seconds. After that it stops working within
   * two seconds. A secret that an earlier rotation has replaced stops working at once. A key with a
   * public key has no secret: that is a 409 with the code `no_secret`.
   */
  rotateApiKey(keyId: string, body: Rotation, options?: CallOptions): Promise<ApiKeyWithSecret> {
    return this.#transport.send({ method: "POST", path: `/api/v1/api-keys/${segment(keyId)}/rotate`, body }, options);
  }

  /**
   * Check that the service responds.
   *
   * Public. Does not check any dependency.
   */
  getHealth(options?: CallOptions): Promise<Health> {
    return this.#transport.send({ method: "GET", path: `/api/v1/health`, isPublic: true }, options);
  }

  /**
   * Check the dependencies of the service.
   *
   * Public. Returns 503 if the database is unavailable or accepts no changes (`read_only`), and if
   * the store of the rate limits is unavailable.
   */
  getDependencies(options?: CallOptions): Promise<Dependencies> {
    return this.#transport.send({ method: "GET", path: `/api/v1/health/deps`, isPublic: true, statuses: [200, 503] }, options);
  }

  /**
   * Get the current user.
   *
   * Returns the ids of the user, and the e-mail address if it is known.
   */
  getMe(options?: CallOptions): Promise<Account> {
    return this.#transport.send({ method: "GET", path: `/api/v1/me` }, options);
  }

  /**
   * Delete the account.
   *
   * The account and all that belongs to it is deleted at `deletionDueAt`, after a grace period of 30
   * days, or of another number that the operator has set. Until then everything works as before, and
   * `POST /me/restore` cancels the deletion. A repeated request does not move the time. The user at
   * Clerk is not deleted.
   */
  deleteAccount(options?: CallOptions): Promise<AccountDeletion> {
    return this.#transport.send({ method: "DELETE", path: `/api/v1/me` }, options);
  }

  /**
   * Export the account.
   *
   * Returns what the service stores about the user as one JSON object: the account, the API keys
   * without secrets, the opportunities with their interview rounds, the trash, and what the user has
   * done. It arrives in parts; if the connection ends before the object does, send the request
   * again. A change during the export may or may not be in it. The request counts as 20 in the rate
   * limits.
   */
  exportAccount(options?: CallOptions): Promise<Response> {
    return this.#transport.send({ method: "GET", path: `/api/v1/me/export`, isDownload: true }, options);
  }

  /**
   * Cancel the deletion of the account.
   *
   * If nothing is to be cancelled, the response is a 409 with the code `account_not_deleted`.
   */
  restoreAccount(options?: CallOptions): Promise<AccountDeletion> {
    return this.#transport.send({ method: "POST", path: `/api/v1/me/restore` }, options);
  }

  /**
   * Get this document.
   *
   * Public. The document is the same for everybody and changes only with a new version of the
   * service, so caches may keep it for an hour.
   */
  getSpecification(options?: CallOptions): Promise<Record<string, unknown>> {
    return this.#transport.send({ method: "GET", path: `/api/v1/openapi.json`, isPublic: true }, options);
  }

  /**
   * List opportunities.
   *
   * Returns one page of the opportunities that match all filters. `nextCursor` and the `Link` header
   * lead to the next page.
   */
  listOpportunities(query: ListOpportunitiesQuery = {}, options?: CallOptions): Promise<OpportunityPage> {
    return this.#transport.send({ method: "GET", path: `/api/v1/opportunities`, query }, options);
  }

  /**
   * Read all pages of listOpportunities, one item at a time.
   */
  allOpportunities(query: Omit<ListOpportunitiesQuery, "cursor"> = {}, options?: CallOptions): AsyncGenerator<Opportunity, void, undefined> {
    return items((cursor) => this.listOpportunities({ ...query, limit: query.limit ?? 100, ...cursor }, options));
  }

  /**
   * Create an opportunity.
   *
   * Only the title is required. The status is `applied` unless the client sends another. If the
   * user has opportunities with the same link, or the same title and company, the response of v1
   * names them as `possibleDuplicates`.
   */
  createOpportunity(body: NewOpportunity, options?: CallOptions): Promise<CreatedOpportunity> {
    return this.#transport.send({ method: "POST", path: `/api/v1/opportunities`, body }, options);
  }

  /**
   * Update all opportunities that match.
   *
   * Sets the fields that are sent in every opportunity that matches all filters, or in none if more
   * than 1,000 match. With `dry_run=true` the response says what would be changed. The request
   * counts as one write in the rate limits.
   */
  updateOpportunities(query: UpdateOpportunitiesQuery, body: OpportunityChanges, options?: CallOptions): Promise<ChangedOpportunities> {
    return this.#transport.send({ method: "PATCH", path: `/api/v1/opportunities`, query, body }, options);
  }

  /**
   * Delete all opportunities that match.
   *
   * Moves every opportunity that matches all filters to the trash, with its interview rounds, or
   * none if more than 1,000 match. With `permanent=true` they are deleted for good. With
   * `dry_run=true` the response says what would be deleted. The request counts as one write in the
   * rate limits.
   */
  deleteOpportunities(query: DeleteOpportunitiesQuery = {}, options?: CallOptions): Promise<ChangedOpportunities> {
    return this.#transport.send({ method: "DELETE", path: `/api/v1/opportunities`, query }, options);
  }

  /**
   * Create, update and delete several opportunities.
   *
   * Carries out up to 100 operations, all or none of them. With `"atomic": false` each operation
   * succeeds or fails by itself, and its result says so. Each operation counts as one write in the
   * rate limits. No two operations may have the same id.
   */
  batchOpportunities(body: Batch, options?: CallOptions): Promise<BatchResults> {
    return this.#transport.send({ method: "POST", path: `/api/v1/opportunities/batch`, body }, options);
  }

  /**
   * Export opportunities.
   *
   * Returns all opportunities that match all filters as a file, newest first: CSV, JSON or XLSX. The
   * file arrives in parts; if the connection ends before the file does, send the request again. A
   * change during the export may or may not be in the file. The request counts as 20 in the rate
   * limits.
   */
  exportOpportunities(query: ExportOpportunitiesQuery = {}, options?: CallOptions): Promise<Response> {
    return this.#transport.send({ method: "GET", path: `/api/v1/opportunities/export`, query, isDownload: true }, options);
  }

  /**
   * Import opportunities from a file.
   *
   * Reads CSV, XLSX or JSON of at most 5 MiB and 10,000 lines, also exports of this and of other
   * services, with their interview rounds. All lines are imported, or none if one is invalid, unless
   * `atomic=false` is given. The request counts as one write in the rate limits for each 50,000
   * bytes, and one more.
   */
  importOpportunities(file: FileBody, contentType: "application/json" | "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet" | "text/csv", query: ImportOpportunitiesQuery = {}, options?: CallOptions): Promise<ImportResult> {
    return this.#transport.send({ method: "POST", path: `/api/v1/opportunities/import`, file: { content: file, contentType }, query }, options);
  }

  /**
   * List upcoming interview rounds.
   *
   * Returns one page of the pending rounds of all internships that are scheduled from one day to
   * another, the soonest first. A day without a time comes after the times of that day. The `Link`
   * header leads to the next page; on the last page there is none.
   */
  listUpcomingRounds(query: ListUpcomingRoundsQuery = {}, options?: CallOptions): Promise<UpcomingRound[]> {
    return this.#transport.send({ method: "GET", path: `/api/v1/opportunities/rounds/upcoming`, query }, options);
  }

  /**
   * Read all pages of listUpcomingRounds, one item at a time.
   */
  allUpcomingRounds(query: Omit<ListUpcomingRoundsQuery, "cursor"> = {}, options?: CallOptions): AsyncGenerator<UpcomingRound, void, undefined> {
    return this.#transport.items({ method: "GET", path: `/api/v1/opportunities/rounds/upcoming`, query }, options);
  }

  /**
   * List the trash.
   *
   * Returns one page of the opportunities that can be restored, the one that was deleted last
   * first. `nextCursor` and the `Link` header lead to the next page.
   */
  listTrash(query: ListTrashQuery = {}, options?: CallOptions): Promise<TrashPage> {
    return this.#transport.send({ method: "GET", path: `/api/v1/opportunities/trash`, query }, options);
  }

  /**
   * Read all pages of listTrash, one item at a time.
   */
  allTrash(query: Omit<ListTrashQuery, "cursor"> = {}, options?: CallOptions): AsyncGenerator<TrashedOpportunity, void, undefined> {
    return items((cursor) => this.listTrash({ ...query, limit: query.limit ?? 100, ...cursor }, options));
  }

  /**
   * Empty the trash.
   *
   * Deletes the opportunities in the trash for good, the oldest first, at most 1,000 in one request.
   * `remaining` says how many are left.
   */
  emptyTrash(options?: CallOptions): Promise<Emptied> {
    return this.#transport.send({ method: "DELETE", path: `/api/v1/opportunities/trash` }, options);
  }

  /**
   * Get an opportunity.
   *
   * Returns the opportunity with all its fields.
   */
  getOpportunity(opportunityId: string, options?: CallOptions): Promise<Opportunity> {
    return this.#transport.send({ method: "GET", path: `/api/v1/opportunities/${segment(opportunityId)}` }, options);
  }

  /**
   * Update an opportunity.
   *
   * Updates the fields that are sent and keeps the others. Any status is kept, also one that
   * contradicts the interview rounds. `PUT` does the same as `PATCH`, but with `If-None-Match: *` it
   * creates an opportunity with this id, which the client makes.
   */
  putOpportunity(opportunityId: string, body: OpportunityChanges, options?: CallOptions): Promise<Opportunity> {
    return this.#transport.send({ method: "PUT", path: `/api/v1/opportunities/${segment(opportunityId)}`, body, statuses: [200, 201] }, options);
  }

  /**
   * Update an opportunity.
   *
   * Updates the fields that are sent and keeps the others. Any status is kept, also one that
   * contradicts the interview rounds. `PUT` does the same as `PATCH`, but with `If-None-Match: *` it
   * creates an opportunity with this id, which the client makes.
   */
  updateOpportunity(opportunityId: string, body: OpportunityChanges, options?: CallOptions): Promise<Opportunity> {
    return this.#transport.send({ method: "PATCH", path: `/api/v1/opportunities/${segment(opportunityId)}`, body }, options);
  }

  /**
   * Delete an opportunity.
   *
   * Moves the opportunity with its interview rounds to the trash of v1, from which it can be
   * restored.
   */
  deleteOpportunity(opportunityId: string, query: DeleteOpportunityQuery = {}, options?: CallOptions): Promise<Deleted> {
    return this.#transport.send({ method: "DELETE", path: `/api/v1/opportunities/${segment(opportunityId)}`, query }, options);
  }

  /**
   * List the changes of an opportunity.
   *
   * Returns one page of the changes of the opportunity and its rounds, the newest first: when, with
   * which client, and which fields from which value to which. A deleted opportunity keeps its
   * history. `nextCursor` and the `Link` header lead to the next page.
   */
  listHistory(opportunityId: string, query: ListHistoryQuery = {}, options?: CallOptions): Promise<HistoryPage> {
    return this.#transport.send({ method: "GET", path: `/api/v1/opportunities/${segment(opportunityId)}/history`, query }, options);
  }

  /**
   * Read all pages of listHistory, one item at a time.
   */
  allHistory(opportunityId: string, query: Omit<ListHistoryQuery, "cursor"> = {}, options?: CallOptions): AsyncGenerator<HistoryEntry, void, undefined> {
    return items((cursor) => this.listHistory(opportunityId, { ...query, limit: query.limit ?? 100, ...cursor }, options));
  }

  /**
   * Restore an opportunity.
   *
   * Moves the opportunity with its interview rounds back from the trash. Everything is as it was,
   * except for `updated_at` and the `ETag`. If there is another opportunity with this id meanwhile,
   * the response is a 409 with the code `opportunity_id_taken`.
   */
  restoreOpportunity(opportunityId: string, options?: CallOptions): Promise<Opportunity> {
    return this.#transport.send({ method: "POST", path: `/api/v1/opportunities/${segment(opportunityId)}/restore` }, options);
  }

  /**
   * List the interview rounds of an internship.
   *
   * Returns all rounds by number. An opportunity that is not an internship is a 400.
   */
  listRounds(opportunityId: string, options?: CallOptions): Promise<Round[]> {
    return this.#transport.send({ method: "GET", path: `/api/v1/opportunities/${segment(opportunityId)}/rounds` }, options);
  }

  /**
   * Create an interview round.
   *
   * Without a number it becomes the last round. The status of the opportunity follows from its
   * rounds. A number that is taken is a 409 with the code `round_number_taken`.
   */
  createRound(opportunityId: string, body: NewRound, options?: CallOptions): Promise<RoundChanged> {
    return this.#transport.send({ method: "POST", path: `/api/v1/opportunities/${segment(opportunityId)}/rounds`, body }, options);
  }

  /**
   * Update an interview round.
   *
   * Updates the fields that are sent and keeps the others. The status of the opportunity follows
   * from its rounds. A number that is taken is a 409 with the code `round_number_taken`.
   */
  updateRound(opportunityId: string, roundId: string, body: RoundChanges, options?: CallOptions): Promise<RoundChanged> {
    return this.#transport.send({ method: "PATCH", path: `/api/v1/opportunities/${segment(opportunityId)}/rounds/${segment(roundId)}`, body }, options);
  }

  /**
   * Delete an interview round.
   *
   * Returns the remaining rounds. The status of the opportunity follows from them.
   */
  deleteRound(opportunityId: string, roundId: string, options?: CallOptions): Promise<RoundDeleted> {
    return this.#transport.send({ method: "DELETE", path: `/api/v1/opportunities/${segment(opportunityId)}/rounds/${segment(roundId)}` }, options);
  }
}
