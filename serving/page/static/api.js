/** Asks the server that this page came from; every way to fail is an `ApiError`, but for `AbortError`. */

import { readJson, writeJson } from "./json.js";

const KEY = "recsys-api-key";
const PATIENCE = 15_000; // milliseconds; an answer takes a few, so after these nobody is there

let key = null;
try {
  key = sessionStorage.getItem(KEY);
} catch {
  // A browser may forbid storage; then the key lasts as long as the page.
}

/** A request that led to no answer: `status` is that of the response, or 0 where there was none. */
export class ApiError extends Error {
  constructor(status, detail, requestId = null) {
    super(detail);
    this.status = status;
    this.requestId = requestId;
  }
}

export function useKey(given) {
  key = given;
  try {
    sessionStorage.setItem(KEY, given);
  } catch {
    // as above
  }
}

export function hasKey() {
  return key !== null;
}

/**
 * The content of an answer: of a GET with this query, or of a POST where there is a body. Null in the query is left out.
 * A missing or wrong key is also told to whoever listens for "key-needed" on the document.
 */
export async function ask(path, { query = {}, body = null, signal = null } = {}) {
  const [response, content] = await exchange(urlOf(path, query), body, signal);
  if (response.ok) return content;
  const failure = new ApiError(response.status, content.detail ?? "", response.headers.get("X-Request-ID"));
  if (response.status === 401) document.dispatchEvent(new Event("key-needed"));
  throw failure;
}

function urlOf(path, query) {
  const address = new URL(`v1/${path}`, document.baseURI);
  for (const [name, value] of Object.entries(query)) {
    if (value !== null) address.searchParams.set(name, value);
  }
  return address;
}

/** The response to a request, of whatever status, and its content. */
async function exchange(address, body, signal) {
  let response;
  try {
    response = await fetch(address, requestOf(body, signal));
    return [response, readJson(await response.text())];
  } catch (error) {
    if (error.name === "AbortError") throw error;
    const status = response && !response.ok ? response.status : 0;
    throw new ApiError(status, error.name === "TimeoutError" ? "It has not answered in time." : "");
  }
}

function requestOf(body, signal) {
  const headers = { Accept: "application/json" };
  if (key !== null) headers["X-API-Key"] = key;
  const patience = AbortSignal.timeout(PATIENCE);
  const request = { headers, signal: signal === null ? patience : AbortSignal.any([signal, patience]) };
  if (body === null) return request;
  headers["Content-Type"] = "application/json";
  return { ...request, method: "POST", body: writeJson(body) };
}
