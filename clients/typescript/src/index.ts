import { Client } from "./operations.js";
import { type ClientOptions, Transport } from "./transport.js";

export { type ClientCode, FutureTrackerError } from "./error.js";
export * from "./operations.js";
export {
  type Sign,
  type Signable,
  type SignOptions,
  signWithPrivateKey,
  signWithSecret,
} from "./signing.js";
export { type CallOptions, type ClientOptions, etagOf, type FileBody } from "./transport.js";

/** Return a client of the service at `baseUrl`. */
export function createClient(options: ClientOptions): Client {
  return new Client(new Transport(options));
}
