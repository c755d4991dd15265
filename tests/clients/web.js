// The web client's axios, with its interceptors. It sends nothing beyond its two headers, and the
// Origin that a browser adds.

import axios from "axios";

import { ORIGIN, Session, WEB } from "./session.js";

export function connect(base, session = new Session()) {
  const api = axios.create({
    baseURL: ORIGIN + base,
    headers: { "Content-Type": "application/json", Origin: WEB },
    proxy: false,
  });

  api.interceptors.request.use(async (config) => {
    const token = await session.getToken();
    if (token) config.headers.Authorization = `Bearer ${token}`;
    return config;
  });

  api.interceptors.response.use(
    (response) => response,
    (error) => {
      if (error.response?.status === 401) session.logOut();
      return Promise.reject(error);
    },
  );
  return api;
}

// What was thrown, as the client's own code meets it.
export async function caught(promise) {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("the request was expected to fail");
}

export const earlyText = (error) => error.response.data.message || error.response.data.error;

export function latestText({ response: { data } }) {
  if (data.details?.length) return data.details.map((detail) => detail.message).join(", ");
  return data.message || data.error;
}

// A browser passes a response to the page only if it allows the page's origin.
export function assertReadable(assert, headers, origin = WEB) {
  const get = (name) => (typeof headers.get === "function" ? headers.get(name) : headers[name]);
  assert.equal(get("access-control-allow-origin"), origin);
  assert.equal(get("access-control-allow-credentials"), "true");
}
